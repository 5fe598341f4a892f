"""Who gets an appointment among those who can have it, and why.

Bookings, and the page that replays what each rule would have done, come here, so that both tell the same.

>>> rank("balanced", [Load(1, 120, 480, 2), Load(2, 60, 240, 1), Load(3, 60, 480, 1)])
Choice(order=(3, 2, 1), rule='balanced', because=<Because.UTILISATION: 'utilisation'>)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from statistics import pstdev
from typing import Any

from portal.domain.policy import Distribution

DAYS = 30
"""How many days ``history`` and ``fair`` look back and ahead where the rule does not say."""

NO_HOURS = Fraction(1)
"""The utilisation of somebody without open minutes, as if every minute were booked."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Because(StrEnum):
    """What told the first from the second."""

    ONLY_ONE = "only_one"
    CHOSEN = "chosen"  # picked by name: no rule was asked
    HISTORY = "history"
    UTILISATION = "utilisation"
    FEWEST = "fewest"
    NEVER = "never"  # was never given an appointment
    LEAST_RECENT = "least_recent"
    LOWEST_ID = "lowest_id"


@dataclass(frozen=True, slots=True)
class Load:
    """What one eligible person has to do in the period of the rule; instants are aware.

    ``booked_minutes`` are without buffers and ``open_minutes`` the integral of their capacity. ``last_assigned`` is
    when they were last given an appointment, and ``served`` the latest start of this customer's appointments with them.
    """

    id: int
    booked_minutes: int = 0
    open_minutes: int = 0
    appointments: int = 0
    last_assigned: datetime | None = None
    served: datetime | None = None

    @property
    def utilisation(self) -> Fraction:
        """Tell how much of their time is booked, exactly: 1 is all of it, and more where hours were overbooked."""
        return Fraction(self.booked_minutes, self.open_minutes) if self.open_minutes else NO_HOURS


@dataclass(frozen=True, slots=True)
class Choice:
    """The eligible from the best on, the rule that decided on the first, and what told the first from the second."""

    order: tuple[int, ...]
    rule: str
    because: Because

    @classmethod
    def by_name(cls, chosen: Sequence[int], rule: str) -> Choice:
        """Record that somebody was picked, in spite of the rule."""
        return cls(tuple(chosen), rule, Because.CHOSEN)


def rank(rule: str, loads: Sequence[Load], latest: datetime | None = None) -> Choice:
    """Put the eligible, one at least, in the order of a rule: ``balanced``, ``history`` or ``fair``.

    ``latest`` is the latest start of this customer's appointments with anybody, be they eligible or not: whose own are
    all before it was not the one who served the customer last. ``history`` then falls back to ``balanced``, and its
    loads are those of the balanced period.
    """
    if rule == "fair":
        return _ranked("fair", loads, _FAIR)
    balanced = _ranked("balanced", loads, _BALANCED)
    return _served_first(loads, latest, balanced) if rule == "history" else balanced


def span(rule: Distribution, day: date) -> tuple[date, date]:
    """Give the first and last local date that count for an appointment on a day, both included.

    >>> [str(one) for one in span(Distribution("fair", days=7), date(2026, 12, 8))]
    ['2026-12-01', '2026-12-15']
    """
    if rule.rule == "balanced":
        return balanced_span(rule, day)
    around = timedelta(days=rule.days or DAYS)
    return day - around, day + around


def balanced_span(rule: Distribution, day: date) -> tuple[date, date]:
    """Give the dates over which utilisation is compared, to which ``history`` falls back, too.

    >>> [str(one) for one in balanced_span(Distribution("history", "week"), date(2026, 12, 8))]
    ['2026-12-02', '2026-12-08']
    """
    return day - timedelta(days=6 if rule.period == "week" else 0), day


@dataclass(frozen=True, slots=True)
class Spread:
    """How evenly minutes are spread over people; ``deviation`` is the standard one, in minutes."""

    total: int
    lowest: int
    highest: int
    average: float
    deviation: float


def spread(minutes: Mapping[int, int]) -> Spread:
    """Sum up the minutes that each person has; all is 0 where there is nobody.

    >>> spread({1: 480, 2: 480, 3: 240})
    Spread(total=1200, lowest=240, highest=480, average=400.0, deviation=113.13708498984761)
    """
    each = list(minutes.values()) or [0]
    return Spread(sum(each), min(each), max(each), sum(each) / len(each), pstdev(each))


_Told = tuple[Because, Callable[[Load], Any]]
"""What is compared, the lowest first, and how it is called where it decides."""

_TIES: tuple[_Told, ...] = (
    (Because.FEWEST, lambda load: load.appointments),
    (Because.NEVER, lambda load: load.last_assigned is not None),
    (Because.LEAST_RECENT, lambda load: load.last_assigned or LONG_AGO),
    (Because.LOWEST_ID, lambda load: load.id),
)
_FAIR: tuple[_Told, ...] = _TIES
_BALANCED: tuple[_Told, ...] = ((Because.UTILISATION, lambda load: load.utilisation), *_TIES)


def _ranked(rule: str, loads: Collection[Load], told: Sequence[_Told]) -> Choice:
    keys = sorted(tuple(value(load) for _, value in told) for load in loads)
    order = tuple(key[-1] for key in keys)
    if len(keys) == 1:
        return Choice(order, rule, Because.ONLY_ONE)
    because = next(why for (why, _), best, second in zip(told, *keys[:2], strict=True) if best != second)
    return Choice(order, rule, because)


def _served_first(loads: Sequence[Load], latest: datetime | None, balanced: Choice) -> Choice:
    """Put who served the customer last before the others; those who did so together stay in their order."""
    starts = [load.served for load in loads if load.served is not None]
    last = max([*starts, latest] if latest else starts, default=None)
    known = [load for load in loads if last is not None and load.served == last]
    if not known:
        return balanced
    first = _ranked("history", known, _BALANCED)
    others = (one for one in balanced.order if one not in first.order)
    alone = len(known) == 1 < len(loads)
    return replace(first, order=(*first.order, *others), because=Because.HISTORY if alone else first.because)
