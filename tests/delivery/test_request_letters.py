"""The mails about requests, and about moves that wait for an answer: what they say, and what they must not carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from portal.delivery.facts import Asked
from tests.delivery.test_letters import VISIT, Links, mail, plain

UNTIL = datetime(2026, 4, 12, 12, tzinfo=UTC)
WANTED = (datetime(2026, 4, 17, 7, 30, tzinfo=UTC), datetime(2026, 4, 17, 8, 30, tzinfo=UTC))
CUSTOMERS = {
    "request_received": Asked(until=UNTIL),
    "declined": Asked(reason="Le quai est en travaux.\nVenez lundi."),
    "expired": Asked(),
    "move_received": Asked(until=UNTIL, wanted=WANTED),
    "move_declined": Asked(wanted=WANTED, reason="Le quai est en travaux.\nVenez lundi."),
    "move_expired": Asked(wanted=WANTED),
}
SITES = {
    "requested": Asked(until=UNTIL, token="ToKeN-of-the-answer"),
    "move_requested": Asked(until=UNTIL, wanted=WANTED, token="ToKeN-of-the-answer"),
    "accepted": Asked(),
    "declined": Asked(reason="Le quai est en travaux."),
    "move_declined": Asked(wanted=WANTED),
    "expired": Asked(),
    "move_expired": Asked(wanted=WANTED),
}


def told(kind: str, locale: str = "fr", **changes):
    return mail(kind, locale, visit=VISIT, asked=CUSTOMERS[kind], **changes)


def notice(change: str, locale: str = "fr"):
    return mail("site_notice", locale, visit=VISIT, change=change, asked=SITES[change])


@pytest.mark.parametrize(
    ("kind", "locale", "subject"),
    [
        ("request_received", "fr", "Demande reçue : jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("request_received", "en", "Request received: Thursday 16 April 2026 at 9:30 (CMD-1042)"),
        ("declined", "fr", "Demande refusée : jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("expired", "fr", "Demande restée sans réponse : jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("move_received", "fr", "Déplacement demandé : vendredi 17 avril 2026 à 9 h 30 (CMD-1042)"),
        ("move_received", "en", "Move asked for: Friday 17 April 2026 at 9:30 (CMD-1042)"),
        (
            "move_declined",
            "fr",
            "Déplacement refusé : votre rendez-vous reste fixé au jeudi 16 avril 2026 à 9 h 30 (CMD-1042)",
        ),
        (
            "move_expired",
            "en",
            "Move without an answer: your appointment stays on Thursday 16 April 2026 at 9:30 (CMD-1042)",
        ),
    ],
)
def test_the_subject_says_all_in_one_line(kind, locale, subject):
    assert plain(told(kind, locale).subject) == subject


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        ("requested", "Demande à traiter : jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("move_requested", "Déplacement à traiter : vendredi 17 avril 2026 à 9 h 30 (CMD-1042)"),
        ("accepted", "Demande acceptée : jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("declined", "Demande refusée : jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("move_declined", "Déplacement refusé : rendez-vous maintenu, jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        ("expired", "Demande expirée : jeudi 16 avril 2026 à 9 h 30 (CMD-1042)"),
        (
            "move_expired",
            "Déplacement resté sans réponse : rendez-vous maintenu, jeudi 16 avril 2026 à 9 h 30 (CMD-1042)",
        ),
    ],
)
def test_the_subject_to_the_site_says_what_is_to_be_done(change, subject):
    assert plain(notice(change).subject) == subject


@pytest.mark.parametrize("kind", CUSTOMERS)
@pytest.mark.parametrize("locale", ["fr", "en"])
def test_a_mail_about_a_request_carries_no_calendar_file(kind, locale):
    written = told(kind, locale)
    assert (written.calendar, written.method) == (None, "")
    assert "invite.ics" not in written.text + written.html


@pytest.mark.parametrize("kind", ["request_received", "declined", "expired"])
def test_a_request_opens_no_gate(kind):
    written = told(kind)
    assert VISIT.reference in written.text
    assert "À donner à l’entrée du site." not in written.text + written.html


def test_a_request_says_that_it_is_not_confirmed_and_until_when_it_is_answered():
    text = plain(told("request_received").text)
    assert "Ce rendez-vous n’est pas encore confirmé" in text
    assert "le dimanche 12 avril 2026 à 14 h au plus tard" in text


def test_a_request_may_be_moved_and_withdrawn_from_its_mail():
    opened = Links(told("request_received").html).opened
    assert [url.split("/")[-1] for url in opened if "/a/" in url] == [
        "ToKeN-of-the-visit?lang=fr",
        "reschedule?lang=fr",
        "cancel?lang=fr",
    ]


@pytest.mark.parametrize("kind", ["declined", "move_declined"])
def test_a_refusal_says_its_reason_line_by_line(kind):
    written = told(kind)
    assert "Motif donné" in written.text
    assert "Le quai est en travaux.\nVenez lundi." in written.text
    assert "<p>Venez lundi.</p>" in written.html.replace(' style="margin: 14px 0 0;"', "")


def test_a_refusal_without_a_reason_says_nothing_of_one():
    assert "Motif" not in mail("declined", "fr", visit=VISIT).text


@pytest.mark.parametrize("kind", ["declined", "expired"])
def test_another_time_is_one_press_away_where_the_link_still_books(kind):
    assert any("/b/ToKeN-of-the-link" in url for url in Links(told(kind, book_token="ToKeN-of-the-link").html).opened)
    assert "/b/" not in told(kind).html


@pytest.mark.parametrize("kind", ["move_received", "move_declined", "move_expired"])
def test_a_move_says_the_time_that_stays_and_the_one_asked_for(kind):
    text = plain(told(kind).text)
    assert "Jeudi 16 avril 2026\nde 9 h 30 à 10 h 30" in text
    assert "Demandé     vendredi 17 avril 2026, de 9 h 30 à 10 h 30" in text


@pytest.mark.parametrize("change", ["requested", "move_requested"])
@pytest.mark.parametrize("locale", ["fr", "en"])
def test_the_main_button_of_the_site_answers(change, locale):
    written = notice(change, locale)
    first = next(url for url in Links(written.html).opened if "openstreetmap" not in url)
    assert first == f"https://rdv.example.com/v/ToKeN-of-the-answer?lang={locale}"
    assert first in written.text


def test_the_site_reads_until_when_to_answer():
    assert "avant le dimanche 12 avril 2026 à 14 h" in plain(notice("requested").text)


@pytest.mark.parametrize("change", sorted(set(SITES) - {"requested", "move_requested"}))
def test_what_is_answered_has_no_link_to_answer_it(change):
    assert "/v/" not in notice(change).html + notice(change).text


def test_what_a_visitor_typed_reaches_the_site_alone():
    assert VISIT.comment in notice("requested").text
    for kind in CUSTOMERS:
        assert VISIT.comment not in told(kind).text
        assert VISIT.name not in told(kind).text


def test_a_withdrawn_request_takes_nothing_out_of_a_calendar():
    gone = replace(VISIT, cancelled=True)
    written = mail("cancellation", "fr", visit=gone, by="customer", asked=Asked(unconfirmed=True))
    assert (written.calendar, written.method) == (None, "")
    assert plain(written.subject).startswith("Demande annulée : ")
    assert "Vous avez retiré cette demande." in written.text
    assert "agenda" not in written.text + written.html


def test_the_site_reads_of_a_withdrawn_request_that_it_was_one():
    gone = replace(VISIT, cancelled=True)
    written = mail("site_notice", "en", visit=gone, change="cancelled", asked=Asked(unconfirmed=True))
    assert written.subject.startswith("Request cancelled: ")


@pytest.mark.parametrize("kind", CUSTOMERS)
@pytest.mark.parametrize("locale", ["fr", "en"])
def test_nothing_is_loaded_from_anywhere(kind, locale):
    assert Links(told(kind, locale).html).loaded == []
