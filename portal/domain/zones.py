"""Wall time and instants: the only place where a local time becomes a moment, and back.

A rule is wall time plus a zone; an instant is UTC. Between aware values of one zone Python computes with wall time
(the two 02:30 of an autumn night compare equal), so everything is converted to UTC before it is added or compared.

>>> paris = zone("Europe/Paris")
>>> start_instant(date(2027, 3, 28), 150, paris).isoformat()  # 02:30 does not exist: the clock jumps to 03:00
'2027-03-28T01:00:00+00:00'
>>> start_instant(date(2027, 10, 31), 150, paris).isoformat()  # 02:30 exists twice: a start takes the first ...
'2027-10-31T00:30:00+00:00'
>>> end_instant(date(2027, 10, 31), 150, paris).isoformat()  # ... and an end takes the second
'2027-10-31T01:30:00+00:00'
"""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from math import floor
from zoneinfo import ZoneInfo, available_timezones

from portal.domain.errors import Invalid

DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1970, 2999
"""Years that can be asked for: far enough for any appointment, and safe for date arithmetic on both sides."""

_RFC_3339 = re.compile(
    r"(\d{4}-(?:0[1-9]|1[0-2])-\d{2})[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?"
    r"([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def zone(name: str) -> ZoneInfo:
    """Give the IANA zone of this name. Raises Invalid."""
    if name not in _zone_names():
        raise Invalid(field="timezone", problem="unknown_zone", value=name)
    return ZoneInfo(name)


def start_instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Give the instant (UTC) at which something starts at this minute (0-1440) after local midnight.

    A time that the clock skips moves to the first instant after the gap; of two, the first is taken.
    """
    return _bounds(day, minute, zone)[0]


def end_instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Give the instant (UTC) at which something ends: as ``start_instant``, but of two the second is taken."""
    return _bounds(day, minute, zone)[1]


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Tell the local date of an aware instant: the one whose ``day_bounds`` hold it."""
    day = instant.astimezone(zone).date()
    # A clock set back across midnight (Newfoundland did it at 00:01) shows yesterday's date again for an hour.
    return day + DAY if instant >= day_bounds(day, zone)[1] else day


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give the local day as UTC instants [start, end); days follow each other without gap or overlap."""
    return start_instant(day, 0, zone), start_instant(day, 1440, zone)


def days(first: date, last: date) -> tuple[date, ...]:
    """List the dates from first to last, both included."""
    return tuple(date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))


def utc_days(start: datetime, end: datetime) -> tuple[date, ...]:
    """List the UTC dates that [start, end) touches; an empty interval touches the date of its start.

    >>> [str(day) for day in utc_days(datetime(2026, 12, 7, 23, tzinfo=UTC), datetime(2026, 12, 8, 0, tzinfo=UTC))]
    ['2026-12-07']
    """
    first = start.astimezone(UTC)
    last = max(first, end.astimezone(UTC) - timedelta(microseconds=1))
    return days(first.date(), last.date())


def parse_instant(text: str | None) -> datetime | None:
    """Read an RFC 3339 instant, which must have its offset, as UTC; None when it is anything else.

    >>> parse_instant("2026-12-08T08:30:00+01:00").isoformat()
    '2026-12-08T07:30:00+00:00'
    >>> parse_instant("2026-12-08T08:30") is None
    True
    """
    match = _RFC_3339.fullmatch(text or "")
    if match is None:
        return None
    day, hour, minute, second, fraction, offset = match.groups()
    try:
        instant = datetime.fromisoformat(
            f"{day}T{hour}:{minute}:{second}{(fraction or '')[:7]}{offset.upper()}"
        ).astimezone(UTC)
    except (ValueError, OverflowError):  # 30 February; the year 1 with an offset
        return None
    return instant if FIRST_YEAR <= instant.year <= LAST_YEAR else None


def parse_day(text: str | None) -> date | None:
    """Read a date written YYYY-MM-DD; None when it is anything else."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text or "", re.ASCII):
        return None
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def at_wall_time(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Give the instant (UTC) at which the clock of a zone first shows this time of day, or next if it skips it."""
    return _instants(datetime.combine(day, clock.replace(tzinfo=None, fold=0)), zone)[0]


def wall_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """Give what the clock of a zone shows at an instant, as a time without a zone.

    >>> wall_time(datetime(2026, 12, 7, 8, tzinfo=UTC), zone("Europe/Paris")).isoformat()
    '2026-12-07T09:00:00'
    """
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def epoch(instant: datetime) -> int:
    """Count the whole seconds from 1970 to an aware instant; the engine computes with these."""
    return floor(instant.timestamp())


def instant_of(seconds: int) -> datetime:
    """Turn seconds since 1970 back into an aware UTC instant."""
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=16384)
def _bounds(day: date, minute: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return _instants(datetime.combine(day, time()) + timedelta(minutes=minute), zone)


def _instants(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give the first and the last instant (UTC) at which the clock shows ``wall``; both alike unless it is repeated."""
    before, after = _offset(wall.replace(tzinfo=zone)), _offset(wall.replace(tzinfo=zone, fold=1))
    naive = wall.replace(tzinfo=UTC)
    if before < after:
        jump = _change(naive - after, naive - before, zone)
        return jump, jump
    return naive - before, naive - after


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Find the instant of the clock change in (low, high], to the second."""
    old = _offset(low.astimezone(zone))
    seconds = range(int((high - low).total_seconds()))
    steps = bisect_left(
        seconds, True, key=lambda passed: _offset((low + timedelta(seconds=passed)).astimezone(zone)) != old
    )
    return low + timedelta(seconds=steps)


def _offset(aware: datetime) -> timedelta:
    return aware.utcoffset() or timedelta()


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())
