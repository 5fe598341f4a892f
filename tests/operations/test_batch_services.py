"""Whole days of services moved: people stay with their appointments, and nobody is promised twice."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from portal import jobs
from portal.domain.errors import NotFound
from portal.domain.slots import Reason
from portal.extensions import reading
from portal.operations import appointments, assignments, batch_plans, batches, cards
from portal.operations.actors import Actor
from portal.operations.batch_plans import Plan
from tests import sample
from tests.sample import paris

NOW = paris("2026-12-01 08:00")
ANNE = Actor("anne@example.com", "staff", staff=True)
MONDAY, TUESDAY, SUNDAY = date(2026, 12, 7), date(2026, 12, 8), date(2026, 12, 13)


def book(start: str, number: int = 0, person: str = "jean") -> str:
    given = {"service": "evaluation", "resources": (person,), "actor": ANNE}
    return appointments.book(sample.wish(start, number, **given), now=NOW).public_id


def clock(moment: Any) -> str:
    return moment.astimezone(sample.PARIS).strftime("%d %H:%M") if moment else "-"


@pytest.fixture
def preview(do):
    def read(to=TUESDAY, **options):
        fates = do(batch_plans.preview, Plan("bordeaux", MONDAY, to=to, **options), now=NOW).fates
        return [(clock(fate.start), fate.reason) for fate in fates]

    return read


@pytest.fixture
def monday(do):
    do(sample.agency)
    return [do(book, "2026-12-07 09:00"), do(book, "2026-12-07 10:00", 1), do(book, "2026-12-07 09:00", 2, "ryan")]


def test_appointments_of_services_move_to_their_own_hours(monday, preview):
    assert preview() == [("08 09:00", None), ("08 09:00", None), ("08 10:00", None)]


def test_who_is_busy_then_is_in_the_way_of_their_own_appointments_alone(do, monday, preview):
    do(book, "2026-12-08 09:00", 3)
    assert preview() == [("-", Reason.RESOURCE_BUSY), ("08 09:00", None), ("08 10:00", None)]


def test_the_nearest_time_is_promised_once_for_each_person(do, monday, preview):
    do(book, "2026-12-08 09:00", 3)
    do(book, "2026-12-08 10:00", 4)
    assert preview(nearest=True) == [("08 11:00", None), ("08 09:00", None), ("08 14:00", None)]


def test_a_closed_day_takes_nobody(monday, preview):
    assert {start for start, _reason in preview(SUNDAY, nearest=True)} == {"-"}


def test_what_was_promised_is_done_and_people_stay(do, monday):
    do(book, "2026-12-08 09:00", 3)
    plan = Plan("bordeaux", MONDAY, to=TUESDAY, nearest=True)
    seen = do(batch_plans.preview, plan, now=NOW)
    promised = {fate.card.public_id: clock(fate.start) for fate in seen.fates}
    do(batches.begin, plan, seen.seen, ANNE, now=NOW)
    do(jobs.change_days, NOW)
    assert {one: clock(do(cards.by_public_id, one).start) for one in monday} == promised
    assert [do(people, one) for one in monday] == [["jean"], ["jean"], ["ryan"]]


def people(public_id: str) -> list[str]:
    card = cards.by_public_id(public_id)
    with reading() as session:
        return [one.key for one in assignments.of(session, [card.id])[card.id]]


def test_one_service_or_one_person_is_chosen_alone(do, monday):
    def whose(**chosen) -> list[str]:
        return [
            fate.card.public_id for fate in do(batch_plans.preview, Plan("bordeaux", MONDAY, **chosen), now=NOW).fates
        ]

    first, second, other = monday
    assert sorted(whose(resource="jean")) == sorted([first, second])
    assert whose(resource="ryan") == [other]
    assert sorted(whose(service="evaluation")) == sorted(monday)
    do(sample.service, "visite")
    assert whose(service="visite") == whose(service="evaluation", resource="lea") == []
    for chosen in ({"service": "x"}, {"resource": "x"}):
        with pytest.raises(NotFound):
            whose(**chosen)


def test_a_day_of_one_person_is_moved_and_named(do, monday):
    plan = Plan("bordeaux", MONDAY, resource="jean", to=TUESDAY)
    batch = do(batches.begin, plan, do(batch_plans.preview, plan, now=NOW).seen, ANNE, now=NOW)
    do(jobs.change_days, NOW)
    first, second, other = monday
    assert [clock(do(cards.by_public_id, one).start) for one in (first, second, other)] == [
        "08 09:00",
        "08 10:00",
        "07 09:00",
    ]
    card = do(batches.get, batch)
    assert (card.named("fr"), card.total, card.done, card.plan) == ("Jean", 2, 2, plan)
    of_service = Plan("bordeaux", TUESDAY, service="evaluation")
    named = do(batches.begin, of_service, do(batch_plans.preview, of_service, now=NOW).seen, ANNE, now=NOW)
    assert do(batches.get, named).named("en") == "Property valuation"


def test_a_day_of_services_is_cancelled_whole(do, monday):
    plan = Plan("bordeaux", MONDAY)
    seen = do(batch_plans.preview, plan, now=NOW)
    do(batches.begin, plan, seen.seen, ANNE, now=NOW)
    do(jobs.change_days, NOW)
    assert {do(cards.by_public_id, one).status.value for one in monday} == {"cancelled"}
