"""The list of all plannings: what each makes possible this week, how much of it is booked, and what was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, case, func, or_, select, true
from sqlalchemy.orm import Session

from portal.domain.openings import openings_on, possible_in_day, why_closed
from portal.domain.zones import days, local_day, zone
from portal.extensions import reading
from portal.models import Allocation, Planning, Pool, Site
from portal.operations import bookables, figures
from portal.operations.bookables import Bookable
from portal.operations.hours_only import ONLY_HOURS, WHOSE
from portal.operations.periods import WEEK, Period, table, week_of
from portal.operations.scopes import EVERYWHERE, Scope

PER_PAGE = 40
LOOKED_BACK, LOOKED_AHEAD = 4, timedelta(days=366)  # weeks, and days wanted to come: of refused demand


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which plannings are asked for: a text in their name or key, the key of a site, and the page."""

    text: str = ""
    site: str | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """A planning in the list. ``possible`` and ``booked`` are appointments of this week, at ``sites`` together.

    One that is never booked itself gives ``gives_hours`` people, rooms and pieces of equipment their hours.
    ``refused`` counts the looks that found nothing, at days since ``LOOKED_BACK`` weeks. ``next_version`` is the date
    from which another week applies.
    """

    key: str
    name: str
    active: bool
    guests: bool
    kinds: tuple[str, ...]
    sites: tuple[str, ...]
    possible: int
    booked: int
    refused: int
    next_version: date | None
    gives_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """A page of the list, and the sites to choose from: names by their keys."""

    lines: Sequence[Line]
    found: int
    page: int
    pages: int
    sites: Mapping[str, str]

    @property
    def used(self) -> list[Line]:
        """The plannings in use."""
        return [line for line in self.lines if line.active]

    @property
    def archived(self) -> list[Line]:
        """Those that are not."""
        return [line for line in self.lines if not line.active]


def overview(*, now: datetime, scope: Scope = EVERYWHERE, wanted: Wanted = Wanted()) -> Overview:
    """List plannings by name, those out of use last, in a fixed number of statements."""
    with reading() as session:
        sites = session.execute(select(Site.key, Site.name).where(scope.limits(Site.id)).order_by(Site.name)).all()
        asked = and_(_seen(scope), _matching(wanted))
        found = session.scalar(select(func.count()).select_from(Planning).where(asked)) or 0
        pages = max(-(-found // PER_PAGE), 1)
        page = min(max(wanted.page, 1), pages)
        gives_hours = case((ONLY_HOURS, WHOSE)).label("gives_hours")
        query = (
            select(Planning.__table__, gives_hours)
            .where(asked)
            .order_by(Planning.active.desc(), Planning.name, Planning.id)
        )
        rows = session.execute(query.limit(PER_PAGE).offset((page - 1) * PER_PAGE)).all()
        served = _served(session, [row.id for row in rows], scope)
        uses = _uses(session, [one for pools in served.values() for one in pools], now)
    lines = [_line(row, served.get(row.id, ()), uses, now) for row in rows]
    return Overview(lines, found, page, pages, {row.key: row.name for row in sites})


def _seen(scope: Scope) -> ColumnElement[bool]:
    """Keep to the plannings of which one site is theirs; those at no site are for whoever sees every site."""
    if scope.sites is None:
        return true()
    return Planning.id.in_(select(Pool.planning_id).where(Pool.active, scope.limits(Pool.site_id)))


def _matching(wanted: Wanted) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if wanted.text:
        conditions.append(or_(*(it.icontains(wanted.text, autoescape=True) for it in (Planning.name, Planning.key))))
    if wanted.site is not None:
        at_site = select(Pool.planning_id).join(Site, Site.id == Pool.site_id)
        conditions.append(Planning.id.in_(at_site.where(Pool.active, Site.key == wanted.site)))
    return and_(*conditions)


def _served(session: Session, planning_ids: Sequence[int], scope: Scope) -> dict[int, list[Bookable]]:
    """Read where plannings serve, within the scope."""
    query = (
        select(*bookables.COLUMNS)
        .select_from(Pool)
        .join(Site, Site.id == Pool.site_id)
        .join(Planning, Planning.id == Pool.planning_id)
        .where(Pool.active, Planning.id.in_(planning_ids), scope.limits(Site.id))
        .order_by(Site.name)
    )
    found: dict[int, list[Bookable]] = {}
    for one in bookables.from_rows(session, session.execute(query).all()):
        found.setdefault(one.item.id, []).append(one)
    return found


@dataclass(frozen=True, slots=True)
class _Use:
    possible: int
    booked: int
    refused: int


def _uses(session: Session, pools: Sequence[Bookable], now: datetime) -> dict[int, _Use]:
    """Tell how each pool is used in the week of today, and what was refused since some weeks, by its id."""
    if not pools:
        return {}
    this_week = {one.pool_id: week_of(local_day(now, one.zone)) for one in pools}
    weeks = sorted(set(this_week.values()))  # it is Monday in one zone and still Sunday in another
    since = Period(weeks[0].first - LOOKED_BACK * WEEK, weeks[-1].last + LOOKED_AHEAD)
    zones, ids = {one.zone for one in pools}, list(this_week)
    booked = {
        (pool, weeks[number]): int(units)
        for pool, number, units in session.execute(_begun(table(weeks, zones), ids, now))
    }
    refused = {pool: int(looks) for pool, _number, looks in session.execute(figures.demand(table([since], zones), ids))}
    return {
        pool: _Use(_possible(one, week), booked.get((pool, week), 0), refused.get(pool, 0))
        for (pool, week), one in zip(this_week.items(), pools, strict=True)
    }


def _begun(given: CTE, pools: Sequence[int], now: datetime) -> Select[Any]:
    """Add up the units whose appointment begins in a period, by pool."""
    within = and_(
        Allocation.pool_id == Pool.id, Allocation.starts_at >= given.c.since, Allocation.starts_at < given.c.until
    )
    return (
        select(Pool.id, given.c.number, func.sum(Allocation.units))
        .join(Site, Site.id == Pool.site_id)
        .join(given, given.c.zone == Site.timezone)
        .join(Allocation, within)
        .where(Pool.id.in_(pools), figures.held(now))
        .group_by(Pool.id, given.c.number)
    )


def _possible(pool: Bookable, week: Period) -> int:
    """Count the appointments possible in a week, its closed and exceptional days considered."""
    schedule, calendar = pool.planning.schedule, pool.site.calendar
    opened = [day for day in days(week.first, week.last) if why_closed(schedule, calendar, day) is None]
    return sum(possible_in_day(openings_on(schedule, day), schedule.slot_minutes) for day in opened)


def _line(row: Any, served: Sequence[Bookable], uses: Mapping[int, _Use], now: datetime) -> Line:
    today = local_day(now, zone(row.timezone))
    versions = served[0].planning.schedule.versions if served else ()
    mine = [uses[one.pool_id] for one in served]
    return Line(
        key=row.key,
        name=row.name,
        active=row.active,
        guests=row.guests,
        kinds=tuple(row.kinds),
        sites=tuple(one.site.name for one in served),
        possible=sum(use.possible for use in mine),
        booked=sum(use.booked for use in mine),
        refused=sum(use.refused for use in mine),
        next_version=min(
            (one.applies_from for one in versions if one.applies_from and one.applies_from > today), default=None
        ),
        gives_hours=row.gives_hours,
    )
