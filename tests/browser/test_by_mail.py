"""Customers go on by mail, places are held, addresses confirmed: on a phone without scripts, and with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from portal.delivery import letters as delivery
from portal.extensions import settings
from portal.operations import letters, outbox
from portal.web.letters import letter_of
from tests import sample
from tests.browser.site import Site

PLANNING = "/book/bordeaux/planning/quais?lang=fr&day=2026-12-08"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
ONE_PLACE = dict.fromkeys(range(1, 6), ((480, 720, 1),))


@pytest.fixture
def plain_phone(browse: Callable[..., Page]) -> Page:
    """Give a page on a telephone whose browser runs no scripts."""
    return browse(java_script_enabled=False, **PHONE)


@pytest.fixture
def docks(site: Site) -> Callable[..., None]:
    """Make a dock with some rules: ``docks(hold=10)``."""

    def make(**policy: Any) -> None:
        with site.app.app_context():
            sample.docks(policy=policy, week=ONE_PLACE)
            sample.order(email="achats@example.com")

    return make


@pytest.fixture
def mailbox(site: Site) -> Callable[[], dict[str, str]]:
    """Give the links of the mails that leave now, by their recipients."""

    def read() -> dict[str, str]:
        found = {}
        with site.app.app_context():
            messages = outbox.claim(now=site.clock.now, real_now=REAL)
            for message, content in zip(messages, letters.read(messages, now=site.clock.now), strict=True):
                if isinstance(content, letters.Content):
                    mail = delivery.compose(letter_of(message, content, site.clock.now), settings())
                    link = re.search(rf"^{re.escape(site.url)}(/\S+)$", mail.text, re.MULTILINE)
                    found[message.recipient] = link[1] if link else ""
        return found

    return read


def heading(page: Page, text: str) -> Any:
    return expect(page.get_by_role("heading", name=text))


def test_a_customer_books_by_mail_on_a_phone_without_scripts(plain_phone, docks, mailbox):
    docks(who="existing")
    page = plain_phone
    page.goto(PLANNING)
    expect(page.get_by_text("Réservé aux clients")).to_be_visible()
    page.get_by_role("link", name="8 h 30").first.click()
    heading(page, "Votre adresse e-mail").to_be_visible()
    page.get_by_label("E-mail").fill("pas une adresse")
    page.get_by_role("button", name="M’envoyer le lien").click()
    expect(page).to_have_title(re.compile("^Erreur"))
    page.get_by_label("E-mail").fill("achats@example.com")
    page.get_by_role("button", name="M’envoyer le lien").click()
    heading(page, "Regardez votre messagerie").to_be_visible()
    page.goto(mailbox()["achats@example.com"])
    assert page.get_by_label("E-mail").get_attribute("readonly") is not None
    assert page.get_by_label("Nom", exact=True).input_value() == "Emballages Vidal"
    page.get_by_role("button", name="Confirmer le rendez-vous").click()
    heading(page, "Rendez-vous confirmé").to_be_visible()
    heading(page, "Mardi 8 décembre 2026").to_be_visible()


def test_a_stranger_sees_the_same_and_gets_no_mail(plain_phone, docks, mailbox):
    docks(who="existing")
    seen = []
    for address in ("achats@example.com", "inconnu@example.com"):
        plain_phone.goto(PLANNING)
        plain_phone.get_by_role("link", name="8 h 30").first.click()
        plain_phone.get_by_label("E-mail").fill(address)
        plain_phone.get_by_role("button", name="M’envoyer le lien").click()
        seen.append(plain_phone.get_by_role("main").inner_text())
    assert seen[0] == seen[1]
    assert list(mailbox()) == ["achats@example.com"]


def test_a_place_is_held_and_held_longer_on_a_phone_without_scripts(plain_phone, docks, site, browse):
    docks(hold=10)
    page = plain_phone
    page.goto(PLANNING)
    page.get_by_role("button", name="8 h 30").click()
    expect(page.get_by_text("Votre place est gardée jusqu’à 9 h 10.")).to_be_visible()
    other = browse(**PHONE)
    other.goto(PLANNING)
    expect(other.get_by_role("button", name="8 h 30")).to_have_count(0)
    page.get_by_label("Nom", exact=True).fill("Camille Roy")
    site.clock.ahead(minutes=9)
    page.get_by_role("button", name="Garder ma place plus longtemps").click()
    expect(page.get_by_text("Votre place est gardée jusqu’à 9 h 19.")).to_be_visible()
    assert page.get_by_label("Nom", exact=True).input_value() == "Camille Roy"
    page.get_by_label("E-mail").fill("camille@example.com")
    page.get_by_label("E-mail").press("Enter")
    heading(page, "Rendez-vous confirmé").to_be_visible()


def test_with_scripts_a_day_is_swapped_in_and_its_slots_hold_too(phone, docks, axe, fits):
    docks(hold=10)
    phone.goto(PLANNING)
    axe(phone)
    fits(phone)
    phone.get_by_role("link", name="mercredi 9 décembre").click()
    expect(phone.get_by_role("heading", name="mercredi 9 décembre")).to_be_visible()
    phone.get_by_role("button", name="10 h", exact=True).click()
    expect(phone.get_by_text("Votre place est gardée jusqu’à 9 h 10.")).to_be_visible()
    axe(phone)
    fits(phone)
    phone.go_back()
    phone.get_by_role("link", name="mercredi 9 décembre").click()
    phone.get_by_role("button", name="8 h", exact=True).click()
    expect(phone.get_by_text("Votre place est gardée jusqu’à 9 h 10.")).to_be_visible()


def test_a_guest_confirms_an_address_on_a_phone_without_scripts(plain_phone, docks, mailbox):
    docks(confirm_by_mail=15)
    page = plain_phone
    page.goto(PLANNING)
    page.get_by_role("link", name="8 h 30").first.click()
    page.get_by_label("E-mail").fill("camille@example.com")
    page.get_by_label("Nom", exact=True).fill("Camille Roy")
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_text("Nous avons écrit à camille@example.com.")).to_be_visible()
    page.goto(mailbox()["camille@example.com"])
    heading(page, "Confirmer le rendez-vous").to_be_visible()
    page.get_by_role("button", name="Confirmer le rendez-vous").click()
    heading(page, "Rendez-vous confirmé").to_be_visible()


@pytest.mark.parametrize(
    ("backend", "lang", "scheme"), [("sqlite", "fr", "light"), ("postgresql", "en", "dark")], indirect=["backend"]
)
def test_every_page_on_the_way_is_open_to_everybody(browse, docks, mailbox, axe, fits, site, lang, scheme):
    docks(who="existing", hold=10)
    page = browse(color_scheme=scheme, viewport={"width": 320, "height": 700})
    page.goto(PLANNING.replace("lang=fr", f"lang={lang}"))
    page.locator("a.slot").first.click()
    for _page in ("address", "address with an error"):
        axe(page)
        fits(page)
        page.locator("form button[type=submit]").click()
    page.get_by_label("E-mail").fill("achats@example.com")
    page.locator("form button[type=submit]").click()
    axe(page)
    fits(page)
    page.goto(mailbox()["achats@example.com"])
    axe(page)
    fits(page)
    site.clock.ahead(hours=24)
    page.reload()
    axe(page)


@pytest.mark.parametrize(("backend", "lang"), [("sqlite", "fr"), ("postgresql", "en")], indirect=["backend"])
def test_the_pages_of_a_confirmation_are_open_to_everybody(browse, docks, mailbox, axe, fits, lang):
    docks(confirm_by_mail=15)
    page = browse(viewport={"width": 320, "height": 700})
    page.goto(PLANNING.replace("lang=fr", f"lang={lang}"))
    page.locator("a.slot").first.click()
    page.get_by_label("E-mail").fill("camille@example.com")
    page.locator("input[name=name]").fill("Camille Roy")
    page.locator("form button[type=submit]").click()
    axe(page)
    fits(page)
    page.goto(mailbox()["camille@example.com"])
    axe(page)
    fits(page)
