import smtplib
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from portal.config import Settings
from portal.delivery import clean, mime
from portal.delivery.mail import BadAddress, Mail, address, message_id, written
from portal.delivery.smtp import Letter, Line, Postman, failure_of
from portal.domain.retry import Failure
from tests.children import free_port
from tests.delivery.sinks import CERTIFICATE, HANG_UP, OBEDIENT, SILENCE, guarded, scripted

SETTINGS = Settings(
    database_url="sqlite://",
    secret_key="k" * 32,
    link_keys=("l" * 32,),
    public_url="https://rdv.example.com",
    mail_server="127.0.0.1",
    mail_sender="Créneau <no-reply@example.com>",
    mail_timeout=5,
)
MAIL = Mail(
    to="achats@example.com",
    subject="Rendez-vous confirmé\u00a0: jeudi 16 avril à 9\u00a0h\u00a030",
    text="Bonjour,\nà jeudi.\n",
    html="<p>À jeudi.</p>",
    message_id="<outbox.1@rdv.example.com>",
    date=datetime(2026, 4, 1, 12, tzinfo=UTC),
    sender_name="Dupont Logistique",
    reply_to="bordeaux@example.com",
    calendar=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
    method="REQUEST",
)
anything = st.text(st.characters())


@pytest.fixture(autouse=True)
def in_an_application() -> Iterator[None]:
    """Flask-Mail announces what it sends to the application in force."""
    with Flask(__name__).app_context():
        yield


def at(port: int, **changes: object) -> Settings:
    return replace(SETTINGS, mail_port=port, **changes)


def sent(port: int, mail: Mail = MAIL, **changes: object):
    """Deliver one mail and give the refusal, or None."""
    with Postman(at(port, **changes)) as postman:
        return postman.deliver(mail)


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def text_of(message: EmailMessage) -> str:
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


# What is written


def test_a_mail_has_text_then_html_then_calendar_and_the_file():
    message = read(written(MAIL, SETTINGS.mail_sender))
    types = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
    assert types == ["text/plain", "text/html", "text/calendar", "application/ics"]
    assert [part.get_content_type() for part in message.walk()][:2] == ["multipart/mixed", "multipart/alternative"]


def test_a_mail_without_calendar_is_a_plain_alternative():
    message = read(written(replace(MAIL, calendar=None), SETTINGS.mail_sender))
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_the_headers_say_who_whom_and_that_a_machine_wrote():
    message = read(written(MAIL, SETTINGS.mail_sender))
    assert message["From"] == "Dupont Logistique <no-reply@example.com>"
    assert message["To"] == "achats@example.com"
    assert message["Reply-To"] == "bordeaux@example.com"
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == "<outbox.1@rdv.example.com>"
    assert message["Date"] == "Wed, 01 Apr 2026 12:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_calendar_says_its_method_and_comes_back_byte_for_byte():
    *_, inline, attached = read(written(MAIL, SETTINGS.mail_sender)).walk()
    assert inline.get_param("method") == "REQUEST"
    assert inline.get_payload(decode=True) == attached.get_payload(decode=True) == MAIL.calendar
    assert attached.get_filename() == "invite.ics"


def test_no_line_is_longer_than_smtp_allows_and_all_is_ascii():
    raw = written(replace(MAIL, html="é" * 5000, subject="é" * 500), SETTINGS.mail_sender)
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78


def test_a_retry_writes_the_same_bytes():
    assert written(MAIL, SETTINGS.mail_sender) == written(MAIL, SETTINGS.mail_sender)


@given(subject=anything, name=anything, text=anything, html=anything, calendar=anything)
def test_no_text_adds_a_header_or_a_part(subject, name, text, html, calendar):
    file = clean.lines(calendar).replace("\n", "\r\n").encode()
    mail = replace(
        MAIL, subject=clean.line(subject), sender_name=name, text=text, html=html, calendar=file, reply_to=name
    )
    message = read(written(mail, SETTINGS.mail_sender))
    plain = read(written(MAIL, SETTINGS.mail_sender))
    assert set(message.keys()) <= set(plain.keys())
    assert len(list(message.walk())) == len(list(plain.walk()))
    assert message["Subject"] == clean.line(subject)
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n").rstrip("\n") == clean.lines(text).rstrip(
        "\n"
    )


@given(anything)
def test_a_header_with_a_line_break_is_never_written(value):
    try:
        raw = mime.header("Subject", value)
    except mime.BrokenHeader:
        assert value != clean.line(value)
    else:
        assert read(raw + b"\r\n")["Subject"] == value


@given(anything)
def test_an_envelope_never_holds_two_addresses(text):
    try:
        found = address(text)
    except BadAddress:
        return
    assert found.count("@") == 1
    assert not set(" ,;<>\r\n\x00") & set(found)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a@b@c", "a@b.fr,c@d.fr", "a@b.fr\nRCPT TO:<c@d.fr>", "<a@b.fr>", "a b@c.fr", '"a"@b.fr', "élu@b.fr"],
)
def test_what_is_not_one_ascii_address_is_refused(text):
    with pytest.raises(BadAddress):
        address(text)


def test_an_international_domain_is_written_in_ascii():
    assert address("achats@société.example.com") == "achats@xn--socit-esab.example.com"


def test_the_message_id_is_of_our_host():
    assert message_id("outbox.7", "https://rdv.example.com/portail") == "<outbox.7@rdv.example.com>"


# What a server does with it


def test_a_mail_arrives_whole(smtp):
    assert sent(smtp.port) is None
    (letter,) = smtp.letters
    assert letter.to == ("achats@example.com",)
    assert letter.message["Subject"] == MAIL.subject
    assert text_of(letter.message) == MAIL.text


def test_one_connection_carries_a_batch():
    with scripted(*OBEDIENT, *OBEDIENT[2:], *OBEDIENT[2:]) as server:
        with Postman(at(server.port)) as postman:
            assert [postman.deliver(MAIL) for _ in range(3)] == [None] * 3
        assert server.connections == 1


def test_we_greet_by_the_name_people_know():
    with scripted(*OBEDIENT) as server:
        sent(server.port)
        assert server.heard[0] == "ehlo rdv.example.com"


def test_the_envelope_carries_one_bare_address_each_way():
    with scripted(*OBEDIENT) as server:
        sent(server.port)
        assert server.heard[1:3] == ["mail FROM:<no-reply@example.com>", "rcpt TO:<achats@example.com>"]


def test_two_recipients_are_never_sent_at_once():
    letter = Letter(MAIL, SETTINGS.mail_sender)
    letter.cc = ["other@example.com"]
    with pytest.raises(BadAddress):
        Line(SETTINGS).send(letter)


def test_an_address_that_smtp_cannot_carry_is_final(smtp):
    refused = sent(smtp.port, replace(MAIL, to="élu@example.com"))
    assert refused.failure is Failure.RECIPIENT_REFUSED
    assert smtp.letters == []


def test_a_broken_subject_parks_the_message_alone(smtp):
    with Postman(at(smtp.port)) as postman:
        refused = postman.deliver(replace(MAIL, subject="a\r\nBcc: all@example.com"))
        assert (refused.failure, refused.stop) == (Failure.TEMPLATE, False)
        assert postman.deliver(MAIL) is None
    assert len(smtp.letters) == 1


def test_a_refused_connection_is_temporary_and_stops():
    refused = sent(free_port())
    assert (refused.failure, refused.stop) == (Failure.TEMPORARY, True)
    assert "ConnectionRefusedError" in refused.reason


@pytest.mark.parametrize(
    ("answers", "failure", "stop"),
    [
        (["421 come back later"], Failure.TEMPORARY, True),
        (["554 no service for you"], Failure.SENDER_REFUSED, True),
        (["220 hi", "421 busy", HANG_UP], Failure.TEMPORARY, True),
        ([*OBEDIENT[:2], "451 later"], Failure.TEMPORARY, False),
        ([*OBEDIENT[:2], "550 5.7.1 sender unknown here"], Failure.SENDER_REFUSED, True),
        ([*OBEDIENT[:2], "530 5.7.0 authentication required"], Failure.SENDER_REFUSED, True),
        ([*OBEDIENT[:3], "450 4.2.0 greylisted"], Failure.TEMPORARY, False),
        ([*OBEDIENT[:3], "421 too much"], Failure.TEMPORARY, True),
        ([*OBEDIENT[:3], "550 no such user"], Failure.RECIPIENT_REFUSED, False),
        ([*OBEDIENT[:3], "550 5.1.1 no such user"], Failure.RECIPIENT_REFUSED, False),
        ([*OBEDIENT[:3], "553 5.1.3 bad address"], Failure.RECIPIENT_REFUSED, False),
        ([*OBEDIENT[:3], "550 5.4.5 daily quota exceeded"], Failure.TEMPORARY, False),
        ([*OBEDIENT[:3], "554 5.7.1 relay access denied"], Failure.TEMPORARY, False),
        ([*OBEDIENT[:5], "550 5.1.1 no such user"], Failure.RECIPIENT_REFUSED, False),
        ([*OBEDIENT[:5], "554 5.7.1 looks like spam"], Failure.TEMPORARY, False),
        ([*OBEDIENT[:5], "452 disk full"], Failure.TEMPORARY, False),
        ([*OBEDIENT[:5], HANG_UP], Failure.TEMPORARY, True),
        ([HANG_UP], Failure.TEMPORARY, True),
    ],
)
def test_every_answer_has_its_meaning(answers, failure, stop):
    with scripted(*answers) as server:
        refused = sent(server.port)
    assert (refused.failure, refused.stop) == (failure, stop)


def test_the_reason_quotes_the_server():
    with scripted(*OBEDIENT[:3], "550 5.1.1 <achats@example.com> is not known") as server:
        assert sent(server.port).reason == "550 5.1.1 <achats@example.com> is not known"


@pytest.mark.parametrize("answers", [[SILENCE], [*OBEDIENT[:3], SILENCE], [*OBEDIENT[:5], SILENCE]])
def test_a_server_that_hangs_is_left_within_the_time_out(answers):
    with scripted(*answers) as server:
        refused = sent(server.port, mail_timeout=0.3)
    assert (refused.failure, refused.stop) == (Failure.TEMPORARY, True)


def test_a_refused_recipient_leaves_the_connection_for_the_next():
    with scripted(*OBEDIENT[:3], "550 no", "250 reset", *OBEDIENT[2:]) as server:
        with Postman(at(server.port)) as postman:
            assert postman.deliver(MAIL).failure is Failure.RECIPIENT_REFUSED
            assert postman.deliver(MAIL) is None
        assert server.connections == 1


def test_a_server_that_closes_after_some_mails_is_met_again():
    with scripted(*OBEDIENT, "421 enough for one connection") as server, Postman(at(server.port)) as postman:
        assert postman.deliver(MAIL) is None
        refused = postman.deliver(MAIL)
        assert (refused.failure, refused.stop) == (Failure.TEMPORARY, False)
        assert postman.deliver(MAIL) is None


def test_a_farewell_that_is_not_heard_hides_nothing():
    with scripted(*OBEDIENT, HANG_UP) as server:
        assert sent(server.port) is None


def test_without_a_server_in_the_settings_the_queue_waits():
    refused = sent(25, mail_server="")
    assert (refused.failure, refused.reason, refused.stop) == (Failure.SENDER_REFUSED, "MAIL_SERVER is not set", True)


def test_a_sender_that_is_no_address_is_our_fault_not_the_recipients():
    assert sent(25, mail_sender="Créneau").failure is Failure.SENDER_REFUSED


# Encryption and login


def test_a_certificate_that_nobody_vouches_for_is_not_believed():
    with guarded() as server:
        refused = sent(server.port, mail_server="localhost", mail_use_tls=True)
    assert (refused.failure, refused.stop) == (Failure.SENDER_REFUSED, True)
    assert "CERTIFICATE_VERIFY_FAILED" in refused.reason
    assert server.letters == []


def test_a_certificate_that_we_were_given_is_believed():
    with guarded() as server:
        assert sent(server.port, mail_server="localhost", mail_use_tls=True, mail_ca_file=str(CERTIFICATE)) is None
    assert len(server.letters) == 1


def test_a_certificate_for_another_name_is_not_believed():
    with guarded() as server:
        refused = sent(server.port, mail_server="127.0.0.1", mail_use_tls=True, mail_ca_file=str(CERTIFICATE))
    assert refused.failure is Failure.SENDER_REFUSED


def test_a_server_without_encryption_gets_nothing_when_we_ask_for_it(smtp):
    refused = sent(smtp.port, mail_use_tls=True)
    assert (refused.failure, refused.stop) == (Failure.SENDER_REFUSED, True)
    assert smtp.letters == []


def test_a_login_opens_the_door():
    with guarded(password="s3same") as server:
        login = {"mail_username": "portal", "mail_password": "s3same", "mail_ca_file": str(CERTIFICATE)}
        assert sent(server.port, mail_server="localhost", mail_use_tls=True, **login) is None
    assert len(server.letters) == 1


def test_a_refused_login_is_about_us():
    with guarded(password="s3same") as server:
        login = {"mail_username": "portal", "mail_password": "wrong", "mail_ca_file": str(CERTIFICATE)}
        refused = sent(server.port, mail_server="localhost", mail_use_tls=True, **login)
    assert (refused.failure, refused.stop) == (Failure.SENDER_REFUSED, True)


def test_a_login_that_may_work_later_is_temporary():
    assert failure_of(smtplib.SMTPAuthenticationError(454, b"4.7.0 try later")) is Failure.TEMPORARY


def test_an_unknown_host_is_temporary():
    assert failure_of(socket.gaierror(-2, "Name or service not known")) is Failure.TEMPORARY
