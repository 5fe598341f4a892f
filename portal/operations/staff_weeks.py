"""A week of one planning at one site for the staff: how much of each half hour is taken, and what can be booked in it.

What is taken, what is open and what is offered come from the functions that a booking asks, so that the calendar and
the booking never disagree. Numbers only, whatever is booked: the names are read by ``staff_visits``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from portal.domain import slots
from portal.domain.errors import NotFound
from portal.domain.openings import Closed, openings_on, possible_in_day, why_closed
from portal.domain.slots import Start
from portal.domain.steps import Steps
from portal.domain.zones import day_bounds, epoch, instant_of, local_day
from portal.extensions import reading
from portal.models import Allocation, ExceptionalDay
from portal.operations import occupancy
from portal.operations.bookables import Bookable
from portal.operations.periods import week_of
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.staff_calendars import SitePlannings, plannings_of

HALF_HOUR = 1800  # seconds
Place = tuple[int, int]
"""Where a half hour stands on the clock: minutes after midnight, and 1 where the clock shows them a second time."""


@dataclass(frozen=True, slots=True)
class Half:
    """Half an hour (UTC, elapsed) at its tightest moment: ``used`` places of ``capacity``, which is 0 where closed.

    ``begin`` counts the appointments that begin in it. ``starts`` are those of the planning's grid that begin in it
    and are not past, offered or not.
    """

    start: datetime
    end: datetime
    place: Place
    used: int
    capacity: int
    begin: int
    starts: tuple[Start, ...]

    @property
    def shut(self) -> bool:
        """Whether nothing is open and nobody is there."""
        return not (self.used or self.capacity)

    @property
    def full(self) -> bool:
        """Whether every place is taken, and no more than that."""
        return self.used == self.capacity > 0

    @property
    def over(self) -> bool:
        """Whether more are there than there are places; outside the hours, anybody at all."""
        return self.used > self.capacity

    @property
    def free(self) -> tuple[Start, ...]:
        """The starts that can be booked."""
        return tuple(start for start in self.starts if start.offered)

    @property
    def target(self) -> datetime | None:
        """Where an appointment that is moved here would begin: on a free start, else on one to be looked at."""
        return next((one.start for one in (*self.free, *self.starts)), None)


@dataclass(frozen=True)
class WeekDay:
    """A local date of the site: its half hours, how many appointments begin and could, and what is special about it.

    ``closure`` and ``holiday`` are names, and empty where there is none; ``exceptional`` is None on a day that follows
    the week, else the label of its own hours.
    """

    day: date
    halves: tuple[Half, ...]
    possible: int
    closed: Closed | None
    closure: str
    holiday: str
    exceptional: str | None

    @property
    def booked(self) -> int:
        """Count the appointments that begin on it."""
        return sum(half.begin for half in self.halves)

    @cached_property
    def by_place(self) -> Mapping[Place, Half]:
        """Find a half hour by the clock."""
        return {half.place: half for half in self.halves}

    def half_at(self, instant: datetime) -> Half | None:
        """Find the half hour that holds an instant."""
        return next((half for half in self.halves if half.start <= instant < half.end), None)

    def next_free(self, after: datetime) -> Start | None:
        """Find the first start that can be booked at or after an instant of this day."""
        free = (start for half in self.halves for start in half.free)
        return next((start for start in free if start.start >= after), None)


@dataclass(frozen=True)
class StaffWeek:
    """Monday to Sunday of a planning at a site, in the site's zone; ``sites`` is what could be looked at instead."""

    sites: Sequence[SitePlannings]
    bookable: Bookable
    today: date
    chosen: WeekDay
    days: tuple[WeekDay, ...]

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """List the half hours of the clock that some day has, in the order in which they pass.

        The longest day tells the order: the one on which the clock is set back shows an hour twice.
        """
        longest = max(self.days, key=lambda one: len(one.halves))
        order = {half.place: number for number, half in enumerate(longest.halves)}
        known = {half.place for one in self.days for half in one.halves}
        return tuple(sorted(known, key=lambda place: (order.get(place, len(order)), place)))


def week(
    *,
    now: datetime,
    scope: Scope = EVERYWHERE,
    site: str | None = None,
    planning: str | None = None,
    day: date | None = None,
    at: datetime | None = None,
) -> StaffWeek | None:
    """Read the week of a day, else of an instant, else of today; None where there is nothing to book within the scope.

    Without a site, or without a planning of that site, it is the first by name. Raises NotFound for a site that is
    not within the scope.
    """
    with reading() as session:
        sites = plannings_of(session, scope)
        bookable = _chosen(sites, site, planning)
        if bookable is None:
            return None
        today = local_day(now, bookable.zone)
        wanted = day or (local_day(at, bookable.zone) if at is not None else today)
        dates = week_of(wanted).dates
        shown = _days(session, bookable, dates, now)
    return StaffWeek(sites, bookable, today, next(one for one in shown if one.day == wanted), shown)


def holding(bookable: Bookable, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions under which an allocation is an appointment's own place in the pool."""
    taken = or_(Allocation.taken_until.is_(None), Allocation.taken_until > now)
    return Allocation.pool_id == bookable.pool_id, Allocation.role == "visit", Allocation.released_at.is_(None), taken


def _chosen(sites: Sequence[SitePlannings], site: str | None, planning: str | None) -> Bookable | None:
    place = next((one for one in sites if site in (None, one.site.key)), None)
    if place is None:
        if site is None:
            return None
        raise NotFound
    return next((one for one in place.plannings if one.item.key == planning), place.plannings[0])


def _days(session: Session, bookable: Bookable, dates: Sequence[date], now: datetime) -> tuple[WeekDay, ...]:
    """Read what the pool holds in these dates, and lay them out."""
    since, until = day_bounds(dates[0], bookable.zone)[0], day_bounds(dates[-1], bookable.zone)[1]
    schedule = bookable.planning.schedule
    length = timedelta(minutes=schedule.slot_minutes)
    used = occupancy.taken(session, bookable.pool_id, bookable.longest, since, until + length, now)
    # Staff are bound by hours and capacity alone, so there is no window; what is past, nobody asks for.
    starts = slots.search(schedule, bookable.site.calendar, used, dates[0], dates[-1], window=None)
    layout = _Layout(
        bookable,
        occupancy.taken(session, bookable.pool_id, bookable.longest, since, until + length, now, recorded=True),
        Steps.highest_of(occupancy.capacity(bookable, since, until)),
        [one for one in starts if one.start >= now],
        _beginning(session, bookable, since, until, now),
        _labels(session, bookable, dates),
    )
    return tuple(layout.day(day) for day in dates)


def _beginning(
    session: Session, bookable: Bookable, since: datetime, until: datetime, now: datetime
) -> Mapping[datetime, int]:
    """Count the appointments that hold a place by their start."""
    query = select(Allocation.starts_at, func.count()).where(
        *holding(bookable, now), Allocation.starts_at >= since, Allocation.starts_at < until
    )
    return dict(session.execute(query.group_by(Allocation.starts_at)).all())


def _labels(session: Session, bookable: Bookable, dates: Sequence[date]) -> Mapping[date, str]:
    """Read the labels of the planning's exceptional days."""
    query = select(ExceptionalDay.day, ExceptionalDay.label).where(
        ExceptionalDay.planning_id == bookable.item.id, ExceptionalDay.day.between(dates[0], dates[-1])
    )
    return dict(session.execute(query).all())


@dataclass(frozen=True, slots=True)
class _Layout:
    """What days are laid out from: what is taken and open, the starts to come, the appointments by their start."""

    bookable: Bookable
    used: Steps
    open: Steps
    starts: Sequence[Start]
    begin: Mapping[datetime, int]
    labels: Mapping[date, str]

    def day(self, day: date) -> WeekDay:
        """Lay out one date: an hour that the clock skips is not there, one that it repeats is there twice."""
        schedule, calendar = self.bookable.planning.schedule, self.bookable.site.calendar
        closed, closure = why_closed(schedule, calendar, day), calendar.closure_on(day)
        return WeekDay(
            day=day,
            halves=tuple(self._halves(*(epoch(bound) for bound in day_bounds(day, self.bookable.zone)))),
            possible=0 if closed else possible_in_day(openings_on(schedule, day), schedule.slot_minutes),
            closed=closed,
            closure=closure.label if closure else "",
            holiday=calendar.holiday(day) or "",
            exceptional=self.labels.get(day),
        )

    def _halves(self, since: int, until: int) -> Iterator[Half]:
        """Part the seconds of a date; a start belongs to the half hour in which it lies, wherever the grid begins."""
        starts: dict[int, list[Start]] = {}
        for one in self.starts:
            starts.setdefault((epoch(one.start) - since) // HALF_HOUR, []).append(one)
        begin: Counter[int] = Counter()
        for start, count in self.begin.items():
            begin[(epoch(start) - since) // HALF_HOUR] += count
        for number, second in enumerate(range(since, until, HALF_HOUR)):
            end = min(second + HALF_HOUR, until)
            used, capacity = _tightest(self.used, self.open, second, end)
            place = _place(instant_of(second), self.bookable.zone)
            found = tuple(starts.get(number, ()))
            yield Half(instant_of(second), instant_of(end), place, used, capacity, begin[number], found)


def _tightest(used: Steps, open_: Steps, since: int, until: int) -> tuple[int, int]:
    """Tell the places taken and those there are at the moment with the fewest free ones, as a booking would find it."""
    parts = [(used.highest(start, end), capacity) for start, end, capacity in open_.parts(since, until)]
    if not parts:
        return used.highest(since, until), 0
    return max(parts, key=lambda part: part[0] - part[1])


def _place(instant: datetime, zone: ZoneInfo) -> Place:
    local = instant.astimezone(zone)
    return local.hour * 60 + local.minute, local.fold
