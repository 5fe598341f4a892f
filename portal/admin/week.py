"""The week of a planning as it was typed: kept word for word, whatever it means, and understood where it can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from werkzeug.datastructures import MultiDict

from portal.domain.clocks import clock
from portal.domain.errors import Invalid
from portal.domain.openings import MOST_SLOTS, Opening, Week, check_openings, possible
from portal.i18n import _
from portal.operations.plannings import MOST_OPENINGS

FIELD = re.compile(r"d([1-7])-(\d{1,3})-(start|end|slots|services)", re.ASCII)
CLOCK = re.compile(r"(\d{1,2})(?:\s*[:.hH]\s*(\d{2})?)?|(\d{2})(\d{2})", re.ASCII)
LONGEST_TYPED = 20  # characters of a time or a number
LONGEST_KEY, MOST_SERVICES = 60, 200
WEEKDAYS = range(1, 8)


@dataclass(frozen=True, slots=True)
class Row:
    """An interval as typed; ``error`` says what to mend, ``wrong`` in which of its fields.

    ``services`` are the keys of those that it is reserved to; none: it is open to everything.
    """

    start: str = ""
    end: str = ""
    slots: str = ""
    services: tuple[str, ...] = ()
    error: str = ""
    wrong: tuple[str, ...] = ()
    fresh: bool = False  # just added: the cursor goes there

    @property
    def empty(self) -> bool:
        """Whether no time was typed at all."""
        return not self.start.strip() and not self.end.strip()

    @property
    def complete(self) -> bool:
        """Whether every field holds something."""
        return bool(self.start.strip() and self.end.strip() and self.slots.strip())

    def opening(self) -> Opening | None:
        """Understand the interval, or not."""
        start, end = minute_of(self.start), minute_of(self.end)
        slots = int(self.slots) if self.slots.strip().isascii() and self.slots.strip().isdigit() else 0
        if start is None or end is None or not start < end or not 1 <= slots <= MOST_SLOTS:
            return None
        return Opening(start, end, slots, self.services)

    def __str__(self) -> str:
        return f"{self.start}–{self.end}"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the week as typed. Closed, it keeps its rows on the screen: opening it again brings them back."""

    weekday: int
    open: bool
    rows: tuple[Row, ...]
    error: str = ""

    def openings(self) -> tuple[Opening, ...]:
        """Give the hours that can be understood, in order; none when it is closed."""
        found = [row.opening() for row in self.rows] if self.open else []
        return tuple(sorted(opening for opening in found if opening is not None))

    def possible(self, slot_minutes: int) -> int:
        """Count the appointments possible."""
        return sum(possible(opening, slot_minutes) for opening in self.openings())

    @property
    def wrong(self) -> bool:
        """Whether there is something to mend."""
        return bool(self.error) or any(row.error for row in self.rows)


Days = tuple[Day, ...]


def minute_of(text: str) -> int | None:
    """Read a time of day as people type it, in minutes after midnight; None when it is none.

    >>> [minute_of(text) for text in ("8", "08:30", "8 h 30", "0830", "24:00", "24:30", "8:75")]
    [480, 510, 510, 510, 1440, None, None]
    """
    match = CLOCK.fullmatch(" ".join(text.split()))
    if match is None:
        return None
    hours, minutes = int(match[1] or match[3]), int(match[2] or match[4] or 0)
    total = hours * 60 + minutes
    return total if minutes < 60 and total <= 24 * 60 else None


def row_of(opening: Opening) -> Row:
    """Write an opening."""
    return Row(clock(opening.start), clock(opening.end), str(opening.slots), opening.services)


def days_of(week: Week) -> Days:
    """Write a week."""
    return tuple(day_of(weekday, week.get(weekday, ())) for weekday in WEEKDAYS)


def day_of(weekday: int, openings: Sequence[Opening]) -> Day:
    """Write the openings of a day."""
    return Day(weekday, bool(openings), tuple(row_of(opening) for opening in openings))


def received(form: MultiDict[str, str]) -> Days:
    """Read the days of a form that was sent."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for name in form:
        if match := FIELD.fullmatch(name):
            found.setdefault((int(match[1]), int(match[2])), {})[match[3]] = _typed(form, name, match[3])
    open_days = set(form.getlist("open"))
    return tuple(
        Day(
            weekday,
            str(weekday) in open_days,
            tuple(Row(**found[place]) for place in sorted(found) if place[0] == weekday)[:MOST_OPENINGS],
        )
        for weekday in WEEKDAYS
    )


def _typed(form: MultiDict[str, str], name: str, part: str) -> str | tuple[str, ...]:
    if part != "services":
        return form[name][:LONGEST_TYPED]
    keys = dict.fromkeys(key[:LONGEST_KEY] for key in form.getlist(name)[:MOST_SERVICES])
    return tuple(sorted(keys))


def with_row(days: Days, weekday: int) -> Days:
    """Add an interval to a day, after its last one and as wide, and open the day."""
    return _changed(days, weekday, _longer)


def _longer(day: Day) -> Day:
    if len(day.rows) >= MOST_OPENINGS:
        return replace(day, open=True)
    last = day.rows[-1] if day.rows else Row(end="", slots="1")
    return replace(day, open=True, rows=(*day.rows, Row(start=last.end, slots=last.slots, fresh=True)))


def without_row(days: Days, weekday: int, index: int) -> Days:
    """Clear an interval; a day without any is closed."""
    return _changed(days, weekday, lambda day: _shorter(day, index))


def _shorter(day: Day, index: int) -> Day:
    kept = tuple(row for number, row in enumerate(day.rows) if number != index)
    return replace(day, rows=kept, open=day.open and bool(kept))


def copied(days: Days, weekday: int, targets: Iterable[int]) -> Days:
    """Copy a day, as typed, to others."""
    source = days[weekday - 1]
    for target in targets:
        days = _changed(days, target, lambda day: replace(source, weekday=day.weekday))
    return days


def with_room(days: Days) -> Days:
    """Give every day that is open a row to type in."""
    for day in days:
        if day.open and not day.rows:
            days = with_row(days, day.weekday)
    return days


def _changed(days: Days, weekday: int, change: Callable[[Day], Day]) -> Days:
    return tuple(change(day) if day.weekday == weekday else day for day in days)


def checked(days: Days, services: Collection[str], *, strict: bool) -> Days:
    """Say what is wrong beside each interval; until it is saved (``strict``) unfinished rows are left in peace.

    ``services`` are the keys of those that hours may be reserved to.
    """
    return tuple(_checked(day, services, strict) for day in days)


def _checked(day: Day, services: Collection[str], strict: bool) -> Day:
    if not day.open:
        return replace(day, error="", rows=tuple(replace(row, error="", wrong=()) for row in day.rows))
    rows = [_checked_row(row, services, strict) for row in day.rows]
    for earlier, later in _overlaps(rows):
        text = _("%(second)s overlaps %(first)s. Begin at %(end)s or later, or shorten the other interval.")
        values = {"first": str(rows[earlier]), "second": str(rows[later]), "end": rows[earlier].end}
        rows[later] = replace(rows[later], error=text % values, wrong=("start",))
    nothing = strict and not any(not row.empty for row in rows)
    return replace(day, rows=tuple(rows), error=_("Add an interval, or close this day.") if nothing else "")


def _overlaps(rows: Sequence[Row]) -> list[tuple[int, int]]:
    """List pairs of rows, earlier and later in time, that overlap."""
    known = [(opening, index) for index, row in enumerate(rows) if (opening := row.opening()) is not None]
    return [(one[1], two[1]) for one, two in pairwise(sorted(known)) if _refused([one[0], two[0]])]


def _refused(openings: Sequence[Opening]) -> bool:
    try:
        check_openings(openings)
    except Invalid:
        return True
    return False


def _checked_row(row: Row, services: Collection[str], strict: bool) -> Row:
    error, wrong = _wrong(row) if strict or row.complete else ("", ())
    if not error and any(key not in services for key in row.services):
        error, wrong = _("Choose among the services that are listed, or none."), ("services",)
    return replace(row, error=error, wrong=wrong)


def _wrong(row: Row) -> tuple[str, tuple[str, ...]]:
    """Say what is wrong with one interval by itself; one without any time is no interval yet."""
    if row.empty:
        return "", ()
    start, end = minute_of(row.start), minute_of(row.end)
    unread = tuple(name for name, minute in (("start", start), ("end", end)) if minute is None)
    if start is None or end is None:
        return _("Write times such as 08:30, from 00:00 to 24:00."), unread
    if start >= end:
        return _("The end must come after the start."), ("end",)
    if row.opening() is None:
        return _("Write how many appointments at the same time: 1 or more."), ("slots",)
    return "", ()


def understood(days: Days) -> Week:
    """Give the week that was typed, as far as it can be understood."""
    return {day.weekday: openings for day in days if (openings := day.openings())}


def clear(days: Days) -> bool:
    """Tell whether every interval of the open days can be understood."""
    return not any(day.open and row.opening() is None for day in days for row in day.rows)


def right(days: Days) -> bool:
    """Tell whether nothing has to be mended."""
    return not any(day.wrong for day in days)
