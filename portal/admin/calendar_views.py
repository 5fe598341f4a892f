"""The staff's week ready to be shown: rows of half hours, cells with their words and addresses, names under a day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from typing import Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import ngettext

from portal.admin.appointments import can, url_of
from portal.admin.calendar_places import WEEK
from portal.domain.openings import Why
from portal.i18n import _, clock_time, day_short, hour, offset, rfc3339
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard
from portal.operations.staff_weeks import Half, Place, StaffWeek, WeekDay

HALVES = 48  # half hours of a day on which the clock is left alone
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Addresses:
    """Where the links lead. Each base is built once and continued, for a week has hundreds of addresses.

    ``whole``: every day of a week is shown, on others as well.
    """

    bookable: Bookable
    view: str
    whole: bool = False

    def day(self, day: date, view: str | None = None) -> str:
        """Give the address of a day, in the view that is shown or another."""
        return f"{self._base(view or self.view)}&day={day.isoformat()}"

    def every_day(self, day: date) -> str:
        """Give the address of a day with every day of its week, or without those on which nothing is."""
        return replace(self, whole=not self.whole).day(day)

    def half(self, half: Half, page: int = 1) -> str:
        """Give the address of those who are there during a half hour."""
        at = f"{self._shown}&at={self._instant(half.start)}"
        return at if page == 1 else f"{at}&page={page}"

    def book(self, start: datetime) -> str:
        """Give the address of the form that books a start."""
        return f"{self._booking}?start={self._instant(start)}"

    def today(self) -> str:
        """Give the address of the day that it is."""
        return self._shown

    @cached_property
    def _shown(self) -> str:
        return self._base(self.view)

    @cached_property
    def _booking(self) -> str:
        return url_for("admin.phone.details", **self.keys)

    @property
    def keys(self) -> dict[str, Any]:
        """The names of the site and the planning."""
        return {"site": self.bookable.site.key, "planning": self.bookable.item.key}

    def _base(self, view: str) -> str:
        shown: dict[str, Any] = {"view": None if view == WEEK else view, "whole": 1 if self.whole else None}
        return url_for("admin.calendar.show", **self.keys, **shown)

    def _instant(self, start: datetime) -> str:
        return quote(rfc3339(start, self.bookable.zone), safe=":")


@dataclass(frozen=True, slots=True)
class Cell:
    """A half hour of a day. ``name`` says which; ``word`` what its number means where that needs one.

    ``book`` is where its first free start is booked, ``drop`` the start at which a move to it would begin; both are
    empty where nobody may.
    """

    half: Half
    id: str
    name: str
    state: str
    word: str
    url: str
    book: str
    book_name: str
    drop: str
    now: bool
    chosen: bool

    @property
    def filled(self) -> int:
        """Percents of its places that are taken, for the bar."""
        return round(100 * min(self.half.used, self.half.capacity) / self.half.capacity) if self.half.capacity else 100


@dataclass(frozen=True, slots=True)
class Row:
    """A half hour of the clock on every day shown, None where a day has no such time; or a stretch that is closed."""

    label: str
    whole: bool
    cells: tuple[Cell | None, ...]
    closed: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What is special about a day, in words; ``tone`` as of a tag."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class DayHead:
    """A day above its column and in the strip: where it leads, its names, how many appointments of how many."""

    shown: WeekDay
    url: str
    name: str
    count: str
    share: int
    today: bool
    past: bool
    chosen: bool
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment in a list; ``move`` is empty where it cannot be moved, or not by the one who looks."""

    card: AppointmentCard
    ended: bool
    url: str
    about: str
    move: str


@dataclass(frozen=True, slots=True)
class AgendaRow:
    """A half hour of the day that is looked at, with the first who begin in it; or a stretch that is closed."""

    label: str
    cell: Cell | None
    visits: tuple[Visit, ...] = ()
    more: int = 0
    closed: str = ""


@dataclass(frozen=True)
class Layout:
    """A week on its way to the screen: what was read, where the links lead, when it is, what is chosen, who looks."""

    week: StaffWeek
    addresses: Addresses
    moment: datetime
    at: datetime | None
    may_book: bool

    @property
    def zone(self) -> ZoneInfo:
        """The site's zone."""
        return self.week.bookable.zone

    def heads(self) -> list[DayHead]:
        """Prepare Monday to Sunday."""
        return [self._head(one) for one in self.week.days]

    def rows(self, shown: Sequence[WeekDay]) -> list[Row]:
        """Prepare the half hours at which some day shown is open, or somebody is there."""

        def shut(place: Place) -> bool:
            return all((half := one.by_place.get(place)) is None or half.shut for one in shown)

        return laid_out(self.week.places, shut, _closed_row, lambda place: self._row(place, shown))

    def agenda(self, arrivals: Mapping[datetime, Sequence[AppointmentCard]]) -> list[AgendaRow]:
        """Prepare the half hours of the chosen day, with those who begin in them."""

        def row(half: Half) -> AgendaRow:
            return self._agenda_row(half, arrivals.get(half.start, ()))

        return laid_out(self.week.chosen.halves, lambda half: half.shut, _closed_agenda, row)

    def visit(self, card: AppointmentCard) -> Visit:
        """Prepare an appointment."""
        about = "\u00a0· ".join(part for part in (card.order or "", card.order_units) if part)
        movable = self.may_book and can(card, self.moment).move
        move = url_for("admin.moves.move", public_id=card.public_id) if movable else ""
        return Visit(card, card.end <= self.moment, url_of(card), about, move)

    def cell(self, day: WeekDay, half: Half) -> Cell:
        """Prepare a half hour of a day."""
        free = half.free if self.may_book else ()
        name = day_short(day.day)
        return Cell(
            half=half,
            id=f"at-{half.start:%m%dT%H%M}",
            name=f"{name}, {self.clock(day, half)}",
            state=self._state(half),
            word=_word(half),
            url=self.addresses.half(half),
            book=self.addresses.book(free[0].start) if free else "",
            book_name=_("Book %(day)s at %(hour)s", day=name, hour=hour(free[0].start, self.zone)) if free else "",
            drop=rfc3339(half.target, self.zone) if self.may_book and half.target is not None else "",
            now=half.start <= self.moment < half.end,
            chosen=self.at is not None and half.start <= self.at < half.end,
        )

    def clock(self, day: WeekDay, half: Half) -> str:
        """Write when a half hour begins; where the clock shows it twice, with its distance from UTC."""
        minute, _fold = half.place
        written = clock_time(minute)
        return f"{written} ({offset(self.zone, half.start)})" if (minute, 1) in day.by_place else written

    def _row(self, place: Place, shown: Sequence[WeekDay]) -> Row:
        found = [(day, day.by_place.get(place)) for day in shown]
        twice = next((day for day in shown if (place[0], 1) in day.by_place), None)
        label = clock_time(place[0]) if twice is None else self.clock(twice, twice.by_place[place])
        cells = tuple(None if half is None else self.cell(day, half) for day, half in found)
        return Row(label, place[0] % 60 == 0, cells)

    def _agenda_row(self, half: Half, cards: Sequence[AppointmentCard]) -> AgendaRow:
        day = self.week.chosen
        visits = tuple(self.visit(card) for card in cards)
        return AgendaRow(self.clock(day, half), self.cell(day, half), visits, half.begin - len(visits))

    def _state(self, half: Half) -> str:
        """Name how a half hour looks."""
        if half.shut:
            return "shut"
        looks = ("past", half.end <= self.moment), ("over", half.over), ("full", half.full)
        return " ".join(name for name, applies in looks if applies)

    def _head(self, one: WeekDay) -> DayHead:
        counted = (
            _("%(booked)s of %(possible)s", booked=one.booked, possible=one.possible)
            if one.possible
            else str(one.booked)
        )
        return DayHead(
            shown=one,
            url=self.addresses.day(one.day),
            name=day_short(one.day),
            count=counted if one.possible or one.booked else "",
            share=min(100, round(100 * one.booked / one.possible)) if one.possible else 100 if one.booked else 0,
            today=one.day == self.week.today,
            past=one.day < self.week.today,
            chosen=one is self.week.chosen,
            notes=tuple(_notes(one)),
        )


def laid_out(
    items: Iterable[T], shut: Callable[[T], bool], closed: Callable[[list[T]], R], row: Callable[[T], R]
) -> list[R]:
    """Make a row of each item, and one of all that are shut in between; what is shut at both ends is left out."""
    parts = [(is_shut, list(group)) for is_shut, group in groupby(items, key=shut)]
    kept = [part for number, part in enumerate(parts) if not part[0] or 0 < number < len(parts) - 1]
    return [made for is_shut, group in kept for made in ([closed(group)] if is_shut else map(row, group))]


def _closed_row(places: Sequence[Place]) -> Row:
    return Row(clock_time(places[0][0]), whole=True, cells=(), closed=_closed_text(places))


def _closed_agenda(halves: Sequence[Half]) -> AgendaRow:
    return AgendaRow("", None, closed=_closed_text([half.place for half in halves]))


def _closed_text(places: Sequence[Place]) -> str:
    """Say from when to when nothing is open."""
    first, last = clock_time(places[0][0]), clock_time(places[-1][0] + 30)
    return _("Closed from %(first)s to %(last)s", first=first, last=last)


def _word(half: Half) -> str:
    """Say what the number of a half hour means, where that needs a word."""
    if half.over:
        return _("over") if half.capacity else _("closed")
    return _("full") if half.full else ""


def _notes(one: WeekDay) -> Iterator[Note]:
    """Say what is special about a day."""
    if one.closure:
        yield Note(_("Closed: %(label)s", label=one.closure), "bad")
    elif one.closed is not None and one.closed.why is not Why.HOLIDAY:
        yield Note(_("Closed"), "")
    if one.holiday:
        yield Note(_("Public holiday: %(name)s", name=one.holiday), "wait")
    if one.exceptional is not None:
        text = _("Exceptional day: %(label)s", label=one.exceptional) if one.exceptional else _("Exceptional day")
        yield Note(text, "info")
    if len(one.halves) != HALVES:
        yield Note(_("The clock changes: this day has %(hours)s hours", hours=f"{len(one.halves) / 2:g}"), "info")


def places_text(half: Half) -> str:
    """Say how many places of a half hour are taken."""
    if not half.capacity:
        return str(
            ngettext("%(num)s place taken outside the hours.", "%(num)s places taken outside the hours.", half.used)
        )
    values = {"used": half.used, "capacity": half.capacity}
    if half.over:
        return _("%(used)s places taken of %(capacity)s: over capacity.", **values)
    return (
        _("%(used)s places taken of %(capacity)s: full.", **values)
        if half.full
        else _("%(used)s places taken of %(capacity)s.", **values)
    )
