"""An offer in the hands of the one who got it: what its token opens, and what is left when it comes too late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import LinkUnknown
from portal.domain.lifecycle import Status
from portal.domain.slots import Start
from portal.domain.zones import DAY, local_day
from portal.extensions import reading
from portal.models import Appointment, FreedPlace, Link, Offer, OfferStop, WaitingEntry
from portal.operations import assigning, availability, bookables, cards, keeping, links, tokens
from portal.operations.addresses import address_keys
from portal.operations.asking import Asking
from portal.operations.availability import LONGEST_RANGE
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard
from portal.operations.links import OpenLink

OTHERS = 6  # other starts that are named when an offer comes too late


@dataclass(frozen=True, slots=True)
class Opened:
    """The rows of an offer and of the place that it is about."""

    offer: Any
    place: Any
    used: bool = False

    @property
    def kept(self) -> bool:
        """Whether the place is kept for this one alone."""
        return self.offer.allocation_id is not None


def opened(session: Session, token: str, *, used: bool = False) -> Opened:
    """Open an offer by its token; ``used``: also the one that a claim, which may be repeated, used up.

    Raises LinkUnknown.
    """
    columns = Offer.__table__.c
    offer = session.execute(select(*columns).where(columns.public_id == tokens.public_id_of(token))).first()
    generation = offer.generation if offer is not None else 1
    wanted = (generation, generation - 1) if used else (generation,)
    if offer is None or not any(tokens.verified(token, tokens.OFFER, one) for one in wanted):
        raise LinkUnknown
    place = session.execute(select(*FreedPlace.__table__.c).where(FreedPlace.id == offer.freed_id)).one()
    return Opened(offer, place, not tokens.verified(token, tokens.OFFER, generation))


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody on the waiting list for places on one of the site's local days, both included; ``link`` they came by."""

    id: int
    public_id: str
    generation: int
    email: str
    name: str
    locale: str
    units: int
    first_day: date
    last_day: date
    state: str
    created_at: datetime
    link: OpenLink | None = None

    @property
    def token(self) -> str:
        """What opens its page."""
        return tokens.token(tokens.WAIT, self.public_id, self.generation)

    def asking(self) -> Asking:
        """Ask for slots as this one would."""
        asked = self.link.asking() if self.link is not None else Asking()
        return replace(asked, quantity=self.units, customer=self.email)


def bare_entry(row: Any, link: OpenLink | None = None) -> Entry:
    """Tell of a row of the waiting list."""
    names = ("id", "public_id", "generation", "email", "name", "locale", "units", "first_day", "last_day", "state")
    return Entry(**{name: getattr(row, name) for name in names}, created_at=row.created_at, link=link)


def _link(session: Session, link_id: int, now: datetime) -> OpenLink:
    found = session.execute(select(Link.public_id, Link.generation).where(Link.id == link_id)).one()
    return links.opened(session, tokens.token(tokens.BOOK, found.public_id, found.generation), now)


def entry(session: Session, identity: int, now: datetime) -> Entry:
    """Read somebody of the waiting list, with the link they came by. Raises LinkUnknown, LinkExpired for that."""
    row = session.execute(select(*WaitingEntry.__table__.c).where(WaitingEntry.id == identity)).one()
    return bare_entry(row, _link(session, row.link_id, now) if row.link_id is not None else None)


def asking_of(session: Session, row: Any) -> Asking:
    """Ask for slots as the holder of an appointment (its row or its card) who moves it: without it, by its link."""
    asked = links.asking_of(session, row.link_id, leaving_out=row.id, customer=row.email)
    return replace(asked, quantity=row.units, iterations=row.iterations, resources=assigning.kept_by(session, row))


@dataclass(frozen=True, slots=True)
class OfferPage:
    """An offer as its page shows it.

    ``open`` until ``expires_at``; when it is not, because of the time or because the place is gone (``start``), there
    are ``others``. ``alone``: the place is kept for this one. ``used``: a claim has used the offer. ``movable``: what
    they hold may still move, or they still wait. Either the appointment or the entry of the waiting list is there.
    """

    bookable: Bookable
    start: Start
    expires_at: datetime
    alone: bool
    used: bool
    over: bool
    movable: bool
    others: Sequence[Start]
    appointment: AppointmentCard | None = None
    entry: Entry | None = None

    @property
    def open(self) -> bool:
        """Whether it can be claimed."""
        return not self.over and self.start.offered

    @property
    def locale(self) -> str:
        """The language of the one who got it."""
        told = self.appointment or self.entry
        return told.locale if told is not None else ""


def read(token: str, *, now: datetime, used: bool = False) -> OfferPage:
    """Read an offer; ``used``: also one that a claim used up. Raises LinkUnknown, LinkExpired (the link it came by)."""
    with reading() as session:
        found = opened(session, token, used=used)
        bookable = bookables.by_pool(session, found.place.pool_id)
        if found.offer.appointment_id is not None:
            return _of_holder(session, found, bookable, now)
        return _of_listed(session, found, bookable, now)


@dataclass(frozen=True, slots=True)
class StopPage:
    """What an offer's mail lets its reader stop: offers to an address, or an entry of the waiting list.

    ``stopped``: that is done already. ``appointment`` may have offers again.
    """

    bookable: Bookable
    stopped: bool
    locale: str
    email: str = ""
    appointment: AppointmentCard | None = None
    entry: Entry | None = None


def stopping(token: str) -> StopPage:
    """Read what an offer's mail lets its reader stop; the mail of a used offer, too. Raises LinkUnknown."""
    with reading() as session:
        found = opened(session, token, used=True)
        bookable = bookables.by_pool(session, found.place.pool_id)
        if found.offer.waiting_id is not None:
            row = session.execute(select(*WaitingEntry.__table__.c).where(WaitingEntry.id == found.offer.waiting_id))
            entry = bare_entry(row.one())
            return StopPage(bookable, entry.state != "waiting", entry.locale, entry.email, entry=entry)
        (card,) = cards.cards(session, cards.listing().where(Appointment.id == found.offer.appointment_id))
        email = card.email or ""
        return StopPage(bookable, is_stopped(session, email), card.locale, email, appointment=card)


def is_stopped(session: Session, email: str) -> bool:
    """Tell whether an address wants no offers of earlier slots."""
    known = select(OfferStop.address_key).where(OfferStop.address_key.in_(address_keys(email)))
    return session.execute(known.limit(1)).first() is not None


def _of_holder(session: Session, found: Opened, bookable: Bookable, now: datetime) -> OfferPage:
    (card,) = cards.cards(session, cards.listing().where(Appointment.id == found.offer.appointment_id))
    asking = asking_of(session, card)
    start = _judged(session, found, bookable, asking, now)
    movable = card.status is Status.CONFIRMED and card.wanted is None and card.changeable(now)
    over = _over(found, now) or not movable or card.start <= start.start
    others: Sequence[Start] = ()
    if movable and (over or not start.offered):
        last = local_day(card.start, bookable.zone)
        others = _free(session, bookable, local_day(now, bookable.zone), last, now, asking, before=card.start)
    told = (found.offer.expires_at, found.kept, found.used, over, movable, others)
    return OfferPage(bookable, start, *told, appointment=card)


def _of_listed(session: Session, found: Opened, bookable: Bookable, now: datetime) -> OfferPage:
    listed = entry(session, found.offer.waiting_id, now)
    asking = listed.asking()
    start = _judged(session, found, bookable, asking, now)
    over = _over(found, now) or listed.state != "waiting"
    others: Sequence[Start] = ()
    if listed.state == "waiting" and (over or not start.offered):
        first = max(listed.first_day, local_day(now, bookable.zone))
        others = _free(session, bookable, first, listed.last_day, now, asking)
    told = (found.offer.expires_at, found.kept, found.used, over, listed.state == "waiting", others)
    return OfferPage(bookable, start, *told, entry=listed)


def _over(found: Opened, now: datetime) -> bool:
    return bool(found.offer.state != "open" or found.offer.expires_at <= now)


def _judged(session: Session, found: Opened, bookable: Bookable, asking: Asking, now: datetime) -> Start:
    """Judge the start with what is kept for those who are offered it."""
    spared = keeping.spared(session, found.place, now)
    return availability.judge(session, bookable, found.offer.starts_at, now=now, asking=replace(asking, spared=spared))


def _free(
    session: Session,
    bookable: Bookable,
    first: date,
    last: date,
    now: datetime,
    asking: Asking,
    *,
    before: datetime | None = None,
) -> list[Start]:
    """List the first few starts that are offered to somebody on some days, ``before`` an instant."""
    found: list[Start] = []
    while first <= last and len(found) < OTHERS:
        until = min(last, first + timedelta(days=LONGEST_RANGE - 1))
        searched = availability.search(session, bookable, first, until, now=now, asking=asking)
        suiting = (start for start in searched.offered if before is None or start.start < before)
        found += islice(suiting, OTHERS - len(found))
        first = until + DAY
    return found
