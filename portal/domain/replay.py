"""What another rule of distribution would have made of the same appointments.

They are gone through in the order in which they were made, each given to people by the rule as a booking does it, upon
what was given so far: the engine says who is open and free, with the time around it, and whom each requirement is left.
Rooms and equipment stay as they were, for they do not depend on who serves. A simplification: hours, absences, skills
and services are those of today. Where nobody would have been free, those who had it keep it.

>>> from dataclasses import replace
>>> from portal.domain.openings import always
>>> paris, day = ZoneInfo("Europe/Paris"), date(2026, 12, 7)
>>> people = {one: Person(one, (always(paris),), {day: 1440}, paris) for one in (1, 2)}
>>> made = instant_of(0)
>>> first = Visit(7, 0, 3600, day, made, had=(1,), seats=((1, 2),))
>>> visits = [first, replace(first, id=8, start=7200, end=10800)]
>>> replay(Distribution("balanced"), SiteCalendar(paris), people, visits)
{7: (1,), 8: (2,)}
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from portal.domain import distribution, matching
from portal.domain.distribution import Load
from portal.domain.openings import Schedule, SiteCalendar, serving
from portal.domain.policy import Distribution
from portal.domain.services import NOTHING, Common, Pool, Shape
from portal.domain.slots import Start
from portal.domain.steps import Piece, Steps
from portal.domain.zones import DAY, day_bounds, epoch, instant_of, local_day

SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be given appointments, as the engine knows them: ``most`` begin on a date of their ``zone``.

    ``open_minutes`` is what their hours come to on each of the site's local dates, absences taken off.
    """

    id: int
    hours: tuple[Schedule, ...]
    open_minutes: Mapping[date, int]
    zone: ZoneInfo
    absent: Steps = NOTHING
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment, in seconds since 1970; ``day`` is the site's local date of its start, ``service`` its key.

    ``had`` are the people whom it had, of whom ``kept`` keep it whatever the rule says: they were picked by name, or it
    is none of those that are replayed. ``seats`` has for each of the others who fits what they met; those of
    ``spare`` were not required. ``customer`` is whose it is, as far as known; ``before`` and ``after`` are the seconds
    that are kept free around it.
    """

    id: int
    start: int
    end: int
    day: date
    made: datetime
    had: tuple[int, ...]
    kept: tuple[int, ...] = ()
    seats: tuple[tuple[int, ...], ...] = ()
    spare: tuple[tuple[int, ...], ...] = ()
    customer: Hashable | None = None
    service: str | None = None
    before: int = 0
    after: int = 0

    @property
    def minutes(self) -> int:
        """How long it is."""
        return (self.end - self.start) // 60

    @property
    def taken(self) -> Piece:
        """What it takes of whoever has it."""
        return self.start - self.before, self.end + self.after, 1


def replay(
    rule: Distribution, site: SiteCalendar, people: Mapping[int, Person], visits: Sequence[Visit]
) -> dict[int, tuple[int, ...]]:
    """Give each appointment to people anew, in the order in which they were made; their ids by its own."""
    diary = _Diary(rule, site, people)
    given: dict[int, tuple[int, ...]] = {}
    for visit in sorted(visits, key=lambda one: (one.made, one.id)):
        given[visit.id] = diary.give(visit)
        diary.note(visit, given[visit.id])
    return given


class _Diary:
    """What everybody was given so far."""

    def __init__(self, rule: Distribution, site: SiteCalendar, people: Mapping[int, Person]) -> None:
        self._rule, self._site, self._people = rule, site, people
        self._hours: dict[tuple[int, str | None], tuple[Schedule, ...]] = {}
        self._shared: dict[tuple[Schedule, ...], tuple[Schedule, ...]] = {}
        self._taken: dict[tuple[int, int], list[Visit]] = defaultdict(list)  # by person and day since 1970
        self._booked: dict[tuple[int, date], int] = defaultdict(int)
        self._opened: dict[tuple[int, date], int] = {}  # by person and first day
        self._days: dict[int, list[date]] = defaultdict(list)
        self._last: dict[int, datetime] = {}
        self._starts: dict[Hashable, list[tuple[date, int, int]]] = defaultdict(list)

    def give(self, visit: Visit) -> tuple[int, ...]:
        """Choose as many people as it had: who keeps it, then by the rule; where none is free, those who had it."""
        fitting = {one for seat in (*visit.seats, *visit.spare) for one in seat}
        free = self._free(fitting.difference(visit.kept), visit)
        seats = [self._ranked([one for one in seat if one in free], visit) for seat in visit.seats]
        chosen = [*visit.kept, *(matching.match(seats) or ())]
        for seat in visit.spare:
            left = [one for one in seat if one in free and one not in chosen]
            chosen += self._ranked(left, visit)[:1]
        spare = (one for one in visit.had if one not in chosen)
        while len(chosen) < len(visit.had):
            chosen.append(next(spare))
        return tuple(chosen)

    def note(self, visit: Visit, people: Sequence[int]) -> None:
        """Count an appointment for those who have it."""
        for one in people:
            for number in _numbers(visit):
                self._taken[one, number].append(visit)
            self._booked[one, visit.day] += visit.minutes
            insort(self._days[one], visit.day)
            self._last[one] = visit.made
            if visit.customer is not None:
                self._starts[visit.customer].append((visit.day, visit.start, one))

    def _free(self, people: Collection[int], visit: Visit) -> frozenset[int]:
        """Tell who is there and has room throughout an appointment and the time around it."""
        alike: dict[Hashable, list[int]] = defaultdict(list)  # most have the same hours and nothing near: asked once
        pools: dict[int, Pool] = {}
        for one in people:
            pool = self._pool(one, visit)
            same = alike[id(pool.hours), pool.taken, id(pool.absent), pool.full]
            same.append(one)
            pools.setdefault(same[0], pool)
        shape = Shape(visit.minutes, visit.minutes, visit.before // 60, visit.after // 60)
        start = Start(instant_of(visit.start), instant_of(visit.end), 0, ())
        free = frozenset(Common(self._site, shape, (), pools).free_among([start], pools)[0])
        return frozenset(one for same in alike.values() if same[0] in free for one in same)

    def _pool(self, one: int, visit: Visit) -> Pool:
        """Say when somebody is there for a service, and what they were given that touches an appointment."""
        person, (since, until, _units) = self._people[one], visit.taken
        if (key := (one, visit.service)) not in self._hours:
            hours = tuple(serving(schedule, visit.service) for schedule in person.hours)
            self._hours[key] = self._shared.setdefault(hours, hours)
        near = {other.id: other.taken for day in _numbers(visit) for other in self._taken.get((one, day), ())}
        taken = tuple(piece for piece in near.values() if piece[0] < until and piece[1] > since)
        return Pool(self._hours[key], taken, person.absent, self._full(person, visit))

    def _full(self, person: Person, visit: Visit) -> tuple[tuple[int, int], ...]:
        """Give the bounds of the date on which an appointment begins, where somebody has as many as they may."""
        if person.most is None:
            return ()
        on_day = local_day(instant_of(visit.start), person.zone)
        since, until = (epoch(bound) for bound in day_bounds(on_day, person.zone))
        numbers = range(since // SECONDS, until // SECONDS + 1)
        near = (other for number in numbers for other in self._taken.get((person.id, number), ()))
        begun = {other.id for other in near if since <= other.start < until}
        return ((since, until),) if len(begun) >= person.most else ()

    def _ranked(self, free: Sequence[int], visit: Visit) -> tuple[int, ...]:
        if not free:
            return ()
        first, last = distribution.balanced_span(self._rule, visit.day)
        days = [first + number * DAY for number in range((last - first).days + 1)]
        counted = distribution.span(self._rule, visit.day) if self._rule.rule == "fair" else (first, last)
        served = self._served(visit)
        loads = [
            Load(
                one,
                sum(self._booked.get((one, day), 0) for day in days),
                self._open(one, days),
                bisect_right(self._days[one], counted[1]) - bisect_left(self._days[one], counted[0]),
                self._last.get(one),
                served.get(one),
            )
            for one in free
        ]
        return distribution.rank(self._rule.rule, loads, max(served.values(), default=None)).order

    def _open(self, one: int, days: Sequence[date]) -> int:
        """Add up somebody's open minutes of some days, once."""
        key = (one, days[0])
        if key not in self._opened:
            minutes = self._people[one].open_minutes
            self._opened[key] = sum(minutes.get(day, 0) for day in days)
        return self._opened[key]

    def _served(self, visit: Visit) -> dict[int, datetime]:
        """Tell the latest start of this customer's appointments with each, in the period of a history."""
        if self._rule.rule != "history" or visit.customer is None:
            return {}
        first, last = distribution.span(self._rule, visit.day)
        known = sorted((start, one) for day, start, one in self._starts[visit.customer] if first <= day <= last)
        return {one: instant_of(start) for start, one in known}


def _numbers(visit: Visit) -> range:
    """List the days since 1970 that an appointment touches, the time around it included."""
    since, until, _units = visit.taken
    return range(since // SECONDS, (until - 1) // SECONDS + 1)
