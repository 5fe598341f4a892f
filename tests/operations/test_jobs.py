"""The worker against real mail servers, good and bad, on both databases."""

from __future__ import annotations

import re
import signal
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask_migrate import upgrade

from portal import jobs
from portal.delivery.mailbox import Mailbox as Folder
from portal.domain.lifecycle import Status
from portal.domain.mail_texts import MailText as MailWords
from portal.extensions import reading, transaction
from portal.models import Event, MailText, OutboxMessage
from portal.operations import appointments, links, mail_texts, marks, organisation, outbox
from portal.operations.actors import GUEST
from portal.operations.outbox import Draft
from portal.operations.wishes import Contact, Move, Wish
from tests import sample
from tests.children import Child, free_port
from tests.crowd import crowd
from tests.delivery.sinks import CERTIFICATE, HANG_UP, OBEDIENT, SILENCE, guarded, scripted
from tests.mailbox import mail_server
from tests.operations.test_audit_log import CLAIRE
from tests.operations.test_notices import ask_first, tell
from tests.patience import until
from tests.sample import paris

MONDAY = "2026-12-07 08:00"
CONFIRMED = "Rendez-vous confirmé\u00a0: lundi 7 décembre 2026 à 8\u00a0h"


@pytest.fixture
def work(app, now):
    """Run all jobs once, with a mail server at ``port``."""

    def once(port, at=now, **changes):
        given = {"mail_server": "127.0.0.1", "mail_port": port, "mail_timeout": 30.0, **changes}
        kept = app.config["SETTINGS"]
        app.config["SETTINGS"] = replace(kept, **given)
        try:
            with app.app_context():
                return jobs.once(at)
        finally:
            app.config["SETTINGS"] = kept

    return once


@pytest.fixture
def queued(do, now):
    """Queue mails to so many customers: each has an appointment of its own, and the site hears nothing."""

    def write(count=1):
        do(sample.site, email=None)
        do(sample.planning)
        for number in range(count):
            do(sample.booked, "2026-12-07 08:00" if number < 6 else "2026-12-07 09:00", now=now, number=number)

    return write


@pytest.fixture
def later(do):
    """Let real time pass for the queue: its tries and leases lie that much longer ago."""

    def pass_time(**length):
        def move_back():
            with transaction() as session:
                for row in session.query(OutboxMessage):
                    for name in ("retry_at", "leased_until", "first_try_at"):
                        if (instant := getattr(row, name)) is not None:
                            setattr(row, name, instant - timedelta(**length))

        do(move_back)

    return pass_time


@pytest.fixture
def states(do):
    def count():
        with reading() as session:
            return Counter(row.state for row in session.query(OutboxMessage))

    return lambda: do(count)


def ids(smtp):
    return [letter.message["Message-ID"] for letter in smtp.letters]


# What arrives


def test_a_booking_reaches_its_customer_and_the_site(do, now, smtp, work):
    do(sample.docks)
    do(sample.booked, MONDAY, now=now)
    assert work(smtp.port).sent == 2
    told = {letter.to[0]: str(letter.message["Subject"]) for letter in smtp.letters}
    assert told["chauffeur0@example.com"].startswith(CONFIRMED)
    assert told["quais@example.com"].startswith("Nouveau rendez-vous")


def test_nothing_leaves_twice(do, now, smtp, work):
    do(sample.docks)
    do(sample.booked, MONDAY, now=now)
    work(smtp.port)
    assert work(smtp.port).sent == 0
    assert len(smtp.letters) == 2


def test_a_mail_bears_the_portals_time(do, now, smtp, work, queued):
    queued()
    work(smtp.port)
    assert smtp.letters[0].message["Date"].datetime == now


def test_a_customer_is_written_to_in_their_language(do, now, smtp, work):
    do(sample.docks)
    english = Contact("driver@example.com", "Driver", locale="en")
    wish = Wish(start=paris(MONDAY), contact=english, actor=GUEST, site="bordeaux", planning="quais")
    do(appointments.book, wish, now=now)
    work(smtp.port)
    told = {letter.to[0]: letter.message for letter in smtp.letters}
    assert str(told["driver@example.com"]["Subject"]).startswith(
        "Appointment confirmed: Monday 7 December 2026 at 8:00"
    )
    assert "8:00 to 9:00, Paris time (UTC+1)" in told["driver@example.com"].get_body(("plain",)).get_content()
    assert str(told["quais@example.com"]["Subject"]).startswith("Nouveau rendez-vous")


def test_an_invitation_carries_a_link_that_opens(do, now, smtp, work):
    do(sample.docks)
    do(sample.order)
    made = do(links.create, "CMD-1042", now=now, send=True)
    work(smtp.port)
    text = smtp.letters[0].message.get_body(("plain",)).get_content()
    assert f"http://localhost/b/{made.token}?lang=fr" in text


def test_a_cancellation_leaves_when_its_undo_has_ended(do, now, smtp, work, queued):
    queued()
    booked = do(sample.booked, "2026-12-07 10:00", now=now, number=9)
    work(smtp.port)
    until = do(appointments.cancel, booked.public_id, GUEST, now=now)
    assert work(smtp.port).sent == 0
    done = work(smtp.port, until)
    assert (done.sent, done.freed) == (1, 1)
    *_, cancelled = smtp.letters
    assert "METHOD:CANCEL" in cancelled.message.as_string()


def test_the_calendar_entry_follows_a_move(do, now, smtp, work, queued):
    queued()
    booked = do(sample.booked, "2026-12-07 10:00", now=now, number=9)
    work(smtp.port)
    do(appointments.move, Move(booked.public_id, paris("2026-12-08 10:00"), GUEST), now=now)
    work(smtp.port)
    parts = [
        part for letter in smtp.letters if letter.to == ("chauffeur9@example.com",) for part in letter.message.walk()
    ]
    files = [part.get_content() for part in parts if part.get_content_type() == "text/calendar"]
    lines = [line for file in files for line in file.splitlines()]
    assert [line for line in lines if line.startswith("SEQUENCE")] == ["SEQUENCE:0", "SEQUENCE:1"]
    assert len({line for line in lines if line.startswith("UID")}) == 1


def test_reminders_leave_in_the_same_round(do, now, smtp, work, queued):
    queued()
    work(smtp.port)
    done = work(smtp.port, paris("2026-12-06 08:00"))
    assert (done.reminders, done.sent) == (1, 1)
    assert smtp.subjects[-1].startswith("Rappel\u00a0: rendez-vous le lundi 7 décembre 2026")


def test_what_the_undo_frees_is_said_once(do, now, smtp, work, queued):
    queued()
    booked = do(sample.booked, "2026-12-07 10:00", now=now, number=9)
    until = do(appointments.cancel, booked.public_id, GUEST, now=now)
    work(smtp.port, until)
    work(smtp.port, until)

    def freed():
        with reading() as session:
            return session.query(Event).filter_by(kind="freed").count()

    assert do(freed) == 1


def test_a_summary_leaves_in_the_round_of_its_hour_and_in_no_other(do, now, smtp, work):
    do(sample.docks)
    do(tell, site={"confirmed": False}, summary="07:00")
    do(sample.booked, MONDAY, now=now)
    work(smtp.port)
    seven = paris("2026-12-07 07:00")
    assert [work(smtp.port, seven).summaries, work(smtp.port, seven).summaries] == [1, 0]
    (letter,) = (one for one in smtp.letters if one.to == ("quais@example.com",))
    assert str(letter.message["Subject"]) == "Lundi 7 décembre 2026, Bordeaux\u00a0: 1 rendez-vous"
    text = letter.message.get_body(("plain",)).get_content()
    assert "Chauffeur 0" in text
    assert "http://localhost/admin/?site=bordeaux&day=2026-12-07" in text


def test_a_day_without_anything_sends_nothing_and_says_why(do, smtp, work, states):
    do(sample.docks)
    do(tell, summary="07:00")
    work(smtp.port, paris("2026-12-06 07:00"))
    assert (smtp.letters, states()) == ([], {"dropped": 1})


def test_a_request_that_waits_is_answered_from_the_summary(do, now, smtp, work, client):
    do(sample.docks)
    do(ask_first)
    do(tell, summary="07:00")
    do(sample.booked, MONDAY, now=now)
    work(smtp.port)
    work(smtp.port, paris("2026-12-02 07:00"))
    *_, letter = smtp.letters
    assert letter.to == ("quais@example.com",)
    (link,) = re.findall(r"http://localhost(/v/\S+)", letter.message.get_body(("plain",)).get_content())
    assert client.get(link).status_code == 200


def test_the_companys_words_leave_and_spoiled_ones_do_not(do, now, smtp, work, queued):
    queued(2)

    def write(subject):
        with transaction() as session:
            session.query(MailText).delete()
            session.add(MailText(kind="confirmation", locale="fr", subject=subject, opening="Bonjour", updated_at=now))
            organisation.renew(session)

    do(write, "Le {day}")
    do(sample.booked, "2026-12-07 10:00", now=now, number=7)
    work(smtp.port)
    assert smtp.subjects == ["Le lundi 7 décembre 2026"] * 3
    do(write, "Le {weather}")
    do(sample.booked, "2026-12-07 10:00", now=now, number=8)
    assert work(smtp.port).sent == 1
    assert smtp.subjects[-1].startswith("Rendez-vous confirmé")


def test_a_test_of_words_leaves_marked_and_harmless(do, now, smtp, work):
    do(sample.docks)
    booked = do(sample.booked, MONDAY, now=now)
    work(smtp.port)
    words = MailWords("Le {day}", "Bonjour")
    do(mail_texts.send_test, "confirmation", "fr", words, booked.public_id, to="claire@example.com", now=now)
    do(mail_texts.send_test, "site_summary", "fr", words, None, to="claire@example.com", now=now)
    work(smtp.port)
    tests = [one for one in smtp.letters if one.to == ("claire@example.com",)]
    assert [str(one.message["Subject"]) for one in tests] == [
        "Essai\u00a0: Le lundi 7 décembre 2026",
        "Essai\u00a0: Le mardi 8 décembre 2026",
    ]
    assert all(booked.token not in one.message.as_string() for one in tests)
    assert not any(part.get_content_type() == "text/calendar" for one in tests for part in one.message.walk())


def test_who_did_not_come_is_told_after_the_time_to_undo(do, now, smtp, work, queued):
    queued()
    do(tell, customer={"no_show": True})
    booked = do(sample.booked, "2026-12-07 10:00", now=now, number=9)
    work(smtp.port)
    absent = paris("2026-12-07 10:20")
    do(marks.mark, booked.public_id, Status.NO_SHOW, CLAIRE, now=absent)
    assert work(smtp.port, absent).sent == 0
    assert work(smtp.port, absent + timedelta(minutes=5)).sent == 1
    assert smtp.subjects[-1].startswith("Rendez-vous manqué")


# What goes wrong


def test_a_refused_connection_loses_nothing(do, smtp, work, queued, later, states):
    queued(3)
    assert work(free_port()).sent == 0
    assert states() == {"waiting": 3}
    later(hours=1)
    assert work(smtp.port).sent == 3


@pytest.mark.parametrize(
    "answers",
    [
        ["421 come back later"],
        [*OBEDIENT[:3], "450 4.2.0 greylisted"],
        [*OBEDIENT[:3], "421 too much"],
        [*OBEDIENT[:5], "452 disk full"],
        [*OBEDIENT[:5], HANG_UP],
        [*OBEDIENT[:5], SILENCE],
        [SILENCE],
    ],
)
def test_what_fails_for_now_is_sent_later(do, smtp, work, queued, later, states, answers):
    queued()
    with scripted(*answers) as server:
        assert work(server.port, mail_timeout=0.3).sent == 0
    assert states() == {"waiting": 1}
    (trouble,) = do(outbox.troubles)
    assert (trouble.attempts, trouble.error != "") == (1, True)
    assert work(smtp.port).sent == 0  # not at once
    later(minutes=1)
    assert work(smtp.port).sent == 1


def test_a_server_that_hangs_keeps_the_worker_for_one_mail_only(do, work, queued, states):
    queued(5)
    with scripted(*OBEDIENT[:3], SILENCE) as server:
        work(server.port, mail_timeout=0.5)
        assert server.connections == 1
    assert do(outbox.condition).retrying == 1
    assert states() == {"waiting": 5}


def test_a_refused_recipient_is_final_and_the_others_arrive(do, now, smtp, work, queued, states):
    queued(3)
    with scripted(*OBEDIENT[:3], "550 5.1.1 unknown", "250 reset", *OBEDIENT[2:], *OBEDIENT[2:]) as server:
        assert work(server.port).sent == 2
    assert states() == {"sent": 2, "failed": 1}
    (trouble,) = do(outbox.troubles)
    assert trouble.error == "550 5.1.1 unknown"


def test_a_line_that_drops_after_the_message_makes_a_copy_with_the_same_id(do, smtp, work, queued, later):
    queued()
    smtp.drops = True
    assert work(smtp.port).sent == 0
    later(minutes=1)
    smtp.drops = False
    assert work(smtp.port).sent == 1
    first, second = ids(smtp)
    assert first == second


def test_an_outage_of_an_hour_costs_no_mail(do, smtp, work, queued, later, states):
    queued(8)
    port = free_port()
    for _ in range(6):
        work(port)
        later(minutes=10)
    assert states() == {"waiting": 8}
    later(minutes=30)
    with mail_server() as again:
        assert work(again.port).sent == 8
        assert len(set(ids(again))) == 8


def test_a_mail_is_given_up_after_two_days_and_seen(do, work, queued, later, states):
    queued()
    port = free_port()
    for _ in range(3):
        work(port)
        later(hours=24)
    assert states() == {"failed": 1}
    assert len(do(outbox.troubles)) == 1


def test_a_bad_certificate_pauses_the_queue_and_says_so(do, work, queued, states):
    queued(3)
    with guarded() as server:
        work(server.port, mail_server="localhost", mail_use_tls=True)
        assert server.letters == []
    condition = do(outbox.condition)
    assert "CERTIFICATE_VERIFY_FAILED" in condition.paused
    assert (condition.waiting, condition.retrying) == (3, 0)


def test_a_refused_login_pauses_the_queue_until_somebody_mends_it(do, work, queued, states):
    queued(3)
    with guarded(password="s3same") as server:
        login = {"mail_server": "localhost", "mail_use_tls": True, "mail_ca_file": str(CERTIFICATE)}
        work(server.port, **login, mail_username="portal", mail_password="wrong")
        assert do(outbox.condition).paused.startswith("535")
        assert work(server.port, **login, mail_username="portal", mail_password="s3same").sent == 0
        do(outbox.resume)
        assert work(server.port, **login, mail_username="portal", mail_password="s3same").sent == 3
    assert do(outbox.condition).paused is None


def test_a_refused_sender_pauses_the_queue(do, work, queued, states):
    queued(2)
    with scripted(*OBEDIENT[:2], "550 5.7.1 sender rejected") as server:
        work(server.port)
    assert do(outbox.condition).paused == "550 5.7.1 sender rejected"
    assert states() == {"waiting": 2}


def test_without_a_mail_server_the_queue_pauses_and_says_what_to_set(do, work, queued):
    queued()
    work(25, mail_server="")
    assert do(outbox.condition).paused == "MAIL_SERVER is not set"


def test_a_template_that_fails_parks_its_own_message(do, now, smtp, work, queued, states):
    queued()

    def nonsense():
        with transaction() as session:
            outbox.enqueue(session, [Draft("nonsense", "x", "somebody@example.com", "fr", now)], now)

    do(nonsense)
    assert work(smtp.port).sent == 1
    assert states() == {"sent": 1, "parked": 1}
    (trouble,) = do(outbox.troubles)
    assert trouble.error.startswith("TemplateNotFound")


def test_a_message_that_cannot_be_read_parks_alone(do, smtp, work, queued, states):
    queued(3)

    def spoil():
        with transaction() as session:
            session.query(OutboxMessage).order_by(OutboxMessage.id).first().payload = ["not", "a", "mapping"]

    do(spoil)
    assert work(smtp.port).sent == 2
    assert states() == {"sent": 2, "parked": 1}


def test_a_worker_asked_to_stop_ends_between_two_mails(do, now, smtp, make_app, queued, states):
    queued(5)
    with make_app(mail_server="127.0.0.1", mail_port=smtp.port).app_context():
        assert jobs.send_due(now, lambda: len(smtp.letters) >= 2) == 2
    assert states() == {"sent": 2, "waiting": 3}
    assert len(do(outbox.claim, now=now, real_now=now)) == 3  # given back, not leased


# Several workers, and workers that die


def send_all(_number, now):
    """Send what is due, as one of several workers."""
    return jobs.send_due(now)


def test_two_workers_never_send_twice(do, now, smtp, make_app, queued):
    queued(10)
    app = make_app(mail_server="127.0.0.1", mail_port=smtp.port)
    shares = crowd(app.config["SETTINGS"], 3, send_all, now=now)
    assert sum(shares) == 10
    assert len(smtp.letters) == len(set(ids(smtp))) == 10


WORKER = """
import os, sys
from portal.app import create_app
from portal.config import Settings
from portal import jobs
jobs.run(create_app(Settings.from_env(os.environ)))
"""


@pytest.fixture
def worker(creneau, tmp_path):
    """Start real workers on the test's database; all are ended with the test."""
    running = []

    def start(port):
        environ = {**creneau.environ, "MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(port)}
        child = Child(
            [sys.executable, "-c", WORKER],
            log=tmp_path / "worker.log",
            farewell=signal.SIGTERM,
            cwd=Path(__file__).parent.parent.parent,
            env=environ,
        )
        running.append(child)
        return child

    yield start
    for child in running:
        child.kill()


def test_a_worker_sends_and_ends_in_order_when_told_to(do, smtp, queued, worker):
    queued(3)
    child = worker(smtp.port)
    until(lambda: len(smtp.letters) == 3)
    until(lambda: do(outbox.condition).worker_seen is not None)
    assert child.stop() == 0


def test_a_worker_started_anew_ends_a_pause(do, smtp, work, queued, worker):
    queued(2)
    work(25, mail_server="")
    assert do(outbox.condition).paused
    child = worker(smtp.port)
    until(lambda: len(smtp.letters) == 2)
    assert do(outbox.condition).paused is None
    assert child.stop() == 0


def test_a_killed_worker_costs_at_most_one_copy_and_no_mail(do, smtp, queued, worker, later, states):
    queued(10)
    smtp.most = 3
    child = worker(smtp.port)
    until(lambda: len(smtp.letters) == 3)
    child.kill()
    smtp.most = None
    assert states()["waiting"] > 0
    second = worker(smtp.port)
    later(minutes=5)  # the dead worker's lease lapses
    until(lambda: states() == {"sent": 10})
    assert second.stop() == 0
    counted = Counter(ids(smtp))
    assert len(counted) == 10
    assert sum(counted.values()) <= 11


# The demo


def test_the_demos_mails_stay_in_a_folder(backends, tmp_path, now):
    with backends["sqlite"].build(demo=True, database_url=f"sqlite:///{tmp_path}/demo.sqlite3").app_context():
        upgrade()
        sample.docks()
        sample.booked(MONDAY, now=now)
        assert jobs.once(now).sent == 2
    assert len(Folder(tmp_path / "mailbox").listing()) == 2
