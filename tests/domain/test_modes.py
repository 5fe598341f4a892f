"""The modes of booking: which one counts, and whether anybody may be chosen by name."""

from __future__ import annotations

import pytest

from portal.domain import modes

EVERY = ("service", "service_staff", "staff_service")


@pytest.mark.parametrize(
    ("allowed", "asked", "named", "counts"),
    [
        (EVERY, None, False, "service"),
        (EVERY, "staff_service", False, "staff_service"),
        (EVERY, "nonsense", False, "service"),
        (EVERY, "", True, "service"),
        (("staff_service", "service"), None, False, "staff_service"),
        (("service",), "service_staff", True, "service"),
        (EVERY, None, True, "service_staff"),
        (EVERY, "service", True, "service"),
    ],
)
def test_the_mode_that_is_asked_for_counts_where_it_is_allowed_else_the_first(allowed, asked, named, counts):
    assert modes.chosen(allowed, asked, named=named) == counts
