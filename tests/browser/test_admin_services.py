"""Services made by the staff in a real browser: row by row without scripts, reckoned at once with them, then linked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.operations import appointments, service_groups, service_links, services, skills
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

PAGES = [
    "/admin/services/",
    "/admin/services/evaluation",
    "/admin/services/evaluation/rules",
    "/admin/services/evaluation/fields",
    "/admin/services/evaluation/links/",
    "/admin/services/evaluation/links/1/revoke",
    "/admin/services/evaluation/links/1/code",
    "/admin/services/evaluation/links/1/send",
    "/admin/add/service",
    "/admin/service-groups/",
    "/admin/service-groups/ventes",
    "/admin/service-groups/achats/delete",
]


@pytest.fixture
def agency(site: Site) -> Site:
    """Make people with hours, a service with an appointment and a link, groups, and a skill with a name."""
    with site.app.app_context():
        sample.agency(requires=[{"kind": "staff", "skills": {"evaluation": 2}}, {"kind": "room", "optional": True}])
        sample.resource("salle", "room", name="Salle Garonne", persons=8, features=["projecteur"])
        skills.add("evaluation", {"fr": "Évaluation de bien", "en": "Property valuation"}, now=NOW)
        for key in ("ventes", "achats"):
            service_groups.create(key, {"fr": key.capitalize()}, now=NOW)
        service_links.create("evaluation", "bordeaux", now=NOW)
        appointments.book(sample.wish("2026-12-07 09:00", service="evaluation"), now=NOW)
    return site


@pytest.fixture
def enter(agency: Site, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which a manager is logged in."""
    return log_in


@pytest.mark.parametrize(
    ("backend", "language", "scheme", "width"),
    [("sqlite", "fr", "dark", 390), ("postgresql", "en", "light", 1280)],
    indirect=["backend"],
)
def test_no_page_shuts_anybody_out(enter, axe, fits, language, scheme, width):
    page = enter(language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for path in PAGES:
        page.goto(path)
        fits(page)
        axe(page)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_service_is_made_row_by_row_without_scripts(agency, enter):
    page = enter(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page.goto("/admin/add/service")
    page.get_by_label("Nom en français").fill("Réunion de projet")
    page.get_by_label("Clé").fill("reunion")
    page.get_by_role("button", name="Ajouter des personnes").click()
    page.get_by_role("combobox", name="Compétence").select_option("Évaluation de bien")
    page.get_by_label("Niveau à partir de").fill("5")
    page.get_by_role("button", name="Ajouter une salle").click()
    page.get_by_label("Pour tant de personnes").fill("20")
    page.get_by_role("button", name="Enregistrer le service").click()
    expect(page.get_by_text("Le service est enregistré.")).to_be_visible()
    expect(page.get_by_text("Rien ne convient ici.")).to_be_visible()
    expect(page.get_by_label("Niveau à partir de")).to_have_value("5")
    page.get_by_role("button", name="Effacer (besoin 2)").click()
    expect(page.get_by_text("Rien ne convient ici.")).to_be_hidden()
    page.get_by_role("button", name="Enregistrer le service").click()
    with agency.app.app_context():
        (need,) = services.read("reunion").card.requires
    assert (need.kind, need.skills) == ("staff", {"evaluation": 5})


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_what_a_change_means_is_seen_while_typing_and_a_link_is_handed_on(enter, browse):
    page = enter(viewport={"width": 1280, "height": 900})
    page.goto("/admin/services/evaluation")
    panel = page.locator("#panel")
    expect(panel).to_contain_text("Jean, Lea, Ryan")
    page.get_by_label("Niveau à partir de").fill("6")
    expect(panel).to_contain_text("Personne ne peut le faire ici.")
    page.get_by_label("Niveau à partir de").fill("4")
    page.get_by_label("Durée (minutes)").fill("90")
    expect(panel).to_contain_text("1 rendez-vous à venir garde sa durée et le temps autour.")
    page.get_by_role("button", name="Enregistrer le service").click()  # what it means was shown already
    expect(page.get_by_text("Le service est enregistré.")).to_be_visible()
    page.get_by_role("link", name="Liens de réservation").click()
    page.get_by_label("Nombre maximal de rendez-vous à venir").fill("1")
    page.get_by_role("button", name="Créer sans envoyer").click()
    address = page.get_by_role("textbox", name="Adresse du lien").first.input_value()
    customer = browse(viewport={"width": 390, "height": 844})
    customer.goto("/b/" + address.rpartition("/b/")[2])
    expect(customer.get_by_role("heading", name="Évaluation de bien")).to_be_visible()
