"""What another zone or calendar of public holidays does to a site's appointments, before it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import ACTIVE
from portal.domain.openings import SiteCalendar
from portal.domain.zones import zone
from portal.extensions import reading
from portal.models import Appointment, Site
from portal.operations import bookables, place_cards, transfer_effects
from portal.operations.cards import AppointmentCard, cards, listing
from portal.operations.sites import MOST_LISTED, Plan, Sheet


@dataclass(frozen=True, slots=True)
class SiteEffect:
    """How many appointments no longer fit (the first are named), and how many are shown at other hours."""

    unfit: int
    appointments: Sequence[AppointmentCard]
    moved: int

    @property
    def count(self) -> int:
        """How many a person should know of."""
        return max(self.unfit, self.moved)


NO_EFFECT = SiteEffect(0, (), 0)


def preview(sheet: Sheet, plan: Plan, *, now: datetime) -> SiteEffect:
    """Compare a site with what it is to be. Nothing is read where neither zone nor holidays change."""
    if (plan.timezone, plan.holidays) == (sheet.timezone, sheet.holidays):
        return NO_EFFECT
    with reading() as session:
        references = _unfit(session, sheet, plan, now)
        first = listing().where(Appointment.reference.in_(references[:MOST_LISTED]))
        named = cards(session, first.order_by(Appointment.starts_at, Appointment.id)) if references else []
        moved = _coming(session, sheet.id, now) if plan.timezone != sheet.timezone else 0
    return SiteEffect(len(references), named, moved)


def _unfit(session: Session, sheet: Sheet, plan: Plan, now: datetime) -> list[str]:
    """Name the appointments that the plannings of the site held and no longer hold, by their references."""
    holidays = place_cards.holiday_calendar(plan.holidays)
    found: list[str] = []
    for row in session.execute(bookables.joined().where(Site.id == sheet.id)).all():
        before = bookables.from_row(session, row)
        calendar = SiteCalendar(zone(plan.timezone), before.site.calendar.closures, holidays)
        after = replace(before, site=replace(before.site, calendar=calendar))
        found += [reference for reference, _start in transfer_effects.misfits(session, before, after, now)]
    return found


def _coming(session: Session, site_id: int, now: datetime) -> int:
    coming = and_(Appointment.site_id == site_id, Appointment.status.in_(ACTIVE), Appointment.ends_at > now)
    return session.scalar(select(func.count()).where(coming)) or 0
