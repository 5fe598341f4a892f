"""What a change of a service means for the appointments to come, before it is saved: all stay as they were booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from portal.extensions import reading
from portal.models import Appointment, Site
from portal.operations import concerned, consequences, transfer_services
from portal.operations.cards import AppointmentCard, cards, listing
from portal.operations.concerned import Why
from portal.operations.services import Plan, Sheet, plan_of

MOST_LISTED = 30  # appointments named one by one; the others are counted


@dataclass(frozen=True, slots=True)
class Left:
    """A site at which the service is offered no more, and how many appointments to come are there."""

    site: str
    count: int


@dataclass(frozen=True, slots=True)
class ServiceEffect:
    """How many appointments to come keep their old length, what they have, or their place where it is left.

    ``meeting``: how many are held in another way than was said. ``count`` is how many there are in all; the first are
    named. ``signature`` tells one effect from another.
    """

    times: int
    needs: int
    meeting: int
    retired: int
    left: Sequence[Left]
    count: int
    appointments: Sequence[AppointmentCard]
    signature: str


NO_EFFECT = ServiceEffect(0, 0, 0, 0, (), 0, (), "")


def preview(sheet: Sheet, plan: Plan, *, now: datetime) -> ServiceEffect:
    """Compare a service with what it is to be. Nothing is read where nothing concerns what is booked."""
    old, new = _as_written(plan_of(sheet)), _as_written(plan)
    if old == new:
        return NO_EFFECT
    with reading() as session:
        before = transfer_services.services(session, [sheet.key])[sheet.key]
        found = consequences.of(session, concerned.changed(services={sheet.key: {**before, **new}}), now=now)
        if not found:
            return NO_EFFECT
        first = listing().where(Appointment.id.in_([one.id for one in found[:MOST_LISTED]]))
        named = cards(session, first.order_by(Appointment.starts_at, Appointment.id))
        names = {row.key: row.name for row in session.execute(select(Site.key, Site.name).order_by(Site.name))}
    retired = old["active"] and not new["active"]
    at = Counter(one.site for one in found if Why.LEFT in one.why)
    return ServiceEffect(
        times=len(concerned.ids_of(found, Why.LENGTH)),
        needs=len(concerned.ids_of(found, Why.NEEDS)),
        meeting=len(concerned.ids_of(found, Why.MEETING)),
        retired=at.total() if retired else 0,
        left=[] if retired else [Left(name, at[key]) for key, name in names.items() if at[key]],
        count=len(found),
        appointments=named,
        signature=sha256(repr([(one.id, one.why) for one in found]).encode()).hexdigest()[:16],
    )


def _as_written(plan: Plan) -> Mapping[str, Any]:
    """Say what appointments depend on as the configuration file does."""
    return {
        "minutes": plan.minutes,
        "buffer_before": plan.buffer_before,
        "buffer_after": plan.buffer_after,
        "reservation": plan.reservation.as_mapping(),
        "requires": [one.as_mapping() for one in plan.requires],
        "planning": plan.planning,
        "mode": plan.mode,
        "sites": sorted(plan.sites),
        "active": plan.active,
    }
