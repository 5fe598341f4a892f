"""Taking people out of the records: at their wish, or when their time is over. The places and figures stay.

What remains of an appointment tells when, where and what for, never who. The history keeps its ledger entries, so that
``creneau check`` can still replay it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import NotFound, StateChanged
from portal.domain.lifecycle import ACTIVE, Status
from portal.extensions import retried, transaction
from portal.models import Appointment, Audit, Continuation, Customer, Event, Order, OutboxMessage, Upload
from portal.operations import audit, mail_traces, waiting_records
from portal.operations.actors import SYSTEM, Actor

PERSONAL = ("name", "phone", "email", "comment", "text", "reason", "fields", "overbook")
"""What in the history of an appointment, or of an order, may say who somebody is."""

EMPTY: dict[str, Any] = {"email": None, "name": "", "phone": "", "comment": "", "fields": {}, "overbook_reason": ""}


@retried
def erase(customer_id: int, *, now: datetime, by: Actor = SYSTEM) -> int:
    """Erase a customer, and count the appointments that were anonymised.

    Raises NotFound, and StateChanged with ``problem="appointments_to_come"`` while somebody is still expected: these
    are cancelled first, so that nobody waits for a person whom nobody knows.
    """
    with transaction() as session:
        row = session.scalar(select(Customer).where(Customer.id == customer_id).with_for_update())
        if row is None:
            raise NotFound
        known = Appointment.customer_id == customer_id
        mine = or_(known, Appointment.email == row.email) if row.email else known
        if session.scalar(
            select(Appointment.id).where(mine, Appointment.status.in_(ACTIVE), Appointment.ends_at > now).limit(1)
        ):
            raise StateChanged(problem="appointments_to_come")
        session.execute(delete(Appointment).where(mine, Appointment.status == Status.HELD.value))
        ids = session.scalars(select(Appointment.id).where(mine)).all()
        anonymise(session, ids, now)
        forget_customers(session, [customer_id], now)
        session.execute(delete(Upload))  # nobody can tell quickly whom a file names; they live for a day at most
        audit.record(session, by, "erased", "customer", str(customer_id), now, after={"appointments": len(ids)})
        return len(ids)


def anonymise(session: Session, ids: Sequence[int], now: datetime) -> None:
    """Take out of appointments who came: from the rows, from their history, and with the mails."""
    if not ids:
        return
    session.execute(
        update(Appointment)
        .where(Appointment.id.in_(ids))
        # A new generation: the address of the page that shows it was in a mail of theirs. Nor may a cancellation be
        # taken back: nobody would know who comes.
        .values(**EMPTY, customer_id=None, undo_until=None, erased_at=now, generation=Appointment.generation + 1)
    )
    mail_traces.forget(session, OutboxMessage.appointment_id.in_(ids))
    rows = session.execute(select(Event.id, Event.before, Event.after).where(Event.appointment_id.in_(ids))).all()
    for row in rows:
        before, after = _bare(row.before), _bare(row.after)
        if (before, after) != (row.before, row.after):
            session.execute(update(Event).where(Event.id == row.id).values(before=before, after=after))


def forget_customers(session: Session, ids: Sequence[int], now: datetime) -> None:
    """Delete customers, and what names them in mails and in the audit log; their orders stay, without them."""
    made = session.execute(select(Order.id, Order.reference).where(Order.customer_id.in_(ids))).all()
    known = select(Customer.email).where(Customer.id.in_(ids), Customer.email.is_not(None))
    addresses = [str(address) for address in session.scalars(known)]
    named = or_(OutboxMessage.order_id.in_([order.id for order in made]), OutboxMessage.recipient.in_(addresses))
    mail_traces.forget(session, named)
    session.execute(delete(Continuation).where(Continuation.email.in_(addresses)))
    waiting_records.forget(session, addresses, now)
    _forget_changes(session, {order.reference for order in made} | _once_of(session, addresses))
    forget_changes_of(session, ids)
    session.execute(update(Order).where(Order.customer_id.in_(ids)).values(customer_id=None, updated_at=now))
    session.execute(delete(Customer).where(Customer.id.in_(ids)))


def forget_changes_of(session: Session, ids: Sequence[int]) -> None:
    """Take out of the audit log who some customers are, or were."""
    told = and_(Audit.kind == "customer", Audit.key.in_([str(number) for number in ids]))
    session.execute(update(Audit).where(told).values(label="", before={}, after={}))


def _once_of(session: Session, addresses: Sequence[str]) -> set[str]:
    """Find the references of orders that, by the audit log, were of somebody with such an address."""
    named = or_(*(column["email"].as_string().in_(addresses) for column in (Audit.before, Audit.after)))
    return set(session.scalars(select(Audit.key).where(Audit.kind == "order", named)))


def _forget_changes(session: Session, references: Collection[str]) -> None:
    """Take out of the audit log of orders who their customer was."""
    told = select(Audit.id, Audit.before, Audit.after).where(Audit.kind == "order", Audit.key.in_(references))
    for row in session.execute(told).all():
        bare = {"before": _bare(row.before), "after": _bare(row.after)}
        session.execute(update(Audit).where(Audit.id == row.id).values(**bare))


def _bare(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in PERSONAL}
