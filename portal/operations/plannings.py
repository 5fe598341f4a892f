"""Plannings as the staff edits them: settings, the week in its versions, exceptional days.

Whoever saves says which revision the page showed. When somebody else saved meanwhile nothing is written, and the page
can say what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.domain.openings import Opening, Schedule, Version, Week, check_minutes, check_openings
from portal.domain.zones import local_day, zone
from portal.extensions import reading, retried, transaction
from portal.models import (
    ExceptionalDay,
    ExceptionalOpening,
    Planning,
    PlanningVersion,
    Pool,
    Site,
    WeeklyOpening,
)
from portal.operations import bookables
from portal.operations.bookables import SiteCard

KINDS = ("customer", "supplier")
LONGEST_NAME = 120
MOST_OPENINGS = 24  # on one day


@dataclass(frozen=True, slots=True)
class Exceptional:
    """A date whose own hours, possibly none, replace the week."""

    day: date
    label: str
    openings: tuple[Opening, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A planning as its page shows it. ``sites`` are the keys of those that it serves now."""

    id: int
    key: str
    name: str
    timezone: str
    kinds: tuple[str, ...]
    guests: bool
    active: bool
    revision: str
    schedule: Schedule
    sites: tuple[str, ...]
    exceptions: tuple[Exceptional, ...]

    def version(self, applies_from: date | None) -> Version | None:
        """Find the version that begins on this date, None being the first."""
        return next((one for one in self.schedule.versions if one.applies_from == applies_from), None)

    def in_force(self, now: datetime) -> Version:
        """Give the version in force today, in the planning's zone."""
        return in_force(self.schedule.versions, local_day(now, self.schedule.zone))

    def today(self, now: datetime) -> date:
        """Give the planning's date."""
        return local_day(now, self.schedule.zone)

    def exceptional(self, day: date) -> Exceptional | None:
        """Find the exceptional day of a date."""
        return next((one for one in self.exceptions if one.day == day), None)


@dataclass(frozen=True, slots=True)
class Plan:
    """A planning's settings and one of its weeks, as they are to be.

    ``version`` is the week that is edited, by the date it applies from (None: the first). With ``applies_from`` the
    week becomes a version of its own, from that date on, and what was before stays.
    """

    name: str
    timezone: str
    sites: tuple[str, ...]
    kinds: tuple[str, ...]
    guests: bool
    slot_minutes: int
    step_minutes: int
    week: Week
    version: date | None = None
    applies_from: date | None = None
    active: bool = True

    @property
    def target(self) -> date | None:
        """The version that saving writes."""
        return self.applies_from or self.version


def in_force(versions: Sequence[Version], day: date) -> Version:
    """Give the newest version that applies from this date or before; a planning without any is closed."""
    known = [one for one in versions if (one.applies_from or date.min) <= day]
    return max(known, key=lambda one: one.applies_from or date.min, default=Version(None, {}))


def all_sites(also: Sequence[str] = ()) -> list[SiteCard]:
    """List the sites in use by name, and ``also`` those of these keys, in use or not."""
    with reading() as session:
        return site_cards(session, also)


def site_cards(session: Session, also: Sequence[str] = ()) -> list[SiteCard]:
    """List sites as ``all_sites``, within the caller's session."""
    shown = or_(Site.active, Site.key.in_(also))
    rows = session.execute(select(Site.id, Site.revision).where(shown).order_by(Site.name)).all()
    return [bookables.site_card(session, row.id, row.revision) for row in rows]


def read(key: str) -> Sheet:
    """Read a planning. Raises NotFound."""
    with reading() as session:
        return sheet_of(session, key)


def sheet_of(session: Session, key: str) -> Sheet:
    """Read a planning within the caller's session. Raises NotFound."""
    row = session.execute(select(Planning.__table__).where(Planning.key == key)).first()
    if row is None:
        raise NotFound
    card = bookables.planning_card(session, row.id, row.revision)
    labels = session.execute(
        select(ExceptionalDay.day, ExceptionalDay.label)
        .where(ExceptionalDay.planning_id == row.id)
        .order_by(ExceptionalDay.day)
    )
    serving = select(Site.key).join(Pool, Pool.site_id == Site.id).where(Pool.planning_id == row.id, Pool.active)
    return Sheet(
        id=row.id,
        key=row.key,
        name=row.name,
        timezone=row.timezone,
        kinds=tuple(row.kinds),
        guests=row.guests,
        active=row.active,
        revision=row.revision,
        schedule=card.schedule,
        sites=tuple(session.scalars(serving.order_by(Site.name))),
        exceptions=tuple(Exceptional(day, label, card.schedule.exceptions.get(day, ())) for day, label in labels),
    )


@retried
def create(key: str, plan: Plan, *, now: datetime) -> None:
    """Make a planning with its first week. Raises Invalid."""
    check(plan)
    _check_date(plan, (), now)
    with transaction() as session:
        if session.scalar(select(Planning.id).where(Planning.key == key)) is not None:
            raise Invalid(field="key", problem="exists", value=key)
        made = Planning(key=key, revision=bookables.new_revision(), policy={}, **_settings(plan))
        made.versions = [PlanningVersion(applies_from=None, openings=_weekly(plan.week))]
        session.add(made)
        session.flush()
        _serve(session, made.id, plan.sites)


@retried
def save(key: str, revision: str, plan: Plan, *, now: datetime) -> None:
    """Write a planning's settings and one of its weeks. Raises NotFound, StateChanged, Invalid."""
    check(plan)
    with transaction() as session:
        planning_id = _claim(session, key, revision, _settings(plan))
        _check_date(plan, session.scalars(_version_dates(planning_id)), now)
        _serve(session, planning_id, plan.sites)
        _drop_version(session, planning_id, plan.target)
        session.add(PlanningVersion(planning_id=planning_id, applies_from=plan.target, openings=_weekly(plan.week)))


@retried
def drop_version(key: str, revision: str, applies_from: date, *, now: datetime) -> None:
    """Drop a version that does not apply yet; what is in force stays. Raises NotFound, StateChanged, Invalid."""
    with transaction() as session:
        planning_id = _claim(session, key, revision, {})
        local = zone(session.scalars(select(Planning.timezone).where(Planning.id == planning_id)).one())
        if applies_from <= local_day(now, local):
            raise Invalid(field="applies_from", problem="past", value=applies_from)
        if not _drop_version(session, planning_id, applies_from):
            raise NotFound


@retried
def save_day(key: str, revision: str, wanted: Exceptional, *, instead_of: date | None = None) -> None:
    """Write an exceptional day, in the place of another when its date changed.

    Raises NotFound, StateChanged, Invalid.
    """
    check_openings(wanted.openings)
    with transaction() as session:
        planning_id = _claim(session, key, revision, {})
        if instead_of is not None and not _drop_day(session, planning_id, instead_of):
            raise NotFound
        taken = select(ExceptionalDay.id).where(
            ExceptionalDay.planning_id == planning_id, ExceptionalDay.day == wanted.day
        )
        if session.scalar(taken) is not None:
            raise Invalid(field="day", problem="duplicate_date", value=wanted.day)
        hours = [
            ExceptionalOpening(start_minute=one.start, end_minute=one.end, slots=one.slots) for one in wanted.openings
        ]
        session.add(ExceptionalDay(planning_id=planning_id, day=wanted.day, label=wanted.label, openings=hours))


@retried
def drop_day(key: str, revision: str, day: date) -> None:
    """Give a date its week back. Raises NotFound, StateChanged."""
    with transaction() as session:
        planning_id = _claim(session, key, revision, {})
        if not _drop_day(session, planning_id, day):
            raise NotFound


def check(plan: Plan) -> None:
    """Accept a plan. Raises Invalid naming the first wrong field; a day's is ``week.<ISO weekday>``."""
    if not 0 < len(plan.name.strip()) <= LONGEST_NAME:
        raise Invalid(field="name", problem="required")
    zone(plan.timezone)
    if not plan.sites:
        raise Invalid(field="sites", problem="required")
    if not set(plan.kinds) <= set(KINDS):
        raise Invalid(field="kinds", problem="not_a_choice", value=plan.kinds)
    check_minutes("slot_minutes", plan.slot_minutes)
    check_minutes("step_minutes", plan.step_minutes)
    for weekday, openings in plan.week.items():
        check_openings(openings, f"week.{weekday}")


def _check_date(plan: Plan, known: Iterable[date | None], now: datetime) -> None:
    """Let a week apply from today on, or in the place of a version that exists: what is past stays."""
    today = local_day(now, zone(plan.timezone))
    if plan.applies_from is not None and plan.applies_from < today and plan.applies_from not in set(known):
        raise Invalid(field="applies_from", problem="past", value=plan.applies_from)


def _settings(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name.strip(),
        "timezone": plan.timezone,
        "kinds": list(plan.kinds),
        "guests": plan.guests,
        "slot_minutes": plan.slot_minutes,
        "step_minutes": plan.step_minutes,
        "active": plan.active,
    }


def _claim(session: Session, key: str, revision: str, values: Mapping[str, Any]) -> int:
    """Write the planning's own row first: bookings wait here, and a page that is out of date goes no further."""
    claimed: int | None = session.scalar(
        update(Planning)
        .where(Planning.key == key, Planning.revision == revision)
        .values(revision=bookables.new_revision(), **values)
        .returning(Planning.id)
    )
    if claimed is None:
        if session.scalar(select(Planning.id).where(Planning.key == key)) is None:
            raise NotFound
        raise StateChanged(revision=revision)
    return claimed


def _serve(session: Session, planning_id: int, keys: Sequence[str]) -> None:
    """Serve these sites and no others. A pool that is left keeps its appointments."""
    found = session.execute(select(Site.key, Site.id).where(Site.key.in_(keys)))
    ids = {row.key: row.id for row in found}
    if missing := [key for key in keys if key not in ids]:
        raise Invalid(field="sites", problem="unknown_site", value=missing[0])
    session.execute(
        update(Pool).where(Pool.planning_id == planning_id).values(active=Pool.site_id.in_(list(ids.values())))
    )
    known = set(session.scalars(select(Pool.site_id).where(Pool.planning_id == planning_id)))
    fresh = [{"planning_id": planning_id, "site_id": site_id} for site_id in ids.values() if site_id not in known]
    if fresh:
        session.execute(insert(Pool), fresh)


def _version_dates(planning_id: int) -> Any:
    return select(PlanningVersion.applies_from).where(PlanningVersion.planning_id == planning_id)


def _drop_version(session: Session, planning_id: int, applies_from: date | None) -> bool:
    same = PlanningVersion.applies_from.is_not_distinct_from(applies_from)
    query = delete(PlanningVersion).where(PlanningVersion.planning_id == planning_id, same)
    return session.scalar(query.returning(PlanningVersion.id)) is not None


def _drop_day(session: Session, planning_id: int, day: date) -> bool:
    query = delete(ExceptionalDay).where(ExceptionalDay.planning_id == planning_id, ExceptionalDay.day == day)
    return session.scalar(query.returning(ExceptionalDay.id)) is not None


def _weekly(week: Week) -> list[WeeklyOpening]:
    return [
        WeeklyOpening(weekday=weekday, start_minute=one.start, end_minute=one.end, slots=one.slots)
        for weekday, openings in sorted(week.items())
        for one in openings
    ]
