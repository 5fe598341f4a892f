"""A month as a table of days, ready to be shown: a count, a name and an address for every free day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from flask_babel import ngettext

from portal.domain.slots import Reason
from portal.domain.zones import days
from portal.i18n import _, current_locale, day_short, month, weekday
from portal.operations.availability import Availability
from portal.operations.calendars import Calendar
from portal.web.paths import Paths
from portal.web.reasons import limits_text

NAMES = 4096  # names of days kept in memory


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


def first_of_next(first: date) -> date:
    """Give the first of the month after.

    >>> first_of_next(date(2026, 12, 1))
    datetime.date(2027, 1, 1)
    """
    return (first + timedelta(days=31)).replace(day=1)


def first_of_last(first: date) -> date:
    """Give the first of the month before."""
    return (first - timedelta(days=1)).replace(day=1)


def month_view(calendar: Calendar, paths: Paths, full: Collection[date]) -> MonthView:
    """Prepare a month; ``full`` are its days that can be waited for."""
    before, after = first_of_last(calendar.first), first_of_next(calendar.first)
    free, spent = calendar.month.by_day, _spent(calendar.month)
    return MonthView(
        name=month(calendar.first),
        caption=_("Under each date: the number of free slots.") if free else _("No free slot this month."),
        weekdays=_weekdays(current_locale()),
        weeks=_weeks(calendar, paths, spent, full),
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
    calendar: Calendar, paths: Paths, spent: Collection[date], full: Collection[date]
) -> tuple[tuple[Cell | None, ...], ...]:
    first, locale = calendar.first, current_locale()
    cells: list[Cell | None] = [None] * (first.isoweekday() - 1)
    cells += [
        _cell(calendar, day, locale, paths, spent=day in spent, full=day in full)
        for day in days(first, first_of_next(first) - timedelta(days=1))
    ]
    cells += [None] * (-len(cells) % 7)
    return tuple(tuple(cells[at : at + 7]) for at in range(0, len(cells), 7))


def _cell(calendar: Calendar, day: date, locale: str, paths: Paths, *, spent: bool, full: bool) -> Cell:
    count, today, chosen = len(calendar.month.by_day.get(day, ())), day == calendar.today, day == calendar.day
    if not count:
        return Cell(day, 0, today, chosen, spent=spent, full=full)
    named = _free_day(day, count, locale)
    if today:
        named = _("%(day)s (today)", day=named)
    return Cell(day, count, today, chosen, paths.to_day(day), named, spent, full)


@lru_cache(NAMES)
def _free_day(day: date, count: int, locale: str) -> str:
    """Name a free day in the language in force, which is ``locale``: "mardi 14 avril, 5 créneaux libres"."""
    name = day_short(day, locale)
    return str(ngettext("%(day)s, %(num)s free slot", "%(day)s, %(num)s free slots", count, day=name))


@lru_cache
def _weekdays(locale: str) -> tuple[tuple[str, str], ...]:
    return tuple((weekday(number, "abbreviated", locale), weekday(number, "wide", locale)) for number in range(1, 8))
