"""What mails say by which an address goes on with what it asked for: a customer's booking, or one to be confirmed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import Status
from portal.models import Allocation, Appointment, Continuation, Customer, Pool, Resource
from portal.operations import assignments, bookables, having, tokens
from portal.operations.bookables import Bookable, Item
from portal.operations.outbox import Message
from portal.operations.place_cards import SiteCard
from portal.operations.service_cards import ServiceCard

CONTINUATION, CONFIRM_ADDRESS = "continuation", "confirm_address"
KINDS = (CONTINUATION, CONFIRM_ADDRESS)
NOT_THERE = {CONTINUATION: "no_customer", CONFIRM_ADDRESS: "settled"}
"""Why a message says nothing when what it is about is not found."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """A link to go on with, until when, and with which slot; ``carried`` belongs into the address of its page.

    ``people`` are the names of those with whom it is, as the customer may know them.
    """

    token: str
    site: SiteCard
    item: Item
    start: datetime
    end: datetime
    until: datetime
    carried: Mapping[str, str] = field(default_factory=dict)
    people: tuple[str, ...] = ()


def read(session: Session, messages: Sequence[Message], now: datetime) -> dict[int, NextStep | str]:
    """Read the steps of a batch of messages by their ids; a word says why one is no longer to be said.

    A continuation for somebody who is no customer is not to be said, and that is all that tells them from one who is.
    """
    found = {
        CONTINUATION: _continuations(session, _named(messages, CONTINUATION)),
        CONFIRM_ADDRESS: _held(session, _named(messages, CONFIRM_ADDRESS)),
    }
    steps: dict[int, NextStep | str] = {}
    for message in messages:
        if message.kind in found:
            step = found[message.kind].get(_name(message))
            steps[message.id] = _worth_saying(step, now) if step is not None else NOT_THERE[message.kind]
    return steps


def _worth_saying(step: NextStep, now: datetime) -> NextStep | str:
    return step if step.until > now else "expired"


def _name(message: Message) -> str:
    return str(message.payload.get(message.kind, ""))


def _named(messages: Sequence[Message], kind: str) -> list[str]:
    return [_name(message) for message in messages if message.kind == kind]


def _continuations(session: Session, named: Collection[str]) -> dict[str, NextStep]:
    row = Continuation
    query = (
        bookables.ANYTHING.add_columns(row.public_id, row.generation, row.starts_at, row.expires_at, row.carried)
        .join(row, row.pool_id == Pool.id)
        .join(Customer, Customer.email == row.email)
        .where(row.public_id.in_(named), row.starts_at.is_not(None))
    )
    found = _rows(session, query, named)
    names = _names(session, {one.carried["staff"] for one in found if one.carried.get("staff")})
    return {
        one.public_id: _step(
            bookables.from_any_row(session, one),
            one,
            tokens.CONTINUE,
            until=one.expires_at,
            carried=one.carried,
            people=tuple(names[key] for key in [one.carried.get("staff")] if key in names),
        )
        for one in found
    }


def _names(session: Session, people: Collection[str]) -> dict[str, str]:
    """Name people who were picked, by their keys."""
    query = select(Resource.key, Resource.name).where(Resource.key.in_(people))
    return {row.key: row.name for row in session.execute(query)} if people else {}


def _held(session: Session, named: Collection[str]) -> dict[str, NextStep]:
    row, place = Appointment, Allocation
    waiting = and_(row.status == Status.HELD.value, place.released_at.is_(None), place.taken_until.is_not(None))
    query = (
        bookables.ANYTHING.add_columns(
            *(row.id.label("held"), row.public_id, row.generation, row.starts_at, row.ends_at, place.taken_until)
        )
        .join(place, place.pool_id == Pool.id)
        .join(row, row.id == place.appointment_id)
        .where(row.public_id.in_(named), waiting, _its_own(row))
    )
    found = [(one, bookables.from_any_row(session, one)) for one in _rows(session, query, named)]
    assigned = assignments.of(session, [one.held for one, bookable in found if isinstance(bookable.item, ServiceCard)])
    return {
        one.public_id: _step(
            bookable,
            one,
            tokens.CONFIRM,
            until=one.taken_until,
            end=one.ends_at,
            people=having.all_of(having.shown(bookable, assigned.get(one.held, ()))).people,
        )
        for one, bookable in found
    }


def _its_own(row: type[Appointment]) -> ColumnElement[bool]:
    """Keep the pool that an appointment is of: that of a service, not those of all that it needs."""
    return or_(Pool.service_id == row.service_id, and_(row.service_id.is_(None), Pool.planning_id == row.planning_id))


def _rows(session: Session, query: Select[*tuple[Any, ...]], named: Collection[str]) -> Sequence[Any]:
    return session.execute(query).all() if named else ()


def _step(
    found: Bookable,
    row: Any,
    purpose: str,
    *,
    until: datetime,
    end: datetime | None = None,
    carried: Mapping[str, str] | None = None,
    people: tuple[str, ...] = (),
) -> NextStep:
    return NextStep(
        token=tokens.token(purpose, row.public_id, row.generation),
        site=found.site,
        item=found.item,
        start=row.starts_at,
        end=end or row.starts_at + timedelta(minutes=found.item.minutes),
        until=until,
        carried=carried or {},
        people=people,
    )
