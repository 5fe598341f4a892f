"""What may be asked, what may be answered, and that nothing once said is lost."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain import fields
from portal.domain.answers import BadAnswers, answer, as_typed, check_answers, corrected, typed
from portal.domain.errors import Invalid
from portal.domain.fields import Kind, Option, Question, asked_of, check_questions, kept, question, succeeded, written

PLATE = {"key": "plate", "label": {"fr": "Plaque", "en": "Plate"}, "type": "text", "required": True}
LORRIES = (Option("van", {"fr": "Fourgon", "en": "Van"}), Option("semi", {"fr": "Semi-remorque"}))
LORRY = Question("lorry", {"fr": "Véhicule"}, Kind.CHOICE, options=LORRIES)
PALLETS = Question("pallets", {"fr": "Palettes"}, Kind.NUMBER, lowest=1, highest=33)
KINDS = [
    Question("a", {"fr": "A"}, Kind.TEXT),
    Question("b", {"fr": "B"}, Kind.LONG_TEXT),
    Question("c", {"fr": "C"}, Kind.NUMBER),
    Question("d", {"fr": "D"}, Kind.CHOICE, options=LORRIES),
    Question("e", {"fr": "E"}, Kind.YES_NO),
    Question("f", {"fr": "F"}, Kind.DATE),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.from_regex(fields.KEY, fullmatch=True)
LABELS = st.dictionaries(st.sampled_from(["fr", "en"]), st.just("Plaque") | st.just("Plate"), min_size=1)
OPTIONS = st.builds(Option, KEYS, LABELS)


@st.composite
def questions(draw) -> Question:
    kind = draw(st.sampled_from(Kind))
    options = st.lists(OPTIONS, min_size=1, max_size=4, unique_by=lambda one: one.key).map(tuple)
    return Question(
        key=draw(KEYS),
        label=draw(LABELS),
        kind=kind,
        required=draw(st.booleans()),
        help=draw(st.just({}) | LABELS),
        pattern=draw(st.none() | st.just("[A-Z]{2}-[0-9]{3}-[A-Z]{2}")) if kind is Kind.TEXT else None,
        lowest=draw(st.none() | st.integers(-9, 0)) if kind is Kind.NUMBER else None,
        highest=draw(st.none() | st.integers(0, 9)) if kind is Kind.NUMBER else None,
        options=draw(options) if kind is Kind.CHOICE else (),
    )


FORMS = st.lists(questions(), max_size=5, unique_by=lambda one: one.key)


def refused(**parts) -> tuple[str, str]:
    with pytest.raises(Invalid) as refusal:
        question({**PLATE, **parts})
    return refusal.value.values["field"], refusal.value.values["problem"]


def wrong(asked, given, **options) -> dict[str, str]:
    with pytest.raises(BadAnswers) as refusal:
        check_answers(asked, given, **options)
    return dict(refusal.value.wrong)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (
            {"fr": "  Chez\u00a0vous  \r\n\r\nSans engagement. ", "en": " \n "},
            {"fr": "Chez\u00a0vous\n\nSans engagement."},
        ),
        ({"en": "B", "fr": "A"}, {"en": "B", "fr": "A"}),
        ({}, {}),
    ],
)
def test_texts_of_several_lines_are_kept_tidy(value, kept):
    found = fields.by_language(40, fields.prose)("text", value)
    assert (found, list(found)) == (kept, sorted(kept))


@pytest.mark.parametrize(
    ("value", "field", "problem"),
    [
        ("Chez vous", "text", "not_a_mapping"),
        ({"fr": 3}, "text.fr", "not_a_text"),
        ({"français": "x"}, "text.français", "unknown_key"),
        ({"fr": "a\x07b"}, "text.fr", "unreadable"),
        ({"fr": "x" * 41}, "text.fr", "too_long"),
    ],
)
def test_texts_that_cannot_be_kept_are_refused_at_their_place(value, field, problem):
    with pytest.raises(Invalid) as refusal:
        fields.by_language(40, fields.prose)("text", value)
    assert (refusal.value.values["field"], refusal.value.values["problem"]) == (field, problem)


def test_a_question_is_read_as_the_configuration_file_writes_it():
    assert question({**PLATE, "pattern": None}) == Question("plate", {"en": "Plate", "fr": "Plaque"}, required=True)


@pytest.mark.parametrize(
    ("parts", "field", "problem"),
    [
        ({"key": "Plate"}, "key", "not_a_field_key"),
        ({"key": "p" * 41}, "key", "not_a_field_key"),
        ({"key": 7}, "key", "not_a_text"),
        ({"label": "Plaque"}, "label", "not_a_mapping"),
        ({"label": {}}, "label", "required"),
        ({"label": {"fr": " "}}, "label", "required"),
        ({"label": {"fr": "x" * 121}}, "label.fr", "too_long"),
        ({"label": {"fr": "Pla\0que"}}, "label.fr", "unreadable"),
        ({"label": {"french": "Plaque"}}, "label.french", "unknown_key"),
        ({"type": "colour"}, "type", "not_a_choice"),
        ({"required": "yes"}, "required", "not_a_boolean"),
        ({"pattern": "("}, "pattern", "bad_pattern"),
        ({"pattern": r"(a)\1"}, "pattern", "bad_pattern"),
        ({"pattern": "(?=a)"}, "pattern", "bad_pattern"),
        ({"pattern": "x{1001}"}, "pattern", "bad_pattern"),
        ({"pattern": "((x{100}){100}){100}"}, "pattern", "bad_pattern"),
        ({"pattern": "x" * 201}, "pattern", "too_long"),
        ({"lowest": 1}, "lowest", "not_of_this_type"),
        ({"type": "number", "pattern": "x"}, "pattern", "not_of_this_type"),
        ({"type": "number", "lowest": 1.5}, "lowest", "not_a_number"),
        ({"type": "number", "lowest": 2, "highest": 1}, "highest", "below_lowest"),
        ({"type": "choice"}, "choices", "required"),
        ({"type": "choice", "choices": [{"key": "van"}]}, "choices[0].label", "required"),
        ({"type": "choice", "choices": [{"key": "van", "label": {"fr": ""}}]}, "choices[0].label", "required"),
        ({"type": "choice", "choices": [{"key": "a", "label": {"fr": "A"}}, 3]}, "choices[1]", "not_a_mapping"),
        (
            {"type": "choice", "choices": [{"key": "a", "label": {"fr": "A"}}, {"key": "a", "label": {"fr": "B"}}]},
            "choices[1].key",
            "twice",
        ),
        ({"former": True}, "former", "unknown_key"),
        ({"colour": "red"}, "colour", "unknown_key"),
    ],
)
def test_a_bad_question_is_refused_with_its_place(parts, field, problem):
    assert refused(**parts) == (field, problem)


@given(JSON)
def test_whatever_is_given_for_a_question_is_read_or_refused(value):
    with suppress(Invalid):
        question(value)


@given(questions())
def test_a_question_is_the_same_after_it_was_kept(one):
    assert kept(json.loads(json.dumps(written(one)))) == one
    assert question(written(one)) == one


def test_a_list_of_questions_has_each_key_once_and_twenty_at_most():
    check_questions([Question(f"k{number}", {}) for number in range(20)])
    with pytest.raises(Invalid, match="twice"):
        check_questions([Question("plate", {}), Question("plate", {})])
    with pytest.raises(Invalid, match="too_many"):
        check_questions([Question(f"k{number}", {}) for number in range(21)])


@given(FORMS, FORMS)
def test_what_is_asked_no_more_stays_known(before, after):
    known = succeeded(before, after)
    assert {one.key for one in known} == {one.key for one in before} | {one.key for one in after}
    assert list(asked_of(known)) == after
    words = {(one.key, option.key) for one in known for option in one.options}
    assert words >= {(one.key, option.key) for one in (*before, *after) for option in one.options}


def test_what_is_asked_again_is_former_no_more():
    plate = question(PLATE)
    assert succeeded(succeeded([plate], []), [plate]) == (plate,)


@pytest.mark.parametrize(
    ("one", "value", "accepted"),
    [
        (KINDS[0], "  AB  123 ", "AB 123"),
        (KINDS[1], "Quai 3\r\nhayon\r\n", "Quai 3\nhayon"),
        (PALLETS, 12, 12),
        (LORRY, "semi", "semi"),
        (KINDS[4], False, False),
        (KINDS[5], "2026-12-08", "2026-12-08"),
        (KINDS[0], "", None),
        (PALLETS, None, None),
    ],
)
def test_an_answer_is_kept_plainly(one, value, accepted):
    assert answer(one, value) == accepted


@pytest.mark.parametrize(
    ("one", "value", "problem"),
    [
        (KINDS[0], "x" * 201, "too_long"),
        (KINDS[0], "a\x07b", "unreadable"),
        (KINDS[0], "a\ud800b", "unreadable"),
        (KINDS[0], 12, "not_a_text"),
        (KINDS[1], "x" * 2001, "too_long"),
        (KINDS[1], "a\x00b", "unreadable"),
        (PALLETS, "12", "not_a_number"),
        (PALLETS, True, "not_a_number"),
        (PALLETS, 0, "out_of_range"),
        (PALLETS, 34, "out_of_range"),
        (KINDS[2], 10**12, "out_of_range"),
        (LORRY, "boat", "not_a_choice"),
        (LORRY, ["van"], "not_a_choice"),
        (KINDS[4], "yes", "not_a_boolean"),
        (KINDS[5], "2026-02-30", "not_a_day"),
        (question({**PLATE, "pattern": "[A-Z]{2}"}), "AB-123", "pattern"),
    ],
)
def test_a_bad_answer_is_refused(one, value, problem):
    assert wrong([one], {one.key: value}) == {one.key: problem}


def test_every_bad_answer_is_told_at_once():
    asked = [question(PLATE), PALLETS, LORRY]
    assert wrong(asked, {"pallets": 0, "van": 1}) == {
        "van": "unknown_key",
        "plate": "required",
        "pallets": "out_of_range",
    }


def test_a_refusal_names_its_first_field():
    with pytest.raises(BadAnswers) as refusal:
        check_answers([question(PLATE)], {})
    assert refusal.value.values == {"field": "fields.plate", "problem": "required"}


def test_staff_may_leave_out_what_is_required():
    assert check_answers([question(PLATE)], {"plate": None}, needed=False) == {}


def test_no_is_an_answer():
    assert check_answers([Question("lift", {}, Kind.YES_NO, required=True)], {"lift": False}) == {"lift": False}


def test_a_former_option_can_be_read_and_not_chosen():
    [lorry] = succeeded([LORRY], [Question("lorry", {"fr": "Véhicule"}, Kind.CHOICE, options=LORRIES[:1])])
    assert lorry.option("semi").former
    assert wrong([lorry], {"lorry": "semi"}) == {"lorry": "not_a_choice"}


@given(st.dictionaries(st.sampled_from([one.key for one in KINDS]) | st.text(), JSON, max_size=5))
def test_whatever_is_answered_is_kept_or_refused(given):
    try:
        found = check_answers(KINDS, given)
    except BadAnswers:
        return
    assert check_answers(KINDS, found) == found
    json.dumps(found, ensure_ascii=False).encode()


@given(st.dictionaries(st.sampled_from([one.key for one in KINDS]), st.text()))
def test_what_is_typed_is_kept_or_refused_and_typed_again_the_same(given):
    try:
        found = check_answers(KINDS, {one.key: typed(one, given.get(one.key)) for one in KINDS})
    except BadAnswers:
        return
    again = {one.key: typed(one, as_typed(found[one.key])) for one in KINDS if one.key in found}
    assert check_answers(KINDS, again) == found


@pytest.mark.parametrize(("text", "number"), [("12", 12), (" 1\u00a0200 ", 1200), ("1\u202f200", 1200), ("-3", -3)])
def test_a_number_is_read_as_people_write_it(text, number):
    assert typed(KINDS[2], text) == number


@pytest.mark.parametrize("text", ["12.5", "douze", "1e3", "٣", "9" * 11])
def test_what_is_no_whole_number_is_left_to_be_refused(text):
    assert typed(KINDS[2], text) == text


def test_a_correction_keeps_the_other_answers():
    before = {"plate": "AB-123-CD", "pallets": 3, "carrier": "Vidal"}
    asked = [question(PLATE), PALLETS]
    assert corrected(asked, before, {"pallets": 4}) == {"plate": "AB-123-CD", "pallets": 4, "carrier": "Vidal"}
    assert corrected(asked, before, {"carrier": None}) == {"plate": "AB-123-CD", "pallets": 3}
    assert corrected(asked, before, {"pallets": ""}) == {"plate": "AB-123-CD", "carrier": "Vidal"}


def test_an_answer_that_stays_is_not_judged_again():
    before = {"lorry": "semi", "carrier": "Vidal"}
    asked = [Question("lorry", {"fr": "Véhicule"}, Kind.CHOICE, options=LORRIES[:1])]
    assert corrected(asked, before, {"lorry": "semi", "carrier": "Vidal"}) == before
    with pytest.raises(BadAnswers):
        corrected(asked, {"lorry": "van"}, {"lorry": "semi"})


@pytest.mark.parametrize(
    ("given", "found"),
    [({"plate": None}, "required"), ({"plate": ""}, "required"), ({"van": 1}, "unknown_key"), ({"van": None}, None)],
)
def test_a_correction_may_not_take_what_is_required(given, found):
    key = next(iter(given))
    if found is None:
        with pytest.raises(BadAnswers):
            corrected([question(PLATE)], {"plate": "A"}, given)
        return
    with pytest.raises(BadAnswers) as refusal:
        corrected([question(PLATE)], {"plate": "A"}, given)
    assert refusal.value.wrong == ((key, found),)


def test_a_correction_by_staff_may_leave_it_out():
    assert corrected([question(PLATE)], {}, {}, needed=False) == {}
