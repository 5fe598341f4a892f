from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from portal.delivery import clean
from portal.delivery.ics import Contact, Entry, calendar

STAMP = datetime(2026, 4, 1, 12, tzinfo=UTC)
ENTRY = Entry(
    uid="5f3c@rdv.example.com",
    sequence=2,
    start=datetime(2026, 4, 16, 7, 30, tzinfo=UTC),
    end=datetime(2026, 4, 16, 8, 30, tzinfo=UTC),
    summary="Livraison CMD-1042, Bordeaux",
    description="Référence K7M-4QP",
    location="12 quai de Bacalan, 33300 Bordeaux",
    geo=(44.85, -0.57),
    url="https://rdv.example.com/a/x",
    organizer=Contact("Dupont Logistique", "bordeaux@example.com"),
    attendee=Contact("Achats SA", "achats@example.com"),
)
anything = st.text(st.characters())  # line breaks, controls and lone surrogates included


def read(raw: bytes) -> Event:
    """Parse a file and give its only event."""
    (event,) = Calendar.from_ical(raw).walk("VEVENT")
    return event


def unfolded(raw: bytes) -> list[str]:
    return raw.decode().replace("\r\n ", "").split("\r\n")[:-1]


def test_an_invitation_says_when_where_and_with_whom():
    written = unfolded(calendar(ENTRY, "REQUEST", stamp=STAMP))
    for expected in (
        "METHOD:REQUEST",
        "UID:5f3c@rdv.example.com",
        "SEQUENCE:2",
        "DTSTAMP:20260401T120000Z",
        "DTSTART:20260416T073000Z",
        "DTEND:20260416T083000Z",
        "STATUS:CONFIRMED",
        "GEO:44.85;-0.57",
        "URL:https://rdv.example.com/a/x",
        'ORGANIZER;CN="Dupont Logistique":mailto:bordeaux@example.com',
        "LOCATION:12 quai de Bacalan\\, 33300 Bordeaux",
    ):
        assert expected in written


def test_the_booking_counts_as_the_answer():
    attendee = read(calendar(ENTRY, "REQUEST", stamp=STAMP))["ATTENDEE"]
    assert attendee.params["PARTSTAT"] == "ACCEPTED"
    assert attendee.params["RSVP"] == "FALSE"


def test_a_cancellation_is_cancelled_whatever_the_status():
    event = read(calendar(ENTRY, "CANCEL", stamp=STAMP))
    assert event["STATUS"] == "CANCELLED"
    assert event["UID"] == ENTRY.uid


def test_a_file_to_download_names_no_attendee():
    event = read(calendar(ENTRY, "PUBLISH", stamp=STAMP))
    assert "ATTENDEE" not in event
    assert event["ORGANIZER"] == "mailto:bordeaux@example.com"


def test_an_instant_given_in_local_time_is_written_in_utc():
    paris = ENTRY.start.astimezone(ZoneInfo("Europe/Paris"))
    assert "DTSTART:20260416T073000Z" in unfolded(calendar(replace(ENTRY, start=paris), "REQUEST", stamp=STAMP))


def test_what_is_not_known_is_left_out():
    bare = Entry("u@example.com", 0, STAMP, STAMP + timedelta(hours=1), "Visit")
    event = read(calendar(bare, "PUBLISH", stamp=STAMP))
    assert not {"LOCATION", "GEO", "URL", "ORGANIZER", "DESCRIPTION"} & set(event)


@pytest.mark.parametrize(
    "text", ["C:\\Nord", "a\\nb", "\\\\n", "a;b,c", "«\u00a0ok\u00a0»", "\\;", "x" * 300, "é" * 99]
)
def test_texts_come_back_as_they_were(text):
    event = read(calendar(replace(ENTRY, summary=text, description=text), "REQUEST", stamp=STAMP))
    assert (event["SUMMARY"], event["DESCRIPTION"]) == (text, text)


def test_lines_are_folded_at_75_bytes():
    raw = calendar(replace(ENTRY, description="é" * 500), "REQUEST", stamp=STAMP)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75


@given(text=anything, method=st.sampled_from(["REQUEST", "CANCEL", "PUBLISH"]))
def test_any_text_in_any_field_makes_exactly_one_event(text, method):
    person = Contact(text, text)
    entry = replace(
        ENTRY, uid=text, summary=text, description=text, location=text, url=text, organizer=person, attendee=person
    )
    raw = calendar(entry, method, stamp=STAMP)
    names = [line.partition(":")[0].partition(";")[0] for line in unfolded(raw)]
    assert len(names) == len(set(names) - {"BEGIN", "END"}) + 4  # no property twice, no line added
    event = read(raw)
    assert event["SUMMARY"] == clean.line(text)
    assert event.get("DESCRIPTION", "") == clean.lines(text)
    assert event.get("LOCATION", "") == clean.line(text)


@given(anything)
def test_a_clean_line_is_one_line(text):
    assert len(clean.line(text).splitlines()) <= 1
    clean.line(text).encode()


@given(anything)
def test_clean_lines_can_be_written_and_stay_clean(text):
    once = clean.lines(text)
    once.encode()
    assert clean.lines(once) == once
