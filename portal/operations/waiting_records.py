"""What waiting lists and offers keep about people: handed out, forgotten at their wish, swept out when it is old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from portal.models import Appointment, Audit, FreedPlace, Offer, OutboxMessage, WaitingEntry
from portal.operations import mail_traces, offered, offers, waiting, waiting_lists

MAILS = ("waiting_joined", "place_free")
BATCH = 500  # rows deleted in one transaction


def of_address(session: Session, email: str) -> dict[str, Any]:
    """Gather what is kept about an address, as JSON would write it. Instants are in UTC."""
    entries = session.scalars(select(WaitingEntry).where(WaitingEntry.email == email).order_by(WaitingEntry.id)).all()
    theirs = or_(Appointment.email == email, WaitingEntry.email == email)
    made = session.execute(
        select(Offer.starts_at, Offer.state, Offer.created_at, Offer.expires_at, Appointment.reference)
        .outerjoin(Appointment, Appointment.id == Offer.appointment_id)
        .outerjoin(WaitingEntry, WaitingEntry.id == Offer.waiting_id)
        .where(theirs)
        .order_by(Offer.id)
    ).all()
    return {
        "waiting": [_entry(entry) for entry in entries],
        "offers": [_offer(row) for row in made],
        "wants_offers": not offered.is_stopped(session, email),
    }


def _entry(entry: WaitingEntry) -> dict[str, Any]:
    days = {"first_day": entry.first_day.isoformat(), "last_day": entry.last_day.isoformat()}
    told = {"name": entry.name, "locale": entry.locale, "state": entry.state}
    return {**days, **told, "created_at": entry.created_at.isoformat()}


def _offer(row: Any) -> dict[str, Any]:
    times = {"start": row.starts_at, "created_at": row.created_at, "expires_at": row.expires_at}
    told = {name: instant.isoformat() for name, instant in times.items()}
    return {**told, "state": row.state, "appointment": row.reference}


def forget(session: Session, addresses: Sequence[str], now: datetime) -> None:
    """Take addresses off the lists for good, with what they were offered; the stop of offers says nothing by itself.

    A place that was kept for one of them goes on to the next.
    """
    theirs = select(WaitingEntry.id).where(WaitingEntry.email.in_(addresses))
    offers.end(session, and_(Offer.waiting_id.in_(theirs), Offer.state == offers.OPEN), offers.WITHDRAWN, now)
    session.execute(delete(WaitingEntry).where(WaitingEntry.email.in_(addresses)))
    _unname(session, Audit.label.in_(addresses))


def _unname(session: Session, which: ColumnElement[bool]) -> None:
    """Take out of the audit log who was taken off a list."""
    session.execute(update(Audit).where(Audit.kind == waiting_lists.KIND, which).values(label=""))


def sweep(session: Session, limit: datetime) -> int:
    """Delete some of what ended before an instant: entries with their mails, and places with all offers of them."""
    past = and_(WaitingEntry.state != waiting.WAITING, WaitingEntry.ended_at < limit)
    entries = session.execute(select(WaitingEntry.id, WaitingEntry.email).where(past).limit(BATCH)).all()
    places = session.scalars(
        select(FreedPlace.id).where(FreedPlace.state == offers.DONE, FreedPlace.ends_at < limit).limit(BATCH)
    ).all()
    mails = and_(
        OutboxMessage.kind.in_(MAILS),
        OutboxMessage.recipient.in_([entry.email for entry in entries]),
        OutboxMessage.created_at < limit,
    )
    mail_traces.forget(session, mails)
    _unname(session, Audit.key.in_([str(entry.id) for entry in entries]))
    session.execute(delete(WaitingEntry).where(WaitingEntry.id.in_([entry.id for entry in entries])))
    session.execute(delete(FreedPlace).where(FreedPlace.id.in_(places)))
    return len(entries) + len(places)
