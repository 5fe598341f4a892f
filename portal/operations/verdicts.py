"""What an answer to a request writes, in its caller's transaction: confirmed, moved, or given back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, update
from sqlalchemy.orm import Session

from portal.domain.lifecycle import Status
from portal.domain.slots import Start
from portal.extensions import Transaction
from portal.models import Allocation
from portal.operations import appointment_rows as rows
from portal.operations import freed, placing
from portal.operations.actors import Actor
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable

Interval = tuple[datetime, datetime]


def asked(row: Any) -> Interval:
    """Give the interval that an answer is about: the new one of a move, else the appointment's own."""
    return (row.wanted_start, row.wanted_end) if row.wanted_start else (row.starts_at, row.ends_at)


def confirm(session: Transaction, bookable: Bookable, row: Any, actor: Actor, now: datetime, overbook: str) -> None:
    """Make an appointment of a request: the place is its own already."""
    if overbook:
        _shared(session, row)
    changed = {"status": Status.CONFIRMED.value, "answer_by": None, **_reason(row, overbook)}
    after = {"status": changed["status"], **_why(overbook)}
    rows.write(session, row, now, **changed)
    rows.happened(session, row.id, "accepted", actor, now, before={"status": row.status}, after=after)
    rows.announce(session, "confirmation", "accepted", _written(row, changed), bookable, now, not_before=now)


def swap(
    session: Transaction,
    bookable: Bookable,
    row: Any,
    judged: Start,
    asking: Asking,
    actor: Actor,
    now: datetime,
    overbook: str,
) -> None:
    """Make the move that waits: the old place is free, the one asked for becomes the appointment's own."""
    interval = asked(row)
    given = rows.free(session, row, None, now)
    dropped = rows.drop_wanted(session, row, now)
    freed.note(session, bookable, row, freed.MOVED, now, given=given)
    held = placing.take(session, bookable, row, judged, asking, now, overbook=bool(overbook))
    before, after = _told((row.starts_at, row.ends_at)), {**_told(interval), "accepted": True, **_why(overbook)}
    changed = {
        **rows.NOT_WANTED,
        "starts_at": row.wanted_start,
        "ends_at": row.wanted_end,
        "sequence": row.sequence + 1,
        **rows.promise(bookable, row.wanted_start),
        **_reason(row, overbook),
    }
    rows.write(session, row, now, **changed)
    rows.happened(
        session, row.id, "rescheduled", actor, now, before=before, after=after, holds=[*given, *dropped, *held]
    )
    rows.announce(session, "change", "moved", _written(row, changed), bookable, now, not_before=now, before=before)


def refuse(
    session: Transaction,
    bookable: Bookable,
    row: Any,
    actor: Actor,
    now: datetime,
    outcome: Status,
    told: Mapping[str, str],
) -> None:
    """Give back the place that was asked for, and tell both sides. What was to move stays where it is."""
    interval, moving = asked(row), row.wanted_start is not None
    given = rows.free(session, row, None, now, role="wanted" if moving else "visit")
    place = _written(row, {"starts_at": interval[0], "ends_at": interval[1]})
    freed.note(session, bookable, place, outcome.value, now, given=given)
    kind = f"move_{outcome.value}" if moving else outcome.value
    changed = {} if moving else {"status": outcome.value}
    facts = {"wanted": _told(interval), **told} if moving else told
    after = {"wanted_start": interval[0].isoformat(), "wanted_end": interval[1].isoformat()} if moving else changed
    rows.write(session, row, now, **rows.NOT_WANTED, **changed)
    before = dict.fromkeys(changed, row.status)
    rows.happened(session, row.id, kind, actor, now, before=before, after={**after, **told}, holds=given)
    rows.announce(session, kind, kind, _written(row, changed), bookable, now, not_before=now, **facts)


def withdraw(session: Transaction, bookable: Bookable, row: Any, actor: Actor, now: datetime) -> None:
    """Give back the place that a move asked for, because its customer stays where they are. The site need not act."""
    start, end = asked(row)
    holds = rows.drop_wanted(session, row, now)
    freed.note(session, bookable, _written(row, {"starts_at": start, "ends_at": end}), freed.MOVED, now, given=holds)
    rows.write(session, row, now, **rows.NOT_WANTED)
    after = {"wanted_start": start.isoformat(), "wanted_end": end.isoformat()}
    rows.happened(session, row.id, "move_withdrawn", actor, now, after=after, holds=holds)


def _shared(session: Session, row: Any) -> None:
    """Let what an appointment holds be shared: it is overbooked."""
    held = and_(Allocation.appointment_id == row.id, Allocation.released_at.is_(None))
    session.execute(update(Allocation).where(held).values(exclusive=False))


def _reason(row: Any, overbook: str) -> dict[str, str]:
    return {"overbook_reason": overbook or row.overbook_reason}


def _why(overbook: str) -> dict[str, str]:
    return {"overbook": overbook} if overbook else {}


def _written(row: Any, changed: Mapping[str, Any]) -> rows.Row:
    """Give an appointment as it stands after a change."""
    return rows.Row(**{**row._mapping, **changed, "version": row.version + 1})


def _told(interval: Interval) -> dict[str, str]:
    start, end = interval
    return {"start": start.isoformat(), "end": end.isoformat()}
