"""What the address of a public page says: the day looked at, and what travels from page to page.

Addresses are typed, cut and guessed: whatever cannot be read is left out, so that a page always has something to show.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request

from portal.domain.errors import Invalid
from portal.domain.zones import FIRST_YEAR, LAST_YEAR, parse_instant, zone
from portal.web.embedding import framed

CARRIED = ("lang", "tz", "email", "name", "phone")
LONGEST = 254  # characters of a value that travels
MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
NONCE = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
TOKEN = re.compile(r"[A-Za-z0-9_-]{54}", re.ASCII)
KEY = re.compile(r"[a-z0-9-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Visit:
    """The readable part of a public page's query.

    ``month`` is a first of the month; ``tz`` the visitor's own zone; ``nonce`` names the page from which a start was
    chosen; ``carried`` goes into every link and form. ``c`` is the token of a continuation, ``hold`` that of a place
    which is kept while a form is open.
    """

    day: date | None
    month: date | None
    start: datetime | None
    planning: str | None
    tz: ZoneInfo | None
    nonce: str | None
    carried: dict[str, Any]
    c: str | None = None
    hold: str | None = None

    @property
    def tokens(self) -> dict[str, str]:
        """Give the tokens that go on to the next step of a booking, and no further."""
        return {name: token for name, token in (("c", self.c), ("hold", self.hold)) if token}

    @property
    def lang(self) -> str | None:
        """The language that the address asks for."""
        found: str | None = self.carried.get("lang")
        return found


def visit() -> Visit:
    """Read the query of the page being asked for."""
    given = request.args
    day = _date(given.get("day", ""))
    return Visit(
        day=day,
        month=_month(given.get("month", "")) or (day.replace(day=1) if day else None),
        start=parse_instant(given.get("start")),
        planning=given["planning"] if KEY.fullmatch(given.get("planning", "")) else None,
        tz=_zone(given.get("tz", "")),
        nonce=given["from"] if NONCE.fullmatch(given.get("from", "")) else None,
        carried=_carried(),
        c=given.get("c") or None,
        hold=given["hold"] if TOKEN.fullmatch(given.get("hold", "")) else None,
    )


def _carried() -> dict[str, Any]:
    """Read what travels; that a page stands in a frame travels from one page that may to the next."""
    found = {name: request.args[name] for name in CARRIED if 0 < len(request.args.get(name, "")) <= LONGEST}
    return {**found, "embed": "1"} if framed() else found


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if FIRST_YEAR < found.year < LAST_YEAR else None


def _month(text: str) -> date | None:
    found = MONTH.fullmatch(text)
    return _date(f"{text}-01") if found else None


def _zone(text: str) -> ZoneInfo | None:
    try:
        return zone(text)
    except Invalid:
        return None
