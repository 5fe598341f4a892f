"""The audit log as administrators read it: what the staff and programs changed, appointments included, newest first.

Changes of appointments stand in their own history (``Event``), all others in ``Audit``. Two queries, each limited to a
page, are merged; a cursor names the last line of a page, so that the tenth page costs what the first does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, cast, or_, select, text
from sqlalchemy import Text as Written
from sqlalchemy.orm import Session

from portal.domain.zones import zone
from portal.extensions import reading
from portal.models import Appointment, Audit, Event
from portal.models.appointments import ACTED
from portal.operations.scopes import Scope

APPOINTMENT = "appointment"
MOST = 500  # lines of a page
MOST_EXPORTED = 50_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AUDIT, EVENT = 1, 0  # of lines of the same instant, the former come first


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. ``text`` is a part of the object's name or of what changed; ``who`` of the actor's name."""

    text: str = ""
    who: str = ""
    kind: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A change: who, when, from where, of what. ``zone`` is the appointment's, for its times."""

    source: int
    id: int
    at: datetime
    actor: str
    origin: str
    action: str
    kind: str
    key: str
    label: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    zone: ZoneInfo | None = None

    @property
    def cursor(self) -> str:
        """The place after this line."""
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}.{self.source}.{self.id}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: below the line with this instant, source and id."""

    at: datetime
    source: int
    id: int


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some of the changes found, newest first; ``next`` is the cursor of older ones, None on the last page."""

    lines: Sequence[Line]
    next: str | None


AUDITS = select(
    *(Audit.id, Audit.at, Audit.actor, Audit.origin, Audit.action, Audit.kind, Audit.key, Audit.label),
    *(Audit.before, Audit.after),
)
EVENTS = (
    select(
        *(Event.id, Event.at, Event.actor, Event.origin, Event.kind.label("action"), Event.before, Event.after),
        Appointment.public_id.label("key"),
        Appointment.reference.label("label"),
        Appointment.timezone.label("zone"),
    )
    .join(Appointment, Appointment.id == Event.appointment_id)
    .where(text(f"event.{ACTED}"))  # literally as in its index
)


def listing(search: Search, *, scope: Scope, after: str | None = None, size: int = 50) -> AuditPage:
    """List changes, newest first, from the cursor ``after`` on; one that is none of ours begins the list again."""
    with reading() as session:
        return _page(session, search, scope, place_of(after), min(max(size, 1), MOST))


def everything(search: Search, *, scope: Scope) -> Iterator[Line]:
    """Yield all changes found, newest first, ``MOST_EXPORTED`` at most."""
    place: Place | None = None
    for _ in range(0, MOST_EXPORTED, MOST):
        with reading() as session:
            page = _page(session, search, scope, place, MOST)
        yield from page.lines
        if page.next is None:
            return
        place = place_of(page.next)


def place_of(cursor: str | None) -> Place | None:
    """Read a cursor; None for what is none.

    >>> place_of("1764576000000000.1.42").id, place_of("soon"), place_of(None)
    (42, None, None)
    """
    parts = (cursor or "").split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 17 for part in parts):
        return None
    micros, source, number = map(int, parts)
    return Place(EPOCH + timedelta(microseconds=micros), source, number)


def _page(session: Session, search: Search, scope: Scope, place: Place | None, size: int) -> AuditPage:
    found = [*_audits(session, search, scope, place, size + 1), *_events(session, search, scope, place, size + 1)]
    lines = sorted(found, key=lambda line: (line.at, line.source, line.id), reverse=True)
    return AuditPage(lines[:size], lines[size - 1].cursor if len(lines) > size else None)


def _audits(session: Session, search: Search, scope: Scope, place: Place | None, size: int) -> Iterator[Line]:
    if search.kind == APPOINTMENT:
        return
    query = _narrowed(AUDITS, Audit, search, place, AUDIT).where(scope.limits(Audit.site_id))
    if search.kind is not None:
        query = query.where(Audit.kind == search.kind)
    if search.action is not None:
        query = query.where(Audit.action == search.action)
    if search.text:
        query = query.where(_mentions(search.text, Audit, Audit.key, Audit.label))
    for row in session.execute(query.limit(size)):
        yield Line(source=AUDIT, **row._mapping)


def _events(session: Session, search: Search, scope: Scope, place: Place | None, size: int) -> Iterator[Line]:
    if search.kind not in (None, APPOINTMENT):
        return
    query = _narrowed(EVENTS, Event, search, place, EVENT).where(scope.limits(Appointment.site_id))
    if search.action is not None:
        query = query.where(Event.kind == search.action)
    if search.text:
        about = (Appointment.reference, Appointment.name, Appointment.email)
        query = query.where(_mentions(search.text, Event, *about))
    for row in session.execute(query.limit(size)):
        values = {**row._mapping, "zone": zone(row.zone)}
        yield Line(source=EVENT, kind=APPOINTMENT, **values)


def _narrowed(
    query: Select[*tuple[Any, ...]], table: Any, search: Search, place: Place | None, source: int
) -> Select[*tuple[Any, ...]]:
    """Keep what both tables have in common: instant, person, the place in the list and its order."""
    if search.since is not None:
        query = query.where(table.at >= search.since)
    if search.until is not None:
        query = query.where(table.at < search.until)
    if search.who:
        query = query.where(table.actor.icontains(search.who, autoescape=True))
    if place is not None:
        query = query.where(table.at <= place.at, _below(table, place, source))
    return query.order_by(table.at.desc(), table.id.desc())


def _below(table: Any, place: Place, source: int) -> ColumnElement[bool]:
    """Say what comes after a place in the list."""
    earlier: ColumnElement[bool] = table.at < place.at
    if source == place.source:
        return or_(earlier, and_(table.at == place.at, table.id < place.id))
    return or_(earlier, table.at == place.at) if source < place.source else earlier


def _mentions(words: str, table: Any, *columns: Any) -> ColumnElement[bool]:
    """Find words in names, and in what changed as it is kept: JSON that writes accents in ASCII."""
    kept = json.dumps(words)[1:-1]
    facts = (cast(column, Written).icontains(kept, autoescape=True) for column in (table.before, table.after))
    return or_(*(column.icontains(words, autoescape=True) for column in columns), *facts)
