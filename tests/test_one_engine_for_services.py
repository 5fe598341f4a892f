"""One engine for services, too: people, absences, buffers, rooms and those picked by name count alike everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from portal.domain.slots import Reason
from portal.operations import appointments
from tests import sample
from tests.engine import OPEN, STAFF, Engine, agreed
from tests.sample import paris

pytestmark = pytest.mark.on_both


@dataclass(frozen=True)
class Case:
    """A service of the agency, with what each start around a bound is; ``person`` is asked for by name.

    ``setup`` makes people and rooms beside Jean, Ryan and Léa; ``had`` are the starts booked before, each with whom.
    """

    rule: str
    starts: Mapping[str, Reason | None]
    setup: Callable[[], None] = lambda: None
    service: Mapping[str, Any] = field(default_factory=dict)
    people: Sequence[str] = ("jean", "ryan", "lea")
    had: Sequence[tuple[str, str | None]] = ()
    person: str | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)


def away(*people: str) -> None:
    """Let people work on Monday afternoon only."""
    for one in people:
        absences = [("2026-12-07T08:00", "2026-12-07T13:00")]
        sample.resource(one, plannings=("bureau",), skills={"evaluation": 5}, absences=absences)


def room() -> None:
    """Make a meeting room for four, and one that is too small."""
    sample.resource("salon", "room", persons=4)
    sample.resource("cabine", "room", persons=1)


def one_a_day() -> None:
    """Let Paul have one appointment a day."""
    sample.resource("paul", plannings=("bureau",), max_per_day=1)


def one_place() -> None:
    """Make a planning in which one valuation an hour has a place, and let the service take one."""
    sample.planning(key="visites", guests=False, kinds=(), week=dict.fromkeys(range(1, 6), ((540, 720, 1),)))
    with sample.transaction() as session:
        hours = session.query(sample.Planning).filter_by(key="visites").one()
        session.query(sample.Service).one().planning_id = hours.id


SERVICES = [
    Case(
        "three people serve three at once, and no fourth",
        {"2026-12-07 09:00": OPEN, "2026-12-07 10:00": Reason.RESOURCE_BUSY, "2026-12-07 11:00": OPEN},
        had=[("2026-12-07 10:00", None)] * 3,
    ),
    Case(
        "hours and steps are those of the people",
        {
            "2026-12-07 08:30": Reason.CLOSED,
            "2026-12-07 11:00": OPEN,
            "2026-12-07 11:30": Reason.BREAK,
            "2026-12-07 09:10": Reason.OFF_GRID,
            "2026-12-06 10:00": Reason.CLOSED,
        },
    ),
    Case(
        "who is away is not there, and comes back",
        {"2026-12-07 11:00": Reason.RESOURCE_ABSENT, "2026-12-07 14:00": OPEN, "2026-12-08 09:00": OPEN},
        lambda: away("paul", "zoe"),
        people=(),
    ),
    Case(
        "one is away and the others are taken",
        {"2026-12-07 10:00": Reason.RESOURCE_BUSY, "2026-12-07 14:00": OPEN},
        lambda: away("paul"),
        people=("jean",),
        had=[("2026-12-07 10:00", "jean")],
    ),
    Case(
        "buffers lie between two appointments, before and after",
        {
            "2026-12-07 14:30": Reason.RESOURCE_BUSY,
            "2026-12-07 14:00": OPEN,
            "2026-12-07 16:00": Reason.RESOURCE_BUSY,
            "2026-12-07 16:30": OPEN,
        },
        service={"buffer_after": 15},
        people=("jean",),
        had=[("2026-12-07 15:15", "jean")],
    ),
    Case(
        "the room that is large enough is taken, whoever is free",
        {"2026-12-07 10:00": Reason.RESOURCE_BUSY, "2026-12-07 11:00": OPEN},
        room,
        service={"requires": [{"kind": "staff"}, {"kind": "room", "persons": 2}]},
        had=[("2026-12-07 10:00", "jean")],
    ),
    Case(
        "a person has as many a day as they may",
        {"2026-12-07 15:00": Reason.RESOURCE_BUSY, "2026-12-08 15:00": OPEN},
        one_a_day,
        people=(),
        had=[("2026-12-07 10:00", "paul")],
    ),
    Case(
        "a place in the planning of the service is needed, too",
        {"2026-12-07 10:00": Reason.FULL, "2026-12-07 11:00": OPEN},
        one_place,
        had=[("2026-12-07 10:00", "jean")],
    ),
    Case(
        "whoever is picked by name must be free, whoever else is",
        {"2026-12-07 10:00": Reason.RESOURCE_BUSY, "2026-12-07 11:00": OPEN},
        had=[("2026-12-07 10:00", "lea")],
        person="lea",
    ),
    Case(
        "whoever is picked by name must be there, whoever else is",
        {"2026-12-07 10:00": Reason.RESOURCE_ABSENT, "2026-12-07 14:00": OPEN},
        lambda: away("paul"),
        person="paul",
    ),
    Case(
        "the window is that of the site",
        {"2026-12-03 09:00": Reason.NOTICE, "2026-12-03 10:00": OPEN, "2026-12-09 09:00": Reason.HORIZON},
        policy={"min_notice": "2d", "max_days": 7},
    ),
]


def _set_up(case: Case) -> None:
    sample.agency(people=case.people, policy=case.policy, **case.service)
    case.setup()
    for number, (start, person) in enumerate(case.had):
        people = (person,) if person is not None else ()
        wish = sample.wish(start, number, service="evaluation", people=people, actor=STAFF)
        appointments.book(wish, now=paris("2026-12-01 09:00"))


@pytest.fixture
def engine(do, client, clock) -> Callable[[Case], Engine]:
    """Set a service up and give what answers for it."""

    def made(case: Case) -> Engine:
        do(_set_up, case)
        clock.set(paris("2026-12-01 10:00"))
        return Engine(do, client, clock, service="evaluation", person=case.person)

    return made


@pytest.mark.parametrize("case", SERVICES, ids=lambda case: case.rule)
def test_all_four_say_the_same_of_services(engine, case):
    agreed(engine(case), case.starts)
