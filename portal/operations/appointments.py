"""Book, move, edit, cancel, undo: each is one transaction that locks the places it touches first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from portal.domain.answers import check_answers, corrected
from portal.domain.errors import (
    ChangeTooLate,
    Invalid,
    NotFound,
    StateChanged,
)
from portal.domain.lifecycle import ACTIVE, Status, move_allowed
from portal.domain.slots import Start
from portal.domain.window import change_allowed
from portal.extensions import Transaction, reading, retried, transaction
from portal.models import Allocation, Customer, Event, Order
from portal.operations import (
    access,
    admission,
    assigning,
    availability,
    bookables,
    bookings,
    cards,
    choosing,
    confirmations,
    continuations,
    exchanges,
    freed,
    limits,
    links,
    moving,
    outbox,
    placing,
    tokens,
)
from portal.operations import appointment_rows as rows
from portal.operations.actors import Actor
from portal.operations.asking import Asking
from portal.operations.audit import differences
from portal.operations.bookables import Bookable
from portal.operations.cards import Ordered
from portal.operations.choosing import Picked
from portal.operations.continuations import Introduced
from portal.operations.exchanges import Taking
from portal.operations.links import OpenLink
from portal.operations.once import answered, remember
from portal.operations.placing import Reach
from portal.operations.wishes import NOTHING_SAID, Because, Booked, Details, Move, Wish


@dataclass(frozen=True, slots=True)
class _Target:
    """What is booked, and on whose behalf: of an order's link, of a customer whom a mail introduced, of anybody."""

    bookable: Bookable
    link: OpenLink | None
    asking: Asking
    order: Ordered | None = None
    customer_id: int | None = None
    introduced: Introduced | None = None

    @property
    def known(self) -> bool:
        """Whether a link or a mail of ours proved already who asks."""
        return self.link is not None or self.introduced is not None


@retried
def book(wish: Wish, *, now: datetime) -> Booked:
    """Take a place and queue the mails; all is saved or nothing is.

    Raises LinkUnknown, LinkExpired, NotFound, SlotTaken, SlotNotOffered, OutsideWindow, NotEligible, LimitReached,
    Invalid (the idempotency key came with another request before), BadAnswers.
    """
    with reading() as session:
        seen = _target(session, wish, now)
        reached = placing.reach(session, seen.bookable, wish.start, seen.asking)
    request_hash = wish.fingerprint()
    with transaction(_keys(seen, reached, wish)) as session:
        if (first := answered(session, wish.once, request_hash)) is not None:
            return again(first)
        target = _target(session, wish, now, lock=True)
        reached = placing.reach(session, target.bookable, wish.start, target.asking)
        rows.covered(session, _keys(target, reached, wish))
        rows.let_go(session, wish.hold)
        placing.release_lapsed(session, reached, now)
        _admit(session, target, wish, now)
        answers = check_answers(target.bookable.item.questions, wish.fields, needed=not wish.actor.staff)
        start = _judged(session, target.bookable, wish, target.asking, now)
        booked = _record(session, target, wish, answers, start, now)
        remember(session, wish.once, request_hash, answer_of(booked), now)
        return booked


@retried
def move(wish: Move, *, now: datetime) -> Booked:
    """Take the new place and free the old one in one transaction: either wholly moved or untouched.

    Raises what ``book`` raises, ChangeTooLate inside the cut-off, StateChanged when it can no longer move.
    """
    with reading() as session:
        seen = rows.found(session, wish.public_id)
        bookable = rows.bookable_of(session, seen)
        reached = placing.reach(session, bookable, wish.start, _asking_of(session, bookable, seen, wish)[0])
        locks = [*rows.keys_of(session, bookable, seen), *reached.keys, *limits.keys(bookable, seen.email)]
    request_hash = wish.fingerprint()
    with transaction(locks) as session:
        if (first := answered(session, wish.once, request_hash)) is not None:
            return again(first)
        row = rows.found(session, wish.public_id)
        bookable = rows.bookable_of(session, row, lock=True)
        rows.unmoved(row, seen)
        asking, taking = _asking_of(session, bookable, row, wish, lock=True)
        reached = placing.reach(session, bookable, wish.start, asking)
        rows.covered(session, [*reached.keys, *limits.keys(bookable, row.email)])
        _may_change(row, bookable, wish.actor, now)
        if wish.start in (row.starts_at, row.wanted_start):
            return _unmoved(row, taking)
        placing.release_lapsed(session, reached, now)
        start = _judged(session, bookable, wish, asking, now)
        moved = _moved(session, bookable, row, start, asking, wish, now, taking)
        remember(session, wish.once, request_hash, answer_of(moved), now)
        return moved


@retried
def edit(public_id: str, details: Details, actor: Actor, *, now: datetime) -> None:
    """Change an appointment's details. Raises NotFound, StateChanged when it is over or cancelled, BadAnswers."""
    changed = {name: value for name, value in asdict(details).items() if value is not None}
    with transaction() as session:
        row = rows.found(session, public_id, lock=True)
        if row.status not in ACTIVE or row.ends_at <= now:
            raise StateChanged(status=row.status)
        if details.fields is not None:
            changed["fields"] = _corrected(session, row, details.fields, actor)
        after = {name: value for name, value in changed.items() if getattr(row, name) != value}
        if not after:
            return
        rows.write(session, row, now, **after)
        before, after = _told({name: getattr(row, name) for name in after}, after)
        rows.happened(session, row.id, "edited", actor, now, before=before, after=after)


def _corrected(session: Session, row: Any, given: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """Put some answers in the place of others."""
    nothing = row.planning_id is None and row.service_id is None
    asked = () if nothing else rows.bookable_of(session, row).item.questions
    return corrected(asked, row.fields, given, needed=not actor.staff)


def _told(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keep of an edit what the history tells: of the answers only those that differ."""
    if "fields" not in after:
        return before, after
    old, new = differences(before["fields"], after["fields"])
    return {**before, "fields": old}, {**after, "fields": new}


@retried
def cancel(
    public_id: str, actor: Actor, *, now: datetime, undo: bool = True, because: Because = NOTHING_SAID
) -> datetime | None:
    """Cancel, keeping the place until the undo ends; only then do the mails leave. Gives that end, None without undo.

    Raises NotFound, ChangeTooLate, StateChanged.
    """
    with reading() as session:
        seen = rows.found(session, public_id)
        bookable = rows.bookable_of(session, seen)
        keys = rows.keys_of(session, bookable, seen)
    with transaction(keys) as session:
        row = rows.found(session, public_id)
        rows.unmoved(row, seen)
        bookable = rows.bookable_of(session, row)
        _may_change(row, bookable, actor, now)
        minutes = bookable.policy.undo if undo else 0
        until = now + timedelta(minutes=minutes) if minutes else None
        dropped = rows.drop_wanted(session, row, now)
        # The place is kept until the undo, and the cooling-off after it, end; else it is given back at once.
        given = rows.free(session, row, until and (freed.kept_until(bookable, until) or until), now)
        if not because.batch:
            freed.note(session, bookable, row, freed.CANCELLED, now, given=given, not_before=until)
        after = {"status": Status.CANCELLED.value}
        rows.write(session, row, now, sequence=row.sequence + 1, undo_until=until, **rows.NOT_WANTED, **after)
        told = {"by": rows.by_whom(actor), "was": row.status, **because.told}
        kept = {**after, **because.kept}
        rows.happened(
            session,
            row.id,
            "cancelled",
            actor,
            now,
            before={"status": row.status},
            after=kept,
            holds=[*dropped, *given],
        )
        rows.announce(session, "cancellation", "cancelled", row, bookable, now, not_before=until or now, **told)
        return until


@retried
def undo(public_id: str, actor: Actor, *, now: datetime) -> None:
    """Take a cancellation back while its place is still kept. Raises NotFound, StateChanged when it is too late."""
    with reading() as session:
        seen = rows.found(session, public_id)
        bookable = rows.bookable_of(session, seen)
        keys = rows.keys_of(session, bookable, seen)
    with transaction(keys) as session:
        row = rows.found(session, public_id)
        rows.unmoved(row, seen)
        kept = and_(
            Allocation.appointment_id == row.id,
            Allocation.role == "visit",
            Allocation.released_at.is_(None),
            Allocation.taken_until > now,
        )
        # The write itself says whether the place was still there: a booking of another day may just have released it.
        restored = update(Allocation).where(kept).values(taken_until=None).returning(Allocation.id)
        undoable = row.status == Status.CANCELLED and row.undo_until is not None and row.undo_until > now
        if not undoable or session.execute(restored).first() is None:
            raise StateChanged(status=row.status)
        before = _status_before_cancellation(session, row.id)
        rows.write(
            session, row, now, status=before, undo_until=None, answer_by=_answer_again(bookable, row, before, now)
        )
        freed.forget(session, row.id, now)
        rows.happened(session, row.id, "undone", actor, now, before={"status": row.status}, after={"status": before})
        outbox.withdraw(session, row.id, ("cancellation", *rows.NOTICES), now)


def _answer_again(bookable: Bookable, row: Any, status: str, now: datetime) -> datetime | None:
    """Give a request that came back its time to be answered anew."""
    return admission.answer_by(bookable, row.starts_at, now) if status == Status.REQUESTED else None


def _target(session: Session, wish: Wish, now: datetime, *, lock: bool = False) -> _Target:
    """Find what a wish books: through its link, or by the keys of a site and a planning."""
    if wish.token is not None:
        link = links.opened(session, wish.token, now)
        place = links.choose(session, link, wish.planning, service=wish.service, lock=lock)
        return _Target(place, link, _choosing(session, place, wish, link.asking()), link.order, link.customer_id)
    found = bookables.find(session, wish.site or "", wish.planning, service=wish.service, lock=lock)
    if not wish.actor.staff and not found.item.guests:
        raise NotFound
    order, customer_id = _caller(session, wish)
    asking = _choosing(session, found, wish, Asking(staff=wish.actor.staff))
    return _Target(found, None, asking, order, customer_id, _introduced(session, wish, found, now, lock=lock))


def _choosing(session: Session, bookable: Bookable, wish: Wish, asking: Asking) -> Asking:
    """Ask for as many as the wish does, and for those whom it names. Raises Invalid."""
    picked = Picked(wish.people, wish.resources, wish.quantity, wish.iterations)
    return replace(choosing.asked(session, bookable, asking, picked), customer=wish.contact.email)


def _introduced(session: Session, wish: Wish, bookable: Bookable, now: datetime, *, lock: bool) -> Introduced | None:
    """Open a wish's continuation; before the lock also one used up, for the booking may be a repetition."""
    if wish.continuation is None:
        return None
    found = continuations.opened(session, wish.continuation, bookable.pool_id, now, used=not lock)
    if found.email != wish.contact.email:
        raise Invalid(field="email", problem="locked")
    return found


def _admit(session: Session, target: _Target, wish: Wish, now: datetime) -> None:
    """Accept who asks, and use up what introduced them. Raises LimitReached, NotEligible, LinkUnknown."""
    admission.within_link(session, target.link, now)
    access.admit(target.bookable, wish.contact.email, actor=wish.actor, link=target.link, introduced=target.known)
    if target.introduced is not None:
        continuations.use(session, target.introduced)


def _caller(session: Session, wish: Wish) -> tuple[Ordered | None, int | None]:
    """Find the order that staff books for and its customer, or the customer alone: each None when there is none."""
    if wish.order is not None:
        return _ordered(session, wish.order)
    if wish.customer is None:
        return None, None
    return None, session.scalar(select(Customer.id).where(Customer.id == wish.customer))


def _ordered(session: Session, reference: str) -> tuple[Ordered, int | None]:
    columns = (Order.id, Order.reference, Order.kind, Order.units, Order.customer_id)
    found = session.execute(select(*columns).where(Order.reference == reference)).first()
    if found is None:
        raise Invalid(field="order", problem="unknown_order", value=reference)
    return Ordered(found.id, found.reference, found.kind, found.units), found.customer_id


def _keys(target: _Target, reached: Reach, wish: Wish) -> list[str]:
    """Name what a booking locks: all that it could take, and its link and its customer where these are limited."""
    limited = target.link is not None and target.link.max_active is not None
    link = [f"link:{target.link.id}"] if limited and target.link is not None else []
    return [*reached.keys, *link, *limits.keys(target.bookable, wish.contact.email)]


def _judged(session: Session, bookable: Bookable, wish: Wish | Move, asking: Asking, now: datetime) -> Start:
    """Judge the start under the lock, with the very search that showed it; a reason to overbook lifts what it says."""
    start = availability.judge(session, bookable, wish.start, now=now, asking=asking)
    if not wish.overbook:
        admission.check(session, bookable, start, asking, now)
    return start


def _asking_of(
    session: Session, bookable: Bookable, row: Any, wish: Move, *, lock: bool = False
) -> tuple[Asking, Taking | None]:
    """Ask for another place of an appointment: under its link, with the people it has and all that was picked.

    Who takes over comes in the place of one of them. Raises Invalid for one that cannot.
    """
    of_link = links.asking_of(
        session, None if wish.actor.staff else row.link_id, leaving_out=row.id, customer=row.email
    )
    named = assigning.kept_by(session, row)
    asked = replace(of_link, staff=wish.actor.staff, quantity=row.units, iterations=row.iterations, resources=named)
    taking = wish.exchange and exchanges.taking(session, bookable, row, wish.exchange, lock=lock)
    return (taking.asking(asked), taking) if taking else (asked, None)


def _unmoved(row: Any, taking: Taking | None) -> Booked:
    """Answer who asks for the time that an appointment has: nothing is done. Raises StateChanged for an exchange.

    Who takes over at the same time is no move (``reassigning``): the appointment moved while somebody looked at it.
    """
    if taking is not None:
        raise StateChanged(status=row.status)
    return booked_of(row)


def _record(
    session: Transaction, target: _Target, wish: Wish, answers: Mapping[str, Any], start: Start, now: datetime
) -> Booked:
    """Write the appointment, or hold its place until the address that was given is confirmed."""
    bookable, until = target.bookable, confirmations.until(target.bookable, wish.actor, now, known=target.known)
    made = bookings.write(
        session,
        bookable,
        start,
        now,
        status=(Status.HELD if until else bookings.status_for(bookable, wish.actor)).value,
        order_id=target.order.id if target.order else None,
        link_id=target.link.id if target.link else None,
        customer_id=target.customer_id,
        units=wish.quantity,
        iterations=wish.iterations,
        email=wish.contact.email,
        name=wish.contact.name,
        phone=wish.contact.phone,
        comment=wish.contact.comment,
        fields=dict(answers),
        locale=wish.contact.locale,
        source=wish.actor.origin,
        overbook_reason=wish.overbook,
    )
    if until is not None:
        confirmations.hold(session, bookable, made, start, target.asking, until, now)
        return booked_of(made)
    held = placing.take(session, bookable, made, start, target.asking, now, overbook=bool(wish.overbook))
    bookings.tell(session, bookable, made, wish.actor, held, now)
    return replace(booked_of(made), card=cards.of_row(made, bookable.site, bookable.item, target.order))


def _moved(
    session: Transaction,
    bookable: Bookable,
    row: Any,
    start: Start,
    asking: Asking,
    wish: Move,
    now: datetime,
    taking: Taking | None,
) -> Booked:
    """Move at once; a customer's move of what was approved before is asked for, and the old place kept meanwhile."""
    if row.status == Status.CONFIRMED and admission.asks_first(bookable, wish.actor):
        return booked_of(moving.ask(session, bookable, row, start, asking, wish.actor, now))
    because = wish.because
    moved = moving.rebook(
        session,
        bookable,
        row,
        start,
        asking,
        wish.actor,
        now,
        offered=not because.batch,
        overbook=wish.overbook,
        kept=because.kept,
        told=because.told,
        taking=taking,
    )
    return booked_of(moved)


def _may_change(row: Any, bookable: Bookable, actor: Actor, now: datetime) -> None:
    """Accept a move or a cancellation by this actor at this moment."""
    if not move_allowed(Status(row.status), Status.CANCELLED):
        raise StateChanged(status=row.status)
    if actor.staff:
        return
    if row.starts_at <= now:
        raise ChangeTooLate
    if not change_allowed(row.starts_at, bookable.policy, now, bookable.zone):
        raise ChangeTooLate(phone=bookable.site.phone)


def _status_before_cancellation(session: Session, appointment_id: int) -> str:
    before: Mapping[str, str] = session.scalars(
        select(Event.before)
        .where(Event.appointment_id == appointment_id, Event.kind == "cancelled")
        .order_by(Event.id.desc())
        .limit(1)
    ).one()
    return before["status"]


def manage_token(public_id: str, generation: int) -> str:
    """Derive the token that manages an appointment."""
    return tokens.token(tokens.MANAGE, public_id, generation)


def booked_of(row: Any) -> Booked:
    """Tell of an appointment what its customer needs."""
    token = manage_token(row.public_id, row.generation)
    return Booked(row.public_id, token, row.starts_at, row.ends_at, Status(row.status))


def answer_of(booked: Booked) -> dict[str, str]:
    """Keep what is needed to answer again; the token is derived anew."""
    told = {"public_id": booked.public_id, "start": booked.start.isoformat(), "end": booked.end.isoformat()}
    return {**told, "status": booked.status.value}


def again(first: Mapping[str, Any]) -> Booked:
    """Answer as the first time."""
    start, end = datetime.fromisoformat(first["start"]), datetime.fromisoformat(first["end"])
    status = Status(first.get("status", Status.CONFIRMED))  # answers of the first version do not say it
    return Booked(first["public_id"], manage_token(first["public_id"], 1), start, end, status, replayed=True)
