"""What whoever manages an appointment chooses from to move it, as if it were not there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from portal.domain.errors import StateChanged
from portal.extensions import reading
from portal.operations import assigning, bookables, calendars, cards, links
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.calendars import Calendar, Choice, DayOfSlots
from portal.operations.cards import AppointmentCard
from portal.operations.service_cards import ServiceCard


def month(
    token: str, *, now: datetime, month: date | None = None, day: date | None = None, counted: bool = False
) -> tuple[AppointmentCard, Calendar]:
    """Lay out a month to move an appointment in, as if it were not there. Raises LinkUnknown, StateChanged."""
    with reading() as session:
        card, bookable, asking = _moving(session, token, now)
        found = calendars.calendar(session, bookable, now=now, month=month, day=day, asking=asking)
    return card, calendars.looked(calendars.elsewhen(found, card.start), day, counted)


def day(token: str, day: date, *, now: datetime, counted: bool = False) -> tuple[AppointmentCard, DayOfSlots]:
    """List a day's slots to move an appointment to. Raises LinkUnknown, StateChanged."""
    with reading() as session:
        card, bookable, asking = _moving(session, token, now)
        return card, calendars.day_of_slots(session, bookable, day, now, asking, counted)


def choice(token: str, start: datetime, *, now: datetime) -> tuple[AppointmentCard, Choice]:
    """Look at one start to move an appointment to. Raises LinkUnknown, StateChanged."""
    with reading() as session:
        card, bookable, asking = _moving(session, token, now)
        return card, calendars.choice(session, bookable, start, now, asking)


def _moving(session: Session, token: str, now: datetime) -> tuple[AppointmentCard, Bookable, Asking]:
    card = cards.managed(session, token)
    if card.item is None or not card.active(now):
        raise StateChanged(status=card.status)
    bookable = bookables.of_item(session, card.site.id, card.item)
    asking = links.asking_of(session, card.link_id, leaving_out=card.id, customer=card.email)
    kept = assigning.kept(session, card.id) if isinstance(card.item, ServiceCard) else ()
    return card, bookable, replace(asking, quantity=card.units, iterations=card.iterations, resources=kept)
