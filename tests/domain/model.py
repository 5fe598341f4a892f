"""The rules once more, slow and plain: minute by minute in UTC, by looking at the clock on the wall.

It shares no code with the engine but its values. An opening is found by walking along the minutes and reading the
local time of each; capacity, presence and reasons are asked of every minute of a slot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from portal.domain.openings import Opening, Schedule, SiteCalendar
from portal.domain.slots import Taken
from portal.domain.window import Window

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@lru_cache(maxsize=32)
def walls(day: date, zone: ZoneInfo) -> tuple[tuple[datetime, datetime], ...]:
    """List (instant, wall time) of every minute of three UTC days around a date: the whole local date and more."""
    first = datetime.combine(day - DAY, time(), UTC)
    instants = (first + minute * MINUTE for minute in range(3 * 1440))
    return tuple((instant, instant.astimezone(zone).replace(tzinfo=None, fold=0)) for instant in instants)


@lru_cache(maxsize=10_000)
def instant_of_start(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Find the first minute whose wall time has come to this one."""
    wanted = datetime.combine(day, time()) + minute * MINUTE
    return next(instant for instant, wall in walls(day, zone) if wall >= wanted)


@lru_cache(maxsize=10_000)
def instant_of_end(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Find the last minute that shows this wall time, or the first after it where the clock skips it."""
    wanted = datetime.combine(day, time()) + minute * MINUTE
    showing = [instant for instant, wall in walls(day, zone) if wall == wanted]
    return showing[-1] if showing else instant_of_start(day, minute, zone)


class Minutes(dict[datetime, int]):
    """A number for each minute, asked once."""

    def __init__(self, ask: Callable[[datetime], int]) -> None:
        self.ask = ask

    def __missing__(self, minute: datetime) -> int:
        self[minute] = self.ask(minute)
        return self[minute]


class Model:
    """A planning at a site on one date, its bookings and a window; everything is asked of single minutes."""

    def __init__(
        self,
        schedule: Schedule,
        site: SiteCalendar,
        day: date,
        taken: Iterable[Taken] = (),
        window: Window | None = None,
        quantity: int = 1,
    ) -> None:
        self.schedule, self.site, self.day = schedule, site, day
        self.taken, self.window, self.quantity = list(taken), window, quantity
        dates = [day + number * DAY for number in range(-2, 4)]
        self.openings = [(date_, *interval) for date_ in dates for interval in self.intervals(date_)]
        self.planned, self.capacity, self.used = Minutes(self.as_planned), Minutes(self.as_open), Minutes(self.present)

    def intervals(self, day: date) -> list[tuple[datetime, datetime, int]]:
        """Turn a date's openings into instants."""
        zone = self.schedule.zone
        return [
            (instant_of_start(day, opening.start, zone), instant_of_end(day, opening.end, zone), opening.slots)
            for opening in self.written(day)
        ]

    def written(self, day: date) -> tuple[Opening, ...]:
        """Give a date's openings as if it were not closed."""
        if self.schedule.exceptions.get(day):
            return self.schedule.exceptions[day]
        applying = [v for v in self.schedule.versions if v.applies_from is None or v.applies_from <= day]
        newest = sorted(applying, key=lambda version: version.applies_from or date.min)[-1]
        return newest.week.get(day.isoweekday(), ())

    def as_planned(self, minute: datetime) -> int:
        """Tell the capacity of a minute as if no date were closed."""
        return max((slots for _, start, end, slots in self.openings if start <= minute < end), default=0)

    def as_open(self, minute: datetime) -> int:
        """Tell the capacity of a minute."""
        today = minute.astimezone(self.site.zone).date()
        if any(closure.first <= today <= closure.last for closure in self.site.closures):
            return 0
        return max(
            (slots for day, start, end, slots in self.openings if start <= minute < end and self.opens(day, today)),
            default=0,
        )

    def opens(self, day: date, today: date) -> bool:
        """Tell whether the openings of a planning's date hold while it is ``today`` at the site."""
        exceptional = self.schedule.exceptions.get(day)
        return bool(exceptional) if exceptional is not None else self.site.holiday(today) is None

    def present(self, minute: datetime) -> int:
        """Count the units present at a minute."""
        return sum(one.units for one in self.taken if one.start <= minute < one.end)

    def minutes(self, start: datetime) -> list[datetime]:
        """List the minutes of the slot that starts here."""
        return [start + number * MINUTE for number in range(self.schedule.slot_minutes)]

    def starts(self) -> list[datetime]:
        """List the candidate starts of the site's date."""
        step, found = self.schedule.step_minutes * MINUTE, set()
        for _, opened, end, _ in self.openings:
            start = opened
            while start < end:
                found.add(start)
                start += step
        return sorted(start for start in found if start.astimezone(self.site.zone).date() == self.day)

    def places(self, start: datetime) -> int:
        """Tell the places of a slot: the fewest of any of its minutes."""
        return max(0, min(self.capacity[minute] - self.used[minute] for minute in self.minutes(start)))

    def reasons(self, start: datetime) -> list[str]:
        """List every reason against a start on the grid."""
        return [name for name, applies in self.rules(start) if applies]

    def rules(self, start: datetime) -> list[tuple[str, bool]]:
        """Ask every rule."""
        minutes, capacity = self.minutes(start), self.capacity
        return [
            ("closed", any(self.planned[minute] and not capacity[minute] for minute in minutes)),
            ("break", not all(self.planned[minute] for minute in minutes)),
            *self.window_rules(start),
            ("full", any(0 < capacity[minute] < self.used[minute] + self.quantity for minute in minutes)),
        ]

    def window_rules(self, start: datetime) -> list[tuple[str, bool]]:
        """Ask the rules of the window, where there is one."""
        if self.window is None:
            return []
        now, earliest = self.window.now, self.window.earliest
        return [
            ("past", start < now),
            ("notice", start >= now and (earliest is None or start < earliest)),
            ("horizon", start.astimezone(self.window.zone).date() > self.window.last_day),
        ]
