"""A place that is only held, for a form or until an address is confirmed, shows in nothing that staff or programs read.

Each reader is asked before and after, beside an appointment that does show: the answers are the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

import pytest

from portal.domain.errors import LinkUnknown, NotFound
from portal.extensions import reading, transaction
from portal.models import Appointment, Customer, Planning
from portal.operations import (
    appointment_lists,
    appointment_search,
    appointments,
    audit_log,
    batch_plans,
    cards,
    customers,
    day_sheets,
    erasure,
    events,
    first_steps,
    heat,
    holds,
    integrity,
    link_calendars,
    mail_log,
    order_pages,
    planning_list,
    planning_previews,
    reminders,
    reports,
    requests,
    sites,
    staff_visits,
    staff_weeks,
    today,
    tokens,
)
from portal.operations.actors import CUSTOMER, GUEST, SYSTEM
from portal.operations.batch_plans import Plan
from portal.operations.bookables import Bookable
from portal.operations.holds import Place
from portal.operations.keepsakes import new_revision
from portal.operations.place_cards import PlanningCard, SiteCard
from portal.operations.scopes import EVERYWHERE
from portal.operations.stands import Asked
from portal.operations.wishes import Contact, Details, Move, Wish
from tests import sample
from tests.sample import paris

DAY = date(2026, 12, 7)
KNOWN = "achats@example.com"
HERE = Place(site="bordeaux", planning="quais")


def plain(value: Any) -> Any:
    """Write an answer as plain values that can be compared: cards of places by their keys."""
    if isinstance(value, SiteCard | PlanningCard):
        return value.key
    if isinstance(value, Bookable):
        return (value.site.key, value.item.key)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(name)): plain(inner) for name, inner in value.items()}
    if isinstance(value, str | int | float | bool | date | datetime | timedelta | Enum | None):
        return value
    if isinstance(value, list | tuple | set | frozenset) or hasattr(value, "__next__"):
        return [plain(one) for one in value]
    return type(value).__name__


def shown_week(now):
    found = staff_weeks.week(now=now, day=DAY)
    halves = [half for one in found.days for half in one.halves]
    return [(half.start, half.used, half.begin) for half in halves], [one.booked for one in found.days]


def arrivals(now):
    found = staff_weeks.week(now=now, day=DAY)
    return staff_visits.arrivals(found.bookable, found.chosen, now=now)


def present(now):
    found = staff_weeks.week(now=now, day=DAY)
    named = [staff_visits.present(found.bookable, half, now=now) for half in found.chosen.halves[16:24]]
    return [(one.visits, one.count) for one in named]


def customer_id():
    with reading() as session:
        return session.query(Customer).filter_by(email=KNOWN).one().id


def link_page(now):
    found = link_calendars.page(sample.link(), now=now, day=DAY)
    return found.upcoming, found.past, found.full


def to_come(now):
    with reading() as session:
        return [cards.to_come(session, email, now) for email in (KNOWN, "chauffeur5@example.com")]


READERS = {
    "today": lambda now: today.read(Asked(day=DAY), now=now),
    "requests": lambda now: requests.search(requests.Wanted(), now=now),
    "sheet": lambda now: day_sheets.read(Asked(day=DAY), now=now),
    "week": shown_week,
    "arrivals": arrivals,
    "present": present,
    "search": lambda _now: appointment_search.search(appointment_search.Wanted()),
    "search by name": lambda _now: appointment_search.search(appointment_search.Wanted(text="chauffeur")),
    "export": lambda _now: appointment_search.every(appointment_search.Wanted()),
    "list": lambda _now: appointment_lists.find_appointments(appointment_lists.Filter()),
    "list of held ones": lambda _now: appointment_lists.find_appointments(appointment_lists.Filter(statuses=["held"])),
    "day": lambda _now: appointment_lists.of_day("bordeaux", DAY),
    "customers": lambda now: customers.listing(customers.Search(), now=now),
    "customer": lambda now: customers.sheet(customer_id(), now=now),
    "record": lambda now: customers.record(customer_id(), now=now),
    "orders": lambda now: order_pages.listing(order_pages.Search(), now=now),
    "order": lambda now: order_pages.sheet("CMD-1042", now=now),
    "plannings": lambda _now: planning_list.overview(now=paris("2026-12-07 07:00")),
    "heat": lambda now: heat.use("quais", now=now, week=DAY).map,
    "report": lambda now: reports.read(now=now, today=DAY, wanted=reports.Wanted(DAY, DAY + timedelta(days=6))),
    "events": lambda now: events.log(now=now),
    "audit": lambda _now: audit_log.everything(audit_log.Search(), scope=EVERYWHERE),
    "sites": lambda now: sites.overview(now=now),
    "closure": lambda now: sites.preview_closure("bordeaux", DAY, DAY, now=now),
    "exceptional day": lambda now: planning_previews.preview_days("quais", now=now, drop=DAY),
    "cancelling a day": lambda now: batch_plans.preview(Plan("bordeaux", DAY), now=now),
    "reminders": reminders.derive,
    "first steps": lambda _now: first_steps.read(),
    "to come": to_come,
    "link": link_page,
    "check": lambda now: integrity.check(now=now),
}
TOUCHED = ("audit", "order")
"""Readers who see that others have read: a link is made for that, and a record that was given is noted."""

SILENT = {"requests", "search by name", "list of held ones", "reminders", "first steps", "audit", "check"}
"""Readers to whom another appointment of an order says nothing new."""


def confirm_by_mail(minutes):
    with transaction() as session:
        for one in session.query(Planning):
            one.policy = {**one.policy, "confirm_by_mail": minutes}
            one.revision = new_revision()


@pytest.fixture
def docks(do, now):
    """Make a dock at which places are held, with one appointment of an order."""
    do(sample.docks, policy={"hold": 600})
    do(sample.order, email=KNOWN)
    wish = Wish(paris("2026-12-07 08:30"), Contact(KNOWN, "Vidal"), CUSTOMER, token=do(sample.link))
    do(appointments.book, wish, now=now)


@pytest.fixture
def hold(do, now):
    """Hold one place for a form, and two until their addresses are confirmed, one of them a customer's."""

    def take():
        do(holds.take, HERE, paris("2026-12-07 08:00"), "0" * 32, now=now)
        do(confirm_by_mail, 600)
        do(sample.booked, "2026-12-07 08:00", now=now, number=5)
        wish = Wish(paris("2026-12-07 08:00"), Contact(KNOWN, "Vidal"), GUEST, site="bordeaux", planning="quais")
        held = do(appointments.book, wish, now=now)
        do(confirm_by_mail, 0)
        return held

    return take


def held_ids():
    with reading() as session:
        return [row.public_id for row in session.query(Appointment).filter_by(status="held").order_by(Appointment.id)]


def held_references():
    with reading() as session:
        return [row.reference for row in session.query(Appointment).filter_by(status="held")]


@pytest.mark.on_both
@pytest.mark.parametrize("names", [TOUCHED, sorted(READERS.keys() - set(TOUCHED))], ids=["touched", "others"])
def test_what_is_only_held_shows_nowhere(do, docks, hold, now, names):
    def read():
        return {name: plain(READERS[name](now)) for name in names}

    before = do(read)
    hold()
    assert len(do(held_ids)) == 3
    after = do(read)
    assert [name for name in before if before[name] != after[name]] == []


def test_the_readers_do_read(do, docks, now):
    """Something that shows makes a difference to them, or the test above could not fail."""

    def read():
        return {name: plain(reader(now)) for name, reader in READERS.items() if name not in SILENT}

    before = do(read)
    wish = Wish(paris("2026-12-07 08:00"), Contact(KNOWN, "Vidal"), CUSTOMER, token=do(sample.link))
    do(appointments.book, wish, now=now)
    after = do(read)
    assert [name for name in before if before[name] == after[name]] == []


def test_an_empty_portal_has_not_begun_by_a_hold(do, hold, now):
    do(sample.docks, policy={"hold": 600})
    do(sample.order, email=KNOWN)
    hold()
    assert not do(first_steps.read).booked


def test_nobody_opens_moves_or_changes_what_is_only_held(do, docks, hold, now):
    hold()
    for public_id in do(held_ids):
        acts = [
            (cards.by_public_id, (public_id,), {}),
            (appointments.cancel, (public_id, SYSTEM), {"now": now}),
            (appointments.undo, (public_id, SYSTEM), {"now": now}),
            (appointments.move, (Move(public_id, paris("2026-12-07 10:00"), SYSTEM),), {"now": now}),
            (appointments.edit, (public_id, Details(name="x"), SYSTEM), {"now": now}),
        ]
        for act, args, options in acts:
            with pytest.raises(NotFound):
                do(act, *args, **options)
        with pytest.raises(LinkUnknown):
            do(cards.by_token, do(tokens.token, tokens.MANAGE, public_id, 1))


def test_the_gate_knows_no_reference_of_what_is_only_held(do, docks, hold):
    hold()
    for reference in do(held_references):
        with pytest.raises(NotFound):
            do(cards.by_reference, reference)


def test_the_mail_log_shows_the_mail_and_no_appointment(do, docks, hold):
    hold()
    page = do(mail_log.listing, mail_log.Search(kind="confirm_address"), scope=EVERYWHERE)
    assert len(page.lines) == 2
    assert {(line.public_id, line.reference) for line in page.lines} == {(None, None)}


def test_a_hold_is_in_no_one_s_way_of_being_forgotten(do, now):
    do(sample.docks, policy={"confirm_by_mail": 600})
    do(sample.order, email=KNOWN)
    wish = Wish(paris("2026-12-07 08:30"), Contact(KNOWN, "Vidal"), GUEST, site="bordeaux", planning="quais")
    do(appointments.book, wish, now=now)
    assert do(erasure.erase, do(customer_id), now=now) == 0
    assert do(held_ids) == []


def test_a_customer_who_only_holds_a_place_can_be_removed(do, now):
    do(sample.docks, policy={"confirm_by_mail": 600})

    def make():
        return customers.create(KNOWN, {"name": "Vidal"}, now=now).id

    number = do(make)
    wish = Wish(paris("2026-12-07 08:30"), Contact(KNOWN, "Vidal"), GUEST, site="bordeaux", planning="quais")
    do(appointments.book, wish, now=now)
    assert do(customers.remove, number, now=now)
