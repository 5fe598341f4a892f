"""Plannings as the staff edits them: settings, the week in its versions, exceptional days.

Whoever saves says which revision the page showed. When somebody else saved meanwhile nothing is written, and the page
can say what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Any

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound
from portal.domain.openings import Opening, Schedule, Version, Week, check_minutes, check_openings
from portal.domain.policy import check_policy
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
from portal.operations import edits, keepsakes, place_cards, reserved_hours
from portal.operations.actors import SYSTEM, Actor
from portal.operations.place_cards import SiteCard
from portal.operations.planning_facts import day_facts, tell, week_facts
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.sites import RULES

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
class Sheet(edits.OfSites):
    """A planning as its page shows it. ``sites`` are the keys of those that it serves now.

    ``policy`` holds the rules that are its own; where it says nothing, the site's rules apply.
    """

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
    site_ids: frozenset[int]
    exceptions: tuple[Exceptional, ...]
    policy: Mapping[str, Any]

    def named(self, _locale: str) -> str:
        """Give its name, which is the same in every language."""
        return self.name

    @property
    def rules(self) -> dict[str, Any]:
        """The rules of a page that are its own."""
        return {name: value for name, value in self.policy.items() if name in RULES}

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


def all_sites(also: Sequence[str] = (), *, scope: Scope = EVERYWHERE) -> list[SiteCard]:
    """List the sites in use by name, and ``also`` those of these keys, in use or not."""
    with reading() as session:
        return site_cards(session, also, scope)


def site_cards(session: Session, also: Sequence[str] = (), scope: Scope = EVERYWHERE) -> list[SiteCard]:
    """List sites as ``all_sites``, within the caller's session."""
    shown = and_(scope.limits(Site.id), or_(Site.active, Site.key.in_(also)))
    rows = session.execute(select(Site.id, Site.revision).where(shown).order_by(Site.name)).all()
    return [place_cards.site_card(session, row.id, row.revision) for row in rows]


def read(key: str) -> Sheet:
    """Read a planning. Raises NotFound."""
    with reading() as session:
        return sheet_of(session, key)


def sheet_of(session: Session, key: str) -> Sheet:
    """Read a planning within the caller's session. Raises NotFound."""
    row = session.execute(select(Planning.__table__).where(Planning.key == key)).first()
    if row is None:
        raise NotFound
    card = place_cards.planning_card(session, row.id, row.revision)
    labels = session.execute(
        select(ExceptionalDay.day, ExceptionalDay.label)
        .where(ExceptionalDay.planning_id == row.id)
        .order_by(ExceptionalDay.day)
    )
    serving = select(Site.key, Site.id).join(Pool, Pool.site_id == Site.id)
    served = session.execute(serving.where(Pool.planning_id == row.id, Pool.active).order_by(Site.name)).all()
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
        sites=tuple(one.key for one in served),
        site_ids=frozenset(one.id for one in served),
        exceptions=tuple(Exceptional(day, label, card.schedule.exceptions.get(day, ())) for day, label in labels),
        policy=card.policy,
    )


@retried
def create(key: str, plan: Plan, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Make a planning with its first week. Raises Invalid."""
    check(plan)
    _check_date(plan, (), now)
    with transaction() as session:
        reserved_hours.check(session, chain.from_iterable(plan.week.values()))
        if session.scalar(select(Planning.id).where(Planning.key == key)) is not None:
            raise Invalid(field="key", problem="exists", value=key)
        made = Planning(key=key, revision=keepsakes.new_revision(), policy={}, **_settings(plan))
        made.versions = [PlanningVersion(applies_from=None, openings=_weekly(plan.week))]
        session.add(made)
        session.flush()
        sites = edits.serve(session, Pool.planning_id, made.id, plan.sites)
        tell(session, by, "created", key, plan.name, sites, now, {}, {**_facts(plan), **week_facts(plan.week)})


@retried
def save(key: str, revision: str, plan: Plan, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Write a planning's settings and one of its weeks. Raises NotFound, StateChanged, Invalid."""
    check(plan)
    with transaction() as session:
        sheet = sheet_of(session, key)
        reserved_hours.check(session, chain.from_iterable(plan.week.values()))
        claim(session, sheet, revision, _settings(plan))
        _check_date(plan, (one.applies_from for one in sheet.schedule.versions), now)
        sites = edits.serve(session, Pool.planning_id, sheet.id, plan.sites)
        _drop_version(session, sheet.id, plan.target)
        session.add(PlanningVersion(planning_id=sheet.id, applies_from=plan.target, openings=_weekly(plan.week)))
        old = sheet.version(plan.target)
        before = {**_facts(sheet), **(week_facts(old.week, plan.target) if old is not None else {})}
        after = {**_facts(plan), **week_facts(plan.week, plan.target)}
        tell(session, by, "changed", key, plan.name, sites | sheet.site_ids, now, before, after)


@retried
def save_rules(key: str, revision: str, rules: Mapping[str, Any], *, now: datetime, by: Actor = SYSTEM) -> None:
    """Write the rules that are a planning's own, those of ``RULES``; what is left out follows the site.

    ``rules`` are as the configuration file writes them. Raises NotFound, StateChanged, Invalid.
    """
    check_policy(dict(rules))
    with transaction() as session:
        sheet = sheet_of(session, key)
        others = {name: value for name, value in sheet.policy.items() if name not in RULES}
        claim(session, sheet, revision, {"policy": {**others, **rules}})
        tell(session, by, "changed", key, sheet.name, sheet.site_ids, now, sheet.rules, rules)


@retried
def drop_version(key: str, revision: str, applies_from: date, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Drop a version that does not apply yet; what is in force stays. Raises NotFound, StateChanged, Invalid."""
    with transaction() as session:
        sheet = sheet_of(session, key)
        claim(session, sheet, revision)
        if applies_from <= sheet.today(now):
            raise Invalid(field="applies_from", problem="past", value=applies_from)
        old = sheet.version(applies_from)
        if old is None or not _drop_version(session, sheet.id, applies_from):
            raise NotFound
        tell(session, by, "changed", key, sheet.name, sheet.site_ids, now, week_facts(old.week, applies_from), {})


@retried
def save_day(
    key: str,
    revision: str,
    wanted: Exceptional,
    *,
    instead_of: date | None = None,
    now: datetime,
    by: Actor = SYSTEM,
) -> None:
    """Write an exceptional day, in the place of another when its date changed.

    Raises NotFound, StateChanged, Invalid.
    """
    check_openings(wanted.openings)
    with transaction() as session:
        sheet = sheet_of(session, key)
        claim(session, sheet, revision)
        if instead_of is not None and not _drop_day(session, sheet.id, instead_of):
            raise NotFound
        if sheet.exceptional(wanted.day) is not None and wanted.day != instead_of:
            raise Invalid(field="day", problem="duplicate_date", value=wanted.day)
        reserved_hours.check(session, wanted.openings)
        hours = [ExceptionalOpening(**_columns(one)) for one in wanted.openings]
        session.add(ExceptionalDay(planning_id=sheet.id, day=wanted.day, label=wanted.label, openings=hours))
        old = sheet.exceptional(instead_of) if instead_of is not None else None
        before = day_facts(old.day, old.label, old.openings) if old is not None else {}
        tell(
            session,
            by,
            "changed",
            key,
            sheet.name,
            sheet.site_ids,
            now,
            before,
            day_facts(wanted.day, wanted.label, wanted.openings),
        )


@retried
def drop_day(key: str, revision: str, day: date, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Give a date its week back. Raises NotFound, StateChanged."""
    with transaction() as session:
        sheet = sheet_of(session, key)
        claim(session, sheet, revision)
        old = sheet.exceptional(day)
        if old is None or not _drop_day(session, sheet.id, day):
            raise NotFound
        tell(
            session,
            by,
            "changed",
            key,
            sheet.name,
            sheet.site_ids,
            now,
            day_facts(old.day, old.label, old.openings),
            {},
        )


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


def _facts(plan: Plan | Sheet) -> dict[str, Any]:
    """Write the settings of a planning for the audit log."""
    schedule = plan.schedule if isinstance(plan, Sheet) else plan
    return {
        "name": plan.name,
        "timezone": plan.timezone,
        "sites": sorted(plan.sites),
        "kinds": sorted(plan.kinds),
        "guests": plan.guests,
        "active": plan.active,
        "slot_minutes": schedule.slot_minutes,
        "step_minutes": schedule.step_minutes,
    }


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


def claim(session: Session, sheet: Sheet, revision: str, values: Mapping[str, Any] | None = None) -> None:
    """Write the planning's own row first, as ``edits.claim``. Raises StateChanged."""
    edits.claim(session, Planning, sheet, revision, values)


def _drop_version(session: Session, planning_id: int, applies_from: date | None) -> bool:
    same = PlanningVersion.applies_from.is_not_distinct_from(applies_from)
    query = delete(PlanningVersion).where(PlanningVersion.planning_id == planning_id, same)
    return session.scalar(query.returning(PlanningVersion.id)) is not None


def _drop_day(session: Session, planning_id: int, day: date) -> bool:
    query = delete(ExceptionalDay).where(ExceptionalDay.planning_id == planning_id, ExceptionalDay.day == day)
    return session.scalar(query.returning(ExceptionalDay.id)) is not None


def _weekly(week: Week) -> list[WeeklyOpening]:
    return [
        WeeklyOpening(weekday=weekday, **_columns(one))
        for weekday, openings in sorted(week.items())
        for one in openings
    ]


def _columns(opening: Opening) -> dict[str, Any]:
    return {
        "start_minute": opening.start,
        "end_minute": opening.end,
        "slots": opening.slots,
        "services": list(opening.services),
    }
