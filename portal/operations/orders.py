"""Orders and their customers: what the staff area, the API and the configuration file read and write."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.config import LOCALES
from portal.domain.errors import Invalid, NotFound
from portal.extensions import reading, retried, transaction
from portal.models import Customer, Order, Site
from portal.operations import bookables
from portal.operations.addresses import normal_address
from portal.operations.bookables import SiteCard
from portal.operations.scopes import Scope

KINDS = ("customer", "supplier")
LONGEST = {"reference": 120, "status": 40, "units": 120, "name": 120, "phone": 40}
MOST = 200  # orders on one page
DATES = ("ship_date", "delivery_date")
OF_ORDER = ("kind", "status", "units", *DATES)
OF_CUSTOMER = ("name", "phone", "locale")
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


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the orders found, newest first; ``next`` is the cursor of the following page, None on the last."""

    orders: Sequence[OrderCard]
    next: str | None
    total: int


@retried
def put(draft: OrderDraft, *, now: datetime) -> OrderCard:
    """Create an order, or update the one with this reference, and its customer with it. Raises Invalid."""
    changes = {field: value for field, value in asdict(draft).items() if value is not None}
    reference = checked_reference(changes.pop("reference"))
    with transaction() as session:
        order = session.execute(_locked(reference)).first()
        if order is None:
            _create(session, reference, checked(changes), now)
        else:
            _apply(session, order, checked(changes), now)
        return replace(_read(session, reference), new=order is None)


@retried
def create(draft: OrderDraft, *, now: datetime) -> OrderCard:
    """Create an order, and its customer with it. Raises Invalid, also when another order has the reference."""
    changes = {field: value for field, value in asdict(draft).items() if value is not None}
    reference = checked_reference(changes.pop("reference"))
    with transaction() as session:
        if session.execute(_locked(reference)).first() is not None:
            raise Invalid(field="reference", problem="exists", value=reference)
        _create(session, reference, checked(changes), now)
        return replace(_read(session, reference), new=True)


@retried
def patch(reference: str, changes: Mapping[str, Any], *, now: datetime) -> OrderCard:
    """Change only these fields of an order (those of ``OrderDraft``); None clears one. Raises NotFound, Invalid."""
    with transaction() as session:
        order = session.execute(_locked(reference)).first()
        if order is None:
            raise NotFound
        _apply(session, order, checked(changes), now)
        return _read(session, reference)


def get(reference: str) -> OrderCard:
    """Read an order. Raises NotFound."""
    with reading() as session:
        return _read(session, reference)


def search(
    text: str = "",
    *,
    site: str | None = None,
    kind: str | None = None,
    status: str | None = None,
    invitable: bool | None = None,
    cursor: str | None = None,
    size: int = 50,
) -> Page:
    """List orders, newest first, whose reference, customer's name or address contains ``text``.

    ``site`` is a key; ``cursor`` the ``next`` of the page before. Raises Invalid for a cursor that is none of ours.
    """
    size = min(max(size, 1), MOST)
    conditions = _conditions(text.strip(), site, kind, status, invitable)
    query = _listing().where(*conditions)
    with reading() as session:
        total = session.scalar(select(func.count()).select_from(query.with_only_columns(Order.id).subquery())) or 0
        rows = session.execute(query.where(*_after(cursor)).order_by(Order.id.desc()).limit(size + 1)).all()
        found = [_card(session, row) for row in rows[:size]]
    return Page(found, str(found[-1].id) if len(rows) > size else None, total)


def of_customer(session: Session, customer_id: int, scope: Scope, limit: int) -> list[OrderCard]:
    """List a customer's orders within the sites, newest first."""
    query = _listing().where(Order.customer_id == customer_id, scope.limits(Order.site_id))
    return [_card(session, row) for row in session.execute(query.order_by(Order.id.desc()).limit(limit))]


def statuses() -> list[str]:
    """List the statuses that orders have, for a filter."""
    with reading() as session:
        return sorted(status for status in session.scalars(select(Order.status).distinct()) if status)


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


def _locked(reference: str) -> Select[*tuple[Any, ...]]:
    """Select an order, kept from other writers until the transaction ends."""
    return select(*Order.__table__.c).where(Order.reference == reference).with_for_update()


def _create(session: Session, reference: str, changes: dict[str, Any], now: datetime) -> None:
    values = {field: changes[field] for field in OF_ORDER if field in changes}
    customer_id = write_customer(session, None, values["kind"], changes, now)
    made = _upsert(session, Order).values(
        reference=reference,
        site_id=_site_id(session, changes["site"]),
        customer_id=customer_id,
        created_at=now,
        updated_at=now,
        **values,
    )
    if session.scalar(made.on_conflict_do_nothing(index_elements=["reference"]).returning(Order.id)) is None:
        raise StaleDataError("the same order was made meanwhile")


def _apply(session: Session, order: Any, changes: dict[str, Any], now: datetime) -> None:
    """Write what differs, so that saying the same twice changes nothing."""
    wanted = {field: changes[field] for field in OF_ORDER if field in changes}
    if "site" in changes:
        wanted["site_id"] = _site_id(session, changes["site"])
    wanted["customer_id"] = write_customer(session, order.customer_id, changes.get("kind", order.kind), changes, now)
    differing = {field: value for field, value in wanted.items() if getattr(order, field) != value}
    if differing:
        session.execute(update(Order).where(Order.id == order.id).values(updated_at=now, **differing))


def _site_id(session: Session, key: str) -> int:
    found = session.scalar(select(Site.id).where(Site.key == key))
    if found is None:
        raise Invalid(field="site", problem="unknown_site", value=key)
    return found


def write_customer(
    session: Session, customer_id: int | None, kind: str, changes: Mapping[str, Any], now: datetime
) -> int | None:
    """Write what an order says of its customer, and give the customer's id.

    An address leads to the customer who has it; one who had none receives it. Without address the order keeps a
    customer of its own. The base belongs to everyone: an empty name or telephone erases nothing in it.
    """
    details = {field: changes[field] for field in OF_CUSTOMER if changes.get(field)}
    if "email" not in changes and (customer_id is not None or not details):
        _update_customer(session, customer_id, details)
        return customer_id
    address = changes.get("email")
    current = session.scalar(select(Customer.email).where(Customer.id == customer_id)) if customer_id else None
    if customer_id is not None and current == address:
        _update_customer(session, customer_id, details)
        return customer_id
    if address is None:
        return _new_customer(session, None, kind, details, now) if current or details else None
    known = session.scalar(select(Customer.id).where(Customer.email == address))
    if known is None and customer_id is not None and current is None:
        _update_customer(session, customer_id, {**details, "email": address})
        return customer_id
    return _new_customer(session, address, kind, details, now)


def _update_customer(session: Session, customer_id: int | None, details: Mapping[str, Any]) -> None:
    if customer_id is not None and details:
        differs = or_(*(getattr(Customer, field).is_distinct_from(value) for field, value in details.items()))
        session.execute(update(Customer).where(Customer.id == customer_id, differs).values(**details))


def _new_customer(session: Session, email: str | None, kind: str, details: Mapping[str, Any], now: datetime) -> int:
    """Add a customer, or find the one with this address: decided by the database, whoever else writes now."""
    row = {"email": email, "kind": kind, "created_at": now, "name": "", "phone": "", **details}
    if email is None:
        return session.execute(insert(Customer).values(**row).returning(Customer.id)).scalar_one()
    # An update that changes nothing gives back the row that was there; DO NOTHING would give back none.
    given = {**details, "email": email}
    query = _upsert(session, Customer).values(**row).on_conflict_do_update(index_elements=["email"], set_=given)
    return int(session.execute(query.returning(Customer.id)).scalar_one())


def _upsert(session: Session, table: Any) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def _listing() -> Select[*tuple[Any, ...]]:
    return (
        select(
            *Order.__table__.c,
            Site.revision.label("site_revision"),
            Customer.email,
            Customer.name,
            Customer.phone,
            Customer.locale,
        )
        .join(Site, Site.id == Order.site_id)
        .outerjoin(Customer, Customer.id == Order.customer_id)
    )


def _conditions(
    text: str, site: str | None, kind: str | None, status: str | None, invitable: bool | None
) -> Sequence[Any]:
    wanted = [
        (text, or_(*(column.icontains(text, autoescape=True) for column in SEARCHED))),
        (site, Site.key == site),
        (kind, Order.kind == kind),
        (status, Order.status == status),
        (invitable is True, Customer.email.is_not(None)),
        (invitable is False, Customer.email.is_(None)),
    ]
    return [condition for given, condition in wanted if given]


SEARCHED = (Order.reference, Customer.name, Customer.email)


def _after(cursor: str | None) -> Sequence[Any]:
    if not cursor:
        return ()
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise Invalid(field="cursor", problem="expected", value=cursor)
    return (and_(Order.id < int(cursor)),)


def _read(session: Session, reference: str) -> OrderCard:
    row = session.execute(_listing().where(Order.reference == reference)).first()
    if row is None:
        raise NotFound
    return _card(session, row)


def _card(session: Session, row: Any) -> OrderCard:
    return OrderCard(
        id=row.id,
        reference=row.reference,
        kind=row.kind,
        status=row.status,
        site=bookables.site_card(session, row.site_id, row.site_revision),
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
