"""Offers in a browser without scripts: taken, too late, stopped; and the switch on the appointment's page."""

from __future__ import annotations

import pytest

from portal.operations import appointments, cards, claims, offers
from tests import sample
from tests.operations import waiters
from tests.operations.waiters import MONDAY, STAFF

NINE, LATER = f"{MONDAY} 09:00", "2026-12-14"


@pytest.fixture
def offered(do, now):
    """Offer Monday at 9 to the holders of later hours; gives the addresses of the offers."""

    def act(holders=1, **policy):
        do(waiters.dock, policy=policy)
        first = do(waiters.book, NINE, 90, now=now, actor=STAFF)
        made = [do(waiters.book, f"{LATER} {7 + n:02}:00", n, now=now, actor=STAFF) for n in range(1, holders + 1)]
        do(appointments.cancel, first.public_id, STAFF, now=now, undo=False)
        do(offers.advance, now)
        act.made = made
        return [f"/o/{token}?lang=fr" for token in do(waiters.offer_tokens)]

    return act


@pytest.fixture
def listed(do, now):
    """Offer Monday at 9 to somebody of the waiting list; gives the address of the offer."""

    def act(policy=None, **options):
        do(waiters.dock, policy={"waiting_list": True, **(policy or {})}, **options)
        first = do(waiters.book, NINE, 90, now=now, actor=STAFF)
        do(waiters.wait, MONDAY, number=1, now=now)
        do(appointments.cancel, first.public_id, STAFF, now=now, undo=False)
        do(offers.advance, now)
        return f"/o/{do(waiters.offer_tokens)[0]}?lang=fr"

    return act


def test_the_offer_shows_both_times_and_until_when(portal, offered):
    page = portal.open(offered()[0])
    for told in (
        "Un créneau s’est libéré plus tôt",
        "Lundi 14 décembre 2026 de 8 h à 9 h",
        "Lundi 7 décembre 2026 de 9 h à 10 h",
        "le premier qui accepte a la place, jusqu’au lundi 7 décembre 2026 à 9 h",
    ):
        assert told in page.text


def test_an_offer_in_turn_says_that_the_place_is_kept(portal, offered):
    page = portal.open(offered(earlier_slots={"mode": "one_by_one"})[0])
    assert "Cette place vous est gardée jusqu’au mardi 1er décembre 2026 à 11 h." in page.text


def test_looking_changes_nothing_however_often(portal, offered, no_writes):
    url = offered(cooling_off=60)[0]
    with no_writes():
        for _ in range(2):
            assert portal.open(url).status == 200
            assert portal.open(url.replace("?", "/stop?")).status == 200


def test_taking_it_leads_to_the_appointment_that_has_moved(portal, offered, do):
    page = portal.follow(portal.open(offered()[0]).send())
    assert "Lundi 7 décembre 2026 de 9 h à 10 h" in page.text
    assert page.response.request.path.startswith("/a/")


def test_a_double_click_is_one_claim_and_the_link_is_used_then(portal, offered):
    url = offered()[0]
    form = portal.open(url)
    first, second = form.send(), form.send()
    assert first.response.headers["Location"] == second.response.headers["Location"]
    assert portal.open(url).status == 404
    assert form.send(token="forged").status == 404


def test_a_forged_or_old_form_is_shown_again(portal, offered):
    page = portal.open(offered()[0]).send(token="forged")
    assert page.status == 422
    assert page.title.startswith("Erreur")


def test_who_comes_second_is_too_late_and_sees_what_else_is_free(portal, offered, do, now):
    first, second = offered(holders=2)
    form = portal.open(second)
    portal.open(first).send()
    page = form.send()
    assert page.status == 409
    assert "Trop tard pour ce créneau" in page.text
    assert "Votre rendez-vous reste où il est" in page.text
    other = next(link.url for link in page.links if "start=" in link.url)
    assert "Déplacer le rendez-vous" in portal.open(other).text


def test_an_offer_whose_time_is_over_is_gone_for_good(portal, offered, clock):
    url = offered()[0]
    clock.set(sample.paris(NINE))
    page = portal.open(url)
    assert page.status == 410
    assert "Trop tard pour ce créneau" in page.text


def test_the_offer_of_a_cancelled_appointment_says_that_it_has_changed(portal, offered, do, now):
    url = offered()[0]
    do(appointments.cancel, offered.made[0].public_id, STAFF, now=now, undo=False)
    page = portal.open(url)
    assert (page.status, "Votre rendez-vous a changé entre-temps." in page.text) == (410, True)


def test_offers_are_stopped_once_asked_and_by_no_get(portal, offered):
    url = offered()[0].replace("?", "/stop?")
    page = portal.open(url)
    assert "chauffeur1@example.com" in page.text
    done = portal.follow(page.send())
    assert "Vous ne recevrez plus de créneaux plus tôt" in done.text
    assert portal.open(url.replace("/stop", "")).status == 410


def test_the_mail_of_an_offer_that_was_taken_stops_offers_too(portal, offered):
    url = offered()[0]
    portal.open(url).send()
    assert portal.open(url.replace("?", "/stop?")).status == 200


def test_offers_are_switched_off_and_on_on_the_appointments_page(portal, offered):
    offered()
    url = f"/a/{offered.made[0].token}?lang=fr"
    page = portal.open(url)
    assert "Propositions de créneaux plus tôt : activées" in page.text.replace("\u00a0", " ")
    off = portal.follow(page.press("Désactiver"))
    assert "Propositions de créneaux plus tôt : désactivées" in off.text.replace("\u00a0", " ")
    on = portal.follow(off.press("Activer"))
    assert "Propositions de créneaux plus tôt : activées" in on.text.replace("\u00a0", " ")


def test_there_is_no_switch_where_nothing_is_offered(portal, offered):
    offered(earlier_slots={"enabled": False})
    assert "créneaux plus tôt" not in portal.open(f"/a/{offered.made[0].token}?lang=fr").text


# The waiting list


def test_somebody_of_the_list_says_who_comes_and_has_the_place(portal, listed, do):
    page = portal.open(listed())
    assert page.form.values["email"] == "attente1@example.com"
    assert "email" in page.form.locked
    done = portal.follow(page.send(name="Paul Attente", phone="06 01 02 03 04"))
    assert "Lundi 7 décembre 2026 de 9 h à 10 h" in done.text
    assert "Paul Attente" in done.text


def test_another_address_is_refused(portal, listed):
    page = portal.open(listed()).send(name="Paul", email="autre@example.com")
    assert page.status == 422


def test_what_is_missing_is_asked_for_and_nothing_typed_is_lost(portal, listed):
    page = portal.open(listed()).send(name="", phone="06 01 02 03 04")
    assert page.status == 422
    assert page.form.values["phone"] == "06 01 02 03 04"


def test_what_the_planning_asks_is_asked_of_the_list_too(portal, listed, do):
    page = portal.open(listed(fields=[sample.PLATE]))
    assert page.send(name="Paul").status == 422
    assert portal.follow(page.send(name="Paul", q_plate="AB-123-CD")).status == 200


def test_too_late_for_the_list_names_other_times_of_its_days(portal, listed, do, now):
    url = listed()
    form = portal.open(url)
    do(waiters.book, NINE, 5, now=now)
    page = form.send(name="Paul")
    assert page.status == 409
    assert "Vous restez sur la liste d’attente." in page.text
    other = next(link.url for link in page.links if "start=" in link.url)
    assert other.startswith("/book/bordeaux/planning/quais/details")
    assert portal.open(other).status == 200


def test_the_list_is_left_by_the_mail_of_an_offer(portal, listed):
    url = listed().replace("?", "/stop?")
    page = portal.follow(portal.open(url).send())
    assert "Vous n’êtes plus sur la liste d’attente." in page.text


def test_a_double_click_of_the_list_is_one_booking(portal, listed, do):
    form = portal.open(listed())
    first, second = form.send(name="Paul"), form.send(name="Paul")
    assert first.response.headers["Location"] == second.response.headers["Location"]


def test_an_offer_asks_the_database_a_fixed_number_of_times(client, offered, statements):
    url = offered(holders=4)[0]
    client.get(url)
    with statements(at_most=8):
        client.get(url)


def test_claims_are_seen_by_who_looks_later(portal, offered, do, now):
    urls = offered(holders=2)
    do(claims.claim, urls[0].split("/")[2].split("?")[0], now=now)
    assert portal.open(urls[1]).status == 410
    assert do(cards.by_public_id, offered.made[0].public_id).start == sample.paris(NINE)
