"""Absences of people, rooms and equipment: by hand, or as a calendar file has them. Nothing is cancelled by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound
from portal.domain.zones import wall_time, zone
from portal.extensions import reading, retried, transaction
from portal.models import Absence
from portal.operations import resource_effects, resources
from portal.operations.absence_files import Entry
from portal.operations.actors import SYSTEM, Actor
from portal.operations.resource_effects import Away, Effects
from portal.operations.resources import Sheet

PER_PAGE = 40
MOST = 5000  # of one resource
LONGEST_LABEL = 120


@dataclass(frozen=True, slots=True)
class Line:
    """An absence in local time; ``imported``: a calendar file brought it, and may take it back."""

    id: int
    start: datetime
    end: datetime
    label: str
    imported: bool


@dataclass(frozen=True, slots=True)
class AbsencePage:
    """A page of a resource's absences: those that last or are to come, the next first, or those that are past."""

    lines: Sequence[Line]
    found: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What a calendar file brings, changes and takes back; what is past or was typed by hand stays."""

    new: Sequence[Entry]
    changed: Sequence[tuple[Line, Entry]]
    gone: Sequence[Line]

    @property
    def count(self) -> int:
        """How many absences differ."""
        return len(self.new) + len(self.changed) + len(self.gone)


def listing(sheet: Sheet, *, now: datetime, past: bool = False, page: int = 1) -> AbsencePage:
    """List the absences of a resource, in two statements."""
    shown = (Absence.resource_id == sheet.id) & _when(sheet, now, past)
    order = Absence.starts_local.desc() if past else Absence.starts_local
    with reading() as session:
        found = session.scalar(select(func.count()).select_from(Absence).where(shown)) or 0
        pages = max(-(-found // PER_PAGE), 1)
        page = min(max(page, 1), pages)
        query = select(Absence.__table__).where(shown).order_by(order, Absence.id)
        rows = session.execute(query.limit(PER_PAGE).offset((page - 1) * PER_PAGE)).all()
    return AbsencePage([_line(row) for row in rows], found, page, pages)


def _when(sheet: Sheet, now: datetime, past: bool) -> ColumnElement[bool]:
    clock = wall_time(now, zone(sheet.plan.timezone))
    return Absence.ends_local <= clock if past else Absence.ends_local > clock


def _line(row: Any) -> Line:
    return Line(row.id, row.starts_local, row.ends_local, row.label, row.uid is not None)


def find(sheet: Sheet, number: int) -> Line:
    """Find an absence of a resource. Raises NotFound."""
    with reading() as session:
        return _line(_row(session, sheet, number))


def _row(session: Session, sheet: Sheet, number: int) -> Any:
    query = select(Absence.__table__).where(Absence.resource_id == sheet.id, Absence.id == number)
    if (row := session.execute(query).first()) is None:
        raise NotFound
    return row


# What it does to appointments, before it is saved


def preview(sheet: Sheet, wanted: Away, number: int | None = None, *, now: datetime) -> Effects:
    """Tell which appointments to come an absence falls upon, a new one or another in the place of ``number``."""
    return resource_effects.of_absences(
        sheet, lambda rows: [*(row for row in rows if row.id != number), wanted], now=now
    )


def preview_import(sheet: Sheet, found: Difference, *, now: datetime) -> Effects:
    """Tell which appointments to come a calendar file falls upon."""
    leaving = {*(line.id for line, _entry in found.changed), *(line.id for line in found.gone)}
    coming = [_away(entry) for entry in (*found.new, *(entry for _line, entry in found.changed))]
    return resource_effects.of_absences(
        sheet, lambda rows: [*(row for row in rows if row.id not in leaving), *coming], now=now
    )


def _away(entry: Entry) -> Away:
    return Away(entry.start, entry.end, entry.label, entry.uid)


# Saving


@retried
def add(key: str, revision: str, wanted: Away, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Let a resource be away. Raises NotFound, StateChanged, Invalid."""
    _check(wanted)
    with transaction() as session:
        sheet = resources.claim(session, key, revision)
        _check_room(session, sheet, 1)
        session.execute(insert(Absence), _values(sheet, wanted))
        _tell(session, by, sheet, now, {}, {"absence": said(wanted)})


@retried
def change(key: str, revision: str, number: int, wanted: Away, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Change an absence. Raises NotFound, StateChanged, Invalid."""
    _check(wanted)
    with transaction() as session:
        sheet = resources.claim(session, key, revision)
        row = _row(session, sheet, number)
        session.execute(update(Absence).where(Absence.id == number).values(**_values(sheet, wanted, row.uid)))
        _tell(session, by, sheet, now, {"absence": said(row)}, {"absence": said(wanted)})


@retried
def drop(key: str, revision: str, number: int, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Let a resource be there after all. Raises NotFound, StateChanged."""
    with transaction() as session:
        sheet = resources.claim(session, key, revision)
        row = _row(session, sheet, number)
        session.execute(delete(Absence).where(Absence.id == number))
        _tell(session, by, sheet, now, {"absence": said(row)}, {})


def compare(sheet: Sheet, entries: Iterable[Entry], *, now: datetime) -> Difference:
    """Compare a calendar file with what is kept: entries are the same when their UID is."""
    with reading() as session:
        return _compared(session, sheet, entries, now)


def _compared(session: Session, sheet: Sheet, entries: Iterable[Entry], now: datetime) -> Difference:
    """Compare, within the caller's session; an absence that is over is not touched."""
    query = select(Absence.__table__).where(Absence.resource_id == sheet.id, Absence.uid.is_not(None))
    known = {row.uid: row for row in session.execute(query)}
    clock = wall_time(now, zone(sheet.plan.timezone))
    wanted = {entry.uid: entry for entry in entries}
    same = {uid: entry for uid, entry in wanted.items() if uid in known}
    changed = [(_line(known[uid]), entry) for uid, entry in same.items() if _facts(entry) != _row_facts(known[uid])]
    gone = [_line(row) for uid, row in known.items() if uid not in wanted and row.ends_local > clock]
    new = [entry for uid, entry in wanted.items() if uid not in known]
    return Difference(new, changed, sorted(gone, key=lambda line: (line.start, line.id)))


def _facts(entry: Entry) -> tuple[datetime, datetime, str]:
    return entry.start, entry.end, entry.label


def _row_facts(row: Any) -> tuple[datetime, datetime, str]:
    return row.starts_local, row.ends_local, row.label


@retried
def save_import(key: str, revision: str, entries: Sequence[Entry], *, now: datetime, by: Actor = SYSTEM) -> None:
    """Take over a calendar file, as a whole or not at all. Raises NotFound, StateChanged, Invalid."""
    with transaction() as session:
        sheet = resources.claim(session, key, revision)
        found = _compared(session, sheet, entries, now)
        _check_room(session, sheet, len(found.new) - len(found.gone))
        leaving = [line.id for line in (*found.gone, *(line for line, _entry in found.changed))]
        session.execute(delete(Absence).where(Absence.id.in_(leaving)))
        coming = [*found.new, *(entry for _line, entry in found.changed)]
        if coming:
            session.execute(insert(Absence), [_values(sheet, _away(one), one.uid) for one in coming])
        counts = {"new": len(found.new), "changed": len(found.changed), "gone": len(found.gone)}
        resources.tell(session, by, "imported", key, sheet.name, sheet.site_ids, now, {}, {"absences": counts})


def _check(wanted: Away) -> None:
    if wanted.ends_local <= wanted.starts_local:
        raise Invalid(field="last", problem="bounds", value=wanted.ends_local)
    if len(wanted.label) > LONGEST_LABEL:
        raise Invalid(field="label", problem="too_long", value=wanted.label)


def _check_room(session: Session, sheet: Sheet, more: int) -> None:
    """Refuse more absences than can be looked through at each booking."""
    kept = session.scalar(select(func.count()).select_from(Absence).where(Absence.resource_id == sheet.id)) or 0
    if kept + more > MOST:
        raise Invalid(field="absences", problem="too_many", highest=MOST)


def _values(sheet: Sheet, wanted: Away, uid: str | None = None) -> dict[str, Any]:
    bounds = {"starts_local": wanted.starts_local, "ends_local": wanted.ends_local}
    return {"resource_id": sheet.id, "label": wanted.label.strip(), "uid": uid, **bounds}


def said(one: Any) -> str:
    """Write an absence for the audit log."""
    hours = f"{one.starts_local:%Y-%m-%d %H:%M} – {one.ends_local:%Y-%m-%d %H:%M}"
    return f"{hours} ({one.label})" if one.label else hours


def _tell(
    session: Session, by: Actor, sheet: Sheet, now: datetime, before: dict[str, str], after: dict[str, str]
) -> None:
    resources.tell(session, by, "changed", sheet.key, sheet.name, sheet.site_ids, now, before, after)
