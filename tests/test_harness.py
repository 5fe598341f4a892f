"""The tests' own tools do what they promise: a harness that cannot fail proves nothing."""

from __future__ import annotations

import smtplib
import socket
from datetime import timedelta
from email.message import EmailMessage

import pytest
import pytest_socket
from sqlalchemy import func, select

from portal import clock as portal_clock
from portal.domain.errors import SlotTaken
from portal.extensions import reading, transaction
from portal.models import Ledger
from tests.mailbox import mail_server
from tests.postgres import server
from tests.spreading import left_out


def take(*keys):
    with transaction(keys) as session:
        return dict(session.ledger)


def rows():
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Ledger))


def sequence(_number):
    with transaction(["shared"]) as session:
        return session.ledger["shared"]


def refuse(_number):
    raise SlotTaken


def fail(number):
    raise RuntimeError(f"{number} is broken")


@pytest.mark.on_both
@pytest.mark.parametrize("_time", [1, 2])
def test_every_test_begins_with_empty_tables(do, _time):
    assert do(rows) == 0
    do(take, "left behind")


def test_statements_are_counted_without_the_bookkeeping(do, statements):
    with statements() as seen:
        do(take, "a", "b")
    assert len(seen) == 1


def test_too_many_statements_are_listed(do, statements):
    with pytest.raises(AssertionError, match=r"(?s)1 statements where 0 are allowed.*ledger"), statements(at_most=0):
        do(rows)


def test_a_write_where_none_belongs_fails(do, no_writes):
    with pytest.raises(AssertionError, match="a write where none belongs"), no_writes():
        do(take, "a")


def test_reading_is_no_write(do, no_writes):
    with no_writes():
        do(rows)


def test_processes_share_the_database_and_nothing_else(processes):
    assert sorted(processes(4, sequence)) == [1, 2, 3, 4]


def test_a_refusal_in_a_process_is_its_status(processes):
    assert processes(2, refuse) == [409, 409]


def test_an_error_in_a_process_fails_the_test(processes):
    with pytest.raises(AssertionError, match="is broken"):
        processes(2, fail)


def test_the_client_is_kept_out_of_application_contexts(app, client):
    with app.app_context(), pytest.raises(AssertionError, match="never call the test client"):
        client.get("/healthz")


def test_the_clock_stands_still_until_it_is_moved(app, clock, do, now):
    assert do(portal_clock.now) == now
    clock.ahead(hours=2)
    assert do(portal_clock.now) == now + timedelta(hours=2)


@pytest.mark.filterwarnings("ignore:A test tried to use:UserWarning")
def test_nothing_reaches_the_network():
    with pytest.raises(pytest_socket.SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_a_durable_server_keeps_its_commits_when_it_is_killed():
    with server(durable=True) as running:
        with running.connect() as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        running.kill()
        running.start()
        with running.connect() as connection:
            assert connection.execute("SELECT one FROM kept").fetchall() == [(1,)]


def letter():
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Bonjour"
    message.set_content("…")
    return message


def test_the_mail_server_keeps_what_it_is_sent(smtp):
    with smtplib.SMTP("127.0.0.1", smtp.port) as line:
        line.send_message(letter())
    assert smtp.subjects == ["Bonjour"]
    assert smtp.letters[0].to == ("b@example.com",)


def test_the_mail_server_refuses_as_it_is_told():
    with mail_server() as smtp, smtplib.SMTP("127.0.0.1", smtp.port) as line:
        smtp.on_data = "450 Later"
        with pytest.raises(smtplib.SMTPDataError):
            line.send_message(letter())
    assert smtp.letters == []


def test_the_mail_server_can_keep_a_message_and_lose_the_line():
    with mail_server() as smtp:
        smtp.drops = True
        line = smtplib.SMTP("127.0.0.1", smtp.port)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            line.send_message(letter())
        line.close()
    assert len(smtp.letters) == 1


def test_the_cases_of_a_test_take_turns_and_one_that_is_alone_runs():
    both = {"sqlite", "postgresql"}
    cases = {case: {database: (case, database) for database in both} for case in ("a", "b", "c")}
    cases["asked for on one"] = {"sqlite": ("asked for on one", "sqlite")}
    assert left_out(cases) == [("a", "sqlite"), ("b", "postgresql"), ("c", "sqlite")]
