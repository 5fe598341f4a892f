"""Public pages for everyone: no violation in either language and scheme, no sideways scroll, in forced colours."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.operations import appointments
from portal.operations.actors import CUSTOMER
from portal.operations.wishes import Booked, Wish
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

PLANNING = "/book/bordeaux/planning/quais"
START = "start=2026-12-08T08:30:00%2B01:00"
LOST = "start=2026-12-08T08:10:00%2B01:00"


@pytest.fixture
def pages(site: Site) -> list[str]:
    """Give the address of every public page, with something to show on each."""
    with site.app.app_context():
        sample.docks()
        sample.planning(key="comptoir", kinds=("customer",))
        sample.order()
        token = sample.link()
        kept, gone = (book(token, start) for start in ("2026-12-09 09:00", "2026-12-10 09:00"))
        appointments.cancel(gone.public_id, CUSTOMER, now=NOW)
    link, mine = f"/b/{token}", f"/a/{kept.token}"
    public = ["/", "/book/bordeaux", PLANNING, f"{PLANNING}?tz=America/Halifax", f"{PLANNING}?day=2026-12-12"]
    steps = [f"{PLANNING}/details?{START}", f"{PLANNING}/details?{LOST}", link, f"{link}/details?{START}"]
    actions = [mine, *(f"{mine}/{action}" for action in ("edit", "reschedule", f"reschedule?{START}", "cancel"))]
    rest = [f"/a/{gone.token}", f"/a/{gone.token}/undo", "/find", "/nothing", "/about/privacy", "/about/legal"]
    return [*public, *steps, *actions, *rest, "/about/accessibility"]


def book(token: str, start: str) -> Booked:
    wish = Wish(start=sample.paris(start), contact=sample.contact(), actor=CUSTOMER, token=token)
    return appointments.book(wish, now=NOW)


def localised(url: str, language: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}lang={language}"


@pytest.mark.parametrize(
    ("backend", "language", "scheme"), [("sqlite", "fr", "light"), ("postgresql", "en", "dark")], indirect=["backend"]
)
def test_no_page_shuts_anybody_out(
    pages: list[str], browse: Callable[..., Page], axe: Callable[[Page], None], language: str, scheme: str
) -> None:
    width = 390 if language == "fr" else 1280
    page = browse(viewport={"width": width, "height": 900}, color_scheme=scheme)
    for url in pages:
        page.goto(localised(url, language))
        axe(page)


def test_errors_shut_nobody_out(pages, desk, axe):
    desk.goto(f"{PLANNING}/details?{START}")
    desk.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(desk.get_by_role("alert")).to_be_visible()
    axe(desk)
    desk.goto("/find")
    desk.get_by_role("button", name="Envoyer les liens").click()
    axe(desk)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_no_page_scrolls_sideways(pages, desk, fits):
    for url in pages:
        desk.goto(localised(url, "fr"))
        for width in (320, 640, 1280):
            desk.set_viewport_size({"width": width, "height": 900})
            fits(desk)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twice_as_large_letters_still_fit(pages, browse, fits):
    page = browse(viewport={"width": 640, "height": 900})
    page.add_init_script("addEventListener('DOMContentLoaded', () => document.documentElement.style.fontSize = '200%')")
    for url in pages:
        page.goto(localised(url, "fr"))
        fits(page)


def test_the_chosen_day_is_seen_in_forced_colours(pages, browse):
    page = browse(viewport={"width": 1280, "height": 900}, forced_colors="active")
    page.goto(PLANNING)
    looks = "element => getComputedStyle(element).backgroundColor"
    chosen, free = page.locator(".month a[aria-current]"), page.locator(".month a:not([aria-current])").first
    assert chosen.evaluate(looks) != free.evaluate(looks)


def test_paper_shows_the_appointment_and_none_of_the_buttons(pages, desk):
    desk.goto(next(url for url in pages if url.startswith("/a/")))
    desk.emulate_media(media="print")
    expect(desk.get_by_role("img", name="Code QR")).to_be_visible()
    expect(desk.get_by_role("link", name="Annuler")).to_be_hidden()
