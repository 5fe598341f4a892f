"""Whose an order is: what is said of its customer leads to somebody of the base, or to somebody new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.models import Customer

OF_CUSTOMER = ("name", "phone", "locale")


class Whose(Enum):
    """Who an order's customer becomes: the one it has, that one with an address, the one of an address, a new one."""

    SAME = auto()
    REACHED = auto()
    KNOWN = auto()
    NEW = auto()
    NOBODY = auto()


def whose(changes: Mapping[str, Any], current: str | None, has: bool, known: Callable[[str], bool]) -> Whose:
    """Decide who the customer of an order becomes by what is said of them.

    ``has``: the order has a customer, whose address is ``current``. An address leads to the customer who has it
    (``known`` tells whether somebody does); one who had none receives it. Without address the order keeps a customer
    of its own.
    """
    details = any(changes.get(field) for field in OF_CUSTOMER)
    if "email" not in changes:
        return Whose.SAME if has else Whose.NEW if details else Whose.NOBODY
    address = changes["email"]
    if has and current == address:
        return Whose.SAME
    if address is None:
        return Whose.NEW if current or details else Whose.NOBODY
    if known(address):
        return Whose.KNOWN
    return Whose.REACHED if has and current is None else Whose.NEW


def customer_details(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Pick what changes in a customer: the base belongs to everyone, and an empty name or number erases nothing."""
    return {field: changes[field] for field in OF_CUSTOMER if changes.get(field)}


def write_customer(
    session: Session, mine: int | None, current: str | None, kind: str, changes: Mapping[str, Any], now: datetime
) -> int | None:
    """Write what an order says of its customer, and give the customer's id.

    ``mine`` is the customer that the order has, ``current`` that one's address.
    """
    details, address = customer_details(changes), changes.get("email")
    found = whose(changes, current, mine is not None, lambda email: _known(session, email))
    if found is Whose.NOBODY:
        return None
    if mine is not None and found in (Whose.SAME, Whose.REACHED):
        _update_customer(session, mine, details if found is Whose.SAME else {**details, "email": address})
        return mine
    return _new_customer(session, address, kind, details, now)


def _known(session: Session, email: str) -> bool:
    return session.scalar(select(Customer.id).where(Customer.email == email)) is not None


def _update_customer(session: Session, customer_id: int, details: Mapping[str, Any]) -> None:
    if details:
        differs = or_(*(getattr(Customer, field).is_distinct_from(value) for field, value in details.items()))
        session.execute(update(Customer).where(Customer.id == customer_id, differs).values(**details))


def _new_customer(session: Session, email: str | None, kind: str, details: Mapping[str, Any], now: datetime) -> int:
    """Add a customer, or find the one with this address: decided by the database, whoever else writes now."""
    row = {"email": email, "kind": kind, "created_at": now, "name": "", "phone": "", **details}
    if email is None:
        return session.execute(insert(Customer).values(**row).returning(Customer.id)).scalar_one()
    # An update that changes nothing gives back the row that was there; DO NOTHING would give back none.
    given = {**details, "email": email}
    query = upsert(session, Customer).values(**row).on_conflict_do_update(index_elements=["email"], set_=given)
    return int(session.execute(query.returning(Customer.id)).scalar_one())


def upsert(session: Session, table: Any) -> Any:
    """Begin an insert that can say what happens to rows that are there."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
