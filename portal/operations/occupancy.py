"""What is taken of a pool, and the keys that lock it.

A row whose ``taken_until`` has passed counts for nothing: the clock frees a place, whatever the worker does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.orm import Session

from portal.domain.slots import Taken
from portal.domain.zones import utc_days
from portal.models import Allocation, Event, Pool


def keys(pool_id: int, start: datetime, end: datetime) -> list[str]:
    """Name the ledger rows of a pool for an interval: one for each UTC day that it touches."""
    return [f"pool:{pool_id}:{day.isoformat()}" for day in utc_days(start, end)]


def taken(
    session: Session,
    pool_id: int,
    longest: int,
    start: datetime,
    end: datetime,
    now: datetime,
    *,
    leaving_out: int | None = None,
) -> list[Taken]:
    """Sum what is taken of a pool in ``[start, end)``, by interval: the cost does not grow with the bookings of a slot.

    ``longest`` (minutes, of any allocation of the pool) keeps the search to a slice of the index. ``leaving_out`` is
    the id of an appointment that is being moved.
    """
    query = (
        select(Allocation.starts_at, Allocation.ends_at, func.sum(Allocation.units))
        .where(
            Allocation.pool_id == pool_id,
            Allocation.released_at.is_(None),
            Allocation.starts_at < end,
            Allocation.starts_at > start - timedelta(minutes=longest),
            Allocation.ends_at > start,
            or_(Allocation.taken_until.is_(None), Allocation.taken_until > now),
        )
        .group_by(Allocation.starts_at, Allocation.ends_at)
    )
    if leaving_out is not None:
        query = query.where(Allocation.appointment_id != leaving_out)
    return [Taken(first, last, int(units)) for first, last, units in session.execute(query)]


def release_lapsed(session: Session, pool_ids: Iterable[int], now: datetime) -> int:
    """Free for good what the clock has freed already in these locked pools, and count it."""
    lapsed = and_(
        Allocation.pool_id.in_(list(pool_ids)), Allocation.released_at.is_(None), Allocation.taken_until <= now
    )
    freed = session.execute(
        update(Allocation)
        .where(lapsed)
        .values(released_at=now)
        .returning(
            Allocation.appointment_id, Allocation.pool_id, Allocation.starts_at, Allocation.ends_at, Allocation.units
        )
    ).all()
    if freed:
        session.execute(insert(Event), [_freed(row, now) for row in freed])
    return len(freed)


def lapsing_pools(session: Session, now: datetime) -> list[tuple[int, datetime, datetime]]:
    """List the pools and intervals in which the clock has freed a place that nobody released yet."""
    query = select(Allocation.pool_id, Allocation.starts_at, Allocation.ends_at).where(
        Allocation.released_at.is_(None), Allocation.taken_until <= now
    )
    return [(pool_id, start, end) for pool_id, start, end in session.execute(query)]


def hold(
    pool_id: int, seqs: dict[str, int], start: datetime, end: datetime, units: int, *, overbook: bool = False
) -> dict[str, Any]:
    """Describe for the history what was taken (``units`` > 0) or freed (< 0), and at which ledger numbers."""
    return {
        "pool": pool_id,
        "seqs": seqs,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "units": units,
        "overbook": overbook,
    }


def remember_length(session: Session, pool_id: int, longest: int, minutes: int) -> None:
    """Widen the pool's search when it takes its longest appointment so far."""
    if minutes > longest:
        session.execute(
            update(Pool).where(Pool.id == pool_id, Pool.longest_minutes < minutes).values(longest_minutes=minutes)
        )


def _freed(row: Any, now: datetime) -> dict[str, Any]:
    return {
        "appointment_id": row.appointment_id,
        "kind": "freed",
        "at": now,
        "actor": "system",
        "origin": "worker",
        "before": {},
        "after": {},
        "holds": [hold(row.pool_id, {}, row.starts_at, row.ends_at, -row.units)],
    }
