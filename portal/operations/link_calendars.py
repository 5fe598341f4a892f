"""What whoever has an order's link chooses from: its appointments, and a calendar to book another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from portal.domain.errors import NotFound
from portal.extensions import reading
from portal.operations import calendars, holds, links, wanting
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.calendars import Calendar, Choice, DayOfSlots
from portal.operations.cards import AppointmentCard
from portal.operations.holds import Kept
from portal.operations.links import OpenLink
from portal.operations.place_cards import PlanningCard
from portal.operations.proposals import Proposals
from portal.operations.service_cards import ServiceCard
from portal.operations.wanting import NOTHING_HEARD, NOTHING_WANTED, Heard, Wanted


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


def page(
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
            proposed = calendars.asked_first(session, chosen, heard, asking, now)
            if proposed is None:
                laid_out = calendars.calendar(session, chosen, now=now, month=month, day=day, asking=asking)
    upcoming = [card for card in all_cards if card.active(now) or card.undoable(now)]
    past = [card for card in reversed(all_cards) if card not in upcoming]
    mine = sum(card.link_id == link.id for card in upcoming)
    full = link.max_active is not None and mine >= link.max_active
    if laid_out is not None and not full:
        calendars.looked(laid_out, day, counted)
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


def day(
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
        return link, calendars.day_of_slots(session, bookable, day, now, asking, counted)


def choice(
    token: str,
    start: datetime,
    *,
    now: datetime,
    planning: str | None = None,
    service: str | None = None,
    wanted: Wanted = NOTHING_WANTED,
    hold: str | None = None,
) -> tuple[OpenLink, Heard, Choice]:
    """Look at one start for a link. Raises as ``day``."""
    with reading() as session:
        link = links.opened(session, token, now)
        bookable = links.choose(session, link, planning, service=service)
        kept, heard, asking = _of_link(session, link, bookable, hold, now, wanted)
        return link, heard, calendars.own(kept, calendars.choice(session, bookable, start, now, asking))
