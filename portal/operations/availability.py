"""A page of slots, and the same search inside a booking: one function judges every start."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from operator import attrgetter
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from portal.domain.openings import Closed, Schedule, Why, is_open, why_closed
from portal.domain.slots import Start
from portal.domain.window import Window, window
from portal.domain.zones import DAY, day_bounds, days, local_day
from portal.operations import grounds, limits
from portal.operations.asking import PUBLIC, Asking, Binding
from portal.operations.bookables import Bookable
from portal.operations.grounds import Ground
from portal.operations.limits import Count
from portal.operations.place_cards import PlanningCard

LONGEST_RANGE = 62  # days in one search
NEAR, AHEAD = 10, 31  # days searched at once for the next free start, when the next open day has none
SOON = 7  # days after a range in which its next open day is looked for


@dataclass(frozen=True)
class Availability:
    """Every candidate start of the local days ``first`` to ``last`` of a bookable, offered or with its reasons."""

    bookable: Bookable
    first: date
    last: date
    starts: tuple[Start, ...]
    binding: Binding
    ground: Ground

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
    ground = _ground(session, bookable, first, last, now, asking)
    return Availability(bookable, first, last, ground.search(first, last, binding), binding, ground)


def search_and_next(
    session: Session, bookable: Bookable, first: date, last: date, *, now: datetime, asking: Asking = PUBLIC
) -> tuple[Availability, Start | None]:
    """Judge a range as ``search`` does, and find the first start offered after it: mostly without asking again."""
    soon = _next_open(bookable, last)
    binding = _binding(session, bookable, first, soon, now, asking)
    ground = _ground(session, bookable, first, soon, now, asking)
    following = ground.next_offered(last + DAY, soon, binding)
    if following is None:
        following = next_free(session, bookable, soon + DAY, now=now, asking=asking)
    return Availability(bookable, first, last, ground.search(first, last, binding), binding, ground), following


def judge(session: Session, bookable: Bookable, start: datetime, *, now: datetime, asking: Asking = PUBLIC) -> Start:
    """Judge one start, on the grid or not, exactly as the page does."""
    return choice(session, bookable, start, now=now, asking=asking)[0]


def choice(
    session: Session, bookable: Bookable, start: datetime, *, now: datetime, asking: Asking = PUBLIC
) -> tuple[Start, Ground]:
    """Judge one start as ``judge``, and give the ground that it stands on: who is free, and who could serve."""
    day = local_day(start, bookable.zone)
    binding = _binding(session, bookable, day, day, now, asking)
    ground = grounds.ground(session, bookable, start, start, now=now, asking=asking)
    return ground.at(start, binding), ground


def next_free(
    session: Session, bookable: Bookable, after: date, *, now: datetime, asking: Asking = PUBLIC
) -> Start | None:
    """Find the first offered start on ``after`` or a later day, within the horizon or the link's last day."""
    bounds = _bounds(session, bookable, now, asking)
    for first, last in _stretches(bookable, after, now, asking):
        binding = Binding(bounds, _spent(session, bookable, first, last, now, asking), asking.booking_days)
        ground = _ground(session, bookable, first, last, now, asking)
        if (found := ground.next_offered(first, last, binding)) is not None:
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
    """Say why a local day has no hours at all, or None when it has some; of a service only what its site closes."""
    schedules = _schedules(bookable)
    if schedules:
        return why_closed(schedules[0], bookable.site.calendar, day)
    closure = bookable.site.calendar.closure_on(day)
    return Closed(Why.CLOSURE, closure.label) if closure is not None else None


def _schedules(bookable: Bookable) -> list[Schedule]:
    """Give the hours that are known without asking: a planning's own, and the one in which a service takes a place."""
    if isinstance(bookable.item, PlanningCard):
        return [bookable.item.schedule]
    return [bookable.beside.planning.schedule] if bookable.beside is not None else []


def _next_open(bookable: Bookable, last: date) -> date:
    """Give the first open day after ``last``, where most often something is free; the day after when none is near."""
    near, schedules = days(last + DAY, last + timedelta(days=SOON)), _schedules(bookable)
    return next((day for day in near if is_open(schedules, bookable.site.calendar, day)), last + DAY)


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


def _ground(session: Session, bookable: Bookable, first: date, last: date, now: datetime, asking: Asking) -> Ground:
    """Read what is taken on the site's local days, up to the end of the last slot that begins on them."""
    since, until = day_bounds(first, bookable.zone)[0], day_bounds(last, bookable.zone)[1]
    return grounds.ground(session, bookable, since, until, now=now, asking=asking)


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
    """Give the function that tells the public's window at an instant; it asks the database once at most."""
    closed = _closed_days(session, bookable)
    return lambda at: window(bookable.policy, at, bookable.zone, closed)


def _bounds(session: Session, bookable: Bookable, now: datetime, asking: Asking) -> Window | None:
    """Build the booking window, None for staff."""
    return None if asking.staff else window(bookable.policy, now, bookable.zone, _closed_days(session, bookable))


def _closed_days(session: Session, bookable: Bookable) -> Callable[[date], bool]:
    """Tell the local dates that do not count; only a notice on working days asks when the site is open.

    Mostly that is told by the hours of what is booked; all the others are read when it has none on a date.
    """
    if not bookable.policy.business_days:
        return _never_closed
    calendar, known = bookable.site.calendar, _schedules(bookable) if _in_use(bookable) else []
    everything = cache(lambda: grounds.schedules_at(session, bookable.site.id))
    return lambda day: not (is_open(known, calendar, day) or is_open(everything(), calendar, day))


def _in_use(bookable: Bookable) -> bool:
    """Tell whether the hours that are known without asking are those of a planning in use."""
    return (bookable.beside or bookable).in_use


def _never_closed(_day: date) -> bool:
    return False
