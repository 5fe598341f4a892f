"""Plannings as the staff edits them: the week in its versions, exceptional days, and what a change would do.

Whoever saves says which revision the page showed. When somebody else saved meanwhile nothing is written, and the page
can say what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.domain.lifecycle import ACTIVE
from portal.domain.openings import Opening, Schedule, Version, Week, check_minutes, check_openings, possible_in_week
from portal.domain.preview import Capacity
from portal.domain.zones import DAY, local_day, zone
from portal.extensions import reading, retried, transaction
from portal.models import (
    Appointment,
    ExceptionalDay,
    ExceptionalOpening,
    Planning,
    PlanningVersion,
    Pool,
    Site,
    WeeklyOpening,
)
from portal.operations import bookables, impacts
from portal.operations.bookables import SiteCard
from portal.operations.impacts import SiteChange, SiteImpact

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


@dataclass(frozen=True, slots=True)
class Line:
    """A planning in the list of all: places ``possible`` in the week in force, ``booked`` in the seven days to come."""

    key: str
    name: str
    timezone: str
    active: bool
    guests: bool
    kinds: tuple[str, ...]
    slot_minutes: int
    week: Week
    sites: tuple[str, ...]
    possible: int
    booked: int
    next_version: date | None


def overview(*, now: datetime) -> list[Line]:
    """List every planning by name, in a fixed number of statements."""
    with reading() as session:
        rows = session.execute(select(Planning.__table__).order_by(Planning.name, Planning.id)).all()
        served = _served(session)
        versions = _all_versions(session)
        booked = _booked(session, now)
    return [_line(row, served.get(row.id, []), versions.get(row.id, []), booked.get(row.id, 0), now) for row in rows]


def _line(row: Any, sites: Sequence[str], versions: Sequence[Version], booked: int, now: datetime) -> Line:
    today = local_day(now, zone(row.timezone))
    week = in_force(versions, today).week
    later = [one.applies_from for one in versions if one.applies_from is not None and one.applies_from > today]
    return Line(
        key=row.key,
        name=row.name,
        timezone=row.timezone,
        active=row.active,
        guests=row.guests,
        kinds=tuple(row.kinds),
        slot_minutes=row.slot_minutes,
        week=week,
        sites=tuple(sites),
        possible=possible_in_week(week, row.slot_minutes) * len(sites),
        booked=booked,
        next_version=min(later, default=None),
    )


def in_force(versions: Sequence[Version], day: date) -> Version:
    """Give the newest version that applies from this date or before; a planning without any is closed."""
    known = [one for one in versions if (one.applies_from or date.min) <= day]
    return max(known, key=lambda one: one.applies_from or date.min, default=Version(None, {}))


def _served(session: Session) -> dict[int, list[str]]:
    rows = session.execute(
        select(Pool.planning_id, Site.name).join(Site, Site.id == Pool.site_id).where(Pool.active).order_by(Site.name)
    )
    found: dict[int, list[str]] = {}
    for planning_id, name in rows:
        found.setdefault(planning_id, []).append(name)
    return found


def _all_versions(session: Session) -> dict[int, list[Version]]:
    rows = session.execute(
        select(
            PlanningVersion.planning_id,
            PlanningVersion.applies_from,
            WeeklyOpening.weekday,
            WeeklyOpening.start_minute,
            WeeklyOpening.end_minute,
            WeeklyOpening.slots,
        )
        .outerjoin(WeeklyOpening)
        .order_by(PlanningVersion.id, WeeklyOpening.weekday, WeeklyOpening.start_minute)
    ).all()
    weeks: dict[tuple[int, date | None], dict[int, tuple[Opening, ...]]] = {}
    for planning_id, applies_from, weekday, start, end, slots in rows:
        week = weeks.setdefault((planning_id, applies_from), {})
        if weekday is not None:
            week[weekday] = (*week.get(weekday, ()), Opening(start, end, slots))
    found: dict[int, list[Version]] = {}
    for (planning_id, applies_from), week in weeks.items():
        found.setdefault(planning_id, []).append(Version(applies_from, week))
    return found


def _booked(session: Session, now: datetime) -> dict[int, int]:
    coming = and_(
        Appointment.status.in_(ACTIVE), Appointment.starts_at >= now, Appointment.starts_at < now + timedelta(days=7)
    )
    query = select(Appointment.planning_id, func.count()).where(coming).group_by(Appointment.planning_id)
    return {planning_id: count for planning_id, count in session.execute(query) if planning_id is not None}


def all_sites(also: Sequence[str] = ()) -> list[SiteCard]:
    """List the sites in use by name, and ``also`` those of these keys, in use or not."""
    with reading() as session:
        return _sites(session, also)


def _sites(session: Session, also: Sequence[str] = ()) -> list[SiteCard]:
    shown = or_(Site.active, Site.key.in_(also))
    rows = session.execute(select(Site.id, Site.revision).where(shown).order_by(Site.name)).all()
    return [bookables.site_card(session, row.id, row.revision) for row in rows]


def read(key: str) -> Sheet:
    """Read a planning. Raises NotFound."""
    with reading() as session:
        return _sheet(session, key)


def _sheet(session: Session, key: str) -> Sheet:
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


# What a change would do


def preview(
    sheet: Sheet | None, plan: Plan, sites: Sequence[SiteCard], *, now: datetime, week: date | None = None
) -> list[SiteImpact]:
    """Tell what a plan does at each site that it serves or served; ``sheet`` is None for a planning to be made.

    ``week`` is a date of the week that is drawn: by default the first in which the plan applies.
    """
    local = zone(plan.timezone)
    since = max(local_day(now, local), plan.target or date.min)
    old = sheet.schedule if sheet is not None else Schedule(local, ())
    with reading() as session:
        changes = _changes(session, sheet, sites, plan.sites, old, changed(old, plan))
        return impacts.impacts(session, changes, now=now, since=since, week=monday_of(week or since))


def preview_without(key: str, applies_from: date, *, now: datetime, week: date | None = None) -> list[SiteImpact]:
    """Tell what it does to drop the version of this date."""
    with reading() as session:
        sheet = _sheet(session, key)
        kept = tuple(one for one in sheet.schedule.versions if one.applies_from != applies_from)
        after = replace(sheet.schedule, versions=kept)
        changes = _changes(session, sheet, _sites(session, sheet.sites), sheet.sites, sheet.schedule, after)
        return impacts.impacts(session, changes, now=now, since=applies_from, week=monday_of(week or applies_from))


@dataclass(frozen=True, slots=True)
class DayImpact:
    """What a change of exceptional days does: at each site, and to the places of each date that it touches."""

    sites: Sequence[SiteImpact]
    capacity: Mapping[date, Capacity]


def preview_days(key: str, *, now: datetime, put: Exceptional | None = None, drop: date | None = None) -> DayImpact:
    """Tell what it does to add or change an exceptional day, to drop one, or both when a day moves."""
    days = [day for day in (put.day if put else None, drop) if day is not None]
    with reading() as session:
        sheet = _sheet(session, key)
        dates = {day: hours for day, hours in sheet.schedule.exceptions.items() if day != drop}
        if put is not None:
            dates[put.day] = put.openings
        after = replace(sheet.schedule, exceptions=dates)
        changes = _changes(session, sheet, _sites(session, sheet.sites), sheet.sites, sheet.schedule, after)
        found = impacts.impacts(session, changes, now=now, since=min(days), week=monday_of(days[0]))
    capacity = {day: impacts.capacity_of_day(sheet.schedule, after, day) for day in sorted(set(days))}
    return DayImpact(found, capacity)


def changed(schedule: Schedule, plan: Plan) -> Schedule:
    """Give the hours of a planning after a plan."""
    others = [one for one in schedule.versions if one.applies_from != plan.target]
    versions = sorted([*others, Version(plan.target, plan.week)], key=lambda one: one.applies_from or date.min)
    return Schedule(zone(plan.timezone), tuple(versions), schedule.exceptions, plan.slot_minutes, plan.step_minutes)


def monday_of(day: date) -> date:
    """Give the Monday of a date's week.

    >>> monday_of(date(2026, 12, 6)).isoformat()
    '2026-11-30'
    """
    return day - (day.isoweekday() - 1) * DAY


def _changes(
    session: Session,
    sheet: Sheet | None,
    sites: Sequence[SiteCard],
    wanted: Sequence[str],
    old: Schedule,
    new: Schedule,
) -> list[SiteChange]:
    """Pair each site that is served, or was, with its hours before and after: none where it is not served."""
    pools = _pools(session, sheet.id) if sheet is not None else {}
    served = sheet.sites if sheet is not None else ()
    nothing = replace(new, versions=(), exceptions={})
    return [
        SiteChange(
            site,
            old if site.key in served else replace(nothing, slot_minutes=old.slot_minutes),
            new if site.key in wanted else nothing,
            *pools.get(site.id, (None, 0)),
        )
        for site in sites
        if site.key in served or site.key in wanted
    ]


def _pools(session: Session, planning_id: int) -> dict[int, tuple[int, int]]:
    rows = session.execute(select(Pool.site_id, Pool.id, Pool.longest_minutes).where(Pool.planning_id == planning_id))
    return {site_id: (pool_id, longest) for site_id, pool_id, longest in rows}


# Saving


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
