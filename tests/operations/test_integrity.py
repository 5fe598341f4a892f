"""``check`` finds every kind of damage, and takes people's decisions for what they are."""

from __future__ import annotations

import runpy
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, text, update

from portal.extensions import db, transaction
from portal.models import Allocation, Appointment, Event, Ledger, Planning, Pool, WeeklyOpening
from portal.operations import admission, appointments, integrity, lapses
from portal.operations.actors import GUEST, Actor
from portal.operations.keepsakes import new_revision
from portal.operations.wishes import Move
from tests import sample
from tests.backends import NOW
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
MONDAY = "2026-12-07"
EIGHT = f"{MONDAY} 08:00"


@pytest.fixture
def docks(do):
    do(sample.docks)


@pytest.fixture
def booked(do, docks):
    return do(sample.booked, EIGHT, now=NOW)


@pytest.fixture
def breaches(do):
    return lambda now=NOW: list(do(integrity.check, now).breaches)


@pytest.fixture
def damage(do):
    def write(*statements) -> None:
        with transaction() as session:
            for statement in statements:
                session.execute(statement)

    return lambda *statements: do(write, *statements)


def test_an_empty_database_is_sound(do):
    assert do(integrity.check, NOW) == integrity.Report((), ())


def test_a_life_of_bookings_moves_cancellations_and_undos_is_sound(do, docks, breaches):
    ids = [do(sample.booked, EIGHT, now=NOW, number=number).public_id for number in range(6)]
    do(appointments.move, Move(ids[0], paris(f"{MONDAY} 09:00"), GUEST), now=NOW)
    do(appointments.cancel, ids[1], GUEST, now=NOW)
    do(appointments.undo, ids[1], GUEST, now=NOW)
    do(appointments.cancel, ids[2], GUEST, now=NOW)
    do(appointments.cancel, ids[3], STAFF, now=NOW, undo=False)
    assert breaches() == []
    later = NOW + timedelta(minutes=6)
    assert breaches(later) == []  # lapsed, not yet released
    do(lapses.announce, later)
    assert breaches(later) == []
    do(sample.booked, EIGHT, now=later, number=7)
    assert do(integrity.check, later) == integrity.Report((), ())


def test_an_overbooking_is_a_notice_with_its_reason(do, docks):
    for number in range(6):
        do(sample.booked, EIGHT, now=NOW, number=number)
    do(sample.booked, EIGHT, now=NOW, number=6, actor=STAFF, overbook="frais")
    report = do(integrity.check, NOW)
    assert report.breaches == ()
    assert report.notices == ("quais at bordeaux, 2026-12-07 08:00 to 09:00: 7 expected, 6 places (overbooked: frais)",)


def test_lowered_hours_are_a_notice(do, docks, damage):
    for number in range(6):
        do(sample.booked, EIGHT, now=NOW, number=number)
    damage(update(WeeklyOpening).values(slots=2), update(Planning).values(revision=new_revision()))
    report = do(integrity.check, NOW)
    assert report.breaches == ()
    assert report.notices == (
        "quais at bordeaux, 2026-12-07 08:00 to 09:00: 6 expected, 2 places (the hours were changed)",
    )


def test_a_notice_ends_with_its_time(do, docks, damage):
    do(sample.booked, EIGHT, now=NOW)
    damage(delete(WeeklyOpening), update(Planning).values(revision=new_revision()))
    assert len(do(integrity.check, NOW).notices) == 1
    assert do(integrity.check, paris(f"{MONDAY} 09:00")).notices == ()


def test_an_oversold_moment_is_seen_even_after_it_has_passed(do, docks, breaches, monkeypatch):
    for number in range(6):
        do(sample.booked, EIGHT, now=NOW, number=number)
    monkeypatch.setattr(admission, "admit", lambda _start: None)  # the product's check is gone: a bug
    seventh = do(sample.booked, f"{MONDAY} 08:30", now=NOW, number=7)
    monkeypatch.undo()
    do(appointments.cancel, seventh.public_id, STAFF, now=NOW, undo=False)
    assert breaches() == ["quais at bordeaux, 2026-12-07 08:30 to 09:30: oversold: 7 present for 6"]


def test_a_booking_outside_the_hours_is_a_breach(do, docks, breaches, monkeypatch):
    monkeypatch.setattr(admission, "admit", lambda _start: None)
    do(sample.booked, f"{MONDAY} 11:30", now=NOW)
    assert breaches() == ["quais at bordeaux, 2026-12-07 11:30 to 12:30: taken outside the hours"]


def test_a_hold_that_vanished_is_seen(booked, breaches, damage):
    damage(delete(Allocation))
    found = breaches()
    assert "quais at bordeaux, 2026-12-07 08:00 to 09:00: the history says that 1 are held, the allocations 0" in found
    assert any("is confirmed and holds 0 places of its own" in line for line in found)


def test_a_hold_of_a_cancelled_appointment_is_seen(booked, breaches, damage):
    damage(update(Appointment).values(status="cancelled"))
    found = breaches()
    assert any("its history says otherwise" in line for line in found)
    assert any("which is cancelled at another time or no more" in line for line in found)


def test_an_appointment_that_moved_alone_is_seen(booked, breaches, damage):
    damage(update(Appointment).values(starts_at=paris(f"{MONDAY} 08:15")))
    assert len(breaches()) == 4  # its history, its hold, the hold's own, and the promise


def test_a_promise_that_the_time_zones_moved_is_told(booked, breaches, damage):
    damage(update(Appointment).values(local_start="2026-12-07T09:00"))
    (line,) = breaches()
    assert line.endswith("was promised 2026-12-07T09:00 (Europe/Paris), and that time is now called 2026-12-07T08:00")
    assert breaches(paris(f"{MONDAY} 09:00")) == []


def unbelted(*statements) -> None:
    """Do damage that the database itself forbids: its triggers look away meanwhile."""
    sqlite = db.engine.dialect.name == "sqlite"
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("PRAGMA foreign_keys=OFF" if sqlite else "SET session_replication_role = replica"))
        for statement in statements:
            connection.execute(statement)
        connection.execute(text("PRAGMA foreign_keys=ON" if sqlite else "SET session_replication_role = origin"))


def test_two_exclusive_holds_that_overlap_are_seen(do, docks, breaches, damage, database):
    for number in range(2):
        do(sample.booked, EIGHT, now=NOW, number=number)
    drop, restore = belt(database)
    do(unbelted, text(drop), update(Allocation).values(exclusive=True))
    try:
        assert breaches() == ["quais at bordeaux, 2026-12-07 08:00 to 09:00: one place is held exclusively by two"] * 2
    finally:
        do(unbelted, delete(Allocation), text(restore))


def belt(database: str) -> tuple[str, str]:
    """Give the statements that take the belt off and fasten it again, as the migration does."""
    path = Path(__file__).parent.parent.parent / "migrations/versions/0001_first_tables.py"
    migration = runpy.run_path(str(path))
    if database.startswith("sqlite"):
        name = "allocation_exclusive_update"
        return f"DROP TRIGGER {name}", migration["TRIGGER"].format(name=name, moment="UPDATE")
    return "ALTER TABLE allocation DROP CONSTRAINT ex_allocation_exclusive", migration["EXCLUSION"]


def test_a_number_that_came_twice_is_seen(do, booked, breaches, damage):
    do(sample.booked, EIGHT, now=NOW, number=1)
    damage(update(Ledger).values(seq=1))
    assert any("is at 1, behind the history" in line for line in breaches())
    do(sample.booked, EIGHT, now=NOW, number=2)
    assert any("is at 2 after 2" in line for line in breaches())


def test_a_ledger_that_is_gone_is_seen(booked, breaches, damage):
    damage(delete(Ledger))
    assert any(line.endswith("is gone") for line in breaches())


def test_an_appointment_without_history_is_seen(booked, breaches, damage):
    damage(delete(Event))
    assert any("its history does not say how it came" in line for line in breaches())


def test_a_hold_that_a_search_would_miss_is_seen(booked, breaches, damage):
    damage(update(Pool).values(longest_minutes=30))
    assert any("a search misses it" in line for line in breaches())


def test_rows_that_refer_to_nothing_are_seen(do, booked, breaches):
    lost = {"appointment_id": 999_999_999, "kind": "edited", "at": NOW, "actor": "x", "origin": "x"}
    do(unbelted, insert(Event).values(before={}, after={}, holds=[], **lost))
    assert "event.appointment_id: 1 rows refer to nothing" in breaches()


def test_looking_writes_nothing(booked, breaches, no_writes):
    with no_writes():
        assert breaches() == []


def test_the_command_ends_with_1_and_a_line_a_breach(creneau, booked, damage):
    assert (creneau("check").returncode, creneau("check").stdout) == (0, "No breach.\n")
    damage(delete(Allocation))
    done = creneau("check")
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 2)
