"""What a new appointment writes: its row, and what is told of it once it is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from portal.domain.lifecycle import Status
from portal.domain.slots import Start
from portal.extensions import Transaction
from portal.operations import admission, tokens
from portal.operations import appointment_rows as rows
from portal.operations.actors import Actor
from portal.operations.bookables import Bookable

NOBODY: Mapping[str, Any] = {
    "order_id": None,
    "link_id": None,
    "customer_id": None,
    "email": None,
    "name": "",
    "phone": "",
    "comment": "",
    "fields": {},
    "overbook_reason": "",
}
"""The columns that say who comes, of a place that is held for nobody yet."""

_BOOKING, _REQUEST = ("scheduled", "confirmation", "new"), ("requested", "request_received", "requested")
"""What a booking, and one that waits for an answer, is called in the history, in the mail, and to the site."""


def status_for(bookable: Bookable, actor: Actor) -> Status:
    """Tell as what an actor's appointment begins."""
    return Status.REQUESTED if admission.asks_first(bookable, actor) else Status.CONFIRMED


def answer_by(bookable: Bookable, status: str, start: datetime, now: datetime) -> datetime | None:
    """Give the instant until which an appointment of this status waits for an answer; None when it waits for none."""
    return admission.answer_by(bookable, start, now) if status == Status.REQUESTED else None


def write(session: Transaction, bookable: Bookable, start: Start, now: datetime, **given: Any) -> rows.Row:
    """Write an appointment, whose place the caller takes. What is only held is nobody's yet."""
    row: dict[str, Any] = {
        "public_id": tokens.new_public_id(),
        "generation": 1,
        "reference": rows.new_reference(),
        "site_id": bookable.site.id,
        **rows.subject(bookable),
        "iterations": 1,
        "starts_at": start.start,
        "ends_at": start.end,
        "undo_until": None,
        **rows.NOT_WANTED,
        "answer_by": answer_by(bookable, given["status"], start.start, now),
        "version": 1,
        "sequence": 0,
        "created_at": now,
        "updated_at": now,
        **rows.promise(bookable, start.start),
        **given,
    }
    known_as = None if row["status"] == Status.HELD else row["email"]
    identity = session.connection().execute(rows.NEW, {**row, "known_as": known_as}).scalar_one()
    return rows.Row(id=identity, **row)


def tell(
    session: Transaction, bookable: Bookable, row: Any, actor: Actor, held: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Write into the history that somebody booked, or asked to, and queue the mails; ``held`` are the places taken."""
    event, kind, change = _REQUEST if row.status == Status.REQUESTED else _BOOKING
    after = {"status": row.status, "start": row.starts_at.isoformat(), "end": row.ends_at.isoformat()}
    if row.overbook_reason:
        after["overbook"] = row.overbook_reason
    rows.happened(session, row.id, event, actor, now, after=after, holds=held)
    rows.announce(session, kind, change, row, bookable, now, not_before=now)
