"""A day of everybody at a site in a real browser: a click or the keyboard books, a drag moves, a phone shows lists."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.operations.actors import Actor
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

STAFF = Actor("claire@example.com", "staff", staff=True)
TEAM = "/admin/calendar?site=bordeaux&view=team&day=2026-12-07"
PAGES = [
    TEAM,
    f"{TEAM}&who=jean&at=2026-12-07T11:00:00%2B01:00",
    "/admin/calendar?resource=jean&day=2026-12-07",
    "/admin/calendar?site=bordeaux&service=evaluation&day=2026-12-07",
    "/admin/feeds/",
]


@pytest.fixture
def agency(site: Site) -> Site:
    """Make the agency with an appointment of two people, and one who is away."""
    away = (("2026-12-07T14:00", "2026-12-08T18:00"),)
    with site.app.app_context():
        sample.agency(people=("jean",), buffer_after=15)
        sample.resource("ryan", name="Ryan Colin", plannings=("bureau",), colour="#2a7dc6")
        sample.resource("lea", name="Léa Martin", plannings=("bureau",), absences=away, colour="#c94592")
        sample.resource("salle", "room", name="Salle 4")
        sample.site(key="agence-de-la-presqu-ile-et-des-monts")  # a long name takes no more than a phone's width
        sample.resource("marc", sites=("agence-de-la-presqu-ile-et-des-monts",))
        sample.service("conseil", name={"fr": "Conseil", "en": "Advice"}, minutes=30)
        with_both = {"resources": ("jean", "ryan", "salle"), "actor": STAFF}
        sample.booked("2026-12-07 09:00", now=NOW, service="evaluation", **with_both)
    return site


@pytest.fixture
def enter(agency: Site, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which somebody of the staff is logged in."""
    return log_in


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_free_time_is_booked_with_somebody_by_keyboard_and_the_appointment_dragged(enter):
    page = enter(viewport={"width": 1280, "height": 1600})  # nothing is scrolled to while it is dragged
    page.goto(TEAM)
    jean = page.get_by_role("region", name="Jean", exact=True)
    start = jean.get_by_role("link", name="Réserver lundi 7 décembre à 15 h, Jean", exact=True)
    start.focus()
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Lundi 7 décembre 2026 à 15 h, Jean").get_by_role("link", name="Conseil").click()
    page.get_by_label("Nom").fill("Scierie Lafon")
    page.get_by_role("button", name="Prendre le rendez-vous").click()
    expect(page.get_by_text("Le rendez-vous est pris.")).to_be_visible()
    page.goto(TEAM)
    visit = jean.get_by_role("listitem").filter(has_text="Scierie Lafon")
    ryan = page.get_by_role("region", name="Ryan Colin")
    later = "Réserver lundi 7 décembre à 16 h 30"
    visit.drag_to(page.get_by_role("region", name="Léa Martin").get_by_text("Absence : Congés"))
    expect(page.get_by_text("Impossible de déposer ici : Absence : Congés, de 14 h à 18 h")).to_be_visible()
    visit.drag_to(jean.get_by_role("link", name=later))
    page.get_by_role("button", name="Déplacer le rendez-vous").click()
    expect(page.get_by_text("Le rendez-vous est déplacé.")).to_be_visible()
    page.goto("/admin/calendar?resource=jean&day=2026-12-07")
    expect(page.get_by_role("listitem").filter(has_text="Scierie Lafon")).to_contain_text("De 16 h 30 à 17 h")
    page.goto(TEAM)
    visit.drag_to(ryan.get_by_role("link", name="Réserver lundi 7 décembre à 11 h, Ryan Colin", exact=True))
    expect(page.get_by_text("Jean et Ryan Colin en sont informés par e-mail.")).to_be_visible()
    page.get_by_role("button", name="Déplacer et confier").click()
    expect(page.get_by_text("Le rendez-vous est déplacé et confié à Ryan Colin.")).to_be_visible()
    page.goto(TEAM)
    expect(ryan.get_by_role("listitem").filter(has_text="Scierie Lafon")).to_contain_text("De 11 h à 11 h 30")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_everything_is_there_without_scripts_and_on_a_phone(enter, fits):
    page = enter(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page.goto("/admin/calendar")
    page.get_by_label("Calendrier de").select_option("Équipe, salles et matériel, Bordeaux")
    page.locator("#day").fill("2026-12-07")
    page.get_by_role("button", name="Afficher").click()
    for name in ("Jean", "Ryan Colin", "Salle 4"):
        expect(page.get_by_role("region", name=name, exact=True)).to_contain_text("Chauffeur 0")
    expect(page.get_by_role("region", name="Léa Martin")).to_contain_text("Absence : Congés, de 14 h à 18 h")
    page.get_by_label("Personnes").uncheck()
    page.get_by_role("button", name="Filtrer").click()
    expect(page.get_by_role("region", name="Jean", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Salle 4", exact=True).click()
    expect(page.locator(".lead")).to_contain_text("Salle 4, Bordeaux")


@pytest.mark.parametrize(
    ("backend", "language", "scheme", "width"),
    [("sqlite", "fr", "light", 1280), ("postgresql", "en", "dark", 1280), ("sqlite", "en", "dark", 390)],
    indirect=["backend"],
)
def test_the_calendars_shut_nobody_out_and_never_scroll_sideways(enter, axe, fits, language, scheme, width):
    page = enter(language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for url in PAGES:
        page.goto(url)
        axe(page)
        fits(page)
