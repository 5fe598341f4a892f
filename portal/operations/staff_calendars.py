"""What the staff chooses from when it books for somebody or moves an appointment: hours and capacity alone bind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import attrgetter

from sqlalchemy.orm import Session

from portal.domain.errors import NotFound, StateChanged
from portal.domain.lifecycle import Status, move_allowed
from portal.domain.zones import local_day
from portal.extensions import reading
from portal.models import Appointment, Planning, Site
from portal.operations import availability, bookables, calendars, cards
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.calendars import Calendar, Choice, DayOfSlots, OpenSite
from portal.operations.cards import AppointmentCard
from portal.operations.scopes import EVERYWHERE, Scope

STAFF = Asking(staff=True)
NEAR = 3  # starts proposed instead of one that cannot be had
MANY = 200  # looked through for them: some may be past


def plannings(site: str | None = None, *, scope: Scope = EVERYWHERE) -> list[OpenSite]:
    """List every site in use, or one, with what can be booked there, by name."""
    query = bookables.joined().where(scope.limits(Site.id)).order_by(Site.name, Planning.name)
    with reading() as session:
        rows = session.execute(query if site is None else query.where(Site.key == site)).all()
        found = [bookables.from_row(session, row) for row in rows]
    sites = {one.site.id: one.site for one in found}
    return [OpenSite(shown, [one for one in found if one.site.id == shown.id]) for shown in sites.values()]


def bookable(site: str, planning: str) -> Bookable:
    """Find a planning in use at a site. Raises NotFound."""
    with reading() as session:
        return bookables.find(session, site, planning)


def month(site: str, planning: str, *, now: datetime, month: date | None = None, day: date | None = None) -> Calendar:
    """Lay out a month of free places. Raises NotFound."""
    with reading() as session:
        return _coming(session, bookables.find(session, site, planning), STAFF, now, month, day)


def day(site: str, planning: str, day: date, *, now: datetime) -> DayOfSlots:
    """List a day's slots. Raises NotFound."""
    with reading() as session:
        return _of_day(session, bookables.find(session, site, planning), day, now, STAFF)


def choice(site: str, planning: str, start: datetime, *, now: datetime) -> Choice:
    """Look at one start, free or not. Raises NotFound."""
    with reading() as session:
        return _look(session, bookables.find(session, site, planning), start, now, STAFF)


@dataclass(frozen=True, slots=True)
class Moving:
    """An appointment on its way to another time of its own planning, as if it were not there."""

    card: AppointmentCard
    bookable: Bookable
    asking: Asking


def move_month(
    public_id: str, *, now: datetime, month: date | None = None, day: date | None = None
) -> tuple[AppointmentCard, Calendar]:
    """Lay out a month to move an appointment in. Raises NotFound, StateChanged."""
    with reading() as session:
        moving = _moving(session, public_id)
        return moving.card, _coming(session, moving.bookable, moving.asking, now, month, day)


def move_day(public_id: str, day: date, *, now: datetime) -> tuple[AppointmentCard, DayOfSlots]:
    """List a day's slots to move an appointment to. Raises NotFound, StateChanged."""
    with reading() as session:
        moving = _moving(session, public_id)
        return moving.card, _of_day(session, moving.bookable, day, now, moving.asking)


def move_choice(public_id: str, start: datetime, *, now: datetime) -> tuple[AppointmentCard, Choice]:
    """Look at one start to move an appointment to. Raises NotFound, StateChanged."""
    with reading() as session:
        moving = _moving(session, public_id)
        return moving.card, _look(session, moving.bookable, start, now, moving.asking)


def _moving(session: Session, public_id: str) -> Moving:
    card = next(iter(cards.cards(session, cards.listing().where(Appointment.public_id == public_id))), None)
    if card is None:
        raise NotFound
    if card.item is None or not move_allowed(card.status, Status.CANCELLED):
        raise StateChanged(status=card.status)
    bookable = bookables.of_item(session, card.site.id, card.item)
    return Moving(card, bookable, replace(STAFF, quantity=card.units, leaving_out=card.id))


def _coming(
    session: Session, bookable: Bookable, asking: Asking, now: datetime, month: date | None, day: date | None
) -> Calendar:
    """Lay out a month as for visitors, without what is past: staff may book it, but nobody on the telephone asks."""
    found = calendars.calendar(session, bookable, now=now, month=month, day=day, asking=asking)
    shown = replace(found.month, starts=tuple(start for start in found.month.starts if start.start >= now))
    free = list(shown.by_day)
    soonest = found.soonest
    if soonest is not None and soonest.start < now:
        tomorrow = local_day(now, bookable.zone) + timedelta(days=1)
        of_month = shown.offered if found.first == found.earliest_month else ()
        soonest = (
            of_month[0] if of_month else availability.next_free(session, bookable, tomorrow, now=now, asking=asking)
        )
    following = found.following if free or found.following else soonest
    asked = day is not None and found.day == day
    return replace(
        found,
        month=shown,
        day=found.day if asked else (free[0] if free else None),
        soonest=soonest,
        following=None if free else following,
    )


def _of_day(session: Session, bookable: Bookable, day: date, now: datetime, asking: Asking) -> DayOfSlots:
    found = availability.search(session, bookable, day, day, now=now, asking=asking)
    return DayOfSlots(bookable, day, [start for start in found.starts if start.start >= now], found.binding)


def _look(session: Session, bookable: Bookable, start: datetime, now: datetime, asking: Asking) -> Choice:
    """Judge one start as booking it does; where it cannot be had, find the nearest to come."""
    judged = availability.judge(session, bookable, start, now=now, asking=asking)
    if judged.offered:
        return Choice(bookable, judged)
    wanted = max(start, now)
    near = availability.nearest(session, bookable, wanted, now=now, asking=asking, count=MANY)
    coming = sorted((one for one in near if one.start >= now), key=lambda one: abs(one.start - wanted))[:NEAR]
    return Choice(bookable, judged, sorted(coming, key=attrgetter("start")))
