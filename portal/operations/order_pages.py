"""Orders as the staff works with them: the list with what comes next for each, and one order whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import NotFound
from portal.domain.lifecycle import ACTIVE
from portal.extensions import reading
from portal.models import Appointment, Link, OutboxMessage
from portal.operations import bookables, cards, links, orders, outbox
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard
from portal.operations.links import LinkCard
from portal.operations.orders import OrderCard
from portal.operations.outbox import Sending


@dataclass(frozen=True, slots=True)
class Search:
    """Which orders to list: ``text`` in reference, name or address; ``site`` is a key; None = all."""

    text: str = ""
    site: str | None = None
    kind: str | None = None
    status: str | None = None
    invitable: bool | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order of the list: its next appointment, and whether a link of it still opens."""

    order: OrderCard
    next_start: datetime | None
    linked: bool


@dataclass(frozen=True, slots=True)
class OrderList:
    """Some of the orders found, newest first; ``next`` is the cursor of the following page, None on the last."""

    lines: Sequence[OrderLine]
    next: str | None
    total: int


def listing(wanted: Search, *, now: datetime, cursor: str | None = None, size: int = 50) -> OrderList:
    """List orders. Raises Invalid for a cursor that is none of ours."""
    found = orders.search(
        wanted.text,
        site=wanted.site,
        kind=wanted.kind,
        status=wanted.status,
        invitable=wanted.invitable,
        cursor=cursor,
        size=size,
    )
    ids = [order.id for order in found.orders]
    with reading() as session:
        coming, linked = _next_starts(session, ids, now), _linked(session, ids, now)
    lines = [OrderLine(order, coming.get(order.id), order.id in linked) for order in found.orders]
    return OrderList(lines, found.next, found.total)


def _next_starts(session: Session, ids: Sequence[int], now: datetime) -> dict[int, datetime]:
    rows = session.execute(
        select(Appointment.order_id, func.min(Appointment.starts_at))
        .where(Appointment.order_id.in_(ids), Appointment.status.in_(ACTIVE), Appointment.ends_at > now)
        .group_by(Appointment.order_id)
    )
    return {order_id: start for order_id, start in rows if order_id is not None}


def _linked(session: Session, ids: Sequence[int], now: datetime) -> set[int]:
    opens = or_(Link.expires_at.is_(None), Link.expires_at > now)
    query = select(Link.order_id).where(Link.order_id.in_(ids), Link.revoked_at.is_(None), opens).distinct()
    return set(session.scalars(query))


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A link of an order: the last mail that brought it, and how many appointments to come were booked with it."""

    link: LinkCard
    invitation: Sending | None
    active: int

    def expired(self, now: datetime) -> bool:
        """Tell whether its time is over."""
        return self.link.expires_at is not None and self.link.expires_at <= now

    def opens(self, now: datetime) -> bool:
        """Tell whether somebody can still use it."""
        return self.link.revoked_at is None and not self.expired(now)


@dataclass(frozen=True, slots=True)
class OrderSheet:
    """An order with everything that belongs to it. ``plannings`` are those that serve its kind at its site."""

    order: OrderCard
    links: Sequence[LinkLine]
    upcoming: Sequence[AppointmentCard]
    past: Sequence[AppointmentCard]
    plannings: Sequence[Bookable]


def sheet(reference: str, *, now: datetime) -> OrderSheet:
    """Read an order whole. Raises NotFound."""
    order = orders.get(reference)
    made = links.of_order(order.id)
    with reading() as session:
        found = cards.of_order(session, order.id)
        plannings = bookables.at_site(session, order.site.id, kind=order.kind)
        invitations = _invitations(session, order.id)
    upcoming = [card for card in found if card.active(now) or card.undoable(now)]
    past = [card for card in reversed(found) if card not in upcoming]
    lines = [LinkLine(link, invitations.get(link.id), _active(found, link, now)) for link in made]
    return OrderSheet(order, lines, upcoming, past, plannings)


def _active(found: Sequence[AppointmentCard], link: LinkCard, now: datetime) -> int:
    return sum(card.link_id == link.id and card.active(now) for card in found)


def _invitations(session: Session, order_id: int) -> dict[int, Sending]:
    """Find the newest invitation of each of an order's links."""
    rows: Sequence[Any] = session.execute(
        select(OutboxMessage.payload, *outbox.SHOWN)
        .outerjoin(Appointment, Appointment.id == OutboxMessage.appointment_id)
        .where(OutboxMessage.order_id == order_id, OutboxMessage.kind == "booking_invitation")
        .order_by(OutboxMessage.id)
    ).all()
    return {row[0]["link_id"]: Sending(*row[1:]) for row in rows}


def link_of(reference: str, link_id: int, *, now: datetime) -> tuple[OrderCard, LinkLine]:
    """Read one link of an order. Raises NotFound, also for a link of another order."""
    found = sheet(reference, now=now)
    for line in found.links:
        if line.link.id == link_id:
            return found.order, line
    raise NotFound
