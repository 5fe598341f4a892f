"""The race tests are themselves tested: with its protection taken away, the portal must be seen to fail.

What is broken is broken in the processes of the test, never by a switch in the product.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from portal.operations import appointments, availability, integrity
from tests.faults.dock import MONDAY, at, book, guest, swing
from tests.faults.replay import replay

CROWD = 8


def slowly(_app: Flask) -> None:
    """Let some time pass between looking and taking, as on a busy machine: by itself it must break nothing."""
    availability.judge = _pausing(availability.judge, 0.05)


def without_lock(_app: Flask) -> None:
    """Take no key: everybody believes to be alone, for so long that all have looked before the first one takes."""
    availability.judge = _pausing(availability.judge, 0.5)
    extensions.take = _take_nothing


def without_order(_app: Flask) -> None:
    """Take the keys one by one as they come, not sorted: two may each hold what the other wants."""
    extensions.take = _take_as_they_come


def without_transaction(app: Flask) -> None:
    """Do as SQLite does when nobody says BEGIN IMMEDIATE first: what is read is free to change before it is written."""
    without_lock(app)
    extensions._fair_turn = _no_turn
    with app.app_context():
        event.remove(db.engine, "begin", extensions._begin_sqlite)
        event.listen(db.engine, "begin", _begin_late)


def _pausing(look: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    def look_and_wait(*args: Any, **kwargs: Any) -> Any:
        seen = look(*args, **kwargs)
        time.sleep(seconds)
        return seen

    return look_and_wait


class _Unnumbered(dict[str, int]):
    def __missing__(self, key: str) -> int:
        return 0


def _take_nothing(_session: Session, keys: Sequence[str]) -> Mapping[str, int]:
    return _Unnumbered(dict.fromkeys(keys, 0))


def _take_as_they_come(session: Session, keys: Sequence[str]) -> Mapping[str, int]:
    upsert = text(extensions.UPSERT.format(rows="(:key, 1)"))
    taken = {}
    for key in dict.fromkeys(keys):
        taken[key] = session.execute(upsert, {"key": key}).one().seq
        time.sleep(0.02)  # long enough for somebody else to take the other one
    return taken


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


def test_with_its_lock_a_slot_is_not_oversold_however_slow_everybody_is(processes, open_dock, sound, now):
    open_dock(slots=6)
    (answers,) = zip(*processes(CROWD, book, [at(8 * 60)], now, prepare=slowly), strict=True)
    assert Counter(answers) == {201: 6, 409: CROWD - 6}
    sound(6)


def test_without_its_lock_a_slot_is_oversold(processes, open_dock, do, now, backend_name):
    open_dock(slots=2)
    starts = [at(8 * 60, MONDAY + timedelta(days=number)) for number in range(4)]
    broken = without_transaction if backend_name == "sqlite" else without_lock
    answers = processes(CROWD, book, starts, now, prepare=broken)
    assert any(Counter(of_one_start)[201] > 2 for of_one_start in zip(*answers, strict=True))
    assert do(replay, 2)
    assert do(integrity.check, now).breaches


def test_unsorted_keys_deadlock(processes, open_dock, deadlocks, do, now, backend_name):
    open_dock(slots=CROWD)
    here, there = at(8 * 60), at(8 * 60, MONDAY + timedelta(days=1))
    ids = [do(appointments.book, guest((here, there)[n % 2], n), now=now).public_id for n in range(4)]
    before = deadlocks()
    processes(4, swing_or_fail, ids, there, here, 3, now, prepare=without_order)
    # An embedded database has one writer at a time: there is nothing to wait for crosswise.
    assert (deadlocks() > before) == (backend_name == "postgresql")
