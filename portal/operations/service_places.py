"""Places of services that were given back: people, rooms and equipment of an appointment, free again together.

What is kept of such a place is kept whole, with all that its appointment had; somebody else who takes any of it ends
that. Holders are asked about a start of the same people, the waiting list about one of anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from portal.domain.services import Common, Pool
from portal.domain.slots import Rules, Start
from portal.domain.steps import Piece
from portal.domain.waitlist import Given, Holder, Waiter, last_moment
from portal.domain.zones import epoch, local_day
from portal.models import Allocation, Resource
from portal.models import Pool as PoolRow
from portal.operations import assigning, availability, freed, grounds, limits, occupancy
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.grounds import ServiceGround
from portal.operations.limits import Reached


@dataclass(frozen=True, slots=True)
class Part:
    """What an appointment had of one pool; ``resource`` is whose pool it is, None for the service and its planning."""

    pool_id: int
    start: datetime
    end: datetime
    units: int
    resource: int | None
    staff: bool


def parts(session: Session, row: Any) -> list[Part]:
    """List what the appointment of a freed place had there: of what it held at that time the newest."""
    held = and_(
        Allocation.appointment_id == row.appointment_id,
        Allocation.starts_at <= row.starts_at,
        Allocation.ends_at >= row.ends_at,
        Allocation.role.in_(("visit", "wanted", "kept")),
    )
    query = (
        select(
            *(Allocation.id, Allocation.pool_id, Allocation.starts_at, Allocation.ends_at, Allocation.units),
            *(Allocation.released_at, PoolRow.resource_id, Resource.kind),
        )
        .join(PoolRow, PoolRow.id == Allocation.pool_id)
        .outerjoin(Resource, Resource.id == PoolRow.resource_id)
        .where(held)
        .order_by(Allocation.id.desc())
    )
    rows = session.execute(query).all()
    newest: dict[int, Part] = {}
    for one in rows:
        if one.released_at == rows[0].released_at:
            staff = one.kind == "staff"
            part = Part(one.pool_id, one.starts_at, one.ends_at, one.units, one.resource_id, staff)
            newest.setdefault(one.pool_id, part)
    return list(newest.values())


def keep(session: Session, bookable: Bookable, row: Any, until: datetime, now: datetime) -> int:
    """Keep a place whole again, if nobody has taken any of it meanwhile; gives 1, or 0."""
    given = parts(session, row)
    if not _free(session, bookable, given, row.starts_at, None, now).issuperset(_resources(given)):
        return 0
    _keep(session, bookable, row, given, row.starts_at, until)
    return 1


def keep_for(
    session: Session, bookable: Bookable, row: Any, start: datetime, whose: int, until: datetime, now: datetime
) -> int:
    """Keep at a start, for the holder or the giver ``whose`` appointment that is, what is free of what the place had.

    Somebody else may have the room by now, and the one who is asked would get another. Gives the id of the service's
    own allocation.
    """
    given = parts(session, row)
    free = _free(session, bookable, given, start, whose, now)
    left = [one for one in given if one.resource is None or one.resource in free]
    return _keep(session, bookable, row, left, start, until)


def _resources(given: Sequence[Part]) -> list[int]:
    return [one.resource for one in given if one.resource is not None]


def _free(
    session: Session, bookable: Bookable, given: Sequence[Part], start: datetime, whose: int | None, now: datetime
) -> frozenset[int]:
    """Tell which of the resources are open and free at a start; an appointment that is to move is in nobody's way."""
    asking = Asking(staff=True, resources=tuple(_resources(given)), leaving_out=whose)
    return grounds.of_service(session, bookable, start, start, now=now, asking=asking).common.free_at(start)


def _keep(
    session: Session, bookable: Bookable, row: Any, given: Sequence[Part], start: datetime, until: datetime
) -> int:
    """Keep parts of a place, as much later or earlier as the start is; gives the id of the service's own."""
    later, own = start - row.starts_at, 0
    for one in given:
        time = (one.start + later, one.end + later)
        kept = freed.keep(session, one.pool_id, row.appointment_id, *time, one.units, until)
        occupancy.remember_length(session, one.pool_id, 0, (one.end - one.start) // timedelta(minutes=1))
        own = kept if one.pool_id == bookable.pool_id else own
    return own


class ServicePlace:
    """A service around a freed place at one moment. What is kept for those who wait is let go of before."""

    def __init__(self, session: Session, bookable: Bookable, row: Any, given: Given, now: datetime) -> None:
        self._session, self._bookable, self._given, self._now = session, bookable, given, now
        self._parts = parts(session, row)
        staff = tuple(one.resource for one in self._parts if one.staff and one.resource is not None)
        near = timedelta(minutes=bookable.item.minutes)
        self._days = local_day(given.start - near, bookable.zone), local_day(given.end + near, bookable.zone)
        self._ground = self._read(given.start - near, given.end + near, staff)
        self._staff = staff
        self._window_at = availability.public_window(session, bookable)
        self._rules = Rules.of(self._window_at(now), None, (), bookable.site.calendar)
        self._reached: dict[date, Reached] = {}
        self._kept: Mapping[int, tuple[int, ...]] | None = None

    def freed(self, later: Sequence[Any]) -> tuple[Start, ...]:
        """List the starts that the place freed, of its people or of anybody; ``later`` rows were taken then still."""
        taken = [*self._parts, *(part for row in later for part in parts(self._session, row))]
        found = {
            start.start: start
            for common in (self._anybody, self._common)
            for start in self._newly(common, self._taking(common, taken))
        }
        return tuple(sorted(found.values(), key=lambda start: (start.start != self._given.start, start.start)))

    def touched(self) -> tuple[Start, ...]:
        """List the starts that touch the place, as they are to the public now."""
        return tuple(one for one in self._common.search(*self._days, self._rules) if self._touches(one))

    def offered(self, waiter: Waiter, email: str, start: Start) -> bool:
        """Tell whether the page would offer a start to somebody: without the place that they hold themselves."""
        asking = Asking(quantity=waiter.units, resources=self._named(waiter), customer=email)
        if isinstance(waiter, Holder) and waiter.start < start.end + 2 * (start.end - start.start):
            first_day, last_day = waiter.booking_days or (None, None)
            near = replace(asking, leaving_out=waiter.id, first_day=first_day, last_day=last_day)
            return availability.judge(self._session, self._bookable, start.start, now=self._now, asking=near).offered
        spent = self._spent(waiter, email, start)
        rules = Rules.of(self._window_at(self._now), waiter.booking_days, spent, self._bookable.site.calendar)
        return replace(self._anybody, chosen=asking.resources).at(start.start, rules, bound_to_grid=True).offered

    def latest(self, start: Start) -> datetime:
        """Give the last moment at which a start may be booked under the notice."""
        return last_moment(start.start, lambda at: self._window_at(at).earliest, self._now)

    @property
    def _common(self) -> Common:
        """The service with the people of the place."""
        return self._ground.common

    @property
    def _anybody(self) -> Common:
        return replace(self._common, chosen=())

    def _read(self, since: datetime, until: datetime, staff: tuple[int, ...]) -> ServiceGround:
        asking = Asking(resources=staff)
        return grounds.of_service(self._session, self._bookable, since, until, now=self._now, asking=asking)

    def _newly(self, common: Common, before: Common) -> Iterable[Start]:
        """Yield the starts that nothing is in the way of any more, but was: for others had what was given back."""
        then = {start.start: start for start in before.search(*self._days, self._rules)}
        return (
            then[start.start]
            for start in common.search(*self._days, self._rules)
            if start.offered and self._touches(start) and then[start.start].taken
        )

    def _touches(self, start: Start) -> bool:
        near = timedelta(seconds=self._common.before + self._common.after)
        return start.start < self._given.end + near and start.end > self._given.start - near

    def _named(self, waiter: Waiter) -> tuple[int, ...]:
        """Give whom a holder keeps; those on the waiting list take anybody."""
        if not isinstance(waiter, Holder):
            return ()
        if self._kept is None:
            self._kept = assigning.kept_of(self._session, self._bookable, self._now)
        return self._kept.get(waiter.id, ())

    def _spent(self, waiter: Waiter, email: str, start: Start) -> tuple[date, ...]:
        """List the start's day where they have had enough on it."""
        day = local_day(start.start, self._bookable.zone)
        if day not in self._reached:
            self._reached[day] = limits.reached_on(self._session, self._bookable, day, self._now)
        return (day,) if self._reached[day](email, waiter.id if isinstance(waiter, Holder) else None) else ()

    def _taking(self, common: Common, taken: Iterable[Part]) -> Common:
        """Put back what was given back, of the resources and of the planning: the service as it was."""
        more: dict[int, list[Piece]] = {}
        for one in taken:
            more.setdefault(one.pool_id, []).append((epoch(one.start), epoch(one.end), one.units))
        pools = {one: _used(pool, more.get(self._ground.bounds[one].pool_id)) for one, pool in common.pools.items()}
        beside, planning = self._bookable.beside, common.planning
        if beside is not None and planning is not None:
            planning = _used(planning, more.get(beside.pool_id))
        return replace(common, pools=pools, planning=planning)


def _used(pool: Pool, more: Sequence[Piece] | None) -> Pool:
    return replace(pool, taken=(*pool.taken, *more)) if more else pool
