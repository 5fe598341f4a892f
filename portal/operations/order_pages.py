"""Orders as the staff works with them: the list with what comes next for each, and one order whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import NotFound
from portal.domain.lifecycle import ACTIVE
from portal.extensions import reading
from portal.models import Appointment, Customer, Link, Order, Site
from portal.operations import bookables, cards, invitations, links, orders
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard
from portal.operations.links import LinkCard
from portal.operations.orders import OrderCard
from portal.operations.outbox import Sending
from portal.operations.scopes import EVERYWHERE, Scope


@dataclass(frozen=True, slots=True)
class Search:
    """Which orders to list: ``text`` in reference, name or address; ``site`` is a key; None = all.

    ``sort`` is a key of ``SORTS``; without one the newest comes first.
    """

    text: str = ""
    site: str | None = None
    kind: str | None = None
    status: str | None = None
    invitable: bool | None = None
    sort: str = ""
    descending: bool = False


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order of the list: its next appointment, and whether a link of it still opens."""

    order: OrderCard
    next_start: datetime | None
    linked: bool


@dataclass(frozen=True, slots=True)
class OrderList:
    """A page of the orders found; ``page`` counts from 1 and is one that exists."""

    lines: Sequence[OrderLine]
    page: int
    pages: int
    total: int


SEARCHED = (Order.reference, Customer.name, Customer.email)
SORTS: Mapping[str, ColumnElement[Any]] = {
    "reference": Order.reference.expression,
    "customer": func.lower(func.nullif(Customer.name, "")),
    "site": Site.name.expression,
    "status": func.nullif(Order.status, ""),
    "ship": Order.ship_date.expression,
    "delivery": Order.delivery_date.expression,
    "next": literal_column("next_start"),
}


def listing(wanted: Search, *, now: datetime, scope: Scope = EVERYWHERE, page: int = 1, size: int = 50) -> OrderList:
    """List orders, the newest first unless sorted; a page beyond the last is the last."""
    conditions = _conditions(wanted, scope)
    counted = orders.listing().with_only_columns(func.count(), maintain_column_froms=True).where(*conditions)
    with reading() as session:
        total = session.scalar(counted) or 0
        pages = max(-(-total // size), 1)
        page = min(max(page, 1), pages)
        query = _sorted(orders.listing(*_expected(now)).where(*conditions), wanted)
        lines = [_line(session, row) for row in session.execute(query.limit(size).offset((page - 1) * size))]
    return OrderList(lines, page, pages, total)


def every_line(wanted: Search, *, now: datetime, scope: Scope = EVERYWHERE) -> Sequence[OrderLine]:
    """List all the orders found at once, for a file."""
    with reading() as session:
        query = _sorted(orders.listing(*_expected(now)).where(*_conditions(wanted, scope)), wanted)
        return [_line(session, row) for row in session.execute(query)]


def count(wanted: Search, scope: Scope = EVERYWHERE) -> int:
    """Count the orders found."""
    query = orders.listing().with_only_columns(func.count(), maintain_column_froms=True)
    with reading() as session:
        return session.scalar(query.where(*_conditions(wanted, scope))) or 0


def _conditions(wanted: Search, scope: Scope) -> Sequence[ColumnElement[bool]]:
    text = wanted.text.strip()
    given = [
        (text, or_(*(column.icontains(text, autoescape=True) for column in SEARCHED))),
        (wanted.site, Site.key == wanted.site),
        (wanted.kind, Order.kind == wanted.kind),
        (wanted.status, Order.status == wanted.status),
        (wanted.invitable is True, Customer.email.is_not(None)),
        (wanted.invitable is False, Customer.email.is_(None)),
    ]
    return [scope.limits(Order.site_id), *(condition for wish, condition in given if wish)]


def _expected(now: datetime) -> Sequence[Any]:
    """Select beside an order when its next appointment begins, and whether a link of it still opens."""
    coming = (Appointment.order_id == Order.id, Appointment.status.in_(ACTIVE), Appointment.ends_at > now)
    opens = or_(Link.expires_at.is_(None), Link.expires_at > now)
    linked = exists().where(Link.order_id == Order.id, Link.revoked_at.is_(None), opens)
    next_start = select(func.min(Appointment.starts_at)).where(*coming).correlate(Order).scalar_subquery()
    return next_start.label("next_start"), linked.label("linked")


def _sorted(query: Select[*tuple[Any, ...]], wanted: Search) -> Select[*tuple[Any, ...]]:
    """Order by what is asked for; what has nothing there comes last, and the newest first among equals."""
    column = SORTS.get(wanted.sort)
    if column is None:
        return query.order_by(Order.id.desc())
    way = column.desc() if wanted.descending else column.asc()
    return query.order_by(way.nulls_last(), Order.id.desc())


def _line(session: Session, row: Any) -> OrderLine:
    return OrderLine(orders.card_of(session, row), row.next_start, row.linked)


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
    """An order with everything that belongs to it. ``plannings`` and services are those for its kind at its site."""

    order: OrderCard
    links: Sequence[LinkLine]
    upcoming: Sequence[AppointmentCard]
    past: Sequence[AppointmentCard]
    plannings: Sequence[Bookable]


def sheet(reference: str, *, now: datetime, scope: Scope = EVERYWHERE) -> OrderSheet:
    """Read an order whole. Raises NotFound, also for one of a site beyond ``scope``."""
    order = orders.get(reference, scope)
    made = links.of_order(order.id)
    with reading() as session:
        found = cards.of_order(session, order.id)
        plannings = bookables.all_at_site(session, order.site.id, kind=order.kind)
        sent = invitations.newest(session, [link.id for link in made])
    upcoming = [card for card in found if card.active(now) or card.undoable(now)]
    past = [card for card in reversed(found) if card not in upcoming]
    lines = [LinkLine(link, sent.get(link.id), _active(found, link, now)) for link in made]
    return OrderSheet(order, lines, upcoming, past, plannings)


def _active(found: Sequence[AppointmentCard], link: LinkCard, now: datetime) -> int:
    return sum(card.link_id == link.id and card.active(now) for card in found)


def link_of(reference: str, link_id: int, *, now: datetime, scope: Scope = EVERYWHERE) -> tuple[OrderCard, LinkLine]:
    """Read one link of an order. Raises NotFound, also for a link of another order."""
    found = sheet(reference, now=now, scope=scope)
    for line in found.links:
        if line.link.id == link_id:
            return found.order, line
    raise NotFound
