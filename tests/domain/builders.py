"""Short words for the values that the tests of the rules are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.domain.openings import Closure, Opening, Schedule, SiteCalendar, Version, Week, no_holiday
from portal.domain.policy import Policy
from portal.domain.slots import Start, Taken, search
from portal.domain.window import Window, window

PARIS = ZoneInfo("Europe/Paris")
MONDAY, TUESDAY, SUNDAY = date(2026, 12, 7), date(2026, 12, 8), date(2026, 12, 13)
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)  # the clock changes of Paris


def opening(text: str, slots: int = 1) -> Opening:
    """Read "08:00-12:00"."""
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in text.split("-"))
    return Opening(start, end, slots)


def openings(*texts: str | tuple[str, int]) -> tuple[Opening, ...]:
    """Read several, each alone or with its slots."""
    return tuple(opening(text) if isinstance(text, str) else opening(*text) for text in texts)


def every_day(*texts: str | tuple[str, int]) -> Week:
    """Make a week whose days are all alike."""
    return dict.fromkeys(range(1, 8), openings(*texts))


def planning(
    *texts: str | tuple[str, int],
    week: Week | None = None,
    exceptions: Mapping[date, tuple[Opening, ...]] | None = None,
    slot: int = 60,
    step: int = 30,
    zone: ZoneInfo = PARIS,
) -> Schedule:
    """Make a planning, by default with the same hours every day."""
    version = Version(None, week if week is not None else every_day(*texts))
    return Schedule(zone, (version,), exceptions or {}, slot, step)


def site(
    *closures: Closure, holiday: Callable[[date], str | None] = no_holiday, zone: ZoneInfo = PARIS
) -> SiteCalendar:
    """Make a site in Paris, closed as told."""
    return SiteCalendar(zone, closures, holiday)


def closed_on(day: date, label: str = "Inventory") -> Closure:
    """Close one date."""
    return Closure(day, day, label)


def local(day: date, clock: str, zone: ZoneInfo = PARIS) -> datetime:
    """Give a wall time of a zone, of two the first, as UTC."""
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def taken(day: date, interval: str, units: int = 1) -> Taken:
    """Take units during "08:30-09:30", Paris time."""
    start, end = interval.split("-")
    return Taken(local(day, start), local(day, end), units)


def shown(starts: Iterable[Start], zone: ZoneInfo = PARIS) -> list[str]:
    """Write the offered starts as local "08:30"."""
    return [f"{start.start.astimezone(zone):%H:%M}" for start in starts if start.offered]


def places(starts: Iterable[Start], zone: ZoneInfo = PARIS) -> dict[str, int]:
    """Give the places of the offered starts by local "08:30"."""
    return {f"{start.start.astimezone(zone):%H:%M}": start.places for start in starts if start.offered}


def why(starts: Iterable[Start], zone: ZoneInfo = PARIS) -> dict[str, str]:
    """Write the reasons of the starts that are not offered by local "08:30": "closed break"."""
    return {f"{start.start.astimezone(zone):%H:%M}": " ".join(start.reasons) for start in starts if not start.offered}


def day_of(schedule: Schedule, day: date, *booked: Taken, at: SiteCalendar | None = None) -> tuple[Start, ...]:
    """Search one date as staff: hours and capacity alone."""
    return search(schedule, at or site(), booked, day, day, window=None)


def window_at(now: datetime, **settings: object) -> Window:
    """Make the window of a policy in Paris, open on all days."""
    return window(Policy.of(settings), now, PARIS, never_closed)


def never_closed(_day: date) -> bool:
    """Open on all days."""
    return False


def hours(count: float) -> timedelta:
    """Give elapsed hours."""
    return timedelta(hours=count)
