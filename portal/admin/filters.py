"""What the address of a list asks for. Addresses are typed, cut and guessed: what cannot be read is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from portal.domain.zones import day_bounds, parse_day

LONGEST = 254  # characters of a filter


class Days(TypedDict):
    """From an instant on, until before another; None is without a bound."""

    since: datetime | None
    until: datetime | None


def asked_filters(names: Sequence[str], given: Mapping[str, str]) -> dict[str, Any]:
    """Read the filters of an address, cut to what they can mean; the others are as good as none."""
    return {name: value for name in names if (value := given.get(name, "").strip().replace("\0", "")[:LONGEST])}


def asked_number(text: str | None) -> int | None:
    """Read a number of a list from an address; what is none begins the list again."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None


def asked_days(asked: Mapping[str, str], tz: ZoneInfo) -> Days:
    """Turn local days, both included, into instants."""
    first, last = (parse_day(asked.get(name)) for name in ("from", "to"))
    since = day_bounds(first, tz)[0] if first is not None else None
    until = day_bounds(last, tz)[1] if last is not None else None
    return {"since": since, "until": until}
