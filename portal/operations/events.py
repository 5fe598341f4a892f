"""The event log, read on and on by a cursor: everything that happened to appointments, each thing once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid
from portal.domain.zones import zone
from portal.extensions import reading
from portal.models import Appointment, Event, Pool, Resource

SETTLING = timedelta(seconds=30)  # longer than any transaction lives: lock and statement time-outs see to it
MOST = 200  # events on one page
STAFF = "staff"


@dataclass(frozen=True, slots=True)
class EventLine:
    """One change of an appointment. ``zone`` is the appointment's own.

    ``people`` and ``things`` are the keys of those whose places it took.
    """

    id: int
    kind: str
    at: datetime
    appointment: str
    zone: ZoneInfo
    actor: str
    origin: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    people: Sequence[str]
    things: Sequence[str]


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some of the log, oldest first. ``next`` is where to go on, now or later; ``more``: there is more already."""

    events: Sequence[EventLine]
    next: str | None
    more: bool


COLUMNS = (
    Event.id,
    Event.kind,
    Event.at,
    Appointment.public_id,
    Appointment.timezone,
    Event.actor,
    Event.origin,
    Event.before,
    Event.after,
    Event.holds,
)


def log(*, now: datetime, after: str | None = None, size: int = 100) -> EventPage:
    """Read the log on from a cursor, or from its beginning. Raises Invalid for a cursor that is none of ours."""
    seen = _number(after)
    size = min(max(size, 1), MOST)
    query = (
        select(*COLUMNS)
        .join(Appointment, Appointment.id == Event.appointment_id)
        .where(Event.id > (seen or 0))
        .order_by(Event.id)
        .limit(size + 1)
    )
    with reading() as session:
        rows = session.execute(query).all()
        taken = _taken(session, rows)
    found = [_line(row, taken) for row in rows]
    settled = _settled(found, seen, now)
    events = settled[:size]
    return EventPage(events, str(events[-1].id) if events else after, len(settled) > size)


def _settled(found: Sequence[EventLine], seen: int | None, now: datetime) -> Sequence[EventLine]:
    """Stop at a fresh gap: an event with a smaller number may still be on its way to its commit.

    Numbers are drawn before the commit, so that of two transactions the later number may be seen first. A reader who
    went past the gap would never see the other. A gap that stays (something was rolled back) is passed in time.
    """
    expected = seen
    for place, event in enumerate(found):
        if expected is not None and event.id != expected + 1 and now - event.at < SETTLING:
            return found[:place]
        expected = event.id
    return found


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise Invalid(field="cursor", problem="expected", value=cursor)
    return int(cursor)


def _pools(row: Any) -> list[int]:
    """List the pools of which a change took places."""
    return [hold["pool"] for hold in row.holds if hold["units"] > 0]


def _taken(session: Session, rows: Sequence[Any]) -> Mapping[int, Any]:
    """Find the resources whose places changes took, by their pools: in one statement."""
    pools = {pool for row in rows for pool in _pools(row)}
    query = select(Pool.id, Resource.key, Resource.kind).join(Resource, Resource.id == Pool.resource_id)
    return {row.id: row for row in session.execute(query.where(Pool.id.in_(pools)))} if pools else {}


def _line(row: Any, taken: Mapping[int, Any]) -> EventLine:
    its = [taken[pool] for pool in _pools(row) if pool in taken]
    return EventLine(
        row.id,
        row.kind,
        row.at,
        row.public_id,
        zone(row.timezone),
        row.actor,
        row.origin,
        row.before,
        row.after,
        [one.key for one in its if one.kind == STAFF],
        [one.key for one in its if one.kind != STAFF],
    )
