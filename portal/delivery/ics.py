"""Calendar files: one appointment in, the bytes of one VEVENT out (RFC 5545, RFC 5546).

Instants are written in UTC, so no reader needs our time zone rules. An appointment keeps its UID for life; every
move raises its SEQUENCE, so that a calendar replaces the entry instead of adding another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from icalendar import Calendar, Event, vCalAddress, vText, vUri

from portal.delivery import clean

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]
Status = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]

PRODUCT = "-//Creneau//Creneau//EN"


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody in a calendar entry: a name to show and an address."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What a calendar shows of an appointment; ``start`` and ``end`` are aware instants.

    ``days`` are the first day and the one after the last of what takes whole days, in whichever zone one looks at it.
    """

    uid: str
    sequence: int
    start: datetime
    end: datetime
    summary: str
    status: Status = "CONFIRMED"
    description: str = ""
    location: str = ""
    geo: tuple[float, float] | None = None  # latitude, longitude in degrees
    url: str = ""
    organizer: Contact | None = None
    attendee: Contact | None = None
    days: tuple[date, date] | None = None

    @property
    def bounds(self) -> tuple[date, date]:
        """What it is written with: days, else instants in UTC."""
        return self.days or (self.start.astimezone(UTC), self.end.astimezone(UTC))


class _Text(vText):
    r"""A TEXT value escaped as RFC 5545 3.3.11 says.

    The library's own escaping takes the two characters ``\N`` for a line break, and makes two lines of ``C:\Nord``.
    """

    def to_ical(self) -> bytes:
        escaped = self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
        return escaped.encode()


def calendar(entry: Entry, method: Method, *, stamp: datetime) -> bytes:
    """Write a calendar file holding ``entry`` alone.

    ``REQUEST`` invites or updates (mails), ``CANCEL`` takes the entry back, ``PUBLISH`` is for download: it names no
    attendee (RFC 5546 3.2.1), so that no calendar offers to answer. ``stamp`` is the instant of writing.
    """
    file = Calendar()
    file.add("prodid", PRODUCT)
    file.add("version", "2.0")
    file.add("method", method)
    file.add_component(_event(entry, method, stamp))
    written: bytes = file.to_ical()
    return written


def _event(entry: Entry, method: Method, stamp: datetime) -> Event:
    event = Event()
    event.add("uid", _Text(clean.line(entry.uid)))
    event.add("dtstamp", stamp.astimezone(UTC))
    start, end = entry.bounds
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("sequence", entry.sequence)
    event.add("status", "CANCELLED" if method == "CANCEL" else entry.status)
    event.add("summary", _Text(clean.line(entry.summary)))
    if entry.description:
        event.add("description", _Text(clean.lines(entry.description)))
    if entry.location:
        event.add("location", _Text(clean.line(entry.location)))
    if entry.geo:
        event.add("geo", entry.geo)
    if entry.url:
        event.add("url", vUri(clean.line(entry.url)))
    _add_people(event, entry, method)
    return event


def _add_people(event: Event, entry: Entry, method: Method) -> None:
    if entry.organizer:
        event.add("organizer", _address(entry.organizer))
    if entry.attendee and method != "PUBLISH":
        attendee = _address(entry.attendee)
        # The booking is the answer: calendars show the appointment as accepted and do not ask.
        attendee.params.update({"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED"})
        attendee.params["RSVP"] = "FALSE"
        event.add("attendee", attendee)


def _address(contact: Contact) -> vCalAddress:
    address = vCalAddress(f"mailto:{clean.line(contact.email)}")
    # A parameter cannot hold a double quote; its escape of RFC 6868 is shown raw by most calendars.
    if name := clean.line(contact.name).replace('"', "’"):
        address.params["CN"] = name
    return address
