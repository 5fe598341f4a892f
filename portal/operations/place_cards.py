"""Sites and plannings as pages and rules need them: hours, closures, policies, questions.

They are read from the tables once per revision: every edit of a site or a planning gives it a new random revision, so
what is kept here under a revision can never be stale, in any process, on any database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import fields
from portal.domain.fields import Question
from portal.domain.notices import Notices
from portal.domain.openings import Closure, Opening, Schedule, SiteCalendar, Version, Week, no_holiday
from portal.domain.zones import zone
from portal.models import Closure as ClosureRow
from portal.models import ExceptionalDay, ExceptionalOpening, Planning, PlanningVersion, Site, WeeklyOpening
from portal.operations.keepsakes import kept


@dataclass(frozen=True, slots=True, eq=False)
class SiteCard:
    """What a page, a mail or a rule needs of a site."""

    id: int
    revision: str
    key: str
    name: str
    address: str
    email: str | None
    phone: str | None
    latitude: float | None
    longitude: float | None
    policy: Mapping[str, Any]
    notices: Notices
    calendar: SiteCalendar

    @property
    def zone(self) -> ZoneInfo:
        """The site's own zone, in which its pages speak."""
        return self.calendar.zone


@dataclass(frozen=True, slots=True, eq=False)
class PlanningCard:
    """What a page or a rule needs of a planning."""

    id: int
    revision: str
    key: str
    name: str
    kinds: tuple[str, ...]
    guests: bool
    policy: Mapping[str, Any]
    schedule: Schedule
    questions: tuple[Question, ...]  # asked of who books, in order
    ever_asked: tuple[Question, ...]  # also those that are asked no more: the words of answers once given

    @property
    def minutes(self) -> int:
        """How long an appointment takes."""
        return self.schedule.slot_minutes

    def named(self, _locale: str) -> str:
        """Give its name, which is the same in every language."""
        return self.name


def site_card(session: Session, site_id: int, revision: str) -> SiteCard:
    """Give a site's card at a revision."""
    return site_cards(session, {site_id: revision})[site_id]


def site_cards(session: Session, revisions: Mapping[int, str]) -> dict[int, SiteCard]:
    """Give cards of sites at their revisions, by id: in a fixed number of statements, however many are new to us."""
    return kept.many(revisions, lambda missing: _read_sites(session, missing))


def planning_card(session: Session, planning_id: int, revision: str) -> PlanningCard:
    """Give a planning's card at a revision."""
    return planning_cards(session, {planning_id: revision})[planning_id]


def planning_cards(session: Session, revisions: Mapping[int, str]) -> dict[int, PlanningCard]:
    """Give cards of plannings at their revisions, by id: in a fixed number of statements."""
    return kept.many(revisions, lambda missing: _read_plannings(session, missing))


def _read_sites(session: Session, revisions: Mapping[int, str]) -> dict[int, SiteCard]:
    """Read the cards of sites, by their ids with their revisions."""
    rows = session.execute(select(Site.__table__).where(Site.id.in_(revisions))).all()
    closures = _closures(session, revisions)
    return {row.id: _site_card(row, revisions[row.id], closures.get(row.id, ())) for row in rows}


def _site_card(row: Any, revision: str, closures: tuple[Closure, ...]) -> SiteCard:
    return SiteCard(
        row.id,
        revision,
        row.key,
        row.name,
        row.address,
        row.email,
        row.phone,
        row.latitude,
        row.longitude,
        row.policy,
        Notices.of(row.notices),
        SiteCalendar(zone(row.timezone), closures, holiday_calendar(row.holidays)),
    )


def _closures(session: Session, site_ids: Collection[int]) -> dict[int, tuple[Closure, ...]]:
    rows = session.execute(
        select(ClosureRow.site_id, ClosureRow.first_day, ClosureRow.last_day, ClosureRow.label)
        .where(ClosureRow.site_id.in_(site_ids))
        .order_by(ClosureRow.site_id, ClosureRow.id)
    ).all()
    return {
        group[0].site_id: tuple(Closure(row.first_day, row.last_day, row.label) for row in group)
        for group in _grouped(rows, "site_id")
    }


def _read_plannings(session: Session, revisions: Mapping[int, str]) -> dict[int, PlanningCard]:
    """Read the cards of plannings, by their ids with their revisions."""
    rows = session.execute(select(Planning.__table__).where(Planning.id.in_(revisions))).all()
    versions, exceptions = _versions(session, revisions), _exceptions(session, revisions)
    return {
        row.id: _planning_card(row, revisions[row.id], versions.get(row.id, ()), exceptions.get(row.id, {}))
        for row in rows
    }


def _planning_card(
    row: Any, revision: str, versions: tuple[Version, ...], exceptions: Mapping[date, tuple[Opening, ...]]
) -> PlanningCard:
    schedule = Schedule(zone(row.timezone), versions, exceptions, row.slot_minutes, row.step_minutes)
    known = tuple(fields.kept(one) for one in row.fields)
    return PlanningCard(
        row.id,
        revision,
        row.key,
        row.name,
        tuple(row.kinds),
        row.guests,
        row.policy,
        schedule,
        fields.asked_of(known),
        known,
    )


def _versions(session: Session, planning_ids: Collection[int]) -> dict[int, tuple[Version, ...]]:
    rows = session.execute(
        select(
            PlanningVersion.planning_id,
            PlanningVersion.id,
            PlanningVersion.applies_from,
            WeeklyOpening.weekday,
            WeeklyOpening.start_minute,
            WeeklyOpening.end_minute,
            WeeklyOpening.slots,
            WeeklyOpening.services,
        )
        .outerjoin(WeeklyOpening)
        .where(PlanningVersion.planning_id.in_(planning_ids))
        .order_by(PlanningVersion.planning_id, PlanningVersion.id, WeeklyOpening.weekday, WeeklyOpening.start_minute)
    ).all()
    return {group[0].planning_id: _in_order(group) for group in _grouped(rows, "planning_id")}


def _in_order(rows: Iterable[Any]) -> tuple[Version, ...]:
    versions = [Version(group[0].applies_from, _week(group)) for group in _grouped(rows, "id")]
    return tuple(sorted(versions, key=lambda version: version.applies_from or date.min))


def _week(rows: Iterable[Any]) -> Week:
    opened = [row for row in rows if row.weekday is not None]
    return {group[0].weekday: tuple(_opening(row) for row in group) for group in _grouped(opened, "weekday")}


def _exceptions(session: Session, planning_ids: Collection[int]) -> dict[int, dict[date, tuple[Opening, ...]]]:
    rows = session.execute(
        select(
            ExceptionalDay.planning_id,
            ExceptionalDay.day,
            ExceptionalOpening.start_minute,
            ExceptionalOpening.end_minute,
            ExceptionalOpening.slots,
            ExceptionalOpening.services,
        )
        .outerjoin(ExceptionalOpening)
        .where(ExceptionalDay.planning_id.in_(planning_ids))
        .order_by(ExceptionalDay.planning_id, ExceptionalDay.day, ExceptionalOpening.start_minute)
    ).all()
    return {
        group[0].planning_id: {
            day[0].day: tuple(_opening(row) for row in day if row.start_minute is not None)
            for day in _grouped(group, "day")
        }
        for group in _grouped(rows, "planning_id")
    }


def _opening(row: Any) -> Opening:
    return Opening(row.start_minute, row.end_minute, row.slots, tuple(row.services))


def _grouped(rows: Iterable[Any], name: str) -> list[list[Any]]:
    return [list(group) for _, group in groupby(rows, key=attrgetter(name))]


@cache
def holiday_calendar(name: str | None) -> Callable[[date], str | None]:
    """Give the public holidays of a country, or of a part of it ("FR-57"): a local date to its name.

    Raises ``NotImplementedError`` for a country or part that the library does not know.
    """
    if not name:
        return no_holiday
    import holidays  # noqa: PLC0415 - half a second: only where a site observes a calendar

    country, _, part = name.partition("-")
    known = holidays.country_holidays(country, subdiv=part or None, language="fr" if country == "FR" else None)
    return known.get
