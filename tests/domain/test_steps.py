"""Numbers that change at instants."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portal.domain.steps import Steps

SECONDS = range(-2, 42)
pieces = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 5)), max_size=8)
bounds = st.tuples(st.integers(-2, 41), st.integers(1, 10))


def holding(found, second):
    return [number for start, end, number in found if start <= second < end]


@given(pieces)
def test_of_pieces_laid_over_each_other_the_highest_counts(found):
    steps = Steps.highest_of(found)
    assert [steps.at(second) for second in SECONDS] == [max(holding(found, second), default=0) for second in SECONDS]


@given(pieces)
def test_of_pieces_added_up_the_sum_counts(found):
    steps = Steps.sum_of(found)
    assert [steps.at(second) for second in SECONDS] == [sum(holding(found, second)) for second in SECONDS]


@given(pieces, bounds)
def test_lowest_and_highest_are_those_of_every_second(found, bound):
    steps, (start, length) = Steps.highest_of(found), bound
    numbers = [steps.at(second) for second in range(start, start + length)]
    assert (steps.lowest(start, start + length), steps.highest(start, start + length)) == (min(numbers), max(numbers))


@given(pieces, bounds)
def test_parts_are_the_seconds_that_are_not_zero(found, bound):
    steps, (start, length) = Steps.sum_of(found), bound
    cut = {
        second: number for since, until, number in steps.parts(start, start + length) for second in range(since, until)
    }
    assert cut == {second: steps.at(second) for second in range(start, start + length) if steps.at(second)}


@given(pieces)
def test_touching_pieces_of_one_number_become_one(found):
    levels = Steps.highest_of(found).levels
    assert all(left != right for left, right in pairwise(levels))


@given(pieces, st.randoms())
def test_the_order_of_the_pieces_does_not_matter(found, random):
    mixed = random.sample(found, len(found))
    assert Steps.highest_of(mixed) == Steps.highest_of(found)
    assert Steps.sum_of(mixed) == Steps.sum_of(found)
