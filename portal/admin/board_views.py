"""Days of people, rooms, equipment and services ready to be shown: what stands where, its words, where it leads.

A day is a list of entries in order of time, which is what a phone and a screen reader show; on a wide screen each has
its place beside the clock, by classes that say hour, minutes and length (``timeline.css``): a page may hold no style.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

from flask import url_for

from portal.admin.appointments import can, url_of
from portal.admin.board_parts import Entry, Hour, Named, Visit
from portal.domain.lifecycle import Status
from portal.i18n import _, clock_time, day_short, hour, named, rfc3339, span
from portal.operations.cards import AppointmentCard
from portal.operations.day_parts import Being, Block, Stretch, joined
from portal.operations.resource_cards import ResourceCard
from portal.operations.staff_boards import Board, Column

STEP = 5  # minutes of a row
USUAL = (8 * 60, 18 * 60)  # what is shown of a day on which nothing is
HALF = timedelta(minutes=30)
SHORT, TINY = timedelta(minutes=45), timedelta(minutes=30)  # less has no room for its time, and for what it is about
A_DAY = 24 * 60
LEAST = 60  # minutes of it that are shown


@dataclass(frozen=True)
class Timeline:
    """Columns on their way to the screen: when it is, who looks, and where a free start of a column leads."""

    board: Board
    moment: datetime
    may_book: bool
    whole: bool
    book: Callable[[Column, datetime], str]

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """The minutes after midnight between which something is, in whole hours; all where these are asked for."""
        if self.whole:
            return 0, A_DAY
        found = [bound for column in self.board.columns for bound in self._spans(column)]
        if not found:
            return USUAL
        first, last = min(first for first, _last in found), max(last for _first, last in found)
        return first // 60 * 60, min(-(-last // 60) * 60, A_DAY)

    @cached_property
    def shortest(self) -> timedelta:
        """How long the shortest of the services takes that can be booked."""
        return timedelta(minutes=min((one.item.minutes for one in self.board.place.services), default=STEP))

    def hours(self) -> list[Hour]:
        """List the hours of the clock that are shown."""
        first, last = self.bounds
        return [Hour(self._classes(minute, minute + 60), clock_time(minute)) for minute in range(first, last, 60)]

    def lanes(self, column: Column) -> int:
        """Count those who may stand beside each other; a service has room for another beside whoever comes."""
        return column.day.lanes + (column.card is None and bool(column.day.blocks))

    def entries(self, column: Column) -> tuple[Entry, ...]:
        """List what is on a day, in order of time."""
        parts = [*self._stretches(column), *self._starts(column), *self._blocks(column)]
        return tuple(entry for _start, _rank, entry in sorted(parts, key=lambda part: part[:2]))

    def present(self, column: Column) -> str:
        """Say where the line of the present stands; nothing on other days, and outside the hours that are shown."""
        minute = self._minute(self.moment)
        first, last = self.bounds
        here = column.day.start <= self.moment < column.day.end and first <= minute < last
        return self._classes(minute, minute) if here else ""

    def _spans(self, column: Column) -> Iterator[tuple[int, int]]:
        day = column.day
        closes = any(one.being is Being.CLOSED for one in day.stretches)  # what never does would show the whole night
        for one in day.stretches:
            if closes and one.being in (Being.FREE, Being.SPENT):
                yield self._minutes(column, one.start, one.end)
        for block in day.blocks:
            first, last = self._minutes(column, block.since, block.until)
            comes, goes = block.since > day.start, block.until < day.end
            if comes or goes:  # a night shows its evening and its morning, not all the hours that it is slept through
                yield (first if comes else last - LEAST), (last if goes else first + LEAST)
        for start in column.starts or ():
            yield self._minutes(column, start, start + HALF)

    def _minutes(self, column: Column, start: datetime, end: datetime) -> tuple[int, int]:
        """Tell the clock's minutes of a stretch: on a day with two hours alike, those of both."""
        first = self._minute(start)
        last = A_DAY if end >= column.day.end else self._minute(end)
        return first, max(last, first + STEP)

    def _minute(self, instant: datetime) -> int:
        local = instant.astimezone(self.board.zone)
        return local.hour * 60 + local.minute

    def _classes(self, first: int, last: int) -> str:
        """Say where a stretch stands: hours and rows from the top, hours and rows of its length."""
        top = self.bounds[0]
        begin, length = max(first, top) - top, max(min(last, self.bounds[1]) - max(first, top), STEP)
        rows = -(-length // STEP)
        return f"h{begin // 60} m{begin % 60 // STEP} dh{rows // 12} dm{rows % 12}"

    def _stretches(self, column: Column) -> Iterator[tuple[datetime, int, Entry]]:
        first, last = self.bounds
        for one in column.day.stretches:
            since, until = self._minutes(column, one.start, one.end)
            if since < last and until > first:
                times = {"first": clock_time(max(since, first)), "last": clock_time(min(until, last))}
                time = _("%(first)s until %(last)s", **times)
                place = self._classes(since, until) + (" scrap" if one.end - one.start < self.shortest else "")
                yield one.start, 0, Entry(one.being, place, time, _words(one))

    def _starts(self, column: Column) -> Iterator[tuple[datetime, int, Entry]]:
        """List the starts that can be booked: those of the chosen service, else every half hour that is free."""
        if not self.may_book or self.board.place.site is None:
            return
        found = column.starts if column.starts is not None else tuple(self._halves(column))
        for start, following in pairwise([*found, column.day.end]):
            since, until = self._minutes(column, start, min(start + self._length(), following))
            yield (
                start,
                1,
                Entry(
                    "start",
                    f"{self._classes(since, until)} {self._beside(column, start, following)}",
                    hour(start, self.board.zone),
                    _("Book %(day)s at %(hour)s", day=day_short(column.day.day), hour=hour(start, self.board.zone)),
                    url=self.book(column, start),
                    drop=rfc3339(start, self.board.zone),
                ),
            )

    def _beside(self, column: Column, start: datetime, following: datetime) -> str:
        """Say in which lane a start stands: the last where somebody comes then, else it is as wide as the day."""
        end = min(start + self._length(), following)
        taken = any(block.since < end and start < block.until for block in column.day.blocks)
        return f"l{self.lanes(column) - 1}" if taken else "wide"

    def _length(self) -> timedelta:
        service = self.board.place.service
        return min(HALF, timedelta(minutes=service.item.minutes)) if service is not None else HALF

    def _halves(self, column: Column) -> Iterator[datetime]:
        """Part what is free at the half hours of the clock that are shown, where the shortest service has time.

        What is past is not offered.
        """
        first, last = self.bounds
        for since, until in joined(column.day.free):
            start = since
            while start + self.shortest <= until:
                if start >= self.moment and first <= self._minute(start) < last:
                    yield start
                start += timedelta(minutes=30 - self._minute(start) % 30)

    def _blocks(self, column: Column) -> Iterator[tuple[datetime, int, Entry]]:
        for one in column.day.blocks:
            lane = f" l{one.lane}"
            for since, until in ((one.since, one.start), (one.end, one.until)):
                if since < until and one.card is not None:
                    text = _("Kept free before and after")
                    place = self._classes(*self._minutes(column, since, until)) + lane
                    yield since, 2, Entry("buffer", place, self._span(since, until), text)
            place = self._classes(*self._minutes(column, one.start, one.end)) + lane
            length = one.end - one.start
            place += " short" * (length < SHORT) + " tiny" * (length < TINY)
            yield one.start, 3, self._block(one, place, column.card)

    def _block(self, one: Block, place: str, whose: ResourceCard | None) -> Entry:
        time = self._span(one.start, one.end)
        if one.card is None:
            text = _("Busy at another site") if one.elsewhere else _("Held for somebody who is booking or waiting")
            return Entry("elsewhere" if one.elsewhere else "held", place, time, text)
        return Entry("visit", place, time, visit=self._visit(one.card, one.wanted, whose))

    def _visit(self, card: AppointmentCard, wanted: bool, whose: ResourceCard | None) -> Visit:
        able = can(card, self.moment)
        movable, gives = self.may_book and not wanted and able.move, self.may_book and not wanted and able.reassign
        site = self.board.place.site
        service = self.board.place.service if whose is None else None
        about = [named(card.item) if service is None else "", card.order or ""]
        about += [card.site.name] if site is None or card.site.id != site.id else []
        return Visit(
            card=card,
            title=card.name or card.email or card.reference,
            about="\u00a0· ".join(part for part in about if part),
            others=tuple(self._others(card, whose)),
            ended=card.end <= self.moment,
            wanted=wanted,
            plain=card.status is Status.CONFIRMED and card.end > self.moment and not wanted,
            url=url_of(card),
            move=url_for("admin.moves.move", public_id=card.public_id) if movable else "",
            give=url_for("admin.assigned.reassign", public_id=card.public_id, of=whose.key) if gives and whose else "",
            thing=whose is not None and whose.kind != "staff",
        )

    def _others(self, card: AppointmentCard, whose: ResourceCard | None) -> Iterable[Named]:
        """Name those whom and what it has besides the one whose day it is."""
        having = self.board.having.get(card.id, ())
        known = [one for one in having if whose is None or one.key != whose.key]
        return (Named(one.name, self.board.colours.get(one.key, "")) for one in known)

    def _span(self, start: datetime, end: datetime) -> str:
        return span(start, end, self.board.zone)


def _words(one: Stretch) -> str:
    if one.being is Being.ABSENT:
        return _("Absent: %(label)s", label=one.label) if one.label else _("Absent")
    return {
        Being.CLOSED: _("Closed"),
        Being.FREE: _("Free"),
        Being.SPENT: _("As many appointments as a day may have"),
    }[one.being]


def idle(column: Column) -> bool:
    """Tell whether nothing is on a day."""
    return (
        not column.starts
        and not column.day.blocks
        and not any(one.being in (Being.FREE, Being.SPENT) for one in column.day.stretches)
    )
