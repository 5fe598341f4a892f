"""Who serves an appointment: decided in its transaction, under the locks of all who could, and kept with the reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain import distribution, matching
from portal.domain.distribution import Choice, Load
from portal.domain.errors import SlotTaken
from portal.domain.lifecycle import Status
from portal.domain.services import Needs
from portal.domain.slots import Reason, Start
from portal.domain.zones import day_bounds, epoch, local_day
from portal.models import Appointment, Assignment, Resource
from portal.operations import loads
from portal.operations.bookables import Bookable
from portal.operations.grounds import ServiceGround
from portal.operations.resource_cards import Bound


@dataclass(frozen=True, slots=True)
class Seat:
    """A resource that an appointment gets; ``requirement`` is which it meets, None for one added by the staff."""

    bound: Bound
    requirement: int | None
    named: bool
    units: int
    choice: Mapping[str, Any] | None = None

    def row(self, appointment_id: int, before: Mapping[int, Had], now: datetime) -> dict[str, Any]:
        """Give the columns of its assignment; whom the appointment had ``before`` it has as it had them."""
        had = before.get(self.bound.card.id, Had(now, self.named, self.choice))
        return {
            "appointment_id": appointment_id,
            "resource_id": self.bound.card.id,
            "requirement": self.requirement,
            "named": had.named,
            "units": self.units,
            "assigned_at": had.since,
            "choice": had.choice,
        }


@dataclass(frozen=True, slots=True)
class Had:
    """How an appointment had a resource: since when, picked by name or not, and why."""

    since: datetime
    named: bool
    choice: Mapping[str, Any] | None


def choose(
    session: Session, ground: ServiceGround, row: Any, start: Start, now: datetime, *, overbook: bool = False
) -> list[Seat]:
    """Choose distinct resources for all that is required, and what is free of the rest.

    Those picked by name come first; people by the rule of distribution, rooms and assets the smallest first. Only an
    overbooking takes who is not free, after all who are. Raises SlotTaken when no choice is left, which the judgement
    before has excluded.
    """
    common = ground.common
    free = common.free_at(start.start)
    ranked = _Ranking(session, ground, row, start, now)
    tiers = (free, frozenset(common.pools) - free) if overbook else (free,)
    required = [(index, one) for index, one in enumerate(common.needs) if not one.optional]
    orders = [(index, [one for tier in tiers for one in ranked.order(needs, tier)]) for index, needs in required]
    seats = [(index, order) for index, order in orders for _ in range(common.needs[index].count)]
    matched = matching.match([options for _, options in seats], common.chosen)
    if matched is None:
        raise SlotTaken(start=start.start, reasons=(Reason.RESOURCE_BUSY.value,))
    found: dict[int, int | None] = {one: index for (index, _), one in zip(seats, matched, strict=True)}
    for one in common.chosen:
        found.setdefault(one, _optional_for(common.needs, one))
    for index, needs in enumerate(common.needs):
        if needs.optional:
            wanted = needs.count - sum(taken == index for taken in found.values())
            spare = [resource for resource in ranked.order(needs, free) if resource not in found]
            found |= dict.fromkeys(spare[: max(wanted, 0)], index)
    return [_seat(ground, ranked, resource, index) for resource, index in found.items()]


def had(session: Session, appointment_id: int) -> dict[int, Had]:
    """Tell how an appointment has the resources that it has, by their ids."""
    table = Assignment
    query = select(table.resource_id, table.assigned_at, table.named, table.choice).where(
        table.appointment_id == appointment_id
    )
    return {resource: Had(*how) for resource, *how in session.execute(query)}


def kept(session: Session, appointment_id: int) -> tuple[int, ...]:
    """List the ids of those that stay when an appointment moves: its people, and all that was picked by name."""
    query = (
        select(Assignment.resource_id)
        .join(Resource, Resource.id == Assignment.resource_id)
        .where(Assignment.appointment_id == appointment_id, or_(Assignment.named, Resource.kind == "staff"))
        .order_by(Assignment.id)
    )
    return tuple(session.scalars(query))


def kept_by(session: Session, one: Any) -> tuple[int, ...]:
    """List as ``kept`` whom an appointment keeps, by its row or its card; nobody, unasked, where it has no service."""
    return kept(session, one.id) if one.service_id is not None else ()


def kept_of(session: Session, bookable: Bookable, now: datetime) -> dict[int, tuple[int, ...]]:
    """List as ``kept`` does whom all the confirmed appointments to come of a service at a site keep, by their ids."""
    query = (
        select(Assignment.appointment_id, Assignment.resource_id)
        .join(Resource, Resource.id == Assignment.resource_id)
        .join(Appointment, Appointment.id == Assignment.appointment_id)
        .where(
            Appointment.service_id == bookable.item.id,
            Appointment.site_id == bookable.site.id,
            Appointment.starts_at > now,
            Appointment.status == Status.CONFIRMED.value,
            or_(Assignment.named, Resource.kind == "staff"),
        )
        .order_by(Assignment.id)
    )
    found: dict[int, tuple[int, ...]] = {}
    for appointment_id, resource in session.execute(query):
        found[appointment_id] = (*found.get(appointment_id, ()), resource)
    return found


def everything(session: Session, appointment_id: int) -> tuple[int, ...]:
    """List the ids of all the resources that an appointment has."""
    query = select(Assignment.resource_id).where(Assignment.appointment_id == appointment_id).order_by(Assignment.id)
    return tuple(session.scalars(query))


def _optional_for(needs: Sequence[Needs], resource: int) -> int | None:
    """Tell which optional requirement one picked by name meets, None when it is beside all of them."""
    return next((index for index, one in enumerate(needs) if one.optional and resource in one.candidates), None)


def _seat(ground: ServiceGround, ranked: _Ranking, resource: int, index: int | None) -> Seat:
    named = resource in ground.common.chosen
    return Seat(
        ground.bounds[resource],
        index,
        named,
        ground.common.shape.quantity,
        None if index is None else ranked.told(resource, named=named),
    )


class _Ranking:
    """The order in which those who fit a requirement are taken, worked out once for each."""

    def __init__(self, session: Session, ground: ServiceGround, row: Any, start: Start, now: datetime) -> None:
        self._session, self._ground, self._row, self._start, self._now = session, ground, row, start, now
        self._day = local_day(start.start, ground.bookable.zone)
        self._choices: dict[tuple[int, ...], tuple[Choice, Sequence[Load]]] = {}

    def order(self, needs: Needs, free: Collection[int]) -> list[int]:
        """Put those who fit and are free in order."""
        eligible = tuple(one for one in needs.candidates if one in free)
        if not eligible:
            return []
        if needs.requirement.kind == "staff":
            return list(self._ranked(eligible)[0].order)
        used = self._used(eligible)
        return matching.snuggest([self._ground.bounds[one].card.candidate for one in eligible], used)

    def told(self, resource: int, *, named: bool) -> dict[str, Any] | None:
        """Say why a person was chosen, with the scores of all who could have been; None for rooms and assets."""
        if self._ground.bounds[resource].card.kind != "staff":
            return None
        ranked = next((one for one in self._choices.values() if resource in one[0].order), None)
        if ranked is None:
            return {"because": "chosen", "candidates": []}
        choice, found = ranked
        by_id = {load.id: load for load in found}
        return {
            "rule": choice.rule,
            "because": "chosen" if named else choice.because.value,
            "candidates": [score(self._ground.bounds[one], by_id[one]) for one in choice.order],
        }

    def _ranked(self, eligible: tuple[int, ...]) -> tuple[Choice, Sequence[Load]]:
        if eligible not in self._choices:
            policy = self._ground.bookable.policy.distribution
            people = [self._ground.bounds[one] for one in eligible]
            found = loads.of(self._session, self._ground.bookable, people, self._day, self._row)
            latest = loads.latest(self._session, self._ground.bookable, self._day, self._row)
            self._choices[eligible] = (distribution.rank(policy.rule, found, latest), found)
        return self._choices[eligible]

    def _used(self, eligible: Sequence[int]) -> dict[int, int]:
        """Sum the seconds for which rooms and assets are taken on the day."""
        since, until = (epoch(bound) for bound in day_bounds(self._day, self._ground.bookable.zone))
        pools = self._ground.common.pools
        return {
            one: sum((end - start) * units for start, end, units in pools[one].used.parts(since, until))
            for one in eligible
        }


def score(bound: Bound, load: Load) -> dict[str, Any]:
    """Write down how much somebody had to do when a person was chosen."""
    return {
        "resource": bound.card.key,
        "booked": load.booked_minutes,
        "open": load.open_minutes,
        "appointments": load.appointments,
        "last": load.last_assigned.isoformat() if load.last_assigned else None,
        "served": load.served.isoformat() if load.served else None,
    }
