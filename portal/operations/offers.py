"""Freed places are offered to those who wait: what the worker does, place by place, each step once.

A step runs under the ledger keys of its pool, in the order in which places were given back, and ends by moving the row
of the place on. So any number of workers may run; nobody is asked twice, and nobody is left out.

Mode ``all`` asks everybody at once, some hundreds in one transaction. Mode ``one_by_one`` keeps the place for each in
turn. When nobody is left the place is the public's, as soon as its cooling-off is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.domain.lifecycle import Status
from portal.domain.notices import Side, What
from portal.domain.slots import Start
from portal.domain.waitlist import Holder, choose, turn_end
from portal.domain.window import change_cutoff
from portal.domain.zones import local_day
from portal.extensions import Transaction, reading, retried, transaction
from portal.models import Appointment, FreedPlace, Offer
from portal.operations import appointment_rows as rows
from portal.operations import (
    bookables,
    freed,
    keeping,
    notices,
    occupancy,
    offer_candidates,
    offer_ground,
    offer_notices,
    outbox,
    tokens,
)
from portal.operations.bookables import Bookable
from portal.operations.offer_candidates import Candidate
from portal.operations.offer_ground import Ground
from portal.operations.placing import Reach

BATCH = 100  # places looked at in one round
CHUNK = 500  # people asked in one transaction: bookings of that day wait for it
CONFIRMED = Status.CONFIRMED.value
OPEN, CLAIMED, LAPSED, WITHDRAWN = "open", "claimed", "lapsed", "withdrawn"
WAITING, OFFERED, DONE = "waiting", "offered", "done"

_place = FreedPlace.__table__.c


def advance(now: datetime, stop: Callable[[], bool] = lambda: False) -> int:
    """Offer the freed places whose time has come, end what nobody answered in time, and count the offers made."""
    settle(now)
    made = 0
    while not stop() and (due := _due(now)):
        steps = [_step(identity, now) for identity in due]
        made += sum(step for step in steps if step is not None)
        if all(step is None for step in steps):  # another worker has them
            break
    return made


@retried
def settle(now: datetime) -> int:
    """End the offers that nobody took in time, and those whose appointment is no longer one to move; count them."""
    late = and_(Offer.state == OPEN, Offer.expires_at <= now)
    fixed = select(Appointment.id).where(Appointment.id == Offer.appointment_id, Appointment.status != CONFIRMED)
    idle = and_(Offer.state == OPEN, fixed.exists())
    with reading() as session:
        if session.scalar(select(Offer.id).where(or_(late, idle)).limit(1)) is None:
            return 0
    with transaction() as session:
        return end(session, late, LAPSED, now) + end(session, idle, WITHDRAWN, now)


def end(session: Session, which: ColumnElement[bool], state: str, now: datetime) -> int:
    """End offers, let the places that were kept for one of them go on to the next, and count them."""
    ended = update(Offer).where(which).values(state=state, settled_at=now)
    rows = session.execute(ended.returning(Offer.freed_id, Offer.allocation_id)).all()
    if kept := [row.freed_id for row in rows if row.allocation_id is not None]:
        next_one = and_(FreedPlace.id.in_(kept), FreedPlace.state == OFFERED, FreedPlace.not_before > now)
        session.execute(update(FreedPlace).where(next_one).values(not_before=now))
    return len(rows)


def _due(now: datetime) -> Sequence[int]:
    """List the places that are to go on, in the order in which they were given back."""
    with reading() as session:
        return session.scalars(
            select(FreedPlace.id)
            .where(FreedPlace.state != DONE, FreedPlace.not_before <= now)
            .order_by(FreedPlace.id)
            .limit(BATCH)
        ).all()


@retried
def _step(identity: int, now: datetime) -> int | None:
    """Take a place one step further, and count the offers made; None when it is not its turn, or another's work."""
    with reading() as session:
        seen = session.execute(select(*_place).where(_place.id == identity)).one()
        keys = keeping.reach(session, bookables.by_pool(session, seen.pool_id), seen).keys
    with transaction(keys) as session:
        query = select(*_place).where(_place.id == identity, _place.state != DONE, _place.not_before <= now)
        if (row := session.execute(query).first()) is None:
            return None
        bookable = bookables.by_pool(session, row.pool_id, lock=True)
        reached = keeping.reach(session, bookable, row)
        rows.covered(session, reached.keys)
        return _Step(session, bookable, row, reached, now).take()


@dataclass(frozen=True, slots=True)
class _Ask:
    """Somebody to be asked, about which start, and until when they may answer at the latest."""

    candidate: Candidate
    start: Start
    until: datetime

    @property
    def appointment_id(self) -> int | None:
        """The appointment that they hold; None for somebody of the waiting list."""
        return self.candidate.waiter.id if isinstance(self.candidate.waiter, Holder) else None

    @property
    def since(self) -> str:
        """Since when they have their appointment, or wait, as the reason keeps it."""
        return self.candidate.waiter.since.isoformat()

    def mail(self, public_id: str, now: datetime) -> outbox.Draft:
        """Write to them; the link is derived when the mail is rendered."""
        kind, one = "earlier_slot" if self.appointment_id else "place_free", self.candidate
        told = {"offer": public_id}
        return outbox.Draft(kind, f"{kind}:{public_id}", one.email, one.locale, now, told, self.appointment_id)


class _Step:
    """One step of a freed place, in a transaction that holds its keys."""

    def __init__(self, session: Transaction, bookable: Bookable, row: Any, reached: Reach, now: datetime) -> None:
        self._session, self._bookable, self._row, self._now = session, bookable, row, now
        self._reached = reached
        self._rules = bookable.policy.earlier_slots

    def take(self) -> int | None:
        """Ask whoever is to be asked now, and move the place on; None: one given back before is to go on first."""
        session, row, now = self._session, self._row, self._now
        if session.execute(self._beside(FreedPlace.id < row.id).limit(1)).first() is not None:
            return None
        end(session, and_(Offer.freed_id == row.id, Offer.state == OPEN, Offer.expires_at <= now), LAPSED, now)
        keeping.release(session, row, now)
        occupancy.release_lapsed(session, self._reached.pools, row.starts_at, row.ends_at, now)
        ground = offer_ground.of(session, self._bookable, row, now)
        starts = self._starts(ground)
        asks = self._asks(ground, starts)
        return self._in_turn(asks, starts) if self._rules.mode == "one_by_one" else self._all_at_once(asks, starts)

    def _beside(self, which: ColumnElement[bool]) -> Any:
        """Find places that are due, too, and so near that a start may touch both."""
        row, near = self._row, keeping.length_of(self._bookable)
        return select(*_place).where(
            FreedPlace.pool_id == row.pool_id,
            FreedPlace.starts_at < row.ends_at + near,
            FreedPlace.ends_at > row.starts_at - near,
            FreedPlace.state != DONE,
            FreedPlace.not_before <= self._now,
            which,
        )

    def _starts(self, ground: Ground) -> Sequence[Start]:
        """List the starts that the place freed: found once, for later others come and go around it."""
        first = select(Offer.reason).where(Offer.freed_id == self._row.id).order_by(Offer.id).limit(1)
        known = self._session.scalar(first) if self._row.state == OFFERED else None
        if known is None:  # nobody was asked yet, or who was is erased
            return ground.freed(self._given_back_later())
        touched = {start.start.isoformat(): start for start in ground.touched()}
        return [touched[text] for text in known["starts"] if text in touched]

    def _given_back_later(self) -> Sequence[Any]:
        """List the places that are free by now, too, but were taken when this one was given back."""
        later = self._beside(FreedPlace.id > self._row.id)
        unkept = later.where(or_(FreedPlace.kept_until.is_(None), FreedPlace.kept_until <= self._now))
        return self._session.execute(unkept).all()

    def _asks(self, ground: Ground, starts: Sequence[Start]) -> Iterator[_Ask]:
        """Yield those who are to be asked, in their order."""
        if not starts:
            return
        for candidate in self._candidates(starts):
            offered = partial(ground.offered, candidate.waiter, candidate.email)
            start = choose(candidate.waiter, starts, self._bookable.zone, offered)
            if start is not None and (until := self._latest(ground, candidate, start)) > self._now:
                yield _Ask(candidate, start, until)

    def _candidates(self, starts: Sequence[Start]) -> Iterator[Candidate]:
        asked = (self._session, self._bookable, self._row, starts, self._now)
        told = notices.wanted(self._bookable.site, Side.CUSTOMER, What.EARLIER_SLOT)
        holders = offer_candidates.holders(*asked) if self._rules.enabled and told else iter(())
        listed = offer_candidates.listed(*asked) if freed.listed(self._bookable) else iter(())
        return chain(holders, listed)

    def _latest(self, ground: Ground, candidate: Candidate, start: Start) -> datetime:
        """Give the end of an offer: under the notice of the start, and the cut-off of what they hold."""
        latest, waiter = ground.latest(start), candidate.waiter
        if not isinstance(waiter, Holder):
            return latest
        return min(latest, change_cutoff(waiter.start, self._bookable.policy, self._bookable.zone))

    def _all_at_once(self, asks: Iterator[_Ask], starts: Sequence[Start]) -> int:
        """Ask everybody; where there are very many, the rest in the next steps."""
        some = list(islice(asks, CHUNK))
        self._write(some, starts)
        keeping.keep_whole(self._session, self._bookable, self._row, self._now)
        self._move_on(OFFERED if len(some) == CHUNK else DONE, self._row.not_before)
        return len(some)

    def _in_turn(self, asks: Iterator[_Ask], starts: Sequence[Start]) -> int:
        """Keep the place for the next one; nobody left: it is the public's, after the cooling-off."""
        if (ask := next(asks, None)) is None:
            keeping.keep_whole(self._session, self._bookable, self._row, self._now)
            self._move_on(DONE, self._row.not_before)
            return 0
        until = turn_end(self._now, self._rules.turn, self._bookable.zone, ask.until)
        ask, units = replace(ask, until=until), ask.candidate.waiter.units
        whose = ask.appointment_id or self._row.appointment_id
        place = (self._session, self._bookable, self._row)
        kept = keeping.keep_for(*place, ask.start, units, whose, until, self._now)
        self._write([ask], starts, allocation=kept)
        self._move_on(OFFERED, until)
        return 1

    def _write(self, asks: Sequence[_Ask], starts: Sequence[Start], allocation: int | None = None) -> None:
        """Write offers and their mails."""
        if not asks:
            return
        asked = self._session.scalar(select(func.count()).where(Offer.freed_id == self._row.id)) or 0
        told = {"starts": [start.start.isoformat() for start in starts], "mode": self._rules.mode}
        rows = [
            {**self._offer(ask, allocation), "reason": {**told, "rank": rank, "since": ask.since}}
            for rank, ask in enumerate(asks, asked + 1)
        ]
        self._session.execute(insert(Offer), rows)
        drafts = [ask.mail(row["public_id"], self._now) for ask, row in zip(asks, rows, strict=True)]
        if not asked:
            count = None if allocation else len(asks)
            drafts += offer_notices.drafts(self._bookable, self._row, count, self._now)
        outbox.enqueue(self._session, notices.chosen(self._bookable.site, drafts), self._now)

    def _offer(self, ask: _Ask, allocation: int | None) -> dict[str, Any]:
        return {
            "public_id": tokens.new_public_id(),
            "generation": 1,
            "freed_id": self._row.id,
            "appointment_id": ask.appointment_id,
            "waiting_id": None if ask.appointment_id else ask.candidate.waiter.id,
            "starts_at": ask.start.start,
            "ends_at": ask.start.end,
            "offered_on": local_day(self._now, self._bookable.zone),
            "state": OPEN,
            "allocation_id": allocation,
            "created_at": self._now,
            "expires_at": ask.until,
            "settled_at": None,
        }

    def _move_on(self, state: str, not_before: datetime) -> None:
        """Note how the place stands. Raises StaleDataError when somebody else did so meanwhile."""
        row = self._row
        mine = and_(FreedPlace.id == row.id, FreedPlace.state == row.state, FreedPlace.not_before == row.not_before)
        moved = update(FreedPlace).where(mine).values(state=state, not_before=not_before).returning(FreedPlace.id)
        if self._session.execute(moved).first() is None:
            raise StaleDataError("the freed place went on meanwhile")
