"""People, rooms and equipment as the staff edits them: what they are, where they can be booked, and in which hours.

Whoever saves says which revision the page showed. When somebody else saved meanwhile nothing is written. Nobody and
nothing is deleted: who has gone is retired, and keeps what is booked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from portal.domain import colours
from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.domain.matching import KINDS, MOST_PERSONS, read_features, read_skills
from portal.domain.shapes import count, or_none
from portal.domain.zones import local_day, zone
from portal.extensions import reading, retried, transaction
from portal.models import Planning, Pool, Resource, ResourcePlanning, ResourceSite, Site, Skill
from portal.operations import audit, keepsakes
from portal.operations.actors import SYSTEM, Actor
from portal.operations.addresses import normal_address
from portal.operations.edits import OfSites

KIND = "resource"  # in the audit log
LONGEST_NAME = 120
MOST_A_DAY = 1000
MOST_FEATURES = 30


@dataclass(frozen=True, slots=True)
class Plan:
    """A resource as it is to be; ``sites`` and ``plannings`` are keys, ``skills`` levels by their key."""

    name: str
    timezone: str
    sites: tuple[str, ...] = ()
    plannings: tuple[str, ...] = ()
    email: str | None = None
    skills: Mapping[str, int] = field(default_factory=dict)
    persons: int | None = None
    features: tuple[str, ...] = ()
    max_per_day: int | None = None
    colour: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Sheet(OfSites):
    """A resource as its page shows it."""

    id: int
    key: str
    kind: str
    revision: str
    plan: Plan
    site_ids: frozenset[int]

    @property
    def name(self) -> str:
        """Its name."""
        return self.plan.name

    @property
    def active(self) -> bool:
        """Whether it can be booked, and not retired."""
        return self.plan.active

    def today(self, now: datetime) -> date:
        """Give the date where it is."""
        return local_day(now, zone(self.plan.timezone))


def read(key: str) -> Sheet:
    """Read a resource. Raises NotFound."""
    with reading() as session:
        return sheet_of(session, key)


def sheet_of(session: Session, key: str) -> Sheet:
    """Read a resource within the caller's session. Raises NotFound."""
    row = session.execute(select(Resource.__table__).where(Resource.key == key)).first()
    if row is None:
        raise NotFound
    at = select(Site.key, Site.id).join(ResourceSite, ResourceSite.site_id == Site.id)
    sites = session.execute(at.where(ResourceSite.resource_id == row.id).order_by(Site.name)).all()
    of = select(Planning.key).join(ResourcePlanning, ResourcePlanning.planning_id == Planning.id)
    plannings = session.scalars(of.where(ResourcePlanning.resource_id == row.id).order_by(Planning.name))
    plan = Plan(
        name=row.name,
        timezone=row.timezone,
        sites=tuple(one.key for one in sites),
        plannings=tuple(plannings),
        email=row.email,
        skills=row.skills,
        persons=row.persons,
        features=tuple(row.features),
        max_per_day=row.max_per_day,
        colour=row.colour,
        active=row.active,
    )
    return Sheet(row.id, row.key, row.kind, row.revision, plan, frozenset(one.id for one in sites))


# Saving


@retried
def create(key: str, kind: str, plan: Plan, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Make a resource with its pool. Raises Invalid."""
    if kind not in KINDS:
        raise Invalid(field="kind", problem="not_a_choice", value=kind)
    values = checked(plan)
    with transaction() as session:
        if session.scalar(select(Resource.id).where(Resource.key == key)) is not None:
            raise Invalid(field="key", problem="exists", value=key)
        _know(session, plan.skills)
        made = Resource(key=key, kind=kind, revision=keepsakes.new_revision(), **values)
        session.add(made)
        session.flush()
        session.add(Pool(resource_id=made.id))
        site_ids = settle(session, made.id, plan.sites, plan.plannings)
        tell(session, by, "created", key, plan.name, site_ids, now, {}, {"kind": kind, **_facts(plan)})


@retried
def save(key: str, revision: str, plan: Plan, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Write a resource. Raises NotFound, StateChanged when somebody else saved it meanwhile, Invalid."""
    values = checked(plan)
    with transaction() as session:
        sheet = claim(session, key, revision)
        _know(session, plan.skills.keys() - sheet.plan.skills.keys())
        session.execute(update(Resource).where(Resource.id == sheet.id).values(**values))
        site_ids = settle(session, sheet.id, plan.sites, plan.plannings)
        tell(session, by, "changed", key, plan.name, site_ids | sheet.site_ids, now, _facts(sheet.plan), _facts(plan))


def activate(sheet: Sheet, revision: str, active: bool, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Retire a resource, which keeps what is booked, or take it back. Raises NotFound, StateChanged."""
    save(sheet.key, revision, replace(sheet.plan, active=active), now=now, by=by)


def claim(session: Session, key: str, revision: str) -> Sheet:
    """Write the resource's own row first: bookings wait here, and a page that is out of date goes no further.

    Gives the resource as it was. Raises NotFound, StateChanged.
    """
    mine = update(Resource).where(Resource.key == key, Resource.revision == revision)
    claimed = session.scalar(mine.values(revision=keepsakes.new_revision()).returning(Resource.id))
    sheet = sheet_of(session, key)
    if claimed is None:
        raise StateChanged(revision=revision)
    return sheet


def settle(session: Session, resource_id: int, sites: Sequence[str], plannings: Sequence[str]) -> frozenset[int]:
    """Let a resource be booked at these sites in these hours and no others; give the ids of the sites. Raises Invalid.

    A site that it leaves keeps its appointments.
    """
    site_ids = _ids(session, Site, "sites", sites)
    planning_ids = _ids(session, Planning, "plannings", plannings)
    for table, column, ids in (
        (ResourceSite, "site_id", site_ids),
        (ResourcePlanning, "planning_id", planning_ids),
    ):
        session.execute(delete(table).where(table.resource_id == resource_id))
        if ids:
            session.execute(insert(table), [{"resource_id": resource_id, column: one} for one in ids])
    return frozenset(site_ids)


def _ids(session: Session, table: type[Site | Planning], name: str, keys: Sequence[str]) -> list[int]:
    found = {row.key: row.id for row in session.execute(select(table.key, table.id).where(table.key.in_(keys)))}
    if missing := [key for key in keys if key not in found]:
        raise Invalid(field=name, problem="unknown", value=missing[0])
    return list(found.values())


def _know(session: Session, keys: Iterable[str]) -> None:
    """Accept skills that there are; they are not deleted until the transaction ends. Raises Invalid."""
    wanted = sorted(keys)
    query = select(Skill.key).where(Skill.key.in_(wanted)).with_for_update(read=True)
    known = set(session.scalars(query)) if wanted else set()
    if missing := [key for key in wanted if key not in known]:
        raise Invalid(field="skills", problem="unknown", value=missing[0])


def checked(plan: Plan) -> dict[str, Any]:
    """Check a plan and give the columns that it fills. Raises Invalid naming the first wrong field."""
    if not 0 < len(plan.name.strip()) <= LONGEST_NAME:
        raise Invalid(field="name", problem="required")
    zone(plan.timezone)
    if len(plan.features) > MOST_FEATURES:
        raise Invalid(field="features", problem="too_many", highest=MOST_FEATURES)
    return {
        "name": plan.name.strip(),
        "timezone": plan.timezone,
        "email": normal_address(plan.email) if plan.email else None,
        "skills": read_skills("skills", plan.skills),
        "persons": or_none(count(1, MOST_PERSONS))("persons", plan.persons),
        "features": sorted(read_features("features", plan.features)),
        "max_per_day": or_none(count(1, MOST_A_DAY))("max_per_day", plan.max_per_day),
        "colour": colours.read(plan.colour, "colour") if plan.colour else "",
        "active": plan.active,
    }


def _facts(plan: Plan) -> dict[str, Any]:
    """Write a resource for the audit log."""
    lists = {"sites": sorted(plan.sites), "plannings": sorted(plan.plannings), "skills": dict(plan.skills)}
    return {**checked(plan), **lists}


def tell(
    session: Session,
    by: Actor,
    action: str,
    key: str,
    label: str,
    site_ids: frozenset[int],
    now: datetime,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Write down what differs. What several sites share is for those who see every site."""
    old, new = audit.differences(before, after)
    if action != "changed" or old or new:
        site_id = next(iter(site_ids)) if len(site_ids) == 1 else None
        audit.record(session, by, action, KIND, key, now, label=label, site_id=site_id, before=old, after=new)
