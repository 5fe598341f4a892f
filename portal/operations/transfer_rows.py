"""What the sections of the configuration file have in common: reading rows by their keys, and writing them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain import fields

Values = dict[str, Any]
"""An object with every key of the file's shape, so that two states can be compared and printed."""

Keys = Collection[str] | None
"""Which objects of a section; None: all of them."""

AT_ONCE = 500  # keys in one statement


def locked(query: Select[Any], table: type[Any], lock: bool) -> Select[Any]:
    """Keep the rows of a table from being edited until the transaction ends, where ``lock`` says so."""
    return query.with_for_update(of=table) if lock else query


def some(session: Session, query: Select[Any], column: Any, keys: Keys) -> Iterator[Any]:
    """Yield the objects of these keys."""
    for batch in batches(keys):
        yield from session.scalars(query if batch is None else query.where(column.in_(batch)))


def batches(keys: Keys) -> Iterator[Sequence[str] | None]:
    """Yield the keys, as many as one statement takes; None once for all objects."""
    if keys is None:
        yield None
        return
    listed = sorted(keys)
    for place in range(0, len(listed), AT_ONCE):
        yield listed[place : place + AT_ONCE]


def columns(row: Any, names: Sequence[str]) -> Values:
    """Read columns of a row."""
    return {name: getattr(row, name) for name in names}


def put(row: Any, values: Values, names: Sequence[str]) -> None:
    """Write columns of a row."""
    for name in names:
        setattr(row, name, values[name])


def named(session: Session, table: Any, key: str) -> Any:
    """Find the row of a key, or make one that is not kept yet."""
    return session.scalars(select(table).where(table.key == key)).first() or table(key=key)


def id_of(session: Session, table: Any, key: str | None) -> int | None:
    """Give the id of a key, None of none."""
    return session.scalars(select(table.id).where(table.key == key)).one() if key is not None else None


def keys_by_id(session: Session, table: Any) -> Mapping[Any, str]:
    """Give the keys of a whole table by its ids."""
    return {row.id: row.key for row in session.execute(select(table.id, table.key))}


def asked(known: Sequence[Values]) -> list[Values]:
    """Give the questions that are asked now, without those of former times."""
    return [fields.written(one) for one in fields.asked_of([fields.kept(one) for one in known])]


def asking(known: Sequence[Values], wanted: Sequence[Values]) -> list[Values]:
    """Ask other questions from now on, without losing the words of the old ones."""
    after = fields.succeeded([fields.kept(one) for one in known], [fields.kept(one) for one in wanted])
    return [fields.written(one) for one in after]


def day_of(text: str) -> date:
    """Read a date as the file writes it."""
    return date.fromisoformat(text)


def instant_of(text: str | None) -> datetime | None:
    """Read an instant as the file writes it."""
    return datetime.fromisoformat(text) if text else None
