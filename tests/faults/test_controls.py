"""The race tests are themselves tested: with its protection taken away, the portal must be seen to fail.

What is broken is broken in the processes of the test, never by a switch in the product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal import extensions
from portal.extensions import db
from portal.operations import appointments
from tests.faults import times
from tests.faults.dock import MONDAY, at, book, guest, swing
from tests.faults.replay import replay

CROWD = 8


def without_lock(_app: Flask) -> None:
    """Take no key: everybody believes to be alone."""
    extensions.take = _take_nothing


def without_order(_app: Flask) -> None:
    """Take the keys one by one as they come, not sorted: two may each hold what the other wants."""
    extensions.take = _take_as_they_come


def without_transaction(app: Flask) -> None:
    """Do as SQLite does when nobody says BEGIN IMMEDIATE first: what is read is free to change before it is written."""
    extensions.take = _take_nothing
    extensions._fair_turn = _no_turn
    with app.app_context():
        event.remove(db.engine, "begin", extensions._begin_sqlite)
        event.listen(db.engine, "begin", _begin_late)


class _Unnumbered(dict[str, int]):
    def __missing__(self, key: str) -> int:
        return 0


def _take_nothing(_session: Session, keys: Sequence[str]) -> Mapping[str, int]:
    return _Unnumbered(dict.fromkeys(keys, 0))


def _take_as_they_come(session: Session, keys: Sequence[str]) -> Mapping[str, int]:
    upsert = text(extensions.UPSERT.format(rows="(:key, 1)"))
    return {key: session.execute(upsert, {"key": key}).one().seq for key in dict.fromkeys(keys)}


@contextmanager
def _no_turn() -> Iterator[None]:
    yield


def _begin_late(_connection: Connection) -> None:
    """Say nothing: every statement is a transaction of its own."""


def swing_or_fail(*args: Any) -> list[int]:
    """Move to and fro until a deadlock is in the way for too long."""
    try:
        return swing(*args)
    except DBAPIError:
        return [500]


@pytest.fixture
def backend_name(database: str) -> str:
    return database.partition(":")[0].partition("+")[0]


def test_without_its_lock_a_slot_is_oversold(processes, open_dock, do, now, backend_name):
    open_dock(slots=6)
    starts = [at(8 * 60, MONDAY + timedelta(days=number)) for number in range(times(10, 20))]
    broken = without_transaction if backend_name == "sqlite" else without_lock
    answers = processes(CROWD, book, starts, now, prepare=broken)
    assert any(Counter(of_one_start)[201] > 6 for of_one_start in zip(*answers, strict=True))
    assert do(replay, 6)


def test_unsorted_keys_deadlock(processes, open_dock, deadlocks, do, now, backend_name):
    open_dock(slots=CROWD)
    here, there = at(8 * 60), at(8 * 60, MONDAY + timedelta(days=1))
    ids = [do(appointments.book, guest((here, there)[n % 2], n), now=now).public_id for n in range(4)]
    before = deadlocks()
    processes(4, swing_or_fail, ids, there, here, times(4, 40), now, prepare=without_order)
    # An embedded database has one writer at a time: there is nothing to wait for crosswise.
    assert (deadlocks() > before) == (backend_name == "postgresql")
