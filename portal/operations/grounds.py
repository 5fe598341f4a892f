"""What a bookable is judged on over some time: its hours and their use; of a service those of all that it needs."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain import matching, slots
from portal.domain.openings import Schedule, is_open, serving
from portal.domain.services import Common, Needs, Pool, Shape
from portal.domain.slots import Start
from portal.domain.steps import Piece, Steps
from portal.domain.zones import DAY, day_bounds, epoch, local_day
from portal.models import Allocation, Appointment
from portal.operations import bookables, occupancy, resource_cards
from portal.operations.asking import Asking, Binding
from portal.operations.bookables import Bookable
from portal.operations.resource_cards import Bound
from portal.operations.service_cards import ServiceCard

Taken = Mapping[int, tuple[Piece, ...]]
"""What is taken, by pool."""


class Ground(Protocol):
    """Hours and use, read once; judged as often as needed."""

    def search(self, first: date, last: date, binding: Binding) -> tuple[Start, ...]:
        """Judge every candidate start of the site's local dates, both included, in order."""

    def next_offered(self, first: date, last: date, binding: Binding) -> Start | None:
        """Find the first start offered on the dates of a ``search``."""

    def at(self, start: datetime, binding: Binding) -> Start:
        """Judge one start, on the grid or not."""

    def staff(self, start: datetime) -> Sequence[Bound]:
        """List the people who could be given an appointment at this start."""

    def staff_of(self, starts: Sequence[Start]) -> Sequence[Sequence[Bound]]:
        """List for each of some starts that were judged, in order, the people who could be given it."""

    def opens(self, day: date) -> bool:
        """Tell whether anything is open on one of the site's local dates."""


@dataclass(frozen=True, eq=False)
class PlanningGround:
    """A planning at a site and what is taken of it."""

    bookable: Bookable
    asking: Asking
    taken: Steps

    def search(self, first: date, last: date, binding: Binding) -> tuple[Start, ...]:
        """Judge every candidate start of the site's local dates, both included, in order."""
        return slots.search(
            serving(self.bookable.planning.schedule, None),
            self.bookable.site.calendar,
            self.taken,
            first,
            last,
            window=binding.window,
            quantity=self.asking.quantity,
            booking_days=binding.days,
            spent=binding.spent,
        )

    def next_offered(self, first: date, last: date, binding: Binding) -> Start | None:
        """Find the first start offered on the dates of a ``search``."""
        return slots.next_offered(
            serving(self.bookable.planning.schedule, None),
            self.bookable.site.calendar,
            self.taken,
            first,
            last,
            window=binding.window,
            quantity=self.asking.quantity,
            booking_days=binding.days,
            spent=binding.spent,
        )

    def at(self, start: datetime, binding: Binding) -> Start:
        """Judge one start, on the grid or not."""
        return slots.at(
            serving(self.bookable.planning.schedule, None),
            self.bookable.site.calendar,
            self.taken,
            start,
            window=binding.window,
            quantity=self.asking.quantity,
            booking_days=binding.days,
            spent=binding.spent,
        )

    def staff(self, _start: datetime) -> Sequence[Bound]:
        """List nobody: a planning has places, not people."""
        return ()

    def staff_of(self, starts: Sequence[Start]) -> Sequence[Sequence[Bound]]:
        """List nobody for each start."""
        return [() for _ in starts]

    def opens(self, day: date) -> bool:
        """Tell whether the planning has hours on a local date."""
        return is_open([serving(self.bookable.planning.schedule, None)], self.bookable.site.calendar, day)


@dataclass(frozen=True, eq=False)
class ServiceGround:
    """A service at a site, with the resources that could serve it: ``common`` judges, ``bounds`` says who they are."""

    bookable: Bookable
    card: ServiceCard
    common: Common
    bounds: Mapping[int, Bound]

    def search(self, first: date, last: date, binding: Binding) -> tuple[Start, ...]:
        """Judge every candidate start of the site's local dates, both included, in order."""
        return self.common.search(first, last, binding.rules(self.bookable.site))

    def next_offered(self, first: date, last: date, binding: Binding) -> Start | None:
        """Find the first start offered on the dates of a ``search``."""
        return self.common.next_offered(first, last, binding.rules(self.bookable.site))

    def at(self, start: datetime, binding: Binding) -> Start:
        """Judge one start, on the grid or not."""
        return self.common.at(start, binding.rules(self.bookable.site), bound_to_grid=binding.window is not None)

    def staff(self, start: datetime) -> Sequence[Bound]:
        """List the people, by id, with whom the rest of what is needed can be matched at this start."""
        free = self.common.free_at(start)
        needs = [(one.count, [each for each in one.candidates if each in free]) for one in self.common.required]
        if matching.match(matching.seats_of(needs)) is None:
            return []
        return [self.bounds[one] for one in self._people if one in free]

    def staff_of(self, starts: Sequence[Start]) -> Sequence[Sequence[Bound]]:
        """List for each of some starts that were judged, in order, the people who could be given it: none if refused.

        One look at each person's time serves for all of the starts, however many they are.
        """
        free = self.common.free_among(starts, self._people)
        return [
            [self.bounds[one] for one in there] if start.offered else []
            for start, there in zip(starts, free, strict=True)
        ]

    @property
    def _people(self) -> Sequence[int]:
        return [one for one in self.common.eligible if self.bounds[one].card.kind == "staff"]

    def opens(self, day: date) -> bool:
        """Tell whether anything is open on a local date."""
        return self.common.opens(day)


def ground(
    session: Session, bookable: Bookable, start: datetime, end: datetime, *, now: datetime, asking: Asking
) -> Ground:
    """Read what starts in ``[start, end)`` are judged on, up to the end of the last appointment among them."""
    if isinstance(bookable.item, ServiceCard):
        return of_service(session, bookable, start, end, now=now, asking=asking)
    until = end + timedelta(minutes=bookable.item.minutes)
    taken = occupancy.taken(
        session,
        bookable.pool_id,
        bookable.longest,
        start,
        until,
        now,
        leaving_out=asking.leaving_out,
        spared=asking.spared,
    )
    return PlanningGround(bookable, asking, taken)


def of_service(
    session: Session,
    bookable: Bookable,
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    asking: Asking,
    lock: bool = False,
) -> ServiceGround:
    """Read what a service is judged on: the resources at its site, and what is taken of those that could serve."""
    card = bookable.service
    shape = shape_of(card, asking)
    bounds = candidates(session, bookable, asking, lock=lock)
    found = matching.candidates(card.requires, [one.card.candidate for one in bounds.values()])
    needs = tuple(Needs(requirement, ids) for requirement, ids in zip(card.requires, found, strict=True))
    wanted = {one: bounds[one] for one in sorted({*asking.resources, *(one for ids in found for one in ids)})}
    since = start - timedelta(minutes=shape.before)
    until = end + timedelta(seconds=shape.length, minutes=shape.after) + DAY * shape.reservation.nights
    beside = bookable.beside
    pools = {one.pool_id: one.longest for one in wanted.values()}
    if beside is not None:
        pools[beside.pool_id] = beside.longest
    taken = occupancy.taken_of(session, pools, since, until, now, leaving_out=asking.leaving_out, spared=asking.spared)
    full = _full_days(session, wanted.values(), since, until, now, asking)
    common = Common(
        site=bookable.site.calendar,
        shape=shape,
        needs=needs,
        pools={one: _pool(bound, card.key, taken, full) for one, bound in wanted.items()},
        planning=_planning(bookable, card, taken),
        chosen=tuple(dict.fromkeys(asking.resources)),
    )
    return ServiceGround(bookable, card, common, wanted)


def candidates(session: Session, bookable: Bookable, asking: Asking, *, lock: bool = False) -> dict[int, Bound]:
    """List by id the resources in use at the site, and those picked by name wherever they are."""
    found = {one.card.id: one for one in resource_cards.at_site(session, bookable.site.id, lock=lock)}
    missing = [one for one in asking.resources if one not in found]
    return found | {one.card.id: one for one in resource_cards.by_ids(session, missing)}


def shape_of(card: ServiceCard, asking: Asking) -> Shape:
    """Give what one booking takes, as who asks wants it.

    That no more is asked for than may be chosen is checked before: what was booked once may be more than that by now.
    """
    return Shape(
        minutes=card.minutes,
        step=card.step,
        before=card.buffer_before,
        after=card.buffer_after,
        iterations=asking.iterations,
        quantity=asking.quantity,
        reservation=card.reservation,
    )


def _pool(
    bound: Bound, service: str, taken: Mapping[int, tuple[Piece, ...]], full: Mapping[int, list[tuple[int, int]]]
) -> Pool:
    hours = tuple(serving(one, service) for one in bound.schedules)
    return Pool(hours, taken[bound.pool_id], bound.card.absent, tuple(full.get(bound.card.id, ())))


def _planning(bookable: Bookable, card: ServiceCard, taken: Taken) -> Pool | None:
    """Give the planning in which the service takes a place; one that is not in use at the site is never open."""
    if card.planning_id is None:
        return None
    if bookable.beside is None:
        return Pool(())
    return Pool((serving(bookable.beside.planning.schedule, card.key),), taken[bookable.beside.pool_id])


def _full_days(
    session: Session, bounds: Collection[Bound], since: datetime, until: datetime, now: datetime, asking: Asking
) -> dict[int, list[tuple[int, int]]]:
    """Find the local dates on which resources have as many appointments as they may, as (from, until) by id."""
    capped = {one.pool_id: one for one in bounds if one.card.max_per_day is not None}
    if not capped:
        return {}
    begun: dict[tuple[int, date], set[tuple[int, Hashable]]] = {}
    for pool_id, start, appointment_id, role in session.execute(_begun(capped, since, until, now, asking)):
        day = local_day(start, capped[pool_id].card.zone)
        begun.setdefault((pool_id, day), set()).add(occupancy.counted(appointment_id, start, role))
    full: dict[int, list[tuple[int, int]]] = {}
    for (pool_id, day), found in begun.items():
        card = capped[pool_id].card
        if len(found) >= (card.max_per_day or 0):
            bounds_of_day = day_bounds(day, card.zone)
            full.setdefault(card.id, []).append((epoch(bounds_of_day[0]), epoch(bounds_of_day[1])))
    return full


def _begun(
    capped: Collection[int], since: datetime, until: datetime, now: datetime, asking: Asking
) -> Select[*tuple[Any, ...]]:
    """Select what begins in pools on all the local dates that the time touches, and of which appointment it is."""
    live = Allocation.taken_until.is_(None) | (Allocation.taken_until > now)
    return (
        select(Allocation.pool_id, occupancy.BEGINS, Allocation.appointment_id, Allocation.role)
        .join(Appointment, Appointment.id == Allocation.appointment_id)
        .where(Allocation.pool_id.in_(capped), Allocation.released_at.is_(None), live)
        .where(Allocation.starts_at > since - 3 * DAY, Allocation.starts_at < until + 2 * DAY)
        .where(Appointment.id != (asking.leaving_out or 0), Allocation.id.not_in(asking.spared))
    )


def schedules_at(session: Session, site_id: int) -> list[Schedule]:
    """List the hours that count for whether a site is open: its plannings', and those that its resources use."""
    plannings = [one.planning.schedule for one in bookables.at_site(session, site_id)]
    return [*plannings, *(hours for one in resource_cards.at_site(session, site_id) for hours in one.planned)]
