"""Calendar files (ICS) as absences: each occurrence of an event is one, in the wall time of who is away.

A file is read as a whole or refused as a whole. Events that are cancelled, or that leave one free (transparent), are
left out. Of an event marked private only the hours are kept, not what it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar
from icalendar.error import IncompleteComponent, InvalidCalendar

from portal.domain.errors import Invalid
from portal.domain.zones import DAY, local_day, wall_time

LARGEST = 1_000_000  # bytes of a file
MOST_EVENTS = 2000  # in a file, and absences made of it
MOST_SERIES = 100
HORIZON = timedelta(days=731)
STRETCH = timedelta(days=92)
LONGEST_UID = 80  # characters that are kept as they are
LONGEST_LABEL = 120
TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
DAILY = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"})
ONCE = ("UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "STATUS", "TRANSP", "CLASS", "SUMMARY")
CLOCKS = frozenset({"BYSECOND", "BYMINUTE", "BYHOUR"})


@dataclass(frozen=True, slots=True)
class Entry:
    """An absence of a file, in local time; ``uid`` is the same when the file is sent again."""

    uid: str
    start: datetime
    end: datetime
    label: str


def read(content: bytes, zone: ZoneInfo, *, now: datetime) -> list[Entry]:
    """Read the absences from today on, two years ahead, in order. Raises Invalid whose ``problem`` says why not.

    ``zone`` is of who is away: floating times and whole days are theirs.
    """
    if len(content) > LARGEST:
        raise Invalid(field="file", problem="too_large")
    # One occurrence of a series that is cancelled is needed until the series is reckoned.
    found = (one for calendar in _calendars(content) for one in _events(calendar))
    events = [one for one in found if "RECURRENCE-ID" in one or not _free(one)]
    if len(events) > MOST_EVENTS:
        raise Invalid(field="file", problem="too_many", highest=MOST_EVENTS)
    if sum("RRULE" in one for one in events) > MOST_SERIES:
        raise Invalid(field="file", problem="too_many_series", highest=MOST_SERIES)
    for one in events:
        _check(one)
    return _expanded(events, zone, local_day(now, zone))


def _calendars(content: bytes) -> list[Any]:
    """Read the calendars that a file holds one after the other, mostly one. Raises Invalid."""
    try:
        found = Calendar.from_ical(_text(content), multiple=True)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Invalid(field="file", problem="not_a_calendar") from error
    if not found or any(one.name != "VCALENDAR" for one in found):
        raise Invalid(field="file", problem="not_a_calendar")
    return list(found)


def _events(calendar: Any) -> list[Any]:
    """List the events of a calendar: none of one that was sent to take them back (RFC 5546)."""
    return [] if str(calendar.get("METHOD", "")).upper() == "CANCEL" else calendar.walk("VEVENT")


def _text(content: bytes) -> str:
    """Read UTF-8, which the format asks for, or what older programs of Windows write."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _free(event: Any) -> bool:
    """Tell whether an event takes no time of anybody."""
    said = {str(event.get(name, "")).upper() for name in ("STATUS", "TRANSP")}
    return not said.isdisjoint({"CANCELLED", "TRANSPARENT"})


def _check(event: Any) -> None:
    """Accept an event that can be reckoned with, and give it a UID if it has none. Raises Invalid."""
    if event.errors or any(isinstance(event.get(name), list) for name in ONCE) or not _ordered(event):
        raise Invalid(field="file", problem="bad_event", value=_label(event))
    for name in ("DTSTART", "DTEND"):
        if name in event and _of_no_zone(event[name]):
            raise Invalid(field="file", problem="unknown_zone", value=event[name].params["TZID"])
    if "EXRULE" in event:  # the format has given it up, and what reckons series does not know it
        raise Invalid(field="file", problem="repeats_too_often", value=_label(event))
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        _check_rule(event, rule)
    if "UID" not in event:
        event.add("UID", sha256(event.to_ical()).hexdigest())


def _ordered(event: Any) -> bool:
    """Tell whether an event begins, and does not end before."""
    try:
        return bool(event.start <= event.end)
    except (InvalidCalendar, IncompleteComponent, TypeError):  # two zones in one event, a day and an hour
        return False


def _of_no_zone(value: Any) -> bool:
    """Tell whether a time names a zone that neither the file nor the list of all zones knows."""
    return isinstance(value.dt, datetime) and value.dt.tzinfo is None and "TZID" in value.params


def _check_rule(event: Any, rule: Any) -> None:
    """Refuse what would repeat within a day, and what takes long to reckon without ever coming true."""
    frequency = {str(one).upper() for one in rule.get("FREQ", ())}
    names = {str(name).upper() for name in rule}
    if frequency & TOO_OFTEN or names & CLOCKS or (frequency == {"DAILY"} and names - DAILY):
        raise Invalid(field="file", problem="repeats_too_often", value=_label(event))


def _expanded(events: list[Any], zone: ZoneInfo, today: date) -> list[Entry]:
    """Give every occurrence between today and the horizon; stop at the first that is too many."""
    series = {_uid(one) for one in events if {"RRULE", "RDATE", "RECURRENCE-ID"} & set(one)}
    since, until = _wall(today, zone), _wall(today + HORIZON, zone)
    found: dict[str, Entry] = {}
    for occurrence in _occurrences(events, today):
        entry = _entry(occurrence, series, zone)
        if since < entry.end and entry.start < until and entry.start < entry.end and not _free(occurrence):
            found[entry.uid] = entry
        if len(found) > MOST_EVENTS:
            raise Invalid(field="file", problem="too_many", highest=MOST_EVENTS)
    return sorted(found.values(), key=lambda one: (one.start, one.end, one.uid))


def _occurrences(events: Iterable[Any], today: date) -> Iterator[Any]:
    calendar = Calendar()
    for one in events:
        calendar.add_component(one)
    try:
        query = recurring_ical_events.of(calendar, skip_bad_series=False)
        first = today
        while first < today + HORIZON:
            until = min(first + STRETCH, today + HORIZON)
            yield from query.between(first - DAY, until + DAY)
            first = until
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise Invalid(field="file", problem="bad_event", value="") from error


def _entry(event: Any, series: set[str], zone: ZoneInfo) -> Entry:
    start, end = _bounds(event, zone)
    uid = _uid(event)
    if uid in series:
        uid = f"{uid}#{_which(event).isoformat()}"
    return Entry(_short(uid), start, end, _label(event))


def _which(event: Any) -> date:
    """Tell the occurrences of a series apart: all that follow a change of it have the name of the first."""
    name = event["RECURRENCE-ID"]
    return event["DTSTART"].dt if "RANGE" in name.params else name.dt  # type: ignore[no-any-return]


def _bounds(event: Any, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give the wall time of an event in a zone, to the minute: never less than the event takes."""
    start, end = _wall(event.start, zone), _wall(event.end, zone)
    if event.end == event.start:
        return start, start  # a reminder, which takes no time
    first, last = min(start, end), max(start, end)  # the clock may be set back in between
    first, ceiled = first.replace(second=0, microsecond=0), last.replace(second=0, microsecond=0)
    minute = timedelta(minutes=1)
    return first, ceiled + minute if ceiled < last or ceiled == first else ceiled


def _wall(moment: date, zone: ZoneInfo) -> datetime:
    if not isinstance(moment, datetime):
        return datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - wall time
    return moment if moment.tzinfo is None else wall_time(moment, zone)


def _uid(event: Any) -> str:
    return str(event["UID"])


def _short(uid: str) -> str:
    """Keep an identifier that is short and readable; of another only its digest."""
    return uid if len(uid) <= LONGEST_UID and uid.isprintable() else sha256(uid.encode()).hexdigest()


def _label(event: Any) -> str:
    if str(event.get("CLASS", "PUBLIC")).upper() != "PUBLIC":
        return ""
    words = " ".join(str(event.get("SUMMARY", "")).split())
    return "".join(letter for letter in words if letter.isprintable())[:LONGEST_LABEL].strip()
