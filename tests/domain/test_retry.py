"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.domain.retry import Failure, next_try

FIRST = datetime(2027, 3, 28, 0, 30, tzinfo=UTC)


def tries():
    """Fail again and again, and list the minutes after the first try at which each try came."""
    now, attempts, minutes = FIRST, 1, []
    while (again := next_try(FIRST, attempts, now)) is not None:
        minutes.append(int((again - FIRST).total_seconds()) // 60)
        now, attempts = again, attempts + 1
    return minutes


def test_pauses_grow_and_then_stay_at_half_an_hour():
    assert tries()[:9] == [1, 3, 7, 15, 30, 60, 90, 120, 150]


def test_it_goes_on_for_48_hours_and_then_gives_up():
    assert tries()[-1] == 48 * 60


def test_a_try_just_inside_48_hours_is_made_and_one_after_is_not():
    assert next_try(FIRST, 90, FIRST + timedelta(hours=47, minutes=30)) == FIRST + timedelta(hours=48)
    assert next_try(FIRST, 90, FIRST + timedelta(hours=47, minutes=31)) is None


def test_a_late_worker_pauses_from_now():
    late = FIRST + timedelta(hours=5)
    assert next_try(FIRST, 1, late) == late + timedelta(minutes=1)


def test_a_clock_set_back_does_not_give_up():
    earlier = FIRST - timedelta(days=1)
    assert next_try(FIRST, 3, earlier) == earlier + timedelta(minutes=4)


@pytest.mark.parametrize("attempts", [0, 1])
def test_the_shortest_pause_is_a_minute(attempts):
    assert next_try(FIRST, attempts, FIRST) == FIRST + timedelta(minutes=1)


def test_failures_have_their_names():
    assert {str(failure) for failure in Failure} == {"temporary", "recipient_refused", "sender_refused", "template"}
