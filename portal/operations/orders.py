"""Orders and their customers: what the staff area, the API and the configuration file read and write."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.config import LOCALES
from portal.domain.errors import Invalid, NotFound
from portal.extensions import reading, retried, transaction
from portal.models import Customer, Order, Site
from portal.operations import audit, place_cards
from portal.operations.actors import SYSTEM, Actor
from portal.operations.addresses import normal_address
from portal.operations.order_customers import upsert, write_customer
from portal.operations.place_cards import SiteCard
from portal.operations.scopes import EVERYWHERE, Scope

KINDS = ("customer", "supplier")
LONGEST = {"reference": 120, "status": 40, "units": 120, "name": 120, "phone": 40}
DATES = ("ship_date", "delivery_date")
OF_ORDER = ("kind", "status", "units", *DATES)
UNWRITABLE = ("Cc", "Cs", "Zl", "Zp")  # control characters, halves of characters, line and paragraph separators


@dataclass(frozen=True, slots=True)
class OrderCard:
    """An order with its customer, as pages and the API show it. ``new``: made by the very call that gave this card."""

    id: int
    reference: str
    kind: str
    status: str
    site: SiteCard
    customer_id: int | None
    email: str | None
    name: str
    phone: str
    locale: str | None
    units: str
    ship_date: datetime | None
    delivery_date: datetime | None
    created_at: datetime
    updated_at: datetime
    new: bool = False

    @property
    def invitable(self) -> bool:
        """Whether a link can be mailed: somebody without an address must be told otherwise."""
        return self.email is not None


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order to create or to update by its reference: what is None stays as it is, or empty in a new order.

    ``site`` is a key. ``email`` names the customer, made when unknown; "" is a customer without address.
    """

    reference: str
    kind: str
    site: str
    status: str | None = None
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    locale: str | None = None
    units: str | None = None
    ship_date: datetime | None = None
    delivery_date: datetime | None = None


@retried
def put(draft: OrderDraft, *, now: datetime, by: Actor = SYSTEM) -> OrderCard:
    """Create an order, or update the one with this reference, and its customer with it. Raises Invalid."""
    changes = {field: value for field, value in asdict(draft).items() if value is not None}
    reference = checked_reference(changes.pop("reference"))
    with transaction() as session:
        order = _locked(session, reference)
        if order is None:
            return _create(session, reference, checked(changes), now, by)
        return _apply(session, order, checked(changes), now, by)


@retried
def create(draft: OrderDraft, *, now: datetime, by: Actor = SYSTEM) -> OrderCard:
    """Create an order, and its customer with it. Raises Invalid, also when another order has the reference."""
    changes = {field: value for field, value in asdict(draft).items() if value is not None}
    reference = checked_reference(changes.pop("reference"))
    with transaction() as session:
        if _locked(session, reference) is not None:
            raise Invalid(field="reference", problem="exists", value=reference)
        return _create(session, reference, checked(changes), now, by)


@retried
def patch(reference: str, changes: Mapping[str, Any], *, now: datetime, by: Actor = SYSTEM) -> OrderCard:
    """Change only these fields of an order (those of ``OrderDraft``); None clears one. Raises NotFound, Invalid."""
    with transaction() as session:
        order = _locked(session, reference)
        if order is None:
            raise NotFound
        return _apply(session, order, checked(changes), now, by)


def get(reference: str, scope: Scope = EVERYWHERE) -> OrderCard:
    """Read an order. Raises NotFound, also for one of a site beyond ``scope``."""
    with reading() as session:
        card = _read(session, reference)
    scope.require(card.site.id)
    return card


def of_customer(session: Session, customer_id: int, scope: Scope, limit: int) -> list[OrderCard]:
    """List a customer's orders within the sites, newest first."""
    query = listing().where(Order.customer_id == customer_id, scope.limits(Order.site_id))
    return [card_of(session, row) for row in session.execute(query.order_by(Order.id.desc()).limit(limit))]


def statuses(scope: Scope = EVERYWHERE) -> list[str]:
    """List the statuses that orders have, for a filter."""
    with reading() as session:
        query = select(Order.status).where(scope.limits(Order.site_id)).distinct()
        return sorted(status for status in session.scalars(query) if status)


def checked_reference(reference: str) -> str:
    """Accept a reference of any characters but control characters, trimmed. Raises Invalid."""
    if not (trimmed := _text("reference", reference)):
        raise Invalid(field="reference", problem="required")
    return trimmed


def checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Accept new values of an order's fields, as they are to be kept. Raises Invalid naming the first wrong one."""
    return {field: _value(field, value) for field, value in changes.items()}


def _value(field: str, value: Any) -> Any:
    if field in DATES:
        return _instant(field, value)
    if field == "email":
        return normal_address(value) if value else None
    if field == "locale":
        return _one_of(field, value, LOCALES) if value else None
    if field == "kind":
        return _one_of(field, value, KINDS)
    if field == "site" or field in LONGEST:
        return _text(field, "" if value is None else value)
    raise Invalid(field=field, problem="unknown_key")


def _one_of(field: str, value: Any, choices: Sequence[str]) -> str:
    if value not in choices:
        raise Invalid(field=field, problem="not_a_choice", value=value, choices=tuple(choices))
    return str(value)


def _instant(field: str, value: Any) -> datetime | None:
    if value is not None and (not isinstance(value, datetime) or value.tzinfo is None):
        raise Invalid(field=field, problem="expected", value=value)
    return value


def _text(field: str, value: Any) -> str:
    """Tidy a line of text; a reference keeps its inner spaces. Control characters have no business in either."""
    if not isinstance(value, str):
        raise Invalid(field=field, problem="expected", value=value)
    line = value.strip() if field == "reference" else " ".join(value.split())
    if any(unicodedata.category(letter) in UNWRITABLE for letter in line):
        raise Invalid(field=field, problem="expected", value=value)
    if len(line) > (highest := LONGEST.get(field, LONGEST["reference"])):
        raise Invalid(field=field, problem="too_long", value=value, highest=highest)
    return line


def _locked(session: Session, reference: str) -> OrderCard | None:
    """Read an order, kept from other writers until the transaction ends."""
    query = listing().where(Order.reference == reference).with_for_update(of=Order.__table__)
    row = session.execute(query).first()
    return card_of(session, row) if row is not None else None


def _create(session: Session, reference: str, changes: dict[str, Any], now: datetime, by: Actor) -> OrderCard:
    values = {field: changes[field] for field in OF_ORDER if field in changes}
    customer_id = write_customer(session, None, None, values["kind"], changes, now)
    made = upsert(session, Order).values(
        reference=reference,
        site_id=_site_id(session, changes["site"]),
        customer_id=customer_id,
        created_at=now,
        updated_at=now,
        **values,
    )
    if session.scalar(made.on_conflict_do_nothing(index_elements=["reference"]).returning(Order.id)) is None:
        raise StaleDataError("the same order was made meanwhile")
    card = replace(_read(session, reference), new=True)
    after = {name: value for name, value in told(card).items() if value}
    _record(session, "created", card, by, now, {}, after)
    return card


def _apply(session: Session, order: OrderCard, changes: dict[str, Any], now: datetime, by: Actor) -> OrderCard:
    """Write what differs, so that saying the same twice changes nothing."""
    wanted = {field: changes[field] for field in OF_ORDER if field in changes}
    kind = changes.get("kind", order.kind)
    wanted["customer_id"] = write_customer(session, order.customer_id, order.email, kind, changes, now)
    differing = {field: value for field, value in wanted.items() if getattr(order, field) != value}
    if changes.get("site", order.site.key) != order.site.key:
        differing["site_id"] = _site_id(session, changes["site"])
    if differing:
        session.execute(update(Order).where(Order.id == order.id).values(updated_at=now, **differing))
    card = _read(session, order.reference)
    before, after = audit.differences(told(order), told(card))
    if after:
        _record(session, "changed", card, by, now, before, after)
    return card


def _record(
    session: Session,
    action: str,
    card: OrderCard,
    by: Actor,
    now: datetime,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    named = card.reference
    audit.record(
        session, by, action, "order", named, now, label=named, site_id=card.site.id, before=before, after=after
    )


def told(card: OrderCard) -> dict[str, Any]:
    """Say what an order holds, for the audit log."""
    names = ("kind", "status", "units", "email", "name", "phone", "locale")
    dates = {name: value.isoformat() if (value := getattr(card, name)) else None for name in DATES}
    return {"site": card.site.key, **{name: getattr(card, name) for name in names}, **dates}


def _site_id(session: Session, key: str) -> int:
    found = session.scalar(select(Site.id).where(Site.key == key))
    if found is None:
        raise Invalid(field="site", problem="unknown_site", value=key)
    return found


def listing(*more: Any) -> Select[*tuple[Any, ...]]:
    """Select orders with their customers, as ``card_of`` reads them, and ``more`` columns."""
    return (
        select(
            *Order.__table__.c,
            Site.revision.label("site_revision"),
            Customer.email,
            Customer.name,
            Customer.phone,
            Customer.locale,
            *more,
        )
        .join(Site, Site.id == Order.site_id)
        .outerjoin(Customer, Customer.id == Order.customer_id)
    )


def _read(session: Session, reference: str) -> OrderCard:
    row = session.execute(listing().where(Order.reference == reference)).first()
    if row is None:
        raise NotFound
    return card_of(session, row)


def card_of(session: Session, row: Any) -> OrderCard:
    """Make the card of a row of ``listing``."""
    return OrderCard(
        id=row.id,
        reference=row.reference,
        kind=row.kind,
        status=row.status,
        site=place_cards.site_card(session, row.site_id, row.site_revision),
        customer_id=row.customer_id,
        email=row.email,
        name=row.name or "",
        phone=row.phone or "",
        locale=row.locale,
        units=row.units,
        ship_date=row.ship_date,
        delivery_date=row.delivery_date,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
