"""The staff's week: what is taken of each half hour, what is free, and that both are what a booking finds."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from portal.domain.errors import NotFound
from portal.domain.openings import Why
from portal.extensions import reading, transaction
from portal.models import Site
from portal.operations import appointments, staff_calendars, staff_visits, staff_weeks
from portal.operations.actors import Actor
from portal.operations.keepsakes import new_revision
from portal.operations.scopes import Scope
from portal.operations.staff_calendars import Subject
from tests import full_week, sample
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
MONDAY, TUESDAY, SUNDAY = date(2026, 12, 7), date(2026, 12, 8), date(2026, 12, 13)
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
ALWAYS = dict.fromkeys(range(1, 8), ((0, 1440, 2),))
WEEKDAYS = [f"2026-12-{day:02d}" for day in range(7, 12)]


@pytest.fixture
def docks(do):
    do(sample.docks)


@pytest.fixture
def look(do, now):
    """Read the week of 7 December, or of another day."""
    return lambda day=MONDAY, **given: do(staff_weeks.week, now=now, day=day, **given)


def half(day, clock: str):
    hours, _, minutes = clock.partition(":")
    return day.by_place[int(hours) * 60 + int(minutes), 0]


def taken(day, *clocks: str) -> list[tuple[int, int]]:
    return [(half(day, clock).used, half(day, clock).capacity) for clock in clocks]


def free(day, *clocks: str) -> list[bool]:
    return [bool(half(day, clock).free) for clock in clocks]


def ids_of(site: str) -> Scope:
    with reading() as session:
        return Scope(frozenset({session.query(Site).filter_by(key=site).one().id}))


def test_an_empty_day_shows_its_hours_and_its_break(docks, look):
    monday = look().chosen
    assert taken(monday, "7:30", "8:00", "11:30", "12:00", "14:00", "17:30") == [
        (0, 0), (0, 6), (0, 6), (0, 0), (0, 4), (0, 4),
    ]  # fmt: skip
    assert free(monday, "8:00", "11:00", "11:30", "17:00", "17:30") == [True, True, False, True, False]
    assert (monday.booked, monday.possible) == (0, 40)


def test_six_in_the_middle_of_two_hours_fill_both(do, docks, look, now):
    for number in range(6):
        do(sample.booked, "2026-12-07 08:30", now=now, number=number)
    monday = look().chosen
    assert taken(monday, "8:00", "8:30", "9:00", "9:30") == [(0, 6), (6, 6), (6, 6), (0, 6)]
    assert [half(monday, clock).full for clock in ("8:00", "8:30", "9:00")] == [False, True, True]
    assert free(monday, "8:00", "8:30", "9:00", "9:30") == [False, False, False, True]
    assert half(monday, "9:30").free[0].places == 6
    assert (monday.booked, half(monday, "8:30").begin, half(monday, "9:00").begin) == (6, 6, 0)


def test_what_is_free_is_what_the_booking_offers(do, docks, look, now):
    for clock, count in (("08:30", 6), ("10:00", 5), ("14:30", 4), ("16:00", 2)):
        for number in range(count):
            do(sample.booked, f"2026-12-07 {clock}", now=now, number=number)
    offered = do(staff_calendars.day, Subject("bordeaux", "quais"), MONDAY, now=now).slots
    shown = [start for one in look().chosen.halves for start in one.free]
    assert shown == [start for start in offered if start.offered]


def test_a_move_is_proposed_where_something_begins(do, docks, look, now):
    for number in range(6):
        do(sample.booked, "2026-12-07 08:30", now=now, number=number)
    monday = look().chosen
    assert half(monday, "9:30").target == paris("2026-12-07 09:30")
    assert half(monday, "8:30").target == paris("2026-12-07 08:30")  # full: looked at, and refused there
    assert half(monday, "13:00").target is None


def test_what_is_past_is_not_offered(docks, look):
    tuesday = look(date(2026, 12, 1)).chosen  # it is 9:00
    assert free(tuesday, "8:00", "8:30", "9:00") == [False, False, True]
    assert half(tuesday, "8:30").target is None


def test_more_than_there_are_places_is_over(do, docks, look, now):
    for number in range(7):
        do(sample.booked, "2026-12-07 08:00", now=now, number=number, actor=STAFF, overbook="Urgent")
    do(sample.booked, "2026-12-07 12:30", now=now, actor=STAFF, overbook="Urgent")
    monday = look().chosen
    assert taken(monday, "8:00", "8:30", "12:30") == [(7, 6), (7, 6), (1, 0)]
    assert [half(monday, clock).over for clock in ("8:00", "9:00", "12:30", "13:30")] == [True, False, True, False]


def test_the_tightest_moment_of_a_half_hour_counts(do, now):
    do(sample.site)
    do(sample.planning, week={1: ((480, 495, 6), (495, 600, 2))}, slot_minutes=15, step_minutes=15)
    do(sample.booked, "2026-12-07 08:15", now=now)
    (eight, *_rest) = [one for one in do(staff_weeks.week, now=now, day=MONDAY).chosen.halves if not one.shut]
    assert (eight.used, eight.capacity, len(eight.free)) == (1, 2, 2)


def test_a_cancelled_appointment_holds_its_place_until_the_undo_ends(do, docks, look, now):
    booked = do(sample.booked, "2026-12-07 08:00", now=now)
    do(appointments.cancel, booked.public_id, STAFF, now=now, undo=True)
    found = look()
    eight = half(found.chosen, "8:00")
    assert (eight.used, eight.begin, do(staff_visits.present, found.bookable, eight, now=now).count) == (1, 1, 1)
    later = do(staff_weeks.week, now=now + timedelta(days=1), day=MONDAY)
    assert taken(later.chosen, "8:00") == [(0, 6)]


def test_closures_and_exceptional_days_are_said(do, docks, look):
    do(full_week.close, date(2026, 12, 9), "Inventaire")
    do(full_week.exceptional, date(2026, 12, 10), "Demi-journée", (480, 720, 2))
    found = look()
    wednesday, thursday = found.days[2:4]
    assert (wednesday.closure, wednesday.closed.why, wednesday.possible) == ("Inventaire", Why.CLOSURE, 0)
    assert all(one.shut for one in wednesday.halves)
    assert (thursday.exceptional, thursday.closed, taken(thursday, "8:00", "14:00")) == (
        "Demi-journée", None, [(0, 2), (0, 0)],
    )  # fmt: skip
    assert found.days[1].exceptional is None


def test_a_public_holiday_has_its_name(do, docks, look):
    do(full_week.observe, "FR")
    friday = look(date(2026, 12, 25)).chosen
    assert (friday.holiday, friday.closed.why) == ("Noël", Why.HOLIDAY)


def test_two_plannings_do_not_count_each_other(do, docks, look, now):
    do(sample.planning, key="comptoir")
    do(sample.booked, "2026-12-07 08:00", now=now)
    assert taken(look(planning="comptoir").chosen, "8:00") == [(0, 6)]
    assert taken(look(planning="quais").chosen, "8:00") == [(1, 6)]


def test_the_first_planning_by_name_is_shown_and_an_unknown_one_is_none(do, docks, look):
    do(sample.planning, key="comptoir")
    assert [look(planning=key).bookable.item.key for key in (None, "quais", "zzz")] == [
        "comptoir", "quais", "comptoir",
    ]  # fmt: skip


@pytest.mark.parametrize(("day", "count"), [(SPRING, 46), (AUTUMN, 50), (MONDAY, 48)])
def test_a_day_has_as_many_half_hours_as_pass_in_it(do, now, day, count):
    do(sample.site)
    do(sample.planning, week=ALWAYS)
    found = do(staff_weeks.week, now=now, day=day)
    assert len(found.chosen.halves) == count
    assert len(found.places) == max(count, 48)
    assert all(one.end - one.start == timedelta(minutes=30) for one in found.chosen.halves)


def test_an_hour_that_the_clock_repeats_is_there_twice_in_its_order(do, now):
    do(sample.site)
    do(sample.planning, week=ALWAYS)
    found = do(staff_weeks.week, now=now, day=AUTUMN)
    night = [(120, 0), (150, 0), (120, 1), (150, 1), (180, 0)]
    assert list(found.places[4:9]) == night
    second = found.chosen.by_place[120, 1]
    assert (second.start.isoformat(), second.free[0].start) == ("2027-10-31T01:00:00+00:00", second.start)
    assert (120, 1) not in found.days[0].by_place


def test_an_hour_that_the_clock_skips_is_not_there(do, now):
    do(sample.site)
    do(sample.planning, week=ALWAYS)
    found = do(staff_weeks.week, now=now, day=SPRING)
    assert (120, 0) in found.places
    assert (120, 0) not in found.chosen.by_place


def test_a_night_is_present_on_both_its_days(do, now):
    do(sample.site)
    do(sample.planning, week={1: ((1320, 1440, 2),), 2: ((0, 120, 2),)})
    do(sample.booked, "2026-12-07 23:30", now=now)
    monday, tuesday = do(staff_weeks.week, now=now, day=MONDAY).days[:2]
    assert taken(monday, "23:00", "23:30") == [(0, 2), (1, 2)]
    assert taken(tuesday, "0:00", "0:30") == [(1, 2), (0, 2)]
    assert (monday.booked, tuesday.booked) == (1, 0)


def test_what_begins_after_the_week_binds_the_last_start_in_it(do, now):
    do(sample.site)
    do(sample.planning, week={7: ((1320, 1440, 1),), 1: ((0, 120, 1),)})
    do(sample.booked, "2026-12-14 00:00", now=now)
    sunday = do(staff_weeks.week, now=now, day=SUNDAY).chosen
    assert taken(sunday, "23:30") == [(0, 1)]
    assert free(sunday, "23:00", "23:30") == [True, False]


def test_a_week_is_that_of_the_site(do, docks, app):
    with app.app_context(), transaction() as session:
        session.query(Site).update({"timezone": "Pacific/Auckland", "revision": new_revision()})
    found = do(staff_weeks.week, now=datetime.fromisoformat("2026-12-06T12:00:00+00:00"))  # Monday 1:00 there
    assert (found.today, found.days[0].day, found.days[0].halves[0].start.hour) == (MONDAY, MONDAY, 11)


def test_half_hours_begin_at_midnight_where_the_zone_is_a_quarter_off(do, docks, app, look):
    with app.app_context(), transaction() as session:
        session.query(Site).update({"timezone": "Asia/Kathmandu", "revision": new_revision()})
    monday = look().chosen  # the planning opens at 8:00 in Paris: 12:45 there
    assert taken(monday, "12:00", "12:30", "13:00") == [(0, 0), (0, 6), (0, 6)]
    assert free(monday, "12:00", "12:30") == [False, True]


def test_nothing_within_reach_is_no_week(do, now):
    assert do(staff_weeks.week, now=now) is None


def test_a_foreign_site_is_nowhere(do, docks, look):
    do(sample.site, key="lyon")
    do(sample.planning, key="lyon", sites=("lyon",))
    lyon = do(ids_of, "lyon")
    found = look(scope=lyon)
    assert ([one.site.key for one in found.sites], found.bookable.site.key) == (["lyon"], "lyon")
    with pytest.raises(NotFound):
        look(scope=lyon, site="bordeaux")
    with pytest.raises(NotFound):
        look(site="zzz")


def test_the_first_of_each_half_hour_are_named(do, docks, look, now):
    do(full_week.fill, [paris("2026-12-07 08:00")], 600)
    do(sample.booked, "2026-12-07 10:00", now=now, number=9)
    found = look()
    named = do(staff_visits.arrivals, found.bookable, found.chosen, now=now)
    assert [card.name for card in named[paris("2026-12-07 08:00")]] == [f"Camion {n:04d}" for n in range(6)]
    assert [card.name for card in named[paris("2026-12-07 10:00")]] == ["Chauffeur 9"]
    assert half(found.chosen, "8:00").begin == 600


def test_all_who_are_there_are_listed_page_by_page(do, docks, look, now):
    do(full_week.fill, [paris("2026-12-07 08:00")], 120)
    nine = half(look().chosen, "8:30")
    bookable = look().bookable
    first = do(staff_visits.present, bookable, nine, now=now)
    last = do(staff_visits.present, bookable, nine, now=now, page=99)
    assert (first.count, first.pages, len(first.visits)) == (120, 3, 50)
    assert (last.page, len(last.visits), last.visits[-1].name) == (3, 20, "Camion 0119")
    nobody = do(staff_visits.present, bookable, half(look().chosen, "9:00"), now=now)
    assert (nobody.count, nobody.pages, nobody.visits) == (0, 1, ())


def test_whom_a_half_hour_names_are_those_it_counts(do, docks, look, now):
    for clock in ("08:00", "08:30", "09:00"):
        do(sample.booked, f"2026-12-07 {clock}", now=now)
    gone = do(sample.booked, "2026-12-07 08:30", now=now, number=1)
    do(appointments.cancel, gone.public_id, STAFF, now=now, undo=False)
    found = look()
    for clock in ("8:00", "8:30", "9:00", "9:30", "10:00"):
        there = half(found.chosen, clock)
        assert do(staff_visits.present, found.bookable, there, now=now).count == there.used


def test_ten_thousand_appointments_cost_no_more_statements(do, docks, look, now, statements):
    def read():
        found = look()
        do(staff_visits.arrivals, found.bookable, found.chosen, now=now)
        do(staff_visits.present, found.bookable, half(found.chosen, "8:30"), now=now)

    read()  # hours are read once per revision
    with statements(at_most=8) as few:
        read()
    starts = [paris(f"{day} {hour:02d}:00") for day in WEEKDAYS for hour in (8, 9, 10, 11)]
    do(full_week.fill, starts, 500)
    with statements(at_most=8) as many:
        read()
    assert len(few) == len(many)
    assert taken(look().chosen, "8:30") == [(500, 6)]
