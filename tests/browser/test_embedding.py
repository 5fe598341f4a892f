"""The booking pages in a frame of another site's page: to the end, as high as what they show, only where allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests import sample, staff
from tests.browser.site import Site

FRAME = "iframe.creneau"
PLANNING = "/book/bordeaux/planning/quais"
PHONE = {"viewport": {"width": 390, "height": 844}}
HOST = (
    '<!doctype html><html lang="fr"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    'script-src {portal}; frame-src {portal}">'
    "<title>Transports Roy</title><body><main><h1>Transports Roy</h1>{tags}<p>Pied de page</p></main>"
)


class _Host(BaseHTTPRequestHandler):
    """A company's own site: one page, strict about what it loads."""

    page = ""

    def do_GET(self) -> None:
        """Give the page, and nothing else."""
        found = self.path == "/"
        self.send_response(200 if found else 204)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.page.encode() if found else b"")

    def log_message(self, *words: Any) -> None:
        """Leave pytest's output to pytest."""


@pytest.fixture
def host(site: Site) -> Iterator[Callable[..., str]]:
    """Serve a page of another site that embeds the portal: ``host('data-site="bordeaux"')``; it gives the address.

    ``frame`` is a frame that it writes itself, ``code`` what it copied, ``above`` what comes first. It is an allowed
    origin, unless ``allowed`` names others. Browsers take ``localhost`` for another site than ``127.0.0.1``.
    """
    handler = type("Host", (_Host,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    origin = f"http://localhost:{server.server_port}"

    def serve(*tags: str, frame: str = "", code: str = "", above: str = "", allowed: str = origin) -> str:
        scripts = "".join(f'<script src="{site.url}/embed.js" {tag}></script>' for tag in tags)
        own = f'<iframe src="{site.url}{frame}" title="Réserver"></iframe>' if frame else ""
        handler.page = HOST.format(portal=site.url, tags=above + scripts + own + code)
        site.app.config["SETTINGS"] = replace(site.app.config["SETTINGS"], embed_origins=(allowed,))
        return origin

    yield serve
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def docks(site: Site) -> None:
    with site.app.app_context():
        sample.docks()


def inside(page: Page) -> FrameLocator:
    return page.frame_locator(FRAME)


def shows_it_whole(page: Page) -> None:
    """Wait until the frame is as high as the page in it, which needs no scrolling of its own."""
    frame = page.locator(FRAME).element_handle().content_frame()
    assert frame is not None
    page.wait_for_function(f"document.querySelector('{FRAME}').clientHeight !== 640")
    frame.wait_for_function("Math.ceil(document.documentElement.getBoundingClientRect().height) === innerHeight")


def fill(frame: FrameLocator) -> None:
    frame.get_by_label("E-mail").fill("camille@example.com")
    frame.get_by_label("Nom", exact=True).fill("Camille Roy")


def choose(frame: FrameLocator) -> None:
    frame.get_by_role("link", name="mardi 8 décembre, 14 créneaux libres").click()
    frame.get_by_role("link", name="8 h 30").click()  # only that day has it
    expect(frame.get_by_role("heading", name="Vos coordonnées")).to_be_visible()


def test_a_visitor_of_another_site_books_in_its_frame(browse, host, docks, axe):
    address = host('data-site="bordeaux" data-planning="quais" data-lang="fr"')
    page = browse(address, locale="en-GB", **PHONE)
    page.goto(address)
    frame = inside(page)
    expect(page.get_by_title(re.compile("^Choisir un créneau"))).to_be_visible()
    shows_it_whole(page)
    choose(frame)
    shows_it_whole(page)
    fill(frame)
    frame.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(frame.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
    expect(page.get_by_title(re.compile("^Rendez-vous confirmé"))).to_be_visible()
    shows_it_whole(page)
    axe(page)
    assert page.context.cookies() == []
    frame.get_by_role("link", name="Le voir, le déplacer ou l’annuler").click()
    expect(page).to_have_url(re.compile("/a/.*lang=fr$"))
    expect(page.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280])
def test_a_framed_page_is_for_everyone(browse, host, docks, axe, fits, width):
    host("")
    page = browse(viewport={"width": width, "height": 900})
    for address in (f"{PLANNING}?embed=1", f"{PLANNING}/details?start=2026-12-08T08:30:00%2B01:00&embed=1"):
        page.goto(address)
        axe(page)
        fits(page)


def test_a_visitor_without_scripts_books_in_a_frame_that_the_host_wrote_itself(browse, host, docks, site):
    address = host(frame=f"{PLANNING}?embed=1&lang=fr")
    page = browse(address, java_script_enabled=False)
    page.goto(address)
    frame = page.frame_locator("iframe")
    choose(frame)
    fill(frame)
    frame.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(frame.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
    frame.get_by_role("link", name="Le voir, le déplacer ou l’annuler").click()
    expect(page.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
    assert page.url.startswith(f"{site.url}/a/")


TAGS = {
    'data-site="bordeaux"': "/book/bordeaux?embed=1",
    'data-site="bordeaux" data-planning="quais"': "/book/bordeaux/planning/quais?embed=1",
    'data-site="bordeaux" data-service="visite" data-scheduling-mode="staff_service" data-staff="jean"': (
        "/book/bordeaux/visite?schedulingMode=staff_service&staff=jean&embed=1"
    ),
    'data-site="b" data-quantity="2" data-iterations="3" data-day="2027-03-15"': (
        "/book/b?quantity=2&iterations=3&day=2027-03-15&embed=1"
    ),
    'data-site="b" data-name="Zoé &amp; Cie" data-email="a+b@example.com" data-phone="+33 5" data-embed="0"': (
        "/book/b?email=a%2Bb%40example.com&name=Zo%C3%A9+%26+Cie&phone=%2B33+5&embed=1"
    ),
    'data-site="b" data-lang="en" data-tz="Europe/Paris" data-cms="x"': "/book/b?lang=en&tz=Europe%2FParis&embed=1",
    'data-site="../admin?x"': "/book/..%2Fadmin%3Fx?embed=1",
}


@pytest.mark.parametrize("tag", TAGS)
def test_what_the_tag_says_is_in_the_address_of_the_frame(browse, host, docks, site, tag):
    address = host(tag)
    page = browse(address)
    page.goto(address)
    expect(page.locator(FRAME)).to_have_attribute("src", site.url + TAGS[tag])


def test_an_error_stays_in_the_frame_and_nothing_typed_is_lost(browse, host, docks):
    address = host('data-site="bordeaux" data-name="Camille Roy"')
    page = browse(address)
    page.goto(address)
    frame = inside(page)
    choose(frame)
    frame.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(frame.get_by_role("alert")).to_be_focused()
    expect(frame.get_by_label("Nom", exact=True)).to_have_value("Camille Roy")
    expect(page).to_have_url(f"{address}/")


def test_each_step_is_brought_into_sight_and_the_first_moves_nothing(browse, host, docks):
    address = host('data-site="bordeaux"', above="<br>" * 60)
    page = browse(address, **PHONE)
    page.goto(address)
    shows_it_whole(page)
    assert page.evaluate("scrollY") == 0
    inside(page).get_by_role("link", name="17 h").click()
    expect(inside(page).get_by_role("heading", name="Vos coordonnées")).to_be_in_viewport()


def test_the_slots_of_a_day_are_brought_into_sight_on_a_phone(browse, host, docks):
    address = host('data-site="bordeaux"')
    page = browse(address, **PHONE)
    page.goto(address)
    shows_it_whole(page)
    expect(inside(page).get_by_role("link", name="17 h")).not_to_be_in_viewport()
    inside(page).get_by_role("link", name="mardi 8 décembre, 14 créneaux libres").click()
    expect(inside(page).get_by_role("heading", name="Mardi 8 décembre")).to_be_in_viewport(ratio=1)
    expect(inside(page).get_by_role("link", name="17 h")).to_be_in_viewport()


def test_the_frame_follows_a_month_that_is_lower(browse, host, docks):
    address = host('data-site="bordeaux"')
    page = browse(address, **PHONE)
    page.goto(address)
    shows_it_whole(page)
    for month in ("Janvier", "Février"):
        inside(page).get_by_role("link", name="Mois suivant").click()
        expect(inside(page).get_by_role("heading", name=f"{month} 2027")).to_be_visible()
    shows_it_whole(page)


def test_two_frames_on_a_page_are_each_as_high_as_their_own_page(browse, host, docks):
    address = host('data-site="bordeaux" data-lang="fr"', 'data-site="nulle-part" data-lang="en"')
    page = browse(address)
    page.goto(address)
    expect(page.get_by_title(re.compile("^Choisir un créneau"))).to_be_visible()
    expect(page.get_by_title(re.compile("^Page not found"))).to_be_visible()
    page.wait_for_function(f"document.querySelectorAll('{FRAME}')[0].clientHeight !== 640")
    first, second = (page.locator(FRAME).nth(number).bounding_box() for number in range(2))
    assert first is not None
    assert second is not None
    assert first["height"] > second["height"] + 100


def test_a_site_that_is_not_allowed_shows_nothing(chromium: Browser, host, docks):
    address = host('data-site="bordeaux"', allowed="https://www.example.com")
    with chromium.new_context(locale="fr-FR") as context:
        page, said = context.new_page(), []
        page.on("console", lambda message: said.append(message.text))
        page.goto(address)
        expect(page.locator(FRAME)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert inside(page).get_by_role("heading").count() == 0
    assert any("frame-ancestors https://www.example.com" in text for text in said), said


LEAVE = "frame => new Promise(done => { frame.onload = done; frame.src = 'about:blank'; })"
EVIL = "postMessage({creneau: 'shown', height: 9999, title: 'Evil'}, '*')"
HEARD = """new Promise(done => {  // what arrives in this window after a greeting, until two rounds later
    const heard = [];
    addEventListener("message", ({ data }) => {
        heard.push(data.creneau ?? data);
        if (data === "first") postMessage("second", "*");
        if (data === "second") done(heard);
    });
    postMessage({ creneau: "hello" }, "*");
    postMessage("first", "*");
})"""


def test_the_page_around_the_frame_believes_no_other_window(browse, host, docks):
    address = host('data-site="bordeaux"')
    page = browse(address)
    page.goto(address)
    shows_it_whole(page)
    page.evaluate(EVIL)
    page.evaluate(HEARD)
    expect(page.get_by_title("Evil")).to_have_count(0)


def test_the_page_around_the_frame_believes_nobody_who_took_the_portals_place(chromium: Browser, host, docks):
    address = host('data-site="bordeaux"')
    with chromium.new_context(locale="fr-FR") as context:  # unwatched: that the portal is not there is an error
        page = context.new_page()
        page.goto(address)
        shows_it_whole(page)
        page.locator(FRAME).evaluate(LEAVE)
        page.frames[1].evaluate(f"parent.{EVIL}")
        page.evaluate(HEARD)
        expect(page.get_by_title("Evil")).to_have_count(0)


def test_the_page_in_the_frame_answers_allowed_origins_alone(browse, host, docks):
    host(allowed="https://www.example.com")
    page = browse()
    page.goto(f"{PLANNING}?embed=1")
    assert page.evaluate(HEARD) == ["hello", "first", "second"]


def test_the_code_that_the_staff_copies_shows_the_booking_page(browse, host, docks, site, axe, fits):
    address = host("")
    page = browse(address, **PHONE)
    page.context.add_cookies([{**staff.cookie(site.app), "domain": "127.0.0.1"}])
    page.goto(f"{site.url}/admin/embedding")
    page.get_by_label("Ce qui peut y être réservé").select_option("Bordeaux : Planning quais")
    page.get_by_role("button", name="Afficher").click()
    expect(page).to_have_url(re.compile("quais"))
    axe(page)
    fits(page)
    code = page.get_by_label("Bordeaux : Planning quais").input_value()
    host(code=code)
    page.goto(address)
    expect(inside(page).get_by_role("heading", name="Planning quais")).to_be_visible()
