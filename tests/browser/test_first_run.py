"""From an empty portal to a customer who books: three steps, each shown by the first page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from portal.operations import users
from portal.operations.appointment_lists import Filter, find_appointments
from tests.backends import NOW
from tests.browser.site import Site

EMAIL, PASSWORD = "claire@example.com", "sept quais et une grue"
STEPS = "Trois étapes jusqu’à la première réservation"


@pytest.fixture
def empty(site: Site) -> Site:
    """Make nothing but an account."""
    with site.app.app_context():
        users.add(EMAIL, PASSWORD, role="admin", now=NOW, name="Claire Morel", locale="fr")
    return site


def begin(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("heading", name=STEPS)).to_be_visible()


def make_site(page: Page) -> None:
    page.get_by_role("link", name="Nouveau site").click()
    page.get_by_label("Nom", exact=True).fill("Bordeaux")
    page.get_by_label("Clé").fill("bordeaux")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Donnez-lui maintenant un planning")).to_be_visible()


def make_planning(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_role("link", name="Nouveau planning").click()
    page.get_by_label("Nom", exact=True).fill("Quais")
    page.get_by_label("Clé").fill("quais")
    page.get_by_role("button", name="Enregistrer la semaine").click()
    expect(page.get_by_text("La semaine est enregistrée")).to_be_visible()


def make_link(page: Page) -> str:
    page.goto("/admin/")
    page.get_by_role("link", name="Nouvelle commande").click()
    page.get_by_label("Référence").fill("CMD-1")
    page.get_by_role("textbox", name="E-mail").fill("achats@example.com")
    page.get_by_role("button", name="Enregistrer").click()
    page.goto("/admin/")
    page.get_by_role("link", name="Créer le lien").click()
    page.get_by_role("button", name="Créer et envoyer un lien").click()
    return page.locator("input[readonly]").first.input_value()


def book(page: Page, link: str) -> None:
    page.goto(link)
    page.locator("a.slot").first.click()
    page.get_by_role("textbox", name="Nom").fill("Achats SA")
    page.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(page.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()


@pytest.mark.parametrize("browser", ["desk", "scriptless", "phone"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_three_steps_lead_to_a_booking(empty, request, browser, fits, axe):
    page = request.getfixturevalue(browser)
    begin(page)
    fits(page)
    if browser != "scriptless":
        axe(page)
    make_site(page)
    make_planning(page)
    link = make_link(page)
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Aujourd’hui", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name=STEPS)).to_have_count(0)
    book(page, link)
    with empty.app.app_context():
        assert [card.order for card in find_appointments(Filter()).appointments] == ["CMD-1"]
