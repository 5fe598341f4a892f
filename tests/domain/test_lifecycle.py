"""States of an appointment and the moves between them."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.domain.errors import StateChanged
from portal.domain.lifecycle import (
    ACTIVE,
    OCCUPYING,
    Status,
    check_move,
    check_undo,
    move_allowed,
    undo_allowed,
)

START = datetime(2026, 12, 7, 8, tzinfo=UTC)
LATER = START + timedelta(minutes=1)

MOVES = {
    "held": {"requested", "confirmed", "expired"},
    "requested": {"confirmed", "declined", "cancelled", "expired"},
    "confirmed": {"arrived", "completed", "no_show", "cancelled"},
    "arrived": {"completed", "cancelled"},
    "completed": set(),
    "no_show": set(),
    "declined": set(),
    "cancelled": set(),
    "expired": set(),
}


@pytest.mark.parametrize("before", Status)
def test_only_the_moves_of_the_table_are_legal(before):
    assert {str(after) for after in Status if move_allowed(before, after)} == MOVES[before]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("arrived", {"confirmed"}),
        ("completed", {"confirmed", "arrived"}),
        ("no_show", {"confirmed"}),
        ("cancelled", {"requested", "confirmed", "arrived"}),
        ("declined", set()),
        ("expired", set()),
        ("confirmed", set()),
    ],
)
def test_a_mistake_is_taken_back_to_where_it_came_from(before, after):
    assert {str(status) for status in Status if undo_allowed(Status(before), status)} == after


def test_everything_that_can_be_undone_could_be_done():
    for done in Status:
        for back in Status:
            assert not undo_allowed(done, back) or move_allowed(back, done)


def test_a_place_is_taken_until_the_end_whatever_came_of_it():
    assert {str(status) for status in OCCUPYING} == {
        "held",
        "requested",
        "confirmed",
        "arrived",
        "completed",
        "no_show",
    }


def test_active_is_what_is_still_to_be_kept():
    assert {str(status) for status in ACTIVE} == {"requested", "confirmed", "arrived"}


@pytest.mark.parametrize("now", [START - timedelta(hours=1), START])
def test_nobody_is_missing_before_the_start(now):
    with pytest.raises(StateChanged) as refusal:
        check_move(Status.CONFIRMED, Status.NO_SHOW, starts_at=START, now=now)
    assert refusal.value.values["problem"] == "not_started"


def test_somebody_is_missing_after_the_start():
    check_move(Status.CONFIRMED, Status.NO_SHOW, starts_at=START, now=LATER)


def test_an_appointment_may_be_completed_early():
    check_move(Status.CONFIRMED, Status.COMPLETED, starts_at=START, now=START - timedelta(hours=1))


def test_an_illegal_move_is_refused_with_both_states():
    with pytest.raises(StateChanged) as refusal:
        check_move(Status.CANCELLED, Status.CONFIRMED, starts_at=START, now=LATER)
    assert refusal.value.values == {"status": Status.CANCELLED, "wanted": Status.CONFIRMED}


def test_an_undo_of_nothing_is_refused():
    check_undo(Status.NO_SHOW, Status.CONFIRMED)
    with pytest.raises(StateChanged):
        check_undo(Status.DECLINED, Status.REQUESTED)
