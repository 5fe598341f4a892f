"""What the staff writes down about an appointment: somebody arrived, is done, did not come; notes; and what is undone.

A mark changes what is known of an appointment, never its place: that is kept to the end. So no ledger is locked here,
the row alone; a cancellation, which does lock it, finds the row changed and starts again. Of those who did not come the
mails tell, where a site wants that, and not before a mistake could be undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.errors import StateChanged
from portal.domain.lifecycle import Status, check_move, check_undo
from portal.extensions import reading, retried, transaction
from portal.models import Event
from portal.operations import appointment_rows as rows
from portal.operations import appointments, outbox
from portal.operations.actors import Actor
from portal.operations.cards import AppointmentCard
from portal.operations.once import Once, answered, digest, remember

MARKS = frozenset({Status.ARRIVED, Status.COMPLETED, Status.NO_SHOW})


@retried
def mark(public_id: str, status: Status, actor: Actor, *, now: datetime) -> bool:
    """Write down that somebody arrived, is done or did not come; False when that is written already.

    Raises NotFound, StateChanged: it may not follow, or nobody can be missing before the start.
    """
    with transaction() as session:
        row = rows.found(session, public_id, lock=True)
        before = Status(row.status)
        if before is status:
            return False
        check_move(before, status, starts_at=row.starts_at, now=now)
        _become(session, row, status, status.value, actor, now)
        if status is Status.NO_SHOW:
            _tell_absence(session, row, now)
        return True


@retried
def unmark(public_id: str, status: Status, actor: Actor, *, now: datetime) -> bool:
    """Take a mark back to what it came from; False when it was taken back already. Raises NotFound, StateChanged."""
    with transaction() as session:
        row = rows.found(session, public_id, lock=True)
        changes = _changes(session, row.id)
        if row.status != status and _Change("undone", status.value, row.status) in changes[:1]:
            return False
        if row.status != status or status not in MARKS:
            raise StateChanged(status=row.status)
        before = next(Status(change.before) for change in changes if change.kind == status)
        check_undo(status, before)
        _become(session, row, before, "undone", actor, now)
        if status is Status.NO_SHOW:
            outbox.withdraw(session, row.id, ("no_show", *rows.NOTICES), now)
        return True


def _tell_absence(session: Session, row: Any, now: datetime) -> None:
    """Queue the mails about one who did not come: they leave when there was time to notice a mistake."""
    bookable = rows.bookable_of(session, row)
    until = now + timedelta(minutes=bookable.policy.undo)
    rows.announce(session, "no_show", "no_show", row, bookable, now, not_before=until)


def undo(public_id: str, actor: Actor, *, now: datetime, of: Status | None = None) -> bool:
    """Take the last thing back: a cancellation while its place is kept, or a mark.

    ``of`` is the state that is to be left: the second click of a double click finds another and does nothing (False).
    Raises NotFound, StateChanged: there is nothing to take back, or it is too late.
    """
    with reading() as session:
        status = Status(rows.found(session, public_id).status)
    if (of or status) is not Status.CANCELLED:
        return unmark(public_id, of or status, actor, now=now)
    if status is not Status.CANCELLED:
        return False
    appointments.undo(public_id, actor, now=now)
    return True


@retried
def note(public_id: str, text: str, actor: Actor, *, now: datetime, once: Once | None = None) -> None:
    """Keep a remark of the staff in the history; nobody else is told. Raises NotFound."""
    request_hash = digest({"public_id": public_id, "text": text})
    with transaction() as session:
        if answered(session, once, request_hash) is not None:
            return
        row = rows.found(session, public_id)
        rows.happened(session, row.id, "noted", actor, now, after={"text": text})
        remember(session, once, request_hash, {}, now)


def since(card: AppointmentCard) -> datetime | None:
    """Tell when an appointment was marked as what it is; None while it is not marked."""
    if card.status not in MARKS:
        return None
    with reading() as session:
        return session.scalar(
            select(func.max(Event.at)).where(Event.appointment_id == card.id, Event.kind == card.status.value)
        )


def _become(session: Session, row: Any, status: Status, kind: str, actor: Actor, now: datetime) -> None:
    rows.write(session, row, now, status=status.value)
    rows.happened(session, row.id, kind, actor, now, before={"status": row.status}, after={"status": status.value})


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of an appointment's state."""

    kind: str
    before: str
    after: str


def _changes(session: Session, appointment_id: int) -> Sequence[_Change]:
    """List how an appointment came from state to state, the newest first."""
    query = select(Event.kind, Event.before, Event.after).where(Event.appointment_id == appointment_id)
    return [
        _Change(kind, before["status"], after["status"])
        for kind, before, after in session.execute(query.order_by(Event.id.desc()))
        if "status" in before and "status" in after
    ]
