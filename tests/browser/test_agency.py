"""The story of an agency: a valuation at the customer's, the nearest site, an agent, a second one, common times."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from portal.extensions import transaction
from portal.models import Customer, Pool, Region, Service, ServiceGroup, Site
from portal.operations import appointments
from portal.operations.keepsakes import new_revision
from tests import sample
from tests.backends import NOW
from tests.sample import paris

WHO = "/admin/add/service-appointment/evaluation"
NINE = "start=2026-12-08T09:00:00%2B01:00"


@pytest.fixture
def agency(site) -> dict[str, str]:
    """Make two agencies, a customer at Pessac whom Jean knows, and what Jean and Ryan have to do already."""
    with site.app.app_context():
        sample.agency()
        sample.resource("garonne", "room", name="Salle Garonne", persons=6)
        number = _second_agency()
        sample.order("MANDAT-7", kind="customer", email="vidal@example.com")
        for day in ("09", "10", "12"):
            wish = sample.wish(f"2026-11-{day} 09:00", int(day), service="evaluation")
            appointments.book(wish, now=paris("2026-10-30 08:00"))
        given = {"service": "evaluation", "customer": number}
        with_jean = sample.booked("2026-12-08 09:00", now=NOW, resources=("jean",), **given).public_id
        sample.booked("2026-12-08 10:00", now=NOW, number=1, resources=("ryan",), service="evaluation")
    return {"customer": f"/admin/customers/{number}", "one": f"/admin/appointments/{with_jean}"}


def _second_agency() -> int:
    sample.site(key="paris")
    with transaction() as session:
        region, group = Region(key="idf", name="Île-de-France"), ServiceGroup(key="vente", name={"fr": "Vendre"})
        customer = Customer(
            email="vidal@example.com", name="Camille Vidal", phone="06 12 34 56 78", locale="fr", created_at=sample.MADE
        )
        session.add_all([region, group, customer])
        session.flush()
        there, service = session.query(Site).filter_by(key="paris").one(), session.query(Service).one()
        there.address, there.region_id, there.revision = "3 rue de Rivoli, 75004 Paris", region.id, new_revision()
        service.group_id, service.revision = group.id, new_revision()
        session.add(Pool(service_id=service.id, site_id=there.id))
        number = customer.id
    sample.resource("zoe", name="Zoé", sites=("paris",), plannings=("bureau",), skills={"evaluation": 5})
    return number


@pytest.fixture
def enter(agency, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which a manager is logged in."""
    return partial(log_in, viewport={"width": 1280, "height": 900})


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_valuation_at_pessac_is_booked_with_two_agents_of_bordeaux(enter, agency):
    page = enter()
    page.goto(agency["customer"])
    page.get_by_role("link", name="Réserver pour le client").click()
    page.get_by_role("link", name="Évaluation de bien").click()
    expect(page.get_by_text("Comme aux derniers rendez-vous")).to_be_visible()
    page.get_by_label("Adresse, ville ou code postal").fill("4 rue Thiers, 33600 Pessac")
    page.get_by_role("button", name="Chercher").click()
    sites = page.get_by_role("main").get_by_role("heading", level=2)
    expect(sites.filter(has_text="Bordeaux")).to_contain_text("Même département")
    at_bordeaux = page.get_by_role("region", name="Bordeaux")
    expect(at_bordeaux.get_by_role("link")).to_have_count(4)
    at_bordeaux.get_by_role("link", name="Jean").click()
    page.get_by_role("link", name="mardi 8 décembre").click()
    slots = page.locator("#slots")
    expect(slots.get_by_role("link", name="9 h", exact=True)).to_have_count(0)
    expect(slots.get_by_role("link", name="10 h", exact=True)).to_be_visible()
    page.get_by_text("Gérer les ressources").click()
    page.get_by_label("Ajouter une personne, une salle ou du matériel").select_option("Ryan")
    page.get_by_role("button", name="Voir les créneaux communs").click()
    expect(page.get_by_role("button", name="Retirer Jean")).to_be_visible()
    expect(page.get_by_role("link", name="mardi 8 décembre")).to_have_attribute("aria-current", "true")
    expect(slots.get_by_role("link", name="10 h", exact=True)).to_have_count(0)
    slots.get_by_role("link", name="11 h", exact=True).click()
    expect(page.get_by_text("Étape 4 sur 4")).to_be_visible()
    expect(page.get_by_label("Nom")).to_have_value("Camille Vidal")
    page.get_by_role("button", name="Prendre le rendez-vous").dblclick()
    expect(page.get_by_text("Le rendez-vous est pris.")).to_be_visible()
    for name in ("Jean", "Ryan"):
        expect(page.get_by_role("link", name=f"Confier à quelqu’un d’autre : {name}")).to_be_visible()
    for key in ("jean", "ryan"):
        page.goto(f"/admin/calendar?resource={key}&view=day&day=2026-12-08")
        expect(page.get_by_role("main").get_by_text("Camille Vidal").first).to_be_visible()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_somebody_else_takes_over_without_scripts(enter, agency):
    page = enter(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.goto(agency["one"])
    page.get_by_role("link", name="Confier à quelqu’un d’autre : Jean").click()
    page.get_by_role("button", name="Confier le rendez-vous").click()
    expect(page.get_by_role("alert")).to_contain_text("Faites votre choix.")
    page.get_by_role("radio", name="Lea").check()
    page.get_by_role("button", name="Confier le rendez-vous").click()
    expect(page.get_by_text("Le rendez-vous a changé de main.")).to_be_visible()
    expect(page.get_by_text("Avant : Jean, maintenant : Lea")).to_be_visible()


@pytest.mark.parametrize(("backend", "look"), [("sqlite", "light"), ("postgresql", "dark")], indirect=["backend"])
def test_the_pages_are_accessible_and_fit(enter, agency, axe, fits, look):
    page = enter(color_scheme=look)
    number = agency["customer"].rpartition("/")[2]
    pages = [
        f"/admin/add/appointment/?customer={number}",
        f"{WHO}?customer={number}",
        f"{WHO}?near=33600+Pessac",
        f"{WHO}?name=zzz",
        f"{WHO}/bordeaux?customer={number}&with=jean&with=garonne",
        f"{WHO}/bordeaux/details?customer={number}&with=jean&with=garonne&{NINE}",
        agency["one"],
        f"{agency['one']}/reassign?of=jean",
        "/admin/reports/distribution?rule=fair",
    ]
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for url in pages:
            page.goto(url)
            axe(page)
            fits(page)
