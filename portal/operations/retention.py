"""Retention: what is past its time is anonymised, some at a time, and what nobody needs is swept out."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, select
from sqlalchemy.orm import Session

from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Customer, Idempotency, Order, Organisation, OutboxMessage, Upload, WaitingEntry
from portal.operations import (
    continuations,
    find,
    mail_traces,
    next_steps,
    staff_links,
    tokens,
    waiting,
    waiting_records,
)
from portal.operations.erasure import anonymise, forget_customers

BATCH = 500  # appointments in one transaction: others want to write, too
REPEATABLE = timedelta(days=7)  # how long a request may come again with its idempotency key
UPLOAD = timedelta(days=1)
ANYBODYS = (*next_steps.KINDS, find.KIND, staff_links.MAILS[tokens.RESET])
"""Kinds of mails that anybody has queued for any address: most are for people whom we do not know, and dropped."""
SETTLED = timedelta(days=2)  # how long these are kept


@dataclass(frozen=True, slots=True)
class Purged:
    """What one run did."""

    appointments: int = 0
    customers: int = 0


def purge(*, now: datetime) -> Purged:
    """Anonymise appointments whose time is over, and delete customers of whom nothing else is left.

    How long is the organisation's ``retention_months``, counted in calendar months from an appointment's end; without
    it nothing is past its time. May be run again at any moment, by any number of workers.
    """
    sweep(now=now)
    with reading() as session:
        months = session.scalar(select(Organisation.retention_months))
    if months is None:
        return Purged()
    limit, appointments, customers = months_before(now, months), 0, 0
    while done := _anonymise_some(limit, now):
        appointments += done
    while done := _delete_some(limit, now):
        customers += done
    of_nothing = and_(OutboxMessage.appointment_id.is_(None), OutboxMessage.order_id.is_(None))
    while _sweep_waiting(limit) or _sweep_mails(and_(of_nothing, OutboxMessage.created_at < limit)):
        pass
    return Purged(appointments, customers)


def forgotten(before: int | None, months: int | None, *, now: datetime) -> int:
    """Count the appointments that the next run makes anonymous when they are kept for fewer months than ``before``."""
    with reading() as session:
        return forgotten_of(session, before, months, now)


def forgotten_of(session: Session, before: int | None, months: int | None, now: datetime) -> int:
    """Count as ``forgotten``, within the caller's session."""
    if months is None or (before is not None and before <= months):
        return 0
    return session.scalar(select(func.count()).select_from(Appointment).where(_over(months_before(now, months)))) or 0


def _over(limit: datetime) -> ColumnElement[bool]:
    return and_(Appointment.ends_at < limit, Appointment.erased_at.is_(None))


def sweep(*, now: datetime) -> None:
    """Sweep out files that nobody decided upon, answers that nobody asks for again, and links that lead on no more.

    With them go the mails that anybody can have written.
    """
    _sweep_rows(now)
    asked = and_(OutboxMessage.kind.in_(ANYBODYS), OutboxMessage.created_at < now - SETTLED)
    while _sweep_mails(asked):
        pass


@retried
def _sweep_rows(now: datetime) -> None:
    with transaction() as session:
        session.execute(delete(Upload).where(Upload.created_at < now - UPLOAD))
        session.execute(delete(Idempotency).where(Idempotency.created_at < now - REPEATABLE))
        continuations.sweep(session, now)


@retried
def _sweep_mails(which: ColumnElement[bool]) -> int:
    """Delete some of these mails that wait no more, and count them."""
    over = OutboxMessage.state != "waiting"
    some = select(OutboxMessage.id).where(over, which).limit(BATCH)
    with reading() as session:
        ids = session.scalars(some).all()
    if not ids:
        return 0
    with transaction() as session:
        return mail_traces.forget(session, and_(OutboxMessage.id.in_(ids), over))  # unless sent again meanwhile


@retried
def _anonymise_some(limit: datetime, now: datetime) -> int:
    with transaction() as session:
        query = select(Appointment.id).where(_over(limit)).order_by(Appointment.id).limit(BATCH)
        ids = session.scalars(query.with_for_update(skip_locked=True)).all()
        anonymise(session, ids, now)
        return len(ids)


@retried
def _delete_some(limit: datetime, now: datetime) -> int:
    """Delete customers without appointment whose orders, if any, have rested since; the orders stay, without them."""
    with transaction() as session:
        needed = exists().where(Appointment.customer_id == Customer.id)
        ordering = exists().where(Order.customer_id == Customer.id, Order.updated_at >= limit)
        waits = exists().where(WaitingEntry.email == Customer.email, WaitingEntry.state == waiting.WAITING)
        idle = and_(Customer.created_at < limit, ~needed, ~ordering, ~waits)
        ids = session.scalars(select(Customer.id).where(idle).order_by(Customer.id).limit(BATCH)).all()
        forget_customers(session, ids, now)
        return len(ids)


@retried
def _sweep_waiting(limit: datetime) -> int:
    with transaction() as session:
        return waiting_records.sweep(session, limit)


def months_before(instant: datetime, months: int) -> datetime:
    """Go back calendar months; a day that the month does not have is its last.

    >>> from datetime import UTC
    >>> months_before(datetime(2026, 5, 31, 12, tzinfo=UTC), 3).date().isoformat()
    '2026-02-28'
    """
    month = instant.year * 12 + instant.month - 1 - months
    year, index = divmod(month, 12)
    return instant.replace(year=year, month=index + 1, day=min(instant.day, monthrange(year, index + 1)[1]))
