"""What other hours of a planning do to the people, rooms and equipment that have their hours from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.openings import Schedule, SiteCalendar, always
from portal.models import Allocation, Appointment, Planning, Pool, ResourcePlanning, ResourceSite
from portal.operations import place_cards, resource_cards
from portal.operations.cards import AppointmentCard, cards, listing
from portal.operations.place_cards import PlanningCard
from portal.operations.resource_cards import HOURS, ResourceCard
from portal.operations.resource_effects import MOST_LISTED, calendar_of
from portal.operations.resource_judging import TAKEN, Judge, State


@dataclass(frozen=True, slots=True)
class Lost:
    """The appointments at a site that lose their hours: all are counted, the first are named."""

    count: int
    named: Sequence[AppointmentCard]


def lost(session: Session, key: str, after: Schedule | None, *, now: datetime) -> dict[int, Lost]:
    """Find by site the appointments to come that fit their resources until this planning's hours are others.

    ``after`` is None for a planning that goes out of use.
    """
    holding = select(ResourcePlanning.resource_id).join(Planning, Planning.id == ResourcePlanning.planning_id)
    mine = TAKEN.where(Pool.resource_id.in_(holding.where(Planning.key == key)), Allocation.ends_at > now)
    rows = session.execute(mine.order_by(None).order_by(Pool.resource_id, Allocation.starts_at)).all()
    if not rows:
        return {}
    ids = sorted({row.resource_id for row in rows})
    states, calendar = _states(session, ids, key, after), cache(partial(calendar_of, session))
    found: dict[int, list[int]] = {}
    for resource_id, group in groupby(rows, key=attrgetter("resource_id")):
        for row in _misfits(*states[resource_id], list(group), calendar):
            found.setdefault(row.site_id, []).append(row.id)
    return {site_id: _lost(session, sorted(set(numbers))) for site_id, numbers in found.items()}


def _misfits(before: State, after: State, rows: Sequence[Any], calendar: Callable[[int], SiteCalendar]) -> list[Any]:
    old, new = Judge(before, rows, calendar), Judge(after, rows, calendar)
    return [row for row in rows if new.misfit(row) is not None and old.misfit(row) is None]


def _states(session: Session, ids: Sequence[int], key: str, after: Schedule | None) -> dict[int, tuple[State, State]]:
    """Give each resource as it is and as it is to be, in a fixed number of statements."""
    bounds = resource_cards.by_ids(session, ids)
    at = session.execute(
        select(ResourceSite.resource_id, ResourceSite.site_id).where(ResourceSite.resource_id.in_(ids))
    )
    sites: dict[int, set[int]] = {}
    for resource_id, site_id in at:
        sites.setdefault(resource_id, set()).add(site_id)
    hours = _hours(session, ids)
    changed = {one: _changed(planned, key, after) for one, planned in hours.items()}
    found = {}
    for bound in bounds:
        one = bound.card
        where = frozenset(sites.get(one.id, ()))
        state = State(one.active, where, one.candidate, bound.schedules, one.absent, one.max_per_day, one.zone)
        found[one.id] = state, replace(state, schedules=_open(one, changed.get(one.id, ())))
    return found


def _hours(session: Session, ids: Sequence[int]) -> dict[int, list[PlanningCard]]:
    rows = session.connection().execute(HOURS, {"ids": list(ids)}).all()
    known = place_cards.planning_cards(session, {row.id: row.revision for row in rows})
    found: dict[int, list[PlanningCard]] = {}
    for row in rows:
        found.setdefault(row.resource_id, []).append(known[row.id])
    return found


def _changed(planned: Sequence[PlanningCard], key: str, after: Schedule | None) -> tuple[Schedule, ...]:
    """Put the new hours in the place of the old ones; those of a planning that was out of use come to no others."""
    kept = [after if one.key == key else one.schedule for one in planned]
    return tuple(one for one in kept if one is not None)


def _open(card: ResourceCard, planned: tuple[Schedule, ...]) -> tuple[Schedule, ...]:
    """Give the hours as ``resource_cards.Bound`` has them."""
    return planned or (() if card.kind == "staff" else (always(card.zone),))


def _lost(session: Session, numbers: Sequence[int]) -> Lost:
    first = listing().where(Appointment.id.in_(numbers)).order_by(Appointment.starts_at, Appointment.id)
    return Lost(len(numbers), cards(session, first.limit(MOST_LISTED)))
