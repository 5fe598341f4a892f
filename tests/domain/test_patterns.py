"""Patterns that people write cost no more than their text, whatever they say."""

from __future__ import annotations

from itertools import product

import pytest

from portal.domain.patterns import fits, readable
from tests.domain.test_fields import PLATE, refused

LOOPS = [
    "(%s+)+$",
    "(%s|%s)*$",
    "(%s|%s%s)+$",
    "(.*%s){20}$",
    "([%s-z]+)*$",
    "(%s+%s+)+y",
    "(%s?){200}%s{200}",
    "(%s*)*!!",
]
TAILS = ["", "b", "|(%s*)*c", "[^b]$", "(?:%s|%s?)+$"]
SEEDS = ["a", "aa", "[a-b]", r"\w", "."]
EVIL = [(loop + tail).replace("%s", seed) for loop, tail, seed in product(LOOPS, TAILS, SEEDS)]
GREEDY = ["((a{1000}){1000}){1000}", "(((a{99}){99}){99}){9}", r"(\pL{500}){900}", "(?i)([à-ü]{900}){99}", "a{1001}"]


def test_there_are_two_hundred_of_them():
    assert len(set(EVIL)) >= 200 - len(SEEDS)


@pytest.mark.parametrize("pattern", EVIL)
def test_a_pattern_takes_no_longer_than_its_text(pattern):
    # An engine that goes back and tries again would not come to the end of this within a lifetime.
    assert not readable(pattern) or fits(pattern, "a" * 250 + "!") in (True, False)


@pytest.mark.parametrize("pattern", GREEDY)
def test_a_pattern_that_would_eat_the_memory_is_refused(pattern):
    assert not readable(pattern)
    assert refused(**PLATE, pattern=pattern)[1] == "bad_pattern"


@pytest.mark.parametrize("pattern", ["(", "a)(", "[", r"(a)\1", "(?=a)", "(?<!a)b", "*"])
def test_what_re2_cannot_read_is_refused(pattern):
    assert not readable(pattern)


def test_all_of_the_text_must_fit():
    assert fits("a+", "aaa")
    assert not fits("a+", "aaab")
