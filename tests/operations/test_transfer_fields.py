"""What plannings ask, in the configuration file: loaded, exported, told with its line when it is wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.domain.fields import written
from portal.extensions import reading
from portal.operations import bookables, cards, guest_calendars, transfer
from tests import sample
from tests.backends import NOW
from tests.domain.test_fields import FORMS

FILE = """\
organisation: {name: Dupont Logistique, locale: fr, timezone: Europe/Paris}
sites: [{key: bordeaux, name: Bordeaux}]
plannings:
  - key: quais
    name: Quais
    sites: [bordeaux]
    guests: true
    fields:
      - {key: plate, label: {fr: Plaque, en: Plate}, type: text, required: true, pattern: null}
      - key: lorry
        label: {fr: Véhicule}
        type: choice
        choices:
          - {key: van, label: {fr: Fourgon}}
          - {key: semi, label: {fr: Semi-remorque}}
    versions: [{from: null, week: {tue: [{start: "08:00", end: "12:00", slots: 6}]}}]
"""


def load(do, text: str, **options) -> list[str]:
    return do(transfer.load, text, now=NOW, **options)


def asked(do) -> list[str]:
    return [one.key for one in do(guest_calendars.meet, "bordeaux", "quais", now=NOW).bookable.item.questions]


def test_a_file_says_what_is_asked(do):
    load(do, FILE)
    plate, lorry = do(guest_calendars.meet, "bordeaux", "quais", now=NOW).bookable.item.questions
    assert (plate.key, plate.label, plate.required) == ("plate", {"fr": "Plaque", "en": "Plate"}, True)
    assert [option.label["fr"] for option in lorry.options] == ["Fourgon", "Semi-remorque"]


def test_an_export_loads_without_a_change_and_exports_the_same(do):
    load(do, FILE)
    exported = do(transfer.export)
    assert "- {key: plate, label: {en: Plate, fr: Plaque}, type: text, required: true}" in exported
    assert load(do, exported) == load(do, FILE) == []
    assert do(transfer.export) == exported


def test_a_dry_run_names_each_question_that_differs(do, no_writes):
    load(do, FILE)
    changed = FILE.replace("fr: Plaque,", "fr: Immatriculation,").replace("key: lorry", "key: vehicle")
    with no_writes():
        said = load(do, changed, dry_run=True)
    assert said[0] == "~ plannings.quais.fields: plate, lorry -> plate, vehicle"
    assert "- plannings.quais.fields[lorry].choices: van, semi" in said
    assert '- plannings.quais.fields[lorry].choices[semi].label.fr: "Semi-remorque"' in said
    assert '~ plannings.quais.fields[plate].label.fr: "Plaque" -> "Immatriculation"' in said


def test_another_order_is_a_difference(do):
    load(do, FILE)
    lines = FILE.splitlines(keepends=True)
    assert load(do, "".join([*lines[:8], *lines[9:15], lines[8], *lines[15:]])) == [
        "~ plannings.quais.fields: plate, lorry -> lorry, plate"
    ]
    assert asked(do) == ["lorry", "plate"]


def test_a_file_that_leaves_the_key_out_changes_nothing_and_an_empty_list_asks_nothing(do):
    load(do, FILE)
    assert load(do, "plannings: [{key: quais, name: Quais}]") == []
    load(do, "plannings: [{key: quais, fields: []}]")
    assert asked(do) == []
    assert "plate" not in do(transfer.export)


def test_the_words_of_what_a_file_no_longer_asks_stay(do, now):
    load(do, FILE)
    booked = do(sample.booked, "2026-12-08 08:30", now=now, fields={"plate": "AB-123-CD", "lorry": "semi"})
    load(do, "plannings: [{key: quais, fields: []}]")
    card = do(cards.by_public_id, booked.public_id)
    assert [(one.label, one.text) for one in do(card.answers, "fr")] == [
        ("Plaque", "AB-123-CD"),
        ("Véhicule", "Semi-remorque"),
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "error"),
    [
        ("key: plate", "key: Plate", "fields[0].key: must be 1 to 40 small letters, digits or underscores (line 9)"),
        ("key: lorry", "key: plate", "fields[1].key: appears twice (line 10)"),
        ("{fr: Plaque, en: Plate}", "Plaque", "fields[0].label: must be a mapping (line 9)"),
        ("{fr: Plaque, en: Plate}", "{en: Plate}", "fields[0].label: must be said in fr, too (line 9)"),
        ("{fr: Fourgon}", "{en: Van}", "fields[1].choices[0].label: must be said in fr, too (line 14)"),
        ("pattern: null", 'pattern: "("', "fields[0].pattern: is not a pattern of RE2 (line 9)"),
        ("pattern: null", "lowest: 1", "fields[0].lowest: does not go with this type (line 9)"),
        ("pattern: null", "colour: red", "fields[0].colour: unknown key (line 9)"),
        ("key: semi", "key: van", "fields[1].choices[1].key: appears twice (line 15)"),
        ("type: choice", "type: colour",
         "fields[1].type: must be one of text, long_text, number, choice, yes_no, date (line 12)"),
        ("required: true", 'required: "yes"', "fields[0].required: must be true or false (line 9)"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_path_and_line(do, right, wrong, error):
    with pytest.raises(transfer.BadConfiguration) as refusal:
        load(do, FILE.replace(right, wrong, 1))
    assert refusal.value.errors == (f"plannings[0].{error}",)


def test_every_wrong_question_is_told(do):
    bad = FILE.replace("key: plate", "key: Plate").replace("type: choice", "type: colour")
    with pytest.raises(transfer.BadConfiguration) as refusal:
        load(do, bad)
    assert len(refusal.value.errors) == 2


def test_the_company_s_language_is_the_one_that_the_file_says(do):
    english = FILE.replace("locale: fr", "locale: en")
    with pytest.raises(transfer.BadConfiguration, match="must be said in en, too"):
        load(do, english)
    load(do, english.replace("{fr: Véhicule}", "{en: Lorry}").replace("{fr: Fourgon}", "{en: Van}").replace(
        "{fr: Semi-remorque}", "{en: Articulated lorry}"))  # fmt: skip
    assert asked(do) == ["plate", "lorry"]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.data())
def test_whatever_is_asked_survives_an_export(do, data):
    questions = data.draw(FORMS)
    french = [
        {**written(one), "label": {"fr": "Q", **one.label}, "choices": [
            {"key": option.key, "label": {"fr": "O", **option.label}} for option in one.options]}
        for one in questions
    ]  # fmt: skip
    load(do, FILE)
    load(do, f"plannings: [{{key: quais, fields: {json.dumps(french, ensure_ascii=False)}}}]")
    exported = do(transfer.export)
    assert load(do, exported) == []
    assert asked(do) == [one.key for one in questions]


def test_a_new_question_names_a_new_state_of_the_planning(do):
    load(do, FILE)
    before = do(_revision)
    load(do, FILE.replace("required: true", "required: false"))
    assert do(_revision) != before


def _revision() -> str:
    with reading() as session:
        return bookables.find(session, "bordeaux", "quais").item.revision
