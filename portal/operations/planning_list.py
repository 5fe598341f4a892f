"""The list of all plannings: what each makes possible in a week, and how much of it is booked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import ACTIVE
from portal.domain.openings import Opening, Version, Week, possible_in_week
from portal.domain.zones import local_day, zone
from portal.extensions import reading
from portal.models import Appointment, Planning, PlanningVersion, Pool, Site, WeeklyOpening
from portal.operations.plannings import in_force


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
