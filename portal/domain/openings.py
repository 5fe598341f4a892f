"""Weeks of hours, their versions, exceptional days and closures, turned into capacity over time.

An opening is wall time: it becomes instants only when a date is given, in the zone of its planning. Closures and
public holidays belong to the site, and remove the instants of the *site's* local dates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cache, lru_cache
from itertools import chain, pairwise
from zoneinfo import ZoneInfo

from portal.domain.clocks import clock
from portal.domain.errors import Invalid
from portal.domain.steps import Piece, Steps
from portal.domain.zones import DAY, day_bounds, days, end_instant, epoch, instant_of, local_day, start_instant

MINUTES_A_DAY = 1440
MOST_SLOTS = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """Hours in which ``slots`` appointments may be present at once; minutes after local midnight, 1440 = 24:00.

    ``services`` are the keys of those that the hours are reserved to; none: they are open to everything.
    """

    start: int
    end: int
    slots: int
    services: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{clock(self.start)}-{clock(self.end)}"


Week = Mapping[int, tuple[Opening, ...]]
"""Openings by ISO weekday, 1 = Monday to 7 = Sunday; a missing day has none."""


@dataclass(frozen=True, slots=True)
class Version:
    """A week in force from a date on; the first version has none."""

    applies_from: date | None
    week: Week


@dataclass(frozen=True, slots=True)
class Closure:
    """Local dates, both included, on which a site is closed."""

    first: date
    last: date
    label: str


def no_holiday(_day: date) -> str | None:
    """Observe no public holiday."""
    return None


@dataclass(frozen=True, slots=True, eq=False)
class SiteCalendar:
    """When a whole site is closed; ``holiday`` names the public holiday of a date, or None.

    Compared by identity, as ``Schedule``: keep one object per revision of the site, and what was computed for it
    stays useful.
    """

    zone: ZoneInfo
    closures: tuple[Closure, ...] = ()
    holiday: Callable[[date], str | None] = no_holiday

    def closure_on(self, day: date) -> Closure | None:
        """Find the closure that holds this date."""
        return next((closure for closure in self.closures if closure.first <= day <= closure.last), None)


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The hours of a planning: versions of its week, exceptional days, and the length and step of its slots.

    Compared by identity, so that days computed once are found again; neither it nor its mappings may change.
    """

    zone: ZoneInfo
    versions: tuple[Version, ...]
    exceptions: Mapping[date, tuple[Opening, ...]] = field(default_factory=dict)
    slot_minutes: int = 60
    step_minutes: int = 30

    def __post_init__(self) -> None:
        check_minutes("slot_minutes", self.slot_minutes)
        check_minutes("step_minutes", self.step_minutes)


@lru_cache(maxsize=1024)
def serving(schedule: Schedule, service: str | None) -> Schedule:
    """Give the hours that are open to a service, or (None) to a booking of the planning itself.

    The same object where nothing is reserved to others, so that what was computed for it stays useful.
    """

    def kept(openings: tuple[Opening, ...]) -> tuple[Opening, ...]:
        return tuple(one for one in openings if not one.services or service in one.services)

    weeks = [{day: kept(openings) for day, openings in version.week.items()} for version in schedule.versions]
    exceptions = {day: kept(openings) for day, openings in schedule.exceptions.items()}
    if exceptions == schedule.exceptions and weeks == [version.week for version in schedule.versions]:
        return schedule
    versions = tuple(replace(version, week=week) for version, week in zip(schedule.versions, weeks, strict=True))
    return replace(schedule, versions=versions, exceptions=exceptions)


@cache
def always(zone: ZoneInfo) -> Schedule:
    """Be open at any time, for one at once: a room or an asset without a planning."""
    return Schedule(zone, (Version(None, {day: (Opening(0, MINUTES_A_DAY, 1),) for day in range(1, 8)}),))


class Why(StrEnum):
    """Why nothing opens on a date."""

    CLOSURE = "closure"
    HOLIDAY = "holiday"
    EXCEPTIONAL = "exceptional"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Closed:
    """A date without an opening: why, and the label of the closure or the name of the holiday."""

    why: Why
    label: str = ""


def check_minutes(name: str, minutes: int) -> None:
    """Accept the length or step of slots, a day at most. Raises Invalid naming the field."""
    if not 1 <= minutes <= MINUTES_A_DAY:
        raise Invalid(field=name, problem="bad_minutes", value=minutes)


def check_openings(openings: Sequence[Opening], field: str = "openings") -> None:
    """Accept the openings of one day, in any order; they may touch, never overlap.

    Raises Invalid with ``problem`` and the ``index`` of the opening to mend; for an overlap also ``first`` and
    ``second``, both intervals.
    """
    for index, opening in enumerate(openings):
        _check_opening(opening, field, index)
    in_order = sorted(range(len(openings)), key=lambda index: openings[index])
    for earlier, later in pairwise(in_order):
        first, second = openings[earlier], openings[later]
        if second.start < first.end:
            index = max(earlier, later)
            raise Invalid(field=field, problem="overlap", index=index, first=str(first), second=str(second))


def possible(opening: Opening, slot_minutes: int) -> int:
    """Count the appointments that fit into an opening one after the other, in all its slots.

    >>> possible(Opening(8 * 60, 12 * 60, slots=6), 60)
    24
    """
    return (opening.end - opening.start) // slot_minutes * opening.slots


def possible_in_day(openings: Iterable[Opening], slot_minutes: int) -> int:
    """Count the appointments possible in the openings of a day."""
    return sum(possible(opening, slot_minutes) for opening in openings)


def possible_in_week(week: Week, slot_minutes: int) -> int:
    """Count the appointments possible in a whole week."""
    return sum(possible_in_day(openings, slot_minutes) for openings in week.values())


def week_on(schedule: Schedule, day: date) -> Week:
    """Give the week in force on a date: the newest version that applies from it or before."""
    in_force = [version for version in schedule.versions if (version.applies_from or date.min) <= day]
    return max(in_force, key=lambda version: version.applies_from or date.min).week if in_force else {}


def openings_on(schedule: Schedule, day: date) -> tuple[Opening, ...]:
    """Give a date's openings by its exceptional day, else by the week; closures and holidays come later."""
    exceptional = schedule.exceptions.get(day)
    return exceptional if exceptional is not None else week_on(schedule, day).get(day.isoweekday(), ())


def why_closed(schedule: Schedule, site: SiteCalendar, day: date) -> Closed | None:
    """Say why nothing opens on a date, or None when something does.

    A closure of the site comes before an exceptional day, that before a public holiday, and that before the week.
    """
    closure = site.closure_on(day)
    if closure:
        return Closed(Why.CLOSURE, closure.label)
    if day in schedule.exceptions:
        return None if schedule.exceptions[day] else Closed(Why.EXCEPTIONAL)
    holiday = site.holiday(day)
    if holiday is not None:
        return Closed(Why.HOLIDAY, holiday)
    return None if openings_on(schedule, day) else Closed(Why.WEEK)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time (UTC, half-open) with the same capacity throughout."""

    start: datetime
    end: datetime
    slots: int


@dataclass(frozen=True, slots=True)
class Profile:
    """The capacity of a pool over time.

    >>> from datetime import UTC
    >>> Profile.always().lowest(datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
    1
    """

    steps: Steps

    @classmethod
    def always(cls, capacity: int = 1) -> Profile:
        """Be open at any time: a room or an asset without planning."""
        return cls(Steps((), (capacity,)))

    @classmethod
    def never(cls) -> Profile:
        """Be open at no time: a person without planning."""
        return cls(Steps((), (0,)))

    def capacity_at(self, instant: datetime) -> int:
        """Tell how many may be present at an instant."""
        return self.steps.at(epoch(instant))

    def lowest(self, start: datetime, end: datetime) -> int:
        """Tell the smallest capacity within [start, end): zero where it crosses a break."""
        return self.steps.lowest(epoch(start), epoch(end))

    def highest(self, start: datetime, end: datetime) -> int:
        """Tell the largest capacity within [start, end)."""
        return self.steps.highest(epoch(start), epoch(end))

    def open_minutes(self, start: datetime, end: datetime) -> int:
        """Add up capacity over time within [start, end): an hour with two slots counts 120."""
        return sum((until - since) * slots for since, until, slots in self.steps.parts(epoch(start), epoch(end))) // 60

    @property
    def segments(self) -> tuple[Segment, ...]:
        """List the open stretches, cut where the capacity changes; those of ``always`` have no ends and are not."""
        return tuple(Segment(instant_of(start), instant_of(end), slots) for start, end, slots in self.steps.pieces())

    @property
    def spans(self) -> tuple[tuple[datetime, datetime], ...]:
        """List the open stretches joined: where they touch, an appointment may run from one into the next."""
        joined = Steps.highest_of((start, end, 1) for start, end, _ in self.steps.pieces())
        return tuple((instant_of(start), instant_of(end)) for start, end, _ in joined.pieces())


def profile(schedules: Sequence[Schedule], site: SiteCalendar, first: date, last: date) -> Profile:
    """Give the capacity on the site's local dates from first to last, both included, and zero outside them.

    Openings that touch join, also over midnight. Where openings overlap, which needs a repeated hour or two plannings
    of one resource, the larger capacity counts, never the sum.
    """
    since, until = epoch(day_bounds(first, site.zone)[0]), epoch(day_bounds(last, site.zone)[1])
    pieces = chain.from_iterable(open_pieces(schedule, site, since, until) for schedule in schedules)
    return Profile(Steps.highest_of((max(start, since), min(end, until), slots) for start, end, slots in pieces))


def is_open(schedules: Iterable[Schedule], site: SiteCalendar, day: date) -> bool:
    """Tell whether any of these plannings has an effective opening on the site's local date."""
    since, until = (epoch(bound) for bound in day_bounds(day, site.zone))
    return any(
        start < until and end > since
        for schedule in schedules
        for start, end, _ in open_pieces(schedule, site, since, until)
    )


def open_pieces(schedule: Schedule, site: SiteCalendar, since: int, until: int) -> Iterator[Piece]:
    """List what is open on the planning's dates around [since, until): closures and holidays are cut out."""
    for day in dates_around(schedule.zone, since, until):
        yield from _effective(schedule, site, day)


def planned_pieces(schedule: Schedule, since: int, until: int) -> Iterator[Piece]:
    """List what would be open around [since, until) if no date were closed: starts are counted from these."""
    for day in dates_around(schedule.zone, since, until):
        yield from planned_on(schedule, day)


def dates_around(zone: ZoneInfo, since: int, until: int) -> tuple[date, ...]:
    """List the dates of a zone whose openings can touch [since, until).

    The day before is among them: an opening until 24:00 outlasts its date where midnight is repeated.
    """
    return days(local_day(instant_of(since), zone) - DAY, local_day(instant_of(until), zone))


@lru_cache(maxsize=8192)
def planned_on(schedule: Schedule, day: date) -> tuple[Piece, ...]:
    """Turn a date's openings into pieces of time; an exceptional day without openings shows its week's."""
    openings = schedule.exceptions.get(day) or week_on(schedule, day).get(day.isoweekday(), ())
    pieces = ((epoch(start_instant(day, o.start, schedule.zone)), _end(schedule, day, o), o.slots) for o in openings)
    return tuple(piece for piece in pieces if piece[0] < piece[1])


@lru_cache(maxsize=8192)
def _effective(schedule: Schedule, site: SiteCalendar, day: date) -> tuple[Piece, ...]:
    """Give the pieces of a planning's date without the site's closed dates."""
    if day in schedule.exceptions and not schedule.exceptions[day]:
        return ()
    exceptional = day in schedule.exceptions
    return tuple(chain.from_iterable(_cut(piece, site, exceptional) for piece in planned_on(schedule, day)))


def _cut(piece: Piece, site: SiteCalendar, exceptional: bool) -> Iterator[Piece]:
    """Yield what the site's calendar leaves of a piece; the planning's exceptional day opens on a holiday."""
    start, end, slots = piece
    for day in days(local_day(instant_of(start), site.zone), local_day(instant_of(end - 1), site.zone)):
        if site.closure_on(day) or (not exceptional and site.holiday(day) is not None):
            continue
        since, until = (epoch(bound) for bound in day_bounds(day, site.zone))
        yield max(start, since), min(end, until), slots


def _end(schedule: Schedule, day: date, opening: Opening) -> int:
    return epoch(end_instant(day, opening.end, schedule.zone))


def _check_opening(opening: Opening, field: str, index: int) -> None:
    if not 0 <= opening.start < opening.end <= MINUTES_A_DAY:
        raise Invalid(field=field, problem="bad_bounds", index=index, value=str(opening))
    if not 1 <= opening.slots <= MOST_SLOTS:
        raise Invalid(field=field, problem="bad_slots", index=index, value=opening.slots)
