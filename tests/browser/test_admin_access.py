"""The staff area for everyone: no violation in either language and scheme, no sideways scroll, large letters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from portal.domain.openings import Opening
from portal.operations import plannings, sites
from portal.operations.plannings import Exceptional
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

EDITOR, SITE = "/admin/plannings/quais", "/admin/sites/bordeaux"
PAGES = [
    "/admin/",
    "/admin/?day=2026-12-07&site=bordeaux",
    "/admin/account",
    "/admin/plannings/",
    EDITOR,
    "/admin/add/planning",
    f"{EDITOR}/add/day",
    f"{EDITOR}/days/2026-12-24",
    f"{EDITOR}/days/2026-12-24/delete",
    f"{EDITOR}/versions/2026-12-14/delete",
    "/admin/sites/",
    SITE,
    "/admin/add/site",
    f"{SITE}/add/closure",
    f"{SITE}/process",
    f"{EDITOR}/rules",
    "/admin/explain?site=bordeaux&planning=quais&day=2026-12-07&at=11:45&email=chauffeur0@example.com",
    "/admin/explain?site=bordeaux&planning=quais&email=nobody",
    "/admin/plannings/nothing",
]


@pytest.fixture
def filled(site: Site) -> Site:
    """Fill every page with something to show."""
    with site.app.app_context():
        sample.docks()
        sample.site(key="lyon")
        for number in range(4):
            sample.booked("2026-12-07 14:00", now=NOW, number=number)
        day = Exceptional(date(2026, 12, 24), "Inventaire", (Opening(480, 720, 2),))
        plannings.save_day("quais", plannings.read("quais").revision, day, now=NOW)
        sheet = plannings.read("quais")
        plan = plannings.Plan(
            name=sheet.name,
            timezone=sheet.timezone,
            sites=("bordeaux", "lyon"),
            kinds=sheet.kinds,
            guests=True,
            slot_minutes=60,
            step_minutes=30,
            week={1: (Opening(480, 720, 2),)},
            applies_from=date(2026, 12, 14),
        )
        plannings.save("quais", sheet.revision, plan, now=NOW)
        sites.close("bordeaux", date(2026, 12, 25), date(2026, 12, 26), "Noël", now=NOW)
    return site


@pytest.fixture
def enter(filled: Site, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which a manager is logged in."""
    return log_in


@pytest.mark.parametrize(
    ("backend", "language", "scheme"), [("sqlite", "fr", "light"), ("postgresql", "en", "dark")], indirect=["backend"]
)
def test_no_page_shuts_anybody_out(enter, axe, language, scheme):
    width = 390 if language == "fr" else 1280
    page = enter(language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for url in PAGES:
        page.goto(url)
        axe(page)


def test_the_login_shuts_nobody_out(filled, desk, axe):
    desk.goto("/admin/login")
    axe(desk)
    desk.get_by_role("button", name="Se connecter").click()
    expect(desk.get_by_role("alert")).to_be_visible()
    axe(desk)


def test_errors_and_warnings_shut_nobody_out(enter, axe):
    page = enter(viewport={"width": 1280, "height": 900})
    page.goto(EDITOR)
    page.get_by_label("Fin", exact=True).first.fill("7")
    page.get_by_role("button", name="Enregistrer la semaine").click()
    expect(page.get_by_role("alert")).to_be_visible()
    axe(page)
    page.goto(f"{SITE}/add/closure")
    page.get_by_label("Premier jour").fill("2026-12-07")
    page.get_by_role("button", name="Enregistrer la fermeture").click()
    expect(page.get_by_role("heading", name="4 rendez-vous sont prévus ces jours-là")).to_be_visible()
    axe(page)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_no_page_scrolls_sideways(enter, fits):
    page = enter()
    for url in PAGES:
        page.goto(url)
        for width in (320, 640, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twice_as_large_letters_still_fit(enter, fits):
    page = enter(viewport={"width": 640, "height": 900})
    page.add_init_script("addEventListener('DOMContentLoaded', () => document.documentElement.style.fontSize = '200%')")
    for url in PAGES:
        page.goto(url)
        fits(page)


def test_the_menu_opens_on_a_phone_without_a_script_of_ours(enter):
    page = enter(viewport={"width": 390, "height": 844})
    page.goto("/admin/")
    expect(page.get_by_role("link", name="Plannings")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Plannings").click()
    expect(page.get_by_role("heading", name="Plannings", level=1)).to_be_visible()
