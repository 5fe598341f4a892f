"""What the database holds, in the form of the configuration file, and the way back.

An object is a mapping with every key of the file's shape, so that two states can be compared and printed. Each
section is read for some keys, or for all (None), and gives its objects by their key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from portal.domain import fields
from portal.domain.clocks import clock, minutes
from portal.extensions import settings
from portal.models import (
    Closure,
    Customer,
    ExceptionalDay,
    ExceptionalOpening,
    Order,
    Organisation,
    Planning,
    PlanningVersion,
    Pool,
    Site,
    WeeklyOpening,
)
from portal.operations import mail_texts
from portal.operations.keepsakes import new_revision
from portal.operations.schemas import KINDS, WEEKDAYS

Values = dict[str, Any]
Keys = Collection[str] | None

AT_ONCE = 500  # keys in one statement
ORGANISATION = "organisation"
ORGANISATION_COLUMNS = ("name", "locale", "timezone", "sender_name", "accent", "retention_months", "texts")
SITE_COLUMNS = (
    "name",
    "address",
    "timezone",
    "latitude",
    "longitude",
    "email",
    "phone",
    "holidays",
    "policy",
    "notices",
    "active",
)
PLANNING_COLUMNS = ("name", "timezone", "kinds", "guests", "slot_minutes", "step_minutes", "policy", "active")
CUSTOMER_COLUMNS = ("name", "phone", "kind", "locale")


def defaults(section: str, timezone: str) -> Values:
    """Give the values of a new object for what its file leaves out."""
    site: Values = {
        "address": "",
        "timezone": timezone,
        "latitude": None,
        "longitude": None,
        "email": None,
        "phone": None,
        "holidays": None,
        "closures": [],
        "policy": {},
        "notices": {},
        "active": True,
    }
    planning: Values = {
        "timezone": timezone,
        "sites": [],
        "kinds": list(KINDS),
        "guests": False,
        "slot_minutes": 60,
        "step_minutes": 30,
        "policy": {},
        "fields": [],
        "versions": [],
        "exceptions": [],
        "active": True,
    }
    return {
        ORGANISATION: {
            "locale": settings().default_locale,
            "timezone": timezone,
            "sender_name": "",
            "accent": None,
            "retention_months": None,
            "texts": {},
            "mails": {},
        },
        "sites": site,
        "plannings": planning,
        "customers": {"name": "", "phone": "", "kind": KINDS[0], "locale": None},
        "orders": {"customer": None, "status": "", "units": "", "ship_date": None, "delivery_date": None},
    }[section]


def organisation(session: Session, _keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read the one organisation, under its own name."""
    row = session.scalars(_locked(select(Organisation), Organisation, lock)).first()
    return {ORGANISATION: {**_columns(row, ORGANISATION_COLUMNS), "mails": _mails(session)}} if row else {}


def _mails(session: Session) -> Values:
    """Give the company's own words of mails, by mail, then by language."""
    found: Values = {}
    for (name, locale), text in sorted(mail_texts.read(session).items()):
        found.setdefault(name, {})[locale] = mail_texts.written(text)
    return found


def sites(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read sites with their closures."""
    query = _locked(select(Site).options(selectinload(Site.closures)).order_by(Site.key), Site, lock)
    return {row.key: _site(row) for row in _some(session, query, Site.key, keys)}


def plannings(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read plannings with their versions, exceptional days and sites."""
    query = select(Planning).order_by(Planning.key).options(
        selectinload(Planning.versions).selectinload(PlanningVersion.openings),
        selectinload(Planning.exceptions).selectinload(ExceptionalDay.openings),
        selectinload(Planning.pools),
    )  # fmt: skip
    site_keys = {row.id: row.key for row in session.execute(select(Site.id, Site.key))}
    rows = _some(session, _locked(query, Planning, lock), Planning.key, keys)
    return {row.key: _planning(row, site_keys) for row in rows}


def customers(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read the customers who have an address."""
    query = select(Customer).where(Customer.email.is_not(None)).order_by(Customer.email)
    rows = _some(session, _locked(query, Customer, lock), Customer.email, keys)
    return {row.email: _columns(row, ("email", *CUSTOMER_COLUMNS)) for row in rows}


def orders(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read orders; a customer without address is written out, for there is no key to call them by."""
    columns = (*Order.__table__.c, Site.key.label("site"), Customer.email, Customer.name, Customer.phone)
    query = (
        select(*columns)
        .join(Site, Site.id == Order.site_id)
        .outerjoin(Customer, Customer.id == Order.customer_id)
        .order_by(Order.reference)
    )
    found: dict[str, Values] = {}
    for batch in _batches(keys):
        chosen = query if batch is None else query.where(Order.reference.in_(batch))
        rows = session.execute(chosen.with_for_update(of=Order) if lock else chosen)
        found.update((row.reference, _order(row)) for row in rows)
    return found


Reader = Callable[..., dict[str, Values]]
SECTIONS: dict[str, Reader] = {
    ORGANISATION: organisation,
    "sites": sites,
    "plannings": plannings,
    "customers": customers,
    "orders": orders,
}
"""Every section, in the order in which one may refer to another."""


def _locked(query: Select[Any], table: type[Any], lock: bool) -> Select[Any]:
    return query.with_for_update(of=table) if lock else query


def _some(session: Session, query: Select[Any], column: Any, keys: Keys) -> Iterator[Any]:
    for batch in _batches(keys):
        yield from session.scalars(query if batch is None else query.where(column.in_(batch)))


def _batches(keys: Keys) -> Iterator[Sequence[str] | None]:
    if keys is None:
        yield None
        return
    listed = sorted(keys)
    for place in range(0, len(listed), AT_ONCE):
        yield listed[place : place + AT_ONCE]


def _columns(row: Any, names: Sequence[str]) -> Values:
    return {name: getattr(row, name) for name in names}


def _site(row: Site) -> Values:
    closures = [
        {"from": one.first_day.isoformat(), "to": one.last_day.isoformat(), "label": one.label}
        for one in sorted(row.closures, key=lambda one: (one.first_day, one.last_day, one.label))
    ]
    values = _columns(row, SITE_COLUMNS)
    return {"key": row.key, **{name: values[name] for name in SITE_COLUMNS[:8]}, "closures": closures,
            **{name: values[name] for name in SITE_COLUMNS[8:]}}  # fmt: skip


def _planning(row: Planning, site_keys: Mapping[int, str]) -> Values:
    values = _columns(row, PLANNING_COLUMNS)
    return {
        "key": row.key,
        "name": values["name"],
        "timezone": values["timezone"],
        "sites": sorted(site_keys[pool.site_id] for pool in row.pools if pool.active and pool.site_id),
        "kinds": [kind for kind in KINDS if kind in values["kinds"]],
        "guests": values["guests"],
        "slot_minutes": values["slot_minutes"],
        "step_minutes": values["step_minutes"],
        "policy": values["policy"],
        "fields": [fields.written(one) for one in fields.asked_of([fields.kept(one) for one in row.fields])],
        "versions": [_version(one) for one in sorted(row.versions, key=lambda one: one.applies_from or date.min)],
        "exceptions": [_exceptional(one) for one in row.exceptions],
        "active": values["active"],
    }


def _version(row: PlanningVersion) -> Values:
    week: Values = {}
    for opening in row.openings:
        week.setdefault(WEEKDAYS[opening.weekday - 1], []).append(_opening(opening))
    return {"from": row.applies_from.isoformat() if row.applies_from else None, "week": week}


def _exceptional(row: ExceptionalDay) -> Values:
    openings = [_opening(opening) for opening in row.openings]
    return {"date": row.day.isoformat(), "label": row.label, "openings": openings}


def _opening(row: WeeklyOpening | ExceptionalOpening) -> Values:
    return {"start": clock(row.start_minute), "end": clock(row.end_minute), "slots": row.slots}


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


def write_organisation(session: Session, after: Values, now: datetime) -> None:
    """Write the organisation's row and the words of its mails, and name its new state."""
    row = session.get(Organisation, 1) or Organisation(id=1)
    _set(row, after, ORGANISATION_COLUMNS)
    row.revision = new_revision()
    session.add(row)
    mail_texts.replace_all(session, after["mails"], now)


def write_site(session: Session, after: Values, _now: datetime) -> None:
    """Write a site and its closures, and name its new state."""
    row = session.scalars(select(Site).where(Site.key == after["key"])).first() or Site(key=after["key"])
    _set(row, after, SITE_COLUMNS)
    row.revision = new_revision()
    row.closures = [
        Closure(first_day=_day(one["from"]), last_day=_day(one["to"]), label=one["label"]) for one in after["closures"]
    ]
    session.add(row)
    session.flush()


def write_planning(session: Session, after: Values, _now: datetime) -> None:
    """Write a planning, its own row first: a booking that reads it waits, and then sees the new hours."""
    row = session.scalars(select(Planning).where(Planning.key == after["key"])).first() or Planning(key=after["key"])
    _set(row, after, PLANNING_COLUMNS)
    row.fields = _asking(row.fields or [], after["fields"])
    row.revision = new_revision()
    session.add(row)
    session.flush()
    row.versions, row.exceptions = [], []
    session.flush()  # the old days go before the new ones come: a date is there once
    row.versions = [_new_version(one) for one in after["versions"]]
    row.exceptions = [_new_exceptional(one) for one in after["exceptions"]]
    _serve(session, row, after["sites"])
    session.flush()


def _asking(known: Sequence[Values], asked: Sequence[Values]) -> list[Values]:
    """Ask other questions from now on, without losing the words of the old ones."""
    after = fields.succeeded([fields.kept(one) for one in known], [fields.kept(one) for one in asked])
    return [fields.written(one) for one in after]


def _serve(session: Session, row: Planning, keys: Sequence[str]) -> None:
    """Give the planning a pool at each of its sites; that of a site which it leaves stays, out of use."""
    wanted = set(session.scalars(select(Site.id).where(Site.key.in_(keys))))
    for pool in row.pools:
        pool.active = pool.site_id in wanted
    known = {pool.site_id for pool in row.pools}
    row.pools.extend(Pool(site_id=identity, active=True, longest_minutes=0) for identity in sorted(wanted - known))


def _new_version(values: Values) -> PlanningVersion:
    openings = [
        WeeklyOpening(weekday=WEEKDAYS.index(day) + 1, **_bounds(opening))
        for day, openings in values["week"].items()
        for opening in openings
    ]
    return PlanningVersion(applies_from=_day(values["from"]) if values["from"] else None, openings=openings)


def _new_exceptional(values: Values) -> ExceptionalDay:
    openings = [ExceptionalOpening(**_bounds(opening)) for opening in values["openings"]]
    return ExceptionalDay(day=_day(values["date"]), label=values["label"], openings=openings)


def _bounds(opening: Values) -> Values:
    start, end = minutes(opening["start"]), minutes(opening["end"])
    return {"start_minute": start, "end_minute": end, "slots": opening["slots"]}


def write_customer(session: Session, after: Values, now: datetime) -> None:
    """Write a customer under their address."""
    row = session.scalars(select(Customer).where(Customer.email == after["email"])).first()
    row = row or Customer(email=after["email"], created_at=now)
    _set(row, after, CUSTOMER_COLUMNS)
    session.add(row)


def write_order(session: Session, after: Values, now: datetime) -> None:
    """Write an order under its reference."""
    row = session.scalars(select(Order).where(Order.reference == after["reference"])).first()
    row = row or Order(reference=after["reference"], created_at=now)
    _set(row, after, ("kind", "status", "units"))
    row.ship_date, row.delivery_date = _instant(after["ship_date"]), _instant(after["delivery_date"])
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


def _set(row: Any, values: Values, names: Sequence[str]) -> None:
    for name in names:
        setattr(row, name, values[name])


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


Writer = Callable[[Session, Values, datetime], None]
WRITERS: dict[str, Writer] = {
    ORGANISATION: write_organisation,
    "sites": write_site,
    "plannings": write_planning,
    "customers": write_customer,
    "orders": write_order,
}
