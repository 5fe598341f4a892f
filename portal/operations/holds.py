"""A place kept while a form is open: an appointment of nobody, of which nothing is shown and nothing told.

A hold goes by the name of its form: another one of the same form replaces it, and the booking itself takes it away
before it judges. Past its time it counts for nothing, whatever the worker does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import LinkUnknown, NotFound
from portal.domain.lifecycle import Status
from portal.extensions import reading, retried, transaction
from portal.models import Allocation, Appointment
from portal.operations import (
    access,
    admission,
    availability,
    bookables,
    bookings,
    choosing,
    continuations,
    links,
    outbox,
    placing,
    tokens,
)
from portal.operations import appointment_rows as rows
from portal.operations.actors import CUSTOMER, GUEST
from portal.operations.asking import PUBLIC, Asking
from portal.operations.bookables import Bookable
from portal.operations.choosing import Picked

GENERATION = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a form is open: by a link's token, or at a site and planning by their keys, after a continuation or not.

    Of a service also whom and what was picked by name, by their keys, and how much of it.
    """

    token: str | None = None
    site: str | None = None
    planning: str | None = None
    continuation: str | None = None
    service: str | None = None
    resources: tuple[str, ...] = ()
    quantity: int = 1
    iterations: int = 1

    @property
    def known(self) -> bool:
        """Whether a link or a mail of ours leads here."""
        return self.token is not None or self.continuation is not None


@dataclass(frozen=True, slots=True)
class Hold:
    """A place that is kept: what names it in the address of its form, and until when."""

    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """What a page must know of its own hold: the id that its search leaves out, and until when which start is kept."""

    id: int
    start: datetime
    until: datetime


def offered(bookable: Bookable, *, known: bool) -> bool:
    """Tell whether choosing a slot holds its place: not for those who must go on by a mail first."""
    return bookable.policy.hold > 0 and (known or not access.by_mail_only(bookable))


def name_of(token: str | None, form_key: str) -> str:
    """Name the hold of a form: as its address already does, else after the form itself."""
    return of_token(token) or sha256(f"hold\x00{form_key}".encode()).hexdigest()[: 2 * tokens.ID_BYTES]


def of_token(token: str | None) -> str | None:
    """Read which hold the address of a form names; None when it names none, or none of ours."""
    if token is None:
        return None
    try:
        return tokens.public_id_of(token) if tokens.verified(token, tokens.HOLD, GENERATION) else None
    except LinkUnknown:
        return None


@retried
def take(place: Place, start: datetime, name: str, *, now: datetime) -> Hold | None:
    """Keep a start for a form, in place of what was kept for it; again for the same start makes it last longer.

    None where the planning keeps none. Raises what ``appointments.book`` raises for a start that cannot be had; the
    place before is lost then, too. Invalid for more than may be chosen.
    """
    with reading() as session:
        seen, asking = _target(session, place, now)
        if not offered(seen, known=place.known):
            return None
        reached = placing.reach(session, seen, start, asking)
    with transaction(reached.keys) as session:
        bookable, asking = _target(session, place, now, lock=True)
        reached = placing.reach(session, bookable, start, asking)
        rows.covered(session, reached.keys)
        rows.let_go(session, name)
        placing.release_lapsed(session, reached, now)
        judged = availability.judge(session, bookable, start, now=now, asking=asking)
        admission.admit(judged)
        until = now + timedelta(minutes=bookable.policy.hold)
        made = bookings.write(
            session,
            bookable,
            judged,
            now,
            **{**bookings.NOBODY, "public_id": name, "generation": GENERATION, "status": Status.HELD.value},
            units=asking.quantity,
            iterations=asking.iterations,
            locale=outbox.default_locale(),
            source=(CUSTOMER if place.token else GUEST).origin,
        )
        placing.take(session, bookable, made, judged, asking, now, role="held", until=until)
        return Hold(tokens.token(tokens.HOLD, name, GENERATION), until)


def kept(session: Session, token: str | None, pool_id: int, now: datetime) -> Kept | None:
    """Read what the form's address says is held for it, while it is, at the pool that it is for."""
    if (name := of_token(token)) is None:
        return None
    place = Allocation
    row = session.execute(
        select(place.appointment_id, place.starts_at, place.taken_until)
        .join(Appointment, Appointment.id == place.appointment_id)
        .where(Appointment.public_id == name, place.role == "held", place.pool_id == pool_id)
        .where(place.released_at.is_(None), place.taken_until > now)
    ).first()
    return Kept(row.appointment_id, row.starts_at, row.taken_until) if row is not None else None


def _target(session: Session, place: Place, now: datetime, *, lock: bool = False) -> tuple[Bookable, Asking]:
    """Find what a form books, and who asks."""
    if place.token is not None:
        link = links.opened(session, place.token, now)
        chosen = links.choose(session, link, place.planning, service=place.service, lock=lock)
        return chosen, _choosing(session, chosen, place, link.asking())
    found = bookables.find(session, place.site or "", place.planning, service=place.service, lock=lock)
    if not found.item.guests:
        raise NotFound
    if place.continuation is None:
        return found, _choosing(session, found, place, PUBLIC)
    introduced = continuations.opened(session, place.continuation, found.pool_id, now)
    return found, _choosing(session, found, place, Asking(customer=introduced.email))


def _choosing(session: Session, bookable: Bookable, place: Place, asking: Asking) -> Asking:
    picked = Picked(resources=place.resources, quantity=place.quantity, iterations=place.iterations)
    return choosing.asked(session, bookable, asking, picked)
