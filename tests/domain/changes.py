"""Clock changes of the IANA zones, found by asking every zone for its offset day by day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

MINUTE, WEEK = timedelta(minutes=1), timedelta(days=7)


class Change(NamedTuple):
    """A clock change: the zone, its instant, and the offsets before and after it."""

    zone: ZoneInfo
    instant: datetime
    before: timedelta
    after: timedelta

    @property
    def wall(self) -> datetime:
        """What the clock would have shown."""
        return (self.instant + self.before).replace(tzinfo=None)

    @property
    def jump(self) -> timedelta:
        """How far the clock was moved: forwards is positive."""
        return self.after - self.before


def offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    """Ask a zone for its offset from UTC."""
    return instant.astimezone(zone).utcoffset() or timedelta()


def changes_of(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[Change]:
    """Find the changes of a zone, at most one a week."""
    before = offset(first, zone)
    while first < last:
        week = min(WEEK, last - first)
        after = offset(first + week, zone)
        if after != before:
            yield Change(zone, minute_of_change(first, week, zone), before, after)
        first, before = first + week, after


def minute_of_change(start: datetime, span: timedelta, zone: ZoneInfo) -> datetime:
    """Find the first minute after ``start`` with the new offset."""
    low, high, old = 0, span // MINUTE, offset(start, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(start + middle * MINUTE, zone) == old else (low, middle)
    return start + high * MINUTE


@cache
def all_changes(first_year: int, years: int) -> tuple[Change, ...]:
    """Find the changes of every zone in these years."""
    first, last = datetime(first_year, 1, 1, tzinfo=UTC), datetime(first_year + years, 1, 1, tzinfo=UTC)
    names = sorted(available_timezones())
    return tuple(change for name in names for change in changes_of(ZoneInfo(name), first, last))


def kinds_of_change(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Keep one change of each kind: the same time of day, moved by as much."""
    return tuple({(change.wall.time(), change.jump): change for change in reversed(changes)}.values())
