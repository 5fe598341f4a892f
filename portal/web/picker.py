"""A month beside the slots of one of its days, ready to be shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from portal.domain.waitlist import is_full
from portal.domain.zones import days
from portal.i18n import _, month
from portal.operations import freed
from portal.operations.calendars import Calendar
from portal.web.days import DayView, FirstFree, first_free, of_day
from portal.web.months import MonthView, month_view
from portal.web.paths import Paths
from portal.web.visit import Visit
from portal.web.windows import earliest_text, rule_text


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


def picker(calendar: Calendar, visit: Visit, paths: Paths) -> Picker:
    """Prepare a month and its chosen day."""
    zone, full = calendar.bookable.zone, _full_days(calendar, paths)
    return Picker(
        month=month_view(calendar, paths, full),
        day=_chosen_day(calendar, visit, paths),
        first_free=first_free(calendar.soonest, zone, paths),
        why=_why_empty(calendar),
        following=first_free(calendar.following, zone, paths),
        phone=calendar.bookable.site.phone or "",
        zone=zone.key if visit.tz is None else "",
        rule=_rule(calendar),
        keep=paths.to_keep,
        wait=_wait(calendar, paths, full),
    )


def _wait(calendar: Calendar, paths: Paths, full: Collection[date]) -> str:
    """Give the waiting list of the day that is chosen, if it is full, else of the first day that is."""
    wanted = calendar.day if calendar.day in full else min(full, default=None)
    return paths.to_wait(wanted) if wanted is not None else ""


def _full_days(calendar: Calendar, paths: Paths) -> frozenset[date]:
    """List the days of the month that can be waited for."""
    if paths.wait is None or not freed.listed(calendar.bookable):
        return frozenset()
    month = calendar.month
    return frozenset(day for day in days(month.first, month.last) if is_full(month.of_day(day)))


def _rule(calendar: Calendar) -> str:
    """Say from when on can be booked; staff is bound by no notice."""
    window = calendar.month.binding.window
    return rule_text(calendar.bookable, window) if window is not None else ""


def _chosen_day(calendar: Calendar, visit: Visit, paths: Paths) -> DayView | None:
    if calendar.day is None:
        return None
    later = [starts[0] for day, starts in calendar.month.by_day.items() if day > calendar.day]
    following = later[0] if later else calendar.following or calendar.soonest
    binding, asking = calendar.month.binding, calendar.asking
    return of_day(calendar.bookable, calendar.day, calendar.slots, binding, following, visit, paths, asking)


def _why_empty(calendar: Calendar) -> str:
    """Say why a month has nothing free."""
    if calendar.month.by_day:
        return ""
    if (window := calendar.month.binding.window) is not None and window.never_open:
        return earliest_text(calendar.bookable, window)
    if calendar.soonest is None:
        return _("No time is free at the moment.")
    return _("No time is free in %(month)s.", month=month(calendar.first))
