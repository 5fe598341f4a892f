"""Give an appointment somebody else at the same time: who could serve it, and the exchange in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from portal.domain import distribution, matching
from portal.domain.distribution import Load
from portal.domain.errors import Invalid, StateChanged
from portal.domain.lifecycle import ACTIVE
from portal.domain.reservations import Reservation
from portal.domain.services import Shape
from portal.domain.slots import Start
from portal.domain.zones import epoch, local_day
from portal.extensions import Transaction, reading, retried, transaction
from portal.models import Assignment
from portal.operations import admission, assigning, exchanges, grounds, loads, occupancy, placing, resource_cards
from portal.operations import appointment_rows as rows
from portal.operations.actors import Actor
from portal.operations.asking import Asking, Binding
from portal.operations.assigning import Seat
from portal.operations.bookables import Bookable
from portal.operations.exchanges import Had, Taking
from portal.operations.grounds import ServiceGround
from portal.operations.resource_cards import Bound
from portal.operations.wishes import Exchange

ANY_TIME = Binding(None, {}, None)


@dataclass(frozen=True, slots=True)
class Eligible:
    """Somebody who could have an appointment instead; ``why_not`` are reasons not to, at its time."""

    key: str
    name: str
    load: Load
    why_not: tuple[str, ...]

    @property
    def free(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.why_not


@dataclass(frozen=True, slots=True)
class Choices:
    """Who has an appointment, and who could instead: those who are free first, each in the order of the rule."""

    key: str
    kind: str
    name: str
    eligible: tuple[Eligible, ...]


def choices(public_id: str, of: str, *, now: datetime) -> Choices:
    """List who could have an appointment instead of one of those it has. Raises NotFound, StateChanged, Invalid."""
    with reading() as session:
        row = rows.found(session, public_id)
        _may_change(row, now)
        bookable = rows.bookable_of(session, row)
        having = exchanges.held(session, row)
        had = exchanges.one_of(having, of, "")
        fitting = _fitting(session, bookable, row, had, having)
        ground = _ground(session, bookable, row, had, fitting, now)
        found = [
            Eligible(one.card.key, one.card.name, load, tuple(_judged(ground, one, row).reasons))
            for one, load in _in_order(session, bookable, row, had, fitting)
        ]
    return Choices(had.key, had.kind, had.name, tuple(sorted(found, key=lambda one: not one.free)))


@retried
def reassign(
    public_id: str, to: str, actor: Actor, *, now: datetime, of: str | None = None, overbook: str = ""
) -> None:
    """Exchange a person, a room or an asset of an appointment for another one; people and customers are told.

    ``of`` is the key of the one it has; without it, the only one of that kind. ``overbook`` is a manager's reason to
    take one that is not free. Again what is done already changes nothing. Raises NotFound; StateChanged when it is
    over; Invalid for one that does not fit; SlotTaken or SlotNotOffered for one that is not free.
    """
    with reading() as session:
        seen = rows.found(session, public_id)
        _may_change(seen, now)
        bookable = rows.bookable_of(session, seen)
        keys = [
            *rows.keys_of(session, bookable, seen),
            *_keys(bookable, seen, exchanges.at_site(session, seen.site_id, to)),
        ]
    with transaction(keys) as session:
        row = rows.found(session, public_id)
        rows.unmoved(row, seen)
        _may_change(row, now)
        bookable = rows.bookable_of(session, row, lock=True)
        rows.covered(session, _keys(bookable, row, exchanges.at_site(session, row.site_id, to, lock=True)))
        found = exchanges.taking(session, bookable, row, Exchange(to, of), lock=True)
        if found is not None:
            _exchange(session, bookable, row, found, actor, now, overbook)


def _fitting(session: Session, bookable: Bookable, row: Any, had: Had, having: Mapping[str, Had]) -> list[Bound]:
    """List those at the site who could have an appointment instead of one of those it has."""
    there = resource_cards.at_site(session, row.site_id)
    return [one for one in there if not exchanges.unfit(bookable, had, having, one)]


def _may_change(row: Any, now: datetime) -> None:
    """Accept an appointment that is still to be kept, and of which no move waits. Raises StateChanged, Invalid."""
    if row.status not in ACTIVE or row.ends_at <= now or row.service_id is None:
        raise StateChanged(status=row.status)
    if row.wanted_start is not None:
        raise Invalid(field="resource", problem="move_waits")


def _keys(bookable: Bookable, row: Any, bound: Bound) -> list[str]:
    """Name the ledger rows of the one that comes."""
    before, after = bookable.service.buffer_before, bookable.service.buffer_after
    since, until = row.starts_at - timedelta(minutes=before), row.ends_at + timedelta(minutes=after)
    return placing.keys_of(bound, row.starts_at, since, until)


def _ground(
    session: Session,
    bookable: Bookable,
    row: Any,
    had: Had,
    bounds: Sequence[Bound],
    now: datetime,
) -> ServiceGround:
    """Read what resources are judged on at the time of an appointment, without what it takes itself."""
    ids = tuple(one.card.id for one in bounds)
    asking = Asking(staff=True, iterations=row.iterations, resources=ids, leaving_out=row.id)
    found = grounds.of_service(session, bookable, row.starts_at, row.ends_at, now=now, asking=asking)
    shape = _lasting(found.common.shape, bookable, row, had)
    return replace(found, common=replace(found.common, shape=shape, needs=(), planning=None))


def _lasting(shape: Shape, bookable: Bookable, row: Any, had: Had) -> Shape:
    """Shape a service as an appointment of it is: it may have been longer or shorter when it was booked."""
    kept = replace(shape, quantity=had.units)
    if kept.end(epoch(row.starts_at), bookable.site.calendar) == epoch(row.ends_at):
        return kept
    length = (epoch(row.ends_at) - epoch(row.starts_at)) // 60
    return replace(kept, minutes=length, iterations=1, reservation=Reservation())


def _judged(ground: ServiceGround, bound: Bound, row: Any) -> Start:
    """Judge the time of an appointment for one resource alone."""
    alone = replace(ground.common, chosen=(bound.card.id,))
    return alone.at(row.starts_at, ANY_TIME.rules(ground.bookable.site), bound_to_grid=False)


def _in_order(
    session: Session, bookable: Bookable, row: Any, had: Had, bounds: Sequence[Bound]
) -> list[tuple[Bound, Load]]:
    """Put people in the order of the site's rule, rooms and assets the smallest first, each with what it has to do."""
    if not bounds:
        return []
    day, by_id = local_day(row.starts_at, bookable.zone), {one.card.id: one for one in bounds}
    todo = {load.id: load for load in loads.of(session, bookable, bounds, day, row)}
    if had.kind == "staff":
        latest = loads.latest(session, bookable, day, row)
        order = distribution.rank(bookable.policy.distribution.rule, list(todo.values()), latest).order
    else:
        used = {one: load.booked_minutes for one, load in todo.items()}
        order = tuple(matching.snuggest([one.card.candidate for one in bounds], used))
    return [(by_id[one], todo[one]) for one in order]


def _exchange(
    session: Transaction, bookable: Bookable, row: Any, found: Taking, actor: Actor, now: datetime, overbook: str
) -> None:
    """Take the new one and let the old one go; what is written names both."""
    had, bound = found.had, found.bound
    ground = _ground(session, bookable, row, had, [bound], now)
    occupancy.release_lapsed(session, [bound.pool_id], *ground.common.interval(row.starts_at), now)
    if not overbook:
        admission.admit(_judged(ground, bound, row))
    seat = Seat(bound, had.requirement, True, had.units, _choice(session, bookable, row, had))
    given = rows.free_one(session, row, had.pool_id, now)
    session.execute(delete(Assignment).where(Assignment.appointment_id == row.id, Assignment.resource_id == had.id))
    held = placing.take_one(session, ground, row, seat, now, overbook=bool(overbook))
    changed = {"sequence": row.sequence + 1, "overbook_reason": overbook or row.overbook_reason}
    rows.write(session, row, now, **changed)
    exchanges.happened(session, row, found, actor, now, overbook=overbook, holds=[*given, held])
    if had.kind == "staff":
        written = rows.Row(**{**row._mapping, **changed, "version": row.version + 1})
        before = {"resource": had.key}
        rows.announce(session, rows.EXCHANGED, rows.EXCHANGED, written, bookable, now, not_before=now, before=before)
        exchanges.tell(session, bookable, written, found, now)


def _choice(session: Session, bookable: Bookable, row: Any, had: Had) -> dict[str, Any] | None:
    """Say who could have had it, and what each had to do; nothing of rooms and assets."""
    if had.kind != "staff":
        return None
    people = _fitting(session, bookable, row, had, {})
    told = [assigning.score(*one) for one in _in_order(session, bookable, row, had, people)]
    return {"rule": bookable.policy.distribution.rule, "because": exchanges.BECAUSE, "candidates": told}
