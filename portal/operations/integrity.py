"""What must always be true of the database, asked of one snapshot of it.

A breach must never be: a place sold twice, a hold without its appointment, a promised time that has moved. A notice is
what people decided: an overbooking with its reason, hours that were lowered below what is booked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ForeignKeyConstraint, and_, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from portal.domain.lifecycle import OCCUPYING, Status
from portal.domain.openings import SiteCalendar, profile
from portal.domain.steps import Steps
from portal.domain.zones import DAY, epoch, instant_of, local_day
from portal.extensions import Model, db
from portal.models import (
    Allocation,
    Appointment,
    Assignment,
    Event,
    Ledger,
    Planning,
    Pool,
    Resource,
    ResourceSite,
    Service,
    Site,
)
from portal.operations import bookables, occupancy, place_cards, resource_cards
from portal.operations.bookables import Bookable
from portal.operations.integrity_history import Interval, Replay, differences
from portal.operations.resource_cards import Bound

HOLDING = sorted(OCCUPYING - {Status.HELD})  # states that hold a place without a deadline


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, a line each."""

    breaches: tuple[str, ...]
    notices: tuple[str, ...]


def check(now: datetime) -> Report:
    """Look for breaches in the whole database, and for what people should know of the time to come."""
    with _snapshot() as session:
        pools = _pools(session)
        checks: Sequence[Callable[[], Iterator[str]]] = (
            lambda: _orphans(session),
            lambda: _history(session, pools),
            lambda: _holds(session, pools),
            lambda: _exclusive(session, pools),
            lambda: _promises(session, now),
        )
        breaches = [line for one in checks for line in one()]
        notices = [line for pool_id, pool in pools.items() for line in _crowded(session, pool_id, pool, now)]
    return Report(tuple(breaches), tuple(notices))


@contextmanager
def _snapshot() -> Iterator[Session]:
    """Read everything as it is at one moment, however long it takes: the portal goes on meanwhile."""
    server = db.engine.dialect.name == "postgresql"
    engine = db.engine.execution_options(isolation_level="REPEATABLE READ") if server else db.engine
    with Session(engine, autoflush=False) as session:
        if server:
            session.execute(text("SET TRANSACTION READ ONLY"))
            session.execute(text("SET LOCAL statement_timeout = 0"))
        yield session


@dataclass(frozen=True, slots=True)
class Counted:
    """A pool as it is named in a report. ``hours`` gives its capacity on local dates, None where it has no limit."""

    name: str
    zone: ZoneInfo
    longest: int
    hours: Callable[[date, date], Steps] | None = None


def _pools(session: Session) -> dict[int, Counted]:
    """List all pools, in the order of their names."""
    plannings = (
        select(*bookables.COLUMNS)
        .select_from(Pool)
        .join(Site, Site.id == Pool.site_id)
        .join(Planning, Planning.id == Pool.planning_id)
        .order_by(Site.key, Planning.key)
    )
    found = {row.pool_id: _of_planning(bookables.from_row(session, row)) for row in session.execute(plannings).all()}
    for row in session.execute(bookables.services().order_by(Site.key, Service.key)).all():
        one = bookables.from_service_row(session, row)
        found[one.pool_id] = Counted(f"{one.item.key} at {one.site.key}", one.zone, one.longest)
    calendars = _calendars(session)
    for bound in resource_cards.bound(session, resource_cards.ALL):
        found[bound.pool_id] = _of_resource(bound, calendars.get(bound.card.id, ()))
    return found


def _of_planning(one: Bookable) -> Counted:
    def hours(first: date, last: date) -> Steps:
        return profile([one.planning.schedule], one.site.calendar, first, last).steps

    return Counted(f"{one.item.key} at {one.site.key}", one.zone, one.longest, hours)


def _of_resource(bound: Bound, calendars: Sequence[SiteCalendar]) -> Counted:
    """Name a resource, open as its hours say at any of its sites, while it is not absent."""

    def hours(first: date, last: date) -> Steps:
        opened = [profile(bound.schedules, calendar, first, last).steps.pieces() for calendar in calendars]
        present = Steps.highest_of(piece for pieces in opened for piece in pieces)
        away = bound.card.absent.pieces()
        return present.less(piece for start, end, _ in away for piece in present.parts(start, end))

    return Counted(bound.card.key, bound.card.zone, bound.longest, hours)


def _calendars(session: Session) -> dict[int, list[SiteCalendar]]:
    rows = session.execute(
        select(ResourceSite.resource_id, Site.id, Site.revision).join(Site, Site.id == ResourceSite.site_id)
    ).all()
    cards = place_cards.site_cards(session, {row.id: row.revision for row in rows})
    found: dict[int, list[SiteCalendar]] = defaultdict(list)
    for row in rows:
        found[row.resource_id].append(cards[row.id].calendar)
    return found


def _orphans(session: Session) -> Iterator[str]:
    """Yield the rows that refer to nothing: the database forbids them, unless somebody turned that off."""
    for table in Model.metadata.sorted_tables:
        for constraint in table.constraints:
            if isinstance(constraint, ForeignKeyConstraint):
                (element,) = constraint.elements
                parent = element.column.table.alias()
                found = select(func.count()).select_from(table)
                found = found.outerjoin(parent, parent.c[element.column.name] == element.parent)
                missing = and_(element.parent.is_not(None), parent.c[element.column.name].is_(None))
                if number := session.scalar(found.where(missing)):
                    yield f"{table.name}.{element.parent.name}: {number} rows refer to nothing"


def _history(session: Session, pools: Mapping[int, Counted]) -> Iterator[str]:
    """Yield what the history shows, and where what is now is not what it led to."""
    replay = Replay()
    columns = (Event.appointment_id, Event.after, Event.holds)
    for row in session.execute(select(*columns).order_by(Event.id).execution_options(yield_per=1000)):
        replay.event(*row)
    yield from (_placed(pools, *breach) for breach in replay.breaches)
    yield from (_placed(pools, *breach) for breach in differences(replay.held(), _held(session)))
    for key, seq in session.execute(select(Ledger.key, Ledger.seq)):
        if seq < replay.reached.pop(key, 0):
            yield f"ledger {key}: is at {seq}, behind the history"
    yield from (f"ledger {key}: is gone" for key in replay.reached)
    yield from _outcomes(session, replay)


def _held(session: Session) -> dict[tuple[int, Interval], int]:
    query = (
        select(Allocation.pool_id, Allocation.starts_at, Allocation.ends_at, func.sum(Allocation.units))
        .where(Allocation.released_at.is_(None), Allocation.role.in_(sorted(occupancy.RECORDED)))
        .group_by(Allocation.pool_id, Allocation.starts_at, Allocation.ends_at)
    )
    return {(pool, (epoch(start), epoch(end))): int(units) for pool, start, end, units in session.execute(query)}


def _outcomes(session: Session, replay: Replay) -> Iterator[str]:
    """Yield the appointments that are not what their history made of them."""
    columns = (Appointment.id, Appointment.reference, Appointment.status, Appointment.starts_at, Appointment.ends_at)
    booked = select(*columns).where(Appointment.status != Status.HELD).order_by(Appointment.id)
    for identity, reference, status, start, end in session.execute(booked):
        facts = replay.facts.get(identity, {})
        if "start" not in facts:
            yield f"appointment {reference}: its history does not say how it came"
        elif (facts["status"], facts["start"], facts["end"]) != (status, start.isoformat(), end.isoformat()):
            yield f"appointment {reference}: is {status} at {start.isoformat()}, its history says otherwise"


def _holds(session: Session, pools: Mapping[int, Counted]) -> Iterator[str]:
    """Yield the appointments and holds that do not match each other."""
    matching = and_(
        Allocation.appointment_id == Appointment.id,
        Allocation.released_at.is_(None),
        Allocation.taken_until.is_(None),
        Allocation.role == "visit",
        Allocation.starts_at == Appointment.starts_at,
        Allocation.ends_at == Appointment.ends_at,
        Allocation.units == Appointment.units,
        Allocation.pool_id == Pool.id,
    )
    subject = or_(Pool.planning_id == Appointment.planning_id, Pool.service_id == Appointment.service_id)
    its_pool = and_(subject, Pool.site_id == Appointment.site_id)
    booked = or_(Appointment.planning_id.is_not(None), Appointment.service_id.is_not(None))
    query = (
        select(Appointment.reference, Appointment.status, func.count(Allocation.id))
        .outerjoin(Pool, its_pool)
        .outerjoin(Allocation, matching)
        .where(Appointment.status.in_(HOLDING), booked)
        .group_by(Appointment.id)
        .having(func.count(Allocation.id) != 1)
    )
    for reference, status, number in session.execute(query):
        yield f"appointment {reference}: is {status} and holds {number} places of its own"
    yield from _unserved(session)
    yield from _idle(session, pools)


def _unserved(session: Session) -> Iterator[str]:
    """Yield the appointments that are to have a resource which is not held for them, or hold one that they lack."""
    held = and_(
        Allocation.appointment_id == Assignment.appointment_id,
        Allocation.released_at.is_(None),
        Allocation.taken_until.is_(None),
        Allocation.role == "visit",
        Allocation.starts_at <= Appointment.starts_at,
        Allocation.ends_at >= Appointment.ends_at,
        Allocation.units == Assignment.units,
        Allocation.pool_id == Pool.id,
    )
    missing = (
        select(Appointment.reference, Resource.key, func.count(Allocation.id))
        .join(Assignment, Assignment.appointment_id == Appointment.id)
        .join(Resource, Resource.id == Assignment.resource_id)
        .join(Pool, Pool.resource_id == Resource.id)
        .outerjoin(Allocation, held)
        .where(Appointment.status.in_(HOLDING))
        .group_by(Appointment.id, Resource.id)
        .having(func.count(Allocation.id) != 1)
    )
    for reference, key, number in session.execute(missing):
        yield f"appointment {reference}: is to have {key} and holds it {number} times"
    foreign = (
        select(Appointment.reference, Resource.key)
        .join(Allocation, Allocation.appointment_id == Appointment.id)
        .join(Pool, Pool.id == Allocation.pool_id)
        .join(Resource, Resource.id == Pool.resource_id)
        .outerjoin(
            Assignment,
            and_(Assignment.appointment_id == Appointment.id, Assignment.resource_id == Pool.resource_id),
        )
        .where(Allocation.role == "visit", Allocation.released_at.is_(None), Assignment.id.is_(None))
    )
    for reference, key in session.execute(foreign):
        yield f"appointment {reference}: holds {key}, which it is not to have"


def _at(start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether a hold is for a time: exactly, or with the buffers of a service around it."""
    return and_(
        Allocation.starts_at <= start,
        Allocation.ends_at >= end,
        or_(Appointment.service_id.is_not(None), and_(Allocation.starts_at == start, Allocation.ends_at == end)),
    )


_ITS_OWN = _at(Appointment.starts_at.expression, Appointment.ends_at.expression)
_COMING = or_(Appointment.status.in_(sorted(OCCUPYING)), Allocation.taken_until.is_not(None))
FITTING: Mapping[str, ColumnElement[bool]] = {
    "visit": and_(_ITS_OWN, _COMING),
    "wanted": and_(
        Appointment.wanted_start.is_not(None),
        _at(
            func.coalesce(Appointment.wanted_start, Allocation.starts_at),
            func.coalesce(Appointment.wanted_end, Allocation.ends_at),
        ),
    ),
    "held": and_(_ITS_OWN, Appointment.status == Status.HELD, Allocation.taken_until.is_not(None)),
    "kept": Allocation.taken_until.is_not(None),
}
"""What must be true of a hold, by its role."""


def _idle(session: Session, pools: Mapping[int, Counted]) -> Iterator[str]:
    """Yield what is held for nobody: no appointment, none that comes, or not for its time."""
    query = (
        select(Allocation.pool_id, Allocation.starts_at, Allocation.ends_at, Appointment.reference, Appointment.status)
        .outerjoin(Appointment, Appointment.id == Allocation.appointment_id)
        .where(
            Allocation.released_at.is_(None),
            or_(Appointment.id.is_(None), *(and_(Allocation.role == role, ~fits) for role, fits in FITTING.items())),
        )
    )
    for pool, start, end, reference, status in session.execute(query):
        whom = f"{reference}, which is {status} at another time or no more" if reference else "no appointment"
        yield _placed(pools, pool, (epoch(start), epoch(end)), f"held for {whom}")
    for pool, interval in _held(session):
        if pool in pools and interval[1] - interval[0] > pools[pool].longest * 60:
            yield _placed(pools, pool, interval, "longer than the pool says that its holds are: a search misses it")


def _exclusive(session: Session, pools: Mapping[int, Counted]) -> Iterator[str]:
    """Yield the exclusive holds of a pool that overlap: the belt behind the ledger has failed."""
    one, other = aliased(Allocation), aliased(Allocation)
    query = select(one.pool_id, other.starts_at, other.ends_at).join(
        other,
        and_(
            other.pool_id == one.pool_id,
            other.id != one.id,
            other.starts_at >= one.starts_at,
            other.starts_at < one.ends_at,
            other.exclusive,
            other.released_at.is_(None),
        ),
    )
    for pool, start, end in session.execute(query.where(one.exclusive, one.released_at.is_(None))):
        yield _placed(pools, pool, (epoch(start), epoch(end)), "one place is held exclusively by two")


def _promises(session: Session, now: datetime) -> Iterator[str]:
    """Yield the appointments to come whose local time is no longer the one that was promised."""
    columns = (Appointment.reference, Appointment.starts_at, Appointment.timezone, Appointment.local_start)
    query = select(*columns).where(Appointment.status.in_(HOLDING), Appointment.ends_at > now)
    for reference, start, name, promised in session.execute(query.order_by(Appointment.starts_at)):
        local = start.astimezone(ZoneInfo(name)).strftime("%Y-%m-%dT%H:%M")
        if local != promised:
            yield f"appointment {reference}: was promised {promised} ({name}), and that time is now called {local}"


def _crowded(session: Session, pool_id: int, pool: Counted, now: datetime) -> Iterator[str]:
    """Yield the stretches to come in which more are expected than there are places; buffers may lie anywhere."""
    if pool.hours is None:
        return
    query = (
        select(Appointment.starts_at, Appointment.ends_at, Allocation.units, Appointment.overbook_reason)
        .join(Appointment, Appointment.id == Allocation.appointment_id)
        .where(
            Allocation.pool_id == pool_id,
            Allocation.role == "visit",
            Allocation.released_at.is_(None),
            Allocation.ends_at > now,
            or_(Allocation.taken_until.is_(None), Allocation.taken_until > now),
        )
    )
    rows = [(epoch(start), epoch(end), units, reason) for start, end, units, reason in session.execute(query)]
    if not rows:
        return
    used = Steps.sum_of((start, end, units) for start, end, units, _ in rows)
    first = local_day(instant_of(min(row[0] for row in rows)), pool.zone) - DAY
    last = local_day(instant_of(max(row[1] for row in rows)), pool.zone) + DAY
    open_ = pool.hours(first, last)
    reasons: dict[Interval, set[str]] = defaultdict(set)
    for start, end, _, reason in rows:
        reasons[start, end].update({reason} - {""})
    for start, end in pairwise(sorted({*used.edges, *(edge for edge in open_.edges if used.at(edge))})):
        if used.at(start) > open_.at(start):
            said = sorted(set().union(*(why for (a, b), why in reasons.items() if a < end and b > start)))
            why = f"overbooked: {'; '.join(said)}" if said else "the hours were changed"
            expected = f"{used.at(start)} expected, {open_.at(start)} places ({why})"
            yield _placed({pool_id: pool}, pool_id, (start, end), expected)


def _placed(pools: Mapping[int, Counted], pool_id: int, interval: Interval, what: str) -> str:
    """Say where and when, in the site's time."""
    start, end = (instant_of(second) for second in interval)
    if (pool := pools.get(pool_id)) is None:
        return f"pool {pool_id}, {start.isoformat()} to {end.isoformat()}: {what}"
    local, until = start.astimezone(pool.zone), end.astimezone(pool.zone)
    when = f"{local:%Y-%m-%d %H:%M} to {until:%H:%M}" if local.date() == until.date() else f"{local} to {until}"
    return f"{pool.name}, {when}: {what}"
