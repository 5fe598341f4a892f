"""What is kept of a freed place for those who wait: let go of, or kept in another shape, under the pool's lock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from portal.domain.slots import Start
from portal.domain.steps import Piece
from portal.domain.waitlist import Given
from portal.domain.zones import epoch, instant_of
from portal.models import Allocation, Offer
from portal.operations import freed, occupancy
from portal.operations.bookables import Bookable

_SHOWN = (
    *(Allocation.appointment_id, Allocation.pool_id, Allocation.starts_at, Allocation.ends_at),
    *(Allocation.units, Allocation.role),
)


def given(row: Any) -> Given:
    """Give the place of a row of ``freed_place``."""
    return Given(row.starts_at, row.ends_at, row.units)


def keys(bookable: Bookable, row: Any) -> list[str]:
    """Name what is locked to offer a freed place: the days of all the starts that it touches."""
    length = length_of(bookable)
    return occupancy.keys(bookable.pool_id, row.starts_at - length, row.ends_at + length)


def spared(session: Session, row: Any, now: datetime) -> tuple[Piece, ...]:
    """List what is kept for those who are offered a freed place: it is free to them alone."""
    live = Allocation.taken_until > now
    query = select(Allocation.starts_at, Allocation.ends_at, Allocation.units).where(_kept_for(row), live)
    return tuple((epoch(start), epoch(end), units) for start, end, units in session.execute(query))


def release(session: Session, row: Any, now: datetime) -> None:
    """Let go of all that is kept of a freed place; what its appointment still held itself, the history tells."""
    released = update(Allocation).where(_kept_for(row)).values(released_at=now).returning(*_SHOWN)
    occupancy.tell_freed(session, session.execute(released).all(), now)


def keep_whole(session: Session, row: Any, now: datetime) -> None:
    """Keep a freed place until the end of its cooling-off, if that is still to come."""
    if row.kept_until is not None and row.kept_until > now:
        freed.keep(session, row.pool_id, row.appointment_id, row.starts_at, row.ends_at, row.units, row.kept_until)


def keep_for(
    session: Session, bookable: Bookable, row: Any, start: Start, units: int, appointment_id: int, until: datetime
) -> int:
    """Keep a start for one who is asked, and the rest of the place beside it; gives the id of its allocation."""
    last = max(until, row.kept_until or until)
    keep_rest(session, row, start, units, last)
    occupancy.remember_length(session, row.pool_id, bookable.longest, bookable.planning.schedule.slot_minutes)
    return freed.keep(session, row.pool_id, appointment_id, start.start, start.end, units, last)


def keep_rest(session: Session, row: Any, start: Start, units: int, until: datetime) -> int:
    """Keep what is left of a freed place when somebody is given ``units`` of it at a start; counts its pieces."""
    pieces = given(row).rest(start.start, start.end, units)
    for since, end, left in pieces:
        freed.keep(session, row.pool_id, row.appointment_id, instant_of(since), instant_of(end), left, until)
    return len(pieces)


def length_of(bookable: Bookable) -> timedelta:
    """Give how long an appointment takes here."""
    return timedelta(minutes=bookable.planning.schedule.slot_minutes)


def _kept_for(row: Any) -> ColumnElement[bool]:
    """Find what is kept of a freed place: for an offer of it, or for all who wait.

    Until its undo and cooling-off end, that is the hold of the cancelled appointment itself.
    """
    promised = select(Offer.allocation_id).where(Offer.freed_id == row.id, Offer.allocation_id.is_not(None))
    others = select(Offer.allocation_id).where(
        Offer.freed_id != row.id, Offer.state == "open", Offer.allocation_id.is_not(None)
    )
    of_place = and_(
        Allocation.appointment_id == row.appointment_id,
        Allocation.pool_id == row.pool_id,
        Allocation.starts_at >= row.starts_at,
        Allocation.ends_at <= row.ends_at,
        Allocation.role.in_(("kept", "visit")),
        Allocation.taken_until.is_not(None),
        Allocation.id.not_in(others),
    )
    return and_(Allocation.released_at.is_(None), or_(Allocation.id.in_(promised), of_place))
