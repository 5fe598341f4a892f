"""The month and the slots of a day, ready to be shown: names, addresses, and a count for every free day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import ngettext

from portal.domain.slots import Reason, Start
from portal.domain.waitlist import is_full
from portal.domain.zones import days, local_day
from portal.i18n import _, current_locale, day_short, hour, month, offset, rfc3339, weekday, zone_label
from portal.operations import freed
from portal.operations.asking import Asking, Binding
from portal.operations.availability import Availability, closed_because
from portal.operations.bookables import Bookable
from portal.operations.calendars import Calendar, DayOfSlots
from portal.web.offering import length_of
from portal.web.reasons import limits_text, polite
from portal.web.texts import reason_text
from portal.web.visit import Visit
from portal.web.windows import earliest_text, rule_text

MORNING, AFTERNOON, EVENING = "morning", "afternoon", "evening"
NOON, SIX = 12, 18  # o'clock
MANY = 6  # hours named in a sentence
NAMES = 4096  # names of days, places and months kept in memory
TAKEN = ((Reason.FULL,), (Reason.RESOURCE_BUSY,))
"""The reasons of a start that only other bookings take away."""

TOKENS = ("c", "hold")
"""What only the next step of a booking may know."""


@dataclass(frozen=True)
class Paths:
    """Where days, months and slots lead: two endpoints and what their addresses carry.

    ``chosen_from`` goes with a start that is chosen: it tells the page on which that was. Each address is built once
    and continued for every day and slot, for a month has dozens of them. ``keep`` is the endpoint that holds the place
    of a start which is chosen, where that is done: choosing is then a button that posts. ``wait`` is the endpoint of
    the waiting list of a day that is full, where there may be one.
    """

    page: str
    step: str
    values: Mapping[str, Any]
    chosen_from: str | None = None
    keep: str | None = None
    wait: str | None = None

    @cached_property
    def to_page(self) -> str:
        """The address of the page that shows days."""
        return url_for(self.page, **self.values)

    @cached_property
    def to_send(self) -> str:
        """The address that takes the step's form.

        It is not the form's own: a browser forgets what it kept of an address that it posts to, and Back would bring
        a fresh form, with a fresh key, where the sent one must come again.
        """
        return url_for(self.step, **{**self.values, **self._named})

    @cached_property
    def to_keep(self) -> str:
        """The address that holds the place of a start, or nothing where none is held."""
        return url_for(self.keep, **{**self.values, **self._named}) if self.keep else ""

    @property
    def _named(self) -> dict[str, str]:
        return {"from": self.chosen_from} if self.chosen_from else {}

    def to_day(self, day: date) -> str:
        """Give the address of a day."""
        return _continued(self.to_page, "day", day.isoformat())

    def to_wait(self, day: date) -> str:
        """Give the address of the waiting list of a day; what is held or continued goes no further than this page."""
        if self.wait is None:
            return ""
        kept = {name: value for name, value in self.values.items() if name not in TOKENS}
        return url_for(self.wait, **{**kept, "day": day.isoformat()})

    def to_month(self, first: date) -> str:
        """Give the address of a month."""
        return _continued(self.to_page, "month", first.isoformat()[:7])

    def to_start(self, start: datetime, zone: ZoneInfo) -> str:
        """Give the address of the step after choosing a start."""
        return _continued(self.to_send, "start", rfc3339(start, zone).replace("+", "%2B"))


def _continued(url: str, name: str, value: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{name}={value}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the month; ``url`` and ``name`` only where something is free.

    ``spent``: only the customer's limit keeps the day from being booked. ``full``: everything is taken, and there is a
    waiting list.
    """

    date: date
    free: int
    today: bool
    chosen: bool
    url: str = ""
    name: str = ""
    spent: bool = False
    full: bool = False


@dataclass(frozen=True, slots=True)
class MonthView:
    """A month as weeks of cells; None stands for days of other months. ``limits`` says why days are spent, if any."""

    name: str
    caption: str
    weekdays: tuple[tuple[str, str], ...]
    weeks: tuple[tuple[Cell | None, ...], ...]
    before: str | None
    before_name: str
    after: str | None
    after_name: str
    limits: str


@dataclass(frozen=True, slots=True)
class SlotLink:
    """A start to choose: its time for people and for machines, and the places left, where these are worth saying.

    ``own`` is the same moment on the visitor's own clock, where that differs.
    """

    url: str
    label: str
    machine: str
    places: str
    last: bool
    own: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day with its slots."""

    id: str
    text: str
    slots: tuple[SlotLink, ...]


@dataclass(frozen=True, slots=True)
class FirstFree:
    """A free start that is named and linked; ``machine`` is its time for the form that holds its place."""

    url: str
    text: str
    machine: str = ""


@dataclass(frozen=True, slots=True)
class DayView:
    """The slots of a day; ``why`` and ``following`` (the next free start) where it has none.

    ``keep`` is the address that holds the place of the slot that is chosen; empty where slots are links. ``wait`` is
    that of the waiting list, where everything is taken and there is one.
    """

    name: str
    zone: ZoneInfo
    zone_label: str
    length: str
    own_label: str
    parts: tuple[Part, ...]
    full: str
    why: str
    following: FirstFree | None
    keep: str
    wait: str


@dataclass(frozen=True, slots=True)
class Picker:
    """A month beside a day; ``day`` is None, and ``why`` says so, when nothing is free.

    ``rule`` says from when on can be booked, where that needs words. ``zone`` is the site's, for a script that offers
    the visitor's own beside it; empty once one was chosen. ``keep`` is that of ``DayView``, ``wait`` the waiting list
    of the first day of the month that is full.
    """

    month: MonthView
    day: DayView | None
    first_free: FirstFree | None
    why: str
    following: FirstFree | None
    phone: str
    zone: str
    rule: str
    keep: str
    wait: str


def first_of_next(first: date) -> date:
    """Give the first of the month after.

    >>> first_of_next(date(2026, 12, 1))
    datetime.date(2027, 1, 1)
    """
    return (first + timedelta(days=31)).replace(day=1)


def first_of_last(first: date) -> date:
    """Give the first of the month before."""
    return (first - timedelta(days=1)).replace(day=1)


def picker(calendar: Calendar, visit: Visit, paths: Paths) -> Picker:
    """Prepare a month and its chosen day."""
    zone = calendar.bookable.zone
    return Picker(
        month=_month(calendar, paths),
        day=_chosen_day(calendar, visit, paths),
        first_free=first_free(calendar.soonest, zone, paths),
        why=_why_empty(calendar),
        following=first_free(calendar.following, zone, paths),
        phone=calendar.bookable.site.phone or "",
        zone=zone.key if visit.tz is None else "",
        rule=_rule(calendar),
        keep=paths.to_keep,
        wait=_wait(calendar, paths),
    )


def _wait(calendar: Calendar, paths: Paths) -> str:
    """Give the waiting list of the day that is chosen, if it is full, else of the first day that is."""
    full = _full_days(calendar)
    wanted = calendar.day if calendar.day in full else min(full, default=None)
    return paths.to_wait(wanted) if wanted is not None else ""


def _full_days(calendar: Calendar) -> frozenset[date]:
    """List the days of the month that can be waited for."""
    if not freed.listed(calendar.bookable):
        return frozenset()
    month = calendar.month
    return frozenset(day for day in days(month.first, month.last) if is_full(month.of_day(day)))


def _rule(calendar: Calendar) -> str:
    """Say from when on can be booked; staff is bound by no notice."""
    window = calendar.month.binding.window
    return rule_text(calendar.bookable, window) if window is not None else ""


def day_view(found: DayOfSlots, visit: Visit, paths: Paths) -> DayView:
    """Prepare one day alone: what is swapped in when a day is chosen."""
    return _day(found.bookable, found.day, found.slots, found.binding, None, visit, paths, found.asking)


def _chosen_day(calendar: Calendar, visit: Visit, paths: Paths) -> DayView | None:
    if calendar.day is None:
        return None
    later = [starts[0] for day, starts in calendar.month.by_day.items() if day > calendar.day]
    following = later[0] if later else calendar.following or calendar.soonest
    binding, asking = calendar.month.binding, calendar.asking
    return _day(calendar.bookable, calendar.day, calendar.slots, binding, following, visit, paths, asking)


def _day(
    bookable: Bookable,
    day: date,
    starts: Sequence[Start],
    binding: Binding,
    following: Start | None,
    visit: Visit,
    paths: Paths,
    asking: Asking,
) -> DayView:
    zone = bookable.zone
    offered = [start for start in starts if start.offered]
    noon = datetime.combine(day, time(NOON), zone)
    moment = offered[0].start if offered else noon
    return DayView(
        name=day_short(day),
        zone=zone,
        zone_label=zone_label(zone, moment),
        length=length_of(bookable.item, asking.iterations),
        own_label=_own_label(moment, zone, visit.tz),
        parts=parts_of_day(offered, zone, visit.tz, paths, several=_several(starts, asking)),
        full=_full_hours(starts, zone) if offered else "",
        why="" if offered else _why(bookable, day, starts, binding),
        following=first_free(following, zone, paths),
        keep=paths.to_keep,
        wait=paths.to_wait(day) if freed.listed(bookable) and is_full(starts) else "",
    )


def _several(starts: Sequence[Start], asking: Asking) -> bool:
    """Tell whether places are worth saying: not of somebody or something that was picked, which is free or is not."""
    return not asking.resources and any(start.places > 1 for start in starts)


def _own_label(moment: datetime, zone: ZoneInfo, tz: ZoneInfo | None) -> str:
    if tz is None or not own_time(moment, zone, tz):
        return ""
    return _("Last line of each slot: %(zone)s.", zone=zone_label(tz, moment))


def _full_hours(starts: Sequence[Start], zone: ZoneInfo) -> str:
    """Name the hours that only a full planning takes away; a long list would help nobody."""
    full = [hour(start.start, zone) for start in starts if start.reasons in TAKEN]
    return ", ".join(full) if len(full) <= MANY else ""


def _why(bookable: Bookable, day: date, starts: Sequence[Start], binding: Binding) -> str:
    """Say why a day has nothing free."""
    closed = closed_because(bookable, day)
    if closed is not None and closed.label:
        return _("Closed: %(label)s.", label=closed.label)
    if closed is not None or not starts:
        return reason_text(Reason.CLOSED)
    first = [start.reasons[0] for start in starts if start.reasons]
    if Reason.FULL in first or Reason.RESOURCE_BUSY in first:
        return _("Everything is taken that day.")
    return polite(Counter(first).most_common(1)[0][0], bookable, day, binding)


def _why_empty(calendar: Calendar) -> str:
    """Say why a month has nothing free."""
    if calendar.month.by_day:
        return ""
    if (window := calendar.month.binding.window) is not None and window.never_open:
        return earliest_text(calendar.bookable, window)
    if calendar.soonest is None:
        return _("No time is free at the moment.")
    return _("No time is free in %(month)s.", month=month(calendar.first))


def _month(calendar: Calendar, paths: Paths) -> MonthView:
    free = {day: len(starts) for day, starts in calendar.month.by_day.items()}
    before, after = first_of_last(calendar.first), first_of_next(calendar.first)
    spent, full = _spent(calendar.month), _full_days(calendar) if paths.wait else frozenset()
    return MonthView(
        name=month(calendar.first),
        caption=_("Under each date: the number of free slots.") if free else _("No free slot this month."),
        weekdays=_weekdays(current_locale()),
        weeks=_weeks(calendar, free, spent, full, paths),
        before=paths.to_month(before) if before >= calendar.earliest_month else None,
        before_name=month(before),
        after=paths.to_month(after) if after <= calendar.latest_month else None,
        after_name=month(after),
        limits=limits_text(calendar.bookable.policy) if spent else "",
    )


def _spent(found: Availability) -> frozenset[date]:
    """List the days that only the customer's limit closes."""
    only = (Reason.LIMIT,)
    return frozenset(day for day in found.binding.spent if any(start.reasons == only for start in found.of_day(day)))


def _weeks(
    calendar: Calendar, free: Mapping[date, int], spent: Collection[date], full: Collection[date], paths: Paths
) -> tuple[tuple[Cell | None, ...], ...]:
    first = calendar.first
    length = (first_of_next(first) - first).days
    cells: list[Cell | None] = [None] * (first.isoweekday() - 1)
    for day in days(first, first + timedelta(days=length - 1)):
        cell = _cell(day, free, calendar, paths)
        cells.append(replace(cell, spent=day in spent, full=day in full))
    cells += [None] * (-len(cells) % 7)
    return tuple(tuple(cells[at : at + 7]) for at in range(0, len(cells), 7))


def _cell(day: date, free: Mapping[date, int], calendar: Calendar, paths: Paths) -> Cell:
    count, today, chosen = free.get(day, 0), calendar.today, calendar.day
    if not count:
        return Cell(day, 0, day == today, day == chosen)
    named = _free_day(day, count, current_locale())
    if day == today:
        named = _("%(day)s (today)", day=named)
    return Cell(day, count, day == today, day == chosen, paths.to_day(day), named)


@lru_cache(NAMES)
def _free_day(day: date, count: int, locale: str) -> str:
    """Name a free day in the language in force, which is ``locale``: "mardi 14 avril, 5 créneaux libres"."""
    name = day_short(day, locale)
    return str(ngettext("%(day)s, %(num)s free slot", "%(day)s, %(num)s free slots", count, day=name))


@lru_cache(NAMES)
def _weekdays(locale: str) -> tuple[tuple[str, str], ...]:
    return tuple((weekday(number, "abbreviated", locale), weekday(number, "wide", locale)) for number in range(1, 8))


@lru_cache(NAMES)
def _places(count: int, locale: str) -> str:  # noqa: ARG001 - the language in force, for the memory
    return _("last place") if count == 1 else str(ngettext("%(num)s place", "%(num)s places", count))


def parts_of_day(
    starts: Sequence[Start], zone: ZoneInfo, tz: ZoneInfo | None, paths: Paths, *, several: bool
) -> tuple[Part, ...]:
    """Split the offered starts of a day into morning, afternoon and evening, leaving out what is empty."""
    names = {MORNING: _("Morning"), AFTERNOON: _("Afternoon"), EVENING: _("Evening")}
    locale = current_locale()
    links: dict[str, list[SlotLink]] = {part: [] for part in names}
    for start, label in zip(starts, _labels(starts, zone, locale), strict=True):
        link = SlotLink(
            url=paths.to_start(start.start, zone),
            label=label,
            machine=rfc3339(start.start, zone),
            places=_places(start.places, locale) if several else "",
            last=several and start.places == 1,
            own=own_time(start.start, zone, tz),
        )
        links[_part(start.start, zone)].append(link)
    return tuple(Part(part, names[part], tuple(found)) for part, found in links.items() if found)


def _part(start: datetime, zone: ZoneInfo) -> str:
    clock = start.astimezone(zone).hour
    return MORNING if clock < NOON else AFTERNOON if clock < SIX else EVENING


def _labels(starts: Sequence[Start], zone: ZoneInfo, locale: str) -> list[str]:
    """Write the times of a day; where the clock shows one twice, each with its distance from UTC."""
    written = [hour(start.start, zone, locale) for start in starts]
    shown = Counter(written)
    return [
        text if shown[text] == 1 else f"{text} ({offset(zone, start.start)})"
        for text, start in zip(written, starts, strict=True)
    ]


def own_time(start: datetime, zone: ZoneInfo, tz: ZoneInfo | None) -> str:
    """Write a moment on the visitor's own clock, with the day where that differs too; empty when nothing differs."""
    if tz is None or start.astimezone(tz).utcoffset() == start.astimezone(zone).utcoffset():
        return ""
    same_day = start.astimezone(tz).date() == start.astimezone(zone).date()
    clock = hour(start, tz)
    return clock if same_day else f"{day_short(start.astimezone(tz))}, {clock}"


def first_free(start: Start | None, zone: ZoneInfo, paths: Paths) -> FirstFree | None:
    """Name and link the first free start."""
    if start is None:
        return None
    day = day_short(local_day(start.start, zone))
    text = _("%(day)s at %(hour)s", day=day, hour=hour(start.start, zone))
    return FirstFree(paths.to_start(start.start, zone), text, rfc3339(start.start, zone))
