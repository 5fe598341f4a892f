"""A day at the gate in a real browser: who comes is marked by thumb, by mouse and by keyboard, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from portal.domain.lifecycle import Status
from portal.operations import cards, marks
from portal.operations.actors import Actor
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

AGENT = Actor("agent@example.com", "staff", staff=True)
SMALL = {"width": 390, "height": 844}


@pytest.fixture
def day(site: Site) -> dict[str, str]:
    """Fill a morning, and give the ids by name: it is 9:40, one is here, one late, one soon, one done."""
    hours = {"Lacoste": "09:30", "Garnier": "10:00", "Girondin": "08:30", "Peyrat": "08:00", "Roux": "11:00"}
    with site.app.app_context():
        sample.docks()
        made = {
            name: sample.booked(f"2026-12-01 {hour}", now=NOW - timedelta(days=1), number=number).public_id
            for number, (name, hour) in enumerate(hours.items())
        }
        for name, status in (
            ("Girondin", Status.ARRIVED),
            ("Peyrat", Status.ARRIVED),
            ("Peyrat", Status.COMPLETED),
        ):
            marks.mark(made[name], status, AGENT, now=sample.paris("2026-12-01 08:45"))
    site.clock.set(sample.paris("2026-12-01 09:40"))
    return made


@pytest.fixture
def enter(log_in: Callable[..., Page], day: dict[str, str]) -> Callable[..., Page]:
    """Open a browser in which an agent is logged in."""
    return partial(log_in, role="agent", viewport={"width": 1280, "height": 900})


def status_of(site: Site, public_id: str) -> Status:
    with site.app.app_context():
        return cards.by_public_id(public_id).status


def line(page: Page, name: str) -> Any:
    return page.get_by_role("listitem").filter(has=page.get_by_role("link", name=name, exact=True))


@pytest.mark.parametrize(("scripts", "viewport"), [(True, {"width": 1280, "height": 900}), (False, SMALL)])
def test_a_morning_is_marked_and_a_mistake_taken_back(site, enter, day, fits, axe, scripts, viewport):
    page = enter(viewport=viewport, java_script_enabled=scripts)
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Prochaines arrivées 2")).to_be_visible()
    line(page, "Chauffeur 0").get_by_role("button", name="Absent").click()
    expect(page.get_by_text("Chauffeur 0 : absence notée.")).to_be_visible()
    expect(page.get_by_role("heading", name="En retard")).to_have_count(0)
    assert status_of(site, day["Lacoste"]) is Status.NO_SHOW
    page.get_by_text("Chauffeur 0 : absence notée.").locator("xpath=..").get_by_role("button", name="Défaire").click()
    expect(page.get_by_text("Chauffeur 0 : c’est défait.")).to_be_visible()
    line(page, "Chauffeur 0").get_by_role("button", name="Arrivé").click()
    expect(page.get_by_role("heading", name="Sur place 2")).to_be_visible()
    line(page, "Chauffeur 2").get_by_role("button", name="Terminé").click()
    expect(page.get_by_role("heading", name="Terminés 2")).to_be_visible()
    assert [status_of(site, day[name]) for name in ("Lacoste", "Girondin")] == [Status.ARRIVED, Status.COMPLETED]
    fits(page)
    if scripts:
        axe(page)


def test_by_keyboard_the_focus_goes_on_to_the_next_line(enter, day):
    page = enter()
    page.goto("/admin/")
    line(page, "Chauffeur 1").get_by_role("button", name="Arrivé").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sur place 2")).to_be_visible()
    expect(page.get_by_role("link", name="Chauffeur 4", exact=True)).to_be_focused()


def test_the_day_is_read_again_while_it_is_looked_at_and_nobody_loses_their_place(site, enter, day):
    page = enter()
    page.clock.install()
    page.goto("/admin/")
    page.locator("#open-completed").click()
    line(page, "Chauffeur 4").get_by_role("button", name="Arrivé").focus()
    with site.app.app_context():
        marks.mark(day["Garnier"], Status.ARRIVED, AGENT, now=sample.paris("2026-12-01 09:41"))
    page.clock.fast_forward("00:31")
    expect(page.get_by_role("heading", name="Sur place 2")).to_be_visible()
    expect(line(page, "Chauffeur 3").get_by_role("button", name="Défaire")).to_be_visible()  # still unfolded
    expect(line(page, "Chauffeur 4").get_by_role("button", name="Arrivé")).to_be_focused()


def test_a_page_whose_session_ended_goes_to_the_login_and_asks_no_more(enter):
    page = enter()
    page.clock.install()
    page.goto("/admin/?site=bordeaux")
    page.context.clear_cookies()
    page.clock.fast_forward("00:31")
    expect(page).to_have_url("/admin/login?next=/admin/?site%3Dbordeaux")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_code_opens_the_gate_where_a_thumb_is_enough(site, enter, day, axe, fits, scripts):
    page = enter(viewport=SMALL, is_mobile=True, has_touch=True, java_script_enabled=scripts)
    with site.app.app_context():
        reference = cards.by_public_id(day["Lacoste"]).reference
    page.goto(f"/admin/gate/{reference}")
    expect(page.get_by_role("heading", name="En retard de 10 min")).to_be_visible()
    button = page.get_by_role("button", name="Arrivé")
    assert button.bounding_box()["height"] >= 64
    button.tap()
    expect(page.get_by_role("heading", name="Arrivé", exact=True)).to_be_visible()
    expect(page.get_by_text("Noté aujourd’hui à 9 h 40.")).to_be_visible()
    page.get_by_role("group", name="Que noter").get_by_role("button", name="Défaire").tap()
    expect(page.get_by_role("heading", name="En retard de 10 min")).to_be_visible()
    page.get_by_role("button", name="Arrivé").tap()
    page.get_by_role("link", name="Arrivée suivante").tap()
    expect(page.get_by_role("heading", name="Entrée")).to_be_visible()
    fits(page)
    assert status_of(site, day["Lacoste"]) is Status.ARRIVED
    if scripts:
        axe(page)


def test_a_note_stands_in_the_history_with_who_wrote_it(enter, day, axe):
    page = enter()
    page.goto(f"/admin/appointments/{day['Girondin']}")
    page.get_by_role("button", name="Enregistrer la note").click()
    expect(page.get_by_role("alert")).to_be_focused()
    axe(page)
    page.get_by_label("Ajouter une note").fill("Palette abîmée")
    page.get_by_role("button", name="Enregistrer la note").dblclick()
    expect(page.get_by_text("La note est enregistrée.")).to_be_visible()
    story = page.get_by_role("region", name="Historique").get_by_role("listitem")
    expect(story.filter(has_text="Palette abîmée")).to_have_count(1)
    expect(story.first).to_contain_text("agent@example.com")
    expect(story.nth(1)).to_contain_text("Arrivé")


def test_the_sheet_is_printed_without_the_menu(enter, axe):
    page = enter()
    page.goto("/admin/")
    page.get_by_role("link", name="Feuille à imprimer").click()
    expect(page.get_by_role("button", name="Imprimer")).to_be_visible()
    expect(page.get_by_role("img", name="Code QR")).to_have_count(5)
    axe(page)
    page.emulate_media(media="print")
    for hidden in (page.get_by_role("navigation"), page.get_by_role("button", name="Imprimer")):
        expect(hidden.first).to_be_hidden()
    expect(page.get_by_role("row")).to_have_count(6)
    page.emulate_media(media="screen")


def test_without_scripts_the_sheet_says_how_to_print(enter):
    page = enter(java_script_enabled=False)
    page.goto("/admin/sheet")
    expect(page.get_by_text("Imprimez cette page par le menu")).to_be_visible()
    expect(page.get_by_role("button", name="Imprimer")).to_be_hidden()


@pytest.mark.parametrize(
    ("backend", "language", "scheme"), [("sqlite", "fr", "light"), ("postgresql", "en", "dark")], indirect=["backend"]
)
def test_no_page_of_the_day_shuts_anybody_out(site, enter, day, axe, fits, language, scheme):
    page = enter(language, viewport=SMALL if language == "en" else {"width": 1280, "height": 900}, color_scheme=scheme)
    with site.app.app_context():
        references = [cards.by_public_id(public_id).reference for public_id in day.values()]
    gates = [f"/admin/gate/{reference}" for reference in references]
    for url in ("/admin/", "/admin/?stand=completed", "/admin/?day=2026-12-02", "/admin/sheet", *gates):
        page.goto(url)
        axe(page)
        fits(page)
    page.set_viewport_size({"width": 320, "height": 800})
    for url in ("/admin/", "/admin/sheet", gates[0]):
        page.goto(url)
        fits(page)
