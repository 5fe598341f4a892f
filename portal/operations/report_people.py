"""Who served in a period: appointments and time of each person, and how full their hours were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import OCCUPYING
from portal.models import Appointment, Assignment, Resource, Site
from portal.models.types import epoch_seconds
from portal.operations import assigning, resource_cards
from portal.operations.bookables import Bookable
from portal.operations.periods import Period, table
from portal.operations.place_cards import PlanningCard


@dataclass(frozen=True, slots=True)
class Served:
    """What a person did in a period. ``open_minutes`` are their hours, without closures of their site and absences."""

    key: str
    name: str
    appointments: int
    booked_minutes: int
    open_minutes: int

    @property
    def fill(self) -> float | None:
        """The share of their hours that was booked; None when they had none."""
        return self.booked_minutes / self.open_minutes if self.open_minutes else None


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
    told = [_served(one, found[one.card.id], at_sites, period) for one in bounds]
    return tuple(sorted(told, key=lambda one: (one.name, one.key)))


def _time(services: Sequence[Bookable], period: Period) -> Any:
    """Add up appointments and their time, without buffers, by person and site."""
    given = table([period], {one.zone for one in services})
    seconds = func.sum(epoch_seconds(Appointment.ends_at) - epoch_seconds(Appointment.starts_at))
    return (
        select(Assignment.resource_id, Site.id.label("site_id"), func.count().label("number"), seconds.label("seconds"))
        .select_from(Appointment)
        .join(Site, Site.id == Appointment.site_id)
        .join(given, given.c.zone == Site.timezone)
        .join(Assignment, Assignment.appointment_id == Appointment.id)
        .join(Resource, Resource.id == Assignment.resource_id)
        .where(
            Resource.kind == "staff",
            Appointment.status.in_([one.value for one in OCCUPYING]),
            Appointment.starts_at >= given.c.since,
            Appointment.starts_at < given.c.until,
            Appointment.site_id.in_({one.site.id for one in services}),
            Appointment.service_id.in_({one.item.id for one in services}),
        )
        .group_by(Assignment.resource_id, Site.id)
    )


def _served(
    bound: resource_cards.Bound, rows: Sequence[Any], at_sites: Mapping[int, Bookable], period: Period
) -> Served:
    most = max(rows, key=lambda row: int(row.seconds))
    return Served(
        bound.card.key,
        bound.card.name,
        sum(row.number for row in rows),
        sum(int(row.seconds) for row in rows) // 60,
        assigning.open_minutes(bound, at_sites[most.site_id], period.first, period.last),
    )
