"""Replay the history: at no moment of it were more places taken than there were, and its end is what is held now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from portal.extensions import reading
from portal.models import Allocation, Event

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Breach:
    """What the history shows that must not be."""

    event: int
    problem: str


def replay(capacity: int) -> list[Breach]:
    """Replay every event of a planning that always has ``capacity`` places; list the breaches."""
    held: Counter[Interval] = Counter()
    reached: dict[str, int] = {}
    breaches = []
    for identity, holds in _history():
        for hold in holds:
            held[datetime.fromisoformat(hold["start"]), datetime.fromisoformat(hold["end"])] += hold["units"]
        for key, seq in {pair for hold in holds for pair in hold["seqs"].items()}:
            if seq <= (last := reached.get(key, 0)):
                breaches.append(Breach(identity, f"{key} is at {seq} after {last}"))
            reached[key] = seq
        if (most := peak(held)) > capacity:
            breaches.append(Breach(identity, f"{most} present where {capacity} may be"))
    if +held != _held_now():
        breaches.append(Breach(0, f"the history ends with {dict(+held)}, the allocations say {dict(_held_now())}"))
    return breaches


def peak(held: Counter[Interval]) -> int:
    """Find the largest number present at once."""
    return max((sum(units for (start, end), units in held.items() if start <= t < end) for t, _ in held), default=0)


def _history() -> list[tuple[int, list[dict[str, object]]]]:
    # Numbers of events grow in the order of commits where it counts: whoever shares a key has waited for the other.
    with reading() as session:
        return [(row.id, row.holds) for row in session.execute(select(Event.id, Event.holds).order_by(Event.id))]


def _held_now() -> Counter[Interval]:
    query = (
        select(Allocation.starts_at, Allocation.ends_at, func.sum(Allocation.units))
        .where(Allocation.released_at.is_(None), Allocation.role.in_(("visit", "wanted")))  # the rest has no history
        .group_by(Allocation.starts_at, Allocation.ends_at)
    )
    with reading() as session:
        return Counter({(start, end): units for start, end, units in session.execute(query)})
