"""How often a customer may come: at, just below and just above each limit, by day and by week, at its own level."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from portal.domain.errors import LimitReached
from portal.domain.slots import Reason
from portal.extensions import reading
from portal.operations import appointments, availability, bookables, keepsakes, limits, link_calendars
from portal.operations.actors import CUSTOMER, GUEST, Actor
from portal.operations.asking import Asking
from portal.operations.wishes import Move
from tests import sample
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
ALL_WEEK = dict.fromkeys(range(1, 8), ((8 * 60, 24 * 60, 6),))
EMAIL = "chauffeur0@example.com"


@pytest.fixture
def place(do):
    def make(*, at_site=None, at_planning=None, **options) -> None:
        do(sample.site, policy=at_site or {})
        do(sample.planning, policy=at_planning or {}, **options)

    return make


@pytest.fixture
def book(do, now):
    return lambda start, number=0, **options: do(sample.booked, start, now=now, number=number, **options)


def reasons(day: str, now, *, planning: str = "quais", asking: Asking | None = None) -> set[Reason]:
    with reading() as session:
        bookable = bookables.find(session, "bordeaux", planning)
        wanted = date.fromisoformat(day)
        found = availability.search(session, bookable, wanted, wanted, now=now, asking=asking or Asking(customer=EMAIL))
    return {reason for start in found.starts for reason in start.reasons}


def test_the_last_that_a_day_allows_is_taken_and_the_next_refused(place, book):
    place(at_site={"max_per_day": 2})
    book("2026-12-07 08:00")
    book("2026-12-07 09:00")
    with pytest.raises(LimitReached) as refused:
        book("2026-12-07 10:00")
    assert refused.value.values["reasons"] == ("limit",)
    book("2026-12-08 08:00")


def test_a_day_over_the_limit_is_closed_as_soon_as_the_customer_is_known(place, book, do, now):
    place(at_site={"max_per_day": 1})
    book("2026-12-07 08:00")
    assert do(reasons, "2026-12-07", now) >= {Reason.LIMIT}
    assert Reason.LIMIT not in do(reasons, "2026-12-08", now)
    assert Reason.LIMIT not in do(reasons, "2026-12-07", now, asking=Asking())
    assert Reason.LIMIT not in do(reasons, "2026-12-07", now, asking=Asking(customer="autre@example.com"))


def test_a_link_knows_its_customer_before_any_form(place, do, now):
    place(at_site={"max_per_day": 1})
    do(sample.order)
    token = do(sample.link)
    do(
        appointments.book,
        replace(sample.wish("2026-12-07 08:00"), token=token, actor=CUSTOMER, contact=order_contact()),
        now=now,
    )
    _, found = do(link_calendars.day, token, date(2026, 12, 7), now=now)
    assert all(Reason.LIMIT in start.reasons for start in found.slots)


def order_contact():
    return replace(sample.contact(), email="achats@example.com")


def test_a_week_is_iso_and_the_sites(place, book):
    # 2027-03-28 is a Sunday and the last day of ISO week 12; the 29th begins week 13, across the change of clocks.
    place(at_site={"max_per_week": 1, "max_days": 200}, week=ALL_WEEK)
    book("2027-03-28 23:00")
    book("2027-03-29 08:00")
    with pytest.raises(LimitReached):
        book("2027-03-22 08:00")


def test_a_week_may_cross_the_year(place, book):
    place(at_site={"max_per_week": 1}, week=ALL_WEEK)
    book("2026-12-31 10:00")  # both are 2026-W53
    with pytest.raises(LimitReached):
        book("2027-01-01 10:00")
    book("2027-01-04 10:00")


def test_a_limit_of_the_site_counts_all_its_plannings(place, book, do):
    place(at_site={"max_per_day": 1})
    do(sample.planning, key="quai-nord")
    book("2026-12-07 08:00")
    with pytest.raises(LimitReached):
        book("2026-12-07 10:00", planning="quai-nord")


def test_a_limit_of_a_planning_counts_what_is_booked_there(place, book, do):
    place(at_planning={"max_per_day": 1})
    do(sample.planning, key="quai-nord")
    book("2026-12-07 08:00", planning="quai-nord")
    book("2026-12-07 08:00")
    with pytest.raises(LimitReached):
        book("2026-12-07 10:00")


def test_day_and_week_are_each_counted_at_their_own_level(place, book, do):
    place(at_site={"max_per_week": 2}, at_planning={"max_per_day": 1})
    do(sample.planning, key="quai-nord")
    book("2026-12-07 08:00")
    book("2026-12-07 08:00", planning="quai-nord")  # the week's two
    with pytest.raises(LimitReached):
        book("2026-12-08 08:00")


@pytest.mark.parametrize("undo", [True, False])
def test_a_cancelled_one_counts_until_its_undo_ends(place, book, do, now, undo):
    place(at_site={"max_per_day": 1, "undo": 5})
    do(appointments.cancel, book("2026-12-07 08:00").public_id, GUEST, now=now, undo=undo)
    asking = Asking(customer=EMAIL)
    assert (Reason.LIMIT in do(reasons, "2026-12-07", now, asking=asking)) is undo
    assert Reason.LIMIT in do(reasons, "2026-12-07", now + timedelta(minutes=5, microseconds=-1)) or not undo
    assert Reason.LIMIT not in do(reasons, "2026-12-07", now + timedelta(minutes=5))


def test_the_one_being_moved_does_not_count(place, book, do, now):
    place(at_site={"max_per_day": 1})
    first, other = book("2026-12-07 08:00"), book("2026-12-08 08:00")
    do(appointments.move, Move(first.public_id, paris("2026-12-07 10:00"), GUEST), now=now)
    with pytest.raises(LimitReached):
        do(appointments.move, Move(other.public_id, paris("2026-12-07 11:00"), GUEST), now=now)


def test_a_quantity_counts_once(place, book):
    place(at_site={"max_per_day": 2})
    book("2026-12-07 08:00", quantity=3, actor=STAFF)
    book("2026-12-07 10:00")


def test_another_address_of_the_same_person_is_another_customer(place, book):
    place(at_site={"max_per_day": 1})
    book("2026-12-07 08:00")
    book("2026-12-07 09:00", number=1)


def test_staff_is_not_bound_but_what_it_books_counts(place, book, do, now):
    place(at_site={"max_per_day": 1})
    book("2026-12-07 08:00", actor=STAFF)
    book("2026-12-07 09:00", actor=STAFF)
    assert Reason.LIMIT in do(reasons, "2026-12-07", now)


def test_a_move_that_waits_counts_on_both_its_days(place, book, do, now):
    place(at_site={"max_per_day": 1, "validation": "manager"})
    asked = book("2026-12-07 08:00", actor=STAFF)
    do(appointments.move, Move(asked.public_id, paris("2026-12-08 10:00"), GUEST), now=now)
    for day in ("2026-12-07", "2026-12-08"):
        assert Reason.LIMIT in do(reasons, day, now)


def test_a_move_that_waits_counts_once_on_one_day_and_in_one_week(place, book, do, now):
    place(at_site={"max_per_day": 2, "max_per_week": 3, "validation": "manager"})
    asked = book("2026-12-07 08:00", actor=STAFF)
    do(appointments.move, Move(asked.public_id, paris("2026-12-07 10:00"), GUEST), now=now)
    book("2026-12-07 11:00")
    do(appointments.move, Move(asked.public_id, paris("2026-12-09 10:00"), GUEST), now=now)
    book("2026-12-10 11:00")
    assert Reason.LIMIT in do(reasons, "2026-12-11", now)


def test_the_numbers_are_told(place, book, do, now):
    place(at_site={"max_per_day": 2, "max_per_week": 5})
    book("2026-12-07 08:00")
    book("2026-12-09 08:00")

    def counted():
        with reading() as session:
            bookable = bookables.find(session, "bordeaux", "quais")
            return limits.counts(session, bookable, EMAIL, date(2026, 12, 7), date(2026, 12, 8), now)

    assert do(counted) == [
        limits.Count(date(2026, 12, 7), on_day=1, in_week=2),
        limits.Count(date(2026, 12, 8), on_day=0, in_week=2),
    ]


def test_limits_cost_one_statement_and_nothing_where_there_are_none(place, do, now, statements):
    place(at_site={})
    with statements() as free:
        do(reasons, "2026-12-07", now)
    do(limit_all)
    do(reasons, "2026-12-07", now)  # cards are read anew once
    with statements() as limited:
        do(reasons, "2026-12-07", now)
    assert len(limited) <= len(free) + 1


def limit_all() -> None:
    from portal.extensions import transaction
    from portal.models import Site

    with transaction() as session:
        for one in session.query(Site):
            one.policy, one.revision = {"max_per_day": 1, "max_per_week": 2}, keepsakes.new_revision()
