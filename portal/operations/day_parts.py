"""What a day of somebody is made of: stretches in which nobody comes, and blocks in which somebody does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from portal.operations.cards import AppointmentCard


class Being(StrEnum):
    """How a stretch of time is, where nobody comes."""

    CLOSED = "closed"
    ABSENT = "absent"
    FREE = "free"
    SPENT = "spent"  # as many appointments as are allowed on a day


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a day; ``free`` counts those who may still come at once, ``label`` names an absence."""

    start: datetime
    end: datetime
    being: Being
    free: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a day that is taken: from ``since`` to ``until`` with the time before and after, of the day only.

    ``card`` is None for what is nobody's (held for a form, kept for those who wait) and, ``elsewhere``, for what is at
    a site that is not theirs who look. ``wanted``: the appointment is to be moved here, and that waits for an answer.
    ``lane`` counts, from 0, those that are beside each other.
    """

    since: datetime
    until: datetime
    start: datetime
    end: datetime
    card: AppointmentCard | None
    elsewhere: bool
    wanted: bool
    lane: int


@dataclass(frozen=True, slots=True)
class DayOf:
    """A local date: its bounds, its stretches and blocks in order; ``booked`` counts who begins on it.

    ``lanes`` is how many may stand beside each other; ``more`` counts the blocks that are not shown.
    """

    day: date
    start: datetime
    end: datetime
    stretches: tuple[Stretch, ...]
    blocks: tuple[Block, ...]
    booked: int
    lanes: int
    more: int

    @property
    def free(self) -> tuple[Stretch, ...]:
        """The stretches in which somebody may come."""
        return tuple(one for one in self.stretches if one.being is Being.FREE)

    def holds(self, start: datetime, end: datetime, before: timedelta, after: timedelta) -> bool:
        """Tell whether a visit fits: all of it where it is free, the time around it where nobody else is."""
        around = any(since <= start - before and end + after <= until for since, until in joined(self.stretches))
        return around and any(since <= start and end <= until for since, until in joined(self.free))


def joined(stretches: Iterable[Stretch]) -> Iterator[tuple[datetime, datetime]]:
    """Join stretches that touch: an appointment may run from one into the next.

    >>> from datetime import UTC
    >>> hours = [datetime(2026, 12, 7, hour, tzinfo=UTC) for hour in range(9, 13)]
    >>> parts = (Stretch(hours[0], hours[1], Being.FREE, 2), Stretch(hours[1], hours[2], Being.FREE, 1))
    >>> [(start.hour, end.hour) for start, end in joined(parts)]
    [(9, 11)]
    """
    spans: list[tuple[datetime, datetime]] = []
    for one in stretches:
        if spans and spans[-1][1] == one.start:
            spans[-1] = (spans[-1][0], one.end)
        else:
            spans.append((one.start, one.end))
    return iter(spans)
