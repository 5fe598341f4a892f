"""The staff's list of appointments: searched, filtered, sorted, a page at a time or whole for a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.fields import Question
from portal.domain.lifecycle import Status
from portal.domain.zones import DAY, day_bounds, zone
from portal.extensions import reading
from portal.models import Appointment, Order, Planning, Pool, Service, Site
from portal.operations import assignments
from portal.operations.assignments import Assigned
from portal.operations.bookables import Item
from portal.operations.cards import AppointmentCard, cards, listing
from portal.operations.place_cards import planning_card
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.service_cards import service_card

CHUNK = 500  # appointments read at once for a file
FEWEST_DIGITS, MOST_DIGITS = 4, 9  # of a telephone number: the last nine are the same with and without a country code
PUNCTUATION = (" ", ".", "-", "/", "(", ")")

SORTS: dict[str, ColumnElement[Any]] = {
    "start": Appointment.__table__.c.starts_at,
    "name": func.lower(Appointment.name),
    "order": func.coalesce(Order.reference, ""),
    "place": func.lower(Site.name),
    "status": Appointment.__table__.c.status,
    "booked": Appointment.__table__.c.created_at,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which appointments, and in which order.

    ``text`` is looked for in name, address, telephone, reference and order. ``first`` and ``last`` are local days of
    each appointment's own site, both included; ``site``, ``planning``, ``service`` and ``staff`` (one of the people who
    serve it) are keys; None = all.
    """

    text: str = ""
    site: str | None = None
    planning: str | None = None
    service: str | None = None
    staff: str | None = None
    status: Status | None = None
    source: str | None = None
    first: date | None = None
    last: date | None = None
    sort: str = "start"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the appointments found; pages count from 1. ``having`` is what they have, by their ids."""

    appointments: Sequence[AppointmentCard]
    total: int
    page: int
    pages: int
    having: Mapping[int, Sequence[Assigned]]


def search(wanted: Wanted, *, scope: Scope = EVERYWHERE, page: int = 1, size: int = 50) -> Found:
    """Read a page of the appointments, or the last one there is."""
    conditions = _conditions(wanted, scope)
    with reading() as session:
        total = session.scalar(select(func.count()).select_from(Appointment).where(*conditions)) or 0
        pages = max(1, -(-total // size))
        page = min(max(page, 1), pages)
        query = listing().where(*conditions).order_by(*_order(wanted)).limit(size).offset((page - 1) * size)
        found = cards(session, query) if total else []
        return Found(found, total, page, pages, _having(session, found))


def every(wanted: Wanted, *, scope: Scope = EVERYWHERE) -> Iterator[tuple[AppointmentCard, Sequence[Assigned]]]:
    """Read all of the appointments with what they have, in order, as they are now; some hundred in memory at a time."""
    with reading() as session:
        ids = session.scalars(_ids().where(*_conditions(wanted, scope)).order_by(*_order(wanted))).all()
        for place in range(0, len(ids), CHUNK):
            found = _in_order(session, ids[place : place + CHUNK])
            having = _having(session, found)
            yield from ((card, having.get(card.id, ())) for card in found)


def _having(session: Session, found: Iterable[AppointmentCard]) -> Mapping[int, Sequence[Assigned]]:
    return assignments.of(session, [card.id for card in found if card.service_id is not None])


def _ids() -> Select[int]:
    return (
        select(Appointment.id)
        .join(Site, Site.id == Appointment.site_id)
        .outerjoin(Order, Order.id == Appointment.order_id)
    )


def _in_order(session: Session, ids: Sequence[int]) -> list[AppointmentCard]:
    found = {card.id: card for card in cards(session, listing().where(Appointment.id.in_(ids)))}
    return [found[id_] for id_ in ids if id_ in found]


def _order(wanted: Wanted) -> list[Any]:
    """Sort by the column, then by time, so that no appointment changes its place from page to page."""
    columns = [SORTS.get(wanted.sort, SORTS["start"]), SORTS["start"], Appointment.__table__.c.id]
    return [column.desc() if wanted.descending else column.asc() for column in dict.fromkeys(columns)]


def _conditions(wanted: Wanted, scope: Scope) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [scope.limits(Appointment.site_id), Appointment.status != Status.HELD.value]
    if wanted.site is not None:
        found.append(Appointment.site_id.in_(select(Site.id).where(Site.key == wanted.site)))
    if wanted.planning is not None:
        found.append(Appointment.planning_id.in_(select(Planning.id).where(Planning.key == wanted.planning)))
    if wanted.service is not None:
        found.append(Appointment.service_id.in_(select(Service.id).where(Service.key == wanted.service)))
    if wanted.staff is not None:
        found.append(assignments.served_by(wanted.staff))
    if wanted.status is not None:
        found.append(Appointment.status == wanted.status.value)
    if wanted.source is not None:
        found.append(Appointment.source == wanted.source)
    if wanted.first is not None:
        found.append(_from(wanted.first))
    if wanted.last is not None:
        found.append(_until(wanted.last))
    if text := wanted.text.strip():
        found.append(_tells(text))
    return found


# A day is the one on the clock of each site, as it was promised; the instants beside it let an index find the rows.
# No zone is farther than 14 hours from UTC.
FARTHEST = timedelta(hours=14)
_UTC = zone("UTC")


def _from(day: date) -> ColumnElement[bool]:
    begins = day_bounds(day, _UTC)[0] - FARTHEST
    return and_(Appointment.starts_at >= begins, Appointment.local_start >= day.isoformat())


def _until(day: date) -> ColumnElement[bool]:
    ends = day_bounds(day, _UTC)[1] + FARTHEST
    return and_(Appointment.starts_at < ends, Appointment.local_start < (day + DAY).isoformat())


def _tells(text: str) -> ColumnElement[bool]:
    """Find a text wherever people look for it: a reference without its dash, a number however it is written."""
    order = select(Order.id).where(Order.reference.icontains(text, autoescape=True))
    ways = [
        Appointment.name.icontains(text, autoescape=True),
        Appointment.email.icontains(text, autoescape=True),
        Appointment.order_id.in_(order),
        _bare(Appointment.reference).contains(_bared(text).upper(), autoescape=True),
    ]
    if (digits := _digits(text)) is not None:
        ways.append(_bare(Appointment.phone).contains(digits))
    return or_(*ways)


def _bare(column: Any) -> ColumnElement[str]:
    for sign in PUNCTUATION:
        column = func.replace(column, sign, "")
    bare: ColumnElement[str] = column
    return bare


def _bared(text: str) -> str:
    return "".join(sign for sign in text if sign not in PUNCTUATION)


def _digits(text: str) -> str | None:
    """Give what to look for in telephone numbers, when a text looks like one."""
    bared = _bared(text)
    if not re.fullmatch(r"\+?\d+", bared, re.ASCII):
        return None
    digits = bared.lstrip("+0")[-MOST_DIGITS:]
    return digits if len(digits) >= FEWEST_DIGITS else None


def questions(wanted: Wanted, *, scope: Scope = EVERYWHERE) -> list[Question]:
    """List what is asked, or once was, by the plannings and services that the appointments may be of."""
    plannings = [] if wanted.planning is None else [Planning.key == wanted.planning]
    services = [] if wanted.service is None else [Service.key == wanted.service]
    with reading() as session:
        known = _booked(session, Planning, Pool.planning_id, wanted, scope, plannings)
        offered = _booked(session, Service, Pool.service_id, wanted, scope, services)
        items: list[Item] = [
            *(planning_card(session, *row) for row in known if wanted.service is None),
            *(service_card(session, *row) for row in offered if wanted.planning is None),
        ]
    return [one for item in items for one in item.ever_asked]


def _booked(
    session: Session, table: Any, column: Any, wanted: Wanted, scope: Scope, chosen: Iterable[ColumnElement[bool]]
) -> Sequence[Any]:
    """List the plannings or the services of the sites that are looked at: ids and revisions."""
    booked = select(column).join(Site, Site.id == Pool.site_id).where(scope.limits(Site.id), column.is_not(None))
    if wanted.site is not None:
        booked = booked.where(Site.key == wanted.site)
    query = select(table.id, table.revision).where(table.id.in_(booked), *chosen).order_by(table.key)
    return session.execute(query).all()


@dataclass(frozen=True, slots=True)
class Choices:
    """Sites and plannings to filter by: keys and names."""

    sites: Sequence[tuple[str, str]]
    plannings: Sequence[tuple[str, str]]


def choices(*, scope: Scope = EVERYWHERE) -> Choices:
    """List the sites somebody works for, with the plannings that are or were booked there, by name."""
    with reading() as session:
        rows = session.execute(
            select(Site.key, Site.name, Planning.key, Planning.name)
            .select_from(Site)
            .outerjoin(Pool, Pool.site_id == Site.id)
            .outerjoin(Planning, Planning.id == Pool.planning_id)
            .where(scope.limits(Site.id))
            .order_by(Site.name, Planning.name)
        ).all()
    sites = {site: name for site, name, _key, _planning in rows}
    plannings = {key: planning for _site, _name, key, planning in rows if key is not None}
    return Choices(list(sites.items()), sorted(plannings.items(), key=lambda one: one[1]))
