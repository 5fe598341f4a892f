"""Who and what could serve a service, before it is saved: at each of its sites, the resources that fit each need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from portal.domain import matching
from portal.domain.matching import Candidate, Requirement
from portal.extensions import reading
from portal.models import Planning, Pool, Resource, ResourcePlanning, ResourceSite, Site
from portal.operations.services import Plan


@dataclass(frozen=True, slots=True)
class NeedFit:
    """The resources in use that fit one requirement, by name; ``never_open`` are people among them without hours."""

    requirement: Requirement
    names: Sequence[str]
    never_open: Sequence[str]

    @property
    def enough(self) -> bool:
        """Whether there are as many with hours as it needs, if it is required."""
        return self.requirement.optional or len(self.names) - len(self.never_open) >= self.requirement.count


@dataclass(frozen=True, slots=True)
class SiteFit:
    """What a site has for a service.

    ``together``: distinct resources can be found for all that is required. ``planned``: the planning in which the
    service takes a place, too, serves the site, or there is none.
    """

    site: str
    needs: Sequence[NeedFit]
    together: bool
    planned: bool


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    candidate: Candidate
    opens: bool


def at_sites(plan: Plan) -> list[SiteFit]:
    """Tell of each site of a service, by name, what fits it: in a fixed number of statements."""
    with reading() as session:
        named = session.execute(select(Site.id, Site.name).where(Site.key.in_(plan.sites)).order_by(Site.name)).all()
        known = _resources(session, [row.id for row in named])
        planned = _planned(session, plan.planning)
    return [
        _fit(row.name, plan.requires, known.get(row.id, ()), plan.planning is None or row.id in planned)
        for row in named
    ]


def _resources(session: Session, site_ids: Sequence[int]) -> Mapping[int, list[_Known]]:
    """Read the resources in use at sites, by site: those in use alone can be booked."""
    hours = exists().where(
        ResourcePlanning.resource_id == Resource.id, Planning.id == ResourcePlanning.planning_id, Planning.active
    )
    rows: Iterable[Any] = session.execute(
        select(*Resource.__table__.c, ResourceSite.site_id, hours.label("planned"))
        .join(ResourceSite, ResourceSite.resource_id == Resource.id)
        .where(ResourceSite.site_id.in_(site_ids), Resource.active)
        .order_by(Resource.name, Resource.id)
    )
    found: dict[int, list[_Known]] = {}
    for row in rows:
        candidate = Candidate(row.id, row.kind, row.skills, row.persons, frozenset(row.features))
        one = _Known(row.name, candidate, row.planned or row.kind != "staff")
        found.setdefault(row.site_id, []).append(one)
    return found


def _planned(session: Session, planning: str | None) -> frozenset[int]:
    """Give the sites that a planning in use serves."""
    if planning is None:
        return frozenset()
    serving = and_(Planning.key == planning, Planning.active, Pool.active)
    return frozenset(session.scalars(select(Pool.site_id).join(Planning).where(serving)))


def _fit(site: str, requires: Sequence[Requirement], known: Sequence[_Known], planned: bool) -> SiteFit:
    needs = [_need(one, known) for one in requires]
    open_ones = [one.candidate for one in known if one.opens]
    required = [one for one in requires if not one.optional]
    options = zip(required, matching.candidates(required, open_ones), strict=True)
    seats = matching.seats_of((one.count, ids) for one, ids in options)
    return SiteFit(site, needs, matching.match(seats) is not None, planned)


def _need(requirement: Requirement, known: Sequence[_Known]) -> NeedFit:
    fitting = [one for one in known if matching.fits(one.candidate, requirement)]
    return NeedFit(requirement, [one.name for one in fitting], [one.name for one in fitting if not one.opens])
