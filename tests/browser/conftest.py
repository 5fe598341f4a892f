"""Real Chromium for the journeys: a phone, a desk, and a browser whose scripts are off."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests import staff
from tests.backends import Backend
from tests.browser.site import Site, live
from tests.browser.watch import Watch
from tests.spreading import DATABASES

FLAGS = (
    "--no-sandbox",  # root's Chromium refuses to run with it
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# What is sound need not travel. Frames hold mails without scripts: axe would wait for an answer that cannot come.
# To load films and styles anew serves rules about films, and one about turned screens that is off.
VIOLATIONS = "axe.run({resultTypes: ['violations'], iframes: false, preload: false}).then(found => found.violations)"
PATIENCE = 30_000  # milliseconds, for a machine that is busy with other tests


@pytest.hookimpl(tryfirst=True)  # before the fixture asks for both
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let each journey run on one database: every use case below the pages has been through both.

    Which one, its name decides, where it does not say so itself.
    """
    chosen = any("backend" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    every = metafunc.config.getoption("every_case")
    if "backend" in metafunc.fixturenames and not chosen and not every:
        name = DATABASES[crc32(metafunc.function.__name__.encode()) % 2]
        metafunc.definition.add_marker(pytest.mark.parametrize("backend", [name], indirect=True))


def find_chromium(playwright: Playwright) -> str:
    """Find a Chromium: CHROMIUM, the system's, or the one that Playwright installed.

    Its headless shell comes first: the same pages in a third less time, without the windows that nobody looks at.
    """
    installed = filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome")))
    found = os.environ.get("CHROMIUM") or next(installed, playwright.chromium.executable_path)
    assert Path(found).exists(), "no Chromium: apt-get install chromium, or set CHROMIUM to its path"
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Run one Chromium for all the tests of this process; every test has a profile of its own in it."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serving() -> Iterator[Callable[[Backend], Site]]:
    """Serve each backend from its first journey to the end: a new portal would compile all its templates again."""
    sites: dict[Backend, Site] = {}
    with ExitStack() as running:

        def of(backend: Backend) -> Site:
            if backend not in sites:
                sites[backend] = running.enter_context(live(backend))
            return sites[backend]

        yield of


@pytest.fixture
def site(backend: Backend, serving: Callable[[Backend], Site]) -> Iterator[Site]:
    """Serve the portal on the test's database: ``site.url``, ``site.app``, ``site.clock``."""
    found = serving(backend)
    found.begin()
    yield found
    found.rest()


@pytest.fixture
def browse(chromium: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Open browsers on the site: ``browse(locale="en-GB", color_scheme="dark")``; anything wrong fails the test.

    Other hosts than the site are named first, for journeys that begin there.
    """
    opened = []

    def browser(*hosts: str, **options: Any) -> Page:
        settings = {"locale": "fr-FR", "timezone_id": "Europe/Paris", "reduced_motion": "reduce", **options}
        context = chromium.new_context(base_url=site.url, **settings)
        context.set_default_timeout(PATIENCE)
        opened.append((context, Watch(context, site.url, *hosts)))
        return context.new_page()

    yield browser
    for context, _ in opened:
        context.close()
    wrongs = [wrong for _, watch in opened for wrong in watch.wrongs]
    assert not wrongs, "\n".join(wrongs)


@pytest.fixture
def phone(browse: Callable[..., Page]) -> Page:
    """Give a page on a French telephone, 390 points wide, used by touch."""
    return browse(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, device_scale_factor=2)


@pytest.fixture
def desk(browse: Callable[..., Page]) -> Page:
    """Give a page on a French desk, 1280 points wide."""
    return browse(viewport={"width": 1280, "height": 900})


@pytest.fixture
def scriptless(browse: Callable[..., Page]) -> Page:
    """Give a page in a browser that runs no scripts."""
    return browse(viewport={"width": 1280, "height": 900}, java_script_enabled=False)


@pytest.fixture
def log_in(site: Site, browse: Callable[..., Page]) -> Callable[..., Page]:
    """Open browsers in which somebody of the staff is logged in: ``log_in("en", color_scheme="dark")``."""

    def entered(language: str = "fr", role: str = "manager", **options: object) -> Page:
        page = browse(**options)
        cookie = staff.cookie(site.app, role, language)
        page.context.add_cookies([{**cookie, "domain": "127.0.0.1"}])  # type: ignore[list-item]
        return page

    return entered


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Check a page's accessibility: ``axe(page)`` fails with every violation and where it is."""
    return partial(_accessible, Axe())


@pytest.fixture
def fits() -> Callable[[Page], None]:
    """Check that a page needs no sideways scrolling: ``fits(page)``."""
    return _fits


def _accessible(axe: Axe, page: Page) -> None:
    page.wait_for_load_state()  # right after a click, a page may have an address and nothing in it yet
    page.evaluate(axe.axe_script)
    violations = page.evaluate(VIOLATIONS)
    assert not violations, f"{page.url}\n" + "\n".join(_told(violation) for violation in violations)


def _told(violation: dict[str, Any]) -> str:
    places = [
        f"    {' '.join(map(str, node['target']))}\n      {node['failureSummary']}" for node in violation["nodes"]
    ]
    return f"{violation['id']} ({violation['impact']}): {violation['help']}\n" + "\n".join(places)


def _fits(page: Page) -> None:
    page.wait_for_load_state()
    page_width, window_width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert page_width <= window_width, f"{page.url} is {page_width} wide in a window of {window_width}"
