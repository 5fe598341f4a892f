"""What another length, other needs, another place or clock mean for the appointments to come: all stay as booked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import ACTIVE
from portal.domain.zones import zone
from portal.models import Appointment, Planning, Service, Site
from portal.operations.concerned import Changed, Concerned, Why
from portal.operations.transfer_places import sites
from portal.operations.transfer_plannings import plannings
from portal.operations.transfer_services import services

PROMISED = {
    Why.LENGTH: ("minutes", "buffer_before", "buffer_after", "reservation"),
    Why.NEEDS: ("requires", "planning"),
    Why.MEETING: ("mode",),
}
"""What an appointment was booked with, and keeps or does not."""


def of_services(session: Session, changed: Changed, now: datetime) -> Iterator[Concerned]:
    """Yield the appointments of services that are to be others, where that means anything for them."""
    known = services(session, changed["services"].keys()) if changed["services"] else {}
    for key, before in known.items():
        after = changed["services"][key]
        kept = tuple(why for why, names in PROMISED.items() if any(before[name] != after[name] for name in names))
        left = set(before["sites"]) - set(after["sites"] if after["active"] or not before["active"] else ())
        for row in _coming(session, Service.key == key, now) if kept or left else ():
            why = (*kept, *([Why.LEFT] if row.site in left else []))
            if why:
                yield _concerned(key, row, why)


def of_plannings(session: Session, changed: Changed, now: datetime) -> Iterator[Concerned]:
    """Yield the appointments of plannings whose slots get another length."""
    known = plannings(session, changed["plannings"].keys()) if changed["plannings"] else {}
    for key, before in known.items():
        other = before["slot_minutes"] != changed["plannings"][key]["slot_minutes"]
        for row in _coming(session, Planning.key == key, now) if other else ():
            yield _concerned(key, row, (Why.LENGTH,))


def of_sites(session: Session, changed: Changed, now: datetime) -> Iterator[Concerned]:
    """Yield the appointments at sites that get another time zone, or go out of use."""
    known = sites(session, changed["sites"].keys()) if changed["sites"] else {}
    for key, before in known.items():
        after = changed["sites"][key]
        why = (
            *([Why.LEFT] if before["active"] and not after["active"] else []),
            *([Why.CLOCK] if before["timezone"] != after["timezone"] else []),
        )
        for row in _coming(session, Site.key == key, now) if why else ():
            yield _concerned(key, row, why)


def _coming(session: Session, whose: ColumnElement[bool], now: datetime) -> Sequence[Any]:
    coming = and_(whose, Appointment.status.in_(ACTIVE), Appointment.ends_at > now)
    return session.execute(
        select(Appointment.id, Appointment.reference, Appointment.starts_at, Site.key.label("site"), Site.timezone)
        .join(Site, Site.id == Appointment.site_id)
        .outerjoin(Service, Service.id == Appointment.service_id)
        .outerjoin(Planning, Planning.id == Appointment.planning_id)
        .where(coming)
        .order_by(Appointment.starts_at, Appointment.id)
    ).all()


def _concerned(where: str, row: Any, why: tuple[Why, ...]) -> Concerned:
    start = row.starts_at.astimezone(zone(row.timezone))
    return Concerned(where, row.site, row.id, row.reference, start, why)
