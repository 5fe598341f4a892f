"""The company's own words of mails: saved, kept by revision, said when a mail is read, tried by the staff."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.domain.mail_texts import OURS, MailText
from portal.extensions import reading, transaction
from portal.models import Appointment, Audit, OutboxMessage
from portal.models import MailText as Row
from portal.operations import appointments, erasure, letters, mail_texts, organisation, outbox
from portal.operations.actors import GUEST
from portal.operations.wishes import Move
from tests import sample
from tests.operations.test_audit_log import CLAIRE
from tests.sample import paris

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
MONDAY = "2026-12-07 08:00"
OWN = MailText("Rendez-vous {day}", "Bonjour,\n\nà {time} à {site}.")
OTHER = MailText("Autre objet")


@pytest.fixture
def docks(do):
    do(sample.docks)


@pytest.fixture
def save(do, now):
    """Save words as a page does that shows what is there."""

    def saved(text=OWN, name="confirmation", locale="fr", seen=None):
        shown = mail_texts.seal(do(mail_texts.one, name, locale)) if seen is None else seen
        do(mail_texts.save, name, locale, shown, text, now=now, by=CLAIRE)

    return saved


@pytest.fixture
def said(do, now):
    """Claim all that may leave and give the words of each mail, by kind (and change)."""

    def take(at=now):
        messages = do(outbox.claim, now=at, real_now=REAL)
        readings = do(letters.read, messages, now=at)
        return {
            str(message.payload.get("change", message.kind)): one.own
            for message, one in zip(messages, readings, strict=True)
            if isinstance(one, letters.Content)
        }

    return take


def rows(table):
    with reading() as session:
        return session.query(table).count()


# Saving


def test_mails_say_the_companys_words_in_their_language(do, docks, now, save, said):
    save(OWN)
    save(OTHER, "site_notice.new")
    do(sample.booked, MONDAY, now=now)
    assert said() == {"confirmation": OWN, "new": OTHER}


def test_other_languages_and_other_mails_keep_ours(do, docks, now, save, said):
    save(OWN, locale="en")
    save(OWN, "site_notice.moved")
    do(sample.booked, MONDAY, now=now)
    assert said() == {"confirmation": OURS, "new": OURS}


def test_a_change_is_said_by_the_next_mail(do, docks, now, save, said):
    save(OWN)
    booked = do(sample.booked, MONDAY, now=now)
    assert said()["confirmation"] == OWN
    save(OTHER, "change")
    do(appointments.move, Move(booked.public_id, paris("2026-12-07 10:00"), GUEST), now=now)
    assert said()["change"] == OTHER


def test_empty_words_put_ours_back(do, docks, save):
    save(OWN)
    save(OURS)
    assert do(mail_texts.one, "confirmation", "fr") == OURS
    assert do(rows, Row) == 0


def test_the_same_words_again_change_nothing(do, docks, save):
    save(OWN)
    before = do(organisation.card).revision
    save(OWN)
    assert do(organisation.card).revision == before
    assert do(rows, Audit) == 1


def test_words_can_be_saved_before_there_is_a_company(do, save):
    save(OWN)
    assert do(mail_texts.one, "confirmation", "fr") == OWN


def test_words_that_somebody_else_changed_meanwhile_are_not_overwritten(do, docks, save):
    seen = mail_texts.seal(OURS)
    save(OWN, seen=seen)
    with pytest.raises(StateChanged):
        save(OTHER, seen=seen)
    assert do(mail_texts.one, "confirmation", "fr") == OWN


@pytest.mark.parametrize("text", [MailText("{name}"), MailText("a\nBcc: x@example.com"), MailText(opening="{day")])
def test_words_that_cannot_be_used_are_not_saved(do, docks, save, text):
    with pytest.raises(Invalid):
        save(text)
    assert do(rows, Row) == 0


@pytest.mark.parametrize(("name", "locale"), [("password_reset", "fr"), ("confirmation", "de"), ("site_notice", "fr")])
def test_other_mails_and_languages_are_not_there(save, name, locale):
    with pytest.raises(NotFound):
        save(OWN, name, locale)


def test_the_audit_log_keeps_what_was_said_before(do, docks, save):
    save(OWN)
    save(OTHER)
    save(OURS)

    def lines():
        with reading() as session:
            found = session.query(Audit).order_by(Audit.id)
            return [(row.action, row.kind, row.key, row.before["subject"], row.after["subject"]) for row in found]

    assert do(lines) == [
        ("changed", "mail_text", "confirmation.fr", "", OWN.subject),
        ("changed", "mail_text", "confirmation.fr", OWN.subject, OTHER.subject),
        ("removed", "mail_text", "confirmation.fr", OTHER.subject, ""),
    ]


def test_words_that_somebody_wrote_into_the_table_are_seen_to_be_wrong(do, docks):
    assert mail_texts.usable("confirmation", OWN)
    assert not mail_texts.usable("confirmation", MailText("{name}"))
    assert not mail_texts.usable("nothing", OWN)


def test_reading_the_words_costs_nothing_for_each_mail(do, docks, now, save, statements):
    save(OWN)
    for number in range(3):
        do(sample.booked, MONDAY, now=now, number=number)
    messages = do(outbox.claim, now=now, real_now=REAL)
    do(letters.read, messages, now=now)
    with statements(at_most=3):
        assert {one.own for one in do(letters.read, messages, now=now)} == {OWN, OURS}


# Trying


def tried(do, now):
    messages = [one for one in do(outbox.claim, now=now, real_now=REAL) if one.kind == "mail_test"]
    return messages, do(letters.read, messages, now=now)


def test_a_test_goes_to_the_one_who_asks_with_the_words_that_were_typed(do, docks, now):
    booked = do(sample.booked, MONDAY, now=now)
    do(mail_texts.send_test, "site_notice.new", "en", OWN, booked.public_id, to="claire@example.com", now=now)
    (message,), (content,) = tried(do, now)
    assert (message.recipient, message.locale) == ("claire@example.com", "en")
    assert (content.trial.kind, content.trial.change, content.own) == ("site_notice", "new", OWN)
    assert content.visit.public_id == booked.public_id


def test_a_test_needs_no_appointment_and_survives_its_erasure(do, docks, now):
    booked = do(sample.booked, MONDAY, now=now)
    do(mail_texts.send_test, "confirmation", "fr", OWN, None, to="claire@example.com", now=now)
    do(mail_texts.send_test, "confirmation", "fr", OWN, booked.public_id, to="claire@example.com", now=now)

    def forget():
        with transaction() as session:
            ids = [row.id for row in session.query(Appointment)]
            erasure.anonymise(session, ids, now)

    do(forget)
    _messages, contents = tried(do, now)
    assert [content.visit.name if content.visit else None for content in contents] == [None, ""]


def test_a_double_click_sends_one_test(do, docks, now):
    for at in (now, now + timedelta(seconds=1), now + timedelta(minutes=1)):
        do(mail_texts.send_test, "confirmation", "fr", OWN, None, to="claire@example.com", now=at)
    assert do(rows, OutboxMessage) == 2


def test_a_test_with_words_that_cannot_be_used_is_not_sent(do, docks, now):
    with pytest.raises(Invalid):
        do(mail_texts.send_test, "confirmation", "fr", MailText("{name}"), None, to="claire@example.com", now=now)
    assert do(rows, OutboxMessage) == 0


def test_a_test_makes_no_mail_of_the_appointment_stale(do, docks, now, said):
    booked = do(sample.booked, MONDAY, now=now)
    do(mail_texts.send_test, "cancellation", "fr", OWN, booked.public_id, to="claire@example.com", now=now)
    assert {"confirmation", "new"} <= set(said())


def test_the_appointments_that_were_made_last_are_offered_to_try_words_on(do, docks, now, statements):
    made = [do(sample.booked, MONDAY, now=now, number=number) for number in range(3)]
    with statements(at_most=1):
        found = do(mail_texts.samples)
    assert [card.public_id for card in found] == [booked.public_id for booked in reversed(made)]


def test_an_appointment_that_is_gone_is_no_sample(do, docks):
    assert do(mail_texts.sample, "0" * 32) is None


def test_words_are_named_by_their_content():
    assert mail_texts.seal(OWN) == mail_texts.seal(replace(OWN)) != mail_texts.seal(OTHER)
