"""The list of appointments and a day called off, in a real browser; pages that shut nobody out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal import jobs
from portal.operations import batch_plans, batches
from portal.operations.actors import Actor
from portal.operations.batch_plans import Plan
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

LIST, DAYS, NEW = "/admin/appointments/", "/admin/whole-days/", "/admin/whole-days/new"
ANNE = Actor("anne@example.com", "staff", staff=True)


@pytest.fixture
def filled(site: Site) -> Site:
    """Expect four on the eighth; nobody finds a place on the ninth at 14:00."""
    with site.app.app_context():
        sample.docks()
        sample.order()
        for number, hour in enumerate(("08:00", "08:30", "14:00", "14:00")):
            sample.booked(f"2026-12-08 {hour}", now=NOW, number=number)
        for number in range(4):
            sample.booked("2026-12-09 14:00", now=NOW, number=10 + number)
    return site


@pytest.fixture
def enter(filled: Site, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which a manager is logged in."""
    return log_in


@pytest.fixture
def work(filled: Site) -> Callable[[], None]:
    """Do what a worker does."""

    def worked() -> None:
        with filled.app.app_context():
            jobs.beat()
            jobs.change_days(NOW)

    return worked


def ask(page: Page, **values: str) -> None:
    """Fill in the form of a day, and look at what would happen."""
    page.goto(NEW)
    page.get_by_label("Jour", exact=True).fill("2026-12-08")
    if to := values.get("to"):
        page.get_by_label("Ils sont déplacés à un autre jour").check()
        page.get_by_label("À quel jour").fill(to)
    page.get_by_label("Message aux clients").fill(values.get("words", ""))
    page.get_by_role("button", name="Voir ce qui va se passer").click()


def test_a_day_moves_while_somebody_watches(enter, work):
    page = enter(viewport={"width": 1280, "height": 900})
    ask(page, to="2026-12-09", words="Un accident bloque le quai 3.")
    expect(page.get_by_text("déplacé, même heure")).to_have_count(2)
    expect(page.get_by_text("déplacé à 15 h")).to_have_count(2)
    page.get_by_role("button", name="Déplacer 4 rendez-vous").click()
    expect(page.get_by_text("0 sur 4 traités").first).to_be_visible()
    expect(page.get_by_text("Personne ne fait le travail")).to_be_visible()
    work()
    expect(page.get_by_text("Terminé : 4 sur 4")).to_be_visible()
    expect(page.get_by_role("button", name="Arrêter ici")).to_have_count(0)
    expect(page.get_by_text("Déplacé à 15 h")).to_have_count(2)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_day_is_called_off_without_scripts(enter, work):
    page = enter(java_script_enabled=False)
    ask(page, words="Un accident bloque le quai 3.")
    page.get_by_role("button", name="Annuler 4 rendez-vous").click()
    expect(page.get_by_text("0 sur 4 traités").first).to_be_visible()
    work()
    page.get_by_role("link", name="Actualiser").click()
    expect(page.get_by_text("Terminé : 4 sur 4")).to_be_visible()
    page.get_by_role("link", name="Journées entières").first.click()
    expect(page.get_by_role("link", name="Tout annuler")).to_be_visible()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_the_list_is_searched_sorted_and_taken_along(enter):
    page = enter(viewport={"width": 1280, "height": 900})
    page.goto(LIST)
    page.get_by_role("searchbox").fill("chauffeur 1")
    page.get_by_role("button", name="Rechercher").click()
    expect(page.get_by_text("5 rendez-vous").first).to_be_visible()
    page.get_by_role("columnheader", name="Qui").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Qui")).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_role("searchbox")).to_have_value("chauffeur 1")
    with page.expect_download() as taken:
        page.get_by_role("link", name="Excel").click()
    assert taken.value.suggested_filename == "rendez-vous-2026-12-01.xlsx"


@pytest.mark.parametrize(
    ("backend", "language", "scheme", "width"),
    [("sqlite", "fr", "light", 390), ("postgresql", "en", "dark", 1280)],
    indirect=["backend"],
)
def test_no_page_shuts_anybody_out(enter, filled, axe, fits, language, scheme, width):
    with filled.app.app_context():
        plan = Plan("bordeaux", sample.paris("2026-12-08 08:00").date(), to=sample.paris("2026-12-09 08:00").date())
        batch = batches.begin(plan, batch_plans.preview(plan, now=NOW).seen, ANNE, now=NOW)
    page = enter(language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for url in (LIST, f"{LIST}?status=confirmed&sort=name.down", f"{LIST}?q=nobody", DAYS, NEW, f"{DAYS}{batch}"):
        page.goto(url)
        axe(page)
        fits(page)
    with filled.app.app_context():
        jobs.change_days(NOW)
    page.goto(f"{DAYS}{batch}")
    axe(page)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_preview_and_the_errors_shut_nobody_out(enter, axe, fits):
    page = enter(viewport={"width": 390, "height": 900})
    ask(page, to="2026-12-09")
    axe(page)
    fits(page)
    ask(page, to="2026-12-08")
    expect(page.get_by_role("alert")).to_be_visible()
    axe(page)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_no_page_scrolls_sideways(enter, fits):
    page = enter()
    for url in (LIST, DAYS, NEW):
        page.goto(url)
        for width in (320, 768, 1024, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
