"""Where only customers may book: an address is asked for, and the way on is mailed to it if it is a customer's.

Whoever asks is answered alike, and the same is written for every address: a continuation and a mail to queue. Only when
the mail is rendered the customer base is looked at, and what is for a stranger is dropped.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import LinkExpired, LinkUnknown, NotFound
from portal.extensions import retried, transaction
from portal.models import Continuation, Customer
from portal.operations import access, bookables, next_steps, outbox, tokens
from portal.operations.bookables import Bookable
from portal.operations.once import Once, answered, digest, remember

LIFE = timedelta(hours=24)
AT_MOST_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody's wish to go on by mail: the slot chosen, and what the address of the page brought along.

    ``email`` is normal (``normal_address``).
    """

    site: str
    planning: str | None
    start: datetime
    email: str
    locale: str
    carried: tuple[tuple[str, str], ...] = ()
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Introduced:
    """A customer whom a continuation introduces: what is known of them, and the slot that was chosen."""

    id: int
    generation: int
    start: datetime | None
    customer_id: int
    email: str
    name: str
    phone: str
    locale: str | None


@retried
def ask(request: Request, *, now: datetime, once: Once | None = None) -> bool:
    """Write to an address how to go on, if it is a customer's: the work and the answer are the same for every address.

    Tells whether the same request came before. The same address is mailed once in ten minutes about a slot. Raises
    NotFound, NotEligible by the patterns, Invalid (the idempotency key came with another request before).
    """
    request_hash = digest(asdict(request))
    with transaction() as session:
        if answered(session, once, request_hash) is not None:
            return True
        bookable = bookables.find(session, request.site, request.planning, service=request.service)
        if not bookable.item.guests:
            raise NotFound
        access.admit_address(bookable, request.email)
        public_id = _record(session, bookable, request, now)
        outbox.enqueue(session, [_mail(bookable, request, public_id, now)], now)
        remember(session, once, request_hash, {}, now)
        return False


def _record(session: Session, bookable: Bookable, request: Request, now: datetime) -> str:
    public_id = tokens.new_public_id()
    session.execute(
        insert(Continuation),
        {
            "public_id": public_id,
            "generation": 1,
            "pool_id": bookable.pool_id,
            "email": request.email,
            "starts_at": request.start,
            "carried": dict(request.carried),
            "created_at": now,
            "expires_at": now + LIFE,
        },
    )
    return public_id


def _mail(bookable: Bookable, request: Request, public_id: str, now: datetime) -> outbox.Draft:
    spell = int(now.timestamp() // AT_MOST_EVERY.total_seconds())
    asked = digest({"email": request.email, "pool": bookable.pool_id, "start": request.start})[:32]
    return outbox.Draft(
        kind=next_steps.CONTINUATION,
        dedupe=f"continuation:{asked}:{spell}",
        recipient=request.email,
        locale=request.locale,
        not_before=now,
        payload={next_steps.CONTINUATION: public_id},
    )


BY_PUBLIC_ID = select(
    *(Continuation.id, Continuation.generation, Continuation.pool_id, Continuation.starts_at, Continuation.expires_at),
    *(Customer.id.label("customer_id"), Continuation.email, Customer.name, Customer.phone, Customer.locale),
).outerjoin(Customer, Customer.email == Continuation.email)


def opened(session: Session, token: str, pool_id: int, now: datetime, *, used: bool = False) -> Introduced:
    """Open a continuation at the pool that it is for; ``used``: also one that a booking, perhaps this one, used up.

    Raises LinkUnknown, LinkExpired.
    """
    public_id = tokens.public_id_of(token)
    row = session.execute(BY_PUBLIC_ID.where(Continuation.public_id == public_id)).first()
    generation = row.generation if row is not None else 1
    wanted = (generation, generation - 1) if used else (generation,)
    if not any(tokens.verified(token, tokens.CONTINUE, one) for one in wanted):
        raise LinkUnknown
    if row is None or row.expires_at <= now:  # what has expired is swept out one day
        raise LinkExpired(problem="continuation")
    if row.pool_id != pool_id or row.customer_id is None:
        raise LinkUnknown
    return _introduced(row)


def _introduced(row: Any) -> Introduced:
    return Introduced(
        row.id, row.generation, row.starts_at, row.customer_id, row.email, row.name, row.phone, row.locale
    )


def use(session: Session, introduced: Introduced) -> None:
    """Use a continuation up, in the transaction of its booking. Raises LinkUnknown when another booking was faster."""
    used = session.execute(
        update(Continuation)
        .where(Continuation.id == introduced.id, Continuation.generation == introduced.generation)
        .values(generation=Continuation.generation + 1)
        .returning(Continuation.id)
    ).first()
    if used is None:
        raise LinkUnknown


def sweep(session: Session, now: datetime) -> None:
    """Delete the continuations that nobody can go on with: most are of people whom we do not know."""
    session.execute(delete(Continuation).where(Continuation.expires_at <= now))
