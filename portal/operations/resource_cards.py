"""People, rooms and equipment as pages and rules need them, read once per revision."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from portal.domain.matching import Candidate
from portal.domain.openings import Schedule, always
from portal.domain.steps import Steps
from portal.domain.zones import end_instant, epoch, start_instant, zone
from portal.models import Absence, Planning, Pool, Resource, ResourcePlanning, ResourceSite
from portal.operations import place_cards
from portal.operations.keepsakes import kept


@dataclass(frozen=True, slots=True)
class Away:
    """An absence: its instants in seconds since 1970."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class ResourceCard:
    """What a page or a rule needs of a resource, but its hours, which have revisions of their own."""

    id: int
    revision: str
    key: str
    kind: str
    name: str
    email: str | None
    zone: ZoneInfo
    candidate: Candidate
    max_per_day: int | None
    colour: str
    active: bool
    absences: tuple[Away, ...]
    absent: Steps

    def named(self, _locale: str) -> str:
        """Give its name, which is the same in every language."""
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A resource with its pool and its hours: plannings in use; ``longest`` is in minutes, of any allocation of it."""

    card: ResourceCard
    pool_id: int
    longest: int
    planned: tuple[Schedule, ...]

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """Its hours: without a planning a room or an asset is always open, a person never (semantics 2)."""
        return self.planned or (() if self.card.kind == "staff" else (always(self.card.zone),))


COLUMNS = (Resource.id, Resource.revision, Pool.id.label("pool_id"), Pool.longest_minutes)
ALL = select(*COLUMNS).join(Pool, Pool.resource_id == Resource.id).order_by(Resource.id)
AT_SITE = ALL.join(ResourceSite, ResourceSite.resource_id == Resource.id).where(
    ResourceSite.site_id == bindparam("site"), Resource.active
)
AT_SITE_LOCKED = AT_SITE.with_for_update(read=True, of=Resource.__table__)
BY_IDS = ALL.where(Resource.id.in_(bindparam("ids", expanding=True)))
HOURS = (
    select(ResourcePlanning.resource_id, Planning.id, Planning.revision)
    .join(Planning, Planning.id == ResourcePlanning.planning_id)
    .where(ResourcePlanning.resource_id.in_(bindparam("ids", expanding=True)), Planning.active)
    .order_by(ResourcePlanning.resource_id, Planning.id)
)
HOURS_LOCKED = HOURS.with_for_update(read=True, of=Planning.__table__)


def at_site(session: Session, site_id: int, *, lock: bool = False) -> list[Bound]:
    """List the resources in use at a site, by id.

    ``lock`` keeps them, and the plannings that give them their hours, from being edited until the transaction ends.
    """
    return bound(session, AT_SITE_LOCKED if lock else AT_SITE, HOURS_LOCKED if lock else HOURS, site=site_id)


def by_ids(session: Session, ids: Collection[int]) -> list[Bound]:
    """List resources, in use or retired, by id."""
    return bound(session, BY_IDS, ids=list(ids)) if ids else []


def bound(
    session: Session, query: Select[*tuple[Any, ...]], hours_query: Select[*tuple[Any, ...]] = HOURS, **values: Any
) -> list[Bound]:
    """Run a query of ``COLUMNS``, and give each resource its hours: two statements, and those of new revisions."""
    rows = session.connection().execute(query, values).all()
    cards = resource_cards(session, {row.id: row.revision for row in rows})
    hours = _hours(session, hours_query, [row.id for row in rows])
    return [Bound(cards[row.id], row.pool_id, row.longest_minutes, hours.get(row.id, ())) for row in rows]


def resource_cards(session: Session, revisions: Mapping[int, str]) -> dict[int, ResourceCard]:
    """Give cards at their revisions, by id: in two statements, however many are new to us."""
    return kept.many(revisions, lambda missing: _read(session, missing))


def _hours(session: Session, query: Select[*tuple[Any, ...]], ids: Collection[int]) -> dict[int, tuple[Schedule, ...]]:
    rows = session.connection().execute(query, {"ids": list(ids)}).all() if ids else []
    cards = place_cards.planning_cards(session, {row.id: row.revision for row in rows})
    return {
        one: tuple(cards[row.id].schedule for row in group)
        for one, group in groupby(rows, key=attrgetter("resource_id"))
    }


def _read(session: Session, revisions: Mapping[int, str]) -> dict[int, ResourceCard]:
    rows = session.execute(select(*Resource.__table__.c).where(Resource.id.in_(revisions)).order_by(Resource.id)).all()
    away = session.execute(
        select(*Absence.__table__.c)
        .where(Absence.resource_id.in_(revisions))
        .order_by(Absence.resource_id, Absence.starts_local)
    ).all()
    absences = {one: list(group) for one, group in groupby(away, key=attrgetter("resource_id"))}
    return {row.id: _card(row, revisions[row.id], absences.get(row.id, ())) for row in rows}


def _card(row: Any, revision: str, absences: Iterable[Any]) -> ResourceCard:
    where = zone(row.timezone)
    away = tuple(away_of(one, where) for one in absences)
    return ResourceCard(
        id=row.id,
        revision=revision,
        key=row.key,
        kind=row.kind,
        name=row.name,
        email=row.email,
        zone=where,
        candidate=Candidate(row.id, row.kind, row.skills, row.persons, frozenset(row.features)),
        max_per_day=row.max_per_day,
        colour=row.colour,
        active=row.active,
        absences=away,
        absent=Steps.highest_of((one.start, one.end, 1) for one in away),
    )


def away_of(row: Any, where: ZoneInfo) -> Away:
    """Turn an absence of the table into instants."""
    start, end = row.starts_local, row.ends_local
    begins = start_instant(start.date(), start.hour * 60 + start.minute, where)
    ends = end_instant(end.date(), end.hour * 60 + end.minute, where)
    return Away(epoch(begins), epoch(ends), row.label)
