"""Lengths of time as people set them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.domain.durations import Duration, parse_duration
from portal.domain.errors import Invalid
from tests.domain.builders import AUTUMN, PARIS, SPRING, local


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (0, Duration(0)),
        (90, Duration(90)),
        ("90", Duration(90)),
        ("30min", Duration(30)),
        ("12h", Duration(12, "h")),
        ("2d", Duration(2, "d")),
    ],
)
def test_a_duration_is_read(written, read):
    assert parse_duration(written) == read


@pytest.mark.parametrize(
    "written",
    [None, True, 1.5, -1, "", "2 d", "-2d", "2w", "d", "1d12h", "1.5h", "٣h", "2D", " 2d", "2d\n", "012h", [], 10**12],
)
def test_what_is_no_duration_is_refused_by_field(written):
    with pytest.raises(Invalid) as refusal:
        parse_duration(written, field="min_notice")
    assert refusal.value.values == {"field": "min_notice", "problem": "bad_duration", "value": written}


@pytest.mark.parametrize("written", ["3661d", "100000h", 99_999_999])
def test_more_than_ten_years_is_refused(written):
    with pytest.raises(Invalid) as refusal:
        parse_duration(written)
    assert refusal.value.values["problem"] == "too_long"


@pytest.mark.parametrize("text", ["0min", "30min", "12h", "2d"])
def test_its_text_gives_it_back(text):
    assert str(parse_duration(text)) == text


@pytest.mark.parametrize(("written", "setting"), [(45, 45), ("45min", 45), ("12h", "12h"), ("2d", "2d")])
def test_the_configuration_file_writes_minutes_as_a_number(written, setting):
    assert parse_duration(written).setting == setting


def test_none_at_all_is_false():
    assert not parse_duration(0)
    assert parse_duration("1d")


def test_hours_are_elapsed_over_a_clock_change():
    asked = local(date(2027, 3, 27), "10:30")
    assert Duration(24, "h").after(asked, PARIS) == local(SPRING, "11:30")


def test_days_keep_the_wall_time_over_a_clock_change():
    asked = local(date(2027, 3, 27), "10:30")
    assert Duration(1, "d").after(asked, PARIS) == local(SPRING, "10:30")
    assert Duration(1, "d").after(asked, PARIS) - asked == timedelta(hours=23)


def test_a_reminder_a_day_before_keeps_the_wall_time_and_one_24_hours_before_does_not():
    start = local(AUTUMN, "09:00")
    assert Duration(1, "d").before(start, PARIS) == local(date(2027, 10, 30), "09:00")
    assert Duration(24, "h").before(start, PARIS) == local(date(2027, 10, 30), "10:00")


def test_a_day_before_a_time_that_did_not_exist_is_the_end_of_the_gap():
    start = local(date(2027, 3, 29), "02:30")
    assert Duration(1, "d").before(start, PARIS) == local(SPRING, "03:00")


def test_a_day_later_at_a_repeated_time_is_the_first_of_both():
    asked = local(date(2027, 10, 30), "02:30")
    assert Duration(1, "d").after(asked, PARIS) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("nothing", ["0min", "0h", "0d"])
def test_no_time_moves_nothing_even_in_the_repeated_hour(nothing):
    second = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    assert parse_duration(nothing).after(second, PARIS) == parse_duration(nothing).before(second, PARIS) == second
