"""People, rooms and equipment in a real browser: a room made, a person away, a calendar taken over, without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.operations import appointments, regions, resources, skills
from portal.operations.resources import Plan
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site
from tests.operations.test_absence_files import NOON, event, ics

PAGES = [
    "/admin/resources/",
    "/admin/resources/?retired=1",
    "/admin/resources/lea",
    "/admin/resources/salle",
    "/admin/resources/lea/use",
    "/admin/resources/lea/absences",
    "/admin/resources/lea/add/absence",
    "/admin/resources/lea/import",
    "/admin/add/resource?kind=asset",
    "/admin/skills/",
    "/admin/skills/evaluation",
    "/admin/skills/evaluation/delete",
    "/admin/regions/",
    "/admin/regions/gironde",
    "/admin/regions/gironde/delete",
    "/admin/sites/bordeaux",
]


@pytest.fixture
def agency(site: Site) -> Site:
    """Make people with hours, one of them booked, a room, skills and regions."""
    with site.app.app_context():
        sample.agency(people=["lea"])
        sample.resource("zoe", name="Zoé Kerbrat", absences=[("2026-11-30T00:00", "2026-12-05T00:00")])
        salle = Plan(
            "Salle Garonne", "Europe/Paris", ("bordeaux",), persons=8, features=("projecteur",), colour="#278683"
        )
        resources.create("salle", "room", salle, now=NOW)
        skills.add("piano", {"fr": "Piano", "en": "Piano"}, now=NOW)
        skills.rename(
            "evaluation",
            skills.find("evaluation").revision,
            {"fr": "Évaluation de bien", "en": "Property valuation"},
            now=NOW,
        )
        regions.add("aquitaine", "Nouvelle-Aquitaine", now=NOW)
        regions.add("gironde", "Gironde", "aquitaine", now=NOW)
        regions.add("bassin", "Bassin d’Arcachon", "gironde", now=NOW)
        appointments.book(sample.wish("2026-12-07 09:00", service="evaluation", resources=("lea",)), now=NOW)
    return site


@pytest.fixture
def enter(agency: Site, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which a manager is logged in."""
    return log_in


@pytest.mark.parametrize(
    ("backend", "language", "scheme", "width"),
    [("sqlite", "fr", "light", 390), ("postgresql", "fr", "dark", 1280)],
    indirect=["backend"],
)
def test_no_page_shuts_anybody_out(enter, axe, fits, language, scheme, width):
    page = enter(language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for url in PAGES:
        page.goto(url)
        axe(page)
        fits(page)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_room_is_made_a_person_is_away_and_a_calendar_is_taken_over(enter, tmp_path):
    page = enter(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.goto("/admin/resources/")
    page.get_by_role("link", name="Nouvelle salle").click()
    page.get_by_label("Nom", exact=True).fill("Salle Dordogne")
    page.get_by_label("Clé").fill("dordogne")
    page.get_by_label("Personnes").fill("4")
    page.get_by_label("Violet").check()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("heading", name="Salle Dordogne")).to_be_visible()
    page.goto("/admin/resources/lea")
    page.get_by_role("link", name="Ajouter").click()
    page.get_by_label("Premier jour").fill("2026-12-07")
    page.get_by_label("Libellé").fill("Formation")
    page.get_by_role("button", name="Enregistrer l’absence").click()
    expect(page.get_by_role("alert").get_by_text("1 rendez-vous à venir ne convient plus")).to_be_visible()
    page.get_by_role("button", name="Enregistrer l’absence").click()
    expect(page.get_by_text("Lundi 7 décembre 2026", exact=True)).to_be_visible()
    page.get_by_role("link", name="D’un fichier d’agenda").click()
    file = tmp_path / "agenda.ics"
    file.write_bytes(ics(NOON, event("b", ";VALUE=DATE:20261224", ";VALUE=DATE:20261227", "SUMMARY:Congés")))
    page.get_by_label("Fichier d’agenda").set_input_files(file)
    page.get_by_role("button", name="Voir ce qui change").click()
    expect(page.get_by_text("2 absences nouvelles")).to_be_visible()
    page.get_by_role("button", name="Reprendre").click()
    expect(page.get_by_text("Du jeudi 24 décembre 2026 au samedi 26 décembre 2026", exact=True)).to_be_visible()
