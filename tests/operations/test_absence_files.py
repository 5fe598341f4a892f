"""Calendar files as absences: what is read of them, what is left out, and what is refused in words."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.domain.errors import Invalid, StateChanged
from portal.operations import absence_files, absences, resources
from portal.operations.absence_files import Entry
from portal.operations.resource_effects import Away
from tests import sample
from tests.sample import PARIS, paris

NOW = paris("2026-12-01 08:00")
YORK, ROMANCE = ";TZID=America/New_York:", ";TZID=Romance Standard Time:"
NEW_YORK = ZoneInfo("America/New_York")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def ics(*events: str) -> bytes:
    """Write a file: each event is its lines, apart from its first and last."""
    written = "".join(f"BEGIN:VEVENT\n{one.strip()}\nEND:VEVENT\n" for one in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n{written}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def event(uid: str, start: str, end: str, *lines: str) -> str:
    return "\n".join((f"UID:{uid}", f"DTSTART{start}", f"DTEND{end}", *lines))


def read(*events: str, zone: ZoneInfo = PARIS) -> list[tuple[str, str, str]]:
    found = absence_files.read(ics(*events), zone, now=NOW)
    return [(f"{one.start:%m-%d %H:%M}", f"{one.end:%m-%d %H:%M}", one.label) for one in found]


MORNING = (":20261201T090000", ":20261201T100000")
HOUR = (":20261208T120000", ":20261208T130000")


def hours(count: int, *lines: str) -> bytes:
    return ics(*(event(str(number), *HOUR, *lines) for number in range(count)))


def refused(content: bytes) -> dict[str, object]:
    with pytest.raises(Invalid) as refusal:
        absence_files.read(content, PARIS, now=NOW)
    return refusal.value.values


NOON = event("a", ":20261208T120000", ":20261208T130000", "SUMMARY:Déjeuner")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((";VALUE=DATE:20261224", ";VALUE=DATE:20261226"), ("12-24 00:00", "12-26 00:00")),
        ((":20261208T120000", ":20261208T130000"), ("12-08 12:00", "12-08 13:00")),
        ((":20261208T120000Z", ":20261208T130000Z"), ("12-08 13:00", "12-08 14:00")),
        ((f"{YORK}20261208T120000", f"{YORK}20261208T130000"), ("12-08 18:00", "12-08 19:00")),
        ((f"{ROMANCE}20261208T120000", f"{ROMANCE}20261208T130000"), ("12-08 12:00", "12-08 13:00")),
        ((":20261208T120030", ":20261208T125930"), ("12-08 12:00", "12-08 13:00")),
        ((":20261128T120000", ":20261202T120000"), ("11-28 12:00", "12-02 12:00")),
    ],
)  # fmt: skip
def test_hours_are_those_of_who_is_away(lines, expected):
    assert read(event("a", *lines, "SUMMARY:Congés")) == [(*expected, "Congés")]


def test_floating_hours_and_whole_days_are_those_of_any_zone():
    assert read(NOON, zone=NEW_YORK) == [("12-08 12:00", "12-08 13:00", "Déjeuner")]


def test_a_day_without_end_is_one_and_a_length_may_be_said():
    assert read("UID:a\nDTSTART;VALUE=DATE:20261224") == [("12-24 00:00", "12-25 00:00", "")]
    assert read("UID:a\nDTSTART:20261208T090000\nDURATION:PT90M") == [("12-08 09:00", "12-08 10:30", "")]


def test_the_hour_that_comes_twice_is_not_lost():
    """From the first 2:30 to the second 2:15, three quarters of an hour later."""
    (found,) = absence_files.read(ics(event("a", ":20271031T003000Z", ":20271031T011500Z")), PARIS, now=NOW)
    assert (found.start, found.end) == (local("2027-10-31T02:15"), local("2027-10-31T02:30"))


def test_what_takes_no_time_of_anybody_is_left_out():
    assert read(
        event("a", ":20261208T120000", ":20261208T130000", "TRANSP:TRANSPARENT"),
        event("b", ":20261208T120000", ":20261208T130000", "STATUS:CANCELLED"),
        event("c", ":20261208T120000", ":20261208T120000"),
        event("d", ":20261130T090000", ":20261130T100000"),
        event("e", ":20290101T090000", ":20290101T100000"),
    ) == []  # fmt: skip


def test_a_series_is_each_of_its_occurrences():
    found = read(
        event("a", ":20261201T090000", ":20261201T100000", "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE:20261208T090000"),
        event("a", ":20261216T090000", ":20261216T110000", "RECURRENCE-ID:20261215T090000"),
        event("a", ":20261222T090000", ":20261222T100000", "RECURRENCE-ID:20261222T090000", "STATUS:CANCELLED"),
    )
    assert [one[:2] for one in found] == [("12-01 09:00", "12-01 10:00"), ("12-16 09:00", "12-16 11:00")]


DAILY = event("a", *MORNING, "RRULE:FREQ=DAILY;COUNT=3")
IN_PARIS = (";TZID=Europe/Paris:20261201T090000", ";TZID=Europe/Paris:20261201T100000", "RRULE:FREQ=DAILY;COUNT=3")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([f"{DAILY}\nEXDATE:20261202T090000,20261203T090000"], ["12-01 09:00"]),
        ([f"{DAILY}\nEXDATE;VALUE=DATE:20261202"], ["12-01 09:00", "12-03 09:00"]),
        ([event("a", *IN_PARIS, "EXDATE;TZID=Europe/Paris:20261202T090000")], ["12-01 09:00", "12-03 09:00"]),
        ([event("a", *IN_PARIS, "EXDATE:20261202T080000Z")], ["12-01 09:00", "12-03 09:00"]),
        ([f"{DAILY}\nSTATUS:CANCELLED"], []),
        ([event("a", *MORNING, "RDATE:20261210T090000")], ["12-01 09:00", "12-10 09:00"]),
        ([event("a", *MORNING, "RRULE:FREQ=WEEKLY;UNTIL=20261208T090000")], ["12-01 09:00", "12-08 09:00"]),
        (
            [event("a", ";VALUE=DATE:20261224", ";VALUE=DATE:20261226",
                   "RRULE:FREQ=YEARLY;COUNT=3", "EXDATE;VALUE=DATE:20271224")],
            ["12-24 00:00"],
        ),
        (
            [DAILY, event("a", ":20261202T140000", ":20261202T150000",
                          "RECURRENCE-ID;RANGE=THISANDFUTURE:20261202T090000")],
            ["12-01 09:00", "12-02 14:00", "12-03 14:00"],
        ),
        (
            [event("a", ";TZID=Europe/Paris:20270327T090000", ";TZID=Europe/Paris:20270327T100000",
                   "RRULE:FREQ=DAILY;COUNT=2")],
            ["03-27 09:00", "03-28 09:00"],  # the clock is set forward in between
        ),
        (
            [event("a", *MORNING, "SEQUENCE:1"), event("a", ":20261202T090000", ":20261202T100000", "SEQUENCE:0")],
            ["12-01 09:00"],
        ),
    ],
)  # fmt: skip
def test_of_a_series_what_is_left_out_moved_or_newer_counts(events, expected):
    assert [start for start, _end, _label in read(*events)] == expected


OFFICE = """BEGIN:VTIMEZONE
TZID:Bureau
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0500
TZOFFSETTO:+0500
END:STANDARD
END:VTIMEZONE
"""


def test_a_zone_may_be_the_files_own():
    file = ics(event("a", ";TZID=Bureau:20261208T120000", ";TZID=Bureau:20261208T130000")).decode()
    content = file.replace("BEGIN:VEVENT", OFFICE.replace("\n", "\r\n") + "BEGIN:VEVENT").encode()
    (found,) = absence_files.read(content, PARIS, now=NOW)
    assert found.start == local("2026-12-08T08:00")


def test_a_file_may_hold_several_calendars_and_one_that_takes_back_brings_nothing():
    taking_back = ics(event("b", ":20261209T120000", ":20261209T130000"))
    taking_back = taking_back.replace(b"VERSION:2.0", b"VERSION:2.0\r\nMETHOD:CANCEL")
    found = absence_files.read(ics(NOON) + taking_back + ics(event("c", *MORNING)), PARIS, now=NOW)
    assert [one.uid for one in found] == ["c", "a"]


def test_long_lines_may_be_folded():
    (found,) = read("UID:a\nDTSTART:20261208T090000\nDTEND:20261208T100000\nSUMMARY:Congr\n ès annuel, à Ly\n\ton")
    assert found[2] == "Congrès annuel, à Lyon"


def test_a_series_without_end_stops_at_the_horizon():
    found = absence_files.read(
        ics(event("a", ":20200101T090000", ":20200101T100000", "RRULE:FREQ=WEEKLY")), PARIS, now=NOW
    )
    assert len(found) == 105
    assert len({one.uid for one in found}) == 105
    assert found[-1].start < local("2028-12-02")


def test_of_a_private_event_only_the_hours_are_kept():
    assert read(event("a", ":20261208T120000", ":20261208T130000", "SUMMARY:Médecin", "CLASS:PRIVATE"))[0][2] == ""


def test_a_label_is_one_short_readable_line():
    (found,) = read(event("a", ":20261208T120000", ":20261208T130000", "SUMMARY:Deux\\nlignes " + "x" * 200))
    assert found[2].startswith("Deux lignes x")
    assert len(found[2]) == 120


def test_identifiers_are_the_same_when_a_file_is_sent_again():
    nameless = "DTSTART:20261208T090000\nDTEND:20261208T100000"
    long = event("x" * 300, ":20261209T120000", ":20261209T130000")
    first, again = (absence_files.read(ics(nameless, long, NOON), PARIS, now=NOW) for _ in range(2))
    assert first == again
    assert all(0 < len(one.uid) <= 80 for one in first)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not_a_calendar"),
        (b"\x89PNG\r\n\x1a\n", "not_a_calendar"),
        (b"date;motif\n2026-12-24;Cong\xe9s\n", "not_a_calendar"),
        (b"BEGIN:VCALENDAR\r\n", "not_a_calendar"),
        (b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "not_a_calendar"),
        (b"x" * 1_000_001, "too_large"),
        (ics("UID:a\nSUMMARY:Sans date"), "bad_event"),
        (ics("UID:a\nDTSTART:demain"), "bad_event"),
        (ics(event("a", ":20261208T120000", ":20261208T110000")), "bad_event"),
        (hours(1, "RRULE:FREQ=SOMETIMES"), "bad_event"),
        (hours(1, "DTSTART:20261208T120000"), "bad_event"),
        (ics(event("a", ";VALUE=DATE:20261208", ":20261208T130000")), "bad_event"),
        (ics(event("a", ";TZID=Mars/Phobos:20261208T120000", ";TZID=Mars/Phobos:20261208T130000")), "unknown_zone"),
        (hours(1, "RRULE:FREQ=SECONDLY"), "repeats_too_often"),
        (hours(1, "RRULE:FREQ=DAILY;COUNT=9", "EXRULE:FREQ=WEEKLY"), "repeats_too_often"),
        (hours(1, "RRULE:FREQ=DAILY;BYHOUR=9,10"), "repeats_too_often"),
        (hours(1, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), "repeats_too_often"),
        (hours(2001), "too_many"),
        (hours(3, "RRULE:FREQ=DAILY"), "too_many"),
        (hours(101, "RRULE:FREQ=YEARLY"), "too_many_series"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(content, problem):
    assert refused(content)["problem"] == problem


def test_an_older_file_of_windows_is_read():
    assert absence_files.read(ics(NOON).decode().encode("cp1252"), PARIS, now=NOW)[0].label == "Déjeuner"


LINES = st.sampled_from(
    ["BEGIN:VEVENT", "END:VEVENT", "UID:a", "DTSTART:20261208T120000", "DTSTART;VALUE=DATE:20261208", "DTEND:20261208",
     "DTEND:20261209T120000Z", "RRULE:FREQ=WEEKLY", "RRULE:FREQ=DAILY;COUNT=-1", "RRULE:INTERVAL=0;FREQ=YEARLY",
     "EXDATE:x", "RDATE:20261210", "RECURRENCE-ID:20261208T120000", "SUMMARY:\x00", "DURATION:-PT1H", "DURATION:P1D",
     "DTSTART;TZID=:20261208T120000", "SEQUENCE:x", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "TZID:Europe/Paris", ":", "A"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(LINES | st.text(max_size=20), max_size=12))
def test_no_file_is_more_than_refused(lines):
    with suppress(Invalid):
        assert all(one.start < one.end for one in absence_files.read(ics("\n".join(lines)), PARIS, now=NOW))


# Taken over


def entries(*events: str) -> list[Entry]:
    return absence_files.read(ics(*events), PARIS, now=NOW)


def counts(key: str, *events: str) -> tuple[int, int, int]:
    found = absences.compare(resources.read(key), entries(*events), now=NOW)
    return len(found.new), len(found.changed), len(found.gone)


def send(key: str, *events: str) -> None:
    absences.save_import(key, resources.read(key).revision, entries(*events), now=NOW)


def kept(key: str) -> list[tuple[str, str, bool]]:
    lines = absences.listing(resources.read(key), now=NOW).lines
    return [(f"{one.start:%m-%d %H:%M}", one.label, one.imported) for one in lines]


def test_a_file_is_compared_by_identifier_and_sent_again_changes_nothing(do):
    do(sample.agency, people=[])
    do(sample.resource, "lea", plannings=("bureau",), absences=[("2026-12-24T00:00", "2026-12-26T00:00")])
    moved = event("a", ":20261208T140000", ":20261208T150000", "SUMMARY:Déjeuner")
    other = event("b", ":20261209T120000", ":20261209T130000", "SUMMARY:Cours")
    assert do(counts, "lea", NOON) == (1, 0, 0)
    do(send, "lea", NOON)
    assert do(counts, "lea", NOON) == (0, 0, 0)
    assert do(counts, "lea", moved, other) == (1, 1, 0)
    do(send, "lea", moved, other)
    assert do(counts, "lea", other) == (0, 0, 1)
    do(send, "lea", other)
    assert do(kept, "lea") == [("12-09 12:00", "Cours", True), ("12-24 00:00", "Congés", False)]


def test_what_is_past_stays(do):
    do(sample.agency, people=["lea"])
    past = event("p", ":20261201T060000", ":20261201T070000")
    do(send, "lea", past, NOON)
    assert do(counts, "lea") == (0, 0, 1)


def test_a_file_that_was_looked_at_before_somebody_else_saved_is_not_taken_over(do):
    do(sample.agency, people=["lea"])
    before = do(resources.read, "lea")
    do(absences.add, "lea", before.revision, Away(local("2026-12-09"), local("2026-12-10")), now=NOW)
    with pytest.raises(StateChanged):
        do(absences.save_import, "lea", before.revision, entries(NOON), now=NOW)
    assert do(kept, "lea") == [("12-09 00:00", "", False)]


def test_an_import_tells_the_appointments_that_it_falls_upon(do):
    do(sample.agency, people=["lea"])
    do(sample.booked, "2026-12-08 11:00", now=NOW, service="evaluation", planning=None)
    sheet = do(resources.read, "lea")
    found = do(absences.compare, sheet, entries(event("a", ":20261208T113000", ":20261208T130000")), now=NOW)
    assert do(absences.preview_import, sheet, found, now=NOW).count == 1
