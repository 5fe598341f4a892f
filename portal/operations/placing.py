"""The places that an appointment takes: of its planning, or of its service and all the resources that it gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from portal.domain import matching
from portal.domain.slots import Start
from portal.domain.steps import Piece
from portal.domain.zones import day_bounds, epoch, instant_of, local_day
from portal.extensions import Transaction
from portal.models import Assignment
from portal.operations import assigning, grounds, occupancy
from portal.operations.asking import PUBLIC, Asking
from portal.operations.assigning import Seat
from portal.operations.bookables import Bookable
from portal.operations.grounds import ServiceGround
from portal.operations.place_cards import PlanningCard
from portal.operations.resource_cards import Bound
from portal.operations.service_cards import ServiceCard


@dataclass(frozen=True, slots=True)
class Reach:
    """All that an appointment at a start could take: pools, the time with buffers, and the ledger keys that lock it."""

    pools: tuple[int, ...]
    start: datetime
    end: datetime
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """What is taken of one pool. ``found`` is the capacity there, ``longest`` that of the pool so far, in minutes."""

    pool_id: int
    longest: int
    start: datetime
    end: datetime
    units: int
    found: tuple[Piece, ...]
    counts: bool = True  # False: the pool has no capacity of its own


def as_promised(bookable: Bookable, start: datetime, end: datetime, iterations: int = 1) -> Bookable:
    """Give what is booked with the length that an appointment was promised, whatever it has become since."""
    item = bookable.item
    minutes = (end - start) // timedelta(minutes=1) // iterations
    if item.minutes == minutes or (isinstance(item, ServiceCard) and item.reservation.nights):
        return bookable
    if isinstance(item, PlanningCard):
        return replace(bookable, item=replace(item, schedule=replace(item.schedule, slot_minutes=minutes)))
    return replace(bookable, item=replace(item, minutes=minutes))


def end_of(bookable: Bookable, start: datetime, asking: Asking) -> datetime:
    """Tell when an appointment ends that begins then."""
    if isinstance(bookable.item, PlanningCard):
        return start + timedelta(minutes=bookable.item.minutes)
    return instant_of(grounds.shape_of(bookable.item, asking).end(epoch(start), bookable.site.calendar))


def reach(session: Session, bookable: Bookable, start: datetime, asking: Asking) -> Reach:
    """Tell what is locked to book a start: everything that could be chosen, so that the choice is made alone.

    Raises NotFound for resources that are not there.
    """
    return reach_of(session, bookable, start, end_of(bookable, start, asking), asking)


def reach_of(session: Session, bookable: Bookable, start: datetime, end: datetime, asking: Asking = PUBLIC) -> Reach:
    """Tell what is locked to book anything in ``[start, end)``, as ``reach``."""
    if isinstance(bookable.item, PlanningCard):
        return Reach((bookable.pool_id,), start, end, tuple(occupancy.keys(bookable.pool_id, start, end)))
    card = bookable.item
    since, until = start - timedelta(minutes=card.buffer_before), end + timedelta(minutes=card.buffer_after)
    bounds = grounds.candidates(session, bookable, asking)
    fitting = matching.candidates(card.requires, [one.card.candidate for one in bounds.values()])
    wanted = sorted({*asking.resources, *(one for ids in fitting for one in ids)})
    pools, keys = [bookable.pool_id], occupancy.keys(bookable.pool_id, since, until)
    if bookable.beside is not None:
        pools.append(bookable.beside.pool_id)
        keys += occupancy.keys(bookable.beside.pool_id, since, until)
    for one in (bounds[identity] for identity in wanted):
        pools.append(one.pool_id)
        keys += keys_of(one, start, since, until)
    return Reach(tuple(pools), since, until, tuple(keys))


def keys_of(bound: Bound, start: datetime, since: datetime, until: datetime) -> list[str]:
    """Name the ledger rows of a resource for what begins at ``start`` or later, in a time with its buffers."""
    keys = occupancy.keys(bound.pool_id, since, until)
    if bound.card.max_per_day is not None:  # counted on its own local dates
        first, last = local_day(start, bound.card.zone), local_day(until, bound.card.zone)
        keys += occupancy.keys(
            bound.pool_id, day_bounds(first, bound.card.zone)[0], day_bounds(last, bound.card.zone)[1]
        )
    return keys


def release_lapsed(session: Session, reached: Reach, now: datetime) -> None:
    """Free for good what the clock has freed already of all that is locked."""
    occupancy.release_lapsed(session, reached.pools, reached.start, reached.end, now)


def take(
    session: Transaction,
    bookable: Bookable,
    row: Any,
    start: Start,
    asking: Asking,
    now: datetime,
    *,
    overbook: bool = False,
    role: str = "visit",
    until: datetime | None = None,
) -> list[dict[str, Any]]:
    """Take the places of an appointment that was judged, for good or ``until`` then, and describe them for the history.

    Who serves is decided here, under the lock, and written down with why. A place that an appointment wants beside its
    own may overlap that: it counts twice until it is answered, so it excludes nobody by itself.
    """
    if isinstance(bookable.item, PlanningCard):
        found = occupancy.capacity(bookable, start.start, start.end)
        places = [_Place(bookable.pool_id, bookable.longest, start.start, start.end, row.units, found)]
    else:
        ground = grounds.of_service(session, bookable, start.start, start.start, now=now, asking=asking, lock=True)
        seats = assigning.choose(session, ground, row, start, now, overbook=overbook)
        places = list(_places(ground, row, start, seats))
        if role != "wanted":
            _assign(session, row.id, seats, now)
    _allocate(session, row.id, places, role, until, overbook=overbook)
    return [_told(session, place, overbook=overbook or role == "wanted" or not place.counts) for place in places]


def _places(ground: ServiceGround, row: Any, start: Start, seats: Sequence[Seat]) -> Iterator[_Place]:
    """List what an appointment of a service takes: the service itself, its planning, and each resource with buffers."""
    bookable, common = ground.bookable, ground.common
    time = (start.start, start.end)
    yield _Place(bookable.pool_id, bookable.longest, *time, row.units, (), counts=False)
    if (beside := bookable.beside) is not None:
        found = occupancy.capacity_for(beside, bookable.service.key, *time)
        yield _Place(beside.pool_id, beside.longest, *time, common.shape.quantity, found)
    for seat in seats:
        yield _place_of(ground, seat, start.start)


def _place_of(ground: ServiceGround, seat: Seat, start: datetime) -> _Place:
    """Tell what an appointment takes of a resource."""
    bound, common = seat.bound, ground.common
    found = common.capacity_at(bound.card.id, start)
    return _Place(bound.pool_id, bound.longest, *common.interval(start), seat.units, found)


def take_one(
    session: Transaction, ground: ServiceGround, row: Any, seat: Seat, now: datetime, *, overbook: bool
) -> dict[str, Any]:
    """Give an appointment one more resource at its own time, and describe it for the history."""
    place = _place_of(ground, seat, row.starts_at)
    session.execute(insert(Assignment), seat.row(row.id, {}, now))
    _allocate(session, row.id, [place], "visit", None, overbook=overbook)
    return _told(session, place, overbook=overbook)


def _assign(session: Session, appointment_id: int, seats: Sequence[Seat], now: datetime) -> None:
    """Write down whom and what the appointment has, in place of what it had."""
    before = assigning.had(session, appointment_id)
    session.execute(delete(Assignment).where(Assignment.appointment_id == appointment_id))
    if seats:
        session.execute(insert(Assignment), [seat.row(appointment_id, before, now) for seat in seats])


def _allocate(
    session: Session,
    appointment_id: int,
    places: Sequence[_Place],
    role: str,
    until: datetime | None,
    *,
    overbook: bool,
) -> None:
    rows = [
        {
            "appointment_id": appointment_id,
            "pool_id": place.pool_id,
            "starts_at": place.start,
            "ends_at": place.end,
            "units": place.units,
            "role": role,
            "exclusive": place.counts and role != "wanted" and not overbook and _alone(place),
            "taken_until": until,
        }
        for place in places
    ]
    session.connection().execute(occupancy.ALLOCATE, rows)
    for place in places:
        minutes = -(-(epoch(place.end) - epoch(place.start)) // 60)
        occupancy.remember_length(session, place.pool_id, place.longest, minutes)


def _alone(place: _Place) -> bool:
    """Tell whether the pool has room for one at every instant, so that nothing may overlap."""
    return all(slots == 1 for _, _, slots in place.found)


def _told(session: Transaction, place: _Place, *, overbook: bool) -> dict[str, Any]:
    seqs = occupancy.seqs(session, place.pool_id, place.start, place.end)
    return occupancy.hold(
        place.pool_id, seqs, place.start, place.end, place.units, overbook=overbook, capacity=place.found
    )
