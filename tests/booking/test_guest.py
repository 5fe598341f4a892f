"""A guest chooses a day and a time, says who comes, and has an appointment."""

from __future__ import annotations

import pytest

from portal.operations import cards, guest_calendars
from tests import sample
from tests.booking.pages import PLANNING

CHAUFFEUR = {"email": "chauffeur@example.com", "name": "Camille Roy"}


def test_the_first_page_lists_what_guests_may_book(portal, docks):
    page = portal.open("/?lang=fr")
    assert "Bordeaux" in page.text
    assert page.link("Planning quais").startswith(PLANNING)


def test_without_anything_to_book_the_first_page_shows_the_way_to_ones_links(portal, do):
    do(sample.site)
    assert portal.open("/?lang=fr").link("Retrouver mes rendez-vous")


def test_one_planning_is_not_asked_for(portal, docks):
    answer = portal.open("/book/bordeaux?lang=fr&name=Roy")
    assert answer.response.headers["Location"] == f"{PLANNING}?lang=fr&name=Roy"


def test_several_plannings_are_asked_for(portal, docks, do):
    do(sample.planning, key="comptoir")
    assert "Pour quoi prenez-vous rendez-vous" in portal.open("/book/bordeaux?lang=fr").text


def test_a_planning_without_guests_is_nowhere(portal, do):
    do(sample.docks, guests=False)
    assert portal.open(PLANNING).status == 404
    assert portal.open("/book/bordeaux").status == 404


@pytest.mark.on_both
@pytest.mark.parametrize("url", ["/book/nowhere", "/book/%00", "/book/bordeaux/planning/%27", "/book/%F0%9F%98%80"])
def test_an_unknown_place_is_a_page_in_words(portal, docks, url):
    assert portal.open(url).status == 404


def test_the_first_free_day_is_chosen_and_the_first_slot_is_linked(portal, docks):
    page = portal.open(f"{PLANNING}?lang=fr")
    assert [link.name for link in page.links if link.current] == [
        "mardi 1er décembre, 12 créneaux libres (aujourd’hui)"
    ]
    assert "start=2026-12-01T09:00:00" in page.link("mardi 1er décembre à 9")


def test_search_engines_are_told_what_a_page_that_they_may_list_is_for(client, docks):
    told = '<meta name="description" content="Choisir un créneau – Planning quais, Bordeaux'
    assert told in client.get(f"{PLANNING}?lang=fr").text
    assert 'content="Choisissez un lieu.' in client.get("/?lang=fr").text


def test_only_free_days_are_links_that_say_how_many(portal, docks, do, now):
    do(sample.booked, "2026-12-02 08:00", now=now)
    page = portal.open(f"{PLANNING}?lang=fr&month=2026-12")
    days = page.named("day=")
    assert len(days) == 23
    assert "mercredi 2 décembre, 14 créneaux libres" in days
    assert not [name for name in days if name.startswith(("samedi", "dimanche"))]


def test_slots_say_how_many_places_are_left(portal, docks, do, now):
    for number in range(5):
        do(sample.booked, "2026-12-08 08:00", now=now, number=number)
    page = portal.open(f"{PLANNING}?lang=fr&day=2026-12-08")
    assert "8 h dernière place" in page.text
    assert "9 h 6 places" in page.text
    assert "Heure de Paris (UTC+1) · 1 heure sur place" in page.text


def test_a_full_hour_is_named(portal, docks, do, now):
    for number in range(6):
        do(sample.booked, "2026-12-08 08:30", now=now, number=number)
    assert "Complet ce jour-là : 8 h, 8 h 30, 9 h." in portal.open(f"{PLANNING}?lang=fr&day=2026-12-08").text


def test_a_closed_day_says_why_and_what_comes_next(portal, do):
    do(sample.site, closures=[(sample.paris("2026-12-08 00:00").date(), sample.paris("2026-12-09 12:00").date())])
    do(sample.planning)
    page = portal.open(f"{PLANNING}?lang=fr&day=2026-12-08")
    assert "Fermé : Pont." in page.text
    assert "Prochain créneau libre : jeudi 10 décembre à 8 h" in page.text


def test_an_empty_month_says_when_the_next_slot_is_and_whom_to_call(portal, do):
    do(sample.docks, policy={"min_notice": "40d"})
    page = portal.open(f"{PLANNING}?lang=fr&month=2026-12")
    assert "Aucun créneau n’est libre en décembre 2026." in page.text
    assert "Prochain créneau libre : lundi 11 janvier à 8 h" in page.text
    assert "05 56 00 10 42" in page.text


def test_nothing_free_at_all_is_said_too(portal, do):
    do(sample.docks, week={})
    page = portal.open(f"{PLANNING}?lang=fr")
    assert "Aucun créneau n’est libre pour le moment." in page.text


@pytest.mark.on_both
@pytest.mark.parametrize(
    "query",
    ["day=2026-02-30", "day=x", "month=2026-13", "month=0000-00", "month=9999-12", "day=0001-01-01", "month=1999-01",
     "tz=Mars/Olympus", "tz=../etc", "day=2026-12-08&month=2027-01", "start=x", "planning=%00", "lang=xx", "name=%00"],
)  # fmt: skip
def test_an_address_typed_wrong_still_shows_free_days(portal, docks, query):
    assert portal.open(f"{PLANNING}?{query}").status == 200


@pytest.mark.parametrize("start", ["", "x", "2026-12-08T08:30", "9999-12-31T23:59:59-23:00"])
def test_a_form_without_a_readable_start_goes_back_to_the_days(portal, docks, start):
    answer = portal.open(f"{PLANNING}/details?start={start}")
    assert answer.response.headers["Location"].startswith(PLANNING)


def test_another_zone_is_shown_on_another_line(portal, docks):
    page = portal.open(f"{PLANNING}?lang=fr&day=2026-12-08&tz=America/Halifax")
    assert "8 h 6 places 3 h" in page.text
    assert "heure de Halifax (UTC−4)" in page.text
    assert "tz=America/Halifax" in page.slot("8 h")


def test_what_the_address_knows_is_filled_in(portal, docks):
    page = portal.open(f"{PLANNING}?lang=fr&email=camille@example.com&name=Camille&phone=0556001042")
    step = portal.open(page.link("mardi 1er décembre à 9"))
    assert {step.form.values[name] for name in ("email", "name", "phone")} == {
        "camille@example.com",
        "Camille",
        "0556001042",
    }


def test_a_guest_books_and_sees_the_confirmation(portal, form, do):
    page = portal.follow(form.send(**CHAUFFEUR))
    assert "Rendez-vous confirmé" in page.title
    assert "Mardi 8 décembre 2026 de 8 h 30 à 9 h 30" in page.text
    card = do(cards.by_token, page.response.request.path.split("/")[2])
    assert (card.email, card.name, card.locale, card.source) == ("chauffeur@example.com", "Camille Roy", "fr", "guest")


def test_the_language_travels_to_the_confirmation(portal, docks):
    form = portal.open(f"{PLANNING}/details?start=2026-12-08T08:30:00%2B01:00&lang=en")
    assert "Your details" in form.title
    answer = form.send(**CHAUFFEUR)
    assert answer.response.headers["Location"].endswith("?lang=en")
    assert "Appointment confirmed" in portal.follow(answer).title


def test_sending_twice_gives_one_booking_and_the_same_page(portal, form, do, now):
    first, second = form.send(**CHAUFFEUR), form.send(**CHAUFFEUR)
    assert first.response.headers["Location"] == second.response.headers["Location"]
    day = do(guest_calendars.day, "bordeaux", "quais", sample.paris("2026-12-08 12:00").date(), now=now)
    assert next(slot for slot in day.slots if slot.start == sample.paris("2026-12-08 08:30")).places == 5


def test_the_same_form_with_other_details_is_not_a_second_booking(form):
    form.send(**CHAUFFEUR)
    page = form.send(**{**CHAUFFEUR, "name": "Dominique"})
    assert page.status == 422
    assert "déjà été envoyée" in page.text
    assert page.form.values["name"] == "Dominique"


def test_what_is_wrong_is_said_on_top_and_nothing_typed_is_lost(form):
    page = form.send(email="camille@", name="", phone="05 56", comment="Deux\r\ncamions")
    assert page.status == 422
    assert page.title.startswith("Erreur")
    assert "Il y a 2 points à corriger" in page.text
    assert [link.url for link in page.links if link.url.startswith("#")] == ["#main", "#email", "#name"]
    assert (page.form.values["phone"], page.form.values["email"]) == ("05 56", "camille@")
    assert page.form.values["comment"].split() == ["Deux", "camions"]


@pytest.mark.on_both
@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "x" * 300 + "@example.com"},
        {"name": "\x00"},
        {"name": "a\nb"},
        {"comment": "x" * 2001},
        {"phone": "\x07"},
    ],
)
def test_what_no_person_types_is_refused_in_words(form, wrong):
    assert form.send(**{**CHAUFFEUR, **wrong}).status == 422


def test_a_lost_slot_offers_the_three_nearest_and_keeps_the_details(portal, form, do, now):
    for number in range(6):
        do(sample.booked, "2026-12-08 08:30", now=now, number=number)
    page = form.send(**CHAUFFEUR, comment="Hayon")
    assert page.status == 409
    assert page.title.startswith("Erreur")
    assert page.source.count('type="radio"') == 3
    assert (page.form.values["name"], page.form.values["comment"]) == ("Camille Roy", "Hayon")
    assert "Rendez-vous confirmé" in portal.follow(page.send()).title


def test_a_start_that_is_not_offered_says_why_before_anything_is_typed(portal, docks):
    page = portal.open(f"{PLANNING}/details?start=2026-12-08T08:10:00%2B01:00&lang=fr")
    assert page.status == 409
    assert "Les rendez-vous ne commencent pas à cette heure." in page.text
    assert page.source.count('type="radio"') == 3


def test_a_robot_that_fills_in_the_hidden_field_books_nothing(form):
    assert form.send(**CHAUFFEUR, website="http://example.com").status == 422


def test_a_form_that_we_did_not_make_books_nothing(form):
    page = form.send(**CHAUFFEUR, token="forged")
    assert page.status == 422
    assert page.form.values["token"] not in ("", "forged")
    assert page.send().status == 303


def test_a_form_from_another_site_is_refused(portal, form):
    answer = portal.post(form.form.action, {**form.form.values, **CHAUFFEUR}, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
