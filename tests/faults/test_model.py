"""Whatever is booked, moved, cancelled, undone, in whatever order: the portal and a plain model always agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from portal.domain.errors import Refusal
from portal.operations import appointments, calendars, integrity
from portal.operations.actors import CUSTOMER
from portal.operations.wishes import Move
from tests.backends import NOW, Backend
from tests.faults import dock, times
from tests.faults.dock import CLOSES, MONDAY, OPENS, POOL_STARTS
from tests.faults.replay import replay

HOUR = 60
UNDO = 5  # minutes
MOST = 3  # places at first; an edit may change them

days = st.sampled_from([MONDAY, MONDAY + timedelta(days=1)])
wishes = st.tuples(days, st.sampled_from([*POOL_STARTS, OPENS * HOUR - 30, CLOSES * HOUR - 30, OPENS * HOUR + 10]))


@dataclass
class Place:
    """An appointment in the model: minutes are local, after midnight; ``until`` ends the undo of a cancellation."""

    day: Any
    minute: int
    until: datetime | None = None
    cancelled: bool = False

    def held(self, now: datetime) -> bool:
        return not self.cancelled or (self.until is not None and self.until > now)


class Model:
    """The rules of booking in twenty lines, by counting who is present in every minute."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.slots = MOST
        self.now = NOW

    def present(self, day: Any, minute: int, but: str | None = None) -> int:
        mine = [place for name, place in self.places.items() if name != but and place.day == day]
        return sum(place.held(self.now) and place.minute <= minute < place.minute + HOUR for place in mine)

    def left(self, day: Any, minute: int, but: str | None = None) -> int:
        return max(0, self.slots - max(self.present(day, t, but) for t in range(minute, minute + HOUR)))

    def verdict(self, day: Any, minute: int, but: str | None = None) -> int:
        if minute not in POOL_STARTS or not self.left(day, minute, but):
            return 409
        return 200


def portal_against_model(backend: Backend) -> type[RuleBasedStateMachine]:
    """Make the machine that does everything twice, in the portal and in the model."""

    class Machine(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            backend.clean()
            self.model = Model()
            self.inside(dock.build, NOW, slots=MOST, undo=UNDO)

        def inside(self, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            with backend.app.app_context():
                return operation(*args, **kwargs)

        def tried(self, operation: Callable[..., Any], *args: Any) -> tuple[int, Any]:
            try:
                return 200, self.inside(operation, *args, now=self.model.now)
            except Refusal as refusal:
                return refusal.status, None

        def one_of(self, number: int) -> str | None:
            names = list(self.model.places)
            return names[number % len(names)] if names else None

        @rule(wish=wishes)
        def book(self, wish: Any) -> None:
            day, minute = wish
            status, booked = self.tried(appointments.book, dock.guest(dock.at(minute, day)))
            assert status == self.model.verdict(day, minute)
            if booked is not None:
                self.model.places[booked.public_id] = Place(day, minute)

        @rule(number=st.integers(0, 99), wish=wishes)
        def move(self, number: int, wish: Any) -> None:
            day, minute = wish
            if (name := self.one_of(number)) is None:
                return
            place = self.model.places[name]
            status, _ = self.tried(appointments.move, Move(name, dock.at(minute, day), CUSTOMER))
            stays = (place.day, place.minute) == (day, minute)
            expected = 409 if place.cancelled else 200 if stays else self.model.verdict(day, minute, but=name)
            assert status == expected
            if status == 200:
                place.day, place.minute = day, minute

        @rule(number=st.integers(0, 99))
        def cancel(self, number: int) -> None:
            if (name := self.one_of(number)) is None:
                return
            place = self.model.places[name]
            status, until = self.tried(appointments.cancel, name, CUSTOMER)
            assert status == (409 if place.cancelled else 200)
            if status == 200:
                place.cancelled, place.until = True, until
                assert until == self.model.now + timedelta(minutes=UNDO)

        @rule(number=st.integers(0, 99))
        def undo(self, number: int) -> None:
            if (name := self.one_of(number)) is None:
                return
            place = self.model.places[name]
            status, _ = self.tried(appointments.undo, name, CUSTOMER)
            assert status == (200 if place.cancelled and place.held(self.model.now) else 409)
            if status == 200:
                place.cancelled, place.until = False, None

        @rule(minutes=st.integers(1, UNDO + 2))
        def time_passes(self, minutes: int) -> None:
            self.model.now += timedelta(minutes=minutes)

        @rule(slots=st.integers(1, MOST))
        def change_capacity(self, slots: int) -> None:
            self.inside(dock.change_capacity, slots)
            self.model.slots = slots

        @invariant()
        def what_is_shown_is_what_is_left(self) -> None:
            for day in (MONDAY, MONDAY + timedelta(days=1)):
                found = self.inside(calendars.public_day, "bordeaux", "quais", day, now=self.model.now)
                shown = {start.start: start.places for start in found.offered}
                left = {dock.at(minute, day): self.model.left(day, minute) for minute in POOL_STARTS}
                assert shown == {start: places for start, places in left.items() if places}

        @invariant()
        def the_history_is_sound(self) -> None:
            # A lowered capacity keeps who came before, so that the most there ever was is the bound.
            assert self.inside(replay, MOST) == []
            assert self.inside(integrity.check, self.model.now).breaches == ()

    return Machine


def test_the_portal_agrees_with_the_model(backend):
    effort = settings(
        max_examples=times(15, 300),
        stateful_step_count=times(20, 50),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(portal_against_model(backend), settings=effort)
