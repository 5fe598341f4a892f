"""What mails and calendar files say of services: to customers what they may know, to those who serve who comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from icalendar import Calendar

from portal.delivery.facts import Asked, Served
from portal.delivery.letters import calendar_entry, compose
from portal.domain.mail_texts import MailText
from tests.delivery.test_letters import NEXT_STEP, NOW, SETTINGS, SUMMARY, VISIT, letter, plain

SERVED = Served(
    name="Évaluation de bien",
    people=("Jean Delmas", "Léa Fontaine"),
    things=("Salle Garonne",),
    price="90 € TTC",
    instructions="Apportez le titre de propriété.\nLes clés suffisent.",
)
HOUSE = replace(VISIT, planning="Évaluation de bien", order=None, kind=None, units="", served=SERVED)


def mail(kind, locale="fr", served=SERVED, **changes):
    given = {"visit": replace(HOUSE, served=served), **changes}
    return compose(letter(kind, locale, **given), SETTINGS)


def told(served=SERVED, **changes):
    return calendar_entry(replace(HOUSE, served=served, **changes), "fr", "Dupont Logistique", SETTINGS)


@pytest.mark.parametrize("kind", ["confirmation", "change", "reassigned", "reminder"])
def test_mails_of_what_will_be_kept_say_all_of_a_service(kind):
    sent = mail(kind)
    for text in (plain(sent.text), plain(sent.html)):
        for said in (
            "Évaluation de bien",
            "Jean Delmas, Léa Fontaine",
            "Salle Garonne",
            "90 € TTC",
            "Les clés suffisent.",
        ):
            assert said in text, said


@pytest.mark.parametrize("kind", ["request_received", "cancellation", "no_show"])
def test_other_mails_leave_the_price_and_what_to_bring(kind):
    sent = mail(kind)
    assert "Évaluation de bien" in sent.text
    assert "90 €" not in sent.text + sent.html
    assert "Apportez" not in sent.text + sent.html


def test_a_service_stands_once_where_there_is_no_order_and_below_it_where_there_is():
    assert mail("confirmation").text.count("Évaluation de bien") == 1
    ordered = plain(mail("confirmation", visit=replace(VISIT, planning="Évaluation de bien", served=SERVED)).text)
    assert "Livraison de la commande CMD-1042" in ordered
    assert "Évaluation de bien, 10 palettes" in ordered


@pytest.mark.parametrize(
    ("mode", "locale", "words"),
    [("phone", "fr", "par téléphone"), ("phone", "en", "by telephone"), ("video", "en", "by video")],
)
def test_who_does_not_come_is_told_how_and_no_address(mode, locale, words):
    sent = mail("confirmation", locale, served=replace(SERVED, mode=mode))
    for text in (sent.text, sent.html):
        assert words in text
        assert "12 quai de Bacalan" not in text
        assert "openstreetmap" not in text
    assert "l’entrée du site" not in sent.text
    assert told(replace(SERVED, mode=mode)).location == ""
    assert told(replace(SERVED, mode=mode)).geo is None


@pytest.mark.parametrize(
    ("locale", "nights", "words"), [("fr", 3, "3 nuits"), ("fr", 1, "1 nuit"), ("en", 3, "3 nights")]
)
def test_nights_and_numbers_are_said(locale, nights, words):
    served = Served(name="Chambre", nights=nights, quantity=2)
    until = HOUSE.start + timedelta(days=nights) - timedelta(hours=4)
    sent = mail("confirmation", locale, visit=replace(HOUSE, planning="Chambre", end=until, served=served))
    lines = [line.split() for line in plain(sent.text).splitlines()]
    assert words.split() in [line[-2:] for line in lines]
    assert any(line[-1:] == ["2"] for line in lines)


def test_a_plain_service_says_nothing_that_it_has_not():
    sent = mail("confirmation", served=Served(name="Conseil"))
    for name in ("Avec", "Réservé", "Durée", "Quantité", "Tarif", "Avant le rendez-vous"):
        assert f"\n{name}" not in sent.text


def test_the_calendar_of_a_customer_says_the_same():
    entry = told()
    assert entry.summary.startswith("Évaluation de bien (")
    for said in ("Jean Delmas", "Salle Garonne", "90 € TTC", "Les clés suffisent."):
        assert said in entry.description
    assert entry.location == "12 quai de Bacalan, 33300 Bordeaux"


def test_own_words_may_name_the_service_who_comes_and_what_to_bring():
    own = MailText("{service} avec {staff}", "{instructions}")
    sent = mail("confirmation", own=own)
    assert sent.subject == "Évaluation de bien avec Jean Delmas, Léa Fontaine"
    assert "Apportez le titre de propriété. Les clés suffisent." in sent.text
    hidden = mail("confirmation", served=replace(SERVED, people=()), own=own)
    assert "Jean" not in hidden.subject + hidden.text


# To those who serve


@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize(
    ("change", "method"),
    [
        *((change, "REQUEST") for change in ("new", "accepted", "moved", "assigned")),
        *((change, "CANCEL") for change in ("cancelled", "removed")),
        *((change, "") for change in ("requested", "move_requested", "declined", "expired", "no_show")),
    ],
)
def test_a_notice_to_a_person_changes_their_calendar_where_it_should(locale, change, method):
    asked = Asked(until=NOW, wanted=(VISIT.start, VISIT.end))
    visit = replace(HOUSE, cancelled=change == "cancelled")
    sent = mail("staff_notice", locale, visit=visit, change=change, to="jean@example.com", asked=asked)
    assert sent.method == method
    assert VISIT.token not in sent.text + sent.html
    assert "Jeanne Laborde" in sent.text
    assert f"https://rdv.example.com/admin/appointments/{VISIT.public_id}" in sent.text
    if method:
        (event,) = Calendar.from_ical(sent.calendar).walk("VEVENT")
        assert event["SUMMARY"] == "Évaluation de bien: Jeanne Laborde"
        assert event["ATTENDEE"] == "mailto:jean@example.com"
        assert event["STATUS"] == ("CANCELLED" if method == "CANCEL" else "CONFIRMED")
        assert VISIT.token not in str(event["DESCRIPTION"]) + str(event["URL"])


def test_only_who_is_asked_finds_the_button():
    asked = Asked(until=NOW, token="ToKeN-of-the-person")
    mine = mail("staff_notice", change="requested", asked=asked)
    assert "https://rdv.example.com/v/ToKeN-of-the-person" in mine.text
    assert mine.subject.startswith("Demande à traiter")
    other = mail("staff_notice", change="requested", asked=replace(asked, token=""))
    assert "/v/" not in other.text + other.html
    assert other.subject.startswith("Demande reçue")
    assert "La réponse est attendue d’autres personnes" in plain(other.text)


def test_a_request_that_is_given_to_somebody_is_to_be_answered_and_in_no_calendar_yet():
    sent = mail("staff_notice", change="assigned", asked=Asked(until=NOW, token="ToKeN-of-the-person"))
    assert sent.subject.startswith("Un rendez-vous pour vous")
    assert "/v/ToKeN-of-the-person" in sent.text
    assert sent.calendar is None


def test_the_day_of_a_site_names_who_serves_and_who_is_asked_to_answer():
    mine, theirs = Asked(until=NOW, token="ToKeN-of-the-site"), Asked(until=NOW, people=("Léa Fontaine", "Jean Delmas"))
    day = replace(SUMMARY, visits=(HOUSE,), more=0, requests=((HOUSE, mine), (HOUSE, theirs)))
    sent = mail("site_summary", summary=day)
    for text in (plain(sent.text), plain(sent.html)):
        assert text.count("Jean Delmas, Léa Fontaine") == 3
        assert text.count("Salle Garonne") == 3
        assert "https://rdv.example.com/v/ToKeN-of-the-site?lang=fr" in text
        assert text.count("https://rdv.example.com/v/") == 1
        assert f"https://rdv.example.com/admin/appointments/{HOUSE.public_id}?lang=fr" in text
        assert "réponse de Léa Fontaine, Jean Delmas" in text


@pytest.mark.parametrize("kind", ["continuation", "confirm_address"])
def test_a_slot_to_go_on_with_says_with_whom(kind):
    sent = mail(kind, visit=None, step=replace(NEXT_STEP, people=("Jean Delmas", "Léa Fontaine")))
    for text in (plain(sent.text), plain(sent.html)):
        assert "Jean Delmas, Léa Fontaine" in text


@pytest.mark.parametrize("kind", ["find", "earlier_slot"])
def test_lists_and_offers_say_with_whom(kind):
    sent = mail(kind, visits=(HOUSE,))
    for text in (plain(sent.text), plain(sent.html)):
        assert "Jean Delmas, Léa Fontaine" in text
