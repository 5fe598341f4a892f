"""What the staff chooses from when it books for somebody or moves an appointment: hours and capacity alone bind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import attrgetter

from sqlalchemy.orm import Session

from portal.domain.errors import NotFound, StateChanged
from portal.domain.lifecycle import Status, move_allowed
from portal.domain.zones import local_day
from portal.extensions import reading
from portal.models import Appointment, Planning, Site
from portal.operations import assigning, availability, bookables, calendars, cards, choosing, exchanges
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.calendars import Calendar, Choice, DayOfSlots
from portal.operations.cards import AppointmentCard
from portal.operations.choosing import NOTHING_PICKED, Picked
from portal.operations.place_cards import SiteCard
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.wishes import Exchange

STAFF = Asking(staff=True)
NEAR = 3  # starts proposed instead of one that cannot be had
MANY = 200  # looked through for them: some may be past


@dataclass(frozen=True, slots=True)
class SitePlannings:
    """A site with its plannings, by name."""

    site: SiteCard
    plannings: Sequence[Bookable]


def plannings(site: str | None = None, *, scope: Scope = EVERYWHERE) -> list[SitePlannings]:
    """List every site in use, or one, with the plannings there, by name."""
    with reading() as session:
        return plannings_of(session, scope, site)


def plannings_of(session: Session, scope: Scope, site: str | None = None) -> list[SitePlannings]:
    """List them as ``plannings`` does, in a read that is under way."""
    query = bookables.joined().where(scope.limits(Site.id)).order_by(Site.name, Planning.name)
    rows = session.execute(query if site is None else query.where(Site.key == site)).all()
    found = [bookables.from_row(session, row) for row in rows]
    sites = {one.site.id: one.site for one in found}
    return [SitePlannings(shown, [one for one in found if one.site.id == shown.id]) for shown in sites.values()]


def bookable(site: str, planning: str) -> Bookable:
    """Find a planning in use at a site. Raises NotFound."""
    with reading() as session:
        return bookables.find(session, site, planning)


@dataclass(frozen=True, slots=True)
class Subject:
    """What the staff books: a planning or a service at a site by their keys, and what was picked of it."""

    site: str
    planning: str | None = None
    service: str | None = None
    picked: Picked = NOTHING_PICKED

    def opened(self, session: Session) -> tuple[Bookable, Asking]:
        """Find it, and ask for what was picked. Raises NotFound, Invalid for what cannot be picked there."""
        found = bookables.find(session, self.site, self.planning, service=self.service)
        return found, choosing.asked(session, found, STAFF, self.picked)


def month(subject: Subject, *, now: datetime, month: date | None = None, day: date | None = None) -> Calendar:
    """Lay out a month of free places. Raises NotFound, Invalid."""
    with reading() as session:
        found, asking = subject.opened(session)
        return _coming(session, found, asking, now, month, day)


def day(subject: Subject, day: date, *, now: datetime) -> DayOfSlots:
    """List a day's slots. Raises NotFound, Invalid."""
    with reading() as session:
        found, asking = subject.opened(session)
        return _of_day(session, found, day, now, asking)


def choice(subject: Subject, start: datetime, *, now: datetime) -> Choice:
    """Look at one start, free or not. Raises NotFound, Invalid."""
    with reading() as session:
        found, asking = subject.opened(session)
        return _look(session, found, start, now, asking)


@dataclass(frozen=True, slots=True)
class Moving:
    """An appointment on its way to another time, with the people it has, as if it were not there."""

    card: AppointmentCard
    bookable: Bookable
    asking: Asking


def move_month(
    public_id: str,
    *,
    now: datetime,
    month: date | None = None,
    day: date | None = None,
    exchange: Exchange | None = None,
) -> tuple[AppointmentCard, Calendar]:
    """Lay out a month to move an appointment in, with who takes over. Raises NotFound, StateChanged, Invalid."""
    with reading() as session:
        moving = _moving(session, public_id, exchange)
        found = _coming(session, moving.bookable, moving.asking, now, month, day)
    return moving.card, found if exchange else calendars.elsewhen(found, moving.card.start)


def move_day(
    public_id: str, day: date, *, now: datetime, exchange: Exchange | None = None
) -> tuple[AppointmentCard, DayOfSlots]:
    """List a day's slots to move an appointment to. Raises as ``move_month``."""
    with reading() as session:
        moving = _moving(session, public_id, exchange)
        return moving.card, _of_day(session, moving.bookable, day, now, moving.asking)


def move_choice(
    public_id: str, start: datetime, *, now: datetime, exchange: Exchange | None = None
) -> tuple[AppointmentCard, Choice]:
    """Look at one start to move an appointment to. Raises as ``move_month``."""
    with reading() as session:
        moving = _moving(session, public_id, exchange)
        return moving.card, _look(session, moving.bookable, start, now, moving.asking)


def _moving(session: Session, public_id: str, exchange: Exchange | None) -> Moving:
    card = next(iter(cards.cards(session, cards.listing().where(Appointment.public_id == public_id))), None)
    if card is None:
        raise NotFound
    if card.item is None or not move_allowed(card.status, Status.CANCELLED):
        raise StateChanged(status=card.status)
    bookable = bookables.of_item(session, card.site.id, card.item)
    kept = assigning.kept(session, card.id)
    asking = replace(STAFF, quantity=card.units, iterations=card.iterations, resources=kept, leaving_out=card.id)
    taking = exchange and exchanges.taking(session, bookable, card, exchange)
    return Moving(card, bookable, taking.asking(asking) if taking else asking)


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
    found = calendars.day_of_slots(session, bookable, day, now, asking)
    return replace(found, slots=[start for start in found.slots if start.start >= now])


def _look(session: Session, bookable: Bookable, start: datetime, now: datetime, asking: Asking) -> Choice:
    """Judge one start as booking it does; where it cannot be had, find the nearest to come."""
    judged = availability.judge(session, bookable, start, now=now, asking=asking)
    if judged.offered:
        return Choice(bookable, judged)
    wanted = max(start, now)
    near = availability.nearest(session, bookable, wanted, now=now, asking=asking, count=MANY)
    coming = sorted((one for one in near if one.start >= now), key=lambda one: abs(one.start - wanted))[:NEAR]
    return Choice(bookable, judged, sorted(coming, key=attrgetter("start")))
