"""The customer base as the staff and programs work with it: found, kept, shown with all that belongs to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound
from portal.domain.lifecycle import ACTIVE
from portal.domain.zones import zone
from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Customer, Order
from portal.operations import audit, cards, erasure, orders, waiting_records
from portal.operations.actors import SYSTEM, Actor
from portal.operations.addresses import normal_address
from portal.operations.cards import AppointmentCard
from portal.operations.orders import OrderCard
from portal.operations.scopes import EVERYWHERE, Scope

KEPT = ("kind", "name", "phone", "locale")
MOST = 200  # orders, and appointments, on a customer's page
SORTS = {"name": (Customer.name, Customer.email), "new": (Customer.id.desc(),)}


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """Somebody of the base. ``new``: made by the very call that gave this card."""

    id: int
    email: str | None
    name: str
    phone: str
    kind: str
    locale: str | None
    created_at: datetime
    new: bool = False

    @property
    def label(self) -> str:
        """What people call them."""
        return self.name or self.email or self.phone


@dataclass(frozen=True, slots=True)
class Search:
    """Which customers to list: ``text`` in name, address or telephone; None = all."""

    text: str = ""
    kind: str | None = None
    invitable: bool | None = None
    sort: str = "name"


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A customer of the list: how many orders, and when they are expected next."""

    customer: CustomerCard
    orders: int
    next: Expected | None


@dataclass(frozen=True, slots=True, order=True)
class Expected:
    """When somebody is expected, and the zone of the place."""

    start: datetime
    zone: ZoneInfo = field(compare=False)


@dataclass(frozen=True, slots=True)
class CustomerList:
    """A page of the customers found; ``page`` counts from 1 and is one that exists."""

    lines: Sequence[CustomerLine]
    page: int
    pages: int
    total: int


def listing(wanted: Search, *, now: datetime, scope: Scope = EVERYWHERE, page: int = 1, size: int = 50) -> CustomerList:
    """List customers; a page beyond the last is the last."""
    query = select(*Customer.__table__.c).where(*_conditions(wanted, scope))
    with reading() as session:
        counted = query.with_only_columns(func.count(), maintain_column_froms=True)
        total = session.scalar(counted) or 0
        pages = max(-(-total // size), 1)
        page = min(max(page, 1), pages)
        ordered = query.order_by(*SORTS.get(wanted.sort, SORTS["name"]), Customer.id)
        rows = session.execute(ordered.limit(size).offset((page - 1) * size)).all()
        ids = [row.id for row in rows]
        made, coming = _order_counts(session, ids, scope), _expected(session, ids, now, scope)
    lines = [CustomerLine(_card(row), made.get(row.id, 0), coming.get(row.id)) for row in rows]
    return CustomerList(lines, page, pages, total)


def _conditions(wanted: Search, scope: Scope) -> list[ColumnElement[bool]]:
    searched = (Customer.name, Customer.email, Customer.phone)
    given = [
        (wanted.text, or_(*(column.icontains(wanted.text, autoescape=True) for column in searched))),
        (wanted.kind, Customer.kind == wanted.kind),
        (wanted.invitable is True, Customer.email.is_not(None)),
        (wanted.invitable is False, Customer.email.is_(None)),
        (scope.sites is not None, _of_sites(scope)),
    ]
    return [condition for wish, condition in given if wish]


def _of_sites(scope: Scope) -> ColumnElement[bool]:
    """Tell whose business somebody is: of the sites where they have an order or an appointment."""
    ordered = exists().where(Order.customer_id == Customer.id, scope.limits(Order.site_id))
    expected = exists().where(Appointment.customer_id == Customer.id, scope.limits(Appointment.site_id))
    return or_(ordered, expected)


def _order_counts(session: Session, ids: Sequence[int], scope: Scope) -> dict[int, int]:
    query = (
        select(Order.customer_id, func.count())
        .where(Order.customer_id.in_(ids), scope.limits(Order.site_id))
        .group_by(Order.customer_id)
    )
    return {customer: number for customer, number in session.execute(query) if customer is not None}


def _expected(session: Session, ids: Sequence[int], now: datetime, scope: Scope) -> dict[int, Expected]:
    to_come = and_(Appointment.customer_id.in_(ids), Appointment.status.in_(ACTIVE), Appointment.ends_at > now)
    query = (
        select(Appointment.customer_id, func.min(Appointment.starts_at), Appointment.timezone)
        .where(to_come, scope.limits(Appointment.site_id))
        .group_by(Appointment.customer_id, Appointment.timezone)
    )
    found: dict[int, Expected] = {}
    for customer, start, name in session.execute(query):
        if customer is not None:
            coming = Expected(start, zone(name))
            found[customer] = min(found.get(customer, coming), coming)
    return found


@dataclass(frozen=True, slots=True)
class CustomerSheet:
    """A customer with all that belongs to them, newest first; of each kind no more than ``MOST``."""

    customer: CustomerCard
    orders: Sequence[OrderCard]
    upcoming: Sequence[AppointmentCard]
    past: Sequence[AppointmentCard]


def sheet(customer_id: int, *, now: datetime, scope: Scope = EVERYWHERE) -> CustomerSheet:
    """Read a customer whole, within the sites. Raises NotFound."""
    with reading() as session:
        customer = _read(session, customer_id, scope)
        made = orders.of_customer(session, customer_id, scope, MOST)
        mine = cards.listing().where(theirs(customer), scope.limits(Appointment.site_id))
        found = cards.cards(session, mine.order_by(Appointment.starts_at.desc(), Appointment.id.desc()).limit(MOST))
    upcoming = [card for card in reversed(found) if card.active(now) or card.undoable(now)]
    past = [card for card in found if card not in upcoming]
    return CustomerSheet(customer, made, upcoming, past)


def theirs(customer: CustomerCard) -> ColumnElement[bool]:
    """Give the condition of an appointment that is a customer's: by the base, or booked under their address."""
    known = Appointment.customer_id == customer.id
    return or_(known, Appointment.email == customer.email) if customer.email else known


def get(customer_id: int, scope: Scope = EVERYWHERE) -> CustomerCard:
    """Read a customer, within the sites. Raises NotFound."""
    with reading() as session:
        return _read(session, customer_id, scope)


def of_address(email: str) -> CustomerCard:
    """Read the customer of an address. Raises Invalid for none, NotFound."""
    address = normal_address(email)
    with reading() as session:
        row = session.execute(_columns().where(Customer.email == address)).first()
    if row is None:
        raise NotFound
    return _card(row)


@retried
def put(email: str, changes: Mapping[str, Any], *, now: datetime, by: Actor = SYSTEM) -> CustomerCard:
    """Make the customer of an address, or change the one who is there: what is left out stays. Raises Invalid."""
    address, wanted = normal_address(email), orders.checked(changes)
    with transaction() as session:
        row = session.execute(_columns().where(Customer.email == address).with_for_update()).first()
        if row is None:
            return _create(session, address, wanted, by, now)
        _change(session, row, wanted, by, now)
        return _card(session.execute(_columns().where(Customer.id == row.id)).one())


@retried
def create(email: str | None, changes: Mapping[str, Any], *, now: datetime, by: Actor = SYSTEM) -> CustomerCard:
    """Add a customer. Raises Invalid, also when the address is somebody's already."""
    address = normal_address(email) if email else None
    with transaction() as session:
        card = _create(session, address, orders.checked(changes), by, now)
        if not card.new:
            raise Invalid(field="email", problem="exists", value=address)
        return card


@retried
def change(customer_id: int, changes: Mapping[str, Any], *, now: datetime, by: Actor = SYSTEM) -> CustomerCard:
    """Change a customer, the address included. Raises NotFound, Invalid (the address is somebody else's)."""
    wanted = orders.checked(changes)
    with transaction() as session:
        row = session.execute(_columns().where(Customer.id == customer_id).with_for_update()).first()
        if row is None:
            raise NotFound
        address = wanted.get("email")
        if address and session.scalar(_columns().where(Customer.email == address, Customer.id != customer_id)):
            raise Invalid(field="email", problem="exists", value=address)
        _change(session, row, wanted, by, now)
        return _card(session.execute(_columns().where(Customer.id == customer_id)).one())


@retried
def remove(customer_id: int, *, now: datetime, by: Actor = SYSTEM) -> bool:
    """Take out somebody who was added by mistake: no order, no appointment. False: there is something of theirs."""
    with transaction() as session:
        unused = and_(
            ~exists().where(Order.customer_id == Customer.id), ~exists().where(Appointment.customer_id == Customer.id)
        )
        gone = session.scalar(delete(Customer).where(Customer.id == customer_id, unused).returning(Customer.id))
        if gone is not None:
            erasure.forget_changes_of(session, [customer_id])
            audit.record(session, by, "removed", "customer", str(customer_id), now)
        return gone is not None


def _columns() -> Select[*tuple[Any, ...]]:
    return select(*Customer.__table__.c)


def _read(session: Session, customer_id: int, scope: Scope) -> CustomerCard:
    query = _columns().where(Customer.id == customer_id)
    row = session.execute(query if scope.sites is None else query.where(_of_sites(scope))).first()
    if row is None:
        raise NotFound
    return _card(row)


def _create(session: Session, email: str | None, wanted: Mapping[str, Any], by: Actor, now: datetime) -> CustomerCard:
    """Insert, decided by the database whoever else writes the same address now."""
    values: dict[str, Any] = {"email": email, "kind": "customer", "name": "", "phone": "", "locale": None}
    values["created_at"] = now
    values |= {name: wanted[name] for name in KEPT if name in wanted}
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    made = dialect.insert(Customer).values(**values).on_conflict_do_nothing(index_elements=["email"])
    identity = session.scalar(made.returning(Customer.id))
    if identity is None:
        return _card(session.execute(_columns().where(Customer.email == email)).one())
    after = {name: value for name, value in values.items() if value and name != "created_at"}
    audit.record(session, by, "created", "customer", str(identity), now, label=_label(values), after=after)
    return CustomerCard(identity, email, values["name"], values["phone"], values["kind"], values["locale"], now, True)


def _change(session: Session, row: Any, wanted: Mapping[str, Any], by: Actor, now: datetime) -> None:
    stored = {name: getattr(row, name) for name in (*KEPT, "email")}
    before, after = audit.differences(stored, {**stored, **{name: wanted[name] for name in stored if name in wanted}})
    if after:
        session.execute(update(Customer).where(Customer.id == row.id).values(**after))
        label = _label({**stored, **after})
        audit.record(session, by, "changed", "customer", str(row.id), now, label=label, before=before, after=after)


def _label(values: Mapping[str, Any]) -> str:
    return str(values["name"] or values["email"] or values["phone"] or "")


def _card(row: Any) -> CustomerCard:
    return CustomerCard(row.id, row.email, row.name, row.phone, row.kind, row.locale, row.created_at)


def record(customer_id: int, *, now: datetime, by: Actor = SYSTEM) -> dict[str, Any]:
    """Gather everything that is kept about a customer, as JSON would write it, and note that it was handed out.

    Raises NotFound. Instants are in UTC.
    """
    found = sheet(customer_id, now=now)
    log_export(customer_id, found.customer.label, by, now)
    return {
        "customer": _plain(asdict(found.customer), drop=("new",)),
        "orders": [_order(card) for card in found.orders],
        "appointments": [_appointment(card) for card in (*found.upcoming, *found.past)],
        **_waiting(found.customer.email),
    }


def _waiting(email: str | None) -> dict[str, Any]:
    """Gather what somebody waits for and was offered; nothing without an address."""
    if email is None:
        return {}
    with reading() as session:
        return waiting_records.of_address(session, email)


@retried
def log_export(customer_id: int, label: str, by: Actor, now: datetime) -> None:
    """Write down that somebody's data were handed out."""
    with transaction() as session:
        audit.record(session, by, "exported", "customer", str(customer_id), now, label=label)


def _order(card: OrderCard) -> dict[str, Any]:
    names = ("reference", "kind", "status", "units", "ship_date", "delivery_date", "created_at")
    return {**_plain({name: getattr(card, name) for name in names}), "site": card.site.key}


def _appointment(card: AppointmentCard) -> dict[str, Any]:
    names = ("reference", "start", "end", "order", "email", "name", "phone", "comment", "fields", "locale", "source")
    told = {name: getattr(card, name) for name in (*names, "created_at", "updated_at")}
    history = [
        {"at": line.at.isoformat(), "kind": line.kind, "by": line.actor, "before": line.before, "after": line.after}
        for line in cards.history(card.public_id)
    ]
    booked = "planning" if card.service_id is None else "service"
    place = {"site": card.site.key, booked: card.item.key if card.item else None}
    return {**_plain(told), **place, "status": card.status.value, "history": history}


def _plain(values: Mapping[str, Any], drop: Sequence[str] = ()) -> dict[str, Any]:
    """Write instants as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
        if name not in drop
    }
