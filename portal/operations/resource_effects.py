"""What a change of a resource does to the appointments that have it, before it is saved.

Each appointment to come is judged by the resource as it is and as it is to be; those that no longer fit are named.
They stay: nothing is cancelled by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain.matching import Candidate, Requirement, fits
from portal.domain.openings import Schedule, always, profile, serving
from portal.domain.steps import Steps
from portal.domain.zones import DAY, epoch, local_day, zone
from portal.extensions import reading
from portal.models import (
    Absence,
    Allocation,
    Appointment,
    Assignment,
    Planning,
    Pool,
    Service,
    Site,
)
from portal.operations import bookables
from portal.operations.cards import AppointmentCard, cards, listing
from portal.operations.resource_cards import away_of
from portal.operations.resources import Plan, Sheet

MOST_LISTED = 30  # appointments named one by one; the others are counted


class Misfit(StrEnum):
    """Why an appointment does not fit its resource, the first that holds."""

    RETIRED = "retired"
    SITE = "site"  # it left the appointment's site
    UNFIT = "unfit"  # it lacks what the service requires
    ABSENT = "absent"
    HOURS = "hours"  # outside its hours, or more at once than it takes


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


@dataclass(frozen=True, slots=True)
class _State:
    """What appointments are judged on."""

    active: bool
    sites: frozenset[int]
    candidate: Candidate
    schedules: tuple[Schedule, ...]
    absent: Steps


def _state(session: Session, sheet: Sheet, plan: Plan) -> _State:
    candidate = Candidate(sheet.id, sheet.kind, plan.skills, plan.persons, frozenset(plan.features))
    sites = frozenset(session.scalars(select(Site.id).where(Site.key.in_(plan.sites))))
    absent = _absent(_absences(session, sheet.id), plan.timezone)
    return _State(plan.active, sites, candidate, _schedules(session, sheet, plan), absent)


def _schedules(session: Session, sheet: Sheet, plan: Plan) -> tuple[Schedule, ...]:
    """Give the hours: those of plannings in use, as ``resource_cards.Bound`` has them."""
    query = select(Planning.id, Planning.revision).where(Planning.key.in_(plan.plannings), Planning.active)
    found = bookables.planning_cards(session, {row.id: row.revision for row in session.execute(query)})
    planned = tuple(one.schedule for one in found.values())
    return planned or (() if sheet.kind == "staff" else (always(zone(plan.timezone)),))


def _absences(session: Session, resource_id: int) -> list[Any]:
    return list(session.execute(select(Absence.__table__).where(Absence.resource_id == resource_id)))


def _absent(rows: Iterable[Any], timezone: str) -> Steps:
    gone = (away_of(one, zone(timezone)) for one in rows)
    return Steps.highest_of((one.start, one.end, 1) for one in gone)


TAKEN: Select[*tuple[Any, ...]] = (
    select(
        Appointment.id,
        Appointment.site_id,
        Appointment.starts_at,
        Appointment.ends_at,
        Appointment.wanted_start,
        Appointment.wanted_end,
        Allocation.role,
        Allocation.units,
        Allocation.starts_at.label("taken_from"),
        Allocation.ends_at.label("taken_to"),
        Assignment.requirement,
        Service.key.label("service"),
        Service.requires,
        Pool.resource_id,
    )
    .select_from(Pool)
    .join(Allocation, Allocation.pool_id == Pool.id)
    .join(Appointment, Appointment.id == Allocation.appointment_id)
    .outerjoin(Assignment, (Assignment.appointment_id == Appointment.id) & (Assignment.resource_id == Pool.resource_id))
    .outerjoin(Service, Service.id == Appointment.service_id)
    .where(Allocation.released_at.is_(None), Allocation.taken_until.is_(None))
    .order_by(Allocation.starts_at, Appointment.id)
)


def _effects(session: Session, sheet: Sheet, before: _State, after: _State, now: datetime) -> Effects:
    if before == after:
        return NONE
    rows = session.execute(TAKEN.where(Pool.resource_id == sheet.id, Allocation.ends_at > now)).all()
    old, new = _Judge(session, before, rows), _Judge(session, after, rows)
    found: dict[int, Misfit] = {}
    for row in rows:
        why = new.misfit(row)
        if why is not None and why != old.misfit(row):
            found.setdefault(row.id, why)
    if not found:
        return NONE
    first = list(found)[:MOST_LISTED]
    named = cards(session, listing().where(Appointment.id.in_(first)).order_by(Appointment.starts_at, Appointment.id))
    return Effects(len(found), [Affected(one, found[one.id]) for one in named], _sign(found))


def _sign(found: dict[int, Misfit]) -> str:
    return sha256(repr(sorted((number, why.value) for number, why in found.items())).encode()).hexdigest()[:16]


class _Judge:
    """Judges appointments by one state of their resource."""

    def __init__(self, session: Session, state: _State, rows: Sequence[Any]) -> None:
        self._session = session
        self._state = state
        self._rows = rows
        self._used = [(epoch(row.taken_from), epoch(row.taken_to), row.units) for row in rows]
        self._left: dict[tuple[int, str | None], Steps] = {}

    def misfit(self, row: Any) -> Misfit | None:
        """Say why an appointment does not fit, if it does not."""
        state = self._state
        if not state.active:
            return Misfit.RETIRED
        if row.site_id not in state.sites:
            return Misfit.SITE
        if (needed := _required(row)) is not None and not fits(state.candidate, needed):
            return Misfit.UNFIT
        if state.absent.highest(epoch(row.taken_from), epoch(row.taken_to)):
            return Misfit.ABSENT
        start, end = (row.wanted_start, row.wanted_end) if row.role == "wanted" else (row.starts_at, row.ends_at)
        return Misfit.HOURS if self._free(row).lowest(epoch(start), epoch(end)) < 0 else None

    def _free(self, row: Any) -> Steps:
        """Give what is left of the hours that are open to the service at the site; below zero is too many."""
        wanted = row.site_id, row.service
        if wanted not in self._left:
            self._left[wanted] = self._hours(*wanted).less(self._used)
        return self._left[wanted]

    def _hours(self, site_id: int, service: str | None) -> Steps:
        revision = self._session.scalars(select(Site.revision).where(Site.id == site_id)).one()
        calendar = bookables.site_card(self._session, site_id, revision).calendar
        first = local_day(min(row.taken_from for row in self._rows), calendar.zone) - DAY
        last = local_day(max(row.taken_to for row in self._rows), calendar.zone) + DAY
        return profile([serving(one, service) for one in self._state.schedules], calendar, first, last).steps


def _required(row: Any) -> Requirement | None:
    """Give what the appointment's service requires of the resource; nothing where the staff added it."""
    if row.requirement is None or row.requires is None or row.requirement >= len(row.requires):
        return None
    return Requirement.of(row.requires[row.requirement])
