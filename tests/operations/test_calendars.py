"""What visitors choose from: months, days and single starts, by the same search as a booking."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.domain.errors import NotFound, StateChanged
from portal.domain.slots import Reason
from portal.extensions import reading
from portal.operations import (
    actors,
    appointments,
    availability,
    bookables,
    guest_calendars,
    link_calendars,
    move_calendars,
    open_sites,
)
from portal.operations.actors import GUEST
from tests import sample
from tests.sample import paris

ONE_PLACE = {1: ((480, 720, 1),)}


@pytest.fixture
def docks(do):
    do(sample.docks)


def guest(do, now, **options):
    return do(guest_calendars.page, "bordeaux", "quais", now=now, **options).shown


def test_the_first_free_day_is_chosen_already(do, docks, now):
    month = guest(do, now)
    assert (month.first, month.day) == (date(2026, 12, 1), date(2026, 12, 1))
    assert month.soonest is not None
    assert month.soonest.start == paris("2026-12-01 09:00")


def test_a_day_shown_free_has_a_slot_in_it(do, docks, now):
    month = guest(do, now)
    for day, starts in month.month.by_day.items():
        shown = do(guest_calendars.day, "bordeaux", "quais", day, now=now)
        assert [start for start in shown.slots if start.offered] == starts


def test_an_empty_month_says_when_the_next_one_is(do, now):
    do(sample.site, closures=[(date(2026, 12, 1), date(2027, 1, 10))])
    do(sample.planning)
    month = guest(do, now, month=date(2026, 12, 1))
    assert (month.day, month.month.offered) == (None, ())
    assert month.following is not None
    assert month.following.start == paris("2027-01-11 08:00")


def test_without_a_wish_the_month_of_the_first_free_slot_is_shown(do, now):
    do(sample.site, closures=[(date(2026, 12, 1), date(2027, 1, 10))])
    do(sample.planning)
    assert guest(do, now).first == date(2027, 1, 1)


def test_months_outside_the_window_become_the_nearest_one_inside(do, docks, now):
    assert guest(do, now, month=date(2026, 3, 1)).first == date(2026, 12, 1)
    assert guest(do, now, month=date(2031, 3, 1)).first == date(2027, 3, 1)


def test_a_day_of_slots_takes_two_statements(do, docks, now, statements):
    do(guest_calendars.day, "bordeaux", "quais", date(2026, 12, 7), now=now)
    with statements(at_most=2):
        do(guest_calendars.day, "bordeaux", "quais", date(2026, 12, 7), now=now)


def test_a_month_takes_few_statements_whatever_is_booked(do, docks, now, statements):
    for number in range(6):
        do(sample.booked, "2026-12-07 08:00", now=now, number=number)
    guest(do, now)
    with statements(at_most=3):
        guest(do, now)


def test_a_link_day_takes_three_statements(do, docks, now, statements):
    do(sample.order)
    token = do(sample.link)
    do(link_calendars.day, token, date(2026, 12, 7), now=now)
    with statements(at_most=3):
        do(link_calendars.day, token, date(2026, 12, 7), now=now)


def test_reading_writes_nothing(do, docks, now, no_writes):
    with no_writes():
        guest(do, now)
        do(open_sites.open_sites)


def test_a_full_day_keeps_its_candidates_with_their_reasons(do, now):
    do(sample.docks, week=ONE_PLACE)
    for hour in ("08:00", "09:00", "10:00", "11:00"):
        do(sample.booked, f"2026-12-07 {hour}", now=now)
    shown = do(guest_calendars.day, "bordeaux", "quais", date(2026, 12, 7), now=now)
    assert {reason for start in shown.slots for reason in start.reasons} == {Reason.FULL, Reason.BREAK}


def test_a_lost_slot_comes_with_the_three_nearest(do, now):
    do(sample.docks, week=ONE_PLACE)
    do(sample.booked, "2026-12-07 09:00", now=now)
    choice = do(guest_calendars.choice, "bordeaux", "quais", paris("2026-12-07 09:00"), now=now)
    assert [start.start for start in choice.nearest] == [
        paris("2026-12-07 08:00"),
        paris("2026-12-07 10:00"),
        paris("2026-12-07 10:30"),
    ]


def test_the_nearest_of_a_hopeless_fortnight_is_the_next_free_start(do, now):
    do(sample.site, closures=[(date(2026, 12, 1), date(2027, 1, 10))])
    do(sample.planning)
    choice = do(guest_calendars.choice, "bordeaux", "quais", paris("2026-12-07 09:00"), now=now)
    assert [start.start for start in choice.nearest] == [paris("2027-01-11 08:00")]


def test_moving_shows_the_places_as_if_the_appointment_were_not_there(do, now):
    do(sample.docks, week=ONE_PLACE)
    made = do(sample.booked, "2026-12-07 08:00", now=now)
    _, shown = do(move_calendars.day, made.token, date(2026, 12, 7), now=now)
    assert [start.places for start in shown.slots if start.offered] == [1] * 7


def test_a_cancelled_appointment_cannot_be_moved(do, docks, now):
    made = do(sample.booked, "2026-12-07 08:00", now=now)
    do(appointments.cancel, made.public_id, GUEST, now=now)
    with pytest.raises(StateChanged):
        do(move_calendars.month, made.token, now=now)


def test_a_site_without_guests_shows_nothing_to_them(do, now):
    do(sample.docks, guests=False)
    assert do(open_sites.open_sites) == []
    with pytest.raises(NotFound):
        do(guest_calendars.page, "bordeaux", "quais", now=now)


def test_an_order_page_parts_what_is_to_come_from_what_is_past(do, docks, now):
    do(sample.order)
    token = do(sample.link)
    wish = sample.wish("2026-12-01 10:00", token=token, site=None, planning=None, actor=actors.CUSTOMER)
    do(appointments.book, wish, now=now)
    page = do(link_calendars.page, token, now=now + timedelta(days=1))
    assert (len(page.upcoming), len(page.past)) == (0, 1)


def test_working_days_notice_skips_the_days_on_which_the_site_is_closed(do, now):
    do(sample.docks, policy={"min_notice": "2d", "business_days": True})
    friday = paris("2026-12-04 15:00")
    first = do(guest_calendars.page, "bordeaux", "quais", now=friday).shown.soonest
    assert first is not None
    assert first.start == paris("2026-12-08 15:00")


def test_another_planning_of_the_site_makes_a_day_a_working_day(do, now):
    do(sample.docks, policy={"min_notice": "2d", "business_days": True})
    do(sample.planning, key="samedi", week={6: ((480, 720, 1),)})
    friday = paris("2026-12-04 15:00")
    first = do(guest_calendars.page, "bordeaux", "quais", now=friday).shown.soonest
    assert first is not None
    assert first.start == paris("2026-12-07 15:00")


def test_hours_of_a_planning_that_is_retired_make_no_working_day(do):
    do(sample.docks)
    do(sample.planning, key="samedi", week={6: ((480, 720, 1),)}, policy={"min_notice": "2d", "business_days": True})
    friday = paris("2026-12-04 15:00")

    def earliest():
        with sample.transaction() as session:
            found = session.query(sample.Planning).filter_by(key="samedi").one()
            of_ids = bookables.of_ids(session, session.query(sample.Site).one().id, found.id, None)
            before = availability.bound(session, of_ids, friday.date(), now=friday).window.earliest
            found.active = False
            session.flush()
            of_ids = bookables.of_ids(session, session.query(sample.Site).one().id, found.id, None)
            return before, availability.bound(session, of_ids, friday.date(), now=friday).window.earliest

    assert do(earliest) == (paris("2026-12-07 15:00"), paris("2026-12-08 15:00"))


def test_working_days_that_the_planning_itself_opens_cost_no_statement(do, now, statements):
    do(sample.docks, policy={"min_notice": "2d", "business_days": True})
    do(guest_calendars.day, "bordeaux", "quais", date(2026, 12, 14), now=now)
    with statements(at_most=2):
        do(guest_calendars.day, "bordeaux", "quais", date(2026, 12, 14), now=now)


def test_each_site_of_a_planning_counts_its_own_places(do, now):
    do(sample.site)
    do(sample.site, key="lyon")
    do(sample.planning, sites=("bordeaux", "lyon"), week=ONE_PLACE)
    do(sample.booked, "2026-12-07 08:00", now=now)
    assert do(sample.judged, "2026-12-07 08:00", now=now, site="lyon").places == 1


def test_a_longer_appointment_from_before_is_seen_by_a_later_day(do, now):
    """The search is bounded by the longest appointment of the pool: a change of length must not hide the old ones."""
    do(sample.docks, week=dict.fromkeys(range(1, 8), ((0, 1440, 1),)), slot_minutes=1440, step_minutes=1440)
    do(sample.booked, "2026-12-07 00:00", now=now)

    def shorten() -> None:
        with sample.transaction() as session:
            planning = session.query(sample.Planning).one()
            planning.slot_minutes, planning.step_minutes = 60, 60
            planning.revision = sample.new_revision()

    do(shorten)
    assert do(sample.judged, "2026-12-07 23:00", now=now).reasons == (Reason.FULL,)


def test_what_is_booked_is_what_was_shown(do, docks, now):
    """Every start of a day, minute by minute, is accepted exactly when the page offers it."""
    shown = {
        start.start
        for start in do(guest_calendars.day, "bordeaux", "quais", date(2026, 12, 7), now=now).slots
        if start.offered
    }

    def judged() -> set:
        with reading() as session:
            bookable = bookables.find(session, "bordeaux", "quais")
            minutes = (paris("2026-12-07 00:00") + timedelta(minutes=10 * number) for number in range(144))
            return {m for m in minutes if availability.judge(session, bookable, m, now=now).offered}

    assert do(judged) == shown
