"""Who and what could serve a start of a service, and what is in the way of each: of those who judge it, all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.slots import Start
from portal.domain.zones import epoch
from portal.models import Allocation, Appointment
from portal.operations.grounds import Ground, ServiceGround
from portal.operations.occupancy import RECORDED
from portal.operations.resource_cards import ResourceCard


class Why(StrEnum):
    """What is in the way: no hours, or not for as many; an absence; other appointments; as many as it has a day."""

    SHUT = "shut"
    ABSENT = "absent"
    BUSY = "busy"
    FULL_DAY = "full_day"


@dataclass(frozen=True, slots=True)
class Taken:
    """An appointment that is in the way, by its reference, and the id of its site."""

    reference: str
    site_id: int


@dataclass(frozen=True, slots=True)
class Contender:
    """A resource that fits a requirement, or was picked, and what keeps it from a start: nothing, when it is free.

    ``labels`` are those of its absences then, ``taken`` the appointments: none where it is held for somebody's form, or
    kept for those who wait. ``optional``: the service does without.
    """

    card: ResourceCard
    optional: bool
    picked: bool
    why: tuple[Why, ...]
    labels: tuple[str, ...] = ()
    taken: tuple[Taken, ...] = ()

    @property
    def free(self) -> bool:
        """Whether nothing is in the way."""
        return not self.why


def of(session: Session, ground: Ground, start: Start, now: datetime) -> tuple[Contender, ...]:
    """List all who could serve if they were free, by the ground on which the start is judged; of a planning nobody."""
    if not isinstance(ground, ServiceGround):
        return ()
    hindered = ground.common.hindered_at(start.start)
    busy = [one for one, why in hindered.items() if Why.BUSY in why]
    taken = _taken(session, ground, busy, start, now)
    return tuple(_contender(ground, one, hindered[one], start, taken.get(one, ())) for one in ground.bounds)


def _contender(
    ground: ServiceGround, resource: int, hindered: frozenset[str], start: Start, taken: Sequence[Taken]
) -> Contender:
    card, pool, second = ground.bounds[resource].card, ground.common.pools[resource], epoch(start.start)
    full = Why.BUSY in hindered and any(since <= second < until for since, until in pool.full)
    why = {*hindered, *([Why.FULL_DAY] if full else [])} - ({Why.BUSY} if full and not taken else set())
    since, until = (epoch(bound) for bound in ground.common.interval(start.start))
    return Contender(
        card=card,
        optional=not any(resource in needs.candidates for needs in ground.common.required),
        picked=resource in ground.common.chosen,
        why=tuple(one for one in Why if one in why),
        labels=tuple(dict.fromkeys(one.label for one in card.absences if one.start < until and since < one.end)),
        taken=tuple(taken),
    )


def _taken(
    session: Session, ground: ServiceGround, resources: Sequence[int], start: Start, now: datetime
) -> Mapping[int, Sequence[Taken]]:
    """Read which appointments have them then, with their buffers."""
    pools = {ground.bounds[one].pool_id: one for one in resources}
    since, until = ground.common.interval(start.start)
    query = (
        select(Allocation.pool_id, Appointment.reference, Appointment.site_id)
        .join(Appointment, Appointment.id == Allocation.appointment_id)
        .where(Allocation.pool_id.in_(pools), Allocation.role.in_(sorted(RECORDED)))
        .where(Allocation.released_at.is_(None))
        .where(Allocation.taken_until.is_(None) | (Allocation.taken_until > now))
        .where(Allocation.starts_at < until, Allocation.ends_at > since)
        .order_by(Allocation.starts_at, Allocation.id)
    )
    found: dict[int, dict[Taken, None]] = {}
    for pool_id, reference, site_id in session.execute(query) if pools else ():
        found.setdefault(pools[pool_id], {})[Taken(reference, site_id)] = None
    return {one: tuple(taken) for one, taken in found.items()}
