"""Words of mails that the company wrote itself: filled in, harmless, and never in the way of a mail."""

from __future__ import annotations

import logging
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.delivery.letters import compose
from portal.delivery.mail import written
from portal.delivery.own_words import placeholders
from portal.domain.errors import Invalid
from portal.domain.mail_texts import KINDS, MailText, checked
from portal.web.mail_samples import Kind, _sample
from tests.delivery.test_letters import NOW, SETTINGS, VISIT, Links, anything, plain

SPOILED = MailText("Le {weather}", "Bonjour {weather}")


def letter(name="confirmation", locale="fr", visit=VISIT, **changes):
    sample = _sample(Kind.of(name), visit, locale, NOW)
    return replace(sample, organisation="Dupont Logistique", **changes)


def mail(name="confirmation", locale="fr", **changes):
    return compose(letter(name, locale, **changes), SETTINGS)


def test_facts_stand_where_they_are_named():
    own = MailText("À {time} chez {organisation}", "Rendez-vous {day}.\nRéférence {reference}\n\n{purpose}, {planning}")
    sent = mail(own=own)
    assert plain(sent.subject) == "À 9 h 30 chez Dupont Logistique"
    words = (
        "Rendez-vous jeudi 16 avril 2026.\nRéférence K7M4-4QPX\n\n"
        "Livraison de la commande CMD-1042, Quais de chargement\n"
    )
    assert words in plain(sent.text)
    assert "Rendez-vous jeudi 16 avril 2026.<br>Référence K7M4-4QPX</p>" in plain(sent.html)


def test_what_is_left_empty_is_ours():
    usual = mail()
    assert mail(own=MailText(opening="Bonjour")).subject == usual.subject
    assert mail(own=MailText(subject="Bonjour")).text == usual.text


def test_a_subject_of_which_nothing_is_left_is_ours():
    sent = mail(own=MailText(subject="{order}"), visit=replace(VISIT, order=None))
    assert sent.subject.startswith("Rendez-vous confirmé")


@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize("name", KINDS)
def test_every_mail_says_our_own_words_and_keeps_its_facts(name, locale):
    usual, own = mail(name, locale), mail(name, locale, own=MailText("Objet à nous", "Bonjour à vous,\nbienvenue."))
    assert own.subject == "Objet à nous"
    assert "Bonjour à vous,\nbienvenue.\n" in own.text
    assert "Bonjour à vous,<br>bienvenue.</p>" in own.html
    assert Links(own.html).opened == Links(usual.html).opened
    assert own.text.rpartition("-- \n")[2] == usual.text.rpartition("-- \n")[2]
    assert (own.calendar or b"").count(b"SUMMARY") == (usual.calendar or b"").count(b"SUMMARY")


@pytest.mark.parametrize("name", KINDS)
def test_every_mail_knows_the_placeholders_that_it_names(name):
    assert set(KINDS[name]) <= set(placeholders(letter(name)))


@given(
    name=st.sampled_from(list(KINDS)),
    subject=anything,
    opening=anything,
    fact=anything,
)
def test_hostile_words_and_facts_stay_words_in_one_mail_to_one_address(name, subject, opening, fact):
    place = replace(VISIT.place, name=fact, address=fact)
    visit = replace(VISIT, place=place, order=fact, planning=fact)
    said = (
        MailText(f"{subject}{{site}}", f"{opening}{{order}}") if "order" in KINDS[name] else MailText(subject, opening)
    )
    sent = mail(name, own=said, visit=visit)
    sample = Links(mail(name).html)
    assert len(sent.subject.splitlines()) == 1
    assert Links(sent.html).tags <= sample.tags | {"br"}
    assert Links(sent.html).loaded == []
    parsed = message_from_bytes(written(sent, SETTINGS.mail_sender), policy=default)
    assert [parsed.get_all(header) for header in ("Bcc", "Cc")] == [None, None]
    assert parsed.get_all("To") == ["achats@example.com"]
    assert len(parsed.get_all("Subject")) == 1


@given(subject=st.text(), opening=st.text())
def test_whatever_a_form_accepts_becomes_a_mail_without_alarm(subject, opening):
    try:
        own = checked("confirmation", MailText(subject, opening))
    except Invalid:
        return
    assert mail(own=own).subject


def test_a_mark_of_html_is_a_mark_of_text():
    sent = mail(own=MailText("<b>x</b>", '<script>alert(1)</script><a href="https://evil.example">x</a> & {site}'))
    assert sent.subject == "<b>x</b>"
    assert "&lt;script&gt;" in sent.html
    assert "evil.example" not in "".join(Links(sent.html).opened)


def test_words_that_cannot_be_used_stop_no_mail_and_alarm(caplog):
    with caplog.at_level(logging.ERROR):
        sent = mail(own=SPOILED)
    assert (sent.subject, sent.text) == (mail().subject, mail().text)
    (alarm,) = caplog.records
    assert (alarm.levelname, alarm.code) == ("ERROR", "confirmation")


def test_a_customers_name_can_stand_in_no_words(caplog):
    sent = mail(own=MailText("Bonjour {name}"), visit=replace(VISIT, name="BUY NOW"))
    assert "BUY NOW" not in sent.subject + sent.text + sent.html


@pytest.mark.parametrize(("locale", "mark"), [("fr", "Essai\u00a0: "), ("en", "Test: ")])
def test_a_test_says_so_and_leads_nowhere(locale, mark):
    usual, tried = mail(locale=locale), mail(locale=locale, test=True)
    assert tried.subject == mark + usual.subject
    assert tried.calendar is None
    assert "ToKeN" not in tried.text + tried.html
