"""The search: which starts are offered, with how many places, and why the others are not.

Pages, bookings, ``explain`` and the API all come here, so that what is shown is what can be booked. What does not
depend on bookings (the day's grid, its capacity, what is closed) is computed once per planning, site and date.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from math import ceil
from typing import NamedTuple

from portal.domain.errors import Invalid
from portal.domain.openings import Schedule, SiteCalendar, dates_around, open_pieces, planned_on, planned_pieces
from portal.domain.steps import Piece, Steps
from portal.domain.window import Window
from portal.domain.zones import day_bounds, days, epoch, instant_of, local_day

NEVER, ALWAYS = -(2**62), 2**62
"""Before and after every instant."""


class Reason(StrEnum):
    """Why a start is not offered, in the order in which reasons are told."""

    CLOSED = "closed"
    BREAK = "break"
    OFF_GRID = "off_grid"
    PAST = "past"
    NOTICE = "notice"
    HORIZON = "horizon"
    NOT_ELIGIBLE = "not_eligible"
    LIMIT = "limit"
    FULL = "full"
    RESOURCE_ABSENT = "resource_absent"
    RESOURCE_BUSY = "resource_busy"


UNPLANNED = frozenset({Reason.CLOSED, Reason.BREAK})
"""Reasons beside which it does not matter who or what is free."""

TAKEN = frozenset({Reason.FULL, Reason.RESOURCE_BUSY})
"""The reasons that others' appointments are."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Units of a pool that are taken during [start, end), aware; one for all bookings of that same interval."""

    start: datetime
    end: datetime
    units: int


Usage = Iterable[Taken] | Steps
"""What is taken of a pool: intervals, or the units present summed up over time already."""


class Start(NamedTuple):
    """A start and its end (UTC), the places left, and every reason why it is not offered.

    A tuple, for a search makes hundreds of them, and a tuple takes half the time of a frozen dataclass.
    """

    start: datetime
    end: datetime
    places: int
    reasons: tuple[Reason, ...]

    @property
    def offered(self) -> bool:
        """Whether it can be booked."""
        return not self.reasons

    @property
    def taken(self) -> bool:
        """Whether it could be booked, had others not been faster."""
        return bool(self.reasons) and TAKEN.issuperset(self.reasons)


BookingDays = tuple[date | None, date | None]
"""First and last local date that a link may book, both included; None = no bound."""


def search(
    schedule: Schedule,
    site: SiteCalendar,
    taken: Usage,
    first: date,
    last: date,
    *,
    window: Window | None,
    quantity: int = 1,
    booking_days: BookingDays | None = None,
    spent: Collection[date] = (),
) -> tuple[Start, ...]:
    """Judge every candidate start of the site's local dates from first to last, both included, in order.

    ``window`` is None for staff, who are bound by capacity and hours alone. ``spent`` are the site's local dates on
    which the customer has as many appointments as are allowed. A closed date's candidates are those of the date as if
    it were not closed.
    """
    found = _judge_all(schedule, site, taken, first, last, window, quantity, booking_days, spent)
    return tuple(found)


def next_offered(
    schedule: Schedule,
    site: SiteCalendar,
    taken: Usage,
    first: date,
    last: date,
    *,
    window: Window | None,
    quantity: int = 1,
    booking_days: BookingDays | None = None,
    spent: Collection[date] = (),
) -> Start | None:
    """Find the first start offered on the dates of a ``search``, and look no further."""
    found = _judge_all(schedule, site, taken, first, last, window, quantity, booking_days, spent)
    return next((start for start in found if start.offered), None)


def at(
    schedule: Schedule,
    site: SiteCalendar,
    taken: Usage,
    start: datetime,
    *,
    window: Window | None,
    quantity: int = 1,
    booking_days: BookingDays | None = None,
    spent: Collection[date] = (),
) -> Start:
    """Judge one start (aware), on the grid or not, as ``search`` would: a booking asks this under its lock.

    Staff (``window`` None) may leave the grid, at whole minutes.
    """
    day = laid_out((schedule,), site, local_day(start, site.zone), schedule.slot_minutes * 60, schedule.step_minutes)
    candidate = day.candidate_at(start, bound_to_grid=window is not None)
    return _judged(candidate, _usage(taken), Rules.of(window, booking_days, spent, site), _checked(quantity))


def most_present(taken: Usage, start: datetime, end: datetime) -> int:
    """Count the most units present at any one instant of [start, end).

    >>> from datetime import UTC, timedelta
    >>> nine = datetime(2026, 12, 7, 9, tzinfo=UTC)
    >>> hour, half = timedelta(hours=1), timedelta(minutes=30)
    >>> most_present([Taken(nine - hour, nine, 1), Taken(nine, nine + hour, 1)], nine - half, nine + half)
    1
    """
    return _usage(taken).highest(epoch(start), epoch(end))


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of a start before any booking: ``parts`` are the open stretches of its interval."""

    start: int
    starts_at: datetime
    ends_at: datetime
    parts: tuple[Piece, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Hours:
    """One local date of a site: what was planned, what is open of it, and how long its slots are."""

    since: int
    until: int
    length: int
    planned: Steps
    opened: Steps

    def candidate(self, start: int, more: tuple[Reason, ...] = ()) -> Candidate:
        """Tell all there is to know of a start, whatever is booked."""
        end = start + self.length
        reasons = (*self._hindrances(start, end), *more)
        return Candidate(start, instant_of(start), instant_of(end), self.opened.parts(start, end), reasons)

    def _hindrances(self, start: int, end: int) -> Iterator[Reason]:
        """Yield ``closed`` for hours that a closed date took away or that never were, ``break`` for an edge crossed."""
        broken = self.planned.lowest(start, end) == 0
        astray = broken and not self._between_hours(start)
        if astray or open_seconds(self.opened, start, end) < open_seconds(self.planned, start, end):
            yield Reason.CLOSED
        if broken and not astray:
            yield Reason.BREAK

    def _between_hours(self, start: int) -> bool:
        """Whether the date has hours before and after this start, or at it."""
        planned = self.planned
        return planned.at(start) > 0 or (planned.highest(self.since, start) > 0 < planned.highest(start, self.until))


@dataclass(frozen=True, slots=True)
class Day:
    """A planning on one local date of a site, with the candidates of its grid by their start."""

    hours: Hours
    grid: dict[int, Candidate]

    def candidate_at(self, start: datetime, bound_to_grid: bool) -> Candidate:
        """Give the start on the grid, or one beside it with its reason."""
        second = epoch(start)
        whole = start.microsecond == 0
        if whole and second in self.grid:
            return self.grid[second]
        off_grid = bound_to_grid or not whole or second % 60 != 0
        return self.hours.candidate(second, (Reason.OFF_GRID,) if off_grid else ())


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that binds a start besides hours and capacity, in seconds since 1970."""

    now: int = NEVER
    earliest: int = NEVER
    horizon: int = ALWAYS
    first: int = NEVER
    last: int = ALWAYS
    spent: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(
        cls, window: Window | None, booking_days: BookingDays | None, spent: Collection[date], site: SiteCalendar
    ) -> Rules:
        """Take down what binds who asks, as ``search`` is told it."""
        since, until = booking_days or (None, None)
        first = epoch(day_bounds(since, site.zone)[0]) if since else NEVER
        last = epoch(day_bounds(until, site.zone)[1]) if until else ALWAYS
        if window is None:
            return cls(first=first, last=last)
        earliest = ceil(window.earliest.timestamp()) if window.earliest else ALWAYS
        horizon = epoch(day_bounds(window.last_day, window.zone)[1])
        closed = tuple(_seconds(day, site) for day in sorted(spent))
        return cls(ceil(window.now.timestamp()), earliest, horizon, first, last, closed)

    def broken_by(self, start: int) -> tuple[Reason, ...]:
        """List the rules that a start breaks; what is past is not also too soon."""
        within = self.first <= start < self.last and start >= self.now and self.earliest <= start < self.horizon
        if within and not self.spent:
            return ()
        broken = (
            (start < self.now, Reason.PAST),
            (self.now <= start < self.earliest, Reason.NOTICE),
            (start >= self.horizon, Reason.HORIZON),
            (not self.first <= start < self.last, Reason.NOT_ELIGIBLE),
            (any(since <= start < until for since, until in self.spent), Reason.LIMIT),
        )
        return tuple(reason for breaks, reason in broken if breaks)


def _seconds(day: date, site: SiteCalendar) -> tuple[int, int]:
    since, until = day_bounds(day, site.zone)
    return epoch(since), epoch(until)


def _judge_all(
    schedule: Schedule,
    site: SiteCalendar,
    taken: Usage,
    first: date,
    last: date,
    window: Window | None,
    quantity: int,
    booking_days: BookingDays | None,
    spent: Collection[date],
) -> Iterator[Start]:
    usage, rules, wanted = _usage(taken), Rules.of(window, booking_days, spent, site), _checked(quantity)
    length, step = schedule.slot_minutes * 60, schedule.step_minutes
    for day in days(first, last):
        for candidate in laid_out((schedule,), site, day, length, step).grid.values():
            yield _judged(candidate, usage, rules, wanted)


def _judged(candidate: Candidate, usage: Steps, rules: Rules, quantity: int) -> Start:
    """Judge one start: the only place that decides."""
    free = _free(candidate.parts, usage)
    reasons = candidate.reasons + rules.broken_by(candidate.start)
    if free < quantity and candidate.parts:
        reasons += (Reason.FULL,)
    places = free if free > 0 and UNPLANNED.isdisjoint(candidate.reasons) else 0
    return Start(candidate.starts_at, candidate.ends_at, places, reasons)


def _free(parts: tuple[Piece, ...], usage: Steps) -> int:
    """Count the units of a pool free at every instant of these open stretches: mostly one, within the same hours."""
    if len(parts) == 1:
        since, until, slots = parts[0]
        return slots - usage.highest(since, until)
    return min((slots - usage.highest(since, until) for since, until, slots in parts), default=0)


def _usage(taken: Usage) -> Steps:
    if isinstance(taken, Steps):
        return taken
    return Steps.sum_of((epoch(one.start), epoch(one.end), one.units) for one in taken)


@lru_cache(maxsize=2048)
def laid_out(schedules: tuple[Schedule, ...], site: SiteCalendar, day: date, length: int, step: int) -> Day:
    """Lay out a local date of the site for slots of ``length`` seconds, a start every ``step`` minutes.

    Hours are looked up far enough for its last slot to end in; those of several plannings lie over each other.
    """
    since, until = (epoch(bound) for bound in day_bounds(day, site.zone))
    planned = Steps.highest_of(piece for one in schedules for piece in planned_pieces(one, since, until + length))
    opened = Steps.highest_of(piece for one in schedules for piece in open_pieces(one, site, since, until + length))
    hours = Hours(since, until, length, planned, opened)
    return Day(hours, {start: hours.candidate(start) for start in _grid(schedules, since, until, step)})


def _grid(schedules: tuple[Schedule, ...], since: int, until: int, minutes: int) -> list[int]:
    """List the candidate starts in [since, until): every step from the beginning of each opening, equal ones once."""
    openings = (
        piece
        for schedule in schedules
        for day in dates_around(schedule.zone, since, until)
        for piece in planned_on(schedule, day)
    )
    starts = {start for opened, ended, _ in openings for start in range(opened, ended, minutes * 60)}
    return sorted(start for start in starts if since <= start < until)


def open_seconds(steps: Steps, start: int, end: int) -> int:
    """Count the seconds of [start, end) in which anything is open."""
    return sum(until - since for since, until, _ in steps.parts(start, end))


def _checked(quantity: int) -> int:
    if quantity < 1:
        raise Invalid(field="quantity", problem="below_one", value=quantity)
    return quantity
