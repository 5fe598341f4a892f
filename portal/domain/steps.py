"""A whole number that changes at instants: capacity over time, units present over time.

Everything here is seconds since 1970, so that a search is additions and comparisons of integers.

>>> two_docks_then_one = Steps.highest_of([(0, 60, 2), (60, 90, 1)])
>>> two_docks_then_one.lowest(30, 70), two_docks_then_one.lowest(30, 60), two_docks_then_one.lowest(80, 100)
(1, 2, 0)
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, pairwise

Piece = tuple[int, int, int]
"""From, until (seconds, half-open), and the number that holds in between."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The number is ``levels[i]`` before ``edges[i]`` and ``levels[-1]`` after the last edge."""

    edges: tuple[int, ...]
    levels: tuple[int, ...]

    @classmethod
    def highest_of(cls, pieces: Iterable[Piece]) -> Steps:
        """Lay pieces over each other; where they overlap the larger counts, never the sum."""
        kept = [piece for piece in pieces if piece[0] < piece[1]]
        edges = sorted({edge for start, end, _ in kept for edge in (start, end)})
        levels = [0] * (len(edges) + 1)
        for start, end, number in kept:
            for index in range(bisect_right(edges, start), bisect_left(edges, end) + 1):
                levels[index] = max(levels[index], number)
        return cls._joined(edges, levels)

    @classmethod
    def sum_of(cls, pieces: Iterable[Piece]) -> Steps:
        """Add pieces up; where they overlap the sum counts."""
        changes: dict[int, int] = {}
        for start, end, number in pieces:
            if start < end:
                changes[start] = changes.get(start, 0) + number
                changes[end] = changes.get(end, 0) - number
        edges = sorted(changes)
        return cls(tuple(edges), tuple(accumulate((changes[edge] for edge in edges), initial=0)))

    @classmethod
    def _joined(cls, edges: list[int], levels: list[int]) -> Steps:
        kept = [index for index, (left, right) in enumerate(pairwise(levels)) if left != right]
        return cls(tuple(edges[index] for index in kept), (levels[0], *(levels[index + 1] for index in kept)))

    def at(self, second: int) -> int:
        """Tell the number at one second."""
        return self.levels[bisect_right(self.edges, second)]

    def lowest(self, start: int, end: int) -> int:
        """Tell the smallest number within [start, end)."""
        low = bisect_right(self.edges, start)
        return min(self.levels[low : bisect_left(self.edges, end, low) + 1])

    def highest(self, start: int, end: int) -> int:
        """Tell the largest number within [start, end)."""
        edges, low = self.edges, bisect_right(self.edges, start)
        if low == len(edges) or edges[low] >= end:  # mostly nothing changes within a slot
            return self.levels[low]
        return max(self.levels[low : bisect_left(edges, end, low) + 1])

    def parts(self, start: int, end: int) -> tuple[Piece, ...]:
        """Cut [start, end) where the number changes, leaving out what is zero."""
        low, high = bisect_right(self.edges, start), bisect_left(self.edges, end)
        edges = (start, *self.edges[low:high], end)
        cut = zip(pairwise(edges), self.levels[low : high + 1], strict=True)
        return tuple((since, until, level) for (since, until), level in cut if level and since < until)

    def pieces(self) -> tuple[Piece, ...]:
        """List where the number is not zero, between the first and the last edge."""
        return self.parts(self.edges[0], self.edges[-1]) if self.edges else ()

    def less(self, pieces: Iterable[Piece]) -> Steps:
        """Take pieces away.

        >>> Steps.sum_of([(0, 60, 2)]).less([(30, 90, 1)]).pieces()
        ((0, 30, 2), (30, 60, 1), (60, 90, -1))
        """
        return Steps.sum_of((*self.pieces(), *((start, end, -number) for start, end, number in pieces)))

    def more(self, pieces: Iterable[Piece]) -> Steps:
        """Add pieces to it.

        >>> Steps.sum_of([(0, 60, 2)]).more([(30, 90, 1)]).pieces()
        ((0, 30, 2), (30, 60, 3), (60, 90, 1))
        """
        return Steps.sum_of((*self.pieces(), *pieces))
