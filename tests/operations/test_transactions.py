"""The two doors to the database: what a transaction does first, and what it never does."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from portal.domain.errors import Busy
from portal.extensions import reading, retried, transaction
from portal.models import Ledger, Site
from portal.operations import appointment_rows
from portal.operations.keepsakes import new_revision
from tests import sample


def ledger() -> dict[str, int]:
    with reading() as session:
        return {row.key: row.seq for row in session.execute(select(Ledger.key, Ledger.seq))}


def take_keys(*keys: str) -> dict[str, int]:
    with transaction(keys) as session:
        return dict(session.ledger)


def test_taking_a_key_raises_its_number(do):
    assert [do(take_keys, "a", "b"), do(take_keys, "b")] == [{"a": 1, "b": 1}, {"b": 2}]


def test_keys_are_taken_once_each_and_in_order(do, statements):
    with statements(at_most=1) as seen:
        do(take_keys, "b", "a", "b")
    assert seen[0].index("ledger") > 0
    assert do(ledger) == {"a": 1, "b": 1}


def test_the_first_statement_of_a_booking_is_the_lock(do, now, statements):
    do(sample.docks)
    do(sample.booked, "2026-12-07 08:00", now=now)
    with statements(at_most=12) as seen:
        do(sample.booked, "2026-12-07 09:00", now=now, number=1)
    reads_before = [line for line in seen[:2] if line.lstrip().upper().startswith("INSERT INTO LEDGER")]
    assert reads_before, seen
    assert not any(line.lstrip().upper().startswith(("INSERT", "UPDATE")) for line in seen[:1]), (
        "the search comes first, unlocked"
    )


def test_transactions_do_not_nest(do):
    def nested() -> None:
        with transaction(), transaction():
            pass

    with pytest.raises(RuntimeError, match="nest"):
        do(nested)


def test_what_fails_leaves_nothing_behind(do):
    def failing() -> None:
        with transaction(["a"]) as session:
            session.execute(text("INSERT INTO heartbeat (name, at, detail) VALUES ('x', '2026-01-01', '')"))
            raise ValueError("on the way")

    with pytest.raises(ValueError, match="on the way"):
        do(failing)
    assert do(ledger) == {}


def test_a_failed_transaction_lets_the_next_one_begin(do):
    test_what_fails_leaves_nothing_behind(do)
    assert do(take_keys, "a") == {"a": 1}


def test_a_reader_does_not_wait_for_a_writer(do):
    def read_meanwhile() -> dict[str, int]:
        with transaction(["a"]):
            return ledger()

    assert do(read_meanwhile) == {}


def test_a_deadlock_is_tried_again_and_then_said_in_words(do):
    tries = []

    @retried
    def always_locked() -> None:
        tries.append(1)
        raise OperationalError("SELECT 1", {}, Exception("database is locked"))

    with pytest.raises(Busy):
        do(always_locked)
    assert len(tries) == 5


def test_a_breach_of_the_rules_is_not_tried_again(do):
    tries = []

    @retried
    def wrong() -> None:
        tries.append(1)
        raise IntegrityError("INSERT", {}, Exception("NOT NULL constraint failed: site.key"))

    with pytest.raises(IntegrityError):
        do(wrong)
    assert len(tries) == 1


def test_a_reference_drawn_twice_is_drawn_again(do, now, monkeypatch):
    do(sample.docks)
    drawn = iter(["AAAA-AAAA", "AAAA-AAAA", "BBBB-BBBB"])
    monkeypatch.setattr(appointment_rows, "new_reference", lambda: next(drawn))
    do(sample.booked, "2026-12-07 08:00", now=now)
    do(sample.booked, "2026-12-07 09:00", now=now, number=1)
    assert next(drawn, "all drawn") == "all drawn"


def test_a_naive_time_is_refused_by_the_column(do):
    def naive() -> None:
        with transaction() as session:
            session.execute(text("SELECT 1"))
            session.add(Site(key="x", name="X", timezone="Europe/Paris", policy={}, revision=new_revision()))
            session.flush()
            session.execute(select(sample.Order).where(sample.Order.created_at == sample.MADE.replace(tzinfo=None)))

    with pytest.raises(Exception, match="naive"):
        do(naive)


def test_the_belt_refuses_what_the_lock_should_have_stopped(do, now):
    """Two exclusive allocations of one pool that overlap cannot be written, even without the ledger."""
    do(sample.docks, week={1: ((480, 720, 1),)})
    do(sample.booked, "2026-12-07 08:00", now=now)

    def forge() -> None:
        with transaction() as session:
            session.execute(
                text(
                    "INSERT INTO allocation (appointment_id, pool_id, starts_at, ends_at, units, exclusive) "
                    "SELECT appointment_id, pool_id, starts_at, ends_at, 1, exclusive FROM allocation"
                )
            )

    with pytest.raises(IntegrityError, match="ex_allocation_exclusive"):
        do(forge)
