"""The waiting list of a full day or of some full days: who joins it, leaves it, and when it is over.

Whoever is on it is mailed when a place becomes free, after the holders of later appointments (``offers``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, LinkUnknown, NotFound
from portal.domain.waitlist import is_full
from portal.domain.zones import days, local_day, zone
from portal.extensions import reading, retried, transaction
from portal.models import Offer, Pool, Site, WaitingEntry
from portal.operations import access, availability, bookables, freed, links, offered, offers, outbox, tokens
from portal.operations.actors import CUSTOMER, GUEST
from portal.operations.addresses import address_keys
from portal.operations.asking import Asking
from portal.operations.availability import LONGEST_RANGE, Availability
from portal.operations.bookables import Bookable
from portal.operations.links import OpenLink
from portal.operations.offered import Entry

WAITING, LEFT, OVER = "waiting", "left", "over"
_entry = WaitingEntry.__table__.c


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody waits: by a link's token, or at a site and a planning or a service by their keys."""

    token: str | None = None
    site: str | None = None
    planning: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Joining:
    """Somebody who wants to join for local days, both included. ``email`` is normal (``normal_address``)."""

    place: Place
    first_day: date
    last_day: date
    email: str
    name: str
    locale: str
    units: int = 1


@dataclass(frozen=True, slots=True)
class _Target:
    bookable: Bookable
    link: OpenLink | None
    asking: Asking


@dataclass(frozen=True, slots=True)
class JoinPage:
    """A day that somebody may wait for: how many do so already, and what is known of who asks by a link.

    ``latest`` is the last day that may be waited for; ``wanted`` whether a list is kept here at all.
    """

    bookable: Bookable
    link: OpenLink | None
    day: date
    full: bool
    waiting: int
    latest: date
    wanted: bool


def look(place: Place, day: date, *, now: datetime) -> JoinPage:
    """Read what joining for a day needs. Raises NotFound, LinkUnknown, LinkExpired, Invalid naming the plannings."""
    with reading() as session:
        target = _target(session, place, now)
        bookable = target.bookable
        searched = availability.search(session, bookable, day, day, now=now, asking=target.asking)
        waiting = on_day(session, bookable.pool_id, day)
    latest = _latest(target, now)
    return JoinPage(bookable, target.link, day, is_full(searched.of_day(day)), waiting, latest, freed.listed(bookable))


def on_day(session: Session, pool_id: int, day: date) -> int:
    """Count those who wait for a place on a day."""
    query = select(func.count()).where(
        _entry.pool_id == pool_id, _entry.state == WAITING, _entry.first_day <= day, _entry.last_day >= day
    )
    return session.scalar(query) or 0


@retried
def join(wish: Joining, *, now: datetime) -> None:
    """Put somebody on the list, and mail them how to leave it; who is on it for the same days already stays there.

    Raises NotFound (no such list, too), LinkUnknown, LinkExpired, NotEligible, Invalid for days that are not all full.
    """
    with reading() as session:
        pool_id = _target(session, wish.place, now).bookable.pool_id
    with transaction([f"waiting:{pool_id}:{address_keys(wish.email)[0]}"]) as session:
        target = _target(session, wish.place, now)
        _admit(session, target, wish, now)
        if not _known(session, target, wish):
            _record(session, target, wish, now)


def _target(session: Session, place: Place, now: datetime) -> _Target:
    if place.token is not None:
        link = links.opened(session, place.token, now)
        return _Target(
            links.choose(session, link, place.planning, service=place.service),
            link,
            replace(link.asking(), customer=None),
        )
    found = bookables.find(session, place.site or "", place.planning, service=place.service)
    if not found.item.guests:
        raise NotFound
    return _Target(found, None, Asking())


def _admit(session: Session, target: _Target, wish: Joining, now: datetime) -> None:
    """Accept who wants to join, for these days. Where only customers may book, nobody learns here who is one."""
    bookable, link = target.bookable, target.link
    if not freed.listed(bookable):
        raise NotFound
    if link is not None and link.email is not None and link.email != wish.email:
        raise Invalid(field="email", problem="locked")
    access.admit(bookable, wish.email, actor=GUEST if link is None else CUSTOMER, link=link, introduced=True)
    _check_days(target, wish, now)
    asking = replace(target.asking, quantity=wish.units)
    searched = availability.search(session, bookable, wish.first_day, wish.last_day, now=now, asking=asking)
    _check_full(searched)


def _check_days(target: _Target, wish: Joining, now: datetime) -> None:
    first = max(local_day(now, target.bookable.zone), target.asking.first_day or date.min)
    if wish.first_day < first or wish.last_day > _latest(target, now):
        raise Invalid(field="last_day", problem="outside_days")
    if wish.last_day < wish.first_day:
        raise Invalid(field="last_day", problem="days_order")
    if wish.last_day - wish.first_day >= timedelta(days=LONGEST_RANGE):
        raise Invalid(field="last_day", problem="too_many_days", limit=LONGEST_RANGE)


def _latest(target: _Target, now: datetime) -> date:
    horizon = local_day(now, target.bookable.zone) + timedelta(days=target.bookable.policy.max_days)
    return min(horizon, target.asking.last_day or horizon)


def _check_full(searched: Availability) -> None:
    """Accept days of which none has a free slot, and one at least is full: closed ones between them do not matter."""
    if searched.by_day:
        raise Invalid(field="last_day", problem="day_free", day=min(searched.by_day).isoformat())
    if not any(is_full(searched.of_day(day)) for day in days(searched.first, searched.last)):
        raise Invalid(field="last_day", problem="never_open")


def _known(session: Session, target: _Target, wish: Joining) -> bool:
    query = select(_entry.id).where(
        *(_entry.email == wish.email, _entry.pool_id == target.bookable.pool_id, _entry.state == WAITING),
        *(_entry.first_day == wish.first_day, _entry.last_day == wish.last_day),
    )
    return session.execute(query.limit(1)).first() is not None


def _record(session: Session, target: _Target, wish: Joining, now: datetime) -> None:
    told = {name: value for name, value in asdict(wish).items() if name != "place"}
    public_id = tokens.new_public_id()
    link_id = target.link.id if target.link is not None else None
    session.add(
        WaitingEntry(public_id=public_id, pool_id=target.bookable.pool_id, link_id=link_id, created_at=now, **told)
    )
    kind, payload = "waiting_joined", {"entry": public_id}
    mail = outbox.Draft(kind, f"{kind}:{public_id}", wish.email, wish.locale, now, payload)
    outbox.enqueue(session, [mail], now)


# The one who waits


@dataclass(frozen=True, slots=True)
class WaitPage:
    """An entry as its page shows it; the link it came by is left out, for it may have expired."""

    entry: Entry
    bookable: Bookable


def read(token: str) -> WaitPage:
    """Read an entry by its token. Raises LinkUnknown."""
    with reading() as session:
        row = _opened(session, token)
        return WaitPage(offered.bare_entry(row), bookables.by_pool(session, row.pool_id))


@retried
def leave(token: str, *, now: datetime) -> None:
    """Take an entry off the list; it may be off already. Raises LinkUnknown."""
    with transaction() as session:
        leave_entry(session, _opened(session, token).id, now)


def leave_entry(session: Session, identity: int, now: datetime) -> bool:
    """Take an entry off the list within the caller's transaction, and say whether it was on it."""
    left = update(WaitingEntry).where(WaitingEntry.id == identity, WaitingEntry.state == WAITING)
    values = {"state": LEFT, "ended_at": now}
    if session.execute(left.values(**values).returning(WaitingEntry.id)).first() is None:
        return False
    still = and_(Offer.waiting_id == identity, Offer.state == offers.OPEN)
    offers.end(session, still, offers.WITHDRAWN, now)
    return True


def _opened(session: Session, token: str) -> Any:
    row = session.execute(select(*_entry).where(_entry.public_id == tokens.public_id_of(token))).first()
    if row is None or not tokens.verified(token, tokens.WAIT, row.generation):
        raise LinkUnknown
    return row


# The worker


def end_over(now: datetime) -> int:
    """End the waiting for days that have passed at their site, and count them."""
    with reading() as session:
        names = session.scalars(
            select(Site.timezone)
            .join(Pool, Pool.site_id == Site.id)
            .join(WaitingEntry, WaitingEntry.pool_id == Pool.id)
            .where(WaitingEntry.state == WAITING)
            .distinct()
        ).all()
    return sum(_end_over(name, now) for name in names)


@retried
def _end_over(name: str, now: datetime) -> int:
    """End the waiting for days before today in a zone."""
    today = local_day(now, zone(name))
    there = select(Pool.id).join(Site, Site.id == Pool.site_id).where(Site.timezone == name)
    past = and_(WaitingEntry.state == WAITING, WaitingEntry.last_day < today, WaitingEntry.pool_id.in_(there))
    with reading() as session:
        if session.scalar(select(WaitingEntry.id).where(past).limit(1)) is None:
            return 0
    with transaction() as session:
        ended = update(WaitingEntry).where(past).values(state=OVER, ended_at=now).returning(WaitingEntry.id)
        return len(session.execute(ended).all())
