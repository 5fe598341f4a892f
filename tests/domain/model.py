"""The rules once more, slow and plain: minute by minute in UTC, by looking at the clock on the wall.

It shares no code with the engine but its values. An opening is found by walking along the minutes and reading the
local time of each; capacity, presence and reasons are asked of every minute of a slot.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from portal.domain.openings import Opening, Schedule, SiteCalendar
from portal.domain.slots import Taken
from portal.domain.window import Window

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@lru_cache(maxsize=256)
def walls(day: date, zone: ZoneInfo) -> tuple[tuple[datetime, datetime], ...]:
    """List (instant, wall time) of every minute from two days before a date to two days after."""
    first = datetime.combine(day - 2 * DAY, time(), UTC)
    instants = (first + minute * MINUTE for minute in range(5 * 1440))
    return tuple((instant, instant.astimezone(zone).replace(tzinfo=None, fold=0)) for instant in instants)


def instant_of_start(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Find the first minute whose wall time has come to this one."""
    wanted = datetime.combine(day, time()) + minute * MINUTE
    return next(instant for instant, wall in walls(day, zone) if wall >= wanted)


def instant_of_end(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Find the last minute that shows this wall time, or the first after it where the clock skips it."""
    wanted = datetime.combine(day, time()) + minute * MINUTE
    showing = [instant for instant, wall in walls(day, zone) if wall == wanted]
    return showing[-1] if showing else instant_of_start(day, minute, zone)


class Model:
    """A planning at a site, its bookings and a window; asks everything of single minutes."""

    def __init__(
        self, schedule: Schedule, site: SiteCalendar, taken: Iterable[Taken], day: date, window: Window | None
    ) -> None:
        self.schedule, self.site, self.taken, self.day, self.window = schedule, site, list(taken), day, window
        days = [day + number * DAY for number in range(-2, 4 + schedule.slot_minutes // 1440)]
        self.openings = [(date_, *bounds) for date_ in days for bounds in self.intervals(date_)]

    def intervals(self, day: date) -> list[tuple[datetime, datetime, int]]:
        zone = self.schedule.zone
        return [
            (instant_of_start(day, opening.start, zone), instant_of_end(day, opening.end, zone), opening.slots)
            for opening in self.planned_openings(day)
        ]

    def planned_openings(self, day: date) -> tuple[Opening, ...]:
        if self.schedule.exceptions.get(day):
            return self.schedule.exceptions[day]
        versions = [v for v in self.schedule.versions if v.applies_from is None or v.applies_from <= day]
        newest = sorted(versions, key=lambda version: version.applies_from or date.min)[-1]
        return newest.week.get(day.isoweekday(), ())

    def planned(self, minute: datetime) -> int:
        """Capacity of a minute as if no date were closed."""
        return max((slots for _, start, end, slots in self.openings if start <= minute < end), default=0)

    def capacity(self, minute: datetime) -> int:
        """Capacity of a minute."""
        site_day = minute.astimezone(self.site.zone).date()
        if any(closure.first <= site_day <= closure.last for closure in self.site.closures):
            return 0
        holiday = self.site.holiday(site_day) is not None
        return max(
            (
                slots
                for day, start, end, slots in self.openings
                if start <= minute < end and not self.takes_away(day, holiday)
            ),
            default=0,
        )

    def takes_away(self, day: date, holiday: bool) -> bool:
        exceptional = self.schedule.exceptions.get(day)
        return holiday if exceptional is None else not exceptional

    def used(self, minute: datetime) -> int:
        return sum(one.units for one in self.taken if one.start <= minute < one.end)

    def minutes(self, start: datetime) -> list[datetime]:
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

    def free(self, start: datetime) -> int:
        """Tell the places of a slot: the fewest of any of its minutes."""
        return max(0, min(self.capacity(minute) - self.used(minute) for minute in self.minutes(start)))

    def reasons(self, start: datetime, quantity: int) -> list[str]:
        """Every reason against a start on the grid."""
        return [name for name, applies in self.rules(start, quantity) if applies]

    def rules(self, start: datetime, quantity: int) -> list[tuple[str, bool]]:
        minutes = self.minutes(start)
        window = self.window
        open_minutes = [minute for minute in minutes if self.capacity(minute)]
        return [
            ("closed", any(self.planned(minute) and not self.capacity(minute) for minute in minutes)),
            ("break", not all(self.planned(minute) for minute in minutes)),
            ("past", window is not None and start < window.now),
            ("notice", window is not None and window.now <= start and self.too_soon(start)),
            ("horizon", window is not None and start.astimezone(window.zone).date() > window.last_day),
            ("full", any(self.used(minute) + quantity > self.capacity(minute) for minute in open_minutes)),
        ]

    def too_soon(self, start: datetime) -> bool:
        return self.window is not None and (self.window.earliest is None or start < self.window.earliest)
