"""Who is told of what, and in which words, in a real browser: on a phone, at a desk, by keyboard, without scripts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from portal.domain.mail_texts import OURS, MailText
from portal.operations import mail_texts, sites
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site
from tests.operations.test_audit_log import CLAIRE
from tests.operations.test_notices import ask_first

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
MATRIX, INDEX = "/admin/sites/bordeaux/notices", "/admin/settings/mails"
WORDS = f"{INDEX}/confirmation/fr"
PAGES = [MATRIX, INDEX, WORDS, f"{INDEX}/site_summary/fr", "/admin/sites/bordeaux"]


@pytest.fixture
def filled(site: Site) -> Site:
    """Book an appointment at a site where bookings wait for an answer, and write words of one's own."""
    with site.app.app_context():
        sample.docks()
        sample.booked("2026-12-07 14:00", now=NOW)
        ask_first()
        words = MailText("Le {day}", "Bonjour,\n\nà {time}.")
        mail_texts.save("confirmation", "fr", mail_texts.seal(OURS), words, now=NOW, by=CLAIRE)
    return site


@pytest.fixture
def enter(filled: Site, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which an administrator is logged in."""
    return partial(log_in, role="admin")


def notices(site: Site) -> dict[str, object]:
    with site.app.app_context():
        return sites.read("bordeaux").notices.kept


@pytest.mark.parametrize(
    ("backend", "language", "scheme", "width"),
    [("sqlite", "en", "dark", 1280), ("postgresql", "fr", "light", 320)],
    indirect=["backend"],
)
def test_no_page_shuts_anybody_out(enter, axe, fits, language, scheme, width):
    page = enter(language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for url in PAGES:
        page.goto(url)
        page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        axe(page)
        fits(page)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_table_is_chosen_on_a_phone(enter, filled):
    page = enter(**PHONE)
    page.goto("/admin/sites/bordeaux")
    page.get_by_label("Notifications").get_by_role("link", name="Modifier").click()
    page.get_by_label("Client\u00a0: Absent").check()
    page.get_by_label("Site\u00a0: Rendez-vous déplacé").uncheck()
    page.get_by_label("Envoyer le résumé à").fill("07:00")
    page.get_by_role("button", name="Enregistrer les notifications").click()
    expect(page.get_by_text("Les notifications sont enregistrées.")).to_be_visible()
    expect(page.get_by_label("Client\u00a0: Absent")).to_be_checked()
    assert notices(filled) == {"customer": {"no_show": True}, "site": {"changed": False}, "summary": "07:00"}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_would_hear_of_no_request_is_asked_once_without_scripts(enter, filled):
    page = enter(java_script_enabled=False)
    page.goto(MATRIX)
    page.get_by_label("Site\u00a0: Demande reçue").uncheck()
    page.get_by_role("button", name="Enregistrer les notifications").click()
    expect(page.get_by_role("alert")).to_contain_text("aucun e-mail ne le dira")
    assert notices(filled) == {}
    page.get_by_role("button", name="Enregistrer les notifications").click()
    expect(page.get_by_text("Les notifications sont enregistrées.")).to_be_visible()
    assert notices(filled) == {"site": {"requested": False}}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_cell_is_told_by_its_row_and_column(enter):
    page = enter()
    page.goto(MATRIX)
    table = page.get_by_role("table", name="À chaque rendez-vous")
    expect(table.get_by_role("columnheader", name="Client")).to_be_visible()
    row = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Rappel"))
    expect(row.get_by_role("checkbox")).to_have_count(3)
    row.get_by_role("checkbox").first.focus()
    page.keyboard.press("Space")
    expect(page.get_by_label("Client\u00a0: Rappel")).not_to_be_checked()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_words_are_seen_in_the_mail_while_they_are_typed_on_a_phone(enter, filled):
    page = enter(**PHONE)
    page.goto(WORDS)
    mail = page.frame_locator("iframe")
    expect(mail.get_by_text("à 14\u00a0h.", exact=True)).to_be_visible()
    page.get_by_label("Objet").fill("Rendez-vous du {jour}")
    expect(page.get_by_text("n’est pas un champ de cet e-mail")).to_be_visible()
    page.get_by_label("Objet").fill("Rendez-vous du {day}")
    page.get_by_label("Premiers mots").fill("Nous vous attendons à {site}.")
    expect(page.get_by_text("Rendez-vous du lundi 7 décembre 2026")).to_be_visible()
    expect(mail.get_by_text("Nous vous attendons à Bordeaux.")).to_be_visible()
    page.get_by_role("button", name="M’envoyer un essai").click()
    expect(page.get_by_text("Un essai est en route vers admin@example.com.")).to_be_visible()
    page.get_by_role("button", name="Enregistrer le texte").click()
    expect(page.get_by_text("Le texte est enregistré.")).to_be_visible()
    page.get_by_role("button", name="Rétablir le texte du portail").click()
    expect(page.get_by_text("Le texte du portail est rétabli.")).to_be_visible()
    expect(page.get_by_text("Rendez-vous confirmé\u00a0: lundi 7 décembre 2026 à 14\u00a0h").first).to_be_visible()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_words_are_tried_without_scripts(enter):
    page = enter(java_script_enabled=False)
    page.goto(WORDS)
    page.get_by_label("Premiers mots").fill("Bienvenue à {site}.")
    page.get_by_role("button", name="Aperçu").last.click()
    expect(page.frame_locator("iframe").get_by_text("Bienvenue à Bordeaux.")).to_be_visible()
    expect(page.get_by_label("Premiers mots")).to_have_value("Bienvenue à {site}.")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_typing_leaves_no_trail_to_go_back_through(enter):
    page = enter()
    page.goto(INDEX)
    page.goto(WORDS)
    for subject in ("Un", "Deux", "Trois"):
        page.get_by_label("Objet").fill(subject)
        expect(page.locator(".letter-subject", has_text=subject)).to_be_visible()
    page.go_back()
    expect(page).to_have_url(f"{page.url.partition('/admin')[0]}{INDEX}")
