"""A dock with one place an hour, those who have it and those who wait for it. Call inside an application context."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.extensions import reading, transaction
from portal.models import FreedPlace, Offer, OfferStop, OutboxMessage, Pool, WaitingEntry
from portal.operations import appointments, tokens
from portal.operations.actors import GUEST, Actor
from portal.operations.addresses import address_keys
from portal.operations.wishes import Booked
from tests import sample

STAFF = Actor("claire@example.com", "staff", staff=True)
MONDAY, TUESDAY = "2026-12-07", "2026-12-08"
EVERY_DAY = dict.fromkeys(range(1, 8), ((8 * 60, 12 * 60, 1),))


def dock(slots: int = 1, *, policy: Mapping[str, Any] | None = None, **options: Any) -> None:
    """Make a dock that is open from 8 to 12 every day, an hour each, by the hour."""
    sample.site(policy={"undo": 0, **(policy or {})})
    hours = dict.fromkeys(range(1, 8), ((8 * 60, 12 * 60, slots),))
    sample.planning(**{"week": hours, "step_minutes": 60, **options})


def book(start: str, number: int = 0, *, now: datetime, **options: Any) -> Booked:
    """Book as a guest, whose number is in the address."""
    return sample.booked(start, now=now, number=number, **options)


def cancel(public_id: str, now: datetime, **options: Any) -> None:
    """Cancel as the customer."""
    appointments.cancel(public_id, GUEST, now=now, **options)


def wait(
    first: str,
    last: str | None = None,
    number: int = 50,
    *,
    now: datetime,
    link_id: int | None = None,
    units: int = 1,
) -> str:
    """Put somebody on the waiting list, and give their public id."""
    public_id = tokens.new_public_id()
    with transaction() as session:
        session.add(
            WaitingEntry(
                public_id=public_id,
                pool_id=session.scalars(select(Pool.id)).one(),
                link_id=link_id,
                email=f"attente{number}@example.com",
                locale="fr",
                units=units,
                first_day=datetime.fromisoformat(first).date(),
                last_day=datetime.fromisoformat(last or first).date(),
                state="waiting",
                created_at=now,
            )
        )
    return public_id


def stop_offers(email: str, now: datetime) -> None:
    """Let an address want no offers."""
    with transaction() as session:
        session.add(OfferStop(address_key=address_keys(email)[0], at=now))


def offers() -> list[Offer]:
    """List all offers in the order in which they were made."""
    with reading() as session:
        return list(session.scalars(select(Offer).order_by(Offer.id)))


def offer_tokens() -> list[str]:
    """Derive the tokens of all offers as their mails hold them."""
    return [tokens.token(tokens.OFFER, offer.public_id, offer.generation) for offer in offers()]


def mailed(*kinds: str) -> list[str]:
    """List to whom mails of some kinds were written, in order."""
    with reading() as session:
        query = select(OutboxMessage.recipient).where(OutboxMessage.kind.in_(kinds)).order_by(OutboxMessage.id)
        return [recipient.partition("@")[0] for recipient in session.scalars(query)]


def places() -> list[FreedPlace]:
    """List the places that were given back."""
    with reading() as session:
        return list(session.scalars(select(FreedPlace).order_by(FreedPlace.id)))


def shown(offer: Offer) -> str:
    """Write the start of an offer as Paris wall time: "07 09:00"."""
    return f"{offer.starts_at.astimezone(sample.PARIS):%d %H:%M}"
