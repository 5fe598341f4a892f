"""Whether the appointments that have a resource fit it: as it is, or as it is to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select

from portal.domain.matching import Candidate, Requirement, fits
from portal.domain.openings import Schedule, SiteCalendar, profile, serving
from portal.domain.steps import Steps
from portal.domain.zones import DAY, epoch, local_day
from portal.models import Allocation, Appointment, Assignment, Pool, Service


class Misfit(StrEnum):
    """Why an appointment does not fit its resource, the first that holds."""

    RETIRED = "retired"
    SITE = "site"  # it left the appointment's site
    UNFIT = "unfit"  # it lacks what the service requires
    ABSENT = "absent"
    HOURS = "hours"  # outside its hours, or more at once than it takes


@dataclass(frozen=True, slots=True)
class State:
    """What a resource's appointments are judged on; ``sites`` are ids."""

    active: bool
    sites: frozenset[int]
    candidate: Candidate
    schedules: tuple[Schedule, ...]
    absent: Steps


TAKEN: Select[*tuple[Any, ...]] = (
    select(
        Appointment.id,
        Appointment.reference,
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


class Judge:
    """Judges appointments, rows of ``TAKEN``, by one state of their resource.

    ``calendar`` gives the closed days of a site by its id.
    """

    def __init__(self, state: State, rows: Sequence[Any], calendar: Callable[[int], SiteCalendar]) -> None:
        self._state = state
        self._calendar = calendar
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
        calendar = self._calendar(site_id)
        first = local_day(min(row.taken_from for row in self._rows), calendar.zone) - DAY
        last = local_day(max(row.taken_to for row in self._rows), calendar.zone) + DAY
        return profile([serving(one, service) for one in self._state.schedules], calendar, first, last).steps


def _required(row: Any) -> Requirement | None:
    """Give what the appointment's service requires of the resource; nothing where the staff added it."""
    if row.requirement is None or row.requires is None or row.requirement >= len(row.requires):
        return None
    return Requirement.of(row.requires[row.requirement])
