"""What the mails of offers and of waiting lists say, or why they are no longer to be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Appointment, Customer, FreedPlace, Offer, Pool, WaitingEntry
from portal.operations import access, assigning, availability, bookables, keeping, offers, tokens, waiting
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable, Item
from portal.operations.outbox import Message
from portal.operations.place_cards import SiteCard
from portal.operations.service_cards import ServiceCard

EARLIER_SLOT, PLACE_FREE, WAITING_JOINED = "earlier_slot", "place_free", "waiting_joined"
OFFERS = (EARLIER_SLOT, PLACE_FREE)
KINDS = (*OFFERS, WAITING_JOINED)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A place that is offered until an instant; ``alone``: it is kept for this one, nobody else can take it."""

    token: str
    site: SiteCard
    item: Item
    start: datetime
    end: datetime
    until: datetime
    alone: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """An entry of a waiting list, and the token by which it is left. Days are the site's, both included."""

    token: str
    site: SiteCard
    item: Item
    first_day: date
    last_day: date


def read(session: Session, messages: Sequence[Message], now: datetime) -> dict[int, Proposal | Joined | str]:
    """Read the offers and entries of a batch of messages by their ids; a word says why one is not to be said."""
    found = {**_proposals(session, messages, now), **_joined(session, messages)}
    return {message.id: found.get(_name(message), "gone") for message in messages if message.kind in KINDS}


def _name(message: Message) -> str:
    return str(message.payload.get("offer" if message.kind in OFFERS else "entry", ""))


def _proposals(session: Session, messages: Sequence[Message], now: datetime) -> dict[str, Proposal | str]:
    named = [_name(message) for message in messages if message.kind in OFFERS]
    if not named:
        return {}
    query = (
        bookables.ANYTHING.add_columns(
            *(Offer.public_id, Offer.generation, Offer.state, Offer.starts_at, Offer.ends_at, Offer.expires_at),
            *(Offer.allocation_id, Offer.appointment_id, Offer.freed_id, WaitingEntry.email, WaitingEntry.link_id),
            *(Appointment.starts_at.label("own_start"), Customer.id.label("customer")),
        )
        .join(FreedPlace, FreedPlace.pool_id == Pool.id)
        .join(Offer, Offer.freed_id == FreedPlace.id)
        .outerjoin(Appointment, Appointment.id == Offer.appointment_id)
        .outerjoin(WaitingEntry, WaitingEntry.id == Offer.waiting_id)
        .outerjoin(Customer, Customer.email == WaitingEntry.email)
        .where(Offer.public_id.in_(named))
    )
    free = _Free(session, now)
    return {
        row.public_id: _proposal(bookables.from_any_row(session, row), row, free, now)
        for row in session.execute(query).all()
    }


def _proposal(bookable: Bookable, row: Any, free: _Free, now: datetime) -> Proposal | str:
    if row.state != offers.OPEN:
        return str(row.state)
    if row.expires_at <= now:
        return "expired"
    if row.appointment_id is None and _unknown(bookable, row):
        return "nobody_known"
    if not free.still(bookable, row):
        return "taken"
    return Proposal(
        token=tokens.token(tokens.OFFER, row.public_id, row.generation),
        site=bookable.site,
        item=bookable.item,
        start=row.starts_at,
        end=row.ends_at,
        until=row.expires_at,
        alone=row.allocation_id is not None,
    )


def _unknown(bookable: Bookable, row: Any) -> bool:
    """Tell whether somebody without a link is no customer where only customers may book: they get no mail."""
    return access.by_mail_only(bookable) and row.link_id is None and row.customer is None


class _Free:
    """Tells whether starts are free still: each is judged once, for all to whom it is alike."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session, self._now = session, now
        self._known: dict[tuple[int, datetime, int | None], bool] = {}
        self._kept: dict[int, Mapping[int, tuple[int, ...]]] = {}

    def still(self, bookable: Bookable, row: Any) -> bool:
        """Tell whether somebody could still have their start: what they hold beside it is not in their own way."""
        whose = row.appointment_id if self._alone(bookable, row) else None
        key = (row.freed_id, row.starts_at, whose)
        if key not in self._known:
            place = self._session.execute(select(*FreedPlace.__table__.c).where(FreedPlace.id == row.freed_id)).one()
            spared = keeping.spared(self._session, place, self._now)
            asking = Asking(leaving_out=whose, spared=spared, resources=self._people(bookable, whose))
            judged = availability.judge(self._session, bookable, row.starts_at, now=self._now, asking=asking)
            self._known[key] = judged.offered
        return self._known[key]

    def _alone(self, bookable: Bookable, row: Any) -> bool:
        """Tell whether a holder is judged alone: beside what they hold, and of a service with their own people."""
        served = isinstance(bookable.item, ServiceCard)
        return row.own_start is not None and (served or row.own_start < row.ends_at)

    def _people(self, bookable: Bookable, whose: int | None) -> tuple[int, ...]:
        """List whom a holder keeps, in one statement for all of a service."""
        if whose is None or not isinstance(bookable.item, ServiceCard):
            return ()
        if bookable.pool_id not in self._kept:
            self._kept[bookable.pool_id] = assigning.kept_of(self._session, bookable, self._now)
        return self._kept[bookable.pool_id].get(whose, ())


def _joined(session: Session, messages: Sequence[Message]) -> dict[str, Joined | str]:
    named = [_name(message) for message in messages if message.kind == WAITING_JOINED]
    if not named:
        return {}
    entry = WaitingEntry
    query = (
        bookables.ANYTHING.add_columns(
            *(entry.public_id, entry.generation, entry.state, entry.first_day, entry.last_day, entry.link_id),
            Customer.id.label("customer"),
        )
        .join(entry, entry.pool_id == Pool.id)
        .outerjoin(Customer, Customer.email == entry.email)
        .where(entry.public_id.in_(named))
    )
    return {row.public_id: _entry(bookables.from_any_row(session, row), row) for row in session.execute(query).all()}


def _entry(bookable: Bookable, row: Any) -> Joined | str:
    if row.state != waiting.WAITING:
        return str(row.state)
    if _unknown(bookable, row):
        return "nobody_known"
    token = tokens.token(tokens.WAIT, row.public_id, row.generation)
    return Joined(token, bookable.site, bookable.item, row.first_day, row.last_day)
