"""Orders from a file in a real browser: from the file to the orders, and pages that shut nobody out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import sample
from tests.browser.site import Site

FILE = (
    "N° de commande;Type;Dépôt;Courriel;Société;Date d’expédition\n"
    "CMD/1;client;Bordeaux;achats@example.com;Émile & fils;15/12/2026\n"
    "CMD-2;fournisseur;Bordeaux;;Bois;16/12/2026 14h30\n"
)


@pytest.fixture
def enter(site: Site, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which a manager is logged in, at a site with docks."""
    with site.app.app_context():
        sample.docks()
    return log_in


@pytest.fixture
def send(tmp_path: Path) -> Callable[[Page, str], None]:
    """Send a file as people do, in the encoding of their Excel."""

    def sent(page: Page, text: str) -> None:
        file = tmp_path / "commandes.csv"
        file.write_bytes(text.encode("windows-1252"))
        page.goto("/admin/import/")
        page.get_by_label("Fichier", exact=True).set_input_files(file)
        page.get_by_role("button", name="Envoyer le fichier").click()

    return sent


@pytest.mark.parametrize(("width", "scripts"), [(390, True), (1280, True), (390, False)])
def test_a_file_becomes_orders(enter, send, axe, fits, width, scripts):
    page = enter(viewport={"width": width, "height": 844}, java_script_enabled=scripts)
    check = axe if scripts else fits
    send(page, FILE)
    expect(page.get_by_role("heading", name="Quelle colonne est quoi ?")).to_be_visible()
    expect(page.get_by_label("Société")).to_have_value("name")
    check(page)
    fits(page)
    page.get_by_label("Créer un lien de réservation pour chaque commande invitable").check()
    page.get_by_role("button", name="Voir l’aperçu").click()
    expect(page.get_by_text("Toutes les lignes sont importées ensemble")).to_be_visible()
    check(page)
    fits(page)
    page.get_by_role("button", name="Importer", exact=True).click()
    expect(page.get_by_role("heading", name="Le fichier est importé")).to_be_visible()
    expect(page.get_by_text("1 lien de réservation part")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Voir les commandes").click()
    page.get_by_role("link", name="CMD/1").click()
    expect(page.get_by_role("heading", name="Commande CMD/1")).to_be_visible()
    expect(page.get_by_text("Émile & fils")).to_be_visible()


def test_mistakes_are_shown_left_out_or_chosen_anew(enter, send, axe, fits):
    page = enter(viewport={"width": 390, "height": 844})
    send(page, FILE + "CMD-3;client;Nulle part;pas une adresse;<b>Zoé</b>;31/02/2026\n")
    page.get_by_label("Dépôt").select_option("name")
    page.get_by_role("button", name="Voir l’aperçu").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("Dépôt").select_option("site")
    page.get_by_role("button", name="Voir l’aperçu").click()
    expect(page.get_by_text("Aucun site en service ne porte ce nom.")).to_be_visible()
    axe(page)
    fits(page)
    page.get_by_role("button", name="Importer", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Dites si les lignes en erreur")
    page.get_by_label("Laisser la ligne en erreur de côté").check()
    page.get_by_role("button", name="Importer", exact=True).click()
    expect(page.get_by_text("1 ligne en erreur a été laissée de côté")).to_be_visible()


def test_an_import_needs_no_mouse(enter, send):
    page = enter(viewport={"width": 1280, "height": 900})
    send(page, FILE)
    page.get_by_role("button", name="Voir l’aperçu").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ce que fait l’import")).to_be_visible()
    page.get_by_role("button", name="Importer", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Le fichier est importé")).to_be_visible()


@pytest.mark.parametrize(("backend", "scheme"), [("sqlite", "light"), ("postgresql", "dark")], indirect=["backend"])
def test_the_first_page_shuts_nobody_out(enter, send, axe, fits, scheme):
    page = enter(viewport={"width": 320, "height": 844}, color_scheme=scheme)
    send(page, "%PDF")
    expect(page.get_by_role("alert")).to_be_focused()
    axe(page)
    send(page, FILE)
    page.goto("/admin/import/")
    expect(page.get_by_role("link", name="Continuer commandes.csv")).to_be_visible()
    axe(page)
    fits(page)
