"""Who can serve a service, and who is taken; all ways to do it, tried one after the other, say what is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.domain.errors import Invalid
from portal.domain.matching import (
    MOST_REQUIREMENTS,
    Candidate,
    Requirement,
    candidates,
    check_requirements,
    could_serve,
    counts,
    eligible,
    feasible,
    fits,
    match,
    seats_of,
    snuggest,
)

JEAN = Candidate(1, "staff", {"sales": 3, "french": 0})
RYAN = Candidate(2, "staff", {"sales": 5})
SMALL = Candidate(3, "room", persons=2, features=frozenset({"screen"}))
LARGE = Candidate(4, "room", persons=12, features=frozenset({"screen", "ramp"}))
UNTOLD = Candidate(5, "room")


def fillings(seats: Sequence[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    """List every way to give the seats distinct resources, the most preferred for the first seat first."""
    for order in product(*(range(len(options)) for options in seats)):
        given = tuple(options[place] for options, place in zip(seats, order, strict=True))
        if len(set(given)) == len(given):
            yield given


def best_filling(seats, chosen):
    """Choose as ``match`` says it does."""
    found = list(fillings(seats))
    most = max((len(set(chosen) & set(one)) for one in found), default=0)
    return next((list(one) for one in found if len(set(chosen) & set(one)) == most), None)


def free_at(start: int, free: Mapping[int, int], ids) -> list[int]:
    return [one for one in sorted(ids) if free.get(one, 0) >> start & 1]


STARTS = 6
IDS = st.integers(1, 6)
some_ids = st.frozensets(IDS, max_size=5)
some_requirements = st.lists(st.tuples(st.integers(1, 2), some_ids), max_size=3)
some_free = st.dictionaries(IDS, st.integers(0, 2 ** (STARTS + 1) - 1))
some_seats = st.lists(st.lists(IDS, max_size=4, unique=True), max_size=4)


def test_a_person_fits_with_every_skill_at_the_level_or_above():
    assert [fits(one, Requirement("staff", skills={"sales": 4})) for one in (JEAN, RYAN)] == [False, True]
    assert fits(JEAN, Requirement("staff", skills={"sales": 3}))
    assert not fits(RYAN, Requirement("staff", skills={"sales": 1, "french": 0}))


def test_a_skill_of_level_zero_must_be_had_all_the_same():
    assert [fits(one, Requirement("staff", skills={"french": 0})) for one in (JEAN, RYAN)] == [True, False]


def test_a_room_that_does_not_say_how_many_it_holds_fits_who_does_not_ask():
    rooms = (SMALL, LARGE, UNTOLD)
    assert [fits(one, Requirement("room", persons=2)) for one in rooms] == [True, True, False]
    assert [fits(one, Requirement("room", persons=3)) for one in rooms] == [False, True, False]
    assert [fits(one, Requirement("room")) for one in rooms] == [True, True, True]


def test_all_features_that_are_wanted_must_be_there():
    wanted = Requirement("room", features=frozenset({"screen", "ramp"}))
    assert [fits(one, wanted) for one in (SMALL, LARGE, UNTOLD)] == [False, True, False]


def test_the_kind_must_be_the_same():
    assert not fits(JEAN, Requirement("asset"))


def test_candidates_are_listed_by_requirement_and_by_id():
    wanted = (Requirement("room", persons=2), Requirement("staff"), Requirement("asset"))
    assert candidates(wanted, [LARGE, RYAN, UNTOLD, JEAN, SMALL]) == ((3, 4), (1, 2), ())


def test_the_smallest_room_is_taken_then_the_least_used_then_the_lowest_id():
    rooms = [Candidate(number, "room", persons=persons) for number, persons in ((9, 4), (8, 2), (7, 4), (6, 4))]
    assert snuggest(rooms, used={6: 60, 8: 90}) == [8, 7, 9, 6]


def test_a_room_that_does_not_say_how_many_it_holds_is_spared_for_nobody():
    assert snuggest([SMALL, LARGE, UNTOLD], used={}) == [5, 3, 4]


def test_requirements_are_read_as_the_file_says_them_and_written_so_again():
    written = [
        {"kind": "staff", "skills": {"evaluation": 1}},
        {"kind": "room", "count": 2, "persons": 2, "features": ["ramp", "screen"], "optional": True},
    ]
    read = check_requirements(written)
    assert read == (
        Requirement("staff", skills={"evaluation": 1}),
        Requirement("room", 2, persons=2, features=frozenset({"screen", "ramp"}), optional=True),
    )
    assert [one.as_mapping() for one in read] == written


def test_what_goes_without_saying_is_not_written():
    said = {"kind": "room", "count": 1, "skills": {}, "persons": None, "features": [], "optional": False}
    assert Requirement.of(said).as_mapping() == {"kind": "room"}


def test_requirements_can_be_kept_in_a_set():
    assert len({Requirement("staff", skills={"sales": 1}), Requirement("staff", skills={"sales": 1})}) == 1


@pytest.mark.parametrize(
    ("requirement", "field", "problem"),
    [
        ("staff", "", "not_a_mapping"),
        ({}, ".kind", "required"),
        ({"kind": "robot"}, ".kind", "not_a_choice"),
        ({"kind": "room", "size": 1}, ".size", "unknown_key"),
        ({"kind": "room", "count": 0}, ".count", "out_of_range"),
        ({"kind": "room", "count": 21}, ".count", "out_of_range"),
        ({"kind": "room", "count": True}, ".count", "not_a_number"),
        ({"kind": "staff", "skills": ["sales"]}, ".skills", "not_a_mapping"),
        ({"kind": "staff", "skills": {"evaluation": 11}}, ".skills.evaluation", "out_of_range"),
        ({"kind": "staff", "skills": {"evaluation": "5"}}, ".skills.evaluation", "not_a_number"),
        ({"kind": "staff", "skills": {" ": 5}}, ".skills[0]", "required"),
        ({"kind": "staff", "skills": {"a": 1, "a ": 2}}, ".skills[1]", "twice"),
        ({"kind": "room", "persons": 0}, ".persons", "out_of_range"),
        ({"kind": "room", "features": "screen"}, ".features", "not_a_list"),
        ({"kind": "room", "features": ["screen", 2]}, ".features[1]", "not_a_text"),
        ({"kind": "room", "features": ["x" * 81]}, ".features[0]", "too_long"),
        ({"kind": "room", "optional": 1}, ".optional", "not_a_boolean"),
    ],
)
def test_what_is_wrong_with_a_requirement_is_refused_by_its_path(requirement, field, problem):
    with pytest.raises(Invalid) as refusal:
        check_requirements([{"kind": "staff"}, requirement], "services[0].requires")
    values = refusal.value.values
    assert (values["field"], values["problem"]) == (f"services[0].requires[1]{field}", problem)


@pytest.mark.parametrize(
    ("given", "field", "problem"),
    [
        ({"kind": "staff"}, "requires", "not_a_list"),
        ([{"kind": "staff"}] * (MOST_REQUIREMENTS + 1), "requires[8]", "too_many"),
    ],
)
def test_requirements_are_a_list_of_eight_at_most(given, field, problem):
    with pytest.raises(Invalid) as refusal:
        check_requirements(given)
    assert (refusal.value.values["field"], refusal.value.values["problem"]) == (field, problem)


def test_one_resource_never_serves_two_requirements():
    assert feasible([(1, [1]), (1, [1])], {1: 0b1}, 0b1) == 0
    assert feasible([(2, [1, 2])], {1: 0b11, 2: 0b10}, 0b11) == 0b10


def test_who_fits_both_leaves_the_one_to_whom_nobody_else_fits():
    assert match([(1, 2), (1,)]) == [2, 1]
    assert feasible([(1, [1, 2]), (1, [1])], {1: 0b1, 2: 0b1}, 0b1) == 0b1


def test_without_requirements_every_start_is_feasible_and_nobody_is_taken():
    assert (feasible([], {}, 0b101), match([])) == (0b101, [])


@given(some_requirements, some_free)
@example(
    [(1, frozenset({1, 2})), (1, frozenset({2, 3})), (1, frozenset({1, 3})), (1, frozenset({1, 2, 3}))],
    dict.fromkeys(range(1, 4), 63),
)
@example([(1, frozenset({1, 2})), (2, frozenset({2, 3, 4})), (1, frozenset({1}))], dict.fromkeys(range(1, 5), 63))
def test_feasible_starts_are_those_at_which_some_way_exists(requirements, free):
    every = 2**STARTS - 1
    found = feasible(requirements, free, every)
    for start in range(STARTS):
        seats = seats_of([(number, free_at(start, free, ids)) for number, ids in requirements])
        assert bool(found >> start & 1) == any(True for _ in fillings(seats))
    assert found | every == every


@given(st.integers(1, 20), st.lists(st.integers(0, 2**STARTS - 1), max_size=40))
def test_many_resources_of_one_requirement_are_counted_exactly(needed, masks):
    found = feasible([(needed, range(len(masks)))], dict(enumerate(masks)), 2**STARTS - 1)
    assert [found >> start & 1 for start in range(STARTS)] == [number >= needed for number in plainly(masks)]


def plainly(masks):
    return [sum(mask >> start & 1 for mask in masks) for start in range(STARTS)]


@given(st.lists(st.integers(0, 2 ** (STARTS + 2) - 1), max_size=40))
def test_counts_are_how_many_have_each_start(masks):
    assert counts(masks, STARTS) == plainly(masks)


def test_no_starts_have_no_counts():
    assert counts([0b1], 0) == []


@given(some_seats, st.frozensets(IDS, max_size=3))
@example([[1, 2, 3], [1], [2]], frozenset())
@example([[1, 2], [2, 3]], frozenset({3}))
@example([[1, 2], [1, 3], [2, 3, 4]], frozenset({3, 4}))
@example([[2, 1], [2, 3], [3, 2, 4]], frozenset({1, 4, 5}))
def test_the_best_way_with_the_most_of_the_chosen_is_taken(seats, chosen):
    assert match(seats, chosen) == best_filling(seats, chosen)


@given(some_seats, st.frozensets(IDS, min_size=1, max_size=2))
def test_who_could_serve_is_in_some_way(seats, resources):
    possible = any(resources <= set(one) for one in fillings(seats))
    assert could_serve(seats, *resources) == possible


@given(some_seats, st.frozensets(IDS, max_size=3), st.frozensets(IDS))
@example([[1, 2], [2, 3]], frozenset({1, 3}), frozenset({2, 4}))
@example([[1, 2], [1, 2, 3]], frozenset({1, 2}), frozenset({3}))
def test_who_is_eligible_has_a_seat_in_some_best_way_of_those_who_are_free(seats, chosen, others):
    free = chosen | others
    ways = list(fillings([[one for one in options if one in free] for options in seats]))
    most = max((len(chosen & set(one)) for one in ways), default=0)
    possible = {one for way in ways if len(chosen & set(way)) == most for one in way}
    assert not ways or set(eligible(seats, chosen)) & free == possible


def test_many_seats_with_the_same_wishes_are_filled_in_order():
    everybody = list(range(200))
    assert match([everybody] * 160, chosen={199}) == [*range(159), 199]
