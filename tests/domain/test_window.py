"""The booking window: notice, working days, horizon, and customers' cut-off."""

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest

from portal.domain.durations import parse_duration
from portal.domain.errors import NeverOpen, OutsideWindow
from portal.domain.openings import is_open
from portal.domain.policy import Policy
from portal.domain.window import change_allowed, change_cutoff, earliest_start, last_day, window
from tests.domain.builders import (
    MONDAY,
    PARIS,
    SPRING,
    closed_on,
    local,
    never_closed,
    openings,
    planning,
    site,
    window_at,
)

FRIDAY, SATURDAY = date(2026, 11, 20), date(2026, 11, 21)
MONDAY_TO_FRIDAY = dict.fromkeys(range(1, 6), openings("08:00-12:00"))
FRANCE, MOSELLE = holidays.country_holidays("FR"), holidays.country_holidays("FR", subdiv="57")


def weekend(day):
    return day.isoweekday() > 5


def working(calendar):
    """Close weekends and the holidays of a calendar, as a planning from Monday to Friday does."""
    place, week = site(holiday=calendar.get), planning(week=MONDAY_TO_FRIDAY)
    return lambda day: not is_open([week], place, day)


def earliest(now, notice, closed=weekend, business_days=True):
    return earliest_start(now, parse_duration(notice), closed, PARIS, business_days)


def test_two_working_days_asked_on_friday_end_on_tuesday_at_the_same_time():
    assert earliest(local(FRIDAY, "15:00"), "2d") == local(date(2026, 11, 24), "15:00")


def test_two_working_days_asked_on_a_closed_saturday_end_at_midnight_before_wednesday():
    assert earliest(local(SATURDAY, "10:00"), "2d") == local(date(2026, 11, 25), "00:00")


def test_working_hours_skip_the_whole_of_closed_days():
    assert earliest(local(FRIDAY, "15:00"), "12h") == local(date(2026, 11, 23), "03:00")


def test_working_hours_asked_on_a_closed_day_count_from_the_next_open_midnight():
    assert earliest(local(SATURDAY, "10:00"), "90min") == local(date(2026, 11, 23), "01:30")


def test_working_hours_that_end_with_the_day_end_at_the_next_open_midnight():
    assert earliest(local(FRIDAY, "15:00"), "9h") == local(date(2026, 11, 23), "00:00")


def test_closing_hours_of_an_open_day_count():
    assert earliest(local(FRIDAY, "22:00"), "1h") == local(FRIDAY, "23:00")


def test_working_days_over_easter_in_france():
    asked = local(date(2027, 3, 25), "10:00")
    assert earliest(asked, "2d", working(FRANCE)) == local(date(2027, 3, 30), "10:00")


def test_working_days_over_easter_in_moselle_where_good_friday_is_a_holiday():
    asked = local(date(2027, 3, 25), "10:00")
    assert earliest(asked, "2d", working(MOSELLE)) == local(date(2027, 3, 31), "10:00")


def test_a_long_weekday_of_the_autumn_change_counts_its_25_hours():
    open_on_sunday = never_closed
    asked = local(date(2027, 10, 31), "00:00")
    assert earliest(asked, "25h", open_on_sunday) == local(date(2027, 11, 1), "00:00")


@pytest.mark.parametrize("notice", ["12h", "2d"])
def test_without_working_days_closed_days_count(notice):
    asked = local(FRIDAY, "15:00")
    assert earliest(asked, notice, business_days=False) == parse_duration(notice).after(asked, PARIS)


def test_no_notice_is_now_even_on_a_closed_day():
    assert earliest(local(SATURDAY, "10:00"), 0) == local(SATURDAY, "10:00")


def test_a_notice_of_24_hours_is_elapsed_over_the_spring_change():
    asked = local(date(2027, 3, 27), "10:30")
    assert earliest(asked, "24h", business_days=False) == local(SPRING, "11:30")


def test_nothing_open_within_a_year_is_told():
    with pytest.raises(NeverOpen) as refusal:
        earliest(local(FRIDAY, "15:00"), "2d", lambda day: True)  # noqa: ARG005 - whatever the day
    assert isinstance(refusal.value, OutsideWindow)


def test_an_open_day_just_within_a_year_is_found():
    asked, reopening = local(FRIDAY, "15:00"), FRIDAY + timedelta(days=365)
    assert earliest(asked, "1h", lambda day: day < reopening) == local(reopening, "01:00")


def test_a_long_notice_may_go_beyond_a_year_where_days_open():
    assert earliest(local(FRIDAY, "15:00"), "300d") > local(FRIDAY + timedelta(days=400), "15:00")


def test_the_window_runs_from_the_notice_to_the_horizon():
    now = local(MONDAY, "10:00")
    bounds = window_at(now, min_notice="2h", max_days=7)
    assert (bounds.earliest, bounds.last_day) == (local(MONDAY, "12:00"), date(2026, 12, 14))


def test_today_is_the_sites_date():
    assert last_day(datetime(2026, 12, 7, 23, 30, tzinfo=UTC), 1, PARIS) == date(2026, 12, 9)


def test_a_window_where_nothing_opens_says_so():
    closed = window(
        Policy.of({"min_notice": "1d", "business_days": True}), local(MONDAY, "10:00"), PARIS, lambda _: True
    )
    assert closed.never_open
    assert not window_at(local(MONDAY, "10:00")).never_open


def test_a_closure_of_the_site_is_a_closed_day():
    place, week = site(closed_on(date(2026, 11, 23))), planning(week=MONDAY_TO_FRIDAY)
    asked = local(FRIDAY, "15:00")
    assert earliest(asked, "1d", lambda day: not is_open([week], place, day)) == local(date(2026, 11, 24), "15:00")


@pytest.mark.parametrize(("now", "allowed"), [("07:59", True), ("08:00", True), ("08:01", False), ("10:00", False)])
def test_customers_may_change_until_the_cut_off(now, allowed):
    policy = Policy.of({"change_notice": "2h"})
    assert change_allowed(local(MONDAY, "10:00"), policy, local(MONDAY, now), PARIS) is allowed


def test_without_a_cut_off_customers_may_change_until_the_start():
    start = local(MONDAY, "10:00")
    assert change_allowed(start, Policy(), start, PARIS)
    assert not change_allowed(start, Policy(), start + timedelta(seconds=1), PARIS)


def test_a_cut_off_in_days_keeps_the_wall_time():
    start = local(SPRING, "10:00")
    assert change_cutoff(start, Policy.of({"change_notice": "1d"}), PARIS) == local(date(2027, 3, 27), "10:00")


def test_a_cut_off_on_working_days_is_not_affected_by_closed_days():
    policy = Policy.of({"change_notice": "1d", "business_days": True})
    assert change_cutoff(local(MONDAY, "10:00"), policy, PARIS) == local(date(2026, 12, 6), "10:00")


def test_a_window_tells_the_closed_days_that_did_not_count():
    policy = Policy.of({"min_notice": "2d", "business_days": True})
    found = window(policy, local(FRIDAY, "15:00"), PARIS, weekend)
    assert found.skipped == (SATURDAY, SATURDAY + timedelta(days=1))
    assert (str(found.notice), found.working) == ("2d", True)


def test_a_window_asked_on_a_closed_day_tells_that_day_too():
    policy = Policy.of({"min_notice": "1h", "business_days": True})
    assert window(policy, local(SATURDAY, "10:00"), PARIS, weekend).skipped[0] == SATURDAY


@pytest.mark.parametrize("rules", [{"min_notice": "2d"}, {"business_days": True}])
def test_no_closed_day_matters_without_a_notice_in_working_days(rules):
    found = window(Policy.of(rules), local(FRIDAY, "15:00"), PARIS, weekend)
    assert (found.working, found.skipped) == (False, ())


def test_a_window_where_nothing_opens_lists_no_days():
    policy = Policy.of({"min_notice": "2d", "business_days": True})
    assert window(policy, local(FRIDAY, "15:00"), PARIS, lambda _: True).skipped == ()
