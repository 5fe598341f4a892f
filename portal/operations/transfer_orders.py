"""Customers and orders in the form of the configuration file, and the way back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Customer, Order, Site
from portal.operations.schema_fields import KINDS
from portal.operations.transfer_rows import Keys, Values, batches, columns, instant_of, locked, put, some

CUSTOMER_COLUMNS = ("name", "phone", "kind", "locale")


def customer_defaults(_timezone: str) -> Values:
    """Give what a new customer has where its file says nothing."""
    return {"name": "", "phone": "", "kind": KINDS[0], "locale": None}


def order_defaults(_timezone: str) -> Values:
    """Give what a new order has where its file says nothing."""
    return {"customer": None, "status": "", "units": "", "ship_date": None, "delivery_date": None}


def customers(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read the customers who have an address."""
    query = select(Customer).where(Customer.email.is_not(None)).order_by(Customer.email)
    rows = some(session, locked(query, Customer, lock), Customer.email, keys)
    return {row.email: columns(row, ("email", *CUSTOMER_COLUMNS)) for row in rows}


def orders(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read orders; a customer without address is written out, for there is no key to call them by."""
    wanted = (*Order.__table__.c, Site.key.label("site"), Customer.email, Customer.name, Customer.phone)
    query = (
        select(*wanted)
        .join(Site, Site.id == Order.site_id)
        .outerjoin(Customer, Customer.id == Order.customer_id)
        .order_by(Order.reference)
    )
    found: dict[str, Values] = {}
    for batch in batches(keys):
        chosen = query if batch is None else query.where(Order.reference.in_(batch))
        rows = session.execute(chosen.with_for_update(of=Order) if lock else chosen)
        found.update((row.reference, _order(row)) for row in rows)
    return found


def _order(row: Any) -> Values:
    nameless = {"name": row.name, "phone": row.phone} if row.customer_id is not None else None
    return {
        "reference": row.reference,
        "kind": row.kind,
        "site": row.site,
        "customer": row.email or nameless,
        "status": row.status,
        "units": row.units,
        "ship_date": row.ship_date.isoformat() if row.ship_date else None,
        "delivery_date": row.delivery_date.isoformat() if row.delivery_date else None,
    }


def write_customer(session: Session, after: Values, now: datetime) -> None:
    """Write a customer under their address."""
    row = session.scalars(select(Customer).where(Customer.email == after["email"])).first()
    row = row or Customer(email=after["email"], created_at=now)
    put(row, after, CUSTOMER_COLUMNS)
    session.add(row)


def write_order(session: Session, after: Values, now: datetime) -> None:
    """Write an order under its reference."""
    row = session.scalars(select(Order).where(Order.reference == after["reference"])).first()
    row = row or Order(reference=after["reference"], created_at=now)
    put(row, after, ("kind", "status", "units"))
    row.ship_date, row.delivery_date = instant_of(after["ship_date"]), instant_of(after["delivery_date"])
    row.site_id = session.scalars(select(Site.id).where(Site.key == after["site"])).one()
    row.customer_id = _customer_id(session, row, after, now)
    row.updated_at = now
    session.add(row)


def _customer_id(session: Session, order: Order, after: Values, now: datetime) -> int | None:
    customer = after["customer"]
    if customer is None:
        return None
    if isinstance(customer, str):
        return session.scalars(select(Customer.id).where(Customer.email == customer)).one()
    current = session.get(Customer, order.customer_id) if order.customer_id else None
    row = current if current is not None and current.email is None else Customer(kind=after["kind"], created_at=now)
    row.name, row.phone = customer["name"], customer["phone"]
    session.add(row)
    session.flush()
    return row.id
