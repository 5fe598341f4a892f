"""Plate and pallets in a real browser: a customer answers, wrongly first; a manager asks; nobody is shut out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.operations import cards
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

DETAILS = "/book/bordeaux/planning/quais/details?start=2026-12-08T08:30:00%2B01:00"
QUESTIONS = "/admin/plannings/quais/fields"
GIVEN = {"plate": "AB-123-CD", "pallets": 12, "lift": True, "notes": "Quai 3\nhayon"}


@pytest.fixture
def docks(site: Site) -> None:
    with site.app.app_context():
        sample.docks(fields=sample.QUESTIONS)


@pytest.fixture
def manager(log_in: Callable[..., Page], docks: None) -> Callable[..., Page]:
    """Open a browser in which a manager who reads French is logged in."""
    return log_in


def book(page: Page) -> None:
    """Book as a customer does who first mistypes the plate and the number of pallets."""
    page.goto(DETAILS)
    page.get_by_label("E-mail").fill("camille@example.com")
    page.get_by_label("Nom", exact=True).fill("Camille Roy")
    page.get_by_label("Plaque").fill("ab 123 cd")
    page.get_by_label("Palettes").fill("douze")
    page.get_by_label("Véhicule").select_option("Semi-remorque")
    page.get_by_role("group", name="Hayon").get_by_label("Oui").check()
    page.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(page).to_have_title(re.compile("^Erreur"))
    page.get_by_role("link", name="Plaque : respectez la forme demandée. Par exemple AB-123-CD.").click()
    expect(page).to_have_url(re.compile("#q_plate$"))
    expect(page.get_by_label("Palettes")).to_have_value("douze")
    expect(page.get_by_role("group", name="Hayon").get_by_label("Oui")).to_be_checked()


def mend(page: Page) -> None:
    page.get_by_label("Plaque").fill("AB-123-CD")
    page.get_by_label("Palettes").fill("12")
    page.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(page.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
    for text in ("AB-123-CD", "12", "Semi-remorque", "Oui"):
        expect(page.get_by_role("definition").get_by_text(text, exact=True)).to_be_visible()


def test_a_customer_answers_on_a_phone_wrongly_first(phone, docks, axe, fits):
    book(phone)
    axe(phone)
    fits(phone)
    mend(phone)
    axe(phone)
    fits(phone)


def test_a_customer_answers_without_scripts(scriptless, docks):
    book(scriptless)
    mend(scriptless)


def test_a_customer_corrects_an_answer(phone, site, docks, axe, fits):
    with site.app.app_context():
        booked = sample.booked("2026-12-08 08:30", now=NOW, fields=GIVEN)
    phone.goto(f"/a/{booked.token}/edit")
    axe(phone)
    fits(phone)
    phone.get_by_label("Palettes").fill("14")
    phone.get_by_role("button", name="Enregistrer").click()
    expect(phone.get_by_role("definition").get_by_text("14", exact=True)).to_be_visible()
    with site.app.app_context():
        assert cards.by_public_id(booked.public_id).fields == {**GIVEN, "pallets": 14}


@pytest.mark.parametrize("scripts", [True, False])
def test_a_manager_asks_a_choice_and_puts_it_first(manager, scripts):
    page = manager(java_script_enabled=scripts)
    page.goto("/admin/plannings/quais")
    page.get_by_role("link", name="Questions").click()
    page.get_by_label("Quelle sorte de réponse").select_option("Une réponse au choix")
    page.get_by_role("button", name="Écrire la question").click()
    page.get_by_label("Question en français").fill("Température")
    page.get_by_label("Question en anglais").fill("Temperature")
    page.get_by_label("En français, réponse 1").fill("Ambiante")
    page.get_by_label("En anglais, réponse 1").fill("Ambient")
    page.get_by_label("En français, réponse 2").fill("Dirigée")
    page.get_by_role("button", name="Enregistrer la question").click()
    expect(page.get_by_role("status").get_by_text("La question est enregistrée.")).to_be_visible()
    for _ in range(7):
        page.get_by_role("button", name="Poser plus tôt, Température").click()
    first = page.get_by_role("list").filter(has_text="Température").get_by_role("listitem").first
    expect(first).to_contain_text("Ambiante, Dirigée")
    expect(page.get_by_label("Temperature")).to_contain_text("Ambient")


@pytest.mark.parametrize(
    ("backend", "scheme", "width"),
    [("sqlite", "light", 390), ("postgresql", "dark", 768), ("sqlite", "dark", 1280)],
    indirect=["backend"],
)
def test_every_page_of_questions_shuts_nobody_out(manager, axe, fits, width, scheme):
    page = manager(viewport={"width": width, "height": 900}, color_scheme=scheme)
    for url in (QUESTIONS, f"{QUESTIONS}/lorry", f"{QUESTIONS}/plate", f"{QUESTIONS}/plate/delete"):
        page.goto(url)
        axe(page)
        fits(page)
    page.goto("/admin/plannings/quais/add/field?type=number")
    page.get_by_role("button", name="Enregistrer la question").click()
    expect(page).to_have_title(re.compile("^Erreur"))
    axe(page)
    fits(page)


def test_the_telephone_asks_too(manager, axe, fits):
    page = manager(viewport={"width": 390, "height": 844})
    page.goto("/admin/add/appointment/bordeaux/quais/details?start=2026-12-08T08:30:00%2B01:00")
    axe(page)
    fits(page)
    page.get_by_label("Nom").fill("Camille Roy")
    page.get_by_label("Transporteur").fill("Vidal")
    page.get_by_role("button", name="Prendre le rendez-vous").click()
    expect(page.get_by_role("definition").get_by_text("Vidal", exact=True)).to_be_visible()
