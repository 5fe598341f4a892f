"""Requests answered: accepted, declined, or expired because nobody answered. So too moves that wait for their answer.

A request holds its place. What is accepted is judged once more, as staff book: by hours and capacity, for these may
have changed since. A move that waits holds two places, and its answer gives one of them back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import StateChanged
from portal.domain.lifecycle import ENDED, Status
from portal.extensions import Transaction, reading, retried, transaction
from portal.models import Appointment, Event
from portal.operations import admission, placing, requests, verdicts
from portal.operations import appointment_rows as rows
from portal.operations.actors import Actor
from portal.operations.bookables import Bookable
from portal.operations.verdicts import asked

WORKER = Actor("system", "worker", staff=True)
TURNS = (
    *("requested", "accepted", "declined", "expired"),
    *("move_requested", "rescheduled", "move_declined", "move_expired", "move_withdrawn"),
    *("cancelled", "undone"),
)
"""The events of asking and answering, and what ends them: the newest says how things stand."""


@retried
def accept(public_id: str, actor: Actor, *, now: datetime, overbook: str = "", start: datetime | None = None) -> bool:
    """Confirm a request, or make the move that waits; False when that was done already.

    ``start`` is the one that was seen and is answered, None whatever waits. ``overbook`` is a manager's reason, which
    lifts hours and capacity. Raises NotFound, StateChanged (nothing waits, another start does, or it is too late),
    SlotTaken, SlotNotOffered.
    """
    with _answering(public_id) as (session, row, bookable):
        if _newest(session, row, now) in ("accepted", "rescheduled"):
            return False
        _check(row, start, now)
        asking, promised = requests.asking(session, row), placing.as_promised(bookable, *asked(row), row.iterations)
        judged = requests.judge(session, promised, asking, asked(row), now)
        if not overbook:
            admission.admit(judged)
        if row.wanted_start:
            verdicts.swap(session, promised, row, judged, asking, actor, now, overbook)
        else:
            verdicts.confirm(session, bookable, row, actor, now, overbook)
        return True


@retried
def decline(public_id: str, actor: Actor, *, now: datetime, reason: str = "", start: datetime | None = None) -> bool:
    """Refuse a request, or the move that waits; False when that was done already. The customer is told the reason.

    The place that was asked for is free at once. Raises NotFound, StateChanged as ``accept`` does.
    """
    with _answering(public_id) as (session, row, bookable):
        if _newest(session, row, now) in ("declined", "move_declined"):
            return False
        _check(row, start, now)
        verdicts.refuse(session, bookable, row, actor, now, Status.DECLINED, {"reason": reason} if reason else {})
        return True


@retried
def withdraw(public_id: str, actor: Actor, *, now: datetime) -> bool:
    """Take a move that waits back: the appointment stays where it is; False when nothing waits. Raises NotFound."""
    with _answering(public_id) as (session, row, bookable):
        if row.wanted_start is None or row.status in ENDED:
            return False
        verdicts.withdraw(session, bookable, row, actor, now)
        return True


def expire(now: datetime) -> int:
    """Let go of what nobody answered in time, each in a transaction of its own, and count it."""
    due = select(Appointment.public_id).where(_overdue(now)).order_by(Appointment.answer_by, Appointment.id)
    with reading() as session:
        found = session.scalars(due).all()
    return sum(_expire(public_id, now) for public_id in found)


@retried
def _expire(public_id: str, now: datetime) -> bool:
    with _answering(public_id) as (session, row, bookable):
        if session.scalar(select(Appointment.id).where(Appointment.id == row.id, _overdue(now))) is None:
            return False  # answered meanwhile
        verdicts.refuse(session, bookable, row, WORKER, now, Status.EXPIRED, {})
        return True


def _overdue(now: datetime) -> ColumnElement[bool]:
    """Take what waits although its time is over; nothing waits beyond its own start, whatever became of the setting."""
    late = or_(Appointment.answer_by <= now, Appointment.starts_at <= now, Appointment.wanted_start <= now)
    moving = and_(Appointment.wanted_start.is_not(None), Appointment.status.not_in(sorted(ENDED)))
    waits = or_(Appointment.status == Status.REQUESTED.value, moving)
    return and_(Appointment.answer_by.is_not(None), late, waits)


@contextmanager
def _answering(public_id: str) -> Iterator[tuple[Transaction, Any, Bookable]]:
    """Lock the places of an appointment, its own and the one it asks for, then read it again."""
    with reading() as session:
        seen = rows.found(session, public_id)
        bookable = rows.bookable_of(session, seen)
        keys = rows.keys_of(session, bookable, seen)
        if seen.wanted_start is not None:
            wanted = requests.asking(session, seen)
            promised = placing.as_promised(bookable, *asked(seen), seen.iterations)
            keys += placing.reach(session, promised, seen.wanted_start, wanted).keys
    with transaction(keys) as session:
        row = rows.found(session, public_id)
        rows.unmoved(row, seen)
        yield session, row, rows.bookable_of(session, row, lock=True)


def _waits(row: Any, now: datetime) -> bool:
    """Tell whether an answer may be given: in time, and never once one of its places has begun."""
    status = Status.CONFIRMED if row.wanted_start else Status.REQUESTED
    begun = min(row.starts_at, asked(row)[0]) <= now
    return row.status == status and row.answer_by is not None and row.answer_by > now and not begun


def _check(row: Any, start: datetime | None, now: datetime) -> None:
    """Accept an answer about the start that was seen. Raises StateChanged."""
    if not _waits(row, now) or (start is not None and start != asked(row)[0]):
        raise StateChanged(status=row.status)


def _newest(session: Session, row: Any, now: datetime) -> str | None:
    """Name the newest turn of asking and answering, None while an answer is still to be given."""
    if _waits(row, now):
        return None
    query = select(Event.kind).where(Event.appointment_id == row.id, Event.kind.in_(TURNS))
    return session.scalar(query.order_by(Event.id.desc()).limit(1))
