"""Another rule gone through the same appointments: fair within itself, and nobody is in two places."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from random import Random

import pytest

from portal.domain.policy import Distribution
from portal.domain.replay import Person, Visit, replay
from portal.domain.steps import Steps
from portal.domain.zones import epoch
from tests.domain.builders import MONDAY, PARIS, local, planning, site

NINE = epoch(local(MONDAY, "09:00"))
MADE = local(MONDAY, "08:00")
HOUR, DAY = 3600, 86_400


def person(one: int, *, capacity: int = 1, days: int = 1, minutes: int = 480, **more) -> Person:
    opened = {MONDAY + timedelta(days=day): minutes for day in range(days)}
    return Person(one, (planning(("09:00-17:00", capacity)),), opened, PARIS, **more)


def visit(number: int, hour: float = 0, *, had=(1,), day: int = 0, **more) -> Visit:
    start = NINE + day * DAY + int(hour * HOUR)
    seats = ((1, 2, 3),) * (len(had) - len(more.get("kept", ())))
    made = MADE + timedelta(minutes=number)
    given = {"seats": seats, **more}
    return Visit(number, start, start + HOUR, MONDAY + timedelta(days=day), made, had=had, **given)


def given(rule, visits, people=(1, 2, 3), **options) -> list[tuple[int, ...]]:
    found = replay(Distribution(rule), site(), {one: person(one, **options) for one in people}, visits)
    return [found[one.id] for one in visits]


def test_each_goes_to_the_least_occupied_in_the_order_in_which_they_were_made():
    visits = [visit(3, 2), visit(1), visit(2, 1)]
    assert given("balanced", visits) == [(3,), (1,), (2,)]


def test_who_was_picked_by_name_keeps_it_and_counts():
    visits = [visit(1, kept=(1,)), visit(2, 1, kept=(1,)), visit(3, 2)]
    assert given("balanced", visits) == [(1,), (1,), (2,)]


def test_nobody_is_in_two_places_unless_their_hours_are_for_two():
    same = [visit(number) for number in range(1, 4)]
    assert sorted(given("fair", same)) == [(1,), (2,), (3,)]
    alone = [replace(one, had=(7,), seats=((1,),)) for one in same]
    assert given("fair", alone, people=(1,), capacity=2) == [(1,), (1,), (7,)]


def test_where_nobody_is_free_those_who_had_it_keep_it():
    visits = [visit(1, seats=((2,),)), visit(2, had=(7,), seats=((2,),))]
    assert given("balanced", visits) == [(2,), (7,)]


def test_two_people_of_one_appointment_are_two():
    assert given("balanced", [visit(1, had=(1, 2))]) == [(1, 2)]
    assert given("balanced", [visit(1, had=(1, 2), kept=(2,))]) == [(2, 1)]


def test_history_gives_a_customer_who_served_last_and_else_the_least_occupied():
    visits = [
        visit(1, kept=(3,), had=(3,), customer="vidal"),
        visit(2, 1, customer="vidal"),
        visit(3, 2, customer="durand"),
        visit(4, 3, customer=None),
    ]
    assert given("history", visits) == [(3,), (3,), (1,), (2,)]


def test_history_looks_no_further_than_its_days():
    visits = [visit(1, kept=(3,), had=(3,), customer="vidal"), visit(2, day=5, customer="vidal")]
    people = {one: person(one, days=6) for one in (1, 2, 3)}
    assert replay(Distribution("history", days=5), site(), people, visits)[2] == (3,)
    assert replay(Distribution("history", days=4), site(), people, visits)[2] == (1,)


def test_a_week_is_compared_as_one():
    visits = [visit(1, kept=(1,)), visit(2, day=1)]
    people = {one: person(one, days=7) for one in (1, 2)}
    eligible = [replace(one, seats=((1, 2),) * (1 - len(one.kept))) for one in visits]
    assert replay(Distribution("balanced", period="week"), site(), people, eligible)[2] == (2,)


def test_the_time_around_an_appointment_is_nobody_elses():
    first, next_hour = visit(1, kept=(1,), after=900), visit(2, 1, had=(9,), seats=((1,),))
    assert given("fair", [first, next_hour], people=(1,)) == [(1,), (9,)]
    assert given("fair", [first, replace(next_hour, start=next_hour.start + 900)], people=(1,)) == [(1,), (1,)]
    early = visit(3, had=(9,), seats=((1,),), before=900)  # before the hours, where nothing is in the way
    assert given("fair", [early], people=(1,)) == [(1,)]
    away = Steps.sum_of([(NINE - 600, NINE, 1)])
    assert replay(Distribution("fair"), site(), {1: person(1, absent=away)}, [early]) == {3: (9,)}


def test_nobody_has_more_in_a_day_than_they_take():
    visits = [visit(1), visit(2, 2), visit(3, 4, had=(9,)), visit(4, day=1)]
    seats = [replace(one, seats=((1,),)) for one in visits]
    assert given("fair", seats, people=(1,), most=2) == [(1,), (1,), (9,), (1,)]


def test_each_requirement_is_met_by_those_who_fit_it():
    both = [visit(1, had=(1, 2), seats=((1, 2), (1,))), visit(2, 2, had=(1, 2), seats=((1, 2), (1,)))]
    assert given("balanced", both, people=(1, 2)) == [(2, 1), (2, 1)]
    optional = visit(3, 4, had=(1, 3), seats=((1, 2),), spare=((3,),))
    assert given("balanced", [*both, optional]) == [(2, 1), (2, 1), (1, 3)]


@pytest.mark.parametrize("rule", ["balanced", "fair"])
def test_over_random_days_nobody_gets_much_more_than_others_and_nobody_twice_at_once(rule):
    random = Random(5)
    visits = [visit(number, random.randrange(8), day=number // 12, had=(number % 3 + 1,)) for number in range(1, 120)]
    found = replay(Distribution(rule), site(), {one: person(one, days=11) for one in (1, 2, 3)}, visits)
    placed = [one for one in visits if one.seats]
    counts = [sum(found[one.id] == (who,) for one in placed) for who in (1, 2, 3)]
    kept = crowded(placed)
    assert max(counts) - min(counts) <= 2 + kept
    for one, other in combinations(placed, 2):
        if one.start == other.start and found[one.id] == found[other.id]:
            assert kept, "two at once although somebody was free"


def crowded(visits: list[Visit]) -> int:
    """Count the appointments that are more than people at their time."""
    starts: dict[int, int] = {}
    for one in visits:
        starts[one.start] = starts.get(one.start, 0) + 1
    return sum(max(number - 3, 0) for number in starts.values())
