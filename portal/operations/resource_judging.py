"""Whether the appointments that have a resource fit it: as it is, or as it is to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, select

from portal.domain.matching import Candidate, Requirement, fits
from portal.domain.openings import Schedule, SiteCalendar, profile, serving
from portal.domain.steps import Steps
from portal.domain.zones import DAY, epoch, local_day
from portal.models import Allocation, Appointment, Assignment, Pool, Service
from portal.operations.occupancy import BEGINS

LONGEST_DAY = timedelta(hours=27)  # of any clock, with what its zone changes by


class Misfit(StrEnum):
    """Why an appointment does not fit its resource, the first that holds."""

    RETIRED = "retired"
    SITE = "site"  # it left the appointment's site
    UNFIT = "unfit"  # it lacks what the service requires
    ABSENT = "absent"
    HOURS = "hours"  # outside its hours, or more at once than it takes
    MANY = "many"  # more on its local date than it takes in a day


@dataclass(frozen=True, slots=True)
class State:
    """What a resource's appointments are judged on; ``sites`` are ids, ``most`` begin on a date in its ``zone``."""

    active: bool
    sites: frozenset[int]
    candidate: Candidate
    schedules: tuple[Schedule, ...]
    absent: Steps
    most: int | None
    zone: ZoneInfo


TAKEN: Select[*tuple[Any, ...]] = (
    select(
        Appointment.id,
        Appointment.reference,
        Appointment.site_id,
        Appointment.starts_at,
        Appointment.ends_at,
        Appointment.wanted_start,
        Appointment.wanted_end,
        BEGINS.label("begins"),
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


def to_judge(now: datetime) -> ColumnElement[bool]:
    """Find what is to be judged: appointments that have not ended, and those that count on the same day."""
    return Allocation.ends_at > now - LONGEST_DAY


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
        if self._free(row).lowest(epoch(start), epoch(end)) < 0:
            return Misfit.HOURS
        many = state.most is not None and len(self._days[self._day(row)]) > state.most
        return Misfit.MANY if many else None

    def worse(self, before: Judge, now: datetime) -> Iterator[tuple[Any, Misfit]]:
        """Yield the appointments to come that do not fit, and before did, or for another reason did not."""
        for row in self._rows:
            why = self.misfit(row) if row.taken_to > now else None
            if why is not None and why != before.misfit(row):
                yield row, why

    @cached_property
    def _days(self) -> Mapping[date, set[int]]:
        """The appointments that begin on each of the resource's local dates."""
        found: dict[date, set[int]] = {}
        for row in self._rows:
            found.setdefault(self._day(row), set()).add(row.id)
        return found

    def _day(self, row: Any) -> date:
        return local_day(row.begins, self._state.zone)

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
