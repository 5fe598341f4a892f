"""The facts about the system: the database, the workers, the queue, and the check on demand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.extensions import transaction
from portal.models import OutboxMessage
from portal.operations import condition, outbox
from tests import sample

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)


def look(now, real=REAL):
    return condition.state(now=now, real_now=real)


def test_the_database_tells_what_it_is(do, now, database):
    found = do(look, now).database
    embedded = database.startswith("sqlite")
    assert found.kind == ("SQLite" if embedded else "PostgreSQL")
    assert found.version[0].isdigit()
    assert found.size > 10_000
    assert found.current
    assert (found.free is not None) is embedded


def test_a_server_has_a_clock_of_its_own(do, now, database):
    ahead = do(look, now, datetime.now(UTC) - timedelta(hours=1)).database.ahead
    if database.startswith("sqlite"):
        assert ahead is None
    else:
        assert timedelta(minutes=59) < ahead < timedelta(minutes=61)


def test_workers_are_listed_the_latest_first(do, now):
    do(outbox.beat, "worker:old:1", REAL - timedelta(hours=1))
    do(outbox.beat, "worker:new:2", REAL)
    assert [(worker.name, worker.seen) for worker in do(look, now).workers] == [
        ("new:2", REAL),
        ("old:1", REAL - timedelta(hours=1)),
    ]


def sent(now):
    """Write mails that left at different times, one that waits and one for later."""
    with transaction() as session:
        for number, minutes in enumerate((10, 50, 90, 60 * 25)):
            session.add(mail(now, f"sent{number}", state="sent", sent_at=now - timedelta(minutes=minutes)))
        session.add(mail(now, "due", not_before=now - timedelta(minutes=7)))
        session.add(mail(now, "later", not_before=now + timedelta(days=1)))


def mail(now, dedupe, **values):
    given = {"not_before": now, "created_at": now, **values}
    return OutboxMessage(kind="find", dedupe=dedupe, recipient="somebody@example.com", locale="fr", **given)


def test_mails_are_counted_by_when_they_left(do, now):
    do(sent, now)
    found = do(look, now).mails
    assert (found.sent_hour, found.sent_day) == (2, 3)
    assert found.due == now - timedelta(minutes=7)
    assert found.queue.waiting == 2


def test_a_quiet_portal_has_nothing_to_tell(do, now):
    found = do(look, now)
    assert (list(found.workers), found.mails.due, found.mails.sent_day) == ([], None, 0)


def test_looking_costs_the_same_whatever_there_is(do, now, statements, no_writes):
    do(sent, now)
    with statements(at_most=10), no_writes():
        do(look, now)


def test_the_check_finds_nothing_wrong_in_what_was_booked(do, now, no_writes):
    do(sample.docks)
    do(sample.booked, "2026-12-07 09:00", now=now)
    with no_writes():
        report = do(condition.check, now=now)
    assert report.breaches == ()


def test_a_long_history_is_left_to_the_command(do, now, monkeypatch):
    do(sample.docks)
    do(sample.booked, "2026-12-07 09:00", now=now)
    monkeypatch.setattr(condition, "CHECKED_AT_ONCE", 0)
    assert do(condition.check, now=now) is None


@pytest.fixture(autouse=True)
def _with_a_database(app) -> None:
    """Run everything here on both databases."""
