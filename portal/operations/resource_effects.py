"""What a change of a resource does to the appointments that have it, before it is saved.

Each appointment to come is judged by the resource as it is and as it is to be; those that no longer fit are named.
They stay: nothing is cancelled by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.matching import Candidate
from portal.domain.openings import Schedule, SiteCalendar, always
from portal.domain.steps import Steps
from portal.domain.zones import zone
from portal.extensions import reading
from portal.models import (
    Absence,
    Appointment,
    Planning,
    Pool,
    Site,
)
from portal.operations import place_cards
from portal.operations.cards import AppointmentCard, cards, listing
from portal.operations.resource_cards import away_of
from portal.operations.resource_judging import TAKEN, Judge, Misfit, State, to_judge
from portal.operations.resources import Plan, Sheet

MOST_LISTED = 30  # appointments named one by one; the others are counted


@dataclass(frozen=True, slots=True)
class Away:
    """An absence in local time, as a row of the table has it."""

    starts_local: datetime
    ends_local: datetime
    label: str = ""
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class Affected:
    """An appointment that no longer fits."""

    appointment: AppointmentCard
    why: Misfit


@dataclass(frozen=True, slots=True)
class Effects:
    """What a change does: all are counted, the first are named; ``signature`` tells one effect from another."""

    count: int
    affected: Sequence[Affected]
    signature: str


NONE = Effects(0, (), "")


def of_plan(sheet: Sheet, plan: Plan, *, now: datetime) -> Effects:
    """Compare a resource with what it is to be."""
    with reading() as session:
        before = _state(session, sheet, sheet.plan)
        after = _state(session, sheet, plan)
        return _effects(session, sheet, before, after, now)


def of_absences(sheet: Sheet, change: Callable[[list[Any]], Iterable[Any]], *, now: datetime) -> Effects:
    """Compare the absences of a resource, rows of the table, with what ``change`` makes of them."""
    with reading() as session:
        before = _state(session, sheet, sheet.plan)
        rows = list(change(_absences(session, sheet.id)))
        after = replace(before, absent=_absent(rows, sheet.plan.timezone))
        return _effects(session, sheet, before, after, now)


def coming(sheet: Sheet, *, now: datetime) -> Effects:
    """List the appointments that a resource still has: those that it would leave behind."""
    return of_plan(replace(sheet, plan=replace(sheet.plan, active=True)), replace(sheet.plan, active=False), now=now)


def _state(session: Session, sheet: Sheet, plan: Plan) -> State:
    candidate = Candidate(sheet.id, sheet.kind, plan.skills, plan.persons, frozenset(plan.features))
    sites = frozenset(session.scalars(select(Site.id).where(Site.key.in_(plan.sites))))
    absent = _absent(_absences(session, sheet.id), plan.timezone)
    schedules = _schedules(session, sheet, plan)
    return State(plan.active, sites, candidate, schedules, absent, plan.max_per_day, zone(plan.timezone))


def _schedules(session: Session, sheet: Sheet, plan: Plan) -> tuple[Schedule, ...]:
    """Give the hours: those of plannings in use, as ``resource_cards.Bound`` has them."""
    query = select(Planning.id, Planning.revision).where(Planning.key.in_(plan.plannings), Planning.active)
    found = place_cards.planning_cards(session, {row.id: row.revision for row in session.execute(query)})
    planned = tuple(one.schedule for one in found.values())
    return planned or (() if sheet.kind == "staff" else (always(zone(plan.timezone)),))


def _absences(session: Session, resource_id: int) -> list[Any]:
    return list(session.execute(select(Absence.__table__).where(Absence.resource_id == resource_id)))


def _absent(rows: Iterable[Any], timezone: str) -> Steps:
    gone = (away_of(one, zone(timezone)) for one in rows)
    return Steps.highest_of((one.start, one.end, 1) for one in gone)


def _effects(session: Session, sheet: Sheet, before: State, after: State, now: datetime) -> Effects:
    if before == after:
        return NONE
    rows = session.execute(TAKEN.where(Pool.resource_id == sheet.id, to_judge(now))).all()
    calendar = partial(calendar_of, session)
    found: dict[int, Misfit] = {}
    for row, why in Judge(after, rows, calendar).worse(Judge(before, rows, calendar), now):
        found.setdefault(row.id, why)
    if not found:
        return NONE
    first = list(found)[:MOST_LISTED]
    named = cards(session, listing().where(Appointment.id.in_(first)).order_by(Appointment.starts_at, Appointment.id))
    return Effects(len(found), [Affected(one, found[one.id]) for one in named], _sign(found))


def _sign(found: dict[int, Misfit]) -> str:
    return sha256(repr(sorted((number, why.value) for number, why in found.items())).encode()).hexdigest()[:16]


def calendar_of(session: Session, site_id: int) -> SiteCalendar:
    """Give the closed days of a site."""
    revision = session.scalars(select(Site.revision).where(Site.id == site_id)).one()
    return place_cards.site_card(session, site_id, revision).calendar
