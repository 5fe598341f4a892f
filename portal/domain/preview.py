"""What a changed planning does to appointments and to capacity, before it is saved; nothing is cancelled by itself."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.domain.openings import Schedule, SiteCalendar, possible_in_day, profile, week_on
from portal.domain.steps import Steps
from portal.domain.zones import epoch, instant_of

Detail = tuple[int, datetime, datetime, int]
"""An appointment that holds a place: id, start, end (aware), units."""


@dataclass(frozen=True, slots=True)
class Crowded:
    """An appointment present when too many are: at ``at`` (local to the site), ``present`` units for ``slots``."""

    id: int
    at: datetime
    present: int
    slots: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """Appointments possible on one weekday, or in the week, before and after the change."""

    before: int
    after: int

    @property
    def change(self) -> int:
        """How many more, or fewer when negative."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does: appointments left outside the hours, those too many, and capacity by ISO weekday."""

    outside: tuple[int, ...]
    crowded: tuple[Crowded, ...]
    weekdays: dict[int, Capacity]
    week: Capacity


def effect(
    before: Schedule,
    after: Schedule,
    site: SiteCalendar,
    taken_details: Sequence[Detail],
    first: date,
    last: date,
    *,
    week_of: date | None = None,
) -> Effect:
    """Compare two states of a planning on the site's local dates from first to last, both included.

    Only what the change takes away is told: an appointment that was outside or too many already is no news. Weeks
    are compared as they are in force on ``week_of``, by default the first date.
    """
    details = sorted(taken_details, key=lambda detail: (epoch(detail[1]), detail[0]))
    old, new = profile([before], site, first, last).steps, profile([after], site, first, last).steps
    outside = tuple(id_ for id_, start, end, _ in details if _loses_hours(old, new, epoch(start), epoch(end)))
    weekdays = _weekdays(before, after, week_of or first)
    return Effect(outside, _crowded(old, new, details, site), weekdays, _total(weekdays))


def _loses_hours(old: Steps, new: Steps, start: int, end: int) -> bool:
    return any(old.at(moment) > 0 == new.at(moment) for moment in _moments((old, new), start, end))


def _crowded(old: Steps, new: Steps, details: Sequence[Detail], site: SiteCalendar) -> tuple[Crowded, ...]:
    """Name each appointment present at an over-full moment once, with its worst moment, of equal ones the first."""
    used = Steps.sum_of((epoch(start), epoch(end), units) for _, start, end, units in details)
    return tuple(crowded for detail in details if (crowded := _worst(old, new, used, detail, site)))


def _worst(old: Steps, new: Steps, used: Steps, detail: Detail, site: SiteCalendar) -> Crowded | None:
    id_, start, end, _ = detail
    moments = [m for m in _moments((old, new, used), epoch(start), epoch(end)) if 0 < new.at(m) < old.at(m)]
    worst = max(moments, key=lambda moment: used.at(moment) - new.at(moment), default=None)
    if worst is None or used.at(worst) <= new.at(worst):
        return None
    return Crowded(id_, instant_of(worst).astimezone(site.zone), used.at(worst), new.at(worst))


def _moments(changes: Iterable[Steps], start: int, end: int) -> list[int]:
    """List the start and every moment in (start, end) at which one of these numbers changes, in order."""
    edges = (steps.edges[bisect_right(steps.edges, start) : bisect_left(steps.edges, end)] for steps in changes)
    return sorted({start}.union(*edges))


def _weekdays(before: Schedule, after: Schedule, day: date) -> dict[int, Capacity]:
    old, new = week_on(before, day), week_on(after, day)
    return {
        weekday: Capacity(
            possible_in_day(old.get(weekday, ()), before.slot_minutes),
            possible_in_day(new.get(weekday, ()), after.slot_minutes),
        )
        for weekday in range(1, 8)
    }


def _total(weekdays: dict[int, Capacity]) -> Capacity:
    return Capacity(sum(day.before for day in weekdays.values()), sum(day.after for day in weekdays.values()))
