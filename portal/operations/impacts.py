"""What a change of hours does before it is saved: to appointments that hold a place, and to capacity.

Nothing here writes, and nothing is cancelled by itself. What is taken is summed by interval first, so that the cost
does not grow with the bookings of a slot; only appointments that a person has to look at are read one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.openings import Closed, Schedule, openings_on, possible_in_day, profile, serving, why_closed
from portal.domain.preview import Capacity, Effect, effect
from portal.domain.steps import Steps
from portal.domain.zones import DAY, day_bounds, days, epoch, instant_of, local_day
from portal.models import Allocation, Appointment, Service
from portal.operations import cards
from portal.operations.cards import AppointmentCard
from portal.operations.place_cards import SiteCard

MOST_LISTED = 30  # appointments named one by one; the others are counted


@dataclass(frozen=True, slots=True)
class SiteChange:
    """A planning at a site before and after. ``pool_id`` is None where it was never used."""

    site: SiteCard
    before: Schedule
    after: Schedule
    pool_id: int | None = None
    longest: int = 0  # minutes, of any allocation of the pool


@dataclass(frozen=True, slots=True)
class Affected:
    """An appointment that no longer fits: outside the hours (``slots`` is 0), or ``present`` for too few slots."""

    appointment: AppointmentCard
    at: datetime
    present: int = 0
    slots: int = 0

    @property
    def outside(self) -> bool:
        """Whether the hours no longer hold it."""
        return self.slots == 0


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a day, in minutes after midnight: places, and units present."""

    start: int
    end: int
    capacity: int
    used: int


@dataclass(frozen=True, slots=True)
class DayUse:
    """A date as it will be: ``bars`` where something is open or taken, and why it is closed or not like its week."""

    day: date
    bars: tuple[Bar, ...]
    closed: Closed | None
    exceptional: bool

    @property
    def taken(self) -> int:
        """The largest number present at once."""
        return max((bar.used for bar in self.bars), default=0)


@dataclass(frozen=True, slots=True)
class SiteImpact:
    """What a change does at one site. ``affected`` names the first of those that ``outside`` and ``crowded`` count."""

    site: SiteCard
    outside: int
    crowded: int
    affected: tuple[Affected, ...]
    weekdays: Mapping[int, Capacity]
    week: Capacity
    days: tuple[DayUse, ...]

    @property
    def count(self) -> int:
        """How many appointments no longer fit."""
        return self.outside + self.crowded


@dataclass(frozen=True, slots=True)
class _Group:
    """All that is taken of a pool for one interval."""

    start: datetime
    end: datetime
    units: int
    appointments: int
    service: str | None  # that was booked; none: the planning itself

    @property
    def interval(self) -> tuple[datetime, datetime]:
        """From when to when."""
        return self.start, self.end


def impacts(
    session: Session, changes: Sequence[SiteChange], *, now: datetime, since: date, week: date
) -> list[SiteImpact]:
    """Compare sites before and after from the local date ``since`` on; ``week`` is the Monday whose days are drawn."""
    taken = _taken(session, changes, min([now, *(day_bounds(week, one.site.zone)[0] for one in changes)]))
    compared = [_compared(one, taken.get(one.pool_id or 0, []), since, week, now) for one in changes]
    pairs = list(zip(changes, compared, strict=True))
    named = _named(session, pairs)
    return [_impact(change, found, named) for change, found in pairs]


def _impact(change: SiteChange, found: _Compared, named: Named) -> SiteImpact:
    listed = [
        Affected(appointment, *found.marks[interval])
        for interval in sorted(found.marks)[:MOST_LISTED]
        for appointment in named.get((change.site.id, *interval), [])
    ]
    return SiteImpact(
        site=change.site,
        outside=found.outside,
        crowded=found.crowded,
        affected=tuple(listed[:MOST_LISTED]),
        weekdays=found.weekdays,
        week=found.week,
        days=found.days,
    )


Mark = tuple[datetime, int, int]
"""Since when an interval no longer fits, how many are present then, and for how many slots (0 = outside)."""
Marks = dict[tuple[datetime, datetime], Mark]
Named = Mapping[tuple[int, datetime, datetime], Sequence[AppointmentCard]]
"""Appointments by the id of their site and their interval."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """What a change does at a site, with the intervals that no longer fit."""

    outside: int
    crowded: int
    weekdays: Mapping[int, Capacity]
    week: Capacity
    days: tuple[DayUse, ...]
    marks: Marks


def _taken(session: Session, changes: Iterable[SiteChange], since: datetime) -> dict[int, list[_Group]]:
    """Sum what is taken of the pools from an instant on. A cancelled appointment in its undo is nobody's worry."""
    pools = {one.pool_id: one.longest for one in changes if one.pool_id is not None}
    if not pools:
        return {}
    rows = session.execute(
        select(
            Allocation.pool_id,
            Allocation.starts_at,
            Allocation.ends_at,
            func.sum(Allocation.units),
            func.count(),
            Service.key,
        )
        .join(Appointment, Appointment.id == Allocation.appointment_id)
        .outerjoin(Service, Service.id == Appointment.service_id)
        .where(
            Allocation.pool_id.in_(pools),
            Allocation.released_at.is_(None),
            Allocation.taken_until.is_(None),
            Allocation.starts_at > since - timedelta(minutes=max(pools.values())),
            Allocation.ends_at > since,
        )
        .group_by(Allocation.pool_id, Allocation.starts_at, Allocation.ends_at, Service.key)
        .order_by(Allocation.starts_at, Allocation.ends_at)
    ).all()
    found: dict[int, list[_Group]] = {pool: [] for pool in pools}
    for pool, start, end, units, count, service in rows:
        found[pool].append(_Group(start, end, int(units), count, service))
    return found


def _compared(change: SiteChange, taken: Sequence[_Group], since: date, week: date, now: datetime) -> _Compared:
    """Find the intervals that no longer fit, and draw the week."""
    zone = change.site.zone
    first = max(since, local_day(now, zone))
    begin = max(now, day_bounds(first, zone)[0])
    coming = {number: group for number, group in enumerate(taken) if group.end > begin}
    last = max([first, *(local_day(group.end, zone) for group in coming.values())])
    found = _effects(change, coming, first, last)
    outside = [number for one in found for number in one.outside]
    marks: Marks = {coming[number].interval: (coming[number].start, 0, 0) for number in outside}
    crowded = [one for part in found for one in part.crowded if one.id not in outside]
    marks |= {coming[one.id].interval: (one.at, one.present, one.slots) for one in crowded}
    capacity = effect(change.before, change.after, change.site.calendar, (), first, last)
    return _Compared(
        outside=sum(coming[number].appointments for number in outside),
        crowded=sum(coming[one.id].appointments for one in crowded),
        weekdays=capacity.weekdays,
        week=capacity.week,
        days=tuple(_day_use(change, taken, day) for day in days(week, week + 6 * DAY)),
        marks=marks,
    )


def _effects(change: SiteChange, coming: Mapping[int, _Group], first: date, last: date) -> list[Effect]:
    """Judge what is booked by the hours that are open to it: those of the planning itself, and of each service."""
    details = [(number, group.start, group.end, group.units) for number, group in coming.items()]
    parts = []
    for service in {group.service: None for group in coming.values()}:
        before, after = serving(change.before, service), serving(change.after, service)
        found = effect(before, after, change.site.calendar, details, first, last)
        theirs = {number for number, group in coming.items() if group.service == service}
        outside = tuple(number for number in found.outside if number in theirs)
        parts.append(replace(found, outside=outside, crowded=tuple(one for one in found.crowded if one.id in theirs)))
    return parts


def _named(session: Session, pairs: Iterable[tuple[SiteChange, _Compared]]) -> Named:
    """Read the appointments of the first marked intervals of every pool, in one statement."""
    wanted = [
        and_(Allocation.pool_id == change.pool_id, Allocation.starts_at == start, Allocation.ends_at == end)
        for change, found in pairs
        for start, end in sorted(found.marks)[:MOST_LISTED]
    ]
    if not wanted:
        return {}
    holding = select(Allocation.appointment_id).where(
        or_(*wanted), Allocation.released_at.is_(None), Allocation.taken_until.is_(None)
    )
    query = cards.listing().where(Appointment.id.in_(holding)).order_by(Appointment.starts_at, Appointment.id)
    query = query.limit(MOST_LISTED * len(wanted))
    found: dict[tuple[int, datetime, datetime], list[AppointmentCard]] = {}
    for card in cards.cards(session, query):
        found.setdefault((card.site.id, card.start, card.end), []).append(card)
    return found


def _day_use(change: SiteChange, taken: Iterable[_Group], day: date) -> DayUse:
    """Draw one date of the planning: its places by the new hours, and who is expected."""
    schedule, calendar = change.after, change.site.calendar
    since, until = (epoch(bound) for bound in day_bounds(day, schedule.zone))
    capacity = profile([schedule], calendar, day - DAY, day + DAY).steps
    used = Steps.sum_of((epoch(group.start), epoch(group.end), group.units) for group in taken)
    bars = tuple(_bars(capacity, used, since, until, schedule.zone))
    return DayUse(day, bars, why_closed(schedule, calendar, day), day in schedule.exceptions)


def _bars(capacity: Steps, used: Steps, since: int, until: int, zone: ZoneInfo) -> Iterable[Bar]:
    inner = {edge for steps in (capacity, used) for edge in steps.edges if since < edge < until}
    for start, end in pairwise(sorted({since, until, *inner})):
        places, present = capacity.at(start), used.at(start)
        if places or present:
            last = 24 * 60 if end == until else _minute(end, zone)
            yield Bar(_minute(start, zone), last, places, present)


def _minute(second: int, zone: ZoneInfo) -> int:
    local = instant_of(second).astimezone(zone)
    return local.hour * 60 + local.minute


def capacity_of_day(before: Schedule, after: Schedule, day: date) -> Capacity:
    """Count the appointments possible on one date, its exceptional hours included."""
    return Capacity(
        possible_in_day(openings_on(before, day), before.slot_minutes),
        possible_in_day(openings_on(after, day), after.slot_minutes),
    )
