"""What another zone, calendar of public holidays or retirement does to a site's appointments, before it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from portal.extensions import reading
from portal.models import Appointment
from portal.operations import concerned, consequences, transfer_places
from portal.operations.cards import AppointmentCard, cards, listing
from portal.operations.concerned import Why
from portal.operations.sites import MOST_LISTED, Plan, Sheet


@dataclass(frozen=True, slots=True)
class SiteEffect:
    """How many appointments no longer fit, are shown at other hours, or are at a site that goes out of use.

    ``count`` is how many there are in all; the first are named. ``signature`` tells one effect from another.
    """

    unfit: int
    moved: int
    left: int
    count: int
    appointments: Sequence[AppointmentCard]
    signature: str


NO_EFFECT = SiteEffect(0, 0, 0, 0, (), "")


def preview(sheet: Sheet, plan: Plan, *, now: datetime) -> SiteEffect:
    """Compare a site with what it is to be. Nothing is read where nothing changes that appointments depend on."""
    wanted = {"timezone": plan.timezone, "holidays": plan.holidays, "active": plan.active}
    if all(getattr(sheet, name) == value for name, value in wanted.items()):
        return NO_EFFECT
    with reading() as session:
        before = transfer_places.sites(session, [sheet.key])[sheet.key]
        found = consequences.of(session, concerned.changed(sites={sheet.key: {**before, **wanted}}), now=now)
        ids = {why: concerned.ids_of(found, why) for why in (Why.UNFIT, Why.LEFT, Why.CLOCK)}
        every = list(dict.fromkeys(one for some in ids.values() for one in some))
        first = listing().where(Appointment.id.in_(every[:MOST_LISTED]))
        named = cards(session, first.order_by(Appointment.starts_at, Appointment.id)) if every else []
    if not every:
        return NO_EFFECT
    signature = sha256(repr(sorted(ids.items())).encode()).hexdigest()[:16]
    unfit, left, moved = (len(some) for some in ids.values())
    return SiteEffect(unfit, moved, left, len(every), named, signature)
