"""The database is away, full or read-only: people are told in words, and it all comes back by itself."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from portal.extensions import db, reading
from portal.models import Appointment
from tests import asking
from tests.backends import Backend
from tests.faults import dock, times
from tests.faults.customers import post, wish
from tests.faults.dock import MONDAY, at
from tests.patience import until
from tests.postgres import server
from tests.served import Commands

PAGE = "/book/bordeaux/planning/quais"


def open_dock(backend, now):
    with backend.app.app_context():
        dock.build(now)
    backend.close()


def fetch(url):
    return asking.get(f"{url}{PAGE}", headers={"Accept-Language": "fr"})


def appointments(backend):
    with backend.app.app_context(), reading() as session:
        return session.scalar(select(func.count()).select_from(Appointment))


def told_in_words(answer):
    """Check a 503 that a person can read."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert "<h1" in answer.text
    assert "Traceback" not in answer.text
    return True


@pytest.fixture
def postgres():
    """Run a server of this test's own, to be stopped and started."""
    with server(durable=True) as running:
        yield running


def test_while_the_database_server_is_away_people_are_told_and_then_served_again(postgres, tmp_path, now):
    backend = Backend(postgres.create("portal"))
    open_dock(backend, now)
    with Commands(backend.url, tmp_path).serve(workers=2) as served:
        assert fetch(served.url).status_code == 200
        postgres.stop()
        last = time.monotonic() + times(2, 30)
        while time.monotonic() < last:
            assert told_in_words(fetch(served.url))
            assert post(served.url, wish(at(8 * 60), 1)).status_code == 503
            assert not served.ready()
        postgres.start()
        assert {fetch(served.url).status_code for _ in range(16)} == {200}
        assert post(served.url, wish(at(8 * 60), 1)).status_code == 201
    assert appointments(backend) == 1
    backend.close()


def test_a_read_only_database_server_still_shows_and_refuses_in_words(postgres, tmp_path, now):
    backend = Backend(postgres.create("portal"))
    open_dock(backend, now)
    with Commands(backend.url, tmp_path).serve(workers=1) as served:
        set_everywhere(postgres, "on")
        assert fetch(served.url).status_code == 200
        assert post(served.url, wish(at(8 * 60), 1)).status_code == 503
        set_everywhere(postgres, "off")
        assert post(served.url, wish(at(8 * 60), 1)).status_code == 201
    backend.close()


def set_everywhere(postgres, value):
    """Make the whole server read-only, as a failed disk or a demoted primary does."""
    with postgres.connect() as connection:
        connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        connection.execute("SELECT pg_reload_conf()")
    until(lambda: _asked(postgres) == value)  # whoever connects now comes after all the others were told


def _asked(postgres):
    with postgres.connect() as connection:
        return connection.execute("SHOW default_transaction_read_only").fetchone()[0]


def test_a_full_disk_refuses_in_words_and_writes_nothing_by_halves(tmp_path, now):
    backend = Backend(f"sqlite:///{tmp_path}/portal.sqlite3")
    open_dock(backend, now)
    full = Commands(backend.url, tmp_path, most_blocks=2400)  # of 512 bytes: no file may grow beyond
    with full.serve(workers=1) as served:
        assert fetch(served.url).status_code == 200
        days = [MONDAY + timedelta(days=number) for number in range(60)]
        answers = [post(served.url, wish(at(8 * 60, day), 1)).status_code for day in days]
        assert set(answers) <= {201, 503}
        assert 503 in answers
        assert fetch(served.url).status_code == 200
    with backend.app.app_context(), db.engine.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    assert appointments(backend) == answers.count(201)
    with Commands(backend.url, tmp_path).serve(workers=1) as served:
        assert post(served.url, wish(at(9 * 60), 1)).status_code == 201
    backend.close()
