"""Requests in a real browser: asked for, answered from a mail on a phone without scripts, and in the staff area."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.operations import appointments, cards, validation
from portal.operations.actors import CUSTOMER, Actor
from portal.operations.wishes import Move, Wish
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site
from tests.sample import paris

CLAIRE = Actor("claire@example.com", "staff", staff=True)
ACCEPT, DECLINE = (re.compile(rf"^{word} ?, Chauffeur 0$") for word in ("Accepter", "Refuser"))
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def link(site: Site) -> str:
    """Give a booking link to a dock where every booking has to be accepted."""
    with site.app.app_context():
        sample.docks(policy={"validation": "manager"})
        sample.order()
        return str(sample.link())


@pytest.fixture
def asked(site: Site, link: str) -> str:
    """Ask for Monday 7 December, 8:30, by that link."""
    with site.app.app_context():
        wish = Wish(start=paris("2026-12-07 08:30"), contact=sample.contact(), actor=CUSTOMER, token=link)
        return appointments.book(wish, now=NOW).public_id


@pytest.fixture
def answer(site: Site, asked: str) -> str:
    """Give the address in the mail to the site."""
    with site.app.app_context():
        return f"/v/{cards.by_public_id(asked).validation_token}?lang=fr"


@pytest.fixture
def enter(log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which a manager is logged in."""
    return log_in


def move(site: Site, public_id: str) -> None:
    """Accept the request, and let its customer ask for 10:00."""
    with site.app.app_context():
        validation.accept(public_id, CLAIRE, now=NOW)
        appointments.move(Move(public_id, paris("2026-12-07 10:00"), CUSTOMER), now=NOW)


def test_a_customer_asks_on_a_phone_and_reads_that_it_waits(phone, link, axe, fits):
    phone.goto(f"/b/{link}?lang=fr&day=2026-12-07")
    phone.get_by_role("link", name="8 h 30", exact=False).first.click()
    phone.get_by_role("button", name="Envoyer la demande").click()
    expect(phone.get_by_role("heading", name="Demande reçue")).to_be_visible()
    expect(phone.get_by_text("Elle n’est pas encore confirmée.")).to_be_visible()
    expect(
        phone.get_by_text("Vous aurez une réponse par e-mail, le jeudi 3 décembre à 9 h au plus tard.")
    ).to_be_visible()
    axe(phone)
    fits(phone)


def test_a_request_is_accepted_from_the_mail_on_a_phone_without_scripts(browse, answer, site, asked):
    page = browse(**PHONE, java_script_enabled=False)
    page.goto(answer)
    expect(page).to_have_title(re.compile("^Demande à traiter – lundi 7 décembre 2026"))
    page.get_by_role("button", name="Accepter la demande").click()
    expect(page.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)


def test_a_request_is_declined_with_a_reason_that_its_customer_reads(phone, answer, site, asked, axe, fits):
    phone.goto(answer)
    axe(phone)
    fits(phone)
    phone.get_by_label("Motif, pour le client (facultatif)").fill("Le quai est en travaux.\nVenez jeudi.")
    phone.get_by_role("button", name="Refuser la demande").click()
    expect(phone.get_by_role("heading", name="Demande refusée")).to_be_visible()
    axe(phone)
    with site.app.app_context():
        phone.goto(f"/a/{cards.by_public_id(asked).token}")
    expect(phone.get_by_role("heading", name="Demande refusée")).to_be_visible()
    expect(phone.get_by_text("Le quai est en travaux.")).to_be_visible()
    fits(phone)


def test_a_move_is_answered_with_both_times_in_view(phone, answer, site, asked, axe, fits):
    move(site, asked)
    phone.goto(answer)
    expect(phone.get_by_role("heading", name="Déplacement à traiter")).to_be_visible()
    expect(phone.get_by_text("de 8 h 30 à 9 h 30")).to_be_visible()
    expect(phone.get_by_text("de 10 h à 11 h")).to_be_visible()
    axe(phone)
    fits(phone)
    phone.get_by_role("button", name="Accepter le déplacement").click()
    expect(phone.get_by_role("heading", name="Lundi 7 décembre 2026")).to_contain_text("de 10 h à 11 h")


def test_a_manager_accepts_on_the_first_page_without_leaving_it(enter, asked, axe):
    page = enter(viewport={"width": 1280, "height": 900})
    page.goto("/admin/")
    page.evaluate("window.stayed = true")
    axe(page)
    page.get_by_role("button", name=ACCEPT).click()
    expect(page.get_by_text("Chauffeur 0 : accepté.")).to_be_visible()
    expect(page.get_by_role("heading", name="Demandes à traiter")).to_have_count(0)
    assert page.evaluate("window.stayed") is True


def test_a_manager_declines_from_the_list_on_a_phone(enter, asked, axe, fits):
    page = enter(**PHONE)
    page.goto("/admin/requests")
    axe(page)
    fits(page)
    page.get_by_role("link", name=DECLINE).click()
    axe(page)
    fits(page)
    page.get_by_label("Motif, pour le client (facultatif)").fill("Complet ce jour-là.")
    page.get_by_role("button", name="Refuser").click()
    expect(page.get_by_text("Chauffeur 0 : refusé.")).to_be_visible()
    expect(page.get_by_text("Rien n’attend de réponse.")).to_be_visible()


def test_the_page_of_an_appointment_answers_by_keyboard(enter, asked, axe):
    page = enter(viewport={"width": 1280, "height": 900})
    page.goto(f"/admin/appointments/{asked}")
    axe(page)
    page.get_by_role("button", name=ACCEPT).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Chauffeur 0 : accepté.")).to_be_visible()
    expect(page.get_by_text("Confirmé", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("backend", "locale", "scheme"),
    [("sqlite", "fr-FR", "light"), ("postgresql", "en-GB", "dark")],
    indirect=["backend"],
)
def test_the_pages_of_a_request_shut_nobody_out(browse, answer, axe, scheme, locale):
    page = browse(locale=locale, color_scheme=scheme, viewport={"width": 320, "height": 800})
    page.goto(answer.replace("?lang=fr", ""))
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
