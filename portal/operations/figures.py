"""What happened in the pools in some periods: summed by the database, so that the cost does not grow with bookings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from itertools import accumulate
from operator import add
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import OCCUPYING, Status
from portal.domain.openings import profile
from portal.domain.zones import day_bounds, epoch
from portal.models import Allocation, Appointment, Demand, Pool, Site
from portal.models.types import epoch_seconds
from portal.operations.bookables import Bookable
from portal.operations.periods import Period, table

A_DAY = 24 * 3600  # seconds

Place = tuple[int, int]
"""The id of a pool, and the place of a period in the list that was asked for."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened in a pool in a period, or the sum of several.

    ``open_seconds``: opening time, once for each slot. ``booked_seconds``: what was taken of the pools that are open to
    bookings. ``bookings`` stand, those of ``no_shows`` among them; ``cancelled`` and ``refused`` (looks that found
    nothing) are not. ``leads``: how many bookings were made how many days (24 h each) before their start.
    """

    open_seconds: int = 0
    booked_seconds: int = 0
    bookings: int = 0
    cancelled: int = 0
    no_shows: int = 0
    refused: int = 0
    leads: Counter[int] = field(default_factory=Counter)

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.open_seconds + other.open_seconds,
            self.booked_seconds + other.booked_seconds,
            self.bookings + other.bookings,
            self.cancelled + other.cancelled,
            self.no_shows + other.no_shows,
            self.refused + other.refused,
            self.leads + other.leads,
        )

    @property
    def fill(self) -> float | None:
        """The share of the places that was booked: above 1 where somebody overbooked; None when nothing was open."""
        return self.booked_seconds / self.open_seconds if self.open_seconds else None

    @property
    def lead(self) -> float | None:
        """The median of the days between booking and start; None without bookings."""
        return median(self.leads)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.open_seconds or self.booked_seconds or self.bookings or self.cancelled or self.refused)


def total(figures: Iterable[Figures]) -> Figures:
    """Add figures up."""
    return reduce(add, figures, Figures())


def median(counted: Mapping[int, int]) -> float | None:
    """Give the middle of numbers that are counted: the mean of both when there are two.

    >>> median({0: 1, 3: 1, 9: 1}), median({2: 3, 5: 3}), median({})
    (3.0, 3.5, None)
    """
    whole = sum(counted.values())
    if not whole:
        return None
    ordered = sorted(counted)
    ranks = list(accumulate(counted[number] for number in ordered))
    low, high = (next(number for number, rank in zip(ordered, ranks, strict=True) if rank > middle)
                 for middle in ((whole - 1) // 2, whole // 2))  # fmt: skip
    return (low + high) / 2


def read(
    session: Session, pools: Mapping[int, Bookable], open_ids: frozenset[int], periods: Sequence[Period], now: datetime
) -> dict[Place, Figures]:
    """Read the figures of pools by their ids, in three statements. Those of ``open_ids`` can be booked now.

    A pool that is out of use counts with its bookings, and not in what was open: nobody knows since when. Nor does
    that of a service, which is as open as its people, rooms and equipment are.
    """
    if not pools:
        return {}
    given = table(periods, {one.zone for one in pools.values()}, max(one.longest for one in pools.values()))
    parts = [
        _of_appointments(session.execute(_appointments(given, pools))),
        _of_times(session.execute(_taken(given, open_ids, now))),
        _of_demand(session.execute(demand(given, pools))),
        _open_times([one for one in pools.values() if one.pool_id in open_ids], periods),
    ]
    return {
        (pool, number): total(part[pool, number] for part in parts if (pool, number) in part)
        for pool in pools
        for number in range(len(periods))
    }


def held(now: datetime) -> ColumnElement[bool]:
    """Give the condition under which an allocation is an appointment's own place, or was to its end."""
    taken = or_(Allocation.taken_until.is_(None), Allocation.taken_until > now)
    return and_(Allocation.role == "visit", Allocation.released_at.is_(None), taken)


def demand(given: CTE, pools: Iterable[int]) -> Select[Any]:
    """Ask for the looks that found nothing, by pool and number of the period."""
    within = and_(given.c.zone == Site.timezone, Demand.day.between(given.c.first_day, given.c.last_day))
    return (
        select(Demand.pool_id, given.c.number, func.sum(Demand.refused))
        .join(Pool, Pool.id == Demand.pool_id)
        .join(Site, Site.id == Pool.site_id)
        .join(given, within)
        .where(Demand.pool_id.in_(pools))
        .group_by(Demand.pool_id, given.c.number)
    )


def _appointments(given: CTE, pools: Iterable[int]) -> Select[Any]:
    """Count appointments by pool, period, status, and whole days from their booking to their start."""
    lead = (epoch_seconds(Appointment.starts_at) - epoch_seconds(Appointment.created_at)) // A_DAY
    begun = and_(
        Appointment.site_id == Site.id,
        Appointment.starts_at >= given.c.since,
        Appointment.starts_at < given.c.until,
        Appointment.status != Status.HELD.value,
    )
    booked = or_(Pool.planning_id == Appointment.planning_id, Pool.service_id == Appointment.service_id)
    return (
        select(Pool.id, given.c.number, Appointment.status, lead.label("lead"), func.count())
        .select_from(Site)
        .join(given, given.c.zone == Site.timezone)
        .join(Appointment, begun)
        .join(Pool, and_(Pool.site_id == Site.id, booked))
        .where(Pool.id.in_(pools))
        .group_by(Pool.id, given.c.number, Appointment.status, "lead")
    )


def _of_appointments(rows: Iterable[Any]) -> dict[Place, Figures]:
    found: dict[Place, Figures] = {}
    for pool, number, status, lead, count in rows:
        stands = Status(status) in OCCUPYING
        one = Figures(
            bookings=count if stands else 0,
            cancelled=count if status == Status.CANCELLED else 0,
            no_shows=count if status == Status.NO_SHOW else 0,
            leads=Counter({max(lead, 0): count} if stands else {}),
        )
        found[pool, number] = found.get((pool, number), Figures()) + one
    return found


def _taken(given: CTE, pools: Iterable[int], now: datetime) -> Select[Any]:
    """Add up the seconds taken of the pools within each period, once for each unit."""
    start = case((Allocation.starts_at > given.c.since, Allocation.starts_at), else_=given.c.since)
    end = case((Allocation.ends_at < given.c.until, Allocation.ends_at), else_=given.c.until)
    within = and_(
        Allocation.pool_id == Pool.id,
        Allocation.starts_at < given.c.until,
        Allocation.starts_at > given.c.reach,
        Allocation.ends_at > given.c.since,
    )
    return (
        select(Pool.id, given.c.number, func.sum(Allocation.units * (epoch_seconds(end) - epoch_seconds(start))))
        .select_from(Site)
        .join(given, given.c.zone == Site.timezone)
        .join(Pool, Pool.site_id == Site.id)
        .join(Allocation, within)
        .where(Pool.id.in_(pools), held(now))
        .group_by(Pool.id, given.c.number)
    )


def _of_times(rows: Iterable[Any]) -> dict[Place, Figures]:
    return {(pool, number): Figures(booked_seconds=int(seconds)) for pool, number, seconds in rows}


def _of_demand(rows: Iterable[Any]) -> dict[Place, Figures]:
    return {(pool, number): Figures(refused=int(refused)) for pool, number, refused in rows}


def _open_times(pools: Iterable[Bookable], periods: Sequence[Period]) -> dict[Place, Figures]:
    return {
        (one.pool_id, number): Figures(open_seconds=open_seconds(one, period))
        for one in pools
        for number, period in enumerate(periods)
    }


def open_seconds(bookable: Bookable, period: Period) -> int:
    """Count how long a pool is open on local dates of its site, once for each slot; closed days are not."""
    found = profile([bookable.planning.schedule], bookable.site.calendar, period.first, period.last)
    since, until = (
        epoch(bound)
        for bound in (day_bounds(period.first, bookable.zone)[0], day_bounds(period.last, bookable.zone)[1])
    )
    return sum((end - start) * slots for start, end, slots in found.steps.parts(since, until))
