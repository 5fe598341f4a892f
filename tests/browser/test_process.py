"""The booking process set in a real browser: on a phone, without scripts; and what customers then read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from portal.operations import appointments, sites
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

PROCESS = "/admin/sites/bordeaux/process"
BUYER = "achats@example.com"


@pytest.fixture
def enter(site: Site, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which a manager is logged in."""
    with site.app.app_context():
        sample.docks()
    return log_in


def policy(site: Site) -> dict[str, object]:
    with site.app.app_context():
        return dict(sites.read("bordeaux").policy)


def test_a_manager_sets_the_process_on_a_phone_and_sees_what_it_comes_to(site, enter, browse, axe, fits):
    page = enter(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page.goto(PROCESS)
    fits(page)
    axe(page)
    page.get_by_label("Délai avant une réservation").fill("2 jours")
    page.get_by_label("Ne compter que les jours ouverts").check()
    page.get_by_label("Adresses admises").fill("*@acme.fr\n*@example.com")
    page.get_by_label("Essayer des adresses").fill("achats@acme.fr voisin@apex.fr")
    tried = page.locator("#tried")
    expect(tried.get_by_text("Admise")).to_be_visible()
    expect(tried.get_by_text("Refusée")).to_be_visible()
    expect(page.get_by_text("car il faut 2 jours ouvrés de délai").first).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Enregistrer le processus").click()  # what it takes away was shown already
    expect(page.get_by_text("Le processus de réservation est enregistré.")).to_be_visible()
    assert policy(site) == {
        "min_notice": "2d", "business_days": True, "email_patterns": ["*@acme.fr", "*@example.com"],
    }  # fmt: skip
    guest = browse(viewport={"width": 390, "height": 844})
    guest.goto("/book/bordeaux/planning/quais")
    expect(guest.get_by_text("Au plus tôt")).to_contain_text(
        "jeudi 3 décembre à 9 h, car il faut 2 jours ouvrés de délai"
    )
    fits(guest)
    axe(guest)


def test_the_process_is_set_without_scripts(site, enter):
    page = enter(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    page.goto(PROCESS)
    page.get_by_label("Adresses admises").fill("acme.fr")
    page.get_by_label("Essayer des adresses").fill("achats@acme.fr")
    page.get_by_role("button", name="Essayer ces adresses").click()
    expect(page.get_by_text("Ligne 1 : aucune adresse ne ressemble à « acme.fr »").first).to_be_visible()
    page.get_by_label("Adresses admises").fill("*@acme.fr")
    page.get_by_role("button", name="Essayer ces adresses").click()
    expect(page.locator("#tried")).to_contain_text("par *@acme.fr")
    page.get_by_label("Réservable à l’avance (jours)").fill("10")
    page.get_by_role("button", name="Enregistrer le processus").click()
    expect(page.get_by_role("alert")).to_contain_text("Pas encore enregistré")
    assert policy(site) == {}
    page.get_by_role("button", name="Enregistrer le processus").click()
    expect(page.get_by_role("status").first).to_contain_text("Le processus de réservation est enregistré.")
    assert policy(site) == {"email_patterns": ["*@acme.fr"], "max_days": 10}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_days_over_the_limit_shut_nobody_out(site, browse, axe, fits):
    with site.app.app_context():
        sample.site(policy={"max_per_day": 1})
        sample.planning()
        sample.order()
        wish = sample.wish("2026-12-08 08:00")
        appointments.book(replace(wish, contact=replace(wish.contact, email=BUYER)), now=NOW)
        link = sample.link()
    for scheme in ("light", "dark"):
        page = browse(viewport={"width": 390, "height": 844}, color_scheme=scheme)
        page.goto(f"/b/{link}?day=2026-12-08")
        expect(page.get_by_text("Vous avez déjà 1 rendez-vous ce jour-là")).to_be_visible()
        axe(page)
        fits(page)
