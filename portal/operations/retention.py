"""Retention: what is past its time is anonymised, some at a time, and what nobody needs is swept out."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists, select

from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Customer, Idempotency, Order, Organisation, Upload, WaitingEntry
from portal.operations import continuations, waiting, waiting_records
from portal.operations.erasure import anonymise, forget_customers

BATCH = 500  # appointments in one transaction: others want to write, too
REPEATABLE = timedelta(days=7)  # how long a request may come again with its idempotency key
UPLOAD = timedelta(days=1)


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
    while _sweep_waiting(limit):
        pass
    return Purged(appointments, customers)


@retried
def sweep(*, now: datetime) -> None:
    """Sweep out files that nobody decided upon, answers that nobody asks for again, and links that lead on no more."""
    with transaction() as session:
        session.execute(delete(Upload).where(Upload.created_at < now - UPLOAD))
        session.execute(delete(Idempotency).where(Idempotency.created_at < now - REPEATABLE))
        continuations.sweep(session, now)


@retried
def _anonymise_some(limit: datetime, now: datetime) -> int:
    with transaction() as session:
        over = and_(Appointment.ends_at < limit, Appointment.erased_at.is_(None))
        query = select(Appointment.id).where(over).order_by(Appointment.id).limit(BATCH)
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
