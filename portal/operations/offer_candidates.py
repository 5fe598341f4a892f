"""Who may be asked about a freed place: holders of later appointments, then those on the waiting list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased

from portal.domain.lifecycle import Status
from portal.domain.slots import BookingDays, Start
from portal.domain.waitlist import Holder, Listed, Waiter, in_order
from portal.domain.zones import local_day
from portal.models import Appointment, Assignment, Link, Offer, OfferStop, Resource, WaitingEntry
from portal.operations.addresses import address_keys
from portal.operations.bookables import Bookable
from portal.operations.service_cards import ServiceCard


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be asked, and how to write to them."""

    waiter: Waiter
    email: str
    locale: str


def holders(
    session: Session, bookable: Bookable, row: Any, starts: Sequence[Start], now: datetime
) -> Iterator[Candidate]:
    """Yield the holders who may be asked, those of the longest standing first: in two statements, however many.

    Left out are those whom somebody asked today, or about this place before, and those who want no offers.
    """
    hours = bookable.policy.earlier_slots.hours
    found = {one.waiter.id: one for one in map(_holder, session.execute(_appointments(bookable, row, starts, now)))}
    stopped = frozenset(session.scalars(select(OfferStop.address_key))) if found else frozenset()
    for holder in in_order([one.waiter for one in found.values() if isinstance(one.waiter, Holder)]):
        candidate = found[holder.id]
        if holder.far_enough(now, hours) and stopped.isdisjoint(address_keys(candidate.email) if stopped else ()):
            yield candidate


def _appointments(bookable: Bookable, row: Any, starts: Sequence[Start], now: datetime) -> Any:
    asked = Offer.appointment_id == Appointment.id
    return (
        select(
            *(Appointment.id, Appointment.created_at, Appointment.starts_at, Appointment.ends_at, Appointment.units),
            *(Appointment.email, Appointment.locale, Link.first_day, Link.last_day),
        )
        .outerjoin(Link, Link.id == Appointment.link_id)
        .where(
            Appointment.site_id == bookable.site.id,
            *_same(bookable, row),
            Appointment.starts_at > min(start.start for start in starts),
            Appointment.status == Status.CONFIRMED.value,
            Appointment.wanted_start.is_(None),
            Appointment.email.is_not(None),
            Appointment.id != row.appointment_id,  # who has just given the place back does not want it
            _unasked(asked, row, local_day(now, bookable.zone)),
        )
    )


def _same(bookable: Bookable, row: Any) -> Iterator[ColumnElement[bool]]:
    """Find the appointments of the same planning; of a service, those of the same people where it has any."""
    if not isinstance(bookable.item, ServiceCard):
        yield Appointment.planning_id == bookable.item.id
        return
    yield Appointment.service_id == bookable.item.id
    mine, theirs, person = Assignment, aliased(Assignment), Resource
    people = select(mine.resource_id).join(person, person.id == mine.resource_id)
    staff = people.where(mine.appointment_id == row.appointment_id, person.kind == "staff")
    with_them = select(theirs.id).where(theirs.appointment_id == Appointment.id, theirs.resource_id.in_(staff))
    yield or_(~staff.exists(), with_them.exists())


def _holder(row: Any) -> Candidate:
    who = Holder(row.id, row.created_at, row.starts_at, row.ends_at, row.units, _days(row.first_day, row.last_day))
    return Candidate(who, row.email, row.locale)


def listed(
    session: Session, bookable: Bookable, row: Any, starts: Sequence[Start], now: datetime
) -> Iterator[Candidate]:
    """Yield those on the waiting list for a day of the starts, the longest waiting first."""
    found = {one.waiter.id: one for one in map(_entry, session.execute(_entries(bookable, row, starts, now)))}
    for entry in in_order([one.waiter for one in found.values() if isinstance(one.waiter, Listed)]):
        yield found[entry.id]


def _entries(bookable: Bookable, row: Any, starts: Sequence[Start], now: datetime) -> Any:
    days = [local_day(start.start, bookable.zone) for start in starts]
    entry = WaitingEntry
    return (
        select(
            *(entry.id, entry.created_at, entry.first_day, entry.last_day, entry.units, entry.email, entry.locale),
            *(Link.first_day.label("link_first"), Link.last_day.label("link_last")),
        )
        .outerjoin(Link, Link.id == entry.link_id)
        .where(
            entry.pool_id == bookable.pool_id,
            entry.state == "waiting",
            entry.first_day <= max(days),
            entry.last_day >= min(days),
            *(() if bookable.item.guests else (entry.link_id.is_not(None),)),
            Link.revoked_at.is_(None),
            or_(Link.expires_at.is_(None), Link.expires_at > now),
            _unasked(Offer.waiting_id == entry.id, row, local_day(now, bookable.zone)),
        )
    )


def _entry(row: Any) -> Candidate:
    days = _days(row.link_first, row.link_last)
    who = Listed(row.id, row.created_at, row.first_day, row.last_day, row.units, days)
    return Candidate(who, row.email, row.locale)


def _unasked(theirs: ColumnElement[bool], row: Any, today: date) -> ColumnElement[bool]:
    """Keep those who got no offer today, nor one of this place on another day."""
    asked = select(Offer.id).where(theirs, or_(Offer.offered_on == today, Offer.freed_id == row.id))
    return ~asked.exists()


def _days(first: date | None, last: date | None) -> BookingDays | None:
    return None if first is None and last is None else (first, last)
