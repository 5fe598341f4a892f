"""Watch what is said to the database: how many statements, and no write where none belongs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

BOOKKEEPING = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|SET|SHOW)\b", re.IGNORECASE)
WRITE = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|CREATE|ALTER|DROP|WITH\b.*\b(INSERT\s+INTO|DELETE\s+FROM|UPDATE\s+\S+\s+SET))\b",
    re.IGNORECASE | re.DOTALL,
)


@contextmanager
def counted(at_most: int | None = None) -> Iterator[list[str]]:
    """Collect the statements of the block; fail with their list when they are too many.

    Only this thread's: a page that a browser has left open somewhere may ask something just now.
    """
    seen: list[str] = []
    me = get_ident()
    with _overhearing(lambda statement: seen.append(statement) if get_ident() == me else None):
        yield seen
    if at_most is not None and len(seen) > at_most:
        listed = "\n".join(f"{place}. {statement}" for place, statement in enumerate(seen, 1))
        raise AssertionError(f"{len(seen)} statements where {at_most} are allowed:\n{listed}")


def grown(session: Session) -> None:
    """Tell PostgreSQL that its tables are thousands of rows larger, as autovacuum would within a minute.

    A connection goes on with the plans it made for tables that were nearly empty, which then take minutes.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ANALYZE"))


@contextmanager
def read_only() -> Iterator[None]:
    """Fail the block that writes, even where the write is caught or rolled back."""
    written: list[str] = []

    def refuse(statement: str) -> None:
        if WRITE.match(statement):
            written.append(statement)
            raise AssertionError(f"a write where none belongs: {statement}")

    with _overhearing(refuse):
        yield
    assert not written, f"writes where none belong: {written}"


@contextmanager
def _overhearing(hear: Callable[[str], None]) -> Iterator[None]:
    def before(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not BOOKKEEPING.match(statement):
            hear(statement)

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", before)
