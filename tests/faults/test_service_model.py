"""Services with people, a room and equipment, in whatever order: the portal and a plain model always agree.

The model knows who has what and when, minute by minute, and tries every way to seat distinct resources. Whom the portal
chooses it is told; that the choice was possible, and that nobody is in two places, is what is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from portal.domain.errors import Refusal
from portal.extensions import reading
from portal.models import Appointment, Assignment, Resource
from portal.operations import appointments, availability, bookables, integrity, lapses, reassigning
from portal.operations.actors import GUEST, Actor
from portal.operations.wishes import Contact, Move, Wish
from tests import sample
from tests.backends import NOW, Backend
from tests.faults import times
from tests.faults.dock import MONDAY, POOL_STARTS, at

UNDO, AFTER = 5, 30  # minutes
STAFF = Actor("claire@example.com", "staff", staff=True)
PEOPLE, ROOM, ASSET = ("jean", "ryan"), "salle", "projecteur"
EVERYTHING = (*PEOPLE, ROOM, ASSET)
NEEDS: dict[str, list[list[str]]] = {
    "advice": [list(PEOPLE)],
    "visit": [list(PEOPLE), [ROOM]],
    "meeting": [[ASSET], list(PEOPLE), list(PEOPLE)],
}
"""Who may serve each seat of each service."""

services, starts, numbers = st.sampled_from(sorted(NEEDS)), st.sampled_from(POOL_STARTS), st.integers(0, 99)


@dataclass
class Visit:
    """An appointment on Monday at a local minute, with whom and what it has; its place is kept ``until`` then."""

    service: str
    at: int
    has: frozenset[str]
    until: datetime | None = None


class Model:
    """Who has what."""

    def __init__(self) -> None:
        self.visits: dict[str, Visit] = {}
        self.now = NOW

    def live(self, but: str | None = None) -> list[Visit]:
        return [one for name, one in self.visits.items() if name != but and (one.until is None or one.until > self.now)]

    def free(self, begin: int, but: str | None = None) -> set[str]:
        """Leave out whom another appointment has at any minute of this one, with the time after both."""
        end = begin + 60 + AFTER
        return set(EVERYTHING) - {
            one for visit in self.live(but) if visit.at < end and visit.at + 60 + AFTER > begin for one in visit.has
        }

    def possible(self, service: str, begin: int, chosen: Iterable[str] = (), but: str | None = None) -> bool:
        free = self.free(begin, but)
        seats = NEEDS[service]
        return set(chosen) <= free and any(
            all(one in seat for one, seat in zip(seated, seats, strict=True))
            for seated in permutations(sorted(free), len(seats))
        )


def having(public_id: str) -> frozenset[str]:
    with reading() as session:
        query = (
            select(Resource.key)
            .join(Assignment, Assignment.resource_id == Resource.id)
            .join(Appointment, Appointment.id == Assignment.appointment_id)
        )
        return frozenset(session.scalars(query.where(Appointment.public_id == public_id)))


def offered(service: str, day: date, now: datetime) -> set[datetime]:
    with reading() as session:
        bookable = bookables.find(session, "bordeaux", None, service=service)
        return {start.start for start in availability.search(session, bookable, day, day, now=now).offered}


def build() -> None:
    sample.site(policy={"undo": UNDO, "earlier_slots": {"enabled": False}})
    sample.planning(key="bureau", guests=False, week=dict.fromkeys(range(1, 8), ((480, 720, 1),)))
    for key in PEOPLE:
        sample.resource(key, plannings=("bureau",))
    sample.resource(ROOM, "room")
    sample.resource(ASSET, "asset")
    kinds = {"advice": ["staff"], "visit": ["staff", "room"], "meeting": ["asset", "staff", "staff"]}
    for key, wanted in kinds.items():
        sample.service(key, requires=[{"kind": kind} for kind in wanted], buffer_after=AFTER)


def services_against_model(backend: Backend) -> type[RuleBasedStateMachine]:
    """Make the machine that does everything twice, in the portal and in the model."""

    class Machine(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            backend.clean()
            self.model = Model()
            self.inside(build)

        def inside(self, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            with backend.app.app_context():
                return operation(*args, **kwargs)

        def tried(self, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            """Give the answer, or None for a refusal."""
            try:
                return self.inside(operation, *args, now=self.model.now, **kwargs) or True
            except Refusal:
                return None

        def some(self, number: int) -> tuple[str, Visit] | None:
            """Choose an appointment that is live."""
            known = [one for one in self.model.visits.items() if one[1].until is None]
            return known[number % len(known)] if known else None

        @rule(service=services, start=starts, who=st.sampled_from([(), *((one,) for one in PEOPLE)]), number=numbers)
        def book(self, service: str, start: int, who: Sequence[str], number: int) -> None:
            contact = Contact(f"client{number}@example.com", "Client")
            wish = Wish(at(start), contact, GUEST, site="bordeaux", service=service, resources=tuple(who))
            made = self.tried(appointments.book, wish)
            assert (made is not None) == self.model.possible(service, start, who)
            if made is not None:
                self.record(made.public_id, service, start, who)

        def record(self, public_id: str, service: str, start: int, chosen: Iterable[str]) -> None:
            has = self.inside(having, public_id)
            assert set(chosen) <= has <= self.model.free(start, but=public_id)
            assert len(has) == len(NEEDS[service])
            self.model.visits[public_id] = Visit(service, start, has)

        @rule(number=numbers, start=starts)
        def move(self, number: int, start: int) -> None:
            if (found := self.some(number)) is None:
                return
            name, visit = found
            people = visit.has & set(PEOPLE)
            possible = self.model.possible(visit.service, start, people, but=name) or start == visit.at
            assert (self.tried(appointments.move, Move(name, at(start), GUEST)) is not None) == possible
            if possible and start != visit.at:
                self.record(name, visit.service, start, people)

        @rule(number=numbers, who=st.sampled_from(PEOPLE))
        def reassign(self, number: int, who: str) -> None:
            found = self.some(number)
            if found is None or found[1].service == "meeting" or who in found[1].has:
                return
            name, visit = found
            possible = who in self.model.free(visit.at, but=name)
            assert (self.tried(reassigning.reassign, name, who, STAFF) is not None) == possible
            if possible:
                visit.has = (visit.has - set(PEOPLE)) | {who}
                assert self.inside(having, name) == visit.has

        @rule(number=numbers, undo=st.booleans())
        def cancel(self, number: int, undo: bool) -> None:
            if (found := self.some(number)) is None:
                return
            self.tried(appointments.cancel, found[0], GUEST, undo=undo)
            found[1].until = self.model.now + timedelta(minutes=UNDO if undo else 0)

        @rule(number=numbers)
        def undo(self, number: int) -> None:
            known = [one for one in self.model.visits.items() if one[1].until is not None]
            if not known:
                return
            name, visit = known[number % len(known)]
            possible = visit.until is not None and visit.until > self.model.now
            assert (self.tried(appointments.undo, name, GUEST) is not None) == possible
            if possible:
                visit.until = None

        @rule(minutes=st.integers(1, 7))
        def wait(self, minutes: int) -> None:
            self.model.now += timedelta(minutes=minutes)

        @rule()
        def work(self) -> None:
            self.inside(lapses.announce, self.model.now)

        @invariant()
        def agree(self) -> None:
            assert self.inside(integrity.check, self.model.now).breaches == ()
            for service in NEEDS:
                wanted = {at(start) for start in POOL_STARTS if self.model.possible(service, start)}
                assert self.inside(offered, service, MONDAY, self.model.now) == wanted

    return Machine


def test_the_portal_and_the_model_agree_whatever_happens(backend):
    machine = services_against_model(backend)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=times(4, 60),
            stateful_step_count=times(16, 40),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
