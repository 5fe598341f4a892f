"""A page of slots, and the same search inside a booking: one function judges every start."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from operator import attrgetter
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from portal.domain import slots
from portal.domain.openings import Closed, is_open, why_closed
from portal.domain.slots import BookingDays, Start
from portal.domain.steps import Piece, Steps
from portal.domain.window import Window, window
from portal.domain.zones import DAY, day_bounds, days, local_day
from portal.operations import bookables, limits, occupancy
from portal.operations.bookables import Bookable
from portal.operations.limits import Count

LONGEST_RANGE = 62  # days in one search
NEAR, AHEAD = 10, 31  # days searched at once for the next free start, when the next open day has none
SOON = 7  # days after a range in which its next open day is looked for


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, and for what: ``staff`` is bound by hours and capacity only.

    ``first_day`` and ``last_day`` are those of a booking link; ``leaving_out`` is the id of the appointment that is
    being moved; ``customer`` is the address of who asks, once it is known, for limits go by it. What is ``spared`` is
    kept for them, and free to them alone: from, until (seconds since 1970), units.
    """

    staff: bool = False
    quantity: int = 1
    first_day: date | None = None
    last_day: date | None = None
    leaving_out: int | None = None
    customer: str | None = None
    spared: tuple[Piece, ...] = ()

    @property
    def booking_days(self) -> BookingDays | None:
        """The days of the link, both included, or None for any day."""
        if self.first_day is None and self.last_day is None:
            return None
        return self.first_day, self.last_day


PUBLIC = Asking()


@dataclass(frozen=True, slots=True)
class Binding:
    """What binds who asks: the window, None for staff; the days of a link.

    ``spent`` are the dates on which the customer has had enough, with what was counted.
    """

    window: Window | None
    spent: Mapping[date, Count]
    days: BookingDays | None


@dataclass(frozen=True)
class Availability:
    """Every candidate start of the local days ``first`` to ``last`` of a bookable, offered or with its reasons."""

    bookable: Bookable
    first: date
    last: date
    starts: tuple[Start, ...]
    binding: Binding

    @property
    def zone(self) -> ZoneInfo:
        """The site's zone."""
        return self.bookable.zone

    @cached_property
    def offered(self) -> tuple[Start, ...]:
        """The starts that can be booked."""
        return tuple(start for start in self.starts if start.offered)

    @cached_property
    def by_day(self) -> dict[date, list[Start]]:
        """The offered starts of each local day that has one."""
        offered = {day: [start for start in starts if start.offered] for day, starts in self._days.items()}
        return {day: starts for day, starts in offered.items() if starts}

    def of_day(self, day: date) -> list[Start]:
        """List every candidate start of one local day."""
        return self._days.get(day, [])

    @cached_property
    def _days(self) -> dict[date, list[Start]]:
        """Part the starts, which are in order, at the midnights of the zone."""
        parted: dict[date, list[Start]] = {}
        rest = list(self.starts)
        for day in days(self.first, self.last):
            place = bisect_left(rest, day_bounds(day, self.zone)[1], key=attrgetter("start"))
            parted[day], rest = rest[:place], rest[place:]
        return parted


def search(
    session: Session, bookable: Bookable, first: date, last: date, *, now: datetime, asking: Asking = PUBLIC
) -> Availability:
    """Judge every candidate start of the site's local days ``first`` to ``last``, both included."""
    binding = _binding(session, bookable, first, last, now, asking)
    taken = _taken_on(session, bookable, first, last, now, asking)
    return _searched(bookable, first, last, taken, binding, asking)


def search_and_next(
    session: Session, bookable: Bookable, first: date, last: date, *, now: datetime, asking: Asking = PUBLIC
) -> tuple[Availability, Start | None]:
    """Judge a range as ``search`` does, and find the first start offered after it: mostly without asking again."""
    soon = _next_open(bookable, last)
    binding = _binding(session, bookable, first, soon, now, asking)
    taken = _taken_on(session, bookable, first, soon, now, asking)
    following = _first_offered(bookable, last + DAY, soon, taken, binding, asking)
    if following is None:
        following = next_free(session, bookable, soon + DAY, now=now, asking=asking)
    return _searched(bookable, first, last, taken, binding, asking), following


def judge(session: Session, bookable: Bookable, start: datetime, *, now: datetime, asking: Asking = PUBLIC) -> Start:
    """Judge one start, on the grid or not, exactly as the page does."""
    day = local_day(start, bookable.zone)
    binding = _binding(session, bookable, day, day, now, asking)
    taken = _taken(session, bookable, start, _end(bookable, start), now, asking)
    return slots.at(
        bookable.planning.schedule,
        bookable.site.calendar,
        taken,
        start,
        window=binding.window,
        quantity=asking.quantity,
        booking_days=asking.booking_days,
        spent=binding.spent,
    )


def next_free(
    session: Session, bookable: Bookable, after: date, *, now: datetime, asking: Asking = PUBLIC
) -> Start | None:
    """Find the first offered start on ``after`` or a later day, within the horizon or the link's last day."""
    bounds = _bounds(session, bookable, now, asking)
    for first, last in _stretches(bookable, after, now, asking):
        binding = Binding(bounds, _spent(session, bookable, first, last, now, asking), asking.booking_days)
        taken = _taken_on(session, bookable, first, last, now, asking)
        if (found := _first_offered(bookable, first, last, taken, binding, asking)) is not None:
            return found
    return None


def nearest(
    session: Session, bookable: Bookable, wanted: datetime, *, now: datetime, asking: Asking = PUBLIC, count: int = 3
) -> list[Start]:
    """Find the offered starts closest to a wanted one, in order of time: what to propose when it is lost."""
    day = max(local_day(wanted, bookable.zone), local_day(now, bookable.zone))
    first, last = day - timedelta(days=7), day + timedelta(days=14)
    offered = search(session, bookable, first, last, now=now, asking=asking).offered
    if not offered:
        following = next_free(session, bookable, last, now=now, asking=asking)
        return [following] if following else []
    closest = sorted(offered, key=lambda start: (abs(start.start - wanted), start.start))[:count]
    return sorted(closest, key=lambda start: start.start)


def closed_because(bookable: Bookable, day: date) -> Closed | None:
    """Say why a local day has no hours at all, or None when it has some."""
    return why_closed(bookable.planning.schedule, bookable.site.calendar, day)


def _next_open(bookable: Bookable, last: date) -> date:
    """Give the first open day after ``last``, where most often something is free; the day after when none is near."""
    near = days(last + DAY, last + timedelta(days=SOON))
    schedules = [bookable.planning.schedule]
    return next((day for day in near if is_open(schedules, bookable.site.calendar, day)), last + DAY)


def _searched(
    bookable: Bookable, first: date, last: date, taken: Steps, binding: Binding, asking: Asking
) -> Availability:
    starts = slots.search(
        bookable.planning.schedule,
        bookable.site.calendar,
        taken,
        first,
        last,
        window=binding.window,
        quantity=asking.quantity,
        booking_days=asking.booking_days,
        spent=binding.spent,
    )
    return Availability(bookable, first, last, starts, binding)


def _first_offered(
    bookable: Bookable, first: date, last: date, taken: Steps, binding: Binding, asking: Asking
) -> Start | None:
    return slots.next_offered(
        bookable.planning.schedule,
        bookable.site.calendar,
        taken,
        first,
        last,
        window=binding.window,
        quantity=asking.quantity,
        booking_days=asking.booking_days,
        spent=binding.spent,
    )


def _stretches(bookable: Bookable, after: date, now: datetime, asking: Asking) -> Iterator[tuple[date, date]]:
    """Part the days from ``after`` to the horizon: up to the first open one, some more, then month by month."""
    today = local_day(now, bookable.zone)
    horizon = today + timedelta(days=366 if asking.staff else bookable.policy.max_days)
    end = min(horizon, asking.last_day or horizon)
    first = max(after, today, asking.first_day or after)
    last, ahead = _next_open(bookable, first - DAY), NEAR
    while first <= end:
        yield first, min(last, end)
        first, last = last + DAY, last + timedelta(days=ahead)
        ahead = AHEAD


def _end(bookable: Bookable, start: datetime) -> datetime:
    return start + timedelta(minutes=bookable.planning.schedule.slot_minutes)


def _taken_on(session: Session, bookable: Bookable, first: date, last: date, now: datetime, asking: Asking) -> Steps:
    """Read what is taken on the site's local days, up to the end of the last slot that begins on them."""
    since, until = day_bounds(first, bookable.zone)[0], day_bounds(last, bookable.zone)[1]
    return _taken(session, bookable, since, _end(bookable, until), now, asking)


def _taken(
    session: Session, bookable: Bookable, start: datetime, end: datetime, now: datetime, asking: Asking
) -> Steps:
    leaving_out = asking.leaving_out
    found = occupancy.taken(session, bookable.pool_id, bookable.longest, start, end, now, leaving_out=leaving_out)
    return found.less(asking.spared) if asking.spared else found


def bound(session: Session, bookable: Bookable, day: date, *, now: datetime, asking: Asking = PUBLIC) -> Binding:
    """Give what binds who asks on one of the site's local days: what the reasons come from."""
    return _binding(session, bookable, day, day, now, asking)


def _binding(session: Session, bookable: Bookable, first: date, last: date, now: datetime, asking: Asking) -> Binding:
    spent = _spent(session, bookable, first, last, now, asking)
    return Binding(_bounds(session, bookable, now, asking), spent, asking.booking_days)


def _spent(
    session: Session, bookable: Bookable, first: date, last: date, now: datetime, asking: Asking
) -> Mapping[date, Count]:
    """Find the dates on which the customer has had enough: limits bind nobody of the staff."""
    if asking.staff:
        return {}
    return limits.spent(session, bookable, asking.customer, first, last, now, leaving_out=asking.leaving_out)


def public_window(session: Session, bookable: Bookable) -> Callable[[datetime], Window]:
    """Give the function that tells the public's window at an instant; it asks the database no more."""
    closed = _closed_days(session, bookable)
    return lambda at: window(bookable.policy, at, bookable.zone, closed)


def _bounds(session: Session, bookable: Bookable, now: datetime, asking: Asking) -> Window | None:
    """Build the booking window, None for staff."""
    return None if asking.staff else window(bookable.policy, now, bookable.zone, _closed_days(session, bookable))


def _closed_days(session: Session, bookable: Bookable) -> Callable[[date], bool]:
    """Tell the local dates that do not count; only a notice on working days asks when the site is open."""
    if not bookable.policy.business_days:
        return _never_closed
    schedules = [one.planning.schedule for one in bookables.at_site(session, bookable.site.id)]
    return lambda day: not is_open(schedules, bookable.site.calendar, day)


def _never_closed(_day: date) -> bool:
    return False
