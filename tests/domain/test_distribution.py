"""Who gets an appointment, and why: each rule against its own words, and over days of bookings."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from statistics import pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.distribution import DAYS, Because, Choice, Load, balanced_span, rank, span, spread
from portal.domain.policy import Distribution
from tests.domain.builders import MONDAY, PARIS, TUESDAY, local

MORNING, NOON = local(MONDAY, "09:00"), local(MONDAY, "12:00")
RULES = ("balanced", "history", "fair")


def chosen(rule, *loads, latest=None):
    """Tell who comes first, by which rule and why; in whichever order they are listed."""
    choice = rank(rule, loads, latest)
    assert rank(rule, loads[::-1], latest) == choice
    assert sorted(choice.order) == sorted(load.id for load in loads)
    return choice.order[0], choice.rule, choice.because


@pytest.mark.parametrize(
    ("first", "second", "because"),
    [
        (Load(2, 60, 480, 9), Load(1, 61, 480, 0), Because.UTILISATION),
        (Load(2, 120, 480, 9), Load(1, 60, 120, 0), Because.UTILISATION),
        (Load(2, 120, 480, 1), Load(1, 60, 240, 2), Because.FEWEST),
        (Load(2, 60, 480, 1), Load(1, 60, 480, 1, MORNING), Because.NEVER),
        (Load(2, 60, 480, 1, MORNING), Load(1, 60, 480, 1, NOON), Because.LEAST_RECENT),
        (Load(1, 60, 480, 1, NOON), Load(2, 60, 480, 1, NOON), Because.LOWEST_ID),
        (Load(1), Load(2), Because.LOWEST_ID),
    ],
)
def test_balanced_compares_utilisation_then_number_then_who_was_assigned_last(first, second, because):
    assert chosen("balanced", first, second) == (first.id, "balanced", because)


@pytest.mark.parametrize(
    ("first", "second", "because"),
    [
        (Load(2, 480, 480, 1, NOON), Load(1, 0, 480, 2), Because.FEWEST),
        (Load(2, 480, 480, 1), Load(1, 0, 480, 1, MORNING), Because.NEVER),
        (Load(2, 480, 480, 1, MORNING), Load(1, 0, 480, 1, NOON), Because.LEAST_RECENT),
        (Load(1, 480, 480, 1, NOON), Load(2, 0, 480, 1, NOON), Because.LOWEST_ID),
    ],
)
def test_fair_compares_numbers_and_no_minutes(first, second, because):
    assert chosen("fair", first, second) == (first.id, "fair", because)


def test_utilisation_is_exact_where_floats_are_not():
    many = 10**17
    more, less = Load(1, many + 1, 3 * many), Load(2, many, 3 * many)
    assert more.booked_minutes / more.open_minutes == less.booked_minutes / less.open_minutes
    assert chosen("balanced", more, less) == (2, "balanced", Because.UTILISATION)


def test_who_has_no_hours_counts_as_fully_booked():
    assert chosen("balanced", Load(1, 0, 0), Load(2, 479, 480, 9)) == (2, "balanced", Because.UTILISATION)
    assert chosen("balanced", Load(1, 0, 0), Load(2, 490, 480)) == (1, "balanced", Because.UTILISATION)


def test_instants_compare_as_instants():
    late, early = MORNING.astimezone(PARIS), MORNING - timedelta(minutes=1)
    assert chosen("fair", Load(1, last_assigned=late), Load(2, last_assigned=early))[0] == 2


@pytest.mark.parametrize("rule", RULES)
def test_the_only_one_needs_no_reason(rule):
    assert rank(rule, [Load(7, served=NOON)]).because == Because.ONLY_ONE


def test_history_goes_to_who_served_the_customer_last():
    busy, idle = Load(1, 480, 480, 8, NOON, served=NOON), Load(2, 0, 480)
    assert chosen("history", busy, idle) == (1, "history", Because.HISTORY)


def test_history_takes_the_latest_start_of_several():
    assert chosen("history", Load(1, served=MORNING), Load(2, served=NOON)) == (2, "history", Because.HISTORY)


def test_history_falls_back_to_balanced_for_a_new_customer():
    assert chosen("history", Load(1, 60, 480), Load(2, 0, 480)) == (2, "balanced", Because.UTILISATION)


def test_history_falls_back_when_who_served_last_is_not_free():
    loads = Load(1, 60, 480, served=MORNING), Load(2, 0, 480)
    assert chosen("history", *loads, latest=NOON) == (2, "balanced", Because.UTILISATION)
    assert chosen("history", *loads, latest=MORNING) == (1, "history", Because.HISTORY)


def test_of_two_who_served_together_balanced_decides():
    loads = Load(1, 60, 480, served=NOON), Load(2, 0, 480, served=NOON), Load(3)
    assert chosen("history", *loads) == (2, "history", Because.UTILISATION)


def test_after_who_served_last_the_others_are_in_balanced_order():
    loads = [Load(1, 60, 480), Load(2, 30, 480), Load(3, 90, 480, served=NOON), Load(4, 0, 480, served=MORNING)]
    assert rank("history", loads).order == (3, 4, 2, 1)


def test_the_others_rules_do_not_look_at_history():
    loads = [Load(1, 60, 480, 1, served=NOON), Load(2, 0, 480, 0)]
    assert [rank(rule, loads).order for rule in ("balanced", "fair")] == [(2, 1), (2, 1)]


def test_who_is_picked_by_name_was_asked_of_no_rule():
    assert Choice.by_name([4], "fair") == Choice((4,), "fair", Because.CHOSEN)


@pytest.mark.parametrize(
    ("rule", "first", "last"),
    [
        (Distribution(), TUESDAY, TUESDAY),
        (Distribution(days=9), TUESDAY, TUESDAY),
        (Distribution(period="week"), date(2026, 12, 2), TUESDAY),
        (Distribution("fair", days=1), date(2026, 12, 7), date(2026, 12, 9)),
        (Distribution("history", "week", 7), date(2026, 12, 1), date(2026, 12, 15)),
        (Distribution("fair"), TUESDAY - timedelta(days=DAYS), TUESDAY + timedelta(days=DAYS)),
    ],
)
def test_what_counts_is_between_two_dates(rule, first, last):
    assert span(rule, TUESDAY) == (first, last)


def test_history_falls_back_to_the_day_or_the_week():
    assert balanced_span(Distribution("history", days=7), TUESDAY) == (TUESDAY, TUESDAY)
    assert balanced_span(Distribution("history", "week", 7), TUESDAY) == (date(2026, 12, 2), TUESDAY)


def test_nobody_has_nothing():
    found = spread({})
    assert (found.total, found.lowest, found.highest, found.average, found.deviation) == (0, 0, 0, 0, 0)


def test_a_spread_tells_how_far_minutes_lie_apart():
    found = spread({1: 60, 2: 120, 3: 0})
    assert (found.total, found.lowest, found.highest, found.average) == (180, 0, 120, 60)
    assert found.deviation == pytest.approx(pstdev([60, 120, 0]))


class Team:
    """People who are given one appointment after the other; all are eligible, unless it is said who is."""

    def __init__(self, hours):
        self.hours = hours  # open minutes of each
        self.booked = {one: [] for one in hours}
        self.assigned = {}
        self.now = MORNING

    def load(self, one):
        booked = self.booked[one]
        return Load(one, sum(booked), self.hours[one], len(booked), self.assigned.get(one))

    def give(self, rule, minutes, eligible=None):
        first = rank(rule, [self.load(one) for one in eligible or self.hours]).order[0]
        self.now += timedelta(minutes=1)
        self.booked[first].append(minutes)
        self.assigned[first] = self.now
        return first

    def utilisations(self):
        return [self.load(one).utilisation for one in self.hours]


lengths = st.lists(st.sampled_from([15, 30, 45, 60, 90]), min_size=1, max_size=60)


@given(st.integers(1, 6), lengths)
def test_under_fair_nobody_is_ahead_by_more_than_one(people, lengths):
    team = Team(dict.fromkeys(range(people), 480))
    for minutes in lengths:
        team.give("fair", minutes)
        numbers = [len(booked) for booked in team.booked.values()]
        assert max(numbers) - min(numbers) <= 1


@given(st.integers(2, 6), st.randoms(use_true_random=False))
def test_under_fair_only_who_was_eligible_less_often_is_behind(people, dice: Random):
    team = Team(dict.fromkeys(range(people), 480))
    for _ in range(30):
        eligible = dice.sample(range(people), dice.randint(1, people))
        fewest = min(len(team.booked[one]) for one in eligible)
        first = team.give("fair", 30, eligible)
        assert (first in eligible, len(team.booked[first])) == (True, fewest + 1)


@given(st.lists(st.sampled_from([240, 300, 480]), min_size=1, max_size=6), lengths)
def test_under_balanced_nobody_is_ahead_by_more_than_one_appointment(hours, lengths):
    team = Team(dict(enumerate(hours)))
    for minutes in lengths:
        team.give("balanced", minutes)
        apart = max(team.utilisations()) - min(team.utilisations())
        assert apart * min(hours) <= max(lengths)


@given(st.integers(1, 6), st.integers(1, 30), st.sampled_from(["balanced", "fair"]))
def test_appointments_of_one_length_go_round_in_turn(people, number, rule):
    team = Team(dict.fromkeys(range(people), 480))
    assert [team.give(rule, 60) for _ in range(number)] == [turn % people for turn in range(number)]


instants = st.none() | st.sampled_from([MORNING, NOON])
loads = st.builds(Load, st.just(0), *[st.integers(0, 2)] * 3, last_assigned=instants, served=instants)


@given(st.lists(loads, min_size=1, max_size=5), st.sampled_from(RULES))
def test_every_order_is_total_and_gives_its_reason(drawn, rule):
    people = [Load(*(number, *_parts(load))) for number, load in enumerate(drawn)]
    choice = rank(rule, people)
    assert sorted(choice.order) == list(range(len(people)))
    assert (choice.because == Because.ONLY_ONE) == (len(people) == 1)
    assert rank(choice.rule, [people[one] for one in choice.order[:2]]).because == (
        choice.because if len(people) > 1 else Because.ONLY_ONE
    )


def _parts(load):
    return load.booked_minutes, load.open_minutes, load.appointments, load.last_assigned, load.served
