"""The settings in a real browser: a colour, a logo and a text on their way to the public; no page shuts anybody out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from portal.clock import real_now
from portal.extensions import transaction
from portal.models import Heartbeat
from portal.operations import organisation, outbox
from portal.operations.organisation import Plan
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site
from tests.domain.test_pictures import PNG
from tests.operations.test_audit_log import CLAIRE, record
from tests.operations.test_mail_log import mail

RED, GREEN = "#a1241c", "#12603d"
PAGES = [
    "/admin/organisation",
    "/admin/organisation?accent=%23ffcc00",
    "/admin/organisation/texts/legal",
    "/admin/mails/",
    "/admin/mails/?state=dropped",
    "/admin/mails/{mail}",
    "/admin/mails/again",
    "/admin/audit/",
    "/admin/system",
    "/admin/sites/bordeaux",
    "/",
    "/about/legal",
    "/book/bordeaux/planning/quais",
]


@pytest.fixture
def filled(site: Site) -> Site:
    """Fill every page with something to show, good and bad, in the company's own colour."""
    with site.app.app_context():
        sample.docks()
        sample.booked("2026-12-07 14:00", now=NOW)
        mail(NOW, state="failed", attempts=1, error="550 no such user", first_try_at=NOW)
        mail(NOW - timedelta(hours=2), 1)
        record(NOW, by=CLAIRE, before={"name": "A", "phone": ""}, after={"name": "", "phone": "05"}, label="Bordeaux")
        with transaction() as session:
            session.add(Heartbeat(name=outbox.PAUSED, at=real_now(), detail="535 bad login"))
        revise(organisation.save, Plan("Dupont Logistique", "fr", "Europe/Paris", accent=RED))
        revise(organisation.set_logo, PNG)
        revise(organisation.save_text, "legal", {"fr": "# Éditeur\n\nDupont\n\n| a | b |\n|---|---|\n| 1 | 2 |"})
    return site


def revise(operation: Callable[..., None], *values: object) -> None:
    """Change the company as it stands."""
    operation(organisation.card().revision, *values, now=NOW)


@pytest.fixture
def enter(filled: Site, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which an administrator is logged in."""
    return partial(log_in, role="admin")


@pytest.mark.parametrize(
    ("backend", "language", "scheme", "width"),
    [("sqlite", "fr", "light", 1280), ("postgresql", "en", "dark", 390)],
    indirect=["backend"],
)
def test_no_page_shuts_anybody_out_in_the_companys_colour(enter, axe, fits, language, scheme, width):
    page = enter(language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto("/admin/mails/?state=failed")
    number = page.locator("tbody a").first.get_attribute("href").rpartition("/")[2]
    for url in PAGES:
        page.goto(url.format(mail=number))
        page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        axe(page)
        fits(page)


def accent_of(page: Page) -> str:
    """Give the colour of a page's buttons and links, as it is drawn."""
    return page.evaluate("getComputedStyle(document.querySelector('.footer a')).getPropertyValue('--accent')")


def test_a_colour_is_tried_on_while_it_is_written(enter):
    page = enter()
    page.goto("/admin/organisation")
    field = page.get_by_label("Couleur, écrite")
    field.fill("#ffcc00")
    field.press("Tab")
    expect(page.get_by_text("celle-ci ne peut pas être enregistrée")).to_be_visible()
    field.fill(GREEN)
    field.press("Tab")
    expect(page.get_by_text("Sur les pages sombres")).to_be_visible()
    expect(page.get_by_label("Ou choisissez une couleur")).to_have_value(GREEN)
    page.get_by_role("button", name="Enregistrer l’entreprise").click()
    expect(page.get_by_role("status").get_by_text("L’entreprise est enregistrée.")).to_be_visible()
    page.goto("/")
    assert GREEN in accent_of(page)


def test_a_colour_is_picked_without_scripts(enter):
    page = enter(java_script_enabled=False)
    page.goto("/admin/organisation")
    page.get_by_label("Ou choisissez une couleur").fill(GREEN)
    page.get_by_role("button", name="Enregistrer l’entreprise").click()
    expect(page.get_by_label("Couleur, écrite")).to_have_value(GREEN)


def test_a_logo_and_a_text_reach_the_public(enter, tmp_path):
    file = tmp_path / "logo.png"
    file.write_bytes(PNG)
    page = enter()
    page.goto("/admin/organisation")
    page.get_by_role("button", name="Retirer le logo").click()
    expect(page.get_by_text("Le logo est retiré.")).to_be_visible()
    page.get_by_label("Image").set_input_files(file)
    page.get_by_role("button", name="Enregistrer le logo").click()
    page.goto("/admin/organisation/texts/privacy")
    page.get_by_label("En français").fill("# Vos données\n\nGardées **deux ans**.")
    page.get_by_role("button", name="Aperçu").click()
    expect(page.get_by_role("heading", name="Vos données")).to_be_visible()
    page.get_by_role("button", name="Enregistrer le texte").click()
    page.get_by_role("link", name="Voir la page").click()
    expect(page.get_by_role("heading", name="Vos données", level=2)).to_be_visible()
    expect(page.get_by_role("link", name="Dupont Logistique").get_by_role("img")).to_be_visible()


def test_a_queue_is_mended_and_a_mail_sent_again(enter):
    page = enter()
    page.goto("/admin/system")
    page.get_by_role("link", name="Les voir E-mails en échec").click()
    page.get_by_role("button", name="Relancer maintenant").click()
    expect(page.get_by_text("La file d’attente a repris.")).to_be_visible()
    page.goto("/admin/mails/?state=failed")
    page.locator("tbody a").first.click()
    page.get_by_role("button", name="Renvoyer").click()
    expect(page.get_by_text("L’e-mail repart")).to_be_visible()
    page.goto("/admin/audit/?kind=mail")
    expect(page.locator(".changes").get_by_text("Nouvel envoi")).to_be_visible()
