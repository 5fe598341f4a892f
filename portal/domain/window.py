"""The booking window: the earliest start, the last day, and the cut-off for customers' changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from portal.domain.durations import Duration
from portal.domain.errors import NeverOpen
from portal.domain.policy import AT_ONCE, Policy
from portal.domain.zones import DAY, at_wall_time, day_bounds, local_day

A_YEAR = 366


@dataclass(frozen=True, slots=True)
class Window:
    """When customers may start: from ``earliest`` (UTC; None when nothing opens within a year) to ``last_day``.

    ``last_day`` is a local date of ``zone``, the site's, and is included. ``notice`` is why ``earliest`` is later than
    ``now``; where it counts ``working`` days, ``skipped`` are the closed local dates that did not count.
    """

    now: datetime
    earliest: datetime | None
    last_day: date
    zone: ZoneInfo
    notice: Duration = AT_ONCE
    working: bool = False
    skipped: tuple[date, ...] = ()

    @property
    def never_open(self) -> bool:
        """Whether nothing opens within a year, so that the notice in working days never ends."""
        return self.earliest is None


def window(policy: Policy, now: datetime, zone: ZoneInfo, closed: Callable[[date], bool]) -> Window:
    """Compute the window of a policy at this moment; ``closed`` tells the local dates on which nothing opens."""
    notice, working = policy.min_notice, policy.business_days and bool(policy.min_notice)
    last, skipped = last_day(now, policy.max_days, zone), list[date]()
    try:
        earliest = earliest_start(now, notice, _noting(closed, skipped), zone, working)
    except NeverOpen:
        return Window(now.astimezone(UTC), None, last, zone, notice, working)
    return Window(now.astimezone(UTC), earliest, last, zone, notice, working, tuple(skipped))


def _noting(closed: Callable[[date], bool], noted: list[date]) -> Callable[[date], bool]:
    """Ask the same, and note each date that is closed."""

    def ask(day: date) -> bool:
        if shut := closed(day):
            noted.append(day)
        return shut

    return ask


def last_day(now: datetime, max_days: int, zone: ZoneInfo) -> date:
    """Give the last local date that may be booked: today plus ``max_days``."""
    return local_day(now, zone) + timedelta(days=max_days)


def earliest_start(
    now: datetime, notice: Duration, closed: Callable[[date], bool], zone: ZoneInfo, business_days: bool
) -> datetime:
    """Find the first instant (UTC) that respects a notice.

    With ``business_days`` the time of closed local dates does not count: walk forward from ``now`` and skip the whole
    of each. Raises NeverOpen when no open date follows within a year.

    >>> paris, weekend = ZoneInfo("Europe/Paris"), lambda day: day.isoweekday() > 5
    >>> friday = datetime(2026, 11, 20, 15, tzinfo=paris)
    >>> earliest_start(friday, Duration(2, "d"), weekend, paris, True).astimezone(paris).isoformat()
    '2026-11-24T15:00:00+01:00'
    """
    if not business_days or not notice:
        return notice.after(now, zone)
    today = local_day(now, zone)
    begin = _next_open(today, closed)
    clock_start = now.astimezone(UTC) if begin == today else day_bounds(begin, zone)[0]
    if notice.unit == "d":
        return _after_open_days(clock_start, begin, notice.amount, closed, zone)
    return _after_open_time(clock_start, begin, notice.elapsed, closed, zone)


def change_cutoff(starts_at: datetime, policy: Policy, zone: ZoneInfo) -> datetime:
    """Give the last instant (UTC) at which a customer may still cancel or move this appointment."""
    return policy.change_notice.before(starts_at, zone)


def change_allowed(starts_at: datetime, policy: Policy, now: datetime, zone: ZoneInfo) -> bool:
    """Tell whether a customer may still cancel or move an appointment."""
    return now <= change_cutoff(starts_at, policy, zone)


def _after_open_days(
    start: datetime, day: date, count: int, closed: Callable[[date], bool], zone: ZoneInfo
) -> datetime:
    clock = start.astimezone(zone).time()
    for _ in range(count):
        day = _next_open(day + DAY, closed)
    return at_wall_time(day, clock, zone)


def _after_open_time(
    start: datetime, day: date, left: timedelta, closed: Callable[[date], bool], zone: ZoneInfo
) -> datetime:
    end = day_bounds(day, zone)[1]
    while left >= end - start:
        left -= end - start
        day = _next_open(day + DAY, closed)
        start, end = day_bounds(day, zone)
    return start + left


def _next_open(day: date, closed: Callable[[date], bool]) -> date:
    """Find the first open date from ``day`` on. Raises NeverOpen after a year."""
    for _ in range(A_YEAR):
        if not closed(day):
            return day
        day += DAY
    raise NeverOpen(reasons=("notice",))
