"""Public journeys in a real browser, by role and by name: on a phone, by keyboard alone, without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from portal.operations import actors, appointments, cards
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

PLANNING = "/book/bordeaux/planning/quais"


@pytest.fixture
def docks(site: Site) -> None:
    with site.app.app_context():
        sample.docks()


@pytest.fixture
def link(site: Site, docks: None) -> str:
    with site.app.app_context():
        sample.order()
        return f"/b/{sample.link()}"


@pytest.fixture
def booked(site: Site, docks: None) -> str:
    with site.app.app_context():
        return f"/a/{sample.booked('2026-12-08 08:30', now=NOW).token}"


def fill(page: Page) -> None:
    page.get_by_label("E-mail").fill("camille@example.com")
    page.get_by_label("Nom", exact=True).fill("Camille Roy")


def test_a_supplier_books_from_the_link_on_a_phone(phone, link, axe, fits):
    phone.goto(link)
    phone.get_by_role("link", name="mardi 8 décembre, 14 créneaux libres").click()
    expect(phone.get_by_role("heading", name="mardi 8 décembre")).to_be_visible()
    phone.get_by_role("link", name="8 h 30", exact=False).first.click()
    expect(phone).to_have_title(re.compile("^Vos coordonnées"))
    assert phone.get_by_label("E-mail").get_attribute("readonly") is not None
    phone.get_by_label("Téléphone (facultatif)").fill("05 56 00 10 42")
    phone.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(phone.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
    expect(phone.get_by_role("heading", name="Mardi 8 décembre 2026")).to_be_visible()
    axe(phone)
    fits(phone)
    phone.get_by_role("link", name="Tous les rendez-vous de cette commande").click()
    expect(phone.get_by_role("heading", name="Prendre un autre rendez-vous")).to_be_visible()


def test_a_day_is_swapped_in_without_loading_the_page_again(phone, link):
    phone.goto(link)
    phone.evaluate("window.stayed = true")
    day = phone.get_by_role("link", name="jeudi 10 décembre, 14 créneaux libres")
    day.click()
    expect(phone.get_by_role("heading", name="jeudi 10 décembre")).to_be_visible()
    expect(phone).to_have_url(re.compile("day=2026-12-10"))
    expect(day).to_have_attribute("aria-current", "true")
    expect(phone.locator("[aria-current=true]")).to_have_count(1)
    phone.get_by_role("link", name="Mois suivant, janvier 2027").click()
    expect(phone.get_by_role("heading", name="janvier 2027")).to_be_focused()
    assert phone.evaluate("window.stayed") is True


def test_back_and_reload_show_the_day_that_was_looked_at(desk, link):
    desk.goto(link)
    desk.get_by_role("link", name="jeudi 10 décembre, 14 créneaux libres").click()
    expect(desk.get_by_role("heading", name="jeudi 10 décembre")).to_be_visible()
    desk.reload()
    expect(desk.get_by_role("heading", name="jeudi 10 décembre")).to_be_visible()
    desk.get_by_role("link", name="8 h 30").click()
    expect(desk).to_have_title(re.compile("^Vos coordonnées"))
    desk.go_back()
    expect(desk.get_by_role("heading", name="jeudi 10 décembre")).to_be_visible()
    desk.go_back()
    expect(desk.get_by_role("heading", name="mardi 1er décembre")).to_be_visible()


def test_a_guest_books_without_scripts(scriptless, docks):
    scriptless.goto("/")
    scriptless.get_by_role("link", name="Planning quais").click()
    scriptless.get_by_role("link", name="Mois suivant, janvier 2027").click()
    scriptless.get_by_role("link", name="lundi 4 janvier, 14 créneaux libres").click()
    scriptless.get_by_role("link", name="14 h 30").click()
    scriptless.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(scriptless).to_have_title(re.compile("^Erreur"))
    scriptless.get_by_role("link", name="Indiquez votre nom.").click()
    expect(scriptless).to_have_url(re.compile("#name$"))
    fill(scriptless)
    scriptless.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(scriptless.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
    expect(scriptless.get_by_role("heading", name="Lundi 4 janvier 2027")).to_be_visible()


def test_the_keyboard_alone_books(desk, docks):
    desk.goto(PLANNING)
    desk.keyboard.press("Tab")
    expect(desk.get_by_role("link", name="Aller au contenu")).to_be_focused()
    desk.keyboard.press("Enter")
    press_until(desk, "mercredi 9 décembre")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", name="mercredi 9 décembre")).to_be_visible()
    press_until(desk, "14 h 30")
    desk.keyboard.press("Enter")
    expect(desk).to_have_title(re.compile("^Vos coordonnées"))
    press_until_field(desk, "email")
    desk.keyboard.type("camille@example.com")
    desk.keyboard.press("Tab")
    desk.keyboard.type("Camille Roy")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()


def press_until(page: Page, name: str) -> None:
    """Press Tab until the link of this name has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.ariaLabel || document.activeElement.innerText || ''")
        if focused.replace("\u00a0", " ").startswith(name):
            return
    raise AssertionError(f"no Tab leads to {name}")


def press_until_field(page: Page, name: str) -> None:
    """Press Tab until the field of this name has the focus."""
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == name:
            return
    raise AssertionError(f"no Tab leads to {name}")


def test_errors_take_the_focus_and_keep_what_was_typed(desk, docks):
    desk.goto(f"{PLANNING}/details?start=2026-12-08T08:30:00%2B01:00")
    desk.get_by_label("Message (facultatif)").fill("Deux camions")
    desk.get_by_label("E-mail").fill("camille@")
    desk.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(desk.get_by_role("alert")).to_be_focused()
    expect(desk.get_by_label("E-mail")).to_have_value("camille@")
    expect(desk.get_by_label("E-mail")).to_have_accessible_description(re.compile("nom@exemple.fr"))
    expect(desk.get_by_label("Message (facultatif)")).to_have_value("Deux camions")


def test_a_slot_lost_meanwhile_costs_one_choice_and_no_typing(site, phone, docks):
    phone.goto(f"{PLANNING}/details?start=2026-12-08T08:30:00%2B01:00")
    fill(phone)
    with site.app.app_context():
        for number in range(6):
            sample.booked("2026-12-08 08:30", now=NOW, number=number)
    phone.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(phone.get_by_role("heading", name="Ce créneau vient d’être pris.")).to_be_visible()
    expect(phone.get_by_role("radio")).to_have_count(3)
    phone.get_by_role("radio", name="Mardi 8 décembre 2026, de 9 h 30 à 10 h 30").check()
    phone.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(phone.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()


def test_a_double_click_and_back_give_one_booking(site, desk, docks):
    desk.goto(f"{PLANNING}/details?start=2026-12-08T08:30:00%2B01:00")
    fill(desk)
    desk.get_by_role("button", name="Confirmer le rendez-vous").dblclick()
    expect(desk.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
    first = desk.url
    desk.go_back()
    fill(desk)
    desk.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(desk.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
    assert desk.url == first


def test_an_appointment_is_moved_cancelled_and_restored_on_a_phone(phone, booked):
    phone.goto(booked)
    phone.get_by_role("link", name="Déplacer").click()
    phone.get_by_role("link", name="jeudi 10 décembre, 14 créneaux libres").click()
    expect(phone.get_by_role("heading", name="jeudi 10 décembre")).to_be_visible()
    phone.get_by_role("link", name="10 h 30").click()
    phone.get_by_role("button", name="Déplacer le rendez-vous").click()
    expect(phone.get_by_role("heading", name="Jeudi 10 décembre 2026")).to_be_visible()
    phone.get_by_role("link", name="Annuler").click()
    phone.get_by_role("button", name="Annuler le rendez-vous").click()
    expect(phone.get_by_role("heading", name="Rendez-vous annulé")).to_be_visible()
    phone.get_by_role("button", name="Rétablir le rendez-vous").click()
    expect(phone.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()


def test_details_are_edited_without_scripts(scriptless, booked):
    scriptless.goto(booked)
    scriptless.get_by_role("link", name="Modifier").click()
    scriptless.get_by_label("Nom", exact=True).fill("Dominique")
    scriptless.get_by_role("button", name="Enregistrer").click()
    expect(scriptless.get_by_text("Dominique")).to_be_visible()


def test_the_calendar_file_is_downloaded(site, desk, booked):
    desk.goto(booked)
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Ajouter à mon agenda (.ics)").click()
    with site.app.app_context():
        reference = cards.by_token(booked.removeprefix("/a/")).reference
    assert download.value.suggested_filename == f"{reference}.ics"


def test_the_language_stays_chosen_all_the_way(desk, docks):
    desk.goto(PLANNING)
    desk.get_by_role("link", name="English").click()
    desk.get_by_role("link", name="Tuesday 8 December, 14 free slots").click()
    desk.get_by_role("link", name="8:30").click()
    desk.get_by_label("E-mail").fill("camille@example.com")
    desk.get_by_label("Name", exact=True).fill("Camille Roy")
    desk.get_by_role("button", name="Confirm the appointment").click()
    expect(desk.get_by_role("heading", name="Appointment confirmed")).to_be_visible()


def test_a_visitor_far_away_can_see_both_times(browse, docks):
    page = browse(viewport={"width": 1280, "height": 900}, timezone_id="America/Halifax")
    page.goto(f"{PLANNING}?day=2026-12-08")
    page.get_by_role("link", name="Afficher aussi mon heure locale").click()
    expect(page.get_by_text("heure de Halifax (UTC−4)")).to_be_visible()
    expect(page.get_by_role("link", name="8 h 6 places 3 h", exact=True)).to_be_visible()


def test_one_whose_clock_agrees_is_not_bothered(desk, docks):
    desk.goto(PLANNING)
    expect(desk.get_by_role("link", name="Afficher aussi mon heure locale")).to_be_hidden()


def test_an_undone_cancellation_cannot_be_pressed_twice(site, desk, booked):
    with site.app.app_context():
        public_id = cards.by_token(booked.removeprefix("/a/")).public_id
        appointments.cancel(public_id, actors.GUEST, now=NOW)
    desk.goto(f"{booked}/undo")
    desk.get_by_role("button", name="Rétablir le rendez-vous").dblclick()
    expect(desk.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
