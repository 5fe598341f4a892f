"""What reading leaves behind: last uses, and demand that found nothing. A GET writes nothing.

Pages note in the memory of their process; a timer of the server writes the notes down every minute or so. What was
noted when a process is killed is lost: these are figures to look at, nothing depends on them.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.extensions import retried, transaction
from portal.models import ApiKey, Demand, Link, Pool, UserSession

LONGEST = 10_000
"""How many days of demand a process keeps between two writings: a crawler is not to fill the memory."""

USED: dict[str, Any] = {"session": UserSession, "key": ApiKey, "link": Link}
SEEN = {"session": "last_seen_at", "key": "last_used_at", "link": "last_used_at"}


@dataclass(slots=True)
class _Notes:
    used: dict[tuple[str, int], datetime] = field(default_factory=dict)
    looked: Counter[tuple[int, date]] = field(default_factory=Counter)
    refused: Counter[tuple[int, date]] = field(default_factory=Counter)


_lock = threading.Lock()
_notes = _Notes()


def note_use(kind: str, number: int, at: datetime) -> None:
    """Note that a session, a key or a link was used: ``kind`` is a key of ``USED``, ``number`` its row's id."""
    with _lock:
        _notes.used[kind, number] = at


def note_demand(pool_id: int, days: Iterable[date], refused: Iterable[date]) -> None:
    """Note that somebody looked at days of a pool, and which of them had nothing free for them."""
    with _lock:
        if len(_notes.looked) < LONGEST:
            _notes.looked.update((pool_id, day) for day in days)
            _notes.refused.update((pool_id, day) for day in refused)


@retried
def write() -> int:
    """Write down what was noted since the last time, and count the rows. Notes stay noted when it fails."""
    global _notes
    with _lock:
        taken, _notes = _notes, _Notes()
    if not (taken.used or taken.looked):
        return 0
    try:
        with transaction(repeatable=True) as session:
            _write_used(session, taken.used)
            _write_demand(session, taken)
    except BaseException:
        _put_back(taken)
        raise
    return len(taken.used) + len(taken.looked)


def _put_back(taken: _Notes) -> None:
    with _lock:
        _notes.used = {**taken.used, **_notes.used}
        _notes.looked.update(taken.looked)
        _notes.refused.update(taken.refused)


def _write_used(session: Session, used: dict[tuple[str, int], datetime]) -> None:
    """Move last uses forward, never back: another process may have written a later one."""
    for kind, table in USED.items():
        rows = [{"number": number, "at": at} for (noted, number), at in sorted(used.items()) if noted == kind]
        column = getattr(table, SEEN[kind])
        if rows:
            later = or_(column.is_(None), column < bindparam("at"))
            query = update(table).where(table.id == bindparam("number"), later)
            session.connection().execute(query.values({SEEN[kind]: bindparam("at")}), rows)


def _write_demand(session: Session, taken: _Notes) -> None:
    if not taken.looked:
        return
    # A pool may have gone meanwhile; rows are taken in one order, whoever else writes them.
    known = set(session.scalars(select(Pool.id).where(Pool.id.in_({pool for pool, _ in taken.looked}))))
    rows = [
        {"pool_id": pool, "day": day, "looked": looked, "refused": taken.refused[pool, day]}
        for (pool, day), looked in sorted(taken.looked.items())
        if pool in known
    ]
    if not rows:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    made = dialect.insert(Demand)
    added = {
        "looked": Demand.looked + made.excluded.looked,
        "refused": Demand.refused + made.excluded.refused,
    }
    session.connection().execute(made.on_conflict_do_update(index_elements=["pool_id", "day"], set_=added), rows)
