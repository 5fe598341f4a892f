"""What a change does to the appointments of people, rooms and equipment; none is cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.matching import Candidate
from portal.domain.openings import SiteCalendar, always
from portal.domain.steps import Steps
from portal.domain.zones import zone
from portal.models import Absence, Allocation, Planning, Pool, Resource, ResourcePlanning, ResourceSite, Site
from portal.operations.concerned import Changed, Concerned, Objects, Values, Why
from portal.operations.resource_cards import away_of
from portal.operations.resource_judging import TAKEN, Judge, State, to_judge
from portal.operations.transfer_effects import calendar_of, schedule_of
from portal.operations.transfer_places import sites
from portal.operations.transfer_plannings import plannings
from portal.operations.transfer_resources import absence, resources
from portal.operations.transfer_rows import keys_by_id


def of_resources(session: Session, changed: Changed, now: datetime) -> Iterator[Concerned]:
    """Yield each appointment to come that its resource fitted and does not when the change is made."""
    query = TAKEN.where(Pool.resource_id.in_(_touched(changed)), to_judge(now))
    rows = session.execute(query.order_by(None).order_by(Pool.resource_id, Allocation.starts_at)).all()
    if not rows:
        return
    known = keys_by_id(session, Resource)
    before = _World(session, {known[row.resource_id] for row in rows})
    after = before.with_changes(changed)
    for resource_id, group in groupby(rows, key=attrgetter("resource_id")):
        yield from _misfits(known[resource_id], resource_id, list(group), before, after, now)


def _touched(changed: Changed) -> Any:
    """Select the ids of the resources whose own state, hours or sites change."""
    of_planning = select(ResourcePlanning.resource_id).join(Planning, Planning.id == ResourcePlanning.planning_id)
    at_site = select(ResourceSite.resource_id).join(Site, Site.id == ResourceSite.site_id)
    return select(Resource.id).where(
        or_(
            Resource.key.in_(changed["resources"]),
            Resource.id.in_(of_planning.where(Planning.key.in_(changed["plannings"]))),
            Resource.id.in_(at_site.where(Site.key.in_(changed["sites"]))),
        )
    )


class _World:
    """Resources with their hours and sites, as they are or are to be: objects of the file by section and key."""

    def __init__(self, session: Session, keys: set[str]) -> None:
        self.site_keys = keys_by_id(session, Site)
        self.resources: Objects = resources(session, keys)
        self.plannings: Objects = plannings(session)
        self.sites: Objects = sites(session)

    def with_changes(self, changed: Changed) -> _World:
        """Give another one, in which objects have changed."""
        other = copy(self)
        for name in ("resources", "plannings", "sites"):
            setattr(other, name, {**getattr(self, name), **changed[name]})
        return other

    def judge(self, key: str, resource_id: int, rows: list[Any]) -> Judge:
        """Judge the appointments of a resource."""
        return Judge(self._state(self.resources[key], resource_id), rows, self.calendar)

    def calendar(self, site_id: int) -> SiteCalendar:
        """Give the closed days of a site."""
        return calendar_of(self.sites[self.site_keys[site_id]])

    def _state(self, values: Values, resource_id: int) -> State:
        local = zone(values["timezone"])
        hours = [self.plannings[key] for key in values["plannings"]]
        planned = tuple(schedule_of(one) for one in hours if one["active"])
        gone = (away_of(Absence(**absence(one)), local) for one in values["absences"])
        return State(
            active=values["active"],
            sites=frozenset(number for number, key in self.site_keys.items() if key in values["sites"]),
            candidate=Candidate(
                resource_id, values["kind"], values["skills"], values["persons"], frozenset(values["features"])
            ),
            schedules=planned or (() if values["kind"] == "staff" else (always(local),)),
            absent=Steps.highest_of((one.start, one.end, 1) for one in gone),
            most=values["max_per_day"],
            zone=local,
        )


def _misfits(
    key: str, resource_id: int, rows: list[Any], before: _World, after: _World, now: datetime
) -> Iterator[Concerned]:
    old, new = before.judge(key, resource_id, rows), after.judge(key, resource_id, rows)
    for row, _why in new.worse(old, now):
        start = row.starts_at.astimezone(after.calendar(row.site_id).zone)
        yield Concerned(key, after.site_keys[row.site_id], row.id, row.reference, start, (Why.UNFIT,))
