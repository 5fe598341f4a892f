"""What the address of a public page says: the day looked at, and what travels from page to page.

Addresses are typed, cut and guessed: whatever cannot be read is left out, so that a page always has something to show.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request

from portal.domain.errors import Invalid
from portal.domain.zones import FIRST_YEAR, LAST_YEAR, parse_instant, zone
from portal.operations.wanting import NOTHING_WANTED, Wanted
from portal.web.embedding import framed

CARRIED = ("lang", "tz", "email", "name", "phone")
LONGEST = 254  # characters of a value that travels
NUMBER = re.compile(r"[1-9]\d{0,3}", re.ASCII)
MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
NONCE = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
TOKEN = re.compile(r"[A-Za-z0-9_-]{54}", re.ASCII)
KEY = re.compile(r"[a-z0-9-]{1,60}", re.ASCII)

ASKED = {
    "schedulingMode": re.compile(r"[a-z_]{1,20}", re.ASCII),
    **dict.fromkeys(("staff", "resource"), KEY),
    **dict.fromkeys(("quantity", "iterations", "persons"), NUMBER),
}
"""How what is asked of a service is written."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The readable part of a public page's query.

    ``month`` is a first of the month; ``tz`` the visitor's own zone; ``nonce`` names the page from which a start was
    chosen; ``carried`` goes into every link and form. ``c`` is the token of a continuation, ``hold`` that of a place
    which is kept while a form is open. ``wanted`` is what is asked of a service, and ``asks`` says it in an address.
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
    service: str | None = None
    wanted: Wanted = NOTHING_WANTED
    asks: dict[str, Any] = field(default_factory=dict)

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
    given, features = request.args.to_dict(), _features()  # a plain dictionary tells much faster what is not there
    day = _date(given.get("day", ""))
    return Visit(
        day=day,
        month=_month(given.get("month", "")) or (day.replace(day=1) if day else None),
        start=parse_instant(given.get("start")),
        planning=given["planning"] if KEY.fullmatch(given.get("planning", "")) else None,
        tz=_zone(given.get("tz", "")),
        nonce=given["from"] if NONCE.fullmatch(given.get("from", "")) else None,
        carried=_carried(given),
        c=given.get("c") or None,
        hold=given["hold"] if TOKEN.fullmatch(given.get("hold", "")) else None,
        service=given["service"] if KEY.fullmatch(given.get("service", "")) else None,
        wanted=_wanted(given, features),
        asks=_asks(given, features),
    )


def _features() -> Sequence[str]:
    return [one for one in request.args.getlist("features") if 0 < len(one) <= LONGEST]


def _wanted(given: Mapping[str, str], features: Sequence[str]) -> Wanted:
    """Read what is asked of a service; what cannot be read is named, for the page to say so."""
    keys = {name: given.get(name, "") for name in ("staff", "resource")}
    numbers = {name: given.get(name, "") for name in ("quantity", "iterations", "persons")}
    odd = [name for name, key in keys.items() if key and not KEY.fullmatch(key)]
    odd += [name for name, number in numbers.items() if number and not NUMBER.fullmatch(number)]
    read = {name: int(number) for name, number in numbers.items() if NUMBER.fullmatch(number)}
    return Wanted(
        mode=given.get("schedulingMode"),
        staff=keys["staff"] if KEY.fullmatch(keys["staff"]) else None,
        resource=keys["resource"] if KEY.fullmatch(keys["resource"]) else None,
        quantity=read.get("quantity", 1),
        iterations=read.get("iterations", 1),
        persons=read.get("persons"),
        features=frozenset(features),
        odd=tuple(odd),
    )


def _asks(given: Mapping[str, str], features: Sequence[str]) -> dict[str, Any]:
    """Keep what is asked of a service, as it was said; what cannot be read goes no further."""
    found: dict[str, Any] = {name: given[name] for name, form in ASKED.items() if form.fullmatch(given.get(name, ""))}
    return {**found, "features": features} if features else found


def _carried(given: Mapping[str, str]) -> dict[str, Any]:
    """Read what travels; that a page stands in a frame travels from one page that may to the next."""
    found = {name: given[name] for name in CARRIED if 0 < len(given.get(name, "")) <= LONGEST}
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
