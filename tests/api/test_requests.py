"""Requests, and moves that wait for an answer, accepted and declined by programs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.domain.lifecycle import Status
from portal.extensions import transaction
from portal.models import Planning
from portal.operations import appointments, cards, validation
from portal.operations.actors import GUEST, Actor
from portal.operations.keepsakes import new_revision
from portal.operations.wishes import Move
from tests import sample
from tests.api.conftest import problem, wish, wrong
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
EIGHT, TEN = "2026-12-07T08:00:00+01:00", "2026-12-07T10:00:00+01:00"


@pytest.fixture
def asked(do, now):
    """Ask for Monday 8:00, and give the address of the appointment: to be answered within two hours."""
    do(sample.docks, policy={"validation": "manager", "answer_within": "2h"})
    return f"/appointments/{do(sample.booked, '2026-12-07 08:00', now=now).public_id}"


@pytest.fixture
def moving(api, asked, do, key, now):
    """Accept it, and ask as its customer for a move to 10:00."""
    api.post(f"{asked}/accept", {}, key)
    do(appointments.move, Move(asked.split("/")[-1], paris("2026-12-07 10:00"), GUEST), now=now)
    return asked


def fill(slots: int) -> None:
    with transaction() as session:
        planning = session.query(Planning).one()
        planning.revision = new_revision()
        for opening in planning.versions[0].openings:
            opening.slots = slots


def test_a_request_says_until_when_it_waits(api, asked, key):
    shown = api.get(asked, key).json
    assert (shown["status"], shown["answer_by"], shown["wanted"]) == ("requested", "2026-12-01T11:00:00+01:00", None)


def test_a_guest_is_answered_with_a_request_and_a_replay_says_the_same(api, do, key, now):
    do(sample.docks, policy={"validation": "manager"})
    made = api.post("/appointments", wish(EIGHT), once="once")
    assert (made.status_code, made.json["status"]) == (201, "requested")
    do(validation.accept, made.json["id"], STAFF, now=now)
    again = api.post("/appointments", wish(EIGHT), once="once")
    assert (again.headers["Idempotency-Replayed"], again.json["status"]) == ("true", "requested")


def test_a_key_books_past_every_request(api, do, key):
    do(sample.docks, policy={"validation": "manager"})
    assert api.post("/appointments", wish(EIGHT), key).json["status"] == "confirmed"


@pytest.mark.parametrize(("act", "status"), [("accept", "confirmed"), ("decline", "declined")])
def test_an_answer_is_the_appointment_and_changes_nothing_the_second_time(api, do, asked, key, act, status):
    for _ in range(2):
        answer = api.post(f"{asked}/{act}", {}, key)
        assert (answer.status_code, answer.json["status"], answer.json["answer_by"]) == (200, status, None)
    history = do(cards.history, asked.split("/")[-1])
    assert [(line.actor, line.origin) for line in history][1:] == [("key:erp", "api")]


def test_a_body_may_be_left_out(api, asked, key):
    assert api.post(f"{asked}/accept", key=key).json["status"] == "confirmed"


def test_a_reason_is_kept_for_the_customer(api, do, asked, key):
    api.post(f"{asked}/decline", {"reason": "Le quai est en travaux.\nVenez mardi."}, key)
    history = do(cards.history, asked.split("/")[-1])
    assert history[-1].after["reason"] == "Le quai est en travaux.\nVenez mardi."


def test_the_first_answer_stands(api, asked, key):
    api.post(f"{asked}/decline", {}, key)
    assert problem(api.post(f"{asked}/accept", {}, key)) == (409, "state_changed")


def test_an_answer_is_about_the_start_that_was_seen(api, asked, key):
    assert problem(api.post(f"{asked}/accept", {"start": TEN}, key)) == (409, "state_changed")
    assert api.post(f"{asked}/accept", {"start": EIGHT}, key).status_code == 200


def test_an_answer_that_comes_too_late_is_refused(api, asked, key, clock):
    clock.ahead(hours=2)
    for act in ("accept", "decline"):
        assert problem(api.post(f"{asked}/{act}", {}, key)) == (409, "state_changed")


def test_a_place_that_is_gone_needs_a_reason_and_the_right(api, do, asked, key, key_of, now):
    do(sample.booked, "2026-12-07 08:00", now=now, number=1, actor=STAFF)
    do(fill, 1)
    assert problem(api.post(f"{asked}/accept", {}, key)) == (409, "slot_taken")
    narrow = key_of("read", "book", name="gate")
    assert problem(api.post(f"{asked}/accept", {"overbook": "Deuxième quai"}, narrow)) == (403, "forbidden")
    assert api.post(f"{asked}/accept", {"overbook": "Deuxième quai"}, key).json["status"] == "confirmed"


def test_a_move_that_waits_is_shown_and_accepted(api, moving, key):
    shown = api.get(moving, key).json
    assert (shown["status"], shown["start"]) == ("confirmed", EIGHT)
    assert shown["wanted"] == {"start": TEN, "end": "2026-12-07T11:00:00+01:00"}
    accepted = api.post(f"{moving}/accept", {}, key).json
    assert (accepted["start"], accepted["wanted"], accepted["answer_by"]) == (TEN, None, None)


def test_a_declined_move_stays_where_it_is(api, moving, key):
    declined = api.post(f"{moving}/decline", {}, key).json
    assert (declined["status"], declined["start"], declined["wanted"]) == ("confirmed", EIGHT, None)


def test_events_of_moves_tell_instants_of_the_site(api, moving, key):
    api.post(f"{moving}/decline", {}, key)
    events = {event["kind"]: event["after"] for event in api.get("/events", key).json["events"]}
    for kind in ("move_requested", "move_declined"):
        assert (events[kind]["wanted_start"], events[kind]["wanted_end"]) == (TEN, "2026-12-07T11:00:00+01:00")


def test_what_was_never_asked_for_is_not_answered(api, booked, key):
    at = f"/appointments/{booked.public_id}"
    for act in ("accept", "decline"):
        assert problem(api.post(f"{at}/{act}", {}, key)) == (409, "state_changed")
        assert problem(api.post(f"/appointments/{'0' * 32}/{act}", {}, key)) == (404, "not_found")


def test_a_key_without_the_scope_answers_nothing(api, do, asked, key_of):
    reader = key_of("read", name="reader")
    for act in ("accept", "decline"):
        assert problem(api.post(f"{asked}/{act}", {}, reader)) == (403, "forbidden")
        assert problem(api.post(f"{asked}/{act}", {})) == (401, "unauthorised")
    assert do(cards.by_public_id, asked.split("/")[-1]).status is Status.REQUESTED


@pytest.mark.parametrize(
    ("act", "body", "errors"),
    [
        ("accept", {"start": "demain"}, {"start": "not_an_instant"}),
        ("accept", {"overbook": ""}, {"overbook": "required"}),
        ("accept", {"reason": "Non"}, {"reason": "unknown_key"}),
        ("decline", {"reason": "x" * 501}, {"reason": "too_long"}),
        ("decline", {"reason": 3}, {"reason": "expected"}),
    ],
)
def test_what_is_wrong_is_named(api, asked, key, act, body, errors):
    assert wrong(api.post(f"{asked}/{act}", body, key)) == errors


def test_requests_are_found_by_their_status(api, asked, do, key, now):
    do(sample.booked, "2026-12-07 08:00", now=now + timedelta(minutes=1), number=1, actor=STAFF)
    found = api.get("/appointments", key, status="requested").json["appointments"]
    assert [asked.endswith(one["id"]) for one in found] == [True]
