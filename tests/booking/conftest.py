"""A dock in Bordeaux that guests may book, an order of Emballages Vidal, its link, and somebody's appointment."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.delivery import letters as delivery
from portal.extensions import settings
from portal.operations import letters, outbox
from portal.web.letters import letter_of
from tests import sample
from tests.booking.pages import PLANNING, Page, Portal

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)


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


@pytest.fixture
def link_in_mail(do: Callable[..., Any], clock: Any) -> Callable[[], dict[str, str]]:
    """Give the links of the mails that wait, by their recipients; nothing for those that will not leave."""

    def read() -> dict[str, str]:
        messages = outbox.claim(now=clock.now, real_now=REAL)
        found = {}
        for message, reading_ in zip(messages, letters.read(messages, now=clock.now), strict=True):
            if isinstance(reading_, letters.Content):
                mail = delivery.compose(letter_of(message, reading_, clock.now), settings())
                found[message.recipient] = re.search(r"^http://localhost(/\S+)$", mail.text, re.MULTILINE)[1]
        return found

    return lambda: do(read)
