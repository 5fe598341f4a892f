"""Reports: how full the plannings were, what was booked, called off and refused, by week or month and by planning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, false, func, true

from portal.domain.fields import Words
from portal.domain.zones import DAY
from portal.extensions import reading
from portal.models import Pool, Site
from portal.operations import bookables, figures, periods, report_people
from portal.operations.bookables import Bookable
from portal.operations.figures import Figures, Place, total
from portal.operations.hours_only import ONLY_HOURS
from portal.operations.periods import WEEK, Period, monday_of
from portal.operations.place_cards import PlanningCard, SiteCard
from portal.operations.report_people import Served
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.service_cards import ServiceCard

LONGEST = timedelta(days=371)  # 53 weeks
MANY = 25  # sites on a page; their file has them all
WEEKS = 8  # of the period shown when none is asked for
STEPS = ("week", "month")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is about: dates (both included), the step, and the keys of a site, a planning and a service."""

    first: date | None = None
    last: date | None = None
    step: str = "week"
    site: str | None = None
    planning: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A planning or a service at a site, with its figures in each part of the period."""

    pool: Bookable
    parts: Sequence[Figures]

    @property
    def planned(self) -> bool:
        """Whether it is a planning, which has hours of its own."""
        return isinstance(self.pool.item, PlanningCard)

    @property
    def figures(self) -> Figures:
        """The figures of the whole period."""
        return total(self.parts)


@dataclass(frozen=True, slots=True)
class SiteLines:
    """A site with its lines, and their figures together."""

    site: SiteCard
    lines: Sequence[Line]

    @property
    def figures(self) -> Figures:
        """The figures of the whole period."""
        return total(line.figures for line in self.lines)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period beside those of the one before it, which is as long.

    ``lines`` are the plannings and services at their sites, by name; ``people`` who served. ``sites``, ``plannings``
    and ``services`` are what may be chosen: names by keys, those of services by language.
    """

    period: Period
    before: Period
    parts: Sequence[Period]
    lines: Sequence[Line]
    earlier: Figures
    sites: Mapping[str, str]
    plannings: Mapping[str, str]
    services: Mapping[str, Words]
    people: Sequence[Served]

    @property
    def whole(self) -> Figures:
        """The figures of the whole period."""
        return total(line.figures for line in self.lines)

    @property
    def by_part(self) -> list[Figures]:
        """The figures of each part of the period, in order."""
        return [total(line.parts[number] for line in self.lines) for number in range(len(self.parts))]

    @property
    def by_site(self) -> list[SiteLines]:
        """The lines by site, in their order."""
        found: dict[int, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.pool.site.id, []).append(line)
        return [SiteLines(lines[0].pool.site, lines) for lines in found.values()]

    @property
    def busiest(self) -> list[SiteLines]:
        """As many sites as a page holds, in their order: where there are more, those with the most bookings."""
        found = self.by_site
        most = {one.site.id for one in sorted(found, key=lambda one: -one.figures.bookings)[:MANY]}
        return [one for one in found if one.site.id in most]


def read(*, now: datetime, today: date, scope: Scope = EVERYWHERE, wanted: Wanted | None = None) -> Report:
    """Report on a period, by default the last eight whole weeks, in a fixed number of statements.

    ``today`` is the date of whoever asks.
    """
    asked = wanted or Wanted()
    period = period_of(asked, today)
    parts = (periods.months if asked.step == "month" else periods.weeks)(period)
    with reading() as session:
        rows = session.execute(_pools(scope)).all()
        known = bookables.from_any_rows(session, rows)
        chosen = {one.pool_id: one for one in known if _is_wanted(one, asked)}
        in_use = frozenset(row.pool_id for row in rows if row.is_booked)
        opened = frozenset(row.pool_id for row in rows if row.pool_id in in_use and row.service_id is None)
        found = figures.read(session, chosen, opened & chosen.keys(), [*parts, period.before()], now)
        people = report_people.read(session, chosen.values(), period)
    by_name = sorted(known, key=lambda one: one.item.name)
    lines = [_line(one, found, len(parts)) for one in chosen.values()]
    return Report(
        period=period,
        before=period.before(),
        parts=parts,
        lines=[line for line in lines if not line.figures.nothing or line.pool.pool_id in in_use],
        earlier=total(found[pool, len(parts)] for pool in chosen),
        sites={one.site.key: one.site.name for one in known},
        plannings={one.item.key: one.item.name for one in by_name if isinstance(one.item, PlanningCard)},
        services={one.item.key: one.item.names for one in by_name if isinstance(one.item, ServiceCard)},
        people=people,
    )


def period_of(wanted: Wanted, today: date) -> Period:
    """Give the period asked for, of a year at most: by default it ends with the last whole week and has eight."""
    last = wanted.last or max(monday_of(today) - DAY, wanted.first or date.min)
    first = wanted.first or monday_of(last) - (WEEKS - 1) * WEEK
    first, last = min(first, last), max(first, last)
    return Period(max(first, last - LONGEST + DAY), last)


def _pools(scope: Scope) -> Select[*tuple[Any, ...]]:
    used = func.coalesce(bookables.ANYTHING_IN_USE, false())
    query = bookables.anything(and_(used, func.coalesce(~ONLY_HOURS, true())).label("is_booked"))
    return query.where(scope.limits(Site.id)).order_by(Pool.id)


def _is_wanted(one: Bookable, wanted: Wanted) -> bool:
    chosen = wanted.planning if isinstance(one.item, PlanningCard) else wanted.service
    everything = wanted.planning is None and wanted.service is None
    return wanted.site in (None, one.site.key) and (everything or chosen == one.item.key)


def _line(pool: Bookable, found: Mapping[Place, Figures], count: int) -> Line:
    return Line(pool, [found[pool.pool_id, number] for number in range(count)])
