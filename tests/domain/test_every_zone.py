"""Local days, hours and slots around the clock changes of every IANA zone."""

import zoneinfo
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.domain.openings import profile
from portal.domain.slots import search
from portal.domain.zones import day_bounds, end_instant, local_day, start_instant
from tests.domain.builders import hours, planning, site
from tests.domain.changes import Change, all_changes, changes_of, kinds_of_change
from tests.domain.model import Model, instant_of_end, instant_of_start

DAY = timedelta(days=1)
RECENT = all_changes(2026, 2)
ODD = (
    *changes_of(ZoneInfo("Pacific/Apia"), datetime(2011, 12, 28, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC)),
    *changes_of(ZoneInfo("America/Caracas"), datetime(2016, 4, 30, tzinfo=UTC), datetime(2016, 5, 3, tzinfo=UTC)),
    *changes_of(ZoneInfo("Asia/Pyongyang"), datetime(2015, 8, 13, tzinfo=UTC), datetime(2015, 8, 16, tzinfo=UTC)),
    *changes_of(ZoneInfo("Africa/Juba"), datetime(2021, 1, 30, tzinfo=UTC), datetime(2021, 2, 2, tzinfo=UTC)),
)
"""A skipped date, half-hour changes for good, and midnight repeated: the years at hand have none of these."""
KINDS = (*kinds_of_change(RECENT), *ODD)


def named(change):
    return f"{change.zone.key} {change.wall:%Y-%m-%d %H:%M} {change.jump.total_seconds() / 3600:+}h"


def days_around(change):
    return [change.wall.date() + number * DAY for number in (-1, 0, 1)]


def always(change, step=60):
    return planning("00:00-24:00", zone=change.zone, step=step), site(zone=change.zone)


def test_changes_were_found():
    assert len({change.zone.key for change in RECENT}) > 150
    assert len(KINDS) > 15
    assert len(ODD) == 4


def test_local_days_follow_each_other_everywhere():
    for change in (*RECENT, *ODD):
        yesterday, today, tomorrow = (day_bounds(day, change.zone) for day in days_around(change))
        assert yesterday[1] == today[0] <= today[1] == tomorrow[0]


def test_a_day_is_as_long_as_its_clock_makes_it_everywhere():
    for change in (*RECENT, *ODD):
        yesterday, _, tomorrow = days_around(change)
        assert day_bounds(tomorrow, change.zone)[1] - day_bounds(yesterday, change.zone)[0] == 3 * DAY - change.jump


def test_every_instant_belongs_to_the_day_that_holds_it_everywhere():
    for change in (*RECENT, *ODD):
        for quarter in range(-8, 8):
            instant = change.instant + quarter * hours(0.25)
            start, end = day_bounds(local_day(instant, change.zone), change.zone)
            assert start <= instant < end


def test_a_start_never_comes_before_its_wall_time_everywhere():
    for change in (*RECENT, *ODD):
        for minute in range(0, 1440, 45):
            start = start_instant(change.wall.date(), minute, change.zone)
            wanted = datetime.combine(change.wall.date(), time()) + timedelta(minutes=minute)
            assert start.astimezone(change.zone).replace(tzinfo=None) >= wanted
            assert start <= end_instant(change.wall.date(), minute, change.zone)


@pytest.mark.parametrize("change", KINDS, ids=named)
def test_wall_times_become_the_instants_at_which_the_wall_shows_them(change: Change):
    for day in days_around(change):
        for minute in range(0, 1441, 30):
            assert start_instant(day, minute, change.zone) == instant_of_start(day, minute, change.zone)
            assert end_instant(day, minute, change.zone) == instant_of_end(day, minute, change.zone)


def test_hours_around_the_clock_have_no_hole_and_no_overlap_everywhere():
    for change in (*RECENT, *ODD):
        schedule, place = always(change)
        yesterday, _, tomorrow = days_around(change)
        whole = (day_bounds(yesterday, change.zone)[0], day_bounds(tomorrow, change.zone)[1])
        found = profile([schedule], place, yesterday, tomorrow)
        assert (found.spans, found.highest(*whole)) == ((whole,), 1)


def test_whole_hours_around_the_clock_start_every_hour_everywhere():
    for change in RECENT:
        if change.jump % hours(1):
            continue  # half an hour begins another grid at midnight
        schedule, place = always(change)
        yesterday, _, tomorrow = days_around(change)
        starts = [start.start for start in search(schedule, place, (), yesterday, tomorrow, window=None)]
        first, last = day_bounds(yesterday, change.zone)[0], day_bounds(tomorrow, change.zone)[1]
        assert starts == [first + number * hours(1) for number in range(int((last - first) / hours(1)))]


@pytest.mark.parametrize("change", KINDS, ids=named)
def test_slots_are_those_of_the_plain_model(change: Change):
    schedule = planning(("00:00-01:40", 2), ("01:40-03:10", 1), ("22:20-24:00", 3), zone=change.zone, step=25)
    place = site(zone=change.zone)
    for day in days_around(change):
        model = Model(schedule, place, day)
        starts = search(schedule, place, (), day, day, window=None)
        assert [start.start for start in starts] == model.starts()
        assert [(start.places, list(start.reasons)) for start in starts] == [
            (model.places(start.start), model.reasons(start.start)) for start in starts
        ]


def test_the_tz_database_is_the_wheels():
    assert zoneinfo.TZPATH == ()
