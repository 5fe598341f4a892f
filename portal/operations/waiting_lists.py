"""The waiting list as the staff looks at it: who waits for which days, and since when; and off the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from portal.domain.errors import NotFound, StateChanged
from portal.domain.zones import zone
from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Link, Offer, Order, Planning, Pool, Service, Site, WaitingEntry
from portal.operations import audit, waiting
from portal.operations.actors import Actor
from portal.operations.bookables import Called
from portal.operations.scopes import Scope

STATES = ("waiting", "served", "left", "over")
MOST = 200  # entries of a page
KIND = "waiting"  # in the audit log


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. ``text`` is a part of an address or of an order's reference; ``day`` one waited for."""

    text: str = ""
    state: str | None = None
    site: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class EntryLine:
    """Somebody who waits, for which days of the site, since when, and how many offers they got.

    ``order`` is that of the link they came by, ``public_id`` the appointment that they got.
    """

    id: int
    state: str
    email: str
    name: str
    first_day: date
    last_day: date
    created_at: datetime
    ended_at: datetime | None
    site: str
    site_id: int
    item: Called
    zone: ZoneInfo
    order: str | None
    offers: int
    public_id: str | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class EntryList:
    """Some of the entries found, the longest waiting first; ``next`` is the cursor of the following, None at the end.

    ``waiting`` counts all who wait at these sites.
    """

    lines: Sequence[EntryLine]
    next: int | None
    waiting: int


OFFERS = select(func.count()).where(Offer.waiting_id == WaitingEntry.id).correlate(WaitingEntry).scalar_subquery()
LISTING: Select[*tuple[Any, ...]] = (
    select(
        *(WaitingEntry.id, WaitingEntry.state, WaitingEntry.email, WaitingEntry.name, WaitingEntry.first_day),
        *(WaitingEntry.last_day, WaitingEntry.created_at, WaitingEntry.ended_at, Site.name.label("site")),
        *(Pool.site_id, Planning.name.label("planning"), Service.name.label("service"), Site.timezone.label("zone")),
        *(Order.reference.label("order"), OFFERS.label("offers"), Appointment.public_id, Appointment.reference),
    )
    .join(Pool, Pool.id == WaitingEntry.pool_id)
    .join(Site, Site.id == Pool.site_id)
    .outerjoin(Planning, Planning.id == Pool.planning_id)
    .outerjoin(Service, Service.id == Pool.service_id)
    .outerjoin(Link, Link.id == WaitingEntry.link_id)
    .outerjoin(Order, Order.id == Link.order_id)
    .outerjoin(Appointment, Appointment.id == WaitingEntry.appointment_id)
)


def listing(search: Search, *, scope: Scope, after: int | None = None, size: int = 50) -> EntryList:
    """List entries, the longest waiting first, from above the number ``after`` on."""
    size = min(max(size, 1), MOST)
    query = LISTING.where(_wanted(search, scope)).order_by(WaitingEntry.id).limit(size + 1)
    if after is not None:
        query = query.where(WaitingEntry.id > after)
    with reading() as session:
        lines = [_line(row) for row in session.execute(query)]
        total = session.scalar(_count(scope)) or 0
    return EntryList(lines[:size], lines[size - 1].id if len(lines) > size else None, total)


def _count(scope: Scope) -> Select[Any]:
    waits = and_(WaitingEntry.state == waiting.WAITING, scope.limits(Pool.site_id))
    return select(func.count(WaitingEntry.id)).join(Pool, Pool.id == WaitingEntry.pool_id).where(waits)


def read(number: int, *, scope: Scope) -> EntryLine:
    """Read an entry. Raises NotFound, also for one of another site."""
    with reading() as session:
        row = session.execute(LISTING.where(WaitingEntry.id == number, scope.limits(Pool.site_id))).first()
    if row is None:
        raise NotFound
    return _line(row)


@retried
def remove(number: int, *, scope: Scope, now: datetime, by: Actor) -> None:
    """Take somebody off the list. Raises NotFound, StateChanged for one who waits no more."""
    line = read(number, scope=scope)
    with transaction() as session:
        if not waiting.leave_entry(session, number, now):
            raise StateChanged(status=line.state)
        told = {"first_day": line.first_day.isoformat(), "last_day": line.last_day.isoformat()}
        audit.record(
            session, by, "removed", KIND, str(number), now, label=line.email, site_id=line.site_id, before=told
        )


def _line(row: Any) -> EntryLine:
    told = {**row._mapping, "zone": zone(row.zone)}
    item = Called(told.pop("planning"), told.pop("service"))
    return EntryLine(**told, item=item)


def _wanted(search: Search, scope: Scope) -> ColumnElement[bool]:
    """Turn a search into its condition."""
    return and_(
        scope.limits(Pool.site_id),
        WaitingEntry.state == search.state if search.state in STATES else true(),
        Site.key == search.site if search.site else true(),
        _covers(search.day) if search.day is not None else true(),
        _about(search.text) if search.text else true(),
    )


def _covers(day: date) -> ColumnElement[bool]:
    return and_(WaitingEntry.first_day <= day, WaitingEntry.last_day >= day)


def _about(text: str) -> ColumnElement[bool]:
    return or_(
        WaitingEntry.email.contains(text.strip().casefold(), autoescape=True),
        Order.reference.icontains(text.strip(), autoescape=True),
    )
