"""Confirm by mail: a guest's place is held until the link that was mailed to the address is pressed.

Until then it is an appointment of nobody known: shown nowhere, counted nowhere, told to nobody. It becomes one as if it
were booked at that moment, judged once more; past its time it counts for nothing, whatever the worker does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, select
from sqlalchemy.orm import Session

from portal.domain.errors import LinkExpired, LinkUnknown
from portal.domain.lifecycle import Status
from portal.domain.slots import Start
from portal.extensions import Transaction, reading, retried, transaction
from portal.models import Allocation, Appointment, Customer
from portal.operations import admission, assigning, availability, bookings, limits, next_steps, outbox, placing, tokens
from portal.operations import appointment_rows as rows
from portal.operations.actors import GUEST, Actor
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable, Item
from portal.operations.place_cards import SiteCard

GENERATION = 1


@dataclass(frozen=True, slots=True)
class Waiting:
    """A place that waits for its address to be confirmed ``until`` then; ``made`` is the token of what became of it."""

    site: SiteCard
    item: Item
    start: datetime
    end: datetime
    until: datetime | None
    locale: str
    asks: bool  # what is confirmed is a request
    made: str = ""


def until(bookable: Bookable, actor: Actor, now: datetime, *, known: bool) -> datetime | None:
    """Give the instant by which an address must be confirmed; None for one that need not be: of staff, or ``known``."""
    minutes = bookable.policy.confirm_by_mail
    return now + timedelta(minutes=minutes) if minutes and not known and not actor.staff else None


def hold(
    session: Transaction, bookable: Bookable, row: Any, start: Start, asking: Asking, until: datetime, now: datetime
) -> None:
    """Hold the place of an appointment that was written as ``held``, and queue the mail that asks to confirm it."""
    placing.take(session, bookable, row, start, asking, now, role="held", until=until)
    mail = outbox.Draft(
        kind=next_steps.CONFIRM_ADDRESS,
        dedupe=f"{next_steps.CONFIRM_ADDRESS}:{row.public_id}",
        recipient=row.email,
        locale=row.locale,
        not_before=now,
        payload={next_steps.CONFIRM_ADDRESS: row.public_id},
    )
    outbox.enqueue(session, [mail], now)


def look(token: str, *, now: datetime) -> Waiting:
    """Look at what a mailed link would confirm, or has confirmed. Raises LinkUnknown, LinkExpired."""
    with reading() as session:
        row = _opened(session, token, now)
        bookable = rows.bookable_of(session, row)
    made = _made(row) if row.status != Status.HELD else ""
    asks = admission.asks_first(bookable, GUEST)
    return Waiting(bookable.site, bookable.item, row.starts_at, row.ends_at, row.taken_until, row.locale, asks, made)


@retried
def confirm(token: str, *, now: datetime) -> str:
    """Make an appointment of what was held, once, and give the token that manages it.

    Raises LinkUnknown, LinkExpired, and what ``appointments.book`` raises for a start that cannot be had any more.
    """
    with reading() as session:
        seen = _opened(session, token, now)
        bookable = placing.as_promised(rows.bookable_of(session, seen), seen.starts_at, seen.ends_at, seen.iterations)
        keys = _keys(session, bookable, seen, _asking(session, seen))
    with transaction(keys) as session:
        row = _opened(session, token, now)
        if row.status != Status.HELD:
            return _made(row)
        bookable = rows.bookable_of(session, row, lock=True)
        bookable = placing.as_promised(bookable, row.starts_at, row.ends_at, row.iterations)
        asking = _asking(session, row)
        rows.covered(session, _keys(session, bookable, row, asking))
        start = availability.judge(session, bookable, row.starts_at, now=now, asking=asking)
        admission.admit(start)
        _settle(session, bookable, row, start, asking, now)
        return _made(row)


def _settle(session: Transaction, bookable: Bookable, row: Any, start: Start, asking: Asking, now: datetime) -> None:
    """Let the held place be an appointment's own, and tell of it as of a booking."""
    actor = Actor("customer", row.source)
    status = bookings.status_for(bookable, actor).value
    known = session.scalar(select(Customer.id).where(Customer.email == row.email))
    answer_by = bookings.answer_by(bookable, status, row.starts_at, now)
    changed = {"status": status, "answer_by": answer_by, "customer_id": known}
    rows.write(session, row, now, **changed)
    booked = rows.Row(**{**row._mapping, **changed, "version": row.version + 1})
    session.execute(delete(Allocation).where(Allocation.appointment_id == row.id))
    held = placing.take(session, bookable, booked, start, asking, now)
    bookings.tell(session, bookable, booked, actor, held, now)


def _asking(session: Session, row: Any) -> Asking:
    """Ask for what is held, which is in nobody's own way: with the very people and things that were held."""
    held = assigning.everything(session, row.id) if row.service_id is not None else ()
    chosen = {"quantity": row.units, "iterations": row.iterations, "resources": held}
    return Asking(leaving_out=row.id, customer=row.email, **chosen)


def _keys(session: Session, bookable: Bookable, row: Any, asking: Asking) -> list[str]:
    reached = placing.reach(session, bookable, row.starts_at, asking)
    return [*rows.keys_of(session, bookable, row), *reached.keys, *limits.keys(bookable, row.email)]


def _opened(session: Session, token: str, now: datetime) -> Any:
    """Read the row that a link is about, with the end of its hold. Raises LinkUnknown, LinkExpired."""
    place = and_(Allocation.appointment_id == Appointment.id, Allocation.role == "held")
    held = and_(place, Allocation.released_at.is_(None), Allocation.taken_until > now)
    query = select(*Appointment.__table__.c, Allocation.taken_until).outerjoin(Allocation, held)
    row = session.execute(query.where(Appointment.public_id == tokens.public_id_of(token))).first()
    if not tokens.verified(token, tokens.CONFIRM, row.generation if row is not None else GENERATION):
        raise LinkUnknown
    if row is None or (row.status == Status.HELD and row.taken_until is None):  # nothing is left of what has lapsed
        raise LinkExpired(problem="confirmation")
    return row


def _made(row: Any) -> str:
    return tokens.token(tokens.MANAGE, row.public_id, row.generation)
