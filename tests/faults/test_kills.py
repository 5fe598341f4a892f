"""Power cuts, out of memory, an impatient administrator: whatever dies, what was promised is kept."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import select, text, update

from portal.extensions import db, reading, transaction
from portal.models import Appointment, OutboxMessage
from portal.operations import integrity
from tests.backends import NOW, Backend
from tests.children import descendants
from tests.faults import dock, times
from tests.faults.customers import Load
from tests.faults.dock import CLOSES, MONDAY, OPENS, at
from tests.faults.replay import replay
from tests.postgres import server
from tests.served import Commands

SLOTS = 6


def wishes():
    """Wish for the hours of day after day, each as often as it has places, all numbered."""
    for number in count():
        day = MONDAY + timedelta(days=number // (SLOTS * (CLOSES - OPENS)) % 60)
        yield number, at((OPENS + number // SLOTS % (CLOSES - OPENS)) * 60, day)


def booked(backend):
    """Give the ids and starts of all that is booked."""
    with backend.app.app_context(), reading() as session:
        return dict(session.execute(select(Appointment.public_id, Appointment.starts_at)).all())


def kept(backend, diary):
    """Check that every promise is kept, and that the history is sound."""
    found = booked(backend)
    missing = {name: start for name, start in diary.promised.items() if found.get(name) != start}
    assert not missing, f"{len(missing)} of {len(diary.promised)} promised bookings are gone"
    assert set(diary.answers) <= {201, 503}, diary.answers
    with backend.app.app_context():
        assert replay(SLOTS) == []
        assert integrity.check(NOW).breaches == ()


def forget_leases(backend):
    """Let the time of dead workers' leases be over."""
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    with backend.app.app_context(), transaction() as session:
        session.execute(
            update(OutboxMessage).where(OutboxMessage.leased_until.is_not(None)).values(leased_until=long_ago)
        )


def open_dock(backend, now):
    with backend.app.app_context():
        dock.build(now, slots=SLOTS)


def test_web_workers_and_mailers_may_die_at_any_moment(backend, creneau, smtp, now):
    open_dock(backend, now)
    mail = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(smtp.port)}
    kills = times(3, 50)
    with creneau.serve(workers=2, **mail) as served, Load(served.url, wishes()) as load:
        mailer = creneau.start(("worker",), mail)
        for number in range(kills):
            load.wait_for((number + 1) * 5)
            victims = descendants(served.child.pid)
            os.kill(random.choice(victims), signal.SIGKILL)
            mailer.kill()
            mailer = creneau.start(("worker",), mail)
        load.wait_for(kills * 5 + 10)
        mailer.stop()
    kept(backend, load.diary)
    forget_leases(backend)
    assert creneau("worker", "--once", **mail).returncode == 0
    check_mails(backend, smtp, kills)


def check_mails(backend, smtp, kills):
    """Check that each booking was confirmed: once, and once more at most for a mailer that died, by the same id."""
    confirmations = Counter((letter.to[0], str(letter.message["Message-ID"])) for letter in smtp.letters)
    with backend.app.app_context(), reading() as session:
        people = set(session.scalars(select(Appointment.email)))
    assert {address for address, _ in confirmations} == people
    assert len(confirmations) == len(people)  # one Message-ID each, however often it was sent
    assert sum(confirmations.values()) - len(people) <= kills


def test_an_embedded_database_outlives_its_processes(tmp_path, now):
    backend = Backend(f"sqlite:///{tmp_path}/portal.sqlite3")
    open_dock(backend, now)
    creneau = Commands(backend.url, tmp_path)
    wanted = wishes()
    for _ in range(times(3, 20)):
        with creneau.serve(workers=2) as served, Load(served.url, wanted) as load:
            load.wait_for(8)
            served.child.kill()
        kept(backend, load.diary)
        with backend.app.app_context(), db.engine.connect() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    backend.close()


def test_a_database_server_that_is_killed_has_lost_nothing_when_it_is_back(tmp_path, now):
    with server(durable=True) as postgres:
        backend = Backend(postgres.create("portal"))
        open_dock(backend, now)
        backend.close()
        with Commands(backend.url, tmp_path).serve(workers=2) as served, Load(served.url, wishes()) as load:
            for number in range(times(2, 10)):
                load.wait_for((number + 1) * 8)
                postgres.kill()
                postgres.start()
            load.wait_for(times(2, 10) * 8 + 8)
        kept(backend, load.diary)
        backend.close()


def test_a_server_that_is_asked_to_end_answers_those_who_wait(backend, creneau, now):
    open_dock(backend, now)
    with creneau.serve(workers=2) as served, Load(served.url, wishes()) as load:
        load.wait_for(5)
        assert served.child.stop() in (0, -signal.SIGTERM)
    kept(backend, load.diary)
