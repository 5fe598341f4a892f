"""What is kept of a freed place for those who wait: let go of, or kept in another shape, under the pool's lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session, aliased

from portal.domain.slots import Start
from portal.domain.steps import Piece
from portal.domain.waitlist import Given
from portal.domain.zones import epoch, instant_of
from portal.models import Allocation, FreedPlace, Offer, Pool
from portal.operations import freed, occupancy, placing, service_places
from portal.operations.bookables import Bookable
from portal.operations.placing import Reach
from portal.operations.service_cards import ServiceCard

_place = FreedPlace.__table__.c
_SHOWN = (
    *(Allocation.appointment_id, Allocation.pool_id, Allocation.starts_at, Allocation.ends_at),
    *(Allocation.units, Allocation.role, Allocation.taken_until),
)


def given(row: Any) -> Given:
    """Give the place of a row of ``freed_place``."""
    return Given(row.starts_at, row.ends_at, row.units)


def reach(session: Session, bookable: Bookable, row: Any) -> Reach:
    """Tell what is locked to offer a freed place: the days of all the starts that it touches."""
    length = length_of(bookable)
    return placing.reach_of(session, bookable, row.starts_at - length, row.ends_at + length)


def alike(session: Session, row: Any, now: datetime) -> list[Any]:
    """List a freed place, and those of the same hours that were offered already and are still kept for who waits.

    Whoever was offered one of them may have any: all were promised to the same people. Not so those of a service, which
    have people of their own.
    """
    others = select(*_place).where(
        _place.pool_id.in_(select(Pool.id).where(Pool.id == row.pool_id, Pool.service_id.is_(None))),
        *(_place.starts_at == row.starts_at, _place.ends_at == row.ends_at),
        *(_place.id != row.id, _place.state == "done", _place.kept_until > now),
    )
    return [row, *session.execute(others.order_by(_place.id)).all()]


def spared(session: Session, row: Any, now: datetime) -> tuple[int, ...]:
    """List by id what is kept for those who are offered a freed place, or one like it: it is free to them alone."""
    mine = or_(*(_kept_for(place) for place in alike(session, row, now)))
    live = and_(Allocation.released_at.is_(None), Allocation.taken_until > now)
    return tuple(session.scalars(select(Allocation.id).where(live, mine)))


def release(session: Session, row: Any, now: datetime) -> list[Piece]:
    """Let go of all that is kept of a freed place, and give what was: the history tells what its appointment held."""
    held = and_(Allocation.released_at.is_(None), _kept_for(row))
    released = session.execute(update(Allocation).where(held).values(released_at=now).returning(*_SHOWN)).all()
    occupancy.tell_freed(session, released, now)
    mine = (one for one in released if one.taken_until > now and one.pool_id == row.pool_id)
    return [(epoch(one.starts_at), epoch(one.ends_at), one.units) for one in mine]


def keep_whole(session: Session, bookable: Bookable, row: Any, now: datetime) -> None:
    """Keep what is free of a place until the end of its cooling-off, if that is still to come."""
    if row.kept_until is not None and row.kept_until > now:
        whole = (epoch(row.starts_at), epoch(row.ends_at), row.units)
        keep(session, bookable, row, [whole], row.kept_until, now)


def keep_for(
    session: Session,
    bookable: Bookable,
    row: Any,
    start: Start,
    units: int,
    appointment_id: int,
    until: datetime,
    now: datetime,
) -> int:
    """Keep a start for one who is asked, and the rest of the place beside it; gives the id of its allocation."""
    last = max(until, row.kept_until or until)
    if isinstance(bookable.item, ServiceCard):
        return service_places.keep_for(session, bookable, row, start.start, appointment_id, last, now)
    occupancy.remember_length(session, row.pool_id, bookable.longest, bookable.item.minutes)
    kept = freed.keep(session, row.pool_id, appointment_id, start.start, start.end, units, last)
    keep(session, bookable, row, given(row).rest(start.start, start.end, units), last, now)
    return kept


def keep(
    session: Session, bookable: Bookable, row: Any, pieces: Sequence[Piece], until: datetime, now: datetime
) -> int:
    """Keep pieces of a place, as far as nobody has taken them meanwhile, and count those of which something is left.

    That of a service is kept whole or not at all.
    """
    if isinstance(bookable.item, ServiceCard):
        whole = (epoch(row.starts_at), epoch(row.ends_at), row.units)
        return service_places.keep(session, bookable, row, until, now) if whole in pieces else 0
    kept = 0
    for since, end, units in pieces:
        start, stop = instant_of(since), instant_of(end)
        left = min(units, _room(session, bookable, start, stop, now))
        if left > 0:
            freed.keep(session, row.pool_id, row.appointment_id, start, stop, left, until)
            kept += 1
    return kept


def _room(session: Session, bookable: Bookable, start: datetime, end: datetime, now: datetime) -> int:
    """Count the units that are free at every instant of an interval; none where it is not open throughout."""
    taken = occupancy.taken(session, bookable.pool_id, bookable.longest, start, end, now)
    opened = occupancy.capacity(bookable, start, end)
    whole = sum(until - since for since, until, _ in opened) == epoch(end) - epoch(start)
    return min((slots - taken.highest(since, until) for since, until, slots in opened), default=0) if whole else 0


def length_of(bookable: Bookable) -> timedelta:
    """Give how long an appointment takes here."""
    return timedelta(minutes=bookable.item.minutes)


def _kept_for(row: Any) -> ColumnElement[bool]:
    """Find what is kept of a freed place: for an offer of it, or for all who wait; of a service all that goes with it.

    Until its undo and cooling-off end, that is the hold of the cancelled appointment itself.
    """
    own = aliased(Allocation)
    beside = and_(  # people, rooms and a planning's place: kept until the same instant, with their buffers
        own.released_at.is_(None),
        own.taken_until == Allocation.taken_until,
        Allocation.starts_at <= own.starts_at,
        Allocation.ends_at >= own.ends_at,
    )
    of_place = and_(
        Allocation.appointment_id == row.appointment_id,
        Allocation.pool_id != row.pool_id,
        Allocation.role.in_(_roles(row)),
        select(own.id).where(own.appointment_id == row.appointment_id, _own(own, row), beside).exists(),
    )
    return or_(_own(Allocation, row), of_place)


def _own(table: type[Allocation], row: Any) -> ColumnElement[bool]:
    """Find what is kept of the pool itself that a freed place is of: not what an offer of another place keeps."""
    promised = select(Offer.allocation_id).where(Offer.freed_id == row.id, Offer.allocation_id.is_not(None))
    others = select(Offer.allocation_id).where(
        Offer.freed_id != row.id, Offer.state == "open", Offer.allocation_id.is_not(None)
    )
    whole = and_(
        table.appointment_id == row.appointment_id,
        table.pool_id == row.pool_id,
        *(table.starts_at >= row.starts_at, table.ends_at <= row.ends_at),
        table.role.in_(_roles(row)),
        table.taken_until.is_not(None),
        table.id.not_in(others),
    )
    return or_(table.id.in_(promised), whole)


def _roles(row: Any) -> tuple[str, ...]:
    return ("kept", "visit") if row.cause == freed.CANCELLED else ("kept",)
