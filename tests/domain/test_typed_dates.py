"""Dates as people type them."""

from __future__ import annotations

from datetime import datetime

import pytest

from portal.domain.typed_dates import wall_time

DAY, MOMENT = (datetime.fromisoformat(text) for text in ("2026-12-15", "2026-12-15 14:30"))


@pytest.mark.parametrize(
    "text",
    ["15/12/2026", "15/12/26", "15.12.2026", "15-12-2026", "15 / 12 / 2026", "2026-12-15", "2026-12-15 00:00:00",
     "15 décembre 2026", "15 déc. 2026", "mardi 15 décembre 2026", "15 December 2026", "2026-12-15T00:00"],
)  # fmt: skip
def test_a_day_is_read(text):
    assert wall_time(text) == DAY


@pytest.mark.parametrize(
    "text",
    ["15/12/2026 14:30", "15/12/2026 14h30", "15/12/2026 à 14 h 30", "2026-12-15T14:30", "2026-12-15 14:30:00",
     "mardi 15 décembre 2026 à 14\u00a0h\u00a030", "15/12/2026, 14:30"],
)  # fmt: skip
def test_a_moment_is_read(text):
    assert wall_time(text) == MOMENT


def test_the_first_of_a_month_is_read():
    assert wall_time("1er février 2026") == datetime.fromisoformat("2026-02-01")


@pytest.mark.parametrize(
    "text",
    ["", "demain", "12/15/2026", "31/02/2026", "46371", "15/12", "15/12-2026", "15 foo 2026", "15/12/2026 25:00",
     "15/12/2026 14", "١٥/12/2026", "15/12/1066", "15/12/20266", "x" * 5000],
)  # fmt: skip
def test_anything_else_is_no_date(text):
    assert wall_time(text) is None
