"""Calendars to subscribe to, as the library that others read them with finds them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from portal.delivery import clean
from portal.delivery.ics import Entry
from portal.delivery.subscriptions import subscription

EIGHT = datetime(2026, 12, 7, 7, tzinfo=UTC)
CHANGED = datetime(2026, 12, 1, 8, tzinfo=UTC)
anything = st.text(st.characters())  # line breaks, controls and lone surrogates included


def entry(uid: str, **words: str) -> Entry:
    return Entry(
        **{"uid": uid, "sequence": 1, "start": EIGHT, "end": EIGHT + timedelta(hours=1), "summary": "x", **words}
    )


def test_a_calendar_is_what_a_program_reads():
    given_ = entry(
        "a1", summary="Camille · Évaluation, Bordeaux; B\\Nord", description="Statut : Confirmé\nAvec : Ryan"
    )
    read = Calendar.from_ical(subscription("Jean, Bordeaux", [(given_, CHANGED)]))
    assert (read["METHOD"], read["VERSION"]) == ("PUBLISH", "2.0")
    assert b"X-WR-CALNAME:Jean\\, Bordeaux\r\n" in read.to_ical()
    (event,) = read.walk("VEVENT")
    assert event["UID"] == "a1"
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (given_.start, given_.end)
    assert (event.decoded("DTSTAMP"), event["SEQUENCE"], event["STATUS"]) == (CHANGED, 1, "CONFIRMED")
    assert event.decoded("LAST-MODIFIED") == CHANGED
    assert str(event["DESCRIPTION"]) == given_.description


def test_whole_days_are_days_in_whichever_zone():
    days = (date(2026, 12, 24), date(2026, 12, 26))
    read = Calendar.from_ical(subscription("Jean", [(replace(entry("a1"), days=days), CHANGED)]))
    (event,) = read.walk("VEVENT")
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == days
    assert event["DTSTART"].params["VALUE"] == "DATE"


def test_a_calendar_without_entries_has_one_component_as_the_format_wants():
    read = Calendar.from_ical(subscription("Jean", []))
    assert [one.name for one in read.subcomponents] == ["VTIMEZONE"]


@given(anything, anything, anything)
def test_whatever_was_typed_one_entry_stays_one(name, text, place):
    written = subscription(name, [(entry("a1", summary=text, description=text, location=place), CHANGED)])
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    (event,) = Calendar.from_ical(written).walk("VEVENT")
    lines = written.decode().replace("\r\n ", "").split("\r\n")  # strict: no character is cut
    assert [line for line in lines if line.startswith("BEGIN:")] == ["BEGIN:VCALENDAR", "BEGIN:VEVENT"]
    assert event["UID"] == "a1"
    assert f"SUMMARY:{escaped(clean.line(text))}" in lines


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
