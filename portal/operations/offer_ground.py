"""What many are judged by who are asked about the same freed place: read once, then as the page judges each of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain import slots
from portal.domain.openings import serving
from portal.domain.slots import Start
from portal.domain.steps import Piece, Steps
from portal.domain.waitlist import Given, Holder, Waiter, freed_starts, last_moment
from portal.domain.zones import epoch, local_day
from portal.operations import availability, keeping, limits, occupancy
from portal.operations.bookables import Bookable
from portal.operations.limits import Reached
from portal.operations.service_cards import ServiceCard
from portal.operations.service_places import ServicePlace


class PlanningPlace:
    """A pool around a freed place at one moment. What is kept for those who wait is let go of before."""

    def __init__(self, session: Session, bookable: Bookable, given: Given, now: datetime) -> None:
        self._session, self._bookable, self._given, self._now = session, bookable, given, now
        length = keeping.length_of(bookable)
        since, until = given.start - length, given.end + length
        self._days = local_day(since, bookable.zone), local_day(until, bookable.zone)
        self._taken = occupancy.taken(session, bookable.pool_id, bookable.longest, since, until, now)
        self._window_at = availability.public_window(session, bookable)
        self._window = self._window_at(now)
        self._reached: dict[date, Reached] = {}
        self._latest: dict[datetime, datetime] = {}

    def freed(self, later: Sequence[Any]) -> tuple[Start, ...]:
        """List the starts that the place freed; ``later`` are rows of places that were taken at that time still."""
        places = [self._given, *(keeping.given(row) for row in later)]
        before = self._taken.more((epoch(one.start), epoch(one.end), one.units) for one in places)
        return freed_starts(self._search(before), self._given)

    def touched(self) -> tuple[Start, ...]:
        """List the starts that touch the place, as they are to the public now."""
        return tuple(
            start
            for start in self._search(self._taken)
            if start.start < self._given.end and start.end > self._given.start
        )

    def _search(self, taken: Steps) -> tuple[Start, ...]:
        planning, site = self._bookable.planning, self._bookable.site
        return slots.search(serving(planning.schedule, None), site.calendar, taken, *self._days, window=self._window)

    def offered(self, waiter: Waiter, email: str, start: Start) -> bool:
        """Tell whether the page would offer a start to somebody: without the place that they hold themselves."""
        own = self._own(waiter, start)
        judged = slots.at(
            serving(self._bookable.planning.schedule, None),
            self._bookable.site.calendar,
            self._taken.less(own) if own else self._taken,
            start.start,
            window=self._window,
            quantity=waiter.units,
            booking_days=waiter.booking_days,
            spent=self._spent(waiter, email, start),
        )
        return judged.offered

    def latest(self, start: Start) -> datetime:
        """Give the last moment at which a start may be booked under the notice."""
        if start.start not in self._latest:
            self._latest[start.start] = last_moment(start.start, lambda at: self._window_at(at).earliest, self._now)
        return self._latest[start.start]

    def _own(self, waiter: Waiter, start: Start) -> tuple[Piece, ...]:
        if not isinstance(waiter, Holder) or waiter.start >= start.end:
            return ()
        return ((epoch(waiter.start), epoch(waiter.end), waiter.units),)

    def _spent(self, waiter: Waiter, email: str, start: Start) -> tuple[date, ...]:
        """List the start's day where they have had enough on it."""
        day = local_day(start.start, self._bookable.zone)
        if day not in self._reached:
            self._reached[day] = limits.reached_on(self._session, self._bookable, day, self._now)
        reached = self._reached[day](email, waiter.id if isinstance(waiter, Holder) else None)
        return (day,) if reached else ()


Ground = PlanningPlace | ServicePlace


def of(session: Session, bookable: Bookable, row: Any, now: datetime) -> Ground:
    """Look at what is around a freed place, of a planning or of a service."""
    if isinstance(bookable.item, ServiceCard):
        return ServicePlace(session, bookable, row, keeping.given(row), now)
    return PlanningPlace(session, bookable, keeping.given(row), now)
