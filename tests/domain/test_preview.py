"""What a changed planning does to appointments and to capacity."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from portal.domain.openings import Schedule, Version
from portal.domain.preview import Capacity, Crowded, effect
from tests.domain.builders import (
    MONDAY,
    PARIS,
    SUNDAY,
    TUESDAY,
    closed_on,
    every_day,
    local,
    openings,
    planning,
    site,
)

SIX, TWO = planning(("08:00-12:00", 6)), planning(("08:00-12:00", 2))


def appointment(number, interval, units=1, day=MONDAY):
    start, end = interval.split("-")
    return number, local(day, start), local(day, end), units


def change(before, after, *appointments, place=None, **more):
    return effect(before, after, place or site(), appointments, MONDAY, SUNDAY, **more)


def test_nothing_changed_has_no_effect():
    found = change(SIX, SIX, appointment(1, "08:00-09:00"))
    assert (found.outside, found.crowded, found.week.change) == ((), (), 0)


def test_appointments_left_outside_the_hours_are_listed():
    found = change(SIX, planning(("09:00-12:00", 6)), appointment(1, "08:00-09:00"), appointment(2, "09:00-10:00"))
    assert found.outside == (1,)


def test_an_appointment_partly_outside_is_outside():
    found = change(SIX, planning(("09:00-12:00", 6)), appointment(1, "08:30-09:30"))
    assert found.outside == (1,)


def test_an_appointment_across_a_new_break_is_outside():
    found = change(SIX, planning(("08:00-10:00", 6), ("10:30-12:00", 6)), appointment(1, "09:30-10:30"))
    assert found.outside == (1,)


def test_hours_cut_in_two_that_touch_change_nothing():
    found = change(SIX, planning(("08:00-10:00", 6), ("10:00-12:00", 6)), appointment(1, "09:30-10:30"))
    assert found.outside == ()


def test_all_present_at_an_over_full_moment_are_named():
    found = change(SIX, TWO, *(appointment(number, "08:00-09:00") for number in (1, 2, 3)))
    assert found.crowded == tuple(Crowded(number, local(MONDAY, "08:00"), 3, 2) for number in (1, 2, 3))


def test_who_is_present_only_at_quiet_moments_is_not_named():
    booked = [appointment(number, "08:00-09:00") for number in (1, 2, 3)]
    found = change(SIX, TWO, *booked, appointment(4, "09:00-10:00"))
    assert [crowded.id for crowded in found.crowded] == [1, 2, 3]


def test_the_moment_of_the_crowd_is_told_in_the_sites_time():
    """Two of the three meet at 08:00, all of them at 08:30."""
    booked = [appointment(1, "08:00-09:00"), appointment(2, "08:00-09:00"), appointment(3, "08:30-09:30")]
    found = change(SIX, TWO, *booked)
    assert [(crowded.id, f"{crowded.at:%H:%M}") for crowded in found.crowded] == [
        (1, "08:30"),
        (2, "08:30"),
        (3, "08:30"),
    ]
    assert found.crowded[0].at.tzinfo is PARIS


def test_each_is_named_once_at_its_worst_moment():
    booked = [appointment(1, "08:00-12:00"), appointment(2, "08:00-09:00", 2), appointment(3, "10:00-11:00", 3)]
    assert change(SIX, TWO, *booked).crowded == (
        Crowded(1, local(MONDAY, "10:00"), 4, 2),
        Crowded(2, local(MONDAY, "08:00"), 3, 2),
        Crowded(3, local(MONDAY, "10:00"), 4, 2),
    )


def test_units_count():
    assert [crowded.present for crowded in change(SIX, TWO, appointment(1, "08:00-09:00", 3)).crowded] == [3]


def test_as_many_as_there_are_slots_are_no_crowd():
    assert change(SIX, TWO, appointment(1, "08:00-09:00"), appointment(2, "08:30-09:30")).crowded == ()


def test_the_crowd_where_the_capacity_changes_during_an_appointment():
    after = planning(("08:00-10:00", 6), ("10:00-12:00", 1))
    found = change(SIX, after, appointment(1, "09:30-10:30"), appointment(2, "09:30-10:30"))
    assert [(crowded.id, crowded.at, crowded.slots) for crowded in found.crowded] == [
        (1, local(MONDAY, "10:00"), 1),
        (2, local(MONDAY, "10:00"), 1),
    ]


def test_what_was_wrong_before_is_no_news():
    """Booked over capacity, and at night, by a manager who had a reason."""
    booked = [appointment(number, "08:00-09:00") for number in (1, 2, 3)]
    found = change(TWO, planning(("08:00-12:00", 2), ("14:00-18:00", 2)), *booked, appointment(9, "22:00-23:00"))
    assert (found.outside, found.crowded) == ((), ())


def test_what_was_too_many_before_is_news_when_it_gets_worse():
    booked = [appointment(number, "08:00-09:00") for number in (1, 2, 3)]
    found = change(TWO, planning("08:00-12:00"), *booked)
    assert [(crowded.present, crowded.slots) for crowded in found.crowded] == [(3, 1)] * 3


def test_a_closed_date_loses_nothing_more():
    found = change(SIX, planning(), appointment(1, "08:00-09:00"), place=site(closed_on(MONDAY)))
    assert found.outside == ()


def test_an_added_exceptional_day_is_a_change():
    after = planning(("08:00-12:00", 6), exceptions={MONDAY: ()})
    found = change(SIX, after, appointment(1, "08:00-09:00"), appointment(2, "08:00-09:00", day=TUESDAY))
    assert found.outside == (1,)


def test_outside_the_dates_asked_nothing_is_told():
    assert change(SIX, planning(), appointment(1, "08:00-09:00", day=SUNDAY + timedelta(days=1))).outside == ()


def test_appointments_are_named_in_the_order_of_their_starts():
    found = change(
        SIX, planning(), appointment(1, "10:00-11:00"), appointment(3, "08:00-09:00"), appointment(2, "08:00-09:00")
    )
    assert found.outside == (2, 3, 1)


def test_capacity_is_compared_by_weekday_and_in_the_week():
    before = planning(week={1: openings(("08:00-12:00", 6)), 2: openings(("08:00-12:00", 6))})
    after = planning(week={1: openings(("08:00-12:00", 4)), 3: openings(("08:00-10:00", 1))})
    found = change(before, after)
    assert {day: (count.before, count.after) for day, count in found.weekdays.items()} == {
        1: (24, 16),
        2: (24, 0),
        3: (0, 2),
        **dict.fromkeys((4, 5, 6, 7), (0, 0)),
    }
    assert (found.week, found.week.change) == (Capacity(48, 18), -30)


def test_a_longer_slot_lowers_the_capacity():
    assert change(SIX, planning(("08:00-12:00", 6), slot=90)).weekdays[1] == Capacity(24, 12)


def test_weeks_are_compared_as_they_are_in_force_on_the_first_date():
    later = date(2026, 12, 14)
    after = Schedule(PARIS, (*SIX.versions, Version(later, every_day(("08:00-12:00", 1)))))
    assert change(SIX, after).week.change == 0
    assert change(SIX, after, week_of=later).weekdays[1] == Capacity(24, 4)


def test_a_version_that_applies_later_leaves_earlier_appointments_alone():
    after = Schedule(PARIS, (*SIX.versions, Version(TUESDAY, every_day())))
    found = change(SIX, after, appointment(1, "08:00-09:00"), appointment(2, "08:00-09:00", day=TUESDAY))
    assert found.outside == (2,)


def test_dates_are_those_of_the_site():
    new_york = ZoneInfo("America/New_York")
    late = (1, local(TUESDAY, "02:00"), local(TUESDAY, "03:00"), 1)  # Monday evening in New York
    found = effect(planning("00:00-24:00"), planning(), site(zone=new_york), [late], MONDAY, MONDAY)
    assert found.outside == (1,)


@given(st.lists(st.tuples(st.integers(0, 14), st.integers(1, 3)), max_size=8), st.integers(1, 5))
def test_the_crowd_is_who_is_present_at_a_moment_with_too_many(wishes, slots):
    """Count by quarters of an hour."""
    booked = [
        (
            number,
            local(MONDAY, "08:00") + start * timedelta(minutes=15),
            local(MONDAY, "09:00") + start * timedelta(minutes=15),
            units,
        )
        for number, (start, units) in enumerate(wishes)
    ]
    found = change(planning(("08:00-13:00", 6)), planning(("08:00-13:00", slots)), *booked)
    quarters = [local(MONDAY, "08:00") + number * timedelta(minutes=15) for number in range(20)]
    present = {quarter: [one for one in booked if one[1] <= quarter < one[2]] for quarter in quarters}
    crowded = {one[0] for there in present.values() if sum(one[3] for one in there) > slots for one in there}
    assert {one.id for one in found.crowded} == crowded
    assert len(found.crowded) == len(crowded)
