"""The list of people, rooms and equipment, and short lists of them to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, true
from sqlalchemy.orm import Session

from portal.domain.zones import wall_time, zone
from portal.extensions import reading
from portal.models import Absence, Allocation, Planning, Pool, Resource, ResourcePlanning, ResourceSite, Site
from portal.operations.scopes import EVERYWHERE, Scope

PER_PAGE = 40
BOOKED = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which are asked for: a text in their name, key or address, a kind, the key of a site, in use or retired."""

    text: str = ""
    kind: str | None = None
    site: str | None = None
    retired: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """A resource in the list. ``sites`` and ``plannings`` are names; ``booked`` counts what begins in seven days.

    ``open`` is False for a person without hours, who can never be booked; ``away_until`` is the local end of an
    absence that lasts now.
    """

    key: str
    kind: str
    name: str
    colour: str
    active: bool
    sites: tuple[str, ...]
    plannings: tuple[str, ...]
    persons: int | None
    booked: int
    away_until: datetime | None

    @property
    def open(self) -> bool:
        """Whether it has hours: a room or an asset without a planning is always open, a person never."""
        return bool(self.plannings) or self.kind != "staff"


@dataclass(frozen=True, slots=True)
class Overview:
    """A page of the list, and the sites to choose from: names by their keys."""

    lines: Sequence[Line]
    found: int
    page: int
    pages: int
    sites: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Named:
    """A resource to choose."""

    key: str
    kind: str
    name: str
    colour: str


def overview(*, now: datetime, scope: Scope = EVERYWHERE, wanted: Wanted = Wanted()) -> Overview:
    """List resources by name, in a fixed number of statements."""
    with reading() as session:
        sites = session.execute(select(Site.key, Site.name).where(scope.limits(Site.id)).order_by(Site.name)).all()
        asked = and_(_seen(scope), _matching(wanted))
        found = session.scalar(select(func.count()).select_from(Resource).where(asked)) or 0
        pages = max(-(-found // PER_PAGE), 1)
        page = min(max(wanted.page, 1), pages)
        query = select(Resource.__table__).where(asked).order_by(Resource.name, Resource.id)
        rows = session.execute(query.limit(PER_PAGE).offset((page - 1) * PER_PAGE)).all()
        lines = _lines(session, rows, scope, now)
    return Overview(lines, found, page, pages, {row.key: row.name for row in sites})


def listed(
    *, scope: Scope = EVERYWHERE, kind: str | None = None, site: str | None = None, also: Sequence[str] = ()
) -> list[Named]:
    """List those in use by name, and ``also`` those of these keys, to choose from: one statement."""
    asked = and_(_seen(scope), _matching(Wanted(kind=kind, site=site)))
    query = select(Resource.key, Resource.kind, Resource.name, Resource.colour)
    with reading() as session:
        rows = session.execute(query.where(or_(asked, Resource.key.in_(also))).order_by(Resource.name, Resource.id))
        return [Named(*row) for row in rows]


def hours(*, scope: Scope = EVERYWHERE, also: Sequence[str] = ()) -> list[tuple[str, str]]:
    """List the plannings that can give hours, keys and names: those in use at their sites, and those of these keys."""
    theirs = select(Pool.planning_id).where(Pool.active, Pool.planning_id.is_not(None), scope.limits(Pool.site_id))
    shown = Planning.active & (true() if scope.sites is None else Planning.id.in_(theirs))
    query = select(Planning.key, Planning.name).where(or_(shown, Planning.key.in_(also))).order_by(Planning.name)
    with reading() as session:
        return [(row.key, row.name) for row in session.execute(query)]


def _seen(scope: Scope) -> ColumnElement[bool]:
    """Keep to those of which one site is theirs; those at no site are for whoever sees every site."""
    if scope.sites is None:
        return true()
    return Resource.id.in_(select(ResourceSite.resource_id).where(scope.limits(ResourceSite.site_id)))


def _matching(wanted: Wanted) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [Resource.active.is_(not wanted.retired)]
    if wanted.text:
        named = (Resource.name, Resource.key, Resource.email)
        conditions.append(or_(*(it.icontains(wanted.text, autoescape=True) for it in named)))
    if wanted.kind is not None:
        conditions.append(Resource.kind == wanted.kind)
    if wanted.site is not None:
        at_site = select(ResourceSite.resource_id).join(Site, Site.id == ResourceSite.site_id)
        conditions.append(Resource.id.in_(at_site.where(Site.key == wanted.site)))
    return and_(*conditions)


def _lines(session: Session, rows: Sequence[Row[Any]], scope: Scope, now: datetime) -> list[Line]:
    ids = [row.id for row in rows]
    sites, plannings = _sites(session, ids, scope), _plannings(session, ids)
    booked, away = _booked(session, ids, now), _away(session, rows, now)
    return [
        Line(
            key=row.key,
            kind=row.kind,
            name=row.name,
            colour=row.colour,
            active=row.active,
            sites=tuple(sites.get(row.id, ())),
            plannings=tuple(plannings.get(row.id, ())),
            persons=row.persons,
            booked=booked.get(row.id, 0),
            away_until=away.get(row.id),
        )
        for row in rows
    ]


def _sites(session: Session, ids: Sequence[int], scope: Scope) -> dict[int, list[str]]:
    query = select(ResourceSite.resource_id, Site.name).join(Site, Site.id == ResourceSite.site_id)
    shown = and_(ResourceSite.resource_id.in_(ids), scope.limits(Site.id))
    return _names(session, query.where(shown).order_by(Site.name))


def _plannings(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    query = select(ResourcePlanning.resource_id, Planning.name).join(
        Planning, Planning.id == ResourcePlanning.planning_id
    )
    shown = and_(ResourcePlanning.resource_id.in_(ids), Planning.active)
    return _names(session, query.where(shown).order_by(Planning.name))


def _names(session: Session, query: Any) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for resource_id, name in session.execute(query):
        found.setdefault(resource_id, []).append(name)
    return found


def _booked(session: Session, ids: Sequence[int], now: datetime) -> dict[int, int]:
    query: Any = (
        select(Pool.resource_id, func.count(Allocation.appointment_id.distinct()))
        .join(Allocation, Allocation.pool_id == Pool.id)
        .where(
            Pool.resource_id.in_(ids),
            Allocation.released_at.is_(None),
            Allocation.taken_until.is_(None),
            Allocation.starts_at >= now,
            Allocation.starts_at < now + BOOKED,
        )
        .group_by(Pool.resource_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _away(session: Session, rows: Sequence[Row[Any]], now: datetime) -> dict[int, datetime]:
    """Tell until when those are away who are away now, each on the clock of its own zone."""
    clocks = {row.id: wall_time(now, zone(row.timezone)) for row in rows}
    if not clocks:
        return {}
    bounds = and_(Absence.starts_local <= max(clocks.values()), Absence.ends_local > min(clocks.values()))
    query = select(Absence.resource_id, Absence.starts_local, Absence.ends_local)
    found: dict[int, datetime] = {}
    for one, start, end in session.execute(query.where(Absence.resource_id.in_(clocks), bounds)):
        if start <= clocks[one] < end:
            found[one] = max(end, found.get(one, end))
    return found
