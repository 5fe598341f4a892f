"""Requests, answers, expiry, offers and claims, in whatever order: the portal and a plain model always agree.

The model knows who holds which minutes. What is kept for those who wait it is told by the portal: that nobody else gets
in there, that it ends in time, and that it hides nothing else, is what is proved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from portal.domain.errors import Refusal
from portal.domain.lifecycle import Status
from portal.extensions import reading
from portal.models import Allocation, Appointment, Offer, OutboxMessage
from portal.operations import appointments, calendars, claims, integrity, lapses, offers, tokens, validation
from portal.operations.actors import CUSTOMER, Actor
from portal.operations.wishes import Contact, Move, Wish
from tests.backends import NOW, Backend
from tests.faults import dock, times
from tests.faults.dock import MONDAY, POOL_STARTS

HOUR = 60
UNDO, COOLING, ANSWER, TURN = 5, 7, 60, 30  # minutes
PLACES = 2
STAFF = Actor("claire@example.com", "staff", staff=True)
DAYS = (MONDAY, MONDAY + timedelta(days=1))
POLICY: dict[str, Any] = {
    "undo": UNDO,
    "validation": "manager",
    "answer_within": ANSWER,
    "cooling_off": COOLING,
    "earlier_slots": {"enabled": True, "hours": 0, "turn": TURN},
}

wishes = st.tuples(st.sampled_from(DAYS), st.sampled_from(POOL_STARTS))
numbers = st.integers(0, 99)
Wanted = tuple[date, int]
Piece = tuple[date, int, int]
"""Kept on a day from one local minute to another: what is left of a place may be shorter than an hour."""


@dataclass
class Place:
    """An appointment in the model: ``at`` and ``wants`` are a day and a local minute of it."""

    at: Wanted
    status: Status
    wants: Wanted | None = None
    answer_by: datetime | None = None
    undo_until: datetime | None = None
    before: Status | None = None  # the cancellation

    def held(self, now: datetime) -> list[Wanted]:
        kept = self.undo_until is not None and self.undo_until > now
        own = [self.at] if self.status in (Status.REQUESTED, Status.CONFIRMED) or kept else []
        return [*own, *([self.wants] if self.wants else [])]

    def waits(self, now: datetime) -> bool:
        return self.answer_by is not None and self.answer_by > now

    def settle(self) -> None:
        self.wants = self.answer_by = None


class Model:
    """Who holds what, and who waits for an answer."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.now = NOW

    def left(self, wanted: Wanted, kept: list[Piece], but: str | None = None) -> int:
        day, begin = wanted
        mine = [one for name, place in self.places.items() if name != but for one in place.held(self.now)]
        taken = [(since, until) for at, since, until in kept if at == day]
        taken += [(minute, minute + HOUR) for at, minute in mine if at == day]
        return PLACES - max(sum(since <= t < until for since, until in taken) for t in range(begin, begin + HOUR))


def kept_places(now: datetime) -> list[tuple[str, datetime, datetime]]:
    """List what is kept for those who wait: whose appointment gave it back or may have it, and where."""
    query = (
        select(Appointment.public_id, Allocation.starts_at, Allocation.ends_at)
        .join(Appointment, Appointment.id == Allocation.appointment_id)
        .where(Allocation.released_at.is_(None), Allocation.role == "kept", Allocation.taken_until > now)
    )
    cooling = (
        select(Appointment.public_id, Allocation.starts_at, Allocation.ends_at)
        .join(Appointment, Appointment.id == Allocation.appointment_id)
        .where(Allocation.released_at.is_(None), Allocation.role == "visit", Allocation.taken_until > now)
        .where(Appointment.status == Status.CANCELLED.value, Appointment.undo_until <= now)
    )
    with reading() as session:
        return [(name, start, end) for one in (query, cooling) for name, start, end in session.execute(one)]


def open_offers() -> list[Any]:
    with reading() as session:
        query = (
            select(*Offer.__table__.c, Appointment.public_id.label("whose"))
            .join(Appointment, Appointment.id == Offer.appointment_id)
            .where(Offer.state == offers.OPEN)
            .order_by(Offer.id)
        )
        return list(session.execute(query))


def as_it_is() -> dict[str, tuple[str, datetime, datetime | None]]:
    with reading() as session:
        rows = session.execute(
            select(Appointment.public_id, Appointment.status, Appointment.starts_at, Appointment.wanted_start)
        )
        return {name: (status, start, wanted) for name, status, start, wanted in rows}


def mails_of_one_offer_too_many() -> list[str]:
    """List the offers that were mailed twice, and the appointments that got two in a day."""
    with reading() as session:
        offered = select(Offer.appointment_id, Offer.offered_on).group_by(Offer.appointment_id, Offer.offered_on)
        twice = [str(row) for row in session.execute(offered.having(func.count() > 1))]
        mails = session.scalar(select(func.count()).where(OutboxMessage.kind == "earlier_slot")) or 0
        made = session.scalar(select(func.count()).select_from(Offer)) or 0
    return twice + ([] if mails == made else [f"{mails} mails for {made} offers"])


def process_against_model(backend: Backend, mode: str) -> type[RuleBasedStateMachine]:
    """Make the machine that does everything twice, in the portal and in the model."""

    class Machine(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            backend.clean()
            self.model = Model()
            asked = {**POLICY["earlier_slots"], "mode": mode}
            self.inside(dock.build, NOW, slots=PLACES, **{**POLICY, "earlier_slots": asked})

        def inside(self, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            with backend.app.app_context():
                return operation(*args, **kwargs)

        def tried(self, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[int, Any]:
            try:
                return 200, self.inside(operation, *args, now=self.model.now, **kwargs)
            except Refusal as refusal:
                return refusal.status, None

        def one_of(self, number: int) -> tuple[str, Place] | None:
            names = list(self.model.places)
            return (name := names[number % len(names)], self.model.places[name]) if names else None

        def kept(self, but: str | None = None) -> list[Piece]:
            found = self.inside(kept_places, self.model.now)
            return [(*placed(start), placed(end)[1]) for name, start, end in found if name != but]

        def answer_by(self, *starts: Wanted) -> datetime:
            return min(self.model.now + timedelta(minutes=ANSWER), *(dock.at(minute, day) for day, minute in starts))

        @rule(wish=wishes, staff=st.booleans(), number=numbers)
        def book(self, wish: Wanted, staff: bool, number: int) -> None:
            start = dock.at(wish[1], wish[0])
            contact = Contact(f"client{number}@example.com", f"Client {number}")
            actor = STAFF if staff else dock.GUEST
            asked = Wish(start, contact, actor, site="bordeaux", planning="quais")
            free = self.model.left(wish, self.kept()) > 0
            status, booked = self.tried(appointments.book, asked)
            assert status == (200 if free else 409)
            if booked is not None:
                begun = Status.CONFIRMED if staff else Status.REQUESTED
                until = None if staff else self.answer_by(wish)
                self.model.places[booked.public_id] = Place(wish, begun, answer_by=until)

        @rule(number=numbers, wish=wishes)
        def move(self, number: int, wish: Wanted) -> None:
            if (found := self.one_of(number)) is None:
                return
            name, place = found
            free = self.model.left(wish, self.kept(but=name), but=name) > 0
            status, _ = self.tried(appointments.move, Move(name, dock.at(wish[1], wish[0]), CUSTOMER))
            if place.status not in (Status.REQUESTED, Status.CONFIRMED):
                assert status == 409
            elif wish in (place.at, place.wants):
                assert status == 200
            else:
                assert status == (200 if free else 409)
                if status == 200:
                    self.moved(place, wish)

        def moved(self, place: Place, wish: Wanted) -> None:
            if place.status is Status.CONFIRMED:
                place.wants, place.answer_by = wish, self.answer_by(wish, place.at)
            else:
                place.at, place.answer_by = wish, self.answer_by(wish)

        @rule(number=numbers, accepted=st.booleans())
        def answer(self, number: int, accepted: bool) -> None:
            if (found := self.one_of(number)) is None:
                return
            name, place = found
            status, done = self.tried(validation.accept if accepted else validation.decline, name, STAFF)
            if not place.waits(self.model.now):
                assert status == 409 or done is False  # too late, or somebody has answered it already
                return
            assert (status, done) == (200, True)
            if place.wants and accepted:
                place.at = place.wants
            elif not place.wants:
                place.status = Status.CONFIRMED if accepted else Status.DECLINED
            place.settle()

        @rule()
        def expire(self) -> None:
            late = [
                place
                for place in self.model.places.values()
                if place.answer_by is not None and not place.waits(self.model.now)
            ]
            assert self.inside(validation.expire, self.model.now) == len(late)
            for place in late:
                if not place.wants:
                    place.status = Status.EXPIRED
                place.settle()

        @rule(number=numbers, undo=st.booleans())
        def cancel(self, number: int, undo: bool) -> None:
            if (found := self.one_of(number)) is None:
                return
            name, place = found
            status, until = self.tried(appointments.cancel, name, CUSTOMER, undo=undo)
            possible = place.status in (Status.REQUESTED, Status.CONFIRMED)
            assert status == (200 if possible else 409)
            if possible:
                place.before, place.status, place.undo_until = place.status, Status.CANCELLED, until
                place.settle()

        @rule(number=numbers)
        def take_back(self, number: int) -> None:
            if (found := self.one_of(number)) is None:
                return
            name, place = found
            status, _ = self.tried(appointments.undo, name, CUSTOMER)
            possible = place.undo_until is not None and place.undo_until > self.model.now
            assert status == (200 if possible else 409)
            if possible and place.before is not None:
                place.status, place.undo_until = place.before, None
                place.answer_by = self.answer_by(place.at) if place.before is Status.REQUESTED else None

        @rule(minutes=st.integers(1, TURN + 1))
        def time_passes(self, minutes: int) -> None:
            self.model.now += timedelta(minutes=minutes)

        @rule()
        def work(self) -> None:
            self.inside(offers.advance, self.model.now)
            self.inside(lapses.announce, self.model.now)

        @rule(number=numbers)
        def claim(self, number: int) -> None:
            found = self.inside(open_offers)
            if not found:
                return
            offer = found[number % len(found)]
            place, wish = self.model.places[offer.whose], placed(offer.starts_at)
            legal = place.status is Status.CONFIRMED and not place.wants and offer.expires_at > self.model.now
            free = self.model.left(wish, [], but=offer.whose) > 0
            certain = self.model.left(wish, self.kept(), but=offer.whose) > 0
            token = self.inside(tokens.token, tokens.OFFER, offer.public_id, offer.generation)
            status, _ = self.tried(claims.claim, token)
            if status == 200:
                assert legal
                assert free
                place.at = wish
                assert self.tried(claims.claim, token)[0] != 200  # the link is used up
            else:
                assert not (legal and certain and instant(wish) < instant(place.at))

        @invariant()
        def everybody_is_where_the_model_says(self) -> None:
            expected = {
                name: (place.status.value, instant(place.at), instant(place.wants) if place.wants else None)
                for name, place in self.model.places.items()
            }
            assert self.inside(as_it_is) == expected

        @invariant()
        def what_is_shown_is_what_is_left(self) -> None:
            kept = self.kept()
            for day in DAYS:
                found = self.inside(calendars.public_day, "bordeaux", "quais", day, now=self.model.now)
                shown = {start.start: start.places for start in found.offered}
                left = {dock.at(minute, day): self.model.left((day, minute), kept) for minute in POOL_STARTS}
                assert shown == {start: places for start, places in left.items() if places > 0}

        @invariant()
        def nothing_is_unsound(self) -> None:
            assert self.inside(integrity.check, self.model.now).breaches == ()
            assert self.inside(mails_of_one_offer_too_many) == []

        @invariant()
        def what_is_kept_ends(self) -> None:
            longest = timedelta(minutes=UNDO + COOLING + TURN)
            assert all(until <= self.model.now + longest for until in self.inside(ends_of_what_is_kept))

    return Machine


def ends_of_what_is_kept() -> list[datetime]:
    with reading() as session:
        kept = select(Allocation.taken_until).where(Allocation.released_at.is_(None), Allocation.role == "kept")
        return [until for until in session.scalars(kept) if until is not None]


def instant(wanted: Wanted) -> datetime:
    return dock.at(wanted[1], wanted[0])


def placed(start: datetime) -> Wanted:
    local = start.astimezone(dock.PARIS)
    return local.date(), local.hour * 60 + local.minute


@pytest.mark.parametrize("mode", ["all", "one_by_one"])
def test_the_process_agrees_with_the_model(backend, mode):
    effort = settings(
        max_examples=times(12, 300),
        stateful_step_count=times(25, 60),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(process_against_model(backend, mode), settings=effort)
