"""A dock in Bordeaux that guests may book, an order of Emballages Vidal, its link, and somebody's appointment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import sample
from tests.booking.pages import PLANNING, Page, Portal


@pytest.fixture
def docks(do: Callable[..., Any]) -> None:
    """Make the site and its dock planning."""
    do(sample.docks)


@pytest.fixture
def link(docks: None, do: Callable[..., Any]) -> str:
    """Give the token of a booking link for order CMD-1042."""
    do(sample.order)
    return str(do(sample.link))


@pytest.fixture
def portal(client: FlaskClient) -> Portal:
    """Read and press like a browser: ``portal.open(url)``, ``page.send(name="...")``."""
    return Portal(client)


@pytest.fixture
def booked(docks: None, do: Callable[..., Any], now: Any) -> Any:
    """Book Tuesday 8 December, 8:30, as a guest."""
    return do(sample.booked, "2026-12-08 08:30", now=now)


@pytest.fixture
def form(portal: Portal, docks: None) -> Page:
    """Open a guest's form for Tuesday 8 December, 8:30."""
    return portal.open(f"{PLANNING}/details?start=2026-12-08T08:30:00%2B01:00&lang=fr")
