"""What a visitor chooses from: a month of days, a day of slots, for a guest, for a link, for a move.

``counted``: somebody looks who may want to come, and what they find or miss is noted as demand (``operations.demand``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from portal.domain.errors import NotFound, StateChanged
from portal.domain.slots import Start
from portal.domain.zones import local_day
from portal.extensions import reading
from portal.operations import (
    access,
    assigning,
    availability,
    bookables,
    cards,
    continuations,
    demand,
    holds,
    links,
    proposals,
    wanting,
)
from portal.operations.asking import PUBLIC, Asking, Binding
from portal.operations.availability import Availability
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard
from portal.operations.continuations import Introduced
from portal.operations.holds import Kept
from portal.operations.links import OpenLink
from portal.operations.place_cards import PlanningCard
from portal.operations.proposals import Proposals
from portal.operations.service_cards import ServiceCard
from portal.operations.wanting import NOTHING_HEARD, NOTHING_WANTED, Heard, Question, Wanted


@dataclass(frozen=True, slots=True)
class Calendar:
    """A month of a bookable, with one of its days chosen.

    ``first`` is the first day of the month. ``day`` is the chosen day: the one asked for, else the first with a free
    slot, else None. ``soonest`` is the first free start of all, ``following`` the first after an empty month.
    """

    bookable: Bookable
    asking: Asking
    today: date
    first: date
    month: Availability
    day: date | None
    soonest: Start | None
    following: Start | None
    earliest_month: date
    latest_month: date

    @property
    def slots(self) -> Sequence[Start]:
        """Every candidate start of the chosen day, offered or not."""
        return self.month.of_day(self.day) if self.day is not None else ()


def calendar(
    session: Session,
    bookable: Bookable,
    *,
    now: datetime,
    month: date | None = None,
    day: date | None = None,
    asking: Asking = PUBLIC,
) -> Calendar:
    """Lay out a month: the one of ``day``, else ``month``, else the first that has a free slot."""
    today = local_day(now, bookable.zone)
    earliest, latest = _bounds(bookable, today, asking)
    soonest = None
    first = min(max((day or month or earliest).replace(day=1), earliest.replace(day=1)), latest.replace(day=1))
    shown = availability.search(session, bookable, first, _last_of(first), now=now, asking=asking)
    if day is None and month is None and not shown.by_day:
        after = _last_of(first) + timedelta(days=1)
        soonest = availability.next_free(session, bookable, after, now=now, asking=asking)
        if soonest is not None:
            first = local_day(soonest.start, bookable.zone).replace(day=1)
            shown = availability.search(session, bookable, first, _last_of(first), now=now, asking=asking)
    free = list(shown.by_day)
    if free and first == earliest.replace(day=1):
        soonest = shown.offered[0]  # it is on the page already: nothing earlier can be booked
    elif soonest is None:
        soonest = availability.next_free(session, bookable, earliest, now=now, asking=asking)
    after = _last_of(first) + timedelta(days=1)
    following = None if free else availability.next_free(session, bookable, after, now=now, asking=asking)
    chosen = day if day is not None and first <= day <= _last_of(first) else (free[0] if free else None)
    return Calendar(
        bookable,
        asking,
        today,
        first,
        shown,
        chosen,
        soonest,
        following,
        earliest.replace(day=1),
        latest.replace(day=1),
    )


def _bounds(bookable: Bookable, today: date, asking: Asking) -> tuple[date, date]:
    """Give the first and last local day that may be looked at."""
    horizon = today + timedelta(days=366 if asking.staff else bookable.policy.max_days)
    earliest = max(today, asking.first_day or today)
    return earliest, max(earliest, min(horizon, asking.last_day or horizon))


def _last_of(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayOfSlots:
    """One day of a bookable: every candidate start, offered or with its reasons."""

    bookable: Bookable
    day: date
    slots: Sequence[Start]
    binding: Binding
    asking: Asking


def _looked(found: Calendar, day: date | None, counted: bool) -> Calendar:
    if counted:
        demand.look(found.month, day)
    return found


def _day(
    session: Session, bookable: Bookable, day: date, now: datetime, asking: Asking, counted: bool = False
) -> DayOfSlots:
    found = availability.search(session, bookable, day, day, now=now, asking=asking)
    if counted:
        demand.look(found)
    return DayOfSlots(bookable, day, found.starts, found.binding, asking)


@dataclass(frozen=True, slots=True)
class Choice:
    """One start that somebody is about to take, as it stands now.

    When it cannot be had, there are others near it, and what binds who asks.
    """

    bookable: Bookable
    start: Start
    nearest: Sequence[Start] = ()
    binding: Binding | None = None
    kept_until: datetime | None = None  # by the hold of the form that asks


def _choice(session: Session, bookable: Bookable, start: datetime, now: datetime, asking: Asking) -> Choice:
    judged = availability.judge(session, bookable, start, now=now, asking=asking)
    if judged.offered:
        return Choice(bookable, judged)
    near = availability.nearest(session, bookable, start, now=now, asking=asking)
    day = local_day(start, bookable.zone)
    return Choice(bookable, judged, near, availability.bound(session, bookable, day, now=now, asking=asking))


def _own(kept: Kept | None, choice: Choice) -> Choice:
    """Say of a choice until when its place is kept for the form that asks."""
    return replace(choice, kept_until=kept.until) if kept is not None and kept.start == choice.start.start else choice


# Guests


@dataclass(frozen=True, slots=True)
class Carried:
    """Tokens in the address of a guest's page: of a continuation, and of the hold of its form.

    ``used``: the continuation may be used up already, by the very request that is sent again.
    """

    continuation: str | None = None
    hold: str | None = None
    used: bool = False


NOTHING = Carried()


@dataclass(frozen=True, slots=True)
class Met:
    """What takes guests, the customer whom a mail of ours introduced, what was heard, and what is held for the form."""

    bookable: Bookable
    introduced: Introduced | None
    kept: Kept | None
    heard: Heard

    @property
    def asking(self) -> Asking:
        """Ask for slots as this guest: limits go by the address, and the form's own hold is in nobody's way."""
        email = self.introduced.email if self.introduced is not None else None
        return self.heard.asking(Asking(customer=email, leaving_out=self.kept.id if self.kept is not None else None))

    @property
    def by_mail(self) -> bool:
        """Whether the guest must go on by a mail first."""
        return self.introduced is None and access.by_mail_only(self.bookable)


@dataclass(frozen=True, slots=True)
class GuestPage:
    """What a guest sees of a planning or a service: whom or what to choose first, else a month."""

    met: Met
    shown: Proposals | Calendar


def guest_page(
    site: str,
    planning: str | None,
    *,
    now: datetime,
    service: str | None = None,
    wanted: Wanted = NOTHING_WANTED,
    month: date | None = None,
    day: date | None = None,
    by: Carried = NOTHING,
    counted: bool = False,
) -> GuestPage:
    """Read what a guest chooses from next.

    Raises NotFound, also where no guests are taken, LinkUnknown, LinkExpired.
    """
    with reading() as session:
        met = _met(session, site, planning, by, now, service=service, wanted=wanted)
        if (proposed := _proposed(session, met.bookable, met.heard, met.asking, now)) is not None:
            return GuestPage(met, proposed)
        found = calendar(session, met.bookable, now=now, month=month, day=day, asking=met.asking)
    return GuestPage(met, _looked(found, day, counted))


def guest_day(
    site: str,
    planning: str | None,
    day: date,
    *,
    now: datetime,
    service: str | None = None,
    wanted: Wanted = NOTHING_WANTED,
    by: Carried = NOTHING,
    counted: bool = False,
) -> DayOfSlots:
    """List a day's slots for a guest. Raises as ``guest_page``."""
    with reading() as session:
        met = _met(session, site, planning, by, now, service=service, wanted=wanted)
        return _day(session, met.bookable, day, now, met.asking, counted)


def guest(
    site: str,
    planning: str | None,
    *,
    now: datetime,
    service: str | None = None,
    wanted: Wanted = NOTHING_WANTED,
    by: Carried = NOTHING,
) -> Met:
    """Find what a guest books, and what can be done of what is asked. Raises as ``guest_page``."""
    with reading() as session:
        return _met(session, site, planning, by, now, service=service, wanted=wanted)


def guest_choice(
    site: str,
    planning: str | None,
    start: datetime,
    *,
    now: datetime,
    service: str | None = None,
    wanted: Wanted = NOTHING_WANTED,
    by: Carried = NOTHING,
) -> Choice:
    """Look at one start for a guest. Raises as ``guest_page``."""
    with reading() as session:
        met = _met(session, site, planning, by, now, service=service, wanted=wanted)
        return _own(met.kept, _choice(session, met.bookable, start, now, met.asking))


TIMES = 3
"""How many times of a room are proposed at once."""


def _proposed(session: Session, bookable: Bookable, heard: Heard, asking: Asking, now: datetime) -> Proposals | None:
    if heard.question is None:
        return None
    each = TIMES if heard.question is Question.RESOURCE else 1
    return proposals.propose(session, bookable, heard.choices, now=now, asking=asking, each=each)


def _met(
    session: Session,
    site: str,
    planning: str | None,
    by: Carried,
    now: datetime,
    *,
    service: str | None,
    wanted: Wanted,
) -> Met:
    bookable = _guest(session, site, planning, service)
    pool, introduced = bookable.pool_id, None
    if by.continuation is not None:
        introduced = continuations.opened(session, by.continuation, pool, now, used=by.used)
    heard = wanting.heed(session, bookable, wanted)
    return Met(bookable, introduced, holds.kept(session, by.hold, pool, now), heard)


def _guest(session: Session, site: str, planning: str | None, service: str | None = None) -> Bookable:
    found = bookables.find(session, site, planning, service=service)
    if not found.item.guests:
        raise NotFound
    return found


# Links


@dataclass(frozen=True, slots=True)
class LinkPage:
    """An order's page: its appointments, and a calendar to book another.

    ``calendar`` is None when one of several ``plannings`` and services must be chosen first, or none serves, or a
    service asks for somebody or something first (``proposals``). ``heard`` is what can be done of what is asked of it.
    """

    link: OpenLink
    upcoming: Sequence[AppointmentCard]
    past: Sequence[AppointmentCard]
    plannings: Sequence[Bookable]
    chosen: Bookable | None
    heard: Heard
    proposals: Proposals | None
    calendar: Calendar | None
    full: bool  # the link's limit of active appointments is reached


def link_page(
    token: str,
    *,
    now: datetime,
    planning: str | None = None,
    service: str | None = None,
    wanted: Wanted = NOTHING_WANTED,
    month: date | None = None,
    day: date | None = None,
    hold: str | None = None,
    counted: bool = False,
) -> LinkPage:
    """Read an order's page. Raises LinkUnknown, LinkExpired, NotFound for what does not serve the order."""
    with reading() as session:
        link = links.opened(session, token, now)
        all_cards = links.booked(session, link)
        plannings = links.serving(session, link)
        chosen = _serving(plannings, planning, service)
        heard, proposed, laid_out = NOTHING_HEARD, None, None
        if chosen is not None:
            _kept, heard, asking = _of_link(session, link, chosen, hold, now, wanted)
            proposed = _proposed(session, chosen, heard, asking, now)
            if proposed is None:
                laid_out = calendar(session, chosen, now=now, month=month, day=day, asking=asking)
    upcoming = [card for card in all_cards if card.active(now) or card.undoable(now)]
    past = [card for card in reversed(all_cards) if card not in upcoming]
    mine = sum(card.link_id == link.id for card in upcoming)
    full = link.max_active is not None and mine >= link.max_active
    if laid_out is not None and not full:
        _looked(laid_out, day, counted)
    return LinkPage(link, upcoming, past, plannings, chosen, heard, proposed, laid_out, full)


def _of_link(
    session: Session, link: OpenLink, bookable: Bookable, hold: str | None, now: datetime, wanted: Wanted
) -> tuple[Kept | None, Heard, Asking]:
    """Ask for slots by a link; what is held for its own form is in nobody's way."""
    kept = holds.kept(session, hold, bookable.pool_id, now)
    heard = wanting.heed(session, bookable, wanted)
    return kept, heard, heard.asking(link.asking(leaving_out=kept.id if kept is not None else None))


def _serving(plannings: Sequence[Bookable], planning: str | None, service: str | None) -> Bookable | None:
    """Find what is named, else the only one. A service's name comes first."""
    key, kind = (service, ServiceCard) if service is not None else (planning, PlanningCard)
    if key is None:
        return plannings[0] if len(plannings) == 1 else None
    found = next((one for one in plannings if one.item.key == key and isinstance(one.item, kind)), None)
    if found is None:
        raise NotFound
    return found


def link_day(
    token: str,
    day: date,
    *,
    now: datetime,
    planning: str | None = None,
    service: str | None = None,
    wanted: Wanted = NOTHING_WANTED,
    hold: str | None = None,
    counted: bool = False,
) -> tuple[OpenLink, DayOfSlots]:
    """List a day's slots for a link. Raises LinkUnknown, LinkExpired, NotFound, Invalid naming the plannings."""
    with reading() as session:
        link = links.opened(session, token, now)
        bookable = links.choose(session, link, planning, service=service)
        asking = _of_link(session, link, bookable, hold, now, wanted)[2]
        return link, _day(session, bookable, day, now, asking, counted)


def link_choice(
    token: str,
    start: datetime,
    *,
    now: datetime,
    planning: str | None = None,
    service: str | None = None,
    wanted: Wanted = NOTHING_WANTED,
    hold: str | None = None,
) -> tuple[OpenLink, Heard, Choice]:
    """Look at one start for a link. Raises as ``link_day``."""
    with reading() as session:
        link = links.opened(session, token, now)
        bookable = links.choose(session, link, planning, service=service)
        kept, heard, asking = _of_link(session, link, bookable, hold, now, wanted)
        return link, heard, _own(kept, _choice(session, bookable, start, now, asking))


# Moves


def move_calendar(
    token: str, *, now: datetime, month: date | None = None, day: date | None = None, counted: bool = False
) -> tuple[AppointmentCard, Calendar]:
    """Lay out a month to move an appointment in, as if it were not there. Raises LinkUnknown, StateChanged."""
    with reading() as session:
        card, bookable, asking = _moving(session, token, now)
        found = calendar(session, bookable, now=now, month=month, day=day, asking=asking)
    return card, _looked(found, day, counted)


def move_day(token: str, day: date, *, now: datetime, counted: bool = False) -> tuple[AppointmentCard, DayOfSlots]:
    """List a day's slots to move an appointment to. Raises LinkUnknown, StateChanged."""
    with reading() as session:
        card, bookable, asking = _moving(session, token, now)
        return card, _day(session, bookable, day, now, asking, counted)


def move_choice(token: str, start: datetime, *, now: datetime) -> tuple[AppointmentCard, Choice]:
    """Look at one start to move an appointment to. Raises LinkUnknown, StateChanged."""
    with reading() as session:
        card, bookable, asking = _moving(session, token, now)
        return card, _choice(session, bookable, start, now, asking)


def _moving(session: Session, token: str, now: datetime) -> tuple[AppointmentCard, Bookable, Asking]:
    card = cards.managed(session, token)
    if card.item is None or not card.active(now):
        raise StateChanged(status=card.status)
    bookable = bookables.of_item(session, card.site.id, card.item)
    asking = links.asking_of(session, card.link_id, leaving_out=card.id, customer=card.email)
    kept = assigning.kept(session, card.id) if isinstance(card.item, ServiceCard) else ()
    return card, bookable, replace(asking, quantity=card.units, iterations=card.iterations, resources=kept)


# Programs and explanations


def explain(site: str, planning: str, day: date, *, now: datetime, staff: bool = False) -> Availability:
    """Judge every candidate start of a day, by the public rules or those of staff. Raises NotFound."""
    with reading() as session:
        return availability.search(
            session, bookables.find(session, site, planning), day, day, now=now, asking=Asking(staff=staff)
        )
