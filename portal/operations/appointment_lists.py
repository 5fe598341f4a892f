"""Lists of appointments for staff and programs, in order of their start, a page at a time."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound
from portal.domain.lifecycle import Status
from portal.domain.zones import day_bounds, parse_instant, zone
from portal.extensions import reading, settings
from portal.models import Appointment, Assignment, Order, Organisation, Planning, Resource, Service, Site
from portal.operations.addresses import normal_address
from portal.operations.cards import AppointmentCard, cards, listing

MOST = 200  # appointments on one page


@dataclass(frozen=True, slots=True)
class Filter:
    """Which appointments to list: those that start in ``[since, until)``; None = all.

    ``site``, ``planning``, ``service`` and ``resource`` (one that they have) are keys.
    """

    since: datetime | None = None
    until: datetime | None = None
    site: str | None = None
    planning: str | None = None
    service: str | None = None
    resource: str | None = None
    statuses: Sequence[str] = ()
    order: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class AppointmentPage:
    """Some of the appointments found; ``next`` is the cursor of the following page, None on the last."""

    appointments: Sequence[AppointmentCard]
    next: str | None


def find_appointments(wanted: Filter, *, cursor: str | None = None, size: int = 50) -> AppointmentPage:
    """List appointments by their start. Raises Invalid for an unknown status, address or cursor."""
    size = min(max(size, 1), MOST)
    query = listing().where(*_conditions(wanted), *_after(cursor)).order_by(Appointment.starts_at, Appointment.id)
    with reading() as session:
        found = cards(session, query.limit(size + 1))
    return AppointmentPage(found[:size], _cursor(found[size - 1]) if len(found) > size else None)


def of_day(site: str, day: date) -> Sequence[AppointmentCard]:
    """List a site's appointments that start on one of its local days, whatever their state. Raises NotFound."""
    since, until = local_bounds(day, day, site=site)
    conditions = _conditions(Filter(since=since, until=until, site=site))
    with reading() as session:
        return cards(session, listing().where(*conditions).order_by(Appointment.starts_at, Appointment.id))


def local_bounds(
    first: date | None, last: date | None, *, site: str | None = None
) -> tuple[datetime | None, datetime | None]:
    """Turn local days, both included, into instants: in the site's zone, else the organisation's. Raises NotFound."""
    with reading() as session:
        local = _zone(session, site)
    since = day_bounds(first, local)[0] if first else None
    return since, day_bounds(last, local)[1] if last else None


def _zone(session: Session, site: str | None) -> ZoneInfo:
    if site is None:
        return zone(session.scalar(select(Organisation.timezone)) or settings().default_timezone)
    if (found := session.scalar(select(Site.timezone).where(Site.key == site))) is None:
        raise NotFound
    return zone(found)


def _conditions(wanted: Filter) -> list[Any]:
    found: list[Any] = []
    if wanted.since is not None:
        found.append(Appointment.starts_at >= wanted.since)
    if wanted.until is not None:
        found.append(Appointment.starts_at < wanted.until)
    if wanted.site is not None:
        found.append(Appointment.site_id == select(Site.id).where(Site.key == wanted.site).scalar_subquery())
    if wanted.planning is not None:
        query = select(Planning.id).where(Planning.key == wanted.planning)
        found.append(Appointment.planning_id == query.scalar_subquery())
    if wanted.service is not None:
        query = select(Service.id).where(Service.key == wanted.service)
        found.append(Appointment.service_id == query.scalar_subquery())
    if wanted.resource is not None:
        having = select(Assignment.appointment_id).join(Resource, Resource.id == Assignment.resource_id)
        found.append(Appointment.id.in_(having.where(Resource.key == wanted.resource)))
    if wanted.statuses:
        found.append(Appointment.status.in_([_status(status) for status in wanted.statuses]))
    if wanted.order is not None:
        found.append(Appointment.order_id == select(Order.id).where(Order.reference == wanted.order).scalar_subquery())
    if wanted.email is not None:
        found.append(Appointment.email == normal_address(wanted.email))
    return found


def _status(name: str) -> str:
    if name not in set(Status):
        raise Invalid(field="status", problem="not_a_choice", value=name, choices=tuple(Status))
    return name


def _cursor(last: AppointmentCard) -> str:
    return base64.urlsafe_b64encode(f"{last.start.isoformat()} {last.id}".encode()).decode().rstrip("=")


def _after(cursor: str | None) -> Sequence[Any]:
    if not cursor:
        return ()
    try:
        start, _, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition(" ")
    except (binascii.Error, ValueError) as error:
        raise Invalid(field="cursor", problem="expected", value=cursor) from error
    instant = parse_instant(start)
    if instant is None or not number.isdigit() or len(number) > 18:
        raise Invalid(field="cursor", problem="expected", value=cursor)
    return (tuple_(Appointment.starts_at, Appointment.id) > (instant, int(number)),)
