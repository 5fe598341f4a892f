"""Calendars to subscribe to: many entries in, the bytes of one file out (RFC 5545, RFC 7986).

The library takes seconds for ten thousand entries, so the few lines that ours need are written here; it reads them in
the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from portal.delivery import clean
from portal.delivery.ics import PRODUCT, Entry

LONGEST_LINE = 75  # octets
REFRESH = "PT15M"  # how often programs should look again
EMPTY = (
    *("BEGIN:VTIMEZONE", "TZID:UTC", "BEGIN:STANDARD", "DTSTART:19700101T000000"),
    *("TZOFFSETFROM:+0000", "TZOFFSETTO:+0000", "END:STANDARD", "END:VTIMEZONE"),
)
"""What stands in a calendar without entries: the format wants one component at least, and some programs insist."""


def subscription(name: str, entries: Iterable[tuple[Entry, datetime]]) -> bytes:
    """Write a calendar of this name; each entry comes with the instant at which it last changed.

    The same entries give the same bytes: nothing says when the file was written.
    """
    lines = [line for entry, stamp in entries for line in _event(entry, stamp)]
    written = [*_head(name), *(lines or EMPTY), "END:VCALENDAR"]
    return b"".join(_folded(line) for line in written)


def _head(name: str) -> Iterator[str]:
    title = _text(clean.line(name))
    yield from ("BEGIN:VCALENDAR", f"PRODID:{PRODUCT}", "VERSION:2.0", "CALSCALE:GREGORIAN", "METHOD:PUBLISH")
    yield from (f"NAME:{title}", f"X-WR-CALNAME:{title}")
    yield from (f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}", f"X-PUBLISHED-TTL:{REFRESH}")


def _event(entry: Entry, stamp: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(clean.line(entry.uid))}"
    yield f"DTSTAMP:{_instant(stamp)}"
    yield f"LAST-MODIFIED:{_instant(stamp)}"
    start, end = entry.bounds
    yield f"DTSTART{_bound(start)}"
    yield f"DTEND{_bound(end)}"
    yield f"SEQUENCE:{entry.sequence}"
    yield f"STATUS:{entry.status}"
    yield f"SUMMARY:{_text(clean.line(entry.summary))}"
    if entry.description:
        yield f"DESCRIPTION:{_text(clean.lines(entry.description))}"
    if entry.location:
        yield f"LOCATION:{_text(clean.line(entry.location))}"
    if entry.url:
        yield f"URL:{clean.line(entry.url)}"
    yield "END:VEVENT"


def _bound(value: date) -> str:
    return f":{_instant(value)}" if isinstance(value, datetime) else f";VALUE=DATE:{value:%Y%m%d}"


def _instant(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    return value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """End a line, folded where it is long, and never within a character."""
    raw = line.encode()
    if len(raw) <= LONGEST_LINE:
        return raw + b"\r\n"
    parts, room = [], LONGEST_LINE
    while len(raw) > room:
        cut = room
        while raw[cut] & 0xC0 == 0x80:  # within a character of several octets
            cut -= 1
        parts.append(raw[:cut])
        raw, room = raw[cut:], LONGEST_LINE - 1
    return b"\r\n ".join([*parts, raw]) + b"\r\n"
