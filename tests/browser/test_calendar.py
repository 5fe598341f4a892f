"""The calendar in a real browser: a click books, a drag moves, and nobody is shut out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from portal.operations import appointments
from portal.operations.actors import Actor
from tests import full_week, sample
from tests.backends import NOW
from tests.browser.site import Site
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
WEEK = "/admin/calendar?day=2026-12-08"
HALF = "/admin/calendar?at=2026-12-08T10:00:00%2B01:00"
PAGES = [
    "/admin/calendar",
    WEEK,
    f"{WEEK}&view=day",
    f"{WEEK}&whole=1",
    HALF,
    f"{HALF}&view=day",
    "/admin/calendar?day=2026-12-24",
    "/admin/calendar?at=2026-12-09T08:00:00%2B01:00",
]


@pytest.fixture
def busy(site: Site) -> Site:
    """Fill two weeks with something of everything."""
    with site.app.app_context():
        sample.docks()
        sample.planning(key="comptoir")
        sample.order()
        for number in range(6):
            sample.booked("2026-12-08 08:30", now=NOW, number=number)
        sample.booked("2026-12-08 10:00", now=NOW, number=7, actor=STAFF, order="CMD-1042")
        for number in range(5):
            reason = "Urgent" if number == 4 else ""
            sample.booked("2026-12-08 14:00", now=NOW, number=number, actor=STAFF, overbook=reason)
        gone = sample.booked("2026-12-10 09:00", now=NOW, number=8)
        appointments.cancel(gone.public_id, STAFF, now=NOW, undo=True)
        full_week.fill([paris("2026-12-09 08:00")], 600)
        full_week.observe("FR")
        full_week.close(date(2026, 12, 24), "Fermeture de fin d’année")
        full_week.exceptional(date(2026, 12, 23), "Demi-journée", (480, 720, 2))
    return site


@pytest.fixture
def enter(busy: Site, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which somebody of the staff is logged in; the planning of the docks is looked at."""
    return partial(log_in, viewport={"width": 1280, "height": 1000})


def docks(url: str) -> str:
    return url.replace("?", "?planning=quais&", 1) if "?" in url else f"{url}?planning=quais"


def box(page: Page, name: str):
    return page.locator("td.cal-cell, .cal-hour").filter(has=page.get_by_role("link", name=re.compile(f"^{name}, ")))


def test_a_click_on_a_free_place_books_it(enter):
    page = enter(role="agent")
    page.goto(docks(WEEK))
    page.get_by_role("link", name="Réserver mercredi 9 décembre à 14 h", exact=True).click()
    page.get_by_label("Nom").fill("Scierie Lafon")
    page.get_by_role("button", name="Prendre le rendez-vous").click()
    expect(page.get_by_text("Le rendez-vous est pris.")).to_be_visible()
    page.goto(docks("/admin/calendar?at=2026-12-09T14:00:00%2B01:00"))
    expect(page.get_by_role("region", name="Mercredi 9 décembre 2026, 14 h")).to_contain_text("Scierie Lafon")


@pytest.mark.parametrize("view", ["week", "day"])
def test_an_appointment_dragged_to_another_time_is_moved_once_confirmed(enter, view):
    page = enter(viewport={"width": 1280, "height": 1800})
    page.goto(docks(f"{WEEK}&view={view}"))
    visit = page.locator(".cal-visit").filter(has_text="CMD-1042")
    target = box(page, "mardi 8 décembre, 15 h 30")
    expect(target).to_have_attribute("data-drop", "2026-12-08T15:30:00+01:00")
    visit.drag_to(target)
    expect(page.get_by_role("button", name="Déplacer le rendez-vous")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("15 h 30")
    page.go_back()
    expect(page.locator("#calendar")).to_be_visible()  # nothing has moved without a look
    visit.drag_to(target)
    page.get_by_role("button", name="Déplacer le rendez-vous").click()
    expect(page.get_by_text("Le rendez-vous est déplacé.")).to_be_visible()


def test_an_appointment_dropped_on_nothing_stays(enter):
    page = enter()
    page.goto(docks(WEEK))
    page.locator(".cal-visit").filter(has_text="CMD-1042").drag_to(page.get_by_role("heading", level=1))
    expect(page.locator(".cal-dragged")).to_have_count(0)
    expect(page).to_have_url(re.compile("calendar"))


def test_a_number_shows_who_is_there_without_a_new_page(enter, axe):
    page = enter()
    page.goto(docks(WEEK))
    page.evaluate("window.same = true")
    page.get_by_role("link", name=re.compile("^mardi 8 décembre, 8 h 30, ")).click()
    there = page.get_by_role("region", name="Mardi 8 décembre 2026, 8 h 30")
    expect(there.get_by_role("listitem")).to_have_count(6)
    expect(there).to_contain_text("6 places prises sur 6 : complet.")
    expect(page).to_have_url(re.compile(r"at=2026-12-08T08:30:00%2B01:00"))
    expect(page.get_by_role("status").first).to_have_text("Mardi 8 décembre 2026, 8 h 30")
    axe(page)
    page.get_by_role("link", name="La semaine suivante").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Semaine du 14 au 20 décembre 2026")
    expect(page).to_have_title(re.compile("^Semaine du 14 au 20 décembre 2026"))
    assert page.evaluate("window.same")
    page.go_back()
    expect(page.get_by_role("region", name="Mardi 8 décembre 2026, 8 h 30")).to_be_visible()


def test_the_week_is_walked_through_by_keyboard(enter):
    page = enter()
    page.goto(docks(WEEK))
    page.get_by_role("link", name="La semaine suivante").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Semaine du 14 au 20 décembre 2026")
    expect(page.get_by_role("link", name="La semaine suivante")).to_be_focused()  # to go on from there
    page.get_by_role("link", name="Passer le tableau").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#agenda")).to_be_focused()
    number = page.get_by_role("link", name=re.compile("^mercredi 16 décembre, 8 h, "))
    number.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Mercredi 16 décembre 2026, 8 h")).to_be_visible()
    expect(number).to_be_focused()


def test_a_month_is_jumped_to(enter):
    page = enter()
    page.goto(docks(WEEK))
    page.locator("#cal-month").click()
    page.get_by_role("link", name="Mars 2027").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Semaine du 1er au 7 mars 2027")
    expect(page.locator(".pop-box")).to_be_hidden()


def test_everything_is_there_without_scripts(enter):
    page = enter(java_script_enabled=False)
    page.goto(docks(WEEK))
    expect(page.get_by_text("Glissez un rendez-vous")).to_be_hidden()
    page.get_by_label("Calendrier de", exact=True).select_option("Planning comptoir")
    page.get_by_role("button", name="Afficher").click()
    expect(page.locator(".lead")).to_contain_text("Planning comptoir")
    page.goto(docks(HALF))
    page.get_by_role("link", name="Déplacer Chauffeur 7").click()
    expect(page.get_by_role("heading", name="Déplacer le rendez-vous")).to_be_visible()
    page.goto(docks(WEEK))
    page.get_by_role("link", name=re.compile("^mercredi 9 décembre, 8 h, ")).click()
    there = page.get_by_role("region", name="Mercredi 9 décembre 2026, 8 h")
    expect(there).to_contain_text("600 places prises sur 6 : capacité dépassée.")
    page.get_by_role("navigation", name="Pages").get_by_role("link").click()
    expect(there).to_contain_text("Camion 0050")


def test_a_phone_shows_one_day_with_the_week_on_top(enter, axe, fits):
    page = enter(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page.goto(docks("/admin/calendar"))
    expect(page.get_by_role("table")).to_be_hidden()
    days = page.get_by_role("navigation", name="Jours de la semaine")
    expect(days.get_by_role("link")).to_have_count(7)
    page.get_by_role("link", name="La semaine suivante").click()
    days.get_by_role("link", name=re.compile("mercredi 9 décembre")).click()
    expect(page.get_by_role("heading", name="Mercredi 9 décembre")).to_be_visible()
    expect(page.locator(".cal-hour").first).to_contain_text("600/6")
    page.get_by_role("link", name=re.compile("et 594 autres")).click()
    expect(page.get_by_role("heading", name="Mercredi 9 décembre 2026, 8 h")).to_be_in_viewport()
    fits(page)
    axe(page)


@pytest.mark.parametrize(
    ("backend", "language", "scheme", "width"),
    [("sqlite", "fr", "light", 1280), ("postgresql", "en", "dark", 390)],
    indirect=["backend"],
)
def test_the_calendar_shuts_nobody_out(enter, axe, language, scheme, width):
    page = enter(language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for url in PAGES:
        page.goto(docks(url))
        axe(page)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_calendar_never_scrolls_sideways(enter, fits):
    page = enter()
    for url in PAGES:
        page.goto(docks(url))
        for width in (320, 390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
    page.set_viewport_size({"width": 640, "height": 900})
    page.add_init_script("addEventListener('DOMContentLoaded', () => document.documentElement.style.fontSize = '200%')")
    for url in PAGES:
        page.goto(docks(url))
        fits(page)
