"""Replay the history, and see whether at each booking there were as many places as it took.

Every hold in the history says how many units it took or freed, at which ledger numbers, and which capacity it found.
So an oversold moment is seen even when it has passed, and a capacity that was lowered later accuses nobody. Numbers of
events grow in the order of commits where it counts: whoever shares a ledger key has waited for the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from portal.domain.steps import Steps
from portal.domain.zones import epoch, instant_of, utc_days

Interval = tuple[int, int]
"""Seconds since 1970, half-open."""

Facts = dict[str, Any]


class Replay:
    """What was held at each moment of the history, and what was wrong with it."""

    def __init__(self) -> None:
        self.breaches: list[tuple[int, Interval, str]] = []  # pool, when, what
        self.reached: dict[str, int] = {}
        self.facts: dict[int, Facts] = defaultdict(dict)
        self._held: dict[tuple[int, object], dict[Interval, int]] = defaultdict(dict)

    def event(self, appointment_id: int, after: Mapping[str, Any], holds: Iterable[Mapping[str, Any]]) -> None:
        """Take in the next event: what became of its appointment, and what it took or freed."""
        self.facts[appointment_id].update({name: after[name] for name in ("status", "start", "end") if name in after})
        numbers: dict[str, tuple[int, Mapping[str, Any]]] = {}
        for hold in holds:
            numbers.update({key: (seq, hold) for key, seq in hold["seqs"].items()})
            self._hold(hold)
        for key, (seq, hold) in numbers.items():
            if seq <= (last := self.reached.get(key, 0)):
                self._breach(hold["pool"], _interval(hold), f"{key} is at {seq} after {last}")
            self.reached[key] = max(seq, last)

    def held(self) -> dict[tuple[int, Interval], int]:
        """Give what the history says is held at its end, by pool and interval."""
        return {(pool, interval): units for (pool, _), held in self._held.items() for interval, units in held.items()}

    def _hold(self, hold: Mapping[str, Any]) -> None:
        pool, interval = hold["pool"], _interval(hold)
        around: dict[Interval, int] = {}
        for day in utc_days(instant_of(interval[0]), instant_of(interval[1])):
            held = self._held[pool, day]
            held[interval] = held.get(interval, 0) + hold["units"]
            if held[interval] < 0:
                self._breach(pool, interval, "freed more than was held")
            if held[interval] == 0:
                del held[interval]
            around.update(held)
        if hold["units"] > 0 and not hold["overbook"]:
            self._judge(pool, interval, hold["capacity"], around)

    def _judge(self, pool: int, interval: Interval, capacity: list[list[int]], around: Mapping[Interval, int]) -> None:
        if sum(end - start for start, end, _ in capacity) != interval[1] - interval[0]:
            self._breach(pool, interval, "taken outside the hours")
        present = Steps.sum_of((start, end, units) for (start, end), units in around.items())
        for start, end, slots in capacity:
            if (most := present.highest(start, end)) > slots:
                self._breach(pool, interval, f"oversold: {most} present for {slots}")

    def _breach(self, pool: int, interval: Interval, what: str) -> None:
        self.breaches.append((pool, interval, what))


def differences(
    said: Mapping[tuple[int, Interval], int], found: Mapping[tuple[int, Interval], int]
) -> Iterator[tuple[int, Interval, str]]:
    """Yield where the history and the allocations disagree."""
    for pool, interval in sorted(said.keys() | found.keys()):
        history, held = said.get((pool, interval), 0), found.get((pool, interval), 0)
        if history != held:
            yield pool, interval, f"the history says that {history} are held, the allocations {held}"


def _interval(hold: Mapping[str, Any]) -> Interval:
    return epoch(datetime.fromisoformat(hold["start"])), epoch(datetime.fromisoformat(hold["end"]))
