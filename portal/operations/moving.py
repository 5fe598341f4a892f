"""What a move writes, in its caller's transaction: at once, or as a wish that waits for its answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.domain.lifecycle import Status
from portal.domain.slots import Start
from portal.extensions import Transaction
from portal.operations import admission, exchanges, freed, placing
from portal.operations import appointment_rows as rows
from portal.operations.actors import Actor
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.exchanges import Taking

NOTHING: Mapping[str, Any] = {}


def rebook(
    session: Transaction,
    bookable: Bookable,
    row: Any,
    start: Start,
    asking: Asking,
    actor: Actor,
    now: datetime,
    *,
    cause: str = freed.MOVED,
    offered: bool = True,
    overbook: str = "",
    kept: Mapping[str, Any] = NOTHING,
    told: Mapping[str, Any] = NOTHING,
    taking: Taking | None = None,
) -> rows.Row:
    """Replace the allocation: free the old interval, hold the new one, and say both in one event.

    ``offered``: the old place is one for those who wait. ``kept`` is for the history, ``told`` for the mails. Of who
    takes over (``taking``), and from whom, an event and mails of their own tell. Gives the row as it is then.
    """
    given = rows.free(session, row, None, now)
    dropped = [*given, *rows.drop_wanted(session, row, now)]
    if offered:
        freed.note(session, bookable, row, cause, now, given=given)
    held = placing.take(session, bookable, row, start, asking, now, overbook=bool(overbook))
    before = {"start": row.starts_at.isoformat(), "end": row.ends_at.isoformat()}
    after = {"start": start.start.isoformat(), "end": start.end.isoformat(), **kept}
    if overbook:
        after["overbook"] = overbook
    changed = {
        **rows.NOT_WANTED,
        "starts_at": start.start,
        "ends_at": start.end,
        "sequence": row.sequence + 1,
        "overbook_reason": overbook or row.overbook_reason,
        **rows.promise(bookable, start.start),
    }
    if asked := row.status == Status.REQUESTED:
        changed["answer_by"] = admission.answer_by(bookable, start.start, now)
    rows.write(session, row, now, **changed)
    rows.happened(session, row.id, "rescheduled", actor, now, before=before, after=after, holds=[*dropped, *held])
    moved = rows.Row(**{**row._mapping, **changed, "version": row.version + 1})
    kind, change = ("request_received", "requested") if asked else ("change", "moved")
    apart = taking.keys if taking is not None else ()
    rows.announce(session, kind, change, moved, bookable, now, not_before=now, apart=apart, before=before, **told)
    if taking is not None:
        _taken_over(session, bookable, moved, taking, actor, now)
    return moved


def _taken_over(
    session: Transaction, bookable: Bookable, row: Any, taking: Taking, actor: Actor, now: datetime
) -> None:
    """Say of an appointment that has moved who has it now."""
    exchanges.took_over(session, row, taking.bound)
    exchanges.happened(session, row, taking, actor, now)
    exchanges.tell(session, bookable, row, taking, now)


def ask(
    session: Transaction, bookable: Bookable, row: Any, start: Start, asking: Asking, actor: Actor, now: datetime
) -> rows.Row:
    """Hold the new place beside the old one, which is kept until the move is answered."""
    dropped = rows.drop_wanted(session, row, now)
    held = placing.take(session, bookable, row, start, asking, now, role="wanted")
    until = min(admission.answer_by(bookable, start.start, now), row.starts_at)
    changed = {"wanted_start": start.start, "wanted_end": start.end, "answer_by": until}
    rows.write(session, row, now, **changed)
    told = {"wanted_start": start.start.isoformat(), "wanted_end": start.end.isoformat()}
    rows.happened(session, row.id, "move_requested", actor, now, after=told, holds=[*dropped, *held])
    asked = rows.Row(**{**row._mapping, **changed, "version": row.version + 1})
    rows.announce(session, "move_received", "move_requested", asked, bookable, now, not_before=now)
    return asked
