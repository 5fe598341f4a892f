"""An earlier slot taken on a phone without scripts, and a waiting list joined, served and left, by role and name."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from portal.clock import now, real_now
from portal.delivery.letters import compose
from portal.extensions import settings
from portal.operations import letters, offers, outbox
from portal.web.mail_samples import queued
from tests.backends import NOW
from tests.browser.site import Site
from tests.operations import waiters
from tests.operations.waiters import MONDAY, STAFF

PLANNING = "/book/bordeaux/planning/quais"
LATER = "2026-12-14"


@pytest.fixture
def plain(browse):
    """Give a telephone whose scripts are off."""
    return browse(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, java_script_enabled=False)


@pytest.fixture
def monday(site: Site):
    """Fill Monday, an hour for each of four, the last of whom comes at 11; gives what manages the appointments."""

    def fill(**policy):
        with site.app.app_context():
            waiters.dock(policy={"undo": 5, "waiting_list": True, **policy})
            hours = range(8, 12)
            return [f"/a/{waiters.book(f'{MONDAY} {h:02}:00', h, now=NOW, actor=STAFF).token}" for h in hours]

    return fill


def link_in_mail(site: Site, kind: str, part: str) -> str:
    """Let the worker offer what is free, write the mails that leave then, and give the link in the newest of a kind."""
    with site.app.app_context():
        offers.advance(now())
        messages = outbox.claim(now=now(), real_now=real_now())
        read = zip(messages, letters.read(messages, now=now()), strict=True)
        texts = [
            compose(queued(message, content, now()), settings()).text
            for message, content in read
            if message.kind == kind and isinstance(content, letters.Content)
        ]
    found = re.findall(rf"{site.url}(/{part}\S*)", texts[-1])
    return found[0]


def test_an_earlier_slot_is_taken_on_a_phone_without_scripts(site, plain, monday):
    urls = monday()
    with site.app.app_context():
        waiters.book(f"{LATER} 09:00", 1, now=NOW, actor=STAFF)
    plain.goto(f"{urls[1]}/cancel?lang=fr")
    plain.get_by_role("button", name="Annuler le rendez-vous").click()
    expect(plain.get_by_role("heading", name="Rendez-vous annulé")).to_be_visible()
    site.clock.ahead(minutes=6)
    plain.goto(link_in_mail(site, "earlier_slot", "o/"))
    expect(plain.get_by_role("heading", name="Un créneau s’est libéré plus tôt")).to_be_visible()
    plain.get_by_role("button", name="Prendre ce créneau").click()
    expect(plain.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
    expect(plain.get_by_role("heading", name="Lundi 7 décembre 2026 de 9 h à 10 h")).to_be_visible()


def test_who_is_too_late_moves_to_another_time_by_keyboard(site, browse, monday, axe):
    urls = monday(undo=0)
    with site.app.app_context():
        for number in (1, 2):
            waiters.book(f"{LATER} {8 + number:02}:00", number, now=NOW + timedelta(seconds=number), actor=STAFF)
    desk = browse()
    desk.goto(f"{urls[3]}/cancel?lang=fr")
    desk.get_by_role("button", name="Annuler le rendez-vous").press("Enter")
    expect(desk.get_by_role("heading", name="Rendez-vous annulé")).to_be_visible()
    mine = link_in_mail(site, "earlier_slot", "o/")
    desk.goto(mine)
    axe(desk)
    with site.app.app_context():
        waiters.book(f"{MONDAY} 11:00", 7, now=now(), actor=STAFF)
    desk.get_by_role("button", name="Prendre ce créneau").press("Enter")
    expect(desk.get_by_role("heading", name="Trop tard pour ce créneau")).to_be_visible()
    axe(desk)
    desk.get_by_role("link", name=re.compile("décembre 2026")).first.press("Enter")
    desk.get_by_role("button", name="Déplacer le rendez-vous").press("Enter")
    expect(desk.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()


def test_a_place_of_a_full_day_is_waited_for_got_and_left(site, phone, monday, fits, axe):
    urls = monday(undo=0)
    phone.goto(f"{PLANNING}?day={MONDAY}&lang=fr")
    phone.get_by_role("link", name="Être prévenu si une place se libère").first.click()
    axe(phone)
    fits(phone)
    phone.get_by_label("E-mail").fill("camille@example.com")
    phone.get_by_role("button", name="S’inscrire sur la liste d’attente").click()
    expect(phone.get_by_role("heading", name="Vous êtes sur la liste d’attente")).to_be_visible()
    axe(phone)
    entry = link_in_mail(site, "waiting_joined", "wait/")
    phone.goto(entry)
    axe(phone)
    fits(phone)
    phone.goto(f"{urls[3]}/cancel?lang=fr")
    phone.get_by_role("button", name="Annuler le rendez-vous").click()
    expect(phone.get_by_role("heading", name="Rendez-vous annulé")).to_be_visible()
    phone.goto(link_in_mail(site, "place_free", "o/"))
    axe(phone)
    fits(phone)
    phone.get_by_label("Nom", exact=True).fill("Camille Roy")
    phone.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(phone.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
    phone.goto(entry)
    expect(phone.get_by_role("heading", name="Vous avez obtenu une place")).to_be_visible()


def test_the_staff_reads_who_was_offered_what_and_takes_somebody_off_the_list(site, log_in, monday, axe, fits):
    monday()
    with site.app.app_context():
        waiters.wait(MONDAY, number=1, now=NOW)
    desk = log_in(viewport={"width": 390, "height": 844})
    desk.goto("/admin/offers/")
    axe(desk)
    fits(desk)
    desk.goto("/admin/waiting/")
    axe(desk)
    fits(desk)
    desk.get_by_role("link", name="Retirer attente1@example.com").click()
    desk.get_by_role("button", name="Retirer de la liste").click()
    expect(desk.get_by_text("attente1@example.com n’est plus sur la liste d’attente.")).to_be_visible()
