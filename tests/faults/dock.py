"""One site with one planning, open every day, and what customers do there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from portal.domain.errors import Refusal
from portal.extensions import transaction
from portal.models import Order, Organisation, Planning, PlanningVersion, Pool, Site, WeeklyOpening
from portal.operations import appointments, links
from portal.operations.actors import CUSTOMER, GUEST
from portal.operations.keepsakes import new_revision
from portal.operations.once import Once
from portal.operations.wishes import Contact, Move, Wish

PARIS = ZoneInfo("Europe/Paris")
MONDAY = date(2026, 12, 7)
OPENS, CLOSES = 8, 12  # local hours, every day
POOL_STARTS = tuple((OPENS * 60 + 30 * k) for k in range(7))  # minutes after midnight: 8:00 to 11:00, every half hour


def at(minutes: int, day: date = MONDAY) -> datetime:
    """Give the instant of a local time, in minutes after midnight."""
    return (datetime.combine(day, time(), PARIS) + timedelta(minutes=minutes)).astimezone(UTC)


def build(now: datetime, *, slots: int = 6, step: int = 30, undo: int = 5, **policy: Any) -> None:
    """Write the site ``bordeaux``, its planning ``quais`` for guests and orders, and the order ``CMD-1``.

    ``policy`` is the rest of the site's, by key.
    """
    with transaction() as session:
        session.add(Organisation(id=1, name="Dupont Logistique", locale="fr", timezone="Europe/Paris"))
        rules = {"undo": undo, **policy}
        site = Site(key="bordeaux", name="Bordeaux", timezone="Europe/Paris", policy=rules, revision=new_revision())
        week = [
            WeeklyOpening(weekday=day, start_minute=OPENS * 60, end_minute=CLOSES * 60, slots=slots)
            for day in range(1, 8)
        ]
        planning = Planning(
            key="quais",
            name="Quais",
            timezone="Europe/Paris",
            kinds=["customer"],
            guests=True,
            slot_minutes=60,
            step_minutes=step,
            policy={},
            revision=new_revision(),
            versions=[PlanningVersion(applies_from=None, openings=week)],
        )
        session.add_all([site, planning])
        session.flush()
        session.add(Pool(planning_id=planning.id, site_id=site.id))
        session.add(Order(reference="CMD-1", kind="customer", site_id=site.id, created_at=now, updated_at=now))


def change_capacity(slots: int) -> None:
    """Change how many may be present at once, as an edit of the planning does: its row first."""
    with transaction() as session:
        planning = session.query(Planning).filter_by(key="quais").with_for_update().one()
        planning.revision = new_revision()
        for opening in planning.versions[0].openings:
            opening.slots = slots


def link(now: datetime, **scope: int) -> str:
    """Make a link for the order and give its token."""
    return links.create("CMD-1", now=now, scope=links.Scope(**scope)).token


def guest(start: datetime, number: int = 0, key: str | None = None) -> Wish:
    """Wish for a place as a guest."""
    once = Once("guest:bordeaux/quais", key) if key else None
    contact = Contact(f"client{number}@example.com", f"Client {number}")
    return Wish(start, contact, GUEST, site="bordeaux", planning="quais", once=once)


def book(number: int, starts: Sequence[datetime], now: datetime) -> list[int]:
    """Try every start in turn: 201 or the status of the refusal, for each."""
    return [status_of(guest(start, number), now) for start in starts]


def book_once(number: int, starts: Sequence[datetime], key: str, now: datetime) -> str | int:
    """Send one request that others send too: the id of the appointment. ``number`` chooses among the starts."""
    return appointments.book(guest(starts[number % len(starts)], key=key), now=now).public_id


def book_for_one(number: int, starts: Sequence[datetime], now: datetime) -> int:
    """Try the start of one's number under an address that all share."""
    return status_of(guest(starts[number % len(starts)]), now)


def move_one(number: int, ids: Sequence[str], starts: Sequence[datetime], now: datetime) -> int:
    """Move the appointment of one's number to the start of one's number."""
    return moved_to(ids[number], starts[number], now)


def book_by_link(number: int, token: str, starts: Sequence[datetime], now: datetime) -> int:
    """Try the start of one's number through a link that all share."""
    contact = Contact("achats@example.com", "Achats")
    return status_of(Wish(starts[number % len(starts)], contact, CUSTOMER, token=token), now)


def swing(number: int, ids: Sequence[str], there: datetime, back: datetime, rounds: int, now: datetime) -> list[int]:
    """Move one's own appointment to and fro; odd numbers begin the other way round."""
    starts = (there, back) if number % 2 == 0 else (back, there)
    return [moved_to(ids[number], starts[turn % 2], now) for turn in range(rounds)]


def status_of(wish: Wish, now: datetime) -> int:
    """Book: 201 or the status of the refusal."""
    try:
        appointments.book(wish, now=now)
    except Refusal as refusal:
        return refusal.status
    return 201


def moved_to(public_id: str, start: datetime, now: datetime) -> int:
    """Move: 200 or the status of the refusal."""
    try:
        appointments.move(Move(public_id, start, CUSTOMER), now=now)
    except Refusal as refusal:
        return refusal.status
    return 200
