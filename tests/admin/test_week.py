"""The week as it was typed: kept word for word, understood where it can be."""

from __future__ import annotations

import doctest
import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.admin import durations, week
from portal.domain.durations import Duration
from portal.domain.openings import Opening
from portal.i18n import NBSP

TEACHING = [
    "portal.admin.week",
    "portal.admin.durations",
    "portal.operations.passwords",
    "portal.operations.throttle",
    "portal.admin.charts",
    "portal.operations.periods",
    "portal.operations.planning_facts",
    "portal.operations.figures",
    "portal.operations.heat",
]
openings = st.builds(
    lambda start, length, slots, services: Opening(start, min(start + length, 1440), slots, services),
    st.integers(0, 1439),
    st.integers(1, 1440),
    st.integers(1, 10_000),
    st.sampled_from([(), ("evaluation",), ("evaluation", "visite")]),
)


@pytest.mark.parametrize("name", TEACHING)
def test_examples_are_true(name):
    found = doctest.testmod(importlib.import_module(name))
    assert (found.failed, found.attempted > 0) == (0, True)


@given(openings)
def test_what_is_written_is_understood_again(opening):
    assert week.row_of(opening).opening() == opening


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        ("8", 480), ("08", 480), ("8h", 480), ("8:30", 510), ("8 h 30", 510), (f"8{NBSP}h{NBSP}30", 510),
        ("8.30", 510), ("0830", 510), ("24", 1440), ("24:00", 1440), ("0", 0),
        ("24:01", None), ("25", None), ("8:60", None), ("8:3", None), ("-1", None), ("eight", None), ("", None),
        ("٨", None), ("08:30:00", None),
    ],
)  # fmt: skip
def test_times_are_read_as_people_write_them(text, minute):
    assert week.minute_of(text) == minute


@given(st.text())
def test_no_text_breaks_the_reading_of_times(text):
    minute = week.minute_of(text)
    assert minute is None or 0 <= minute <= 1440


def test_a_closed_day_keeps_its_rows_and_opens_nothing():
    day = week.Day(1, False, (week.Row("08:00", "12:00", "6"),))
    assert (day.openings(), len(day.rows)) == ((), 1)


def test_a_copy_is_word_for_word():
    days = week.days_of({})
    typed = week.Day(1, True, (week.Row("8 h", "noon", "many"),))
    copied = week.copied((typed, *days[1:]), 1, [3, 7])
    assert [(day.weekday, day.rows) for day in copied if day.rows] == [
        (1, typed.rows),
        (3, typed.rows),
        (7, typed.rows),
    ]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0", Duration(0)), ("90", Duration(90)), ("90 min", Duration(90)), ("12 h", Duration(12, "h")),
        ("12H", Duration(12, "h")), ("2 j", Duration(2, "d")), ("2d", Duration(2, "d")),
        (f"24{NBSP}h", Duration(24, "h")),
        ("1,5 h", None), ("-2 h", None), ("999999999 d", None), ("", None), ("h", None), ("2 weeks", None),
    ],
)  # fmt: skip
def test_lengths_of_time_are_read_in_both_languages(text, length):
    assert durations.typed(text) == length


def test_several_lengths_are_apart_by_commas():
    assert durations.several("24 h, 2 j") == [Duration(24, "h"), Duration(2, "d")]
    assert durations.several("") == []
    assert durations.several("24 h, 24h") is None
