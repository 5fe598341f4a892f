"""What is taken of a pool, and the keys that lock it.

A row whose ``taken_until`` has passed counts for nothing: the clock frees a place, whatever the worker does.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.domain.lifecycle import Status
from portal.domain.openings import profile, serving
from portal.domain.steps import Piece, Steps
from portal.domain.zones import epoch, local_day, utc_days
from portal.extensions import Transaction
from portal.models import Allocation, Appointment, Event, Pool
from portal.models.types import UtcDateTime, epoch_seconds
from portal.operations.bookables import Bookable


def keys(pool_id: int, start: datetime, end: datetime) -> list[str]:
    """Name the ledger rows of a pool for an interval: one for each UTC day that it touches."""
    return [f"pool:{pool_id}:{day.isoformat()}" for day in utc_days(start, end)]


RECORDED = frozenset({"visit", "wanted"})
"""Roles of allocations that the history tells of."""

BEGINS = case(
    (Allocation.role == "wanted", Appointment.wanted_start),
    (Allocation.role == "kept", Allocation.starts_at),
    else_=Appointment.starts_at,
)
"""When what an allocation is held for begins, joined to its appointment: a move that waits at the start it wants.

What is kept for those who wait is no longer where its appointment is, and begins with its buffer.
"""

# The statements of the hot path are built once: building them anew costs as much as running them.
_table = Allocation.__table__.c
TAKEN = (
    select(epoch_seconds(_table.starts_at), epoch_seconds(_table.ends_at), func.sum(_table.units))
    .where(
        _table.pool_id == bindparam("pool"),
        _table.released_at.is_(None),
        _table.starts_at < bindparam("end", type_=UtcDateTime),
        _table.starts_at > bindparam("since", type_=UtcDateTime),
        _table.ends_at > bindparam("start", type_=UtcDateTime),
        or_(_table.taken_until.is_(None), _table.taken_until > bindparam("now", type_=UtcDateTime)),
        _table.appointment_id != bindparam("leaving_out"),
    )
    .group_by(_table.starts_at, _table.ends_at)
)
TAKEN_SPARING = TAKEN.where(_table.id.not_in(bindparam("spared", expanding=True)))
OF_POOLS = (
    select(_table.pool_id, epoch_seconds(_table.starts_at), epoch_seconds(_table.ends_at), func.sum(_table.units))
    .where(
        _table.pool_id.in_(bindparam("pools", expanding=True)),
        _table.released_at.is_(None),
        _table.starts_at < bindparam("end", type_=UtcDateTime),
        _table.starts_at > bindparam("since", type_=UtcDateTime),
        _table.ends_at > bindparam("start", type_=UtcDateTime),
        or_(_table.taken_until.is_(None), _table.taken_until > bindparam("now", type_=UtcDateTime)),
        _table.appointment_id != bindparam("leaving_out"),
        _table.id.not_in(bindparam("spared", expanding=True)),
    )
    .group_by(_table.pool_id, _table.starts_at, _table.ends_at)
)
TAKEN_OF_RECORD = TAKEN.where(_table.role.in_(sorted(RECORDED)))
ALLOCATE = insert(Allocation).inline()  # nobody asks for its id
# The sum keeps SQLite off the index by pool, in which it would walk through all that came before: few rows can lapse.
LAPSED = (
    update(Allocation)
    .where(
        (_table.pool_id + 0).in_(bindparam("pools", expanding=True)),
        _table.released_at.is_(None),
        _table.starts_at < bindparam("end", type_=UtcDateTime),
        _table.ends_at > bindparam("start", type_=UtcDateTime),
        _table.taken_until <= bindparam("now", type_=UtcDateTime),
    )
    .values(released_at=bindparam("now", type_=UtcDateTime))
    .returning(_table.appointment_id, _table.pool_id, _table.starts_at, _table.ends_at, _table.units, _table.role)
)


def counted(appointment_id: int, begins: Hashable, role: str) -> tuple[int, Hashable]:
    """Name what counts once among those that begin on a day: a move that waits makes no more of its own day.

    What is kept for those who wait counts beside the appointment that it is left from.
    """
    return appointment_id, begins if role == "kept" else None


def taken(
    session: Session,
    pool_id: int,
    longest: int,
    start: datetime,
    end: datetime,
    now: datetime,
    *,
    leaving_out: int | None = None,
    spared: Sequence[int] = (),
    recorded: bool = False,
) -> Steps:
    """Sum what is taken of a pool in ``[start, end)``: by interval in SQL, so that a full slot costs no more than one.

    ``longest`` (minutes, of any allocation of the pool) keeps the search to a slice of the index. ``leaving_out`` is
    the id of an appointment that is being moved, ``spared`` are those of allocations that count for nothing.
    ``recorded``: only what appointments take, as reports and calendars show it, without what is held for a form or
    kept for those who wait.
    """
    asked = {
        "pool": pool_id,
        "since": start - timedelta(minutes=longest),
        "start": start,
        "end": end,
        "now": now,
        "leaving_out": leaving_out or 0,
    }
    query = TAKEN_OF_RECORD if recorded else TAKEN
    if spared:
        query, asked = TAKEN_SPARING, {**asked, "spared": list(spared)}
    rows = session.connection().execute(query, asked).all()
    return Steps.sum_of((start_second, end_second, int(units)) for start_second, end_second, units in rows)


def taken_of(
    session: Session,
    pools: Mapping[int, int],
    start: datetime,
    end: datetime,
    now: datetime,
    *,
    leaving_out: int | None = None,
    spared: Sequence[int] = (),
) -> dict[int, tuple[Piece, ...]]:
    """List what is taken of many pools, summed by interval; ``pools`` are ids with the longest minutes of each."""
    asked = {
        "pools": list(pools),
        "since": start - timedelta(minutes=max(pools.values(), default=0)),
        "start": start,
        "end": end,
        "now": now,
        "leaving_out": leaving_out or 0,
        "spared": list(spared),
    }
    pieces: dict[int, list[Piece]] = {pool_id: [] for pool_id in pools}
    for pool_id, since, until, units in session.connection().execute(OF_POOLS, asked).all() if pools else ():
        pieces[pool_id].append((since, until, int(units)))
    return {pool_id: tuple(found) for pool_id, found in pieces.items()}


def release_lapsed(session: Session, pools: Sequence[int], start: datetime, end: datetime, now: datetime) -> int:
    """Free for good what the clock has freed already in a locked interval of some pools, and count it.

    Only an appointment's own place is part of its history: what was held for a form or kept for those who wait lapses
    without a word, and of what was only held nothing is left.
    """
    asked = {"pools": list(pools), "start": start, "end": end, "now": now}
    lapsed = session.connection().execute(LAPSED, asked).all()
    tell_freed(session, lapsed, now)
    if held := [row.appointment_id for row in lapsed if row.role == "held"]:
        session.execute(delete(Appointment).where(Appointment.id.in_(held), Appointment.status == Status.HELD.value))
    return len(lapsed)


def tell_freed(session: Session, released: Iterable[Any], now: datetime) -> None:
    """Write into the history which appointments' own places, of the allocations that were released, are free now."""
    holds: dict[int, list[dict[str, Any]]] = {}
    for row in released:
        if row.role in RECORDED:
            holds.setdefault(row.appointment_id, []).append(
                hold(row.pool_id, {}, row.starts_at, row.ends_at, -row.units)
            )
    if holds:
        session.execute(insert(Event), [_freed(identity, places, now) for identity, places in holds.items()])


def lapsed_intervals(session: Session, now: datetime) -> list[tuple[int, datetime, datetime]]:
    """List the intervals of pools in which the clock has freed a place that nobody released yet, each once."""
    query = (
        select(Allocation.pool_id, Allocation.starts_at, Allocation.ends_at)
        .where(Allocation.released_at.is_(None), Allocation.taken_until <= now)
        .distinct()
    )
    return [(pool_id, start, end) for pool_id, start, end in session.execute(query)]


def capacity(bookable: Bookable, start: datetime, end: datetime) -> tuple[Piece, ...]:
    """List the open stretches of a pool in ``[start, end)``, in seconds since 1970, each with its capacity."""
    return capacity_for(bookable, None, start, end)


def capacity_for(bookable: Bookable, service: str | None, start: datetime, end: datetime) -> tuple[Piece, ...]:
    """List what of a planning is open to a service, by its key, as ``capacity`` does what is open to its own."""
    first, last = local_day(start, bookable.zone), local_day(end, bookable.zone)
    steps = profile([serving(bookable.planning.schedule, service)], bookable.site.calendar, first, last).steps
    return steps.parts(epoch(start), epoch(end))


def hold(
    pool_id: int,
    seqs: dict[str, int],
    start: datetime,
    end: datetime,
    units: int,
    *,
    overbook: bool = False,
    capacity: Sequence[Piece] = (),
) -> dict[str, Any]:
    """Describe for the history what was taken (``units`` > 0) or freed (< 0), and at which ledger numbers.

    What was taken says which capacity it found, so that the history can be judged after the hours have changed.
    """
    kept = {"capacity": [list(piece) for piece in capacity]} if units > 0 else {}
    return {
        "pool": pool_id,
        "seqs": seqs,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "units": units,
        "overbook": overbook,
        **kept,
    }


def seqs(session: Transaction, pool_id: int, start: datetime, end: datetime) -> dict[str, int]:
    """Give the ledger numbers under which an interval of a pool was locked. Raises StaleDataError where it was not."""
    needed = keys(pool_id, start, end)
    if not session.ledger.keys() >= set(needed):
        raise StaleDataError("what the appointment holds changed before it could be locked")
    return {key: session.ledger[key] for key in needed}


def remember_length(session: Session, pool_id: int, longest: int, minutes: int) -> None:
    """Widen the pool's search when it takes its longest appointment so far."""
    if minutes > longest:
        session.execute(
            update(Pool).where(Pool.id == pool_id, Pool.longest_minutes < minutes).values(longest_minutes=minutes)
        )


def _freed(appointment_id: int, holds: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    return {
        "appointment_id": appointment_id,
        "kind": "freed",
        "at": now,
        "actor": "system",
        "origin": "worker",
        "before": {},
        "after": {},
        "holds": holds,
    }
