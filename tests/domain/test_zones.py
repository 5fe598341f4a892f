"""Wall time and instants."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.domain.errors import Invalid
from portal.domain.zones import (
    at_wall_time,
    day_bounds,
    days,
    end_instant,
    epoch,
    instant_of,
    local_day,
    parse_day,
    parse_instant,
    start_instant,
    utc_days,
    zone,
)
from tests.domain.builders import AUTUMN, MONDAY, PARIS, SPRING


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_ordinary_time_is_one_instant():
    assert start_instant(MONDAY, 510, PARIS) == end_instant(MONDAY, 510, PARIS) == utc("2026-12-07T07:30")


def test_instants_are_utc():
    assert start_instant(MONDAY, 510, PARIS).tzinfo is UTC


@pytest.mark.parametrize("minute", [120, 121, 150, 179, 180])
def test_a_time_that_the_clock_skips_moves_to_the_end_of_the_gap(minute):
    assert start_instant(SPRING, minute, PARIS) == end_instant(SPRING, minute, PARIS) == utc("2027-03-28T01:00")


@pytest.mark.parametrize(("minute", "first", "second"), [(120, "00:00", "01:00"), (179, "00:59", "01:59")])
def test_a_time_that_exists_twice_starts_first_and_ends_second(minute, first, second):
    assert start_instant(AUTUMN, minute, PARIS) == utc(f"2027-10-31T{first}")
    assert end_instant(AUTUMN, minute, PARIS) == utc(f"2027-10-31T{second}")


def test_the_hour_after_the_repeated_one_exists_once():
    assert start_instant(AUTUMN, 180, PARIS) == end_instant(AUTUMN, 180, PARIS) == utc("2027-10-31T02:00")


def test_midnight_at_the_end_is_the_next_day():
    assert end_instant(MONDAY, 1440, PARIS) == start_instant(date(2026, 12, 8), 0, PARIS)


def test_a_half_hour_change_is_found():
    lord_howe = ZoneInfo("Australia/Lord_Howe")  # 02:00 jumps to 02:30 on 2027-10-03
    assert start_instant(date(2027, 10, 3), 135, lord_howe) == utc("2027-10-02T15:30")


def test_a_day_that_a_country_skipped_is_empty():
    apia = ZoneInfo("Pacific/Apia")
    assert day_bounds(date(2011, 12, 30), apia) == (utc("2011-12-30T10:00"), utc("2011-12-30T10:00"))


@pytest.mark.parametrize(("day", "hours"), [(MONDAY, 24), (SPRING, 23), (AUTUMN, 25)])
def test_a_day_has_the_hours_that_its_clock_gives_it(day, hours):
    start, end = day_bounds(day, PARIS)
    assert end - start == timedelta(hours=hours)


def test_a_day_begins_at_one_where_midnight_is_skipped():
    cairo = ZoneInfo("Africa/Cairo")
    assert day_bounds(date(2027, 4, 30), cairo)[0].astimezone(cairo).hour == 1


def test_the_local_day_is_that_of_the_zone():
    instant = utc("2026-12-07T23:30")
    assert local_day(instant, PARIS) == date(2026, 12, 8)
    assert local_day(instant, ZoneInfo("America/New_York")) == MONDAY


def test_a_date_shown_again_after_midnight_does_not_come_back():
    newfoundland = ZoneInfo("America/St_Johns")  # 00:01 on the 29th became 23:01 on the 28th
    instants = [utc("2006-10-29T02:00") + timedelta(minutes=15 * quarter) for quarter in range(12)]
    seen = [local_day(instant, newfoundland) for instant in instants]
    assert seen == sorted(seen)
    assert all(
        start <= at < end for at in instants for start, end in [day_bounds(local_day(at, newfoundland), newfoundland)]
    )


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "Europe", "../etc/passwd", "europe/paris", "/Europe/Paris"])
def test_an_unknown_zone_is_refused_by_name(name):
    with pytest.raises(Invalid) as refusal:
        zone(name)
    assert refusal.value.values["field"] == "timezone"
    assert refusal.value.values["problem"] == "unknown_zone"


def test_a_known_zone_is_found():
    assert zone("Europe/Paris") is PARIS


def test_dates_are_listed_with_both_ends():
    assert days(MONDAY, date(2026, 12, 9)) == (MONDAY, date(2026, 12, 8), date(2026, 12, 9))


def test_utc_days_are_those_touched():
    assert utc_days(utc("2026-12-07T23:30"), utc("2026-12-08T00:30")) == (MONDAY, date(2026, 12, 8))


def test_an_interval_that_ends_at_midnight_does_not_touch_the_next_utc_day():
    assert utc_days(utc("2026-12-07T23:00"), utc("2026-12-08T00:00")) == (MONDAY,)


def test_utc_days_count_from_the_instant_not_from_the_wall():
    midnight_in_paris = datetime(2026, 12, 8, 0, tzinfo=PARIS)
    assert utc_days(midnight_in_paris, midnight_in_paris + timedelta(minutes=30)) == (MONDAY,)


def test_an_empty_interval_touches_one_utc_day():
    assert utc_days(utc("2026-12-08T00:00"), utc("2026-12-08T00:00")) == (date(2026, 12, 8),)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-08T08:30:00+01:00", "2026-12-08T07:30:00"),
        ("2026-12-08T07:30:00Z", "2026-12-08T07:30:00"),
        ("2026-12-08t07:30:00z", "2026-12-08T07:30:00"),
        ("2026-12-08T07:30:00-00:00", "2026-12-08T07:30:00"),
        ("2026-12-08T07:30:00.25Z", "2026-12-08T07:30:00.250000"),
        ("2026-12-08T07:30:00.123456789Z", "2026-12-08T07:30:00.123456"),
        ("2027-10-31T02:30:00+01:00", "2027-10-31T01:30:00"),
    ],
)
def test_an_instant_with_its_offset_is_read(text, instant):
    assert parse_instant(text) == utc(instant)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "tomorrow",
        "2026-12-08",
        "2026-12-08T08:30:00",
        "2026-12-08T08:30+01:00",
        "2026-12-08 08:30:00+01:00",
        "2026-12-08T08:30:00+0100",
        "2026-12-08T08:30:00+01",
        "2026-12-08T08:30:00 01:00",  # a "+" that an address turned into a space
        "2026-12-08T08:30:00+01:00 ",
        "2026-12-08T08:30:00+01:00\n",
        "20261208T083000Z",
        "2026-W50-2T08:30:00Z",
        "2026-02-30T08:30:00Z",
        "2026-13-08T08:30:00Z",
        "2026-12-08T24:00:00Z",
        "2026-12-08T08:60:00Z",
        "2026-12-08T08:30:60Z",
        "2026-12-08T08:30:00+24:00",
        "2026-12-08T08:30:00,5Z",
        "٢٠٢٦-12-08T08:30:00Z",
        "0001-01-01T00:00:00+12:00",
        "9999-12-31T23:59:59-12:00",
        "3000-01-01T00:00:00Z",
    ],
)
def test_anything_else_is_not_an_instant(text):
    assert parse_instant(text) is None


def test_a_date_is_read():
    assert parse_day("2026-12-07") == MONDAY


@pytest.mark.parametrize(
    "text", [None, "", "2026-12-32", "07/12/2026", "20261207", "2026-W50-1", "9999-12-31", " 2026-12-07"]
)
def test_anything_else_is_not_a_date(text):
    assert parse_day(text) is None


def test_a_wall_time_with_seconds_is_found():
    assert at_wall_time(SPRING, time(2, 30, 12), PARIS) == utc("2027-03-28T01:00")
    assert at_wall_time(MONDAY, time(8, 30, 12), PARIS) == utc("2026-12-07T07:30:12")


def test_seconds_since_1970_go_there_and_back():
    assert instant_of(epoch(utc("2026-12-07T07:30"))) == utc("2026-12-07T07:30")
    assert epoch(utc("2026-12-07T07:30:00.900000")) == epoch(utc("2026-12-07T07:30"))
