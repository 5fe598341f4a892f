"""Answers to what a planning asks: taken with the booking, corrected, worded for whoever reads."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from portal.domain.answers import BadAnswers
from portal.domain.errors import Invalid
from portal.extensions import transaction
from portal.models import Planning
from portal.operations import appointments, cards, keepsakes
from portal.operations.actors import GUEST, Actor
from portal.operations.answers import Answer
from portal.operations.once import Once
from portal.operations.wishes import Details
from tests import sample

STAFF = Actor("claire@example.com", "staff", staff=True)
GIVEN = {"plate": "AB-123-CD", "pallets": 12, "lorry": "semi", "lift": True, "loaded": "2026-12-07"}
START = "2026-12-08 08:30"


@pytest.fixture
def docks(do) -> None:
    do(sample.docks, fields=sample.QUESTIONS)


def asking(fields) -> None:
    with transaction() as session:
        session.execute(update(Planning).values(fields=list(fields), revision=keepsakes.new_revision()))


def wrong(do, call, *given, **options) -> dict[str, str]:
    with pytest.raises(BadAnswers) as refusal:
        do(call, *given, **options)
    return dict(refusal.value.wrong)


def test_a_booking_keeps_its_answers(do, docks, now):
    booked = do(sample.booked, START, now=now, fields={**GIVEN, "carrier": " Vidal ", "notes": ""})
    assert do(cards.by_public_id, booked.public_id).fields == {**GIVEN, "carrier": "Vidal"}


def test_without_what_is_required_nothing_is_booked(do, docks, now):
    assert wrong(do, sample.booked, START, now=now, fields={"pallets": 0}) == {
        "plate": "required",
        "pallets": "out_of_range",
    }
    for number in range(6):
        do(sample.booked, START, now=now, number=number, fields=GIVEN)


def test_staff_may_leave_out_what_is_required_but_not_say_nonsense(do, docks, now):
    booked = do(sample.booked, START, now=now, actor=STAFF)
    assert do(cards.by_public_id, booked.public_id).fields == {}
    assert wrong(do, sample.booked, START, now=now, actor=STAFF, fields={"plate": "?"}) == {"plate": "pattern"}


def test_a_planning_that_asks_nothing_takes_no_answer(do, now):
    do(sample.docks)
    assert wrong(do, sample.booked, START, now=now, fields={"plate": "A"}) == {"plate": "unknown_key"}


def test_the_same_request_with_other_answers_is_another(do, docks, now):
    once = Once("guest:test", "a" * 20)
    first = do(sample.booked, START, now=now, once=once, fields=GIVEN)
    assert do(sample.booked, START, now=now, once=once, fields=GIVEN).public_id == first.public_id
    with pytest.raises(Invalid, match="idempotency"):
        do(sample.booked, START, now=now, once=once, fields={**GIVEN, "pallets": 13})


def test_a_replay_is_answered_though_the_planning_asks_more_by_now(do, now):
    do(sample.docks)
    once = Once("guest:test", "a" * 20)
    first = do(sample.booked, START, now=now, once=once)
    do(asking, [sample.PLATE])
    assert do(sample.booked, START, now=now, once=once).public_id == first.public_id


def test_an_edit_changes_some_answers_and_tells_only_these(do, docks, now):
    booked = do(sample.booked, START, now=now, fields=GIVEN)
    do(appointments.edit, booked.public_id, Details(fields={"pallets": 14, "lift": None}), GUEST, now=now)
    assert do(cards.by_public_id, booked.public_id).fields == {
        **{k: v for k, v in GIVEN.items() if k != "lift"},
        "pallets": 14,
    }
    edited = do(cards.history, booked.public_id)[-1]
    assert (edited.before, edited.after) == (
        {"fields": {"pallets": 12, "lift": True}},
        {"fields": {"pallets": 14, "lift": None}},
    )


def test_an_edit_that_says_the_same_is_none(do, docks, now):
    booked = do(sample.booked, START, now=now, fields=GIVEN)
    do(appointments.edit, booked.public_id, Details(name="Chauffeur 0", fields=GIVEN), GUEST, now=now)
    assert len(do(cards.history, booked.public_id)) == 1


def test_a_customer_cannot_take_away_what_is_required_and_staff_can(do, docks, now):
    booked = do(sample.booked, START, now=now, fields=GIVEN)
    empty = Details(fields={"plate": None})
    assert wrong(do, appointments.edit, booked.public_id, empty, GUEST, now=now) == {"plate": "required"}
    do(appointments.edit, booked.public_id, empty, STAFF, now=now)
    assert "plate" not in do(cards.by_public_id, booked.public_id).fields


def test_answers_are_worded_in_the_order_of_the_questions(do, docks, now):
    booked = do(sample.booked, START, now=now, fields=dict(reversed({**GIVEN, "carrier": "Vidal"}.items())))
    card = do(cards.by_public_id, booked.public_id)
    assert [(one.label, one.text) for one in do(card.answers, "fr")] == [
        ("Plaque", "AB-123-CD"),
        ("Palettes", "12"),
        ("Transporteur", "Vidal"),
        ("Véhicule", "Semi-remorque"),
        ("Hayon", "Oui"),
        ("Chargé le", "lundi 7 décembre 2026"),
    ]
    assert do(card.answers, "en")[4] == Answer("lift", "Tail lift", "Yes", free=False, brief="Tail lift")


def test_a_line_of_a_list_tells_what_is_short(do, docks, now):
    given = {**GIVEN, "lift": False, "carrier": "Transports Etxegaray et Fils", "notes": "a\nb"}
    card = do(cards.by_public_id, do(sample.booked, START, now=now, fields=given).public_id)
    assert [one.brief for one in do(card.answers, "fr") if one.brief] == [
        "AB-123-CD",
        "Palettes 12",
        "Semi-remorque",
        "lundi 7 décembre 2026",
    ]


def test_only_a_text_without_a_form_is_free(do, docks, now):
    booked = do(sample.booked, START, now=now, fields={**GIVEN, "carrier": "Vidal", "notes": "Quai 3"})
    card = do(cards.by_public_id, booked.public_id)
    assert [one.key for one in do(card.answers, "fr") if one.free] == ["carrier", "notes"]


def test_an_answer_stays_readable_when_its_question_goes_or_changes(do, docks, now):
    booked = do(sample.booked, START, now=now, fields={**GIVEN, "carrier": "Vidal"})
    short = {**sample.LORRY, "choices": sample.LORRY["choices"][:1]}
    gone = [{**sample.LORRY["choices"][1], "former": True}]
    do(asking, [
        {**short, "choices": [*short["choices"], *gone]},
        {**sample.PALLETS, "type": "text", "lowest": None, "highest": None},
        {**sample.PLATE, "former": True},
        {**sample.CARRIER, "type": "number", "former": True},
    ])  # fmt: skip
    told = {
        one.key: (one.label, one.text, one.free) for one in do(do(cards.by_public_id, booked.public_id).answers, "fr")
    }
    assert told == {
        "lorry": ("Véhicule", "Semi-remorque", False),
        "pallets": ("Palettes", "12", False),
        "plate": ("Plaque", "AB-123-CD", False),
        "carrier": ("Transporteur", "Vidal", True),
        "lift": ("lift", "Oui", False),
        "loaded": ("loaded", "2026-12-07", True),
    }


def test_what_is_asked_costs_a_booking_no_statement(do, docks, now, statements):
    do(sample.booked, START, now=now, fields=GIVEN)
    with statements() as asking_much:
        do(sample.booked, START, now=now, number=1, fields=GIVEN)
    do(asking, [])
    do(sample.booked, START, now=now, number=2)
    with statements() as asking_nothing:
        do(sample.booked, START, now=now, number=3)
    assert len(asking_much) == len(asking_nothing)
