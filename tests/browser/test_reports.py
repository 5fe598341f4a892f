"""Reports, the use of a planning and its own rules: accessible, on a phone, in the dark, without scripts."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
from playwright.sync_api import expect

from portal.operations import plannings
from portal.operations.actors import Actor
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site
from tests.operations.test_planning_list import refuse, retire

STAFF = Actor("claire@example.com", "staff", staff=True)
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
USE = "/admin/plannings/quais/use"
PAGES = {
    "plannings": "/admin/plannings/",
    "use": f"{USE}?week=2026-11-23",
    "mean": f"{USE}?span=mean",
    "rules": "/admin/plannings/quais/rules",
    "reports": "/admin/reports/?from=2026-10-05&to=2026-12-06",
    "months": "/admin/reports/?from=2026-09-01&to=2026-12-31&step=month",
}


@pytest.fixture
def office(site: Site) -> Site:
    """Give every level of the map something to show: a full half hour, an overfull one, and days that were refused."""
    with site.app.app_context():
        sample.docks()
        sample.site(key="lyon")
        sample.planning(key="comptoir", sites=("bordeaux", "lyon"), week={1: ((480, 720, 1),)})
        sample.planning(key="ancien")
        retire("ancien")
        early = NOW - timedelta(days=30)
        for number in range(12):
            start = f"2026-11-{23 + number % 3} 0{8 + number % 2}:00"
            sample.booked(start, now=early, number=number)
        for number in range(2):
            reason = {"overbook": "frais"} if number else {}
            sample.booked("2026-11-23 08:00", now=early, number=20 + number, planning="comptoir", actor=STAFF, **reason)
        for day in (date(2026, 11, 23), date(2026, 12, 24)):
            refuse(day, 7)
        plannings.save_rules("quais", plannings.read("quais").revision, {"max_days": 20}, now=NOW)
    return site


@pytest.mark.parametrize(("backend", "look"), [("sqlite", "light"), ("postgresql", "dark")], indirect=["backend"])
def test_the_pages_are_accessible_and_fit(office, log_in, axe, fits, look):
    page = log_in(color_scheme=look)
    for width, url in product((390, 1280), PAGES.values()):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(url)
        axe(page)
        fits(page)


def test_a_phone_shows_every_number_of_the_map(office, log_in, fits):
    page = log_in(**PHONE)
    page.goto(PAGES["use"])
    cell = page.locator(".heat tbody tr").first.locator("td").first
    expect(cell).to_have_text("2/6")
    assert cell.bounding_box()["width"] > 30
    fits(page)


def test_a_manager_goes_from_the_list_to_a_week_and_to_the_mean(office, log_in):
    page = log_in()
    page.goto("/admin/plannings/")
    page.get_by_role("link", name="Usage Planning quais").click()
    page.get_by_role("link", name="Semaine précédente").click()
    expect(page.get_by_role("table", name="Réservés sur les créneaux").locator("td").first).to_have_text("2/6")
    page.get_by_role("link", name="Moyenne de huit semaines").click()
    expect(page.get_by_role("table", name="Réservés sur les créneaux").locator("td").first).to_have_text("0,2/6")


def test_reports_and_rules_work_without_scripts(office, log_in):
    page = log_in(java_script_enabled=False)
    page.goto("/admin/reports/")
    page.get_by_label("Premier jour").fill("2026-11-23")
    page.get_by_label("Dernier jour").fill("2026-11-29")
    page.get_by_label("Site", exact=True).select_option("Bordeaux")
    page.get_by_role("button", name="Afficher").click()
    expect(page.get_by_role("table", name="Par semaine").locator("tbody tr")).to_have_count(1)
    expect(page.locator(".figures")).to_contain_text("14")
    page.goto(PAGES["rules"])
    page.get_by_label("Réservable à l’avance (jours)").fill("")
    page.get_by_role("button", name="Enregistrer les règles").click()
    expect(page.get_by_text("Les règles sont enregistrées.")).to_be_visible()
    expect(page.locator("#rules")).to_contain_text("Aucune")


def test_a_report_is_fetched_as_a_file(office, log_in):
    page = log_in()
    page.goto(PAGES["reports"])
    for kind in ("CSV", "Excel"):
        with page.expect_download() as fetched:
            page.get_by_role("link", name=kind).click()
        assert fetched.value.suggested_filename.startswith("rapport-2026-12-01")
