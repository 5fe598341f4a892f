"""Codes of the second factor: those that the standards print, and when one counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.domain.totp import code, matching_step, step_at

SECRET = b"12345678901234567890"
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)

# RFC 4226, appendix D: the first ten counters.
COUNTED = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
# RFC 6238, appendix B, SHA-1: seconds since 1970 and the last six of the eight digits.
TIMED = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


def test_codes_are_those_of_rfc_4226():
    assert [code(SECRET, counter) for counter in range(10)] == COUNTED


@pytest.mark.parametrize(("seconds", "expected"), TIMED)
def test_codes_are_those_of_rfc_6238(seconds, expected):
    assert code(SECRET, step_at(datetime.fromtimestamp(seconds, UTC))) == expected


@pytest.mark.parametrize(("seconds", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_one_step_early_or_late(seconds, fits):
    shown = code(SECRET, step_at(NOON + timedelta(seconds=seconds)))
    assert (matching_step(SECRET, shown, NOON, after=0) is not None) is fits


def test_a_step_that_was_used_counts_no_more_nor_do_those_before_it():
    step = step_at(NOON)
    assert matching_step(SECRET, code(SECRET, step), NOON, after=step - 1) == step
    assert matching_step(SECRET, code(SECRET, step), NOON, after=step) is None
    assert matching_step(SECRET, code(SECRET, step - 1), NOON, after=step) is None


@pytest.mark.parametrize("typed", ["", "1", "١٢٣٤٥٦", "1234567", "é" * 6])
def test_what_is_no_code_fits_never(typed):
    assert matching_step(SECRET, typed, NOON, after=0) is None
