"""What another rule of distribution would have made of the same appointments.

They are gone through in the order in which they were made, each given to people by the rule as a booking does it, upon
what was given so far. A simplification: who could have had them is judged by the hours, absences and skills of today,
and rooms and equipment are left out. Where nobody would have been free, those who had it keep it.

>>> from dataclasses import replace
>>> day = date(2026, 12, 7)
>>> people = {one: Person(one, Steps.highest_of([(0, 28800, 1)]), {day: 480}) for one in (1, 2)}
>>> made = instant_of(0)
>>> first = Visit(7, 0, 3600, day, made, had=(1,), eligible=(1, 2))
>>> visits = [first, replace(first, id=8, start=7200, end=10800)]
>>> replay(Distribution("balanced"), people, visits)
{7: (1,), 8: (2,)}
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.domain import distribution
from portal.domain.distribution import Load
from portal.domain.policy import Distribution
from portal.domain.steps import Steps
from portal.domain.zones import DAY, instant_of

SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be given appointments: ``hours`` is the capacity over time, absences taken off.

    ``open_minutes`` is what that comes to on each of the site's local dates.
    """

    id: int
    hours: Steps
    open_minutes: Mapping[date, int]


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment, in seconds since 1970; ``day`` is the site's local date of its start.

    ``had`` are the people whom it had, of whom ``kept`` keep it whatever the rule says: they were picked by name, or it
    is none of those that are replayed. ``eligible`` are those who fit it; ``customer`` is whose it is, as far as known.
    """

    id: int
    start: int
    end: int
    day: date
    made: datetime
    had: tuple[int, ...]
    kept: tuple[int, ...] = ()
    eligible: tuple[int, ...] = ()
    customer: Hashable | None = None

    @property
    def minutes(self) -> int:
        """How long it is."""
        return (self.end - self.start) // 60


def replay(rule: Distribution, people: Mapping[int, Person], visits: Sequence[Visit]) -> dict[int, tuple[int, ...]]:
    """Give each appointment to people anew, in the order in which they were made; their ids by its own."""
    diary = _Diary(rule, people)
    given: dict[int, tuple[int, ...]] = {}
    for visit in sorted(visits, key=lambda one: (one.made, one.id)):
        given[visit.id] = diary.give(visit)
        diary.note(visit, given[visit.id])
    return given


class _Diary:
    """What everybody was given so far."""

    def __init__(self, rule: Distribution, people: Mapping[int, Person]) -> None:
        self._rule, self._people = rule, people
        self._taken: dict[tuple[int, int], list[Visit]] = defaultdict(list)  # by person and day since 1970
        self._booked: dict[tuple[int, date], int] = defaultdict(int)
        self._opened: dict[tuple[int, date], int] = {}  # by person and first day
        self._days: dict[int, list[date]] = defaultdict(list)
        self._last: dict[int, datetime] = {}
        self._starts: dict[Hashable, list[tuple[date, int, int]]] = defaultdict(list)

    def give(self, visit: Visit) -> tuple[int, ...]:
        """Choose as many people as it had: who keeps it, then by the rule; where none is free, those who had it."""
        chosen = list(visit.kept)
        wanted = len(visit.had) - len(chosen)
        free = [one for one in visit.eligible if one not in chosen and self._free(one, visit)]
        if wanted > 0 and free:
            chosen += self._ranked(free, visit)[:wanted]
        spare = (one for one in visit.had if one not in chosen)
        while len(chosen) < len(visit.had):
            chosen.append(next(spare))
        return tuple(chosen)

    def note(self, visit: Visit, people: Sequence[int]) -> None:
        """Count an appointment for those who have it."""
        for one in people:
            for number in range(visit.start // SECONDS, (visit.end - 1) // SECONDS + 1):
                self._taken[one, number].append(visit)
            self._booked[one, visit.day] += visit.minutes
            insort(self._days[one], visit.day)
            self._last[one] = visit.made
            if visit.customer is not None:
                self._starts[visit.customer].append((visit.day, visit.start, one))

    def _free(self, one: int, visit: Visit) -> bool:
        """Tell whether somebody is there and has room at every instant of an appointment."""
        hours = self._people[one].hours
        if hours.lowest(visit.start, visit.end) <= 0:
            return False
        numbers = range(visit.start // SECONDS, (visit.end - 1) // SECONDS + 1)
        near = (other for number in numbers for other in self._taken.get((one, number), ()))
        taken = {other.id: other for other in near if other.start < visit.end and other.end > visit.start}.values()
        if not taken:
            return True
        used = ((other.start, other.end, -1) for other in taken)
        return Steps.sum_of((*hours.parts(visit.start, visit.end), *used)).lowest(visit.start, visit.end) > 0

    def _ranked(self, free: Sequence[int], visit: Visit) -> tuple[int, ...]:
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
