"""Orders, appointments and the gate in a real browser: the journeys of the staff, and pages that shut nobody out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from portal.operations import appointments, cards, links
from portal.operations.actors import GUEST
from portal.operations.links import Scope
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

ORDER = "/admin/orders/CMD-1042"
PHONE = "/admin/add/appointment"
DETAILS = f"{PHONE}/bordeaux/quais/details"
EIGHT_THIRTY = "start=2026-12-08T08:30:00%2B01:00"


@pytest.fixture
def enter(site: Site, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which somebody of the staff is logged in, at a site with docks and an order."""
    with site.app.app_context():
        sample.docks()
        sample.order()
    return log_in


@pytest.fixture
def pages(site: Site) -> list[str]:
    """Give the address of every page, with something to show on each."""
    with site.app.app_context():
        sample.docks()
        sample.planning(key="comptoir", kinds=("customer",))
        sample.order()
        sample.order("CMD-1043", kind="customer", email=None)
        for scope in (Scope(), Scope(expires_at=NOW + timedelta(days=3), max_active=2)):
            links.create("CMD-1042", now=NOW, send=True, scope=scope)
        number = links.of_order(sample.order_id())[0].id
        links.revoke(links.of_order(sample.order_id())[1].id, now=NOW)
        wished = {"token": sample.link(), "site": None, "planning": "quais"}
        kept, gone = (sample.booked(f"2026-12-{day} 09:00", now=NOW, **wished) for day in ("09", "10"))
        appointments.cancel(gone.public_id, GUEST, now=NOW)
        for place in range(6):
            sample.booked("2026-12-08 10:00", now=NOW, number=place)
        reference = cards.by_public_id(kept.public_id).reference
    one = f"/admin/appointments/{kept.public_id}"
    of_orders = ["/admin/orders/", "/admin/orders/?q=zzz", "/admin/add/order", f"{ORDER}/edit", ORDER]
    of_links = ["/admin/orders/CMD-1043", "/admin/not-invitable/"]
    of_links += [f"{ORDER}/links/{number}/{page}" for page in ("revoke", "code")]
    of_one = [one, f"/admin/appointments/{gone.public_id}", f"{one}/edit", f"{one}/cancel", f"{one}/move"]
    moving = [f"{one}/move?{EIGHT_THIRTY}", f"{one}/move?on=2026-12-08&at=10:00"]
    booking = [f"{PHONE}/", f"{PHONE}/?order=zzz", f"{PHONE}/bordeaux/quais?order=CMD-1042&on=2026-12-08&at=", DETAILS]
    taking = [f"{DETAILS}?{EIGHT_THIRTY}", f"{DETAILS}?on=2026-12-08&at=10:00"]
    gate = ["/admin/gate/", f"/admin/gate/{reference}", "/admin/gate/zzz"]
    return [*of_orders, *of_links, *of_one, *moving, *booking, *taking, *gate]


def test_an_order_is_made_and_its_link_sent(site, enter, axe):
    page = enter()
    page.goto("/admin/orders/")
    page.get_by_role("link", name="Nouvelle commande").click()
    page.get_by_label("Référence").fill("CMD/2026 7")
    page.get_by_label("Type").select_option("Fournisseur (livraison)")
    page.get_by_label("Nom du client (facultatif)").fill("Scierie Lafon")
    page.get_by_label("E-mail (facultatif)").fill("scierie@")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Nom du client (facultatif)")).to_have_value("Scierie Lafon")
    page.get_by_label("E-mail (facultatif)").fill("quai@scierie.example")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("heading", name="Commande CMD/2026 7")).to_be_visible()
    page.get_by_role("button", name="Créer et envoyer un lien").dblclick()
    expect(page.get_by_text("Le lien part à l’adresse quai@scierie.example.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Adresse du lien")).to_have_count(1)
    axe(page)
    address = urlsplit(page.get_by_role("textbox", name="Adresse du lien").input_value()).path
    page.goto(address)
    expect(page.get_by_role("heading", name="Commande CMD/2026 7")).to_be_visible()


def test_the_address_of_a_link_is_copied(site, enter):
    page = enter()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    page.goto(ORDER)
    page.get_by_text("Limites, ou lien sans envoi").click()
    page.get_by_role("button", name="Créer sans envoyer").click()
    page.get_by_role("button", name="Copier").click()
    expect(page.get_by_text("Copié")).to_be_visible()
    shown = page.get_by_role("textbox", name="Adresse du lien").input_value()
    assert page.evaluate("navigator.clipboard.readText()") == shown


def test_a_link_is_revoked_without_scripts(site, enter):
    page = enter(java_script_enabled=False)
    page.goto(ORDER)
    page.get_by_role("button", name="Créer et envoyer un lien").click()
    expect(page.get_by_role("button", name="Copier")).to_be_hidden()
    page.get_by_role("link", name="Révoquer").click()
    page.get_by_role("button", name="Révoquer le lien").click()
    expect(page.get_by_text("Le lien est révoqué")).to_be_visible()
    expect(page.get_by_role("textbox", name="Adresse du lien")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_customer_on_the_telephone_is_booked_moved_and_cancelled(enter, axe, fits, scripts):
    page = enter(viewport={"width": 390, "height": 844}, java_script_enabled=scripts)
    page.goto(ORDER)
    page.get_by_role("link", name="Réserver pour le client").click()
    page.get_by_role("link", name="mardi 8 décembre, 14 créneaux libres").click()
    page.get_by_role("link", name="8 h 30", exact=False).first.click()
    expect(page.get_by_label("Nom")).to_have_value("Emballages Vidal")
    page.get_by_role("button", name="Prendre le rendez-vous").click()
    expect(page.get_by_text("Le rendez-vous est pris.")).to_be_visible()
    page.get_by_role("link", name="Déplacer").click()
    page.get_by_role("link", name="jeudi 10 décembre, 14 créneaux libres").click()
    expect(page.get_by_role("heading", name="jeudi 10 décembre")).to_be_visible()
    page.get_by_role("link", name="10 h 30").click()
    page.get_by_role("button", name="Déplacer le rendez-vous").click()
    expect(page.get_by_text("du mardi 8 décembre 2026 à 8 h 30 au jeudi 10 décembre 2026 à 10 h 30")).to_be_visible()
    page.get_by_role("link", name="Annuler").click()
    page.get_by_role("button", name="Annuler le rendez-vous").click()
    page.get_by_role("button", name="Rétablir le rendez-vous").click()
    expect(page.get_by_text("Le rendez-vous est rétabli.")).to_be_visible()
    fits(page)
    if scripts:
        axe(page)


def test_the_gate_is_asked_by_keyboard_alone(site, enter):
    page = enter()
    with site.app.app_context():
        reference = cards.by_public_id(sample.booked("2026-12-01 09:00", now=NOW).public_id).reference
    page.goto("/admin/gate/")
    page.get_by_label("Référence").focus()
    page.keyboard.type(reference.lower().replace("-", " "))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="À l’heure")).to_be_visible()
    expect(page.get_by_text("Chauffeur 0", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("backend", "language", "scheme"), [("sqlite", "fr", "light"), ("postgresql", "en", "dark")], indirect=["backend"]
)
def test_no_page_shuts_anybody_out(pages, log_in, axe, language, scheme):
    page = log_in(language, viewport={"width": 390 if language == "en" else 1280, "height": 900}, color_scheme=scheme)
    for url in pages:
        page.goto(url)
        axe(page)


def test_no_page_scrolls_sideways_even_with_large_letters(pages, log_in, fits):
    page = log_in(viewport={"width": 320, "height": 900})
    for url in pages:
        page.goto(url)
        fits(page)
    page.set_viewport_size({"width": 640, "height": 900})
    page.add_init_script("addEventListener('DOMContentLoaded', () => document.documentElement.style.fontSize = '200%')")
    for url in pages:
        page.goto(url)
        fits(page)
