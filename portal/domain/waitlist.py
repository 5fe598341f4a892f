"""Who is offered a freed place, in which order, and until when.

A place that is given back may free several starts: its own, and those around it that it stood in the way of. First are
asked the holders of later appointments, those of the longest standing before the others, then the waiting list.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import TypeVar
from zoneinfo import ZoneInfo

from portal.domain.slots import BookingDays, Start
from portal.domain.steps import Piece, Steps
from portal.domain.zones import DAY, end_instant, epoch, local_day, start_instant

MORNING, EVENING = 8 * 60, 20 * 60
"""Minutes after local midnight between which a turn runs: nobody has to answer at night."""


@dataclass(frozen=True, slots=True)
class Given:
    """A place that an appointment gave back: ``units`` during [start, end), UTC."""

    start: datetime
    end: datetime
    units: int

    def rest(self, start: datetime, end: datetime, units: int) -> tuple[Piece, ...]:
        """Tell what is left of it, in seconds since 1970, when somebody is given ``units`` during [start, end).

        >>> nine, hour = datetime(2026, 12, 7, 9, tzinfo=UTC), timedelta(hours=1)
        >>> [units for _, _, units in Given(nine, nine + hour, 2).rest(nine, nine + hour, 1)]
        [1]
        """
        taken = ((epoch(self.start), epoch(self.end), self.units), (epoch(start), epoch(end), -units))
        left = Steps.sum_of(taken).parts(epoch(self.start), epoch(self.end))
        return tuple(piece for piece in left if piece[2] > 0)


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a confirmed appointment on [start, end), UTC, made at ``since``."""

    id: int
    since: datetime
    start: datetime
    end: datetime
    units: int = 1
    booking_days: BookingDays | None = None

    def wants(self, start: Start, _zone: ZoneInfo) -> bool:
        """Tell whether a start is earlier than theirs, and leaves them as much time."""
        return start.start < self.start and self.end - self.start <= start.end - start.start

    def far_enough(self, now: datetime, hours: int) -> bool:
        """Tell whether their appointment is so many hours away, at least, that they are asked."""
        return self.start - now >= timedelta(hours=hours)


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody on the waiting list for a place on one of the site's local days, both included."""

    id: int
    since: datetime
    first_day: date
    last_day: date
    units: int = 1
    booking_days: BookingDays | None = None

    def wants(self, start: Start, zone: ZoneInfo) -> bool:
        """Tell whether a start is on one of their days."""
        return self.first_day <= local_day(start.start, zone) <= self.last_day


Waiter = Holder | Listed
W = TypeVar("W", Holder, Listed)


def freed_starts(before: Iterable[Start], given: Given) -> tuple[Start, ...]:
    """List the starts that a place freed: its own first, then from the earliest on.

    ``before`` are the starts of the public as they were while it was taken. Those that it touches and that had no
    place left are freed; one that still had a place could be booked by anybody all the time.
    """
    freed = (
        start
        for start in before
        if start.taken and start.places == 0 and start.start < given.end and start.end > given.start
    )
    return tuple(sorted(freed, key=lambda start: (start.start != given.start, start.start)))


def is_full(starts: Iterable[Start]) -> bool:
    """Tell whether a day can be waited for: nothing is offered on it, and something would be but for who was faster.

    >>> from portal.domain.slots import Reason
    >>> nine = datetime(2026, 12, 7, 9, tzinfo=UTC)
    >>> is_full([Start(nine, nine + timedelta(hours=1), 0, (Reason.FULL,))]), is_full([])
    (True, False)
    """
    judged = list(starts)
    return not any(start.offered for start in judged) and any(start.taken for start in judged)


def in_order(waiters: Iterable[W]) -> list[W]:
    """Put those who waited longest first; of the same instant, the one who came first.

    >>> monday, day = datetime(2026, 12, 7, tzinfo=UTC), date(2026, 12, 14)
    >>> [one.id for one in in_order([Listed(1, monday + DAY, day, day), Listed(2, monday, day, day)])]
    [2, 1]
    """
    return sorted(waiters, key=lambda one: (one.since, one.id))


def choose(waiter: Waiter, starts: Iterable[Start], zone: ZoneInfo, offered: Callable[[Start], bool]) -> Start | None:
    """Choose which of the freed starts, in their order, somebody is asked about; ``offered`` judges one for them."""
    return next((start for start in starts if waiter.wants(start, zone) and offered(start)), None)


def turn_end(asked: datetime, minutes: int, zone: ZoneInfo, latest: datetime) -> datetime:
    """Give the end (UTC) of the turn of somebody who is asked at an instant.

    Its minutes run from 08:00 to 20:00 of the site's days only, and never past ``latest``.

    >>> paris, far = ZoneInfo("Europe/Paris"), datetime(2027, 1, 1, tzinfo=UTC)
    >>> turn_end(datetime(2026, 12, 7, 19, tzinfo=paris), 120, paris, far).astimezone(paris).isoformat()
    '2026-12-08T09:00:00+01:00'
    """
    begin, left, day = asked.astimezone(UTC), timedelta(minutes=minutes), local_day(asked, zone)
    while begin < latest:
        begin = max(begin, start_instant(day, MORNING, zone))
        counted = end_instant(day, EVENING, zone) - begin
        if left <= counted:
            return min(begin + left, latest)
        left, day = left - max(counted, timedelta()), day + DAY
    return latest


def last_moment(start: datetime, earliest: Callable[[datetime], datetime | None], now: datetime) -> datetime:
    """Give the latest instant (UTC), not before ``now``, at which a start may still be booked.

    ``earliest`` gives the first start that may be booked at an instant, or None where none may. Exact to the second.

    >>> nine = datetime(2026, 12, 7, 9, tzinfo=UTC)
    >>> last_moment(nine, lambda at: at + timedelta(hours=12), nine - DAY).isoformat()
    '2026-12-06T21:00:00+00:00'
    """

    def possible(seconds: int) -> bool:
        first = earliest(start - timedelta(seconds=seconds))
        return first is not None and first <= start

    until_now = range(ceil((start - now).total_seconds()))
    before = bisect_left(until_now, True, key=possible)
    return max(start - timedelta(seconds=before), now)
