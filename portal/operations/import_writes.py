"""A plan written down: everything in a few statements, however many lines it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.models import Customer, Link, Order, Planning
from portal.operations.bookables import joined
from portal.operations.import_plans import OF_ORDER, Entry, Person, Plan
from portal.operations.invitations import Guest, invite_all
from portal.operations.order_customers import OF_CUSTOMER, upsert

CUSTOMER = ("email", *OF_CUSTOMER)


def to_invite(session: Session, plan: Plan, now: datetime) -> list[Entry]:
    """Find the orders to send a link to: with an address, hours to book, and no link that still opens."""
    served = _served(session)
    found = [
        entry
        for entry in plan.entries
        if entry.person is not None and entry.person.email and (entry.site_id, entry.kind) in served
    ]
    linked = _linked(session, [entry.id for entry in found if entry.id is not None], now)
    return [entry for entry in found if entry.id not in linked]


def _served(session: Session) -> set[tuple[int, str]]:
    """Find at which sites which kinds of orders can be booked."""
    rows = session.execute(joined(Planning.kinds)).all()
    return {(row.site_id, kind) for row in rows for kind in row.kinds}


def _linked(session: Session, ids: Sequence[int], now: datetime) -> set[int]:
    opens = or_(Link.expires_at.is_(None), Link.expires_at > now)
    query = select(Link.order_id).where(Link.order_id.in_(ids), Link.revoked_at.is_(None), opens)
    return set(session.scalars(query)) if ids else set()


def write(session: Session, plan: Plan, now: datetime) -> None:
    """Write what differs. What another writer made meanwhile raises StaleDataError: the use case plans again."""
    _add_people(session, [person for person in plan.people if person.id is None], now)
    _change_people(session, [one for one in plan.people if one.stored and one.stored != one.values])
    _add_orders(session, [entry for entry in plan.entries if entry.id is None], now)
    _change_orders(session, [one for one in plan.entries if one.stored and one.stored != one.values], now)
    invite_all(session, [_guest(entry) for entry in plan.invited], now)


def _add_people(session: Session, people: Sequence[Person], now: datetime) -> None:
    reached = {person.email: person for person in people if person.email}
    made = upsert(session, Customer).on_conflict_do_nothing(index_elements=["email"])
    rows = [_customer(person, now) for person in reached.values()]
    for identity, email in _inserted(session, made.returning(Customer.id, Customer.email), rows):
        reached[email].id = identity
    _all_made(reached.values())
    _add_unreachable(session, [person for person in people if not person.email], now)


def _add_unreachable(session: Session, people: Sequence[Person], now: datetime) -> None:
    """Add customers without address. Rows come back in any order: of those that say the same, any is as good."""
    alike: dict[tuple[Any, ...], list[Person]] = defaultdict(list)
    for person in people:
        alike[person.kind, *person.values].append(person)
    returned = insert(Customer).returning(Customer.id, Customer.kind, *(getattr(Customer, name) for name in CUSTOMER))
    for identity, *values in _inserted(session, returned, [_customer(person, now) for person in people]):
        alike[tuple(values)].pop().id = identity


def _customer(person: Person, now: datetime) -> dict[str, Any]:
    return {"kind": person.kind, "created_at": now, **{name: getattr(person, name) for name in CUSTOMER}}


def _add_orders(session: Session, entries: Sequence[Entry], now: datetime) -> None:
    by_reference = {entry.reference: entry for entry in entries}
    rows = [{"reference": one.reference, "created_at": now, **_order(one, now)} for one in entries]
    made = upsert(session, Order).on_conflict_do_nothing(index_elements=["reference"])
    for identity, reference in _inserted(session, made.returning(Order.id, Order.reference), rows):
        by_reference[reference].id = identity
    _all_made(entries)


def _order(entry: Entry, now: datetime) -> dict[str, Any]:
    customer_id = entry.person.id if entry.person is not None else None
    values = {name: getattr(entry, name) for name in OF_ORDER}
    return {"site_id": entry.site_id, "customer_id": customer_id, "updated_at": now, **values}


def _inserted(session: Session, query: Any, rows: Sequence[dict[str, Any]]) -> Sequence[Any]:
    return session.connection().execute(query, rows).all() if rows else ()


def _all_made(things: Any) -> None:
    if any(thing.id is None for thing in things):
        raise StaleDataError("somebody else made the same meanwhile")


def _change_people(session: Session, people: Sequence[Person]) -> None:
    rows = [{"number": person.id, **{name: getattr(person, name) for name in CUSTOMER}} for person in people]
    try:
        _updated(session, Customer, CUSTOMER, rows)
    except IntegrityError as error:  # the address has become somebody else's
        raise StaleDataError("the same customer was made meanwhile") from error


def _change_orders(session: Session, entries: Sequence[Entry], now: datetime) -> None:
    rows = [{"number": entry.id, **_order(entry, now)} for entry in entries]
    _updated(session, Order, ("site_id", "customer_id", "updated_at", *OF_ORDER), rows)


def _updated(session: Session, table: Any, names: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """Update rows by their ``number``, one statement run for all of them."""
    if rows:
        values: dict[str, Any] = {name: bindparam(name) for name in names}
        query = update(table.__table__).where(table.__table__.c.id == bindparam("number")).values(values)
        session.connection().execute(query, list(rows))


def _guest(entry: Entry) -> Guest:
    person = entry.person
    if entry.id is None or person is None or person.email is None:
        raise RuntimeError("only a written order whose customer has an address can be invited")
    return Guest(entry.id, person.email, person.locale)
