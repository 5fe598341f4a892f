"""Who is offered a freed place, in which order, and until when: at, just below and just above every bound."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from portal.domain.durations import parse_duration
from portal.domain.slots import Start, Taken, at, search
from portal.domain.waitlist import Given, Holder, Listed, choose, freed_starts, in_order, last_moment, turn_end
from portal.domain.window import earliest_start
from portal.domain.zones import zone
from tests.domain.builders import (
    AUTUMN,
    MONDAY,
    PARIS,
    SPRING,
    TUESDAY,
    hours,
    local,
    never_closed,
    planning,
    site,
    taken,
    window_at,
)

NOW = local(date(2026, 12, 1), "09:00")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
FAR = local(date(2028, 1, 1), "00:00")
DOCK = planning(("08:00-12:00", 2))


def given(interval="09:00-10:00", units=1, day=MONDAY):
    place = taken(day, interval, units)
    return Given(place.start, place.end, place.units)


def freed(place, *others, dock=DOCK, **policy):
    """List the freed starts, local "09:00", where ``others`` stay and ``place`` was given back."""
    was = Taken(place.start, place.end, place.units)
    before = search(dock, site(), [*others, was], MONDAY, MONDAY, window=window_at(NOW, **policy))
    return [f"{start.start.astimezone(PARIS):%H:%M}" for start in freed_starts(before, place)]


def holder(clock="11:00", day=MONDAY, length=1.0, **more):
    start = local(day, clock)
    return Holder(more.pop("id", 1), more.pop("since", NOW), start, start + hours(length), **more)


def start(clock="09:00", day=MONDAY, length=1.0):
    begin = local(day, clock)
    return Start(begin, begin + hours(length), 1, ())


# Which starts were freed


def test_a_place_given_back_in_a_full_hour_frees_its_start():
    assert freed(given(), taken(MONDAY, "09:00-10:00"))[0] == "09:00"


def test_a_start_that_still_had_a_place_is_not_freed():
    assert freed(given()) == []


def test_starts_around_it_are_freed_where_it_alone_stood_in_their_way():
    assert freed(given(), taken(MONDAY, "09:00-10:00")) == ["09:00", "08:30", "09:30"]


def test_a_start_that_only_touches_it_is_not_freed():
    others = (taken(MONDAY, "08:00-09:00", 2), taken(MONDAY, "09:00-10:00"), taken(MONDAY, "10:00-11:00", 2))
    assert "08:00" not in freed(given(), *others)
    assert "10:00" not in freed(given(), *others)


def test_two_units_that_go_where_one_was_free_before_free_nothing():
    assert freed(given(units=1), dock=planning(("08:00-12:00", 2))) == []
    assert freed(given(units=2), dock=planning(("08:00-12:00", 2)))[0] == "09:00"


def test_a_start_that_the_public_may_not_book_any_more_is_not_freed():
    alone = planning(("08:00-12:00", 1))
    notice = int((local(MONDAY, "09:00") - NOW).total_seconds()) // 60
    assert freed(given(), dock=alone, min_notice=notice) == ["09:00", "09:30"]
    assert freed(given(), dock=alone, min_notice=notice + 1) == ["09:30"]


def test_a_start_that_was_overbooked_and_is_full_still_is_freed_for_nobody():
    before = search(DOCK, site(), [taken(MONDAY, "09:00-10:00", 4)], MONDAY, MONDAY, window=window_at(NOW))
    still = at(DOCK, site(), [taken(MONDAY, "09:00-10:00", 3)], local(MONDAY, "09:00"), window=window_at(NOW))
    assert choose(holder(), freed_starts(before, given()), PARIS, lambda _start: still.offered) is None


def test_what_is_left_of_a_place_that_is_shared_lies_before_beside_and_after():
    place = given("09:00-11:00", 2)
    pieces = place.rest(local(MONDAY, "09:30"), local(MONDAY, "10:30"), 1)
    assert [units for _, _, units in pieces] == [2, 1, 2]
    assert all(end == begin for (_, end, _), (begin, _, _) in pairwise(pieces))


def test_nothing_is_left_of_a_place_that_is_given_whole_nor_lies_outside_it():
    assert given().rest(given().start, given().end, 1) == ()
    assert given().rest(local(MONDAY, "08:30"), local(MONDAY, "10:30"), 3) == ()


# Who is asked


@pytest.mark.parametrize(("clock", "wanted"), [("08:59", False), ("09:00", False), ("09:01", True)])
def test_only_a_later_appointment_is_asked(clock, wanted):
    assert holder(clock).wants(start("09:00"), PARIS) is wanted


@pytest.mark.parametrize(("length", "wanted"), [(59 / 60, True), (1, True), (61 / 60, False)])
def test_an_appointment_that_takes_longer_does_not_fit(length, wanted):
    assert holder(length=length).wants(start(length=1), PARIS) is wanted


@pytest.mark.parametrize(("late", "asked"), [(-SECOND, True), (SECOND * 0, True), (SECOND, False)])
def test_an_appointment_is_asked_when_it_is_hours_away_at_least(late, asked):
    one = holder()
    assert one.far_enough(one.start - hours(48) + late, 48) is asked


def test_hours_away_are_elapsed_over_a_clock_change():
    after = holder("09:00", SPRING + timedelta(days=1))
    assert not after.far_enough(local(SPRING - timedelta(days=1), "09:00"), 48)  # the day of the change has 23 hours
    assert after.far_enough(local(SPRING - timedelta(days=1), "08:00"), 48)


@pytest.mark.parametrize(
    ("clock", "day", "wanted"),
    [
        ("23:30", date(2026, 12, 6), False),
        ("00:00", MONDAY, True),
        ("23:30", TUESDAY, True),
        ("00:00", date(2026, 12, 9), False),
    ],
)
def test_a_waiting_list_is_for_its_days_in_the_zone_of_the_site(clock, day, wanted):
    assert Listed(1, NOW, MONDAY, TUESDAY).wants(start(clock, day), PARIS) is wanted


def test_the_longest_standing_comes_first_and_of_the_same_instant_the_lower_number():
    people = [holder(id=3), holder(id=2, since=NOW + SECOND), holder(id=1)]
    assert [one.id for one in in_order(people)] == [1, 3, 2]


def test_the_first_freed_start_that_suits_and_is_offered_is_chosen():
    starts = (start("10:00"), start("08:00"), start("09:00"))
    assert choose(holder("09:30"), starts, PARIS, lambda one: one != starts[1]) == starts[2]
    assert choose(holder("08:00"), starts, PARIS, lambda _one: True) is None


# A turn


def end(day, clock, minutes=120, latest=FAR, tz=PARIS):
    return turn_end(local(day, clock, tz), minutes, tz, latest)


@pytest.mark.parametrize(
    ("asked", "on", "until"),
    [
        ("07:59", MONDAY, "10:00"),
        ("08:00", MONDAY, "10:00"),
        ("08:01", MONDAY, "10:01"),
        ("17:59", MONDAY, "19:59"),
        ("18:00", MONDAY, "20:00"),
        ("18:01", TUESDAY, "08:01"),
        ("19:59", TUESDAY, "09:59"),
        ("20:00", TUESDAY, "10:00"),
        ("20:01", TUESDAY, "10:00"),
        ("23:59", TUESDAY, "10:00"),
    ],
)
def test_a_turn_of_two_hours_runs_by_day_only(asked, on, until):
    assert end(MONDAY, asked) == local(on, until)


def test_a_turn_that_is_longer_than_a_day_goes_on_in_the_mornings():
    assert end(MONDAY, "08:00", 12 * 60) == local(MONDAY, "20:00")
    assert end(MONDAY, "08:00", 12 * 60 + 1) == local(TUESDAY, "08:01")
    assert end(MONDAY, "14:00", 24 * 60) == local(date(2026, 12, 9), "14:00")


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
def test_a_turn_over_a_night_in_which_the_clock_changes_ends_by_the_clock_on_the_wall(change):
    assert end(change - timedelta(days=1), "19:00") == local(change, "09:00")


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
def test_a_turn_on_the_day_of_a_clock_change_has_its_twelve_hours(change):
    assert end(change, "08:00", 12 * 60) == local(change, "20:00")


def test_a_turn_asked_in_the_repeated_hour_of_the_night_waits_for_the_morning():
    first = local(AUTUMN, "02:30")
    assert turn_end(first, 60, PARIS, FAR) == turn_end(first + hours(1), 60, PARIS, FAR) == local(AUTUMN, "09:00")


def test_a_turn_where_the_clock_jumps_by_day_counts_elapsed_minutes():
    apia = zone("Pacific/Apia")  # it skipped the whole of 30 December 2011
    assert end(date(2011, 12, 29), "19:00", 120, tz=apia) == local(date(2011, 12, 31), "09:00", apia)


@pytest.mark.parametrize("clock", ["10:59", "11:00"])
def test_a_turn_never_passes_the_latest_moment(clock):
    assert end(MONDAY, "09:00", latest=local(MONDAY, clock)) == local(MONDAY, clock)


def test_a_turn_ends_by_itself_before_the_latest_moment():
    assert end(MONDAY, "09:00", latest=local(MONDAY, "11:01")) == local(MONDAY, "11:00")


def test_a_turn_whose_latest_moment_lies_in_the_night_ends_there():
    assert end(MONDAY, "19:00", latest=local(MONDAY, "23:00")) == local(MONDAY, "23:00")


def test_a_turn_that_begins_too_late_is_over_at_once():
    assert end(MONDAY, "09:00", latest=local(MONDAY, "09:00")) == local(MONDAY, "09:00")


# The latest moment under a notice


def latest(day, clock, notice, closed=never_closed, business_days=False, now=NOW):
    length = parse_duration(notice)
    return last_moment(local(day, clock), lambda at: earliest_start(at, length, closed, PARIS, business_days), now)


def weekend(day):
    return day.isoweekday() > 5


def test_without_a_notice_the_latest_moment_is_the_start():
    assert latest(MONDAY, "09:00", 0) == local(MONDAY, "09:00")


def test_a_notice_of_hours_ends_that_long_before():
    assert latest(MONDAY, "09:00", "12h") == local(date(2026, 12, 6), "21:00")
    assert latest(SPRING, "09:00", "24h") == local(SPRING - timedelta(days=1), "08:00")


def test_a_notice_of_days_ends_at_the_same_time_on_the_wall():
    assert latest(SPRING, "09:00", "2d") == local(SPRING - timedelta(days=2), "09:00")
    assert latest(AUTUMN, "09:00", "1d") == local(AUTUMN - timedelta(days=1), "09:00")


def test_a_notice_on_working_days_reaches_back_over_the_weekend():
    assert latest(TUESDAY, "15:00", "2d", weekend, True) == local(date(2026, 12, 4), "15:00")


def test_the_latest_moment_is_the_last_at_which_the_start_may_be_booked():
    begin, closed = local(date(2026, 12, 9), "10:00"), weekend
    found = latest(date(2026, 12, 9), "10:00", "30h", closed, True)
    length = parse_duration("30h")
    assert earliest_start(found, length, closed, PARIS, True) <= begin
    assert earliest_start(found + SECOND, length, closed, PARIS, True) > begin


def test_a_notice_that_has_passed_leaves_no_moment_but_now():
    late = local(MONDAY, "08:00")
    assert latest(MONDAY, "09:00", "12h", now=late) == late


def test_where_nothing_ever_opens_there_is_no_moment_but_now():
    assert last_moment(local(MONDAY, "09:00"), lambda _at: None, NOW) == NOW
