"""Weeks, versions, exceptional days and closures, and the capacity that they give."""

from datetime import date, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from portal.domain.errors import Invalid
from portal.domain.openings import (
    Closed,
    Closure,
    Opening,
    Profile,
    Schedule,
    Version,
    Why,
    check_openings,
    is_open,
    openings_on,
    possible,
    possible_in_week,
    profile,
    week_on,
    why_closed,
)
from tests.domain.builders import (
    AUTUMN,
    MONDAY,
    PARIS,
    SPRING,
    SUNDAY,
    TUESDAY,
    closed_on,
    every_day,
    hours,
    local,
    opening,
    openings,
    planning,
    site,
)

OLD, NEW = every_day("08:00-12:00"), every_day("14:00-18:00")


def christmas(day):
    return "Noël" if (day.month, day.day) == (12, 25) else None


def spans(schedule, first, last=None, place=None):
    """Write the joined hours as local text."""
    found = profile([schedule], place or site(), first, last or first).spans
    return [f"{start.astimezone(PARIS):%d %H:%M} - {end.astimezone(PARIS):%d %H:%M}" for start, end in found]


def refused(*texts):
    with pytest.raises(Invalid) as refusal:
        check_openings(openings(*texts), field="week.mon")
    return refusal.value.values


# --- what is written


def test_touching_openings_are_accepted():
    check_openings(openings(("08:00-12:00", 6), ("12:00-14:00", 2)))


def test_an_opening_until_midnight_is_accepted():
    check_openings(openings("22:00-24:00", "00:00-02:00"))


def test_overlapping_openings_are_refused_naming_both():
    values = refused("08:00-12:00", "11:30-14:00")
    assert values == {
        "field": "week.mon",
        "problem": "overlap",
        "index": 1,
        "first": "08:00-12:00",
        "second": "11:30-14:00",
    }


@pytest.mark.parametrize("order", list(permutations(["08:00-12:00", "09:00-10:00", "14:00-18:00"])))
def test_an_overlap_is_found_in_any_order(order):
    values = refused(*order)
    assert (values["first"], values["second"]) == ("08:00-12:00", "09:00-10:00")
    assert values["index"] == max(order.index("08:00-12:00"), order.index("09:00-10:00"))


def test_the_same_opening_twice_overlaps():
    assert refused("08:00-12:00", "08:00-12:00")["problem"] == "overlap"


@pytest.mark.parametrize(("start", "end"), [(600, 600), (600, 540), (-10, 60), (0, 1441)])
def test_impossible_bounds_are_refused(start, end):
    with pytest.raises(Invalid) as refusal:
        check_openings([Opening(start, end, 1)])
    assert refusal.value.values["problem"] == "bad_bounds"


@pytest.mark.parametrize("slots", [0, -1, 10_001])
def test_impossible_numbers_of_slots_are_refused(slots):
    with pytest.raises(Invalid) as refusal:
        check_openings([opening("08:00-09:00"), opening("10:00-11:00", slots)])
    assert (refusal.value.values["problem"], refusal.value.values["index"]) == ("bad_slots", 1)


@pytest.mark.parametrize(
    ("slot", "step", "field"), [(0, 30, "slot_minutes"), (60, 0, "step_minutes"), (1441, 30, "slot_minutes")]
)
def test_impossible_lengths_and_steps_are_refused(slot, step, field):
    with pytest.raises(Invalid) as refusal:
        planning("08:00-12:00", slot=slot, step=step)
    assert refusal.value.values["field"] == field


def test_an_opening_is_written_as_its_hours():
    assert str(opening("08:00-24:00")) == "08:00-24:00"


# --- appointments possible


@pytest.mark.parametrize(
    ("text", "slots", "minutes", "count"),
    [("08:00-12:00", 6, 60, 24), ("08:00-12:30", 6, 60, 24), ("08:00-12:00", 2, 45, 10), ("08:00-08:30", 6, 60, 0)],
)
def test_appointments_possible_are_whole_lengths_times_slots(text, slots, minutes, count):
    assert possible(opening(text, slots), minutes) == count


def test_appointments_possible_in_a_week_add_up():
    week = {1: openings(("08:00-12:00", 6), ("14:00-18:00", 4)), 5: openings(("08:00-12:00", 6))}
    assert possible_in_week(week, 60) == 24 + 16 + 24


# --- which week is in force


def versions(*pairs):
    return Schedule(PARIS, tuple(Version(day, week) for day, week in pairs))


def test_the_newest_version_that_applies_is_in_force():
    schedule = versions((None, OLD), (TUESDAY, NEW))
    assert [week_on(schedule, day) for day in (MONDAY, TUESDAY, SUNDAY)] == [OLD, NEW, NEW]


def test_the_order_of_versions_does_not_matter():
    schedule = versions((TUESDAY, NEW), (None, OLD))
    assert [week_on(schedule, day) for day in (MONDAY, TUESDAY)] == [OLD, NEW]


def test_before_the_first_version_there_are_no_hours():
    assert openings_on(versions((TUESDAY, NEW)), MONDAY) == ()


def test_a_day_missing_in_the_week_has_no_hours():
    assert openings_on(planning(week={2: openings("08:00-12:00")}), MONDAY) == ()


# --- precedence


def test_an_exceptional_day_replaces_the_week():
    schedule = planning("08:00-12:00", exceptions={MONDAY: openings("10:00-11:00")})
    assert openings_on(schedule, MONDAY) == openings("10:00-11:00")
    assert spans(schedule, MONDAY, TUESDAY) == ["07 10:00 - 07 11:00", "08 08:00 - 08 12:00"]


def test_an_exceptional_day_may_be_empty():
    schedule = planning("08:00-12:00", exceptions={MONDAY: ()})
    assert spans(schedule, MONDAY) == []
    assert why_closed(schedule, site(), MONDAY) == Closed(Why.EXCEPTIONAL)


def test_a_closure_comes_before_an_exceptional_day():
    schedule = planning(exceptions={MONDAY: openings("10:00-11:00")})
    place = site(closed_on(MONDAY, "Inventaire"))
    assert spans(schedule, MONDAY, place=place) == []
    assert why_closed(schedule, place, MONDAY) == Closed(Why.CLOSURE, "Inventaire")


def test_an_exceptional_day_comes_before_a_public_holiday():
    day = date(2026, 12, 25)
    schedule, place = planning(exceptions={day: openings("10:00-11:00")}), site(holiday=christmas)
    assert spans(schedule, day, place=place) == ["25 10:00 - 25 11:00"]
    assert why_closed(schedule, place, day) is None


def test_a_public_holiday_comes_before_the_week():
    day, place = date(2026, 12, 25), site(holiday=christmas)
    assert spans(planning("08:00-12:00"), day, place=place) == []
    assert why_closed(planning("08:00-12:00"), place, day) == Closed(Why.HOLIDAY, "Noël")


def test_a_site_that_observes_no_holiday_stays_open():
    assert spans(planning("08:00-12:00"), date(2026, 12, 25)) == ["25 08:00 - 25 12:00"]


def test_a_weekday_without_hours_is_closed_by_the_week():
    assert why_closed(planning(week={2: openings("08:00-12:00")}), site(), MONDAY) == Closed(Why.WEEK)


def test_an_open_day_has_no_reason_to_be_closed():
    assert why_closed(planning("08:00-12:00"), site(), MONDAY) is None


def test_a_closure_includes_its_last_day():
    place = site(Closure(MONDAY, TUESDAY, "Pont"))
    assert [is_open([planning("08:00-12:00")], place, MONDAY + timedelta(days=n)) for n in range(3)] == [
        False,
        False,
        True,
    ]


def test_a_site_is_open_when_one_planning_is():
    never, mornings = planning(), planning("08:00-12:00")
    assert not is_open([never], site(), MONDAY)
    assert is_open([never, mornings], site(), MONDAY)
    assert not is_open([], site(), MONDAY)


def test_a_closure_takes_the_dates_of_the_site_not_of_the_planning():
    """A planning in Paris hours at a site in New York, closed on Monday there: 06:00 to 06:00 in Paris."""
    new_york = ZoneInfo("America/New_York")
    place = site(closed_on(MONDAY), zone=new_york)
    assert spans(planning("00:00-24:00"), MONDAY, place=place) == []
    assert spans(planning("00:00-12:00"), SUNDAY - timedelta(days=7), TUESDAY, place) == [
        "06 06:00 - 06 12:00",
        "07 00:00 - 07 06:00",
        "08 06:00 - 08 12:00",
        "09 00:00 - 09 06:00",
    ]


def test_a_holiday_of_the_site_leaves_an_exceptional_day_of_another_zone():
    """It is Christmas in New York until 06:00 Paris time on the 26th."""
    place = site(holiday=christmas, zone=ZoneInfo("America/New_York"))
    day = date(2026, 12, 26)
    week, special = planning("04:00-08:00"), planning("04:00-08:00", exceptions={day: openings("04:00-08:00")})
    assert "26 06:00 - 26 08:00" in spans(week, day, place=place)
    assert spans(special, date(2026, 12, 25), day, place)[-2:] == ["26 04:00 - 26 08:00", "27 04:00 - 27 06:00"]


# --- capacity over time


def test_capacity_is_a_step_function():
    steps = profile([planning(("08:00-12:00", 6), ("12:00-14:00", 2))], site(), MONDAY, MONDAY)
    clock = ["07:59", "08:00", "11:59", "12:00", "13:59", "14:00"]
    assert [steps.capacity_at(local(MONDAY, at)) for at in clock] == [0, 6, 6, 2, 2, 0]
    assert [segment.slots for segment in steps.segments] == [6, 2]


def test_touching_openings_join():
    assert spans(planning(("08:00-12:00", 6), ("12:00-14:00", 2)), MONDAY) == ["07 08:00 - 07 14:00"]


def test_openings_join_over_midnight():
    week = {1: openings("22:00-24:00"), 2: openings("00:00-02:00")}
    assert spans(planning(week=week), MONDAY, TUESDAY) == ["07 22:00 - 08 02:00"]


def test_a_break_does_not_join():
    assert len(spans(planning("08:00-12:00", "12:01-18:00"), MONDAY)) == 2


def test_the_lowest_capacity_of_an_interval_counts_its_end_out():
    steps = profile([planning(("08:00-12:00", 6), ("12:00-14:00", 2))], site(), MONDAY, MONDAY)
    assert steps.lowest(local(MONDAY, "11:00"), local(MONDAY, "12:00")) == 6
    assert steps.lowest(local(MONDAY, "11:30"), local(MONDAY, "12:30")) == 2
    assert steps.lowest(local(MONDAY, "13:30"), local(MONDAY, "14:30")) == 0
    assert steps.highest(local(MONDAY, "11:30"), local(MONDAY, "12:30")) == 6


def test_two_plannings_of_one_resource_give_the_larger_capacity_never_the_sum():
    both = [planning(("08:00-12:00", 2)), planning(("10:00-14:00", 3))]
    for schedules in (both, both[::-1]):
        steps = profile(schedules, site(), MONDAY, MONDAY)
        assert [(segment.slots, segment.end - segment.start) for segment in steps.segments] == [
            (2, hours(2)),
            (3, hours(4)),
        ]


def test_openings_that_overlap_by_the_repeated_hour_give_the_larger_capacity():
    """01:00-02:30 ends at the second 02:30, and 02:30-04:00 starts at the first."""
    steps = profile([planning(("01:00-02:30", 2), ("02:30-04:00", 3))], site(), AUTUMN, AUTUMN)
    assert [(segment.slots, segment.end - segment.start) for segment in steps.segments] == [
        (2, hours(1.5)),
        (3, hours(2.5)),
    ]


def test_an_opening_inside_the_gap_vanishes():
    assert spans(planning("02:00-03:00"), SPRING) == []


def test_an_opening_of_the_repeated_hour_lasts_two_hours():
    [(start, end)] = profile([planning("02:00-03:00")], site(), AUTUMN, AUTUMN).spans
    assert end - start == hours(2)


def test_open_minutes_add_up_capacity_over_time():
    steps = profile([planning(("08:00-12:00", 6), ("14:00-18:00", 1))], site(), MONDAY, TUESDAY)
    assert steps.open_minutes(local(MONDAY, "11:00"), local(MONDAY, "15:00")) == 6 * 60 + 60
    assert steps.open_minutes(local(MONDAY, "00:00"), local(TUESDAY, "00:00")) == 6 * 240 + 240


def test_outside_its_dates_a_profile_is_closed():
    steps = profile([planning("00:00-24:00")], site(), MONDAY, MONDAY)
    assert spans(planning("00:00-24:00"), MONDAY) == ["07 00:00 - 08 00:00"]
    assert steps.capacity_at(local(TUESDAY, "00:00")) == 0


def test_a_room_without_planning_is_always_open_with_one_place():
    always = Profile.always()
    assert always.lowest(local(MONDAY, "00:00"), local(SUNDAY, "00:00")) == 1
    assert always.open_minutes(local(MONDAY, "08:00"), local(MONDAY, "09:00")) == 60


def test_a_person_without_planning_is_never_open():
    assert Profile.never().highest(local(MONDAY, "00:00"), local(SUNDAY, "00:00")) == 0
    assert Profile.never().segments == ()
