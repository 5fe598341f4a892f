"""Who served in a period: appointments and time of each person, and how full their hours were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import Status
from portal.domain.zones import zone
from portal.models import Appointment, Assignment, Resource, Site
from portal.models.types import epoch_seconds
from portal.operations import loads, resource_cards
from portal.operations.bookables import Bookable
from portal.operations.loads import PLANNED
from portal.operations.periods import Period, table
from portal.operations.place_cards import PlanningCard

LENGTH = epoch_seconds(Appointment.ends_at) - epoch_seconds(Appointment.starts_at)


@dataclass(frozen=True, slots=True)
class Served:
    """What a person did in a period. ``open_minutes`` are their hours, without closures of their site and absences.

    ``all_minutes`` are those of all that they had, whatever is asked for, as the distribution counts them: of every
    service at every site, and without those who did not come.
    """

    key: str
    name: str
    appointments: int
    booked_minutes: int
    all_minutes: int
    open_minutes: int

    @property
    def fill(self) -> float | None:
        """The share of their hours that was booked; None when they had none."""
        return self.all_minutes / self.open_minutes if self.open_minutes else None


def read(session: Session, pools: Iterable[Bookable], period: Period) -> tuple[Served, ...]:
    """List who served appointments of these services at their sites, by name. Nothing is asked where there is none.

    Whoever serves at several sites has the closed days of the one with most of their time.
    """
    services = [one for one in pools if not isinstance(one.item, PlanningCard)]
    if not services:
        return ()
    found: dict[int, list[Any]] = {}
    for row in session.execute(_time(services, period)):
        found.setdefault(row.resource_id, []).append(row)
    at_sites = {one.site.id: one for one in services}
    bounds = resource_cards.by_ids(session, found)
    spent = _spent(session, found, period)
    told = [_served(one, found[one.card.id], spent.get(one.card.id, 0), at_sites, period) for one in bounds]
    return tuple(sorted(told, key=lambda one: (one.name, one.key)))


def _time(services: Sequence[Bookable], period: Period) -> Any:
    """Add up appointments, those who did not come among them, and the time of the others, by person and site."""
    given = table([period], {one.zone for one in services})
    planned = case((Appointment.status.in_(PLANNED), LENGTH), else_=0)
    return (
        select(Assignment.resource_id, Site.id.label("site_id"), func.count().label("number"))
        .add_columns(func.sum(planned).label("seconds"))
        .select_from(Appointment)
        .join(Site, Site.id == Appointment.site_id)
        .join(given, given.c.zone == Site.timezone)
        .join(Assignment, Assignment.appointment_id == Appointment.id)
        .join(Resource, Resource.id == Assignment.resource_id)
        .where(
            Resource.kind == "staff",
            Appointment.status.in_((*PLANNED, Status.NO_SHOW)),
            Appointment.starts_at >= given.c.since,
            Appointment.starts_at < given.c.until,
            Appointment.site_id.in_({one.site.id for one in services}),
            Appointment.service_id.in_({one.item.id for one in services}),
        )
        .group_by(Assignment.resource_id, Site.id)
    )


def _spent(session: Session, people: Iterable[int], period: Period) -> dict[int, int]:
    """Add up the minutes of all that each person has, whatever is asked for, as ``loads.of`` counts them."""
    given = table([period], {zone(name) for name in session.scalars(select(Site.timezone).distinct())})
    query = (
        select(Assignment.resource_id, func.sum(LENGTH))
        .join(Appointment, Appointment.id == Assignment.appointment_id)
        .join(Site, Site.id == Appointment.site_id)
        .join(given, given.c.zone == Site.timezone)
        .where(
            Assignment.resource_id.in_(list(people)),
            Appointment.status.in_(PLANNED),
            Appointment.starts_at >= given.c.since,
            Appointment.starts_at < given.c.until,
        )
        .group_by(Assignment.resource_id)
    )
    return {resource: int(seconds) // 60 for resource, seconds in session.execute(query)}


def _served(
    bound: resource_cards.Bound, rows: Sequence[Any], spent: int, at_sites: Mapping[int, Bookable], period: Period
) -> Served:
    most = max(rows, key=lambda row: int(row.seconds))
    return Served(
        bound.card.key,
        bound.card.name,
        sum(row.number for row in rows),
        sum(int(row.seconds) for row in rows) // 60,
        spent,
        loads.open_minutes(bound, at_sites[most.site_id], period.first, period.last),
    )
