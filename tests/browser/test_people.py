"""Users in a real browser: from the invitation to a login with a second factor, and pages that shut nobody out."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from portal.clock import real_now
from portal.delivery.letters import compose
from portal.domain import totp
from portal.operations import keys, letters, outbox, second_factor, staff_links, users
from portal.operations.actors import SYSTEM
from portal.operations.letters import Content
from portal.operations.user_cards import Rights
from portal.operations.users import Person
from portal.web.letters import letter_of
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

PASSWORD = "sept quais et une grue"
SIZES = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def chief(site: Site, log_in: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which an administrator is logged in, on a portal with two sites."""
    with site.app.app_context():
        sample.docks()
        sample.site(key="lyon")
    return partial(log_in, role="admin")


def link_in_mail(site: Site) -> str:
    """Read the mails that wait, as a worker does, and give the link of the last one."""
    with site.app.app_context():
        messages = outbox.claim(now=NOW, real_now=real_now())
        readings = letters.read(messages, now=NOW)
        told = [(message, one) for message, one in zip(messages, readings, strict=True) if isinstance(one, Content)]
        mail = compose(letter_of(*told[-1], NOW), site.app.config["SETTINGS"])
    return re.findall(r"https?://\S+/admin/(?:welcome|reset)/\S+", mail.text)[0]


def code_on(page: Page) -> Callable[[int], str]:
    """Read the secret that the page shows, as a telephone would, and give its codes: now, and some steps away."""
    secret = base64.b32decode(page.locator("code.secret").inner_text().replace(" ", ""))
    return lambda steps: totp.code(secret, totp.step_at(real_now()) + steps)


def log_in(page: Page, email: str) -> None:
    page.goto("/admin/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()


def test_from_an_invitation_to_a_login_with_a_second_factor(site, chief, phone, axe, fits):
    desk = chief()
    desk.goto("/admin/people/")
    desk.get_by_role("link", name="Inviter quelqu’un").click()
    desk.get_by_label("E-mail").fill("paul@example.com")
    desk.get_by_label("Nom", exact=True).fill("Paul Garnier")
    desk.get_by_role("radio", name="Agent").check()
    desk.get_by_label("Seulement ces sites").check()
    desk.get_by_label("Lyon").check()
    desk.get_by_role("button", name="Envoyer l’invitation").click()
    expect(desk.get_by_role("status").first).to_contain_text("en route vers paul@example.com")

    phone.goto(link_in_mail(site))
    expect(phone.get_by_role("heading", name="Bienvenue")).to_be_visible()
    axe(phone)
    fits(phone)
    phone.get_by_label("Nouveau mot de passe").fill("motdepasse1")
    phone.get_by_label("Le même, une seconde fois").fill("motdepasse1")
    phone.get_by_role("button", name="Enregistrer le mot de passe").click()
    expect(phone.get_by_role("alert")).to_contain_text("essayés en premier")
    phone.get_by_label("Nouveau mot de passe").fill(PASSWORD)
    phone.get_by_label("Le même, une seconde fois").fill(PASSWORD)
    phone.get_by_role("button", name="Enregistrer le mot de passe").click()
    expect(phone.get_by_role("status").first).to_contain_text("Votre mot de passe est enregistré")

    log_in(phone, "paul@example.com")
    phone.goto("/admin/account")
    expect(phone.get_by_text("Lyon", exact=True)).to_be_visible()
    fits(phone)
    phone.get_by_role("link", name="L’activer").click()
    expect(phone.get_by_role("img", name="Code QR")).to_be_visible()
    axe(phone)
    fits(phone)
    code = code_on(phone)
    phone.get_by_label("Code affiché par l’application").fill(code(0))
    phone.get_by_role("button", name="L’activer").click()
    expect(phone.get_by_role("heading", name="Vos codes de secours")).to_be_visible()
    expect(phone.locator(".secrets li")).to_have_count(10)
    axe(phone)
    fits(phone)

    phone.context.clear_cookies()
    log_in(phone, "paul@example.com")
    expect(phone.get_by_role("heading", name="Votre code")).to_be_visible()
    axe(phone)
    fits(phone)
    phone.get_by_label("Code de votre téléphone").fill("000000")
    phone.get_by_role("button", name="Se connecter").click()
    expect(phone.get_by_role("alert")).to_contain_text("Ce code ne convient pas")
    axe(phone)
    phone.get_by_label("Code de votre téléphone").fill(code(1))
    phone.get_by_role("button", name="Se connecter").click()
    expect(phone).to_have_url(re.compile(r"/admin/$"))


def test_a_forgotten_password_without_scripts(site, scriptless):
    with site.app.app_context():
        users.add("claire@example.com", "une phrase assez longue", role="manager", now=NOW, locale="fr")
    scriptless.goto("/admin/login")
    scriptless.get_by_role("link", name="Mot de passe oublié").click()
    scriptless.get_by_label("E-mail").fill("claire@example.com")
    scriptless.get_by_role("button", name="Envoyer le lien").click()
    expect(scriptless.get_by_role("heading", name="Regardez votre messagerie")).to_be_visible()
    scriptless.goto(link_in_mail(site))
    scriptless.get_by_label("Nouveau mot de passe").fill(PASSWORD)
    scriptless.get_by_label("Le même, une seconde fois").fill(PASSWORD)
    scriptless.get_by_role("button", name="Enregistrer le mot de passe").click()
    log_in(scriptless, "claire@example.com")
    expect(scriptless).to_have_url(re.compile(r"/admin/$"))


def test_a_key_is_made_copied_and_revoked_by_keyboard(chief):
    page = chief()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/admin/add/key")
    page.get_by_label("Nom").fill("ERP")
    page.get_by_label("Voir les rendez-vous").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Créer la clé").press("Enter")
    secret = page.get_by_label("Secret de ERP").input_value()
    page.get_by_role("button", name="Copier").press("Enter")
    expect(page.get_by_text("Le secret est copié.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_role("link", name="Je l’ai conservé").press("Enter")
    page.get_by_role("link", name="Révoquer ERP").press("Enter")
    page.get_by_role("button", name="Révoquer").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("La clé ERP est révoquée")


@pytest.fixture
def pages(site: Site, chief: Callable[..., Page]) -> list[str]:
    """Give the address of every page about users and keys, with something to show on each."""
    with site.app.app_context():
        made = staff_links.invite(Person("paul@example.com", Rights("agent", ("lyon",)), "Paul"), by=SYSTEM, now=NOW)
        claire = users.add("claire@example.com", PASSWORD, role="manager", now=NOW, name="Claire Morel")
        setup = second_factor.prepare(claire.id)
        code = totp.code(base64.b32decode(setup.secret), totp.step_at(NOW))
        second_factor.turn_on(claire.id, setup.nonce, code, by=SYSTEM, now=NOW)
        keys.add("ERP", ("read", "orders"), now=NOW)
        keys.add("Ancien ERP", ("read",), now=NOW)
        keys.revoke(keys.listing("Ancien").keys[0].id, now=NOW)
        number = keys.listing().keys[0].id
    person = f"/admin/people/{claire.id}"
    return [
        "/admin/people/",
        "/admin/people/?q=nobody",
        "/admin/add/person",
        person,
        f"/admin/people/{made.id}",
        f"{person}/sessions/end",
        f"{person}/second-factor/off",
        "/admin/keys/",
        "/admin/keys/?state=revoked",
        "/admin/add/key",
        f"/admin/keys/{number}/revoke",
        "/admin/account",
        "/admin/account/second-factor",
    ]


@pytest.mark.parametrize(
    ("backend", "language", "scheme", "width"),
    [("sqlite", "fr", "light", 390), ("postgresql", "en", "dark", 768)],
    indirect=["backend"],
)
def test_no_page_shuts_anybody_out(chief, pages, axe, fits, language, scheme, width):
    page = chief(language, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for url in pages:
        page.goto(url)
        axe(page)
        fits(page)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("url", ["/admin/login", "/admin/forgot", "/admin/welcome/nothing", "/admin/login?chosen=1"])
def test_no_way_in_shuts_anybody_out(site, browse, axe, fits, url):
    for scheme, width in (("light", 320), ("dark", 1280)):
        page = browse(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.goto(url)
        axe(page)
        fits(page)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_wrong_forms_shut_nobody_out(chief, axe, fits):
    page = chief(**SIZES)
    for url, button in (
        ("/admin/add/person", "Envoyer l’invitation"),
        ("/admin/add/key", "Créer la clé"),
        ("/admin/account/second-factor", "L’activer"),
        ("/admin/account", "Changer le mot de passe"),
    ):
        page.goto(url)
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("alert").first).to_be_visible()
        axe(page)
        fits(page)
