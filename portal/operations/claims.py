"""Taking what was offered: an appointment moves to the freed place, or somebody of the waiting list books it.

Each claim is one transaction. It takes the offer by a conditional UPDATE, which must hit one row, so that an offer is
used once; lets go of what was kept for it; and is judged as the page judges, for the world may have moved on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from portal.domain.answers import check_answers
from portal.domain.errors import ChangeTooLate, OfferGone
from portal.domain.lifecycle import Status
from portal.domain.slots import Start
from portal.domain.steps import Piece, Steps
from portal.domain.window import change_allowed
from portal.domain.zones import epoch
from portal.extensions import Transaction, reading, retried, transaction
from portal.models import Appointment, FreedPlace, Offer, WaitingEntry
from portal.operations import (
    access,
    admission,
    availability,
    bookables,
    bookings,
    freed,
    keeping,
    limits,
    moving,
    offered,
    offers,
    placing,
)
from portal.operations import appointment_rows as rows
from portal.operations.actors import CUSTOMER, GUEST, Actor
from portal.operations.appointments import again, answer_of, booked_of
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.offered import Entry, Opened
from portal.operations.once import Once, answered, digest, remember
from portal.operations.wishes import Booked


@retried
def claim(token: str, *, now: datetime, once: Once | None = None) -> Booked:
    """Move the appointment of an offer to the place offered; the place that this frees is offered in its turn.

    What was offered counts as accepted, also where moves wait for an answer. Raises LinkUnknown (a used one, too),
    OfferGone, ChangeTooLate.
    """
    with reading() as session:
        found = offered.opened(session, token, used=True)
        seen = _holder(session, found)
        bookable = bookables.by_pool(session, found.place.pool_id)
        keys = _keys_of_holder(session, bookable, found, seen)
    request_hash = digest({"offer": found.offer.public_id})
    with transaction(keys) as session:
        if (first := answered(session, once, request_hash)) is not None:
            return again(first)
        row = _holder(session, found)
        rows.unmoved(row, seen)
        bookable = _locked(session, found)
        rows.covered(session, _keys_of_holder(session, bookable, found, row))
        _take(session, token, now)
        _may_move(row, bookable, found, now)
        asking = offered.asking_of(session, row)
        start, let_go = _let_go(session, bookable, found, asking, now)
        told = {"offer": found.offer.id}
        moved = moving.rebook(session, bookable, row, start, asking, _actor(row), now, cause=freed.CLAIMED, kept=told)
        _settle(session, bookable, found, _rest(let_go, start, row.units), now)
        booked = booked_of(moved)
        remember(session, once, request_hash, answer_of(booked), now)
        return booked


@dataclass(frozen=True, slots=True)
class Claim:
    """Who comes, of the waiting list: the address is the one that the offer was mailed to."""

    token: str
    name: str
    phone: str = ""
    comment: str = ""
    locale: str = "fr"
    fields: Mapping[str, Any] = field(default_factory=dict)
    once: Once | None = None

    def fingerprint(self) -> str:
        """Identify the request, to recognise it when it comes again."""
        told = {"name": self.name, "phone": self.phone, "comment": self.comment, "fields": dict(self.fields)}
        return digest({"token": self.token, "locale": self.locale, **told})


@retried
def book(wish: Claim, *, now: datetime) -> Booked:
    """Book the place that was offered to somebody of the waiting list, under the link they came by.

    Raises LinkUnknown (a used one, too), LinkExpired (that link), OfferGone, LimitReached, NotEligible, BadAnswers.
    """
    with reading() as session:
        found = offered.opened(session, wish.token, used=True)
        entry = _listed(session, found, now)
        bookable = bookables.by_pool(session, found.place.pool_id)
        keys = _keys_of_listed(session, bookable, found, entry)
    with transaction(keys) as session:
        if (first := answered(session, wish.once, wish.fingerprint())) is not None:
            return again(first)
        entry, bookable = _listed(session, found, now), _locked(session, found)
        rows.covered(session, _keys_of_listed(session, bookable, found, entry))
        _take(session, wish.token, now)
        _admit(session, bookable, entry, now)
        answers = check_answers(bookable.item.questions, wish.fields, needed=True)
        start, let_go = _let_go(session, bookable, found, entry.asking(), now)
        row = _book(session, bookable, entry, wish, answers, start, now)
        _serve(session, entry, row.id, now)
        _settle(session, bookable, found, _rest(let_go, start, entry.units), now)
        booked = booked_of(row)
        remember(session, wish.once, wish.fingerprint(), answer_of(booked), now)
        return booked


def _holder(session: Session, found: Opened) -> Any:
    """Read the appointment of an offer. Raises OfferGone for an offer to the waiting list."""
    query = select(*Appointment.__table__.c).where(Appointment.id == found.offer.appointment_id)
    if (row := session.execute(query).first()) is None:
        raise OfferGone
    return row


def _listed(session: Session, found: Opened, now: datetime) -> Entry:
    """Read the entry of an offer. Raises OfferGone for an offer to the holder of an appointment."""
    if found.offer.waiting_id is None:
        raise OfferGone
    return offered.entry(session, found.offer.waiting_id, now)


def _locked(session: Session, found: Opened) -> Bookable:
    return bookables.by_pool(session, found.place.pool_id, lock=True)


def _keys_of_holder(session: Session, bookable: Bookable, found: Opened, row: Any) -> list[str]:
    reached = placing.reach(session, bookable, found.offer.starts_at, offered.asking_of(session, row))
    own = rows.keys_of(session, bookable, row)
    return [*keeping.reach(session, bookable, found.place).keys, *reached.keys, *own, *limits.keys(bookable, row.email)]


def _keys_of_listed(session: Session, bookable: Bookable, found: Opened, entry: Entry) -> list[str]:
    limited = entry.link is not None and entry.link.max_active is not None
    link = [f"link:{entry.link.id}"] if limited and entry.link is not None else []
    reached = placing.reach(session, bookable, found.offer.starts_at, entry.asking())
    around = keeping.reach(session, bookable, found.place)
    return [*around.keys, *reached.keys, *link, *limits.keys(bookable, entry.email)]


def _take(session: Session, token: str, now: datetime) -> None:
    """Use the offer up: its link opens nothing any more. Raises LinkUnknown, OfferGone."""
    offer = offered.opened(session, token).offer
    open_ = and_(Offer.id == offer.id, Offer.state == offers.OPEN, Offer.expires_at > now)
    taken = update(Offer).where(open_, Offer.generation == offer.generation).returning(Offer.id)
    changed = {"state": offers.CLAIMED, "settled_at": now, "generation": offer.generation + 1}
    if session.execute(taken.values(**changed)).first() is None:
        raise OfferGone


def _may_move(row: Any, bookable: Bookable, found: Opened, now: datetime) -> None:
    """Accept the move of a confirmed appointment to an earlier start. Raises OfferGone, ChangeTooLate."""
    if row.status != Status.CONFIRMED or row.wanted_start is not None or row.starts_at <= found.offer.starts_at:
        raise OfferGone
    if not change_allowed(row.starts_at, bookable.policy, now, bookable.zone):
        raise ChangeTooLate(phone=bookable.site.phone)


def _let_go(
    session: Session, bookable: Bookable, found: Opened, asking: Asking, now: datetime
) -> tuple[Start, list[Piece]]:
    """Let go of what was kept, and judge the start under the lock as its page does. Raises OfferGone.

    Gives the start, and all that was let go of.
    """
    let_go = [piece for one in keeping.alike(session, found.place, now) for piece in keeping.release(session, one, now)]
    placing.release_lapsed(session, placing.reach(session, bookable, found.offer.starts_at, asking), now)
    start = availability.judge(session, bookable, found.offer.starts_at, now=now, asking=asking)
    if not start.offered:
        raise OfferGone(start=start.start, reasons=tuple(reason.value for reason in start.reasons))
    return start, let_go


def _actor(row: Any) -> Actor:
    return GUEST if row.source == GUEST.origin else CUSTOMER


def _actor_of(entry: Entry) -> Actor:
    return GUEST if entry.link is None else CUSTOMER


def _admit(session: Session, bookable: Bookable, entry: Entry, now: datetime) -> None:
    """Accept who books. Raises OfferGone, LimitReached, NotEligible."""
    if entry.state != "waiting" or (entry.link is None and not bookable.item.guests):
        raise OfferGone
    admission.within_link(session, entry.link, now)
    known = access.is_customer(session, entry.email)
    access.admit(bookable, entry.email, actor=_actor_of(entry), link=entry.link, introduced=known)


def _book(
    session: Transaction,
    bookable: Bookable,
    entry: Entry,
    wish: Claim,
    answers: Mapping[str, Any],
    start: Start,
    now: datetime,
) -> rows.Row:
    """Write the appointment of somebody whose address a mail of ours has proved."""
    link, actor = entry.link, _actor_of(entry)
    row = bookings.write(
        session,
        bookable,
        start,
        now,
        status=bookings.status_for(bookable, actor).value,
        order_id=link.order_id if link is not None else None,
        link_id=link.id if link is not None else None,
        customer_id=link.customer_id if link is not None else None,
        units=entry.units,
        email=entry.email,
        name=wish.name,
        phone=wish.phone,
        comment=wish.comment,
        fields=dict(answers),
        locale=wish.locale,
        source=actor.origin,
        overbook_reason="",
    )
    held = placing.take(session, bookable, row, start, entry.asking(), now)
    bookings.tell(session, bookable, row, actor, held, now)
    return row


def _serve(session: Session, entry: Entry, appointment_id: int, now: datetime) -> None:
    """End the waiting of somebody who has got a place."""
    served = {"state": "served", "appointment_id": appointment_id, "ended_at": now}
    session.execute(update(WaitingEntry).where(WaitingEntry.id == entry.id).values(**served))
    others = and_(Offer.waiting_id == entry.id, Offer.state == offers.OPEN)
    offers.end(session, others, offers.WITHDRAWN, now)


def _rest(let_go: Sequence[Piece], start: Start, units: int) -> list[Piece]:
    """Tell what is left of what was let go of, when somebody has taken ``units`` of it at a start."""
    taken = (epoch(start.start), epoch(start.end), units)
    return [piece for piece in Steps.sum_of(let_go).less([taken]).pieces() if piece[2] > 0]


def _settle(session: Session, bookable: Bookable, found: Opened, rest: Sequence[Piece], now: datetime) -> None:
    """Keep the rest for those who wait, as long as it was, and end the offers of a start of which nothing is left."""
    ends = [one.kept_until or now for one in keeping.alike(session, found.place, now)]
    until = max([*ends, found.offer.expires_at] if found.kept else ends)
    left = keeping.keep(session, bookable, found.place, rest, until, now) if until > now else 0
    if found.kept:
        state = offers.OFFERED if left else offers.DONE
        session.execute(update(FreedPlace).where(FreedPlace.id == found.place.id).values(state=state, not_before=now))
    still = and_(Offer.freed_id == found.place.id, Offer.state == offers.OPEN)
    asking = Asking(spared=keeping.spared(session, found.place, now))
    for begin in session.scalars(select(Offer.starts_at).where(still).distinct()).all():
        if not availability.judge(session, bookable, begin, now=now, asking=asking).places:
            offers.end(session, and_(still, Offer.starts_at == begin), offers.WITHDRAWN, now)
