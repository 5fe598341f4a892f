"""How the hours of a planning are used: booked against slots by half hour and weekday, and what was refused by week."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import NotFound
from portal.domain.openings import profile
from portal.domain.steps import Steps
from portal.domain.zones import DAY, day_bounds, days, epoch, instant_of, local_day
from portal.extensions import reading
from portal.models import Planning, Pool, Site
from portal.operations import bookables, figures, occupancy
from portal.operations.bookables import Bookable
from portal.operations.figures import Figures
from portal.operations.periods import WEEK, Period, week_of
from portal.operations.place_cards import SiteCard
from portal.operations.scopes import EVERYWHERE, Scope

HALF_HOUR = 30 * 60  # seconds
WEEKS = 8  # that are looked back at


@dataclass(frozen=True, slots=True)
class Cell:
    """A half hour of a weekday: how many places there were, and how many of them were taken, on average.

    Both are seconds, once for each place, within ``length`` seconds of the clock: 1800 in a week, twice that where the
    clock shows a half hour twice.
    """

    open: int = 0
    taken: int = 0
    length: int = 0

    def __add__(self, other: Cell) -> Cell:
        return Cell(self.open + other.open, self.taken + other.taken, self.length + other.length)

    @property
    def slots(self) -> float:
        """How many places, on average."""
        return self.open / self.length if self.length else 0.0

    @property
    def booked(self) -> float:
        """How many of them were taken, on average."""
        return self.taken / self.length if self.length else 0.0

    @property
    def share(self) -> float | None:
        """The share that was taken; None when nothing was open."""
        return self.taken / self.open if self.open else None

    @property
    def nothing(self) -> bool:
        """Whether it was closed, and nobody there."""
        return not (self.open or self.taken)


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Half hours by minutes after midnight and ISO weekday; closed ones have an empty cell."""

    period: Period
    cells: dict[tuple[int, int], Cell]

    @property
    def minutes(self) -> list[int]:
        """The half hours from the first to the last that has something."""
        used = [minute for minute, _weekday in self.cells]
        return list(range(min(used), max(used) + 30, 30)) if used else []

    @property
    def weekdays(self) -> list[int]:
        """The weekdays that have something."""
        return sorted({weekday for _minute, weekday in self.cells})

    def cell(self, minute: int, weekday: int) -> Cell:
        """Give a half hour of a weekday."""
        return self.cells.get((minute, weekday), Cell())

    @property
    def whole(self) -> Cell:
        """Give all half hours together."""
        return sum(self.cells.values(), start=Cell())


@dataclass(frozen=True, slots=True)
class WeekOfDemand:
    """What was booked and what was refused of one week."""

    week: Period
    figures: Figures


@dataclass(frozen=True, slots=True)
class Use:
    """How a planning is used at one of its sites: in the ``week`` asked for, in the whole weeks ``past``."""

    key: str
    name: str
    site: SiteCard
    sites: Sequence[SiteCard]
    week: Period
    past: Period
    map: HeatMap
    weeks: Sequence[WeekOfDemand]


def use(
    key: str,
    *,
    now: datetime,
    scope: Scope = EVERYWHERE,
    site: str | None = None,
    week: date | None = None,
    mean: bool = False,
) -> Use:
    """Show a planning at the site of a key, else at its first: a week, or the ``mean`` of the last eight whole ones.

    Raises NotFound, also where it serves no site of theirs.
    """
    with reading() as session:
        served = _served(session, key, scope)
        if not served:
            raise NotFound
        shown = next((one for one in served if one.site.key == site), served[0])
        today = week_of(local_day(now, shown.zone))
        past = Period(today.first - WEEKS * WEEK, today.first - DAY)
        wanted = week_of(week) if week is not None else today
        found = _map(session, shown, past if mean else wanted, now)
        weeks = _weeks(session, shown, past, now)
    sites = [one.site for one in served]
    return Use(key, shown.item.name, shown.site, sites, wanted, past, found, weeks)


def _served(session: Session, key: str, scope: Scope) -> list[Bookable]:
    query = (
        select(*bookables.COLUMNS)
        .select_from(Pool)
        .join(Site, Site.id == Pool.site_id)
        .join(Planning, Planning.id == Pool.planning_id)
        .where(Planning.key == key, Pool.active, scope.limits(Site.id))
        .order_by(Site.name)
    )
    return bookables.from_rows(session, session.execute(query).all())


def _map(session: Session, pool: Bookable, period: Period, now: datetime) -> HeatMap:
    """Cut what is open and what is taken into half hours: sums by interval, whatever is booked in them."""
    first, last = day_bounds(period.first, pool.zone)[0], day_bounds(period.last, pool.zone)[1]
    opened = profile([pool.planning.schedule], pool.site.calendar, period.first, period.last).steps
    taken = occupancy.taken(session, pool.pool_id, pool.longest, first, last, now, recorded=True)
    cells: dict[tuple[int, int], Cell] = {}
    for day in days(period.first, period.last):
        for minute, since, until in half_hours(day, pool.zone):
            place = (minute, day.isoweekday())
            cell = Cell(_seconds(opened, since, until), _seconds(taken, since, until), until - since)
            cells[place] = cells.get(place, Cell()) + cell
    return HeatMap(period, {place: cell for place, cell in cells.items() if not cell.nothing})


def half_hours(day: date, zone: ZoneInfo) -> Iterator[tuple[int, int, int]]:
    """List the half hours of a local day: minutes after midnight as the clock shows, from and until in seconds.

    >>> night = half_hours(date(2027, 3, 28), ZoneInfo("Europe/Paris"))  # the clock jumps from 2:00 to 3:00
    >>> [minute for minute, _since, _until in night][:6]
    [0, 30, 60, 90, 180, 210]
    """
    since, end = (epoch(bound) for bound in day_bounds(day, zone))
    for second in range(since, end, HALF_HOUR):
        local = instant_of(second).astimezone(zone)
        yield (local.hour * 60 + local.minute) // 30 * 30, second, min(second + HALF_HOUR, end)


def _seconds(steps: Steps, since: int, until: int) -> int:
    return sum((end - start) * level for start, end, level in steps.parts(since, until))


def _weeks(session: Session, pool: Bookable, past: Period, now: datetime) -> list[WeekOfDemand]:
    """Read what was booked and refused of the weeks looked back at, the oldest first."""
    weeks = [week_of(past.first + number * WEEK) for number in range(WEEKS)]
    found = figures.read(session, {pool.pool_id: pool}, frozenset({pool.pool_id}), weeks, now)
    return [WeekOfDemand(week, found[pool.pool_id, number]) for number, week in enumerate(weeks)]
