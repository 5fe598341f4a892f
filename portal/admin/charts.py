"""Charts ready to be drawn: bars on a scale of round numbers. Templates write the SVG, with a table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from babel.dates import format_date

from portal.i18n import current_locale

WIDTH, HEIGHT = 360, 132  # of the drawing, in its own units
LEFT, TOP, BOTTOM = 34, 10, 108  # where the bars begin, and the highest and lowest they reach
MOST_LABELS = 6
ACROSS, PAIR = 360, 42  # of a drawing of pairs: how long the longest bar is, and how high a pair with its name
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Part:
    """One bar of a column: how much, and its look."""

    number: float
    kind: str


@dataclass(frozen=True, slots=True)
class Column:
    """What happened in the period that begins on a date."""

    first: date
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar on the drawing."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A label of an axis: where, and what."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars with their two axes; ``numbers`` of the scale are for the page to write."""

    bars: tuple[Bar, ...]
    numbers: tuple[tuple[float, float], ...]
    labels: tuple[Mark, ...]


def columns(given: Sequence[Column], *, stacked: bool = False, unit: float = 1) -> Chart:
    """Lay columns out, their bars side by side or upon each other; the scale ends with a round number of units."""
    highest = round_up(max((_height(one, stacked) for one in given), default=0) / unit) * unit
    room = (WIDTH - LEFT) / max(len(given), 1)
    bars = [bar for place, one in enumerate(given) for bar in _bars(one, LEFT + place * room, room, highest, stacked)]
    numbers = tuple((_y(number, highest), number) for number in (0, highest / 2, highest))
    return Chart(tuple(bars), numbers, tuple(_labels(given, room)))


def round_up(number: float) -> int:
    """Give a round even number at or above another, for the end of a scale.

    >>> [round_up(number) for number in (0, 3, 7, 41, 230)]
    [2, 4, 8, 50, 300]
    """
    unit = 1
    while True:
        for step in (2, 3, 4, 5, 6, 8, 10):
            if number <= step * unit and (step * unit) % 2 == 0:
                return step * unit
        unit *= 10


@dataclass(frozen=True, slots=True)
class Pair:
    """Two bars under a name, one above the other: how long they are, of ``ACROSS``, and where the upper one stands."""

    name: str
    y: int
    first: float
    second: float


def pairs(given: Sequence[tuple[str, float, float]]) -> list[Pair]:
    """Lay out two bars for each name, all on one scale that begins at nothing."""
    highest = max((number for _name, *numbers in given for number in numbers), default=0) or 1
    return [
        Pair(_cut(name), place * PAIR, round(first / highest * ACROSS, 1), round(second / highest * ACROSS, 1))
        for place, (name, first, second) in enumerate(given)
    ]


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"


def _height(one: Column, stacked: bool) -> float:
    return (sum if stacked else max)(part.number for part in one.parts)


def _y(number: float, highest: float) -> float:
    return round(BOTTOM - number / highest * (BOTTOM - TOP), 1)


def _bars(one: Column, left: float, room: float, highest: float, stacked: bool) -> list[Bar]:
    gap = room * 0.2
    width = (room - gap) / (1 if stacked else len(one.parts))
    below = [0.0, *accumulate(part.number for part in one.parts)] if stacked else [0.0] * len(one.parts)
    return [
        Bar(
            round(left + gap / 2 + (0 if stacked else place * width), 1),
            _y(base + part.number, highest),
            round(max(width - 0.5, 0.5), 1),
            round(_y(base, highest) - _y(base + part.number, highest), 1),
            part.kind,
        )
        for place, (part, base) in enumerate(zip(one.parts, below, strict=False))
        if part.number
    ]


def _labels(given: Sequence[Column], room: float) -> list[Mark]:
    every = -(-len(given) // MOST_LABELS) or 1
    return [Mark(round(LEFT + (place + 0.5) * room, 1), _short(one.first)) for place, one in enumerate(given)][::every]


def _short(day: date) -> str:
    """Write a date as short as it can be read: "30 nov."."""
    return str(format_date(day, "d MMM", locale=current_locale()))
