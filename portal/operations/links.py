"""Booking links: what a token opens, and making, sending and revoking links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, LinkExpired, LinkUnknown, NotFound
from portal.domain.fields import Words, said
from portal.extensions import reading, retried, transaction
from portal.models import Customer, Link, Order, Service, Site
from portal.operations import audit, bookables, cards, outbox, place_cards, tokens
from portal.operations.actors import SYSTEM, Actor
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard, Ordered
from portal.operations.invitations import Guest, invitation
from portal.operations.once import Once, answered, digest, remember
from portal.operations.place_cards import SiteCard
from portal.operations.service_cards import ServiceCard


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that a token opened: with its order, or for a service at a site. Days are the site's, both included.

    Of an order it has the ``reference`` and its kind and status, else the key of the ``service`` and its names.
    """

    id: int
    public_id: str
    generation: int
    order_id: int | None
    reference: str | None
    kind: str | None
    status: str
    units: str
    ship_date: datetime | None
    delivery_date: datetime | None
    site: SiteCard
    customer_id: int | None
    email: str | None
    name: str
    phone: str
    locale: str | None
    first_day: date | None
    last_day: date | None
    expires_at: datetime | None
    max_active: int | None
    service: str | None
    service_names: Words

    @property
    def order(self) -> Ordered | None:
        """What is said of its order; None where it is for a service."""
        if self.order_id is None:
            return None
        return Ordered(self.order_id, self.reference or "", self.kind or "", self.units)

    def named(self, locale: str) -> str:
        """Name the service, in a language."""
        return said(self.service_names, locale)

    def asking(self, leaving_out: int | None = None) -> Asking:
        """Ask for slots with the days of this link, for the order's customer where an address is known."""
        return Asking(first_day=self.first_day, last_day=self.last_day, leaving_out=leaving_out, customer=self.email)


COLUMNS = (
    Link.id,
    Link.public_id,
    Link.generation,
    Link.order_id,
    Order.reference,
    Order.kind,
    Order.status,
    Order.units,
    Order.ship_date,
    Order.delivery_date,
    Site.id.label("site_id"),
    Site.revision.label("site_revision"),
    Order.customer_id,
    Customer.email,
    Customer.name,
    Customer.phone,
    Customer.locale,
    Link.first_day,
    Link.last_day,
    Link.expires_at,
    Link.max_active,
    Service.key.label("service"),
    Service.name.label("service_names"),
)


SELECTED = (
    select(*COLUMNS)
    .outerjoin(Order, Order.id == Link.order_id)
    .outerjoin(Service, Service.id == Link.service_id)
    .join(Site, Site.id == func.coalesce(Order.site_id, Link.site_id))
    .outerjoin(Customer, Customer.id == Order.customer_id)
)


def opened(session: Session, token: str, now: datetime) -> OpenLink:
    """Open a booking link. Raises LinkUnknown (or revoked: the same) and LinkExpired."""
    asked = SELECTED.where(Link.public_id == tokens.public_id_of(token), Link.revoked_at.is_(None))
    row = session.execute(asked).first()
    if row is None or not tokens.verified(token, tokens.BOOK, row.generation):
        raise LinkUnknown
    if row.expires_at is not None and row.expires_at <= now:
        raise LinkExpired
    return _link(session, row)


def of_reference(session: Session, reference: str, number: int | None, now: datetime) -> OpenLink | None:
    """Open a link of an order that can still be used: that of a number, else the newest. None where there is none."""
    usable = and_(Link.revoked_at.is_(None), or_(Link.expires_at.is_(None), Link.expires_at > now))
    preferred = (Link.id == (number or 0)).desc(), Link.id.desc()
    row = session.execute(SELECTED.where(Order.reference == reference, usable).order_by(*preferred).limit(1)).first()
    return _link(session, row) if row is not None else None


def serving(session: Session, link: OpenLink) -> list[Bookable]:
    """List the plannings and the services for the order's kind at its site, by name; or the link's own service."""
    if link.service is not None:
        return bookables.all_of(session, Site.id == link.site.id, Service.key == link.service)
    return bookables.all_at_site(session, link.site.id, kind=link.kind)


def booked(session: Session, link: OpenLink) -> list[AppointmentCard]:
    """List the appointments that a link shows, by their start: its order's, or those booked with it."""
    return cards.of_order(session, link.order_id) if link.order_id is not None else cards.of_link(session, link.id)


def choose(
    session: Session, link: OpenLink, planning: str | None, *, service: str | None = None, lock: bool = False
) -> Bookable:
    """Find the planning or the service to book: the one named, or the only one.

    Raises Invalid naming them when several serve and none is named, NotFound for one that does not serve.
    """
    if planning is None and service is None:
        only = _only(serving(session, link))
        if not lock:
            return only
        return bookables.by_pool(session, only.pool_id, lock=True)
    found = bookables.find(session, link.site.key, planning, service=service, lock=lock)
    if not _serves(link, found):
        raise NotFound
    return found


def _serves(link: OpenLink, found: Bookable) -> bool:
    """Tell whether a link may book this: its own service, or what serves its order's kind."""
    if link.service is not None:
        return isinstance(found.item, ServiceCard) and found.item.key == link.service
    return link.kind in found.item.kinds


def asking_of(session: Session, link_id: int | None, *, leaving_out: int, customer: str | None = None) -> Asking:
    """Ask for slots with the days of an appointment's link, leaving the appointment itself out."""
    if link_id is None:
        return Asking(leaving_out=leaving_out, customer=customer)
    first_day, last_day = session.execute(select(Link.first_day, Link.last_day).where(Link.id == link_id)).one()
    return Asking(first_day=first_day, last_day=last_day, leaving_out=leaving_out, customer=customer)


def _only(choices: Sequence[Bookable]) -> Bookable:
    if not choices:
        raise NotFound
    if len(choices) > 1:
        services = [one for one in choices if isinstance(one.item, ServiceCard)]
        plannings = [one for one in choices if one not in services]
        named = {"plannings": _named(plannings), "services": _named(services)}
        raise Invalid(field="planning", problem="planning_required", **named)
    return choices[0]


def _named(choices: Sequence[Bookable]) -> list[dict[str, str]]:
    return [{"key": one.item.key, "name": one.item.name} for one in choices]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a new link allows: days (the site's, both included), expiry, largest number of active appointments."""

    first_day: date | None = None
    last_day: date | None = None
    expires_at: datetime | None = None
    max_active: int | None = None


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A new link: its token, for the one who asked."""

    token: str
    expires_at: datetime | None
    sent_to: str | None
    replayed: bool = False


@retried
def create(
    reference: str,
    *,
    now: datetime,
    scope: Scope = Scope(),
    send: bool = False,
    once: Once | None = None,
    by: Actor = SYSTEM,
) -> MadeLink:
    """Make a link for an order, and queue the invitation to its customer when asked.

    Raises NotFound for an unknown order, Invalid when it is to be sent and the customer has no address, or when the
    idempotency key came with another request before.
    """
    request_hash = digest({"order": reference, "scope": asdict(scope), "send": send})
    with transaction() as session:
        if (first := answered(session, once, request_hash)) is not None:
            return made_before(session, first["public_id"])
        check(scope, now)
        order = session.scalar(select(Order).where(Order.reference == reference))
        if order is None:
            raise NotFound
        link = record(session, scope, now, order_id=order.id)
        customer = session.get(Customer, order.customer_id) if order.customer_id else None
        address = customer.email if customer is not None else None
        if send:
            _invite(session, order, link, customer, now)
        _note(session, "created", order, link, by, now, sent=send, **allowed(scope))
        remember(session, once, request_hash, {"public_id": link.public_id}, now)
        return MadeLink(
            tokens.token(tokens.BOOK, link.public_id, link.generation), link.expires_at, address if send else None
        )


@retried
def revoke(link_id: int, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Make every token of an order's link lead nowhere. Raises NotFound."""
    with transaction() as session:
        link = ended(session, link_id, now)
        _note(session, "revoked", session.get_one(Order, link.order_id), link, by, now)


def ended(session: Session, link_id: int, now: datetime) -> Link:
    """End a link within the caller's transaction. Raises NotFound for one that is not there or was revoked before."""
    link: Link | None = session.scalar(
        update(Link)
        .where(Link.id == link_id, Link.revoked_at.is_(None))
        .values(revoked_at=now, generation=Link.generation + 1)
        .returning(Link)
    )
    if link is None:
        raise NotFound
    return link


@retried
def resend(link_id: int, *, now: datetime, by: Actor = SYSTEM) -> str:
    """Queue the invitation of a link once more, and give the address. Raises NotFound, Invalid without address."""
    with transaction() as session:
        link = session.get(Link, link_id)
        if link is None or link.revoked_at is not None or link.order_id is None:
            raise NotFound
        order = session.get_one(Order, link.order_id)
        customer = session.get(Customer, order.customer_id) if order.customer_id else None
        _note(session, "sent", order, link, by, now)
        return _invite(session, order, link, customer, now)


def _note(session: Session, action: str, order: Order, link: Link, by: Actor, now: datetime, **after: Any) -> None:
    """Write down what happened to a link, under its order's reference: that leads to the page it stands on."""
    told = {"link": link.id, **after}
    audit.record(
        session, by, action, "link", order.reference, now, label=order.reference, site_id=order.site_id, after=told
    )


def allowed(scope: Scope) -> dict[str, Any]:
    """Write what a link allows for the audit log."""
    return {
        name: value if isinstance(value, int) else value.isoformat() for name, value in asdict(scope).items() if value
    }


@dataclass(frozen=True, slots=True)
class LinkCard:
    """A link as the staff sees it. The token is derived for them, to copy or to print."""

    id: int
    token: str | None  # None once revoked
    first_day: date | None
    last_day: date | None
    expires_at: datetime | None
    max_active: int | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


def of_order(order_id: int) -> list[LinkCard]:
    """List an order's links, newest first."""
    with reading() as session:
        rows = session.scalars(select(Link).where(Link.order_id == order_id).order_by(Link.id.desc())).all()
    return [card_of(link) for link in rows]


def card_of(link: Link) -> LinkCard:
    """Give a link as the staff sees it."""
    token = None if link.revoked_at else tokens.token(tokens.BOOK, link.public_id, link.generation)
    return LinkCard(
        link.id,
        token,
        link.first_day,
        link.last_day,
        link.expires_at,
        link.max_active,
        link.revoked_at,
        link.last_used_at,
        link.created_at,
    )


def check(scope: Scope, now: datetime) -> None:
    """Accept what a new link is to allow. Raises Invalid."""
    if scope.first_day and scope.last_day and scope.first_day > scope.last_day:
        raise Invalid(field="last_day", problem="bounds")
    if scope.expires_at is not None and scope.expires_at <= now:
        raise Invalid(field="expires_at", problem="past")
    if scope.max_active is not None and scope.max_active < 1:
        raise Invalid(field="max_active", problem="slots")


def record(session: Session, scope: Scope, now: datetime, **subject: int) -> Link:
    """Write a new link: ``order_id``, or ``site_id`` and ``service_id``, say what it books."""
    link = Link(
        public_id=tokens.new_public_id(),
        generation=1,
        **subject,
        first_day=scope.first_day,
        last_day=scope.last_day,
        expires_at=scope.expires_at,
        max_active=scope.max_active,
        created_at=now,
    )
    session.add(link)
    session.flush()
    return link


def made_before(session: Session, public_id: str) -> MadeLink:
    """Give the link that the same request made; its token is derived anew. One revoked since leads nowhere."""
    link = session.scalars(select(Link).where(Link.public_id == public_id)).one()
    return MadeLink(tokens.token(tokens.BOOK, public_id, 1), link.expires_at, None, replayed=True)


def _invite(session: Session, order: Order, link: Link, customer: Customer | None, now: datetime) -> str:
    if customer is None or customer.email is None:
        raise Invalid(field="customer", problem="no_email")
    guest = Guest(order.id, customer.email, customer.locale)
    outbox.enqueue(session, [invitation(guest, link.id, link.public_id, now)], now)
    return customer.email


def _link(session: Session, row: Any) -> OpenLink:
    return OpenLink(
        id=row.id,
        public_id=row.public_id,
        generation=row.generation,
        order_id=row.order_id,
        reference=row.reference,
        kind=row.kind,
        status=row.status or "",
        units=row.units or "",
        ship_date=row.ship_date,
        delivery_date=row.delivery_date,
        site=place_cards.site_card(session, row.site_id, row.site_revision),
        customer_id=row.customer_id,
        email=row.email,
        name=row.name or "",
        phone=row.phone or "",
        locale=row.locale,
        first_day=row.first_day,
        last_day=row.last_day,
        expires_at=row.expires_at,
        max_active=row.max_active,
        service=row.service,
        service_names=row.service_names or {},
    )
