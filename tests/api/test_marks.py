"""Arrived, completed, did not come, taken back: by programs at the gate."""

from __future__ import annotations

import pytest

from portal.domain.lifecycle import Status
from portal.operations import cards
from tests.api.conftest import problem, wrong
from tests.sample import paris

NOBODY = "0" * 32
ACTS = {"arrive": "arrived", "complete": "completed", "no-show": "no_show"}


@pytest.fixture
def at(booked, clock):
    """Give the address of an appointment of 8:30, at 8:40."""
    clock.set(paris("2026-12-08 08:40"))
    return f"/appointments/{booked.public_id}"


@pytest.mark.parametrize(("act", "status"), ACTS.items())
def test_a_mark_is_answered_with_the_appointment_and_changes_nothing_the_second_time(
    api, do, at, key, booked, act, status
):
    for _ in range(2):
        answer = api.post(f"{at}/{act}", key=key)
        assert (answer.status_code, answer.json["status"]) == (200, status)
    history = do(cards.history, booked.public_id)
    assert [(line.kind, line.actor, line.origin) for line in history][1:] == [(status, "key:erp", "api")]


def test_a_mark_that_may_not_follow_is_refused(api, at, key):
    api.post(f"{at}/complete", {}, key)
    assert problem(api.post(f"{at}/arrive", {}, key)) == (409, "state_changed")


def test_nobody_is_missing_before_the_start(api, at, key, clock):
    clock.set(paris("2026-12-08 08:29"))
    assert problem(api.post(f"{at}/no-show", key=key)) == (409, "state_changed")


def test_the_last_thing_is_taken_back(api, at, key):
    api.post(f"{at}/arrive", key=key)
    api.post(f"{at}/complete", key=key)
    assert [api.post(f"{at}/undo", key=key).json["status"] for _ in range(2)] == ["arrived", "confirmed"]
    assert problem(api.post(f"{at}/undo", key=key)) == (409, "state_changed")


def test_an_undo_that_names_the_status_may_be_sent_again(api, at, key):
    api.post(f"{at}/arrive", key=key)
    api.post(f"{at}/complete", key=key)
    for _ in range(2):
        answer = api.post(f"{at}/undo", {"status": "completed"}, key)
        assert (answer.status_code, answer.json["status"]) == (200, "arrived")
    assert wrong(api.post(f"{at}/undo", {"status": "confirmed"}, key)) == {"status": "not_a_choice"}


def test_a_cancellation_by_this_api_is_final(api, at, key):
    api.post(f"{at}/cancel", key=key)
    assert problem(api.post(f"{at}/undo", key=key)) == (409, "state_changed")


@pytest.mark.parametrize("act", [*ACTS, "undo"])
def test_marks_need_the_scope_and_an_appointment(api, do, at, key, key_of, booked, act, no_writes):
    reader = key_of("read", name="reader")
    with no_writes():
        assert problem(api.post(f"{at}/{act}")) == (401, "unauthorised")
        assert problem(api.post(f"{at}/{act}", key=reader)) == (403, "forbidden")
        assert problem(api.post(f"/appointments/{NOBODY}/{act}", key=key)) == (404, "not_found")
        assert wrong(api.post(f"{at}/{act}", {"who": "x"}, key)) == {"who": "unknown_key"}
    assert do(cards.by_public_id, booked.public_id).status is Status.CONFIRMED
