"""Where the appointments of a day stand, at each site by its own clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, false, or_, select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import Status
from portal.domain.zones import day_bounds, local_day
from portal.models import Appointment, Site
from portal.operations import assignments, bookables, place_cards
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard
from portal.operations.marks import MARKS
from portal.operations.place_cards import PlanningCard, SiteCard
from portal.operations.scopes import Scope
from portal.operations.service_cards import ServiceCard

LATE = timedelta(minutes=5)  # after the start, until when nobody is called late


class Stand(StrEnum):
    """Where an appointment stands on its day, in the order of the page."""

    EXPECTED = "expected"
    LATE = "late"
    ARRIVED = "arrived"
    REQUESTED = "requested"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    GONE = "gone"


NEWEST_FIRST = (Stand.LATE, Stand.COMPLETED, Stand.NO_SHOW, Stand.GONE)
"""Where the last ones are looked for: who comes late has missed a start that is near, not this morning's."""


def stand_of(card: AppointmentCard, now: datetime) -> Stand:
    """Tell where an appointment stands at a moment."""
    if card.status is Status.CONFIRMED:
        return Stand.LATE if card.start < now - LATE else Stand.EXPECTED
    if card.status is Status.REQUESTED:
        return Stand.REQUESTED
    return Stand(card.status.value) if card.status in MARKS else Stand.GONE


def standing(now: datetime) -> ColumnElement[str]:
    """Tell the same of a row of appointments."""
    confirmed = Appointment.status == Status.CONFIRMED.value
    return case(
        (and_(confirmed, Appointment.starts_at < now - LATE), Stand.LATE.value),
        (confirmed, Stand.EXPECTED.value),
        (Appointment.status == Status.REQUESTED.value, Stand.REQUESTED.value),
        (Appointment.status.in_([mark.value for mark in MARKS]), Appointment.status),
        else_=Stand.GONE.value,
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """Which day is looked at, and what of it: None is today, every site, all that is booked, everybody who serves.

    Unknown keys are None too, but of somebody: an unknown person serves nobody.
    """

    day: date | None = None
    site: str | None = None
    planning: str | None = None
    service: str | None = None
    staff: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """The day that is looked at, and where: a chosen ``site``, and ``planning`` or ``service``, or all.

    ``bookables`` are in use there; ``person`` is the key of somebody who serves what is looked at, None is anybody.
    Without a site, today is what the clock of the first says.
    """

    day: date
    today: date
    site: SiteCard | None
    planning: Bookable | None
    service: Bookable | None
    person: str | None
    sites: Sequence[SiteCard]
    bookables: Sequence[Bookable]

    @property
    def chosen(self) -> Bookable | None:
        """The planning or the service that is looked at alone."""
        return self.planning or self.service

    @property
    def place(self) -> str:
        """The name of the site that is looked at alone, nothing where all are."""
        return self.site.name if self.site is not None else ""


def frame(session: Session, asked: Asked, now: datetime, scope: Scope) -> Frame:
    """Find out what is looked at, among the sites that somebody works for."""
    rows = session.execute(
        select(Site.id, Site.revision).where(Site.active, scope.limits(Site.id)).order_by(Site.name, Site.id)
    ).all()
    found = _in_use(session, scope)
    sites = [place_cards.site_card(session, row.id, row.revision) for row in rows]
    site = next((one for one in sites if one.key == asked.site), None)
    there = [one for one in found if site is None or one.site.id == site.id]
    plannings = (one for one in there if isinstance(one.item, PlanningCard))
    planning = next((one for one in plannings if one.item.key == asked.planning), None)
    services = (one for one in there if isinstance(one.item, ServiceCard) and planning is None)
    service = next((one for one in services if one.item.key == asked.service), None)
    today = local_day(now, (site or sites[0]).zone) if sites else now.date()
    return Frame(asked.day or today, today, site, planning, service, asked.staff, sites, there)


def _in_use(session: Session, scope: Scope) -> list[Bookable]:
    """List what is in use at the sites that somebody works for: by site, the plannings and then the services."""
    rows = session.execute(bookables.ANYTHING.where(scope.limits(Site.id))).all()
    return bookables.from_any_rows(session, rows)


def within(frame: Frame) -> ColumnElement[bool]:
    """Take the appointments that start on the local date of each site, whatever became of them."""
    bounds = [(site.id, *day_bounds(frame.day, site.zone)) for site in ([frame.site] if frame.site else frame.sites)]
    starting = or_(
        false(),
        *(
            and_(Appointment.site_id == site_id, Appointment.starts_at >= since, Appointment.starts_at < until)
            for site_id, since, until in bounds
        ),
    )
    booked = [starting, Appointment.status != Status.HELD.value]
    if frame.planning is not None:
        booked.append(Appointment.planning_id == frame.planning.item.id)
    if frame.service is not None:
        booked.append(Appointment.service_id == frame.service.item.id)
    if frame.person is not None:
        booked.append(assignments.served_by(frame.person))
    return and_(*booked)
