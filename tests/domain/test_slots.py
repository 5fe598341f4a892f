"""Which starts are offered, with how many places, and why the others are not: the examples of the rules."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.domain.errors import Invalid
from portal.domain.openings import Closure
from portal.domain.policy import Policy
from portal.domain.slots import Reason, at, most_present, next_offered, search
from portal.domain.window import window
from tests.domain.builders import (
    AUTUMN,
    MONDAY,
    PARIS,
    SPRING,
    SUNDAY,
    TUESDAY,
    closed_on,
    day_of,
    hours,
    local,
    openings,
    places,
    planning,
    shown,
    site,
    taken,
    why,
    window_at,
)

MORNING = ("08:00-12:00", 6)
NIGHTS = ("22:00-24:00", "00:00-06:00")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
OPEN_WINDOW = window_at(LONG_AGO, max_days=3660)


def public(schedule, day, *booked, bounds=OPEN_WINDOW, place=None, **more):
    return search(schedule, place or site(), booked, day, day, window=bounds, **more)


def judged(schedule, start, *booked, bounds=OPEN_WINDOW, place=None, **more):
    return at(schedule, place or site(), booked, start, window=bounds, **more)


# --- the table of openings, capacity and slots


def test_a_morning_of_whole_hours_has_four_starts():
    assert places(day_of(planning(MORNING, step=60), MONDAY)) == {"08:00": 6, "09:00": 6, "10:00": 6, "11:00": 6}


def test_with_half_hour_steps_the_last_start_is_an_hour_before_noon():
    starts = day_of(planning(MORNING), MONDAY)
    assert shown(starts) == ["08:00", "08:30", "09:00", "09:30", "10:00", "10:30", "11:00"]
    assert why(starts) == {"11:30": "break"}


def test_a_slot_lasts_an_hour_wherever_it_starts():
    assert {start.end - start.start for start in day_of(planning(MORNING), MONDAY)} == {hours(1)}


def test_six_bookings_between_two_starts_fill_both():
    starts = day_of(planning(MORNING), MONDAY, taken(MONDAY, "08:30-09:30", 6))
    assert places(starts)["09:30"] == 6
    assert why(starts) == {
        "08:00": "full",
        "08:30": "full",
        "09:00": "full",
        "11:30": "break",
    }


def test_a_slot_across_two_capacities_has_the_places_of_the_smaller():
    schedule = planning(MORNING, ("12:00-14:00", 2))
    assert places(day_of(schedule, MONDAY))["11:30"] == 2
    assert not judged(schedule, local(MONDAY, "11:30"), quantity=3).offered


def test_bookings_count_only_where_they_are_present():
    """Five before noon leave one of six there; the two places after noon are free."""
    schedule = planning(MORNING, ("12:00-14:00", 2))
    starts = day_of(schedule, MONDAY, taken(MONDAY, "11:00-12:00", 5))
    assert (places(starts)["11:30"], places(starts)["12:00"]) == (1, 2)


def test_no_slot_crosses_a_lunch_break():
    starts = day_of(planning("08:00-12:00", "14:00-18:00"), MONDAY)
    assert [clock for clock in shown(starts) if "11:00" < clock < "14:00"] == []
    assert "14:00" in shown(starts)


def test_a_slot_may_cross_midnight():
    week = {1: openings("22:00-24:00"), 2: openings("00:00-02:00")}
    schedule = planning(week=week)
    assert shown(day_of(schedule, MONDAY)) == ["22:00", "22:30", "23:00", "23:30"]
    assert shown(day_of(schedule, TUESDAY)) == ["00:00", "00:30", "01:00"]


def test_two_may_share_two_places_with_a_third_between_them():
    booked = [taken(MONDAY, "08:00-09:00"), taken(MONDAY, "09:00-10:00")]
    assert judged(planning(("08:00-12:00", 2)), local(MONDAY, "08:30"), *booked).offered


# --- grids


def test_every_opening_begins_its_own_grid():
    assert shown(day_of(planning("08:00-09:30", "10:15-12:00"), MONDAY)) == ["08:00", "08:30", "10:15", "10:45"]


def test_touching_openings_keep_both_grids_and_equal_starts_merge():
    schedule = planning("08:00-10:00", "10:00-12:00", step=30)
    assert shown(day_of(schedule, MONDAY)) == ["08:00", "08:30", "09:00", "09:30", "10:00", "10:30", "11:00"]


def test_a_step_that_does_not_divide_the_opening_starts_while_it_lasts():
    schedule = planning("08:00-09:00", "09:00-12:00", slot=60, step=45)
    assert shown(day_of(schedule, MONDAY)) == ["08:00", "08:45", "09:00", "09:45", "10:30"]


def test_a_step_longer_than_the_slot_leaves_gaps():
    assert shown(day_of(planning("08:00-12:00", slot=30, step=90), MONDAY)) == ["08:00", "09:30", "11:00"]


def test_the_grid_of_a_closed_morning_is_not_moved():
    """Hours of Paris at a site in New York, which is closed until 06:00 Paris time."""
    place = site(closed_on(MONDAY), zone=ZoneInfo("America/New_York"))
    starts = search(planning("00:10-12:10"), place, (), TUESDAY, TUESDAY, window=None)
    assert shown(starts)[0] == "06:10"


# --- clock changes


def test_the_spring_change_skips_an_hour():
    starts = day_of(planning("01:00-04:30", slot=30), SPRING)
    assert [start.start.astimezone(PARIS).isoformat() for start in starts if start.offered] == [
        "2027-03-28T01:00:00+01:00",
        "2027-03-28T01:30:00+01:00",
        "2027-03-28T03:00:00+02:00",
        "2027-03-28T03:30:00+02:00",
        "2027-03-28T04:00:00+02:00",
    ]


def test_the_autumn_change_repeats_an_hour():
    starts = [start.start for start in day_of(planning("01:00-04:00"), AUTUMN) if start.offered]
    first = datetime(2027, 10, 30, 23, tzinfo=UTC)
    assert starts == [first + number * hours(0.5) for number in range(7)]


def test_an_opening_of_the_skipped_hour_has_no_start():
    assert day_of(planning("02:00-03:00"), SPRING) == ()


def test_an_opening_of_the_repeated_hour_has_two_starts():
    starts = day_of(planning("02:00-03:00", step=60), AUTUMN)
    assert [start.start.astimezone(PARIS).isoformat() for start in starts] == [
        "2027-10-31T02:00:00+02:00",
        "2027-10-31T02:00:00+01:00",
    ]


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_an_hour_lasts_an_hour_across_a_clock_change(day):
    assert {start.end - start.start for start in day_of(planning("00:00-24:00"), day)} == {hours(1)}


@pytest.mark.parametrize(
    ("day", "count"),
    [
        (date(2027, 6, 2), 8),
        (date(2027, 3, 27), 8),
        (SPRING, 7),
        (date(2027, 10, 30), 8),
        (AUTUMN, 9),
    ],
)
def test_nights_have_the_starts_of_their_local_date(day, count):
    assert len(shown(day_of(planning(*NIGHTS, step=60), day))) == count


# --- dates and zones


def test_starts_come_in_order_over_several_dates():
    starts = search(planning("08:00-10:00", step=60), site(), (), MONDAY, TUESDAY, window=None)
    assert [start.start for start in starts] == [
        local(day, clock) for day in (MONDAY, TUESDAY) for clock in ("08:00", "09:00")
    ]


def test_dates_are_those_of_the_site():
    """Hours in Paris at a site in New York: 02:00 in Paris is the evening before there."""
    new_york = ZoneInfo("America/New_York")
    starts = search(planning("02:00-04:00", step=60), site(zone=new_york), (), MONDAY, MONDAY, window=None)
    assert [start.start for start in starts] == [local(TUESDAY, "02:00"), local(TUESDAY, "03:00")]


def test_a_whole_day_fits_where_the_planning_is_behind_the_site():
    """A slot from the evening in Paris lasts until the next evening in New York."""
    schedule = planning("00:00-24:00", slot=1440, step=60, zone=ZoneInfo("America/New_York"))
    assert len(shown(day_of(schedule, MONDAY))) == 24


def test_starts_are_utc():
    start = day_of(planning(MORNING), MONDAY)[0]
    assert (start.start.tzinfo, start.end.tzinfo) == (UTC, UTC)


def test_a_range_that_ends_before_it_begins_is_empty():
    assert search(planning(MORNING), site(), (), TUESDAY, MONDAY, window=None) == ()


# --- closed dates


def test_a_closed_date_shows_what_it_would_have_had():
    starts = day_of(planning(MORNING, step=60), MONDAY, at=site(closed_on(MONDAY)))
    assert why(starts) == dict.fromkeys(["08:00", "09:00", "10:00", "11:00"], "closed")
    assert {start.places for start in starts} == {0}


def test_a_holiday_shows_what_it_would_have_had():
    starts = day_of(planning(MORNING, step=60), MONDAY, at=site(holiday=lambda day: "Fête" if day == MONDAY else None))
    assert list(why(starts)) == ["08:00", "09:00", "10:00", "11:00"]


def test_an_empty_exceptional_day_shows_what_its_week_would_have_had():
    starts = day_of(planning(MORNING, step=60, exceptions={MONDAY: ()}), MONDAY)
    assert why(starts) == dict.fromkeys(["08:00", "09:00", "10:00", "11:00"], "closed")


def test_a_closed_exceptional_day_shows_its_own_hours():
    schedule = planning(MORNING, step=60, exceptions={MONDAY: openings("10:00-12:00")})
    assert list(why(day_of(schedule, MONDAY, at=site(closed_on(MONDAY))))) == ["10:00", "11:00"]


def test_on_a_closed_date_a_slot_across_a_break_has_both_reasons():
    assert why(day_of(planning(MORNING), MONDAY, at=site(closed_on(MONDAY))))["11:30"] == "closed break"


def test_bookings_left_on_a_closed_date_are_not_what_closes_it():
    starts = day_of(planning(MORNING, step=60), MONDAY, taken(MONDAY, "08:00-09:00", 6), at=site(closed_on(MONDAY)))
    assert why(starts)["08:00"] == "closed"


def test_a_slot_that_would_run_into_a_closed_date_is_closed():
    starts = day_of(planning("00:00-24:00"), MONDAY, at=site(Closure(TUESDAY, TUESDAY, "Pont")))
    assert why(starts) == {"23:30": "closed"}


def test_a_date_without_hours_has_no_candidates():
    assert day_of(planning(week={2: openings("08:00-12:00")}), MONDAY) == ()


# --- places


def test_places_are_what_is_left():
    assert places(day_of(planning(MORNING, step=60), MONDAY, taken(MONDAY, "08:00-09:00", 4)))["08:00"] == 2


def test_places_are_never_below_zero_when_a_capacity_was_lowered():
    start = judged(planning("08:00-12:00"), local(MONDAY, "08:00"), taken(MONDAY, "08:00-09:00", 3))
    assert (start.places, start.reasons) == (0, (Reason.FULL,))


def test_a_quantity_needs_as_many_places():
    booked = taken(MONDAY, "08:00-09:00", 4)
    assert public(planning(MORNING, step=60), MONDAY, booked, quantity=2)[0].offered
    assert public(planning(MORNING, step=60), MONDAY, booked, quantity=3)[0].reasons == (Reason.FULL,)


def test_a_full_slot_tells_the_places_that_are_too_few():
    assert public(planning(MORNING), MONDAY, taken(MONDAY, "08:00-09:00", 4), quantity=3)[0].places == 2


def test_a_quantity_below_one_is_refused():
    with pytest.raises(Invalid):
        public(planning(MORNING), MONDAY, quantity=0)
    with pytest.raises(Invalid):
        judged(planning(MORNING), local(MONDAY, "08:00"), quantity=-1)


@pytest.mark.parametrize(("start", "most"), [("08:00", 1), ("08:30", 2), ("09:00", 3), ("10:00", 0)])
def test_the_most_present_are_counted_at_one_instant(start, most):
    booked = [taken(MONDAY, "08:00-09:00"), taken(MONDAY, "08:30-09:30"), taken(MONDAY, "09:00-10:00", 2)]
    assert most_present(booked, local(MONDAY, start), local(MONDAY, start) + hours(0.5)) == most


# --- the window


def test_what_is_past_and_what_is_too_soon_are_told_apart():
    bounds = window_at(local(MONDAY, "09:00"), min_notice="1h")
    assert why(public(planning(MORNING, step=60), MONDAY, bounds=bounds)) == {"08:00": "past", "09:00": "notice"}


def test_a_date_beyond_the_horizon_is_told():
    bounds = window_at(local(MONDAY, "09:00"), max_days=0)
    assert set(why(public(planning(MORNING, step=60), TUESDAY, bounds=bounds)).values()) == {"horizon"}


def test_a_start_at_this_very_moment_is_not_past():
    assert shown(public(planning(MORNING, step=60), MONDAY, bounds=window_at(local(MONDAY, "09:00"))))[0] == "09:00"
    late = window_at(local(MONDAY, "09:00") + timedelta(microseconds=1))
    assert why(public(planning(MORNING, step=60), MONDAY, bounds=late)) == {"08:00": "past", "09:00": "past"}


def test_a_start_at_the_very_end_of_the_notice_is_offered():
    asked = local(MONDAY, "06:30")
    assert shown(public(planning(MORNING), MONDAY, bounds=window_at(asked, min_notice="2h")))[0] == "08:30"
    late = asked + timedelta(microseconds=1)
    assert shown(public(planning(MORNING), MONDAY, bounds=window_at(late, min_notice="2h")))[0] == "09:00"


def test_a_notice_over_the_spring_change_is_elapsed():
    bounds = window_at(local(date(2027, 3, 27), "10:30"), min_notice="24h")
    assert shown(public(planning("08:00-18:00"), SPRING, bounds=bounds))[0] == "11:30"


def test_the_last_day_of_the_horizon_is_included():
    bounds = window_at(local(MONDAY, "09:00"), max_days=1)
    assert shown(public(planning("22:00-24:00"), TUESDAY, bounds=bounds)) == ["22:00", "22:30", "23:00"]
    assert shown(public(planning(MORNING), TUESDAY + timedelta(days=1), bounds=bounds)) == []


def test_where_nothing_opens_within_a_year_no_notice_is_kept():
    bounds = window(Policy.of({"min_notice": "1d", "business_days": True}), LONG_AGO, PARIS, lambda _: True)
    assert why(public(planning(MORNING, step=60), MONDAY, bounds=bounds))["08:00"] == "notice horizon"


def test_a_full_start_in_the_past_has_both_reasons():
    bounds = window_at(local(MONDAY, "09:00"))
    assert public(planning("08:00-12:00"), MONDAY, taken(MONDAY, "08:00-09:00"), bounds=bounds)[0].reasons == (
        Reason.PAST,
        Reason.FULL,
    )


def test_every_reason_that_applies_is_told_in_order():
    bounds = window_at(local(MONDAY, "09:00"), max_days=0)
    start = judged(
        planning(MORNING),
        local(TUESDAY, "11:45"),
        taken(TUESDAY, "11:00-12:00", 6),
        bounds=bounds,
        booking_days=(MONDAY, MONDAY),
    )
    assert start.reasons == (Reason.BREAK, Reason.OFF_GRID, Reason.HORIZON, Reason.NOT_ELIGIBLE, Reason.FULL)
    assert list(start.reasons) == sorted(start.reasons, key=list(Reason).index)


def test_reasons_have_fixed_names_in_a_fixed_order():
    assert [str(reason) for reason in Reason] == [
        "closed",
        "break",
        "off_grid",
        "past",
        "notice",
        "horizon",
        "not_eligible",
        "limit",
        "full",
        "resource_absent",
        "resource_busy",
    ]


# --- the days of a link


@pytest.mark.parametrize(
    ("booking_days", "days"),
    [
        ((TUESDAY, TUESDAY), [TUESDAY]),
        ((TUESDAY, None), [TUESDAY, date(2026, 12, 9)]),
        ((None, TUESDAY), [MONDAY, TUESDAY]),
        ((None, None), [MONDAY, TUESDAY, date(2026, 12, 9)]),
    ],
)
def test_a_link_books_from_its_first_to_its_last_day(booking_days, days):
    last = date(2026, 12, 9)
    starts = search(planning(MORNING), site(), (), MONDAY, last, window=OPEN_WINDOW, booking_days=booking_days)
    assert sorted({start.start.astimezone(PARIS).date() for start in starts if start.offered}) == days
    assert {start.reasons for start in starts if start.start.astimezone(PARIS).date() not in days} <= {
        (Reason.NOT_ELIGIBLE,),
        (Reason.BREAK, Reason.NOT_ELIGIBLE),
    }


# --- one start


def test_a_start_beside_the_grid_is_refused_to_customers():
    assert judged(planning(MORNING), local(MONDAY, "08:10")).reasons == (Reason.OFF_GRID,)


def test_staff_may_leave_the_grid():
    assert judged(planning(MORNING), local(MONDAY, "08:10"), bounds=None).offered


def test_staff_are_bound_by_hours():
    assert judged(planning(MORNING), local(MONDAY, "11:10"), bounds=None).reasons == (Reason.BREAK,)
    assert judged(planning(MORNING), local(MONDAY, "20:10"), bounds=None).reasons == (Reason.CLOSED,)


def test_staff_are_bound_by_capacity():
    booked = taken(MONDAY, "09:00-10:00", 6)
    assert judged(planning(MORNING), local(MONDAY, "08:10"), booked, bounds=None).reasons == (Reason.FULL,)


def test_staff_are_not_bound_by_the_window():
    assert judged(planning(MORNING), local(date(2020, 12, 7), "08:00"), bounds=None).offered


@pytest.mark.parametrize("beside", [timedelta(microseconds=1), timedelta(seconds=1), timedelta(seconds=59)])
@pytest.mark.parametrize("bounds", [None, OPEN_WINDOW])
def test_nobody_starts_within_a_minute(beside, bounds):
    assert judged(planning(MORNING), local(MONDAY, "08:00") + beside, bounds=bounds).reasons == (Reason.OFF_GRID,)


def test_a_start_in_the_lunch_break_crosses_it():
    reasons = judged(planning("08:00-12:00", "14:00-18:00"), local(MONDAY, "12:30")).reasons
    assert reasons == (Reason.BREAK, Reason.OFF_GRID)


@pytest.mark.parametrize("clock", ["03:00", "20:00"])
def test_a_start_outside_the_hours_is_closed(clock):
    reasons = judged(planning("08:00-12:00", "14:00-18:00"), local(MONDAY, clock)).reasons
    assert reasons == (Reason.CLOSED, Reason.OFF_GRID)


def test_a_start_on_a_date_without_hours_is_closed():
    reasons = judged(planning(week={2: openings("08:00-12:00")}), local(MONDAY, "08:00")).reasons
    assert reasons == (Reason.CLOSED, Reason.OFF_GRID)


def test_a_start_may_be_given_in_any_zone():
    start = judged(planning(MORNING), datetime(2026, 12, 7, 2, 30, tzinfo=ZoneInfo("America/New_York")))
    assert (start.offered, start.start) == (True, local(MONDAY, "08:30"))


def test_one_start_is_judged_as_the_page_judges_it():
    schedule, booked = planning(MORNING), taken(MONDAY, "08:30-09:30", 5)
    for start in public(schedule, MONDAY, booked):
        assert judged(schedule, start.start, booked) == start


# --- the next free start


def test_the_next_offered_start_is_the_first_of_a_search():
    schedule, full = planning("08:00-09:00"), taken(MONDAY, "08:00-09:00")
    found = next_offered(schedule, site(), [full], MONDAY, SUNDAY, window=None)
    assert found == search(schedule, site(), [full], TUESDAY, TUESDAY, window=None)[0]


def test_there_may_be_no_next_offered_start():
    assert next_offered(planning(), site(), (), MONDAY, SUNDAY, window=None) is None
