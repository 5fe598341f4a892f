"""Services in a real browser: a person chosen on a phone without scripts, a room near where one is with them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

SERVICE, ROOM, GITE = "/book/bordeaux/evaluation", "/book/bordeaux/salle", "/book/bordeaux/gite"
START = "start=2026-12-08T09:00:00%2B01:00"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def filled(site: Site) -> str:
    """Make an agency with people, rooms and nights, a second site, and book; give the appointment's address."""
    with site.app.app_context():
        sample.site(key="lyon")
        both = ("bordeaux", "lyon")
        sample.agency(
            sites=both,
            kinds=["supplier"],
            instructions={"fr": "Apportez le titre de propriété.", "en": "Bring the title deed."},
            price={"fr": "gratuit", "en": "free"},
        )
        sample.lies("bordeaux", 44.84, -0.58, "12 quai des Chartrons, 33000 Bordeaux")
        sample.lies("lyon", 45.76, 4.84, "1 rue de la République, 69001 Lyon")
        sample.resource("zoe", name="Zoé", sites=("lyon",), plannings=("bureau",), skills={"evaluation": 3})
        sample.group("louer", {"fr": "Louer", "en": "To let"})
        rooms = {"requires": [{"kind": "room", "persons": 2}], "group": "louer", "kinds": ["supplier"]}
        sample.service("salle", name={"fr": "Salle de réunion", "en": "Meeting room"}, **rooms)
        sample.resource("dune", "room", name="Salle Dune", persons=4, features=["écran"], plannings=("bureau",))
        sample.resource("lac", "room", name="Salle du Lac", persons=12, features=["écran", "visio"])
        nights = {"iterations": True, "quantity": False, "unit": "night"}
        sample.service("gite", name={"fr": "Gîte", "en": "Cottage"}, requires=[{"kind": "asset"}], reservation=nights)
        sample.resource("cabane", "asset", name="Cabane")
        sample.service("conseil", name={"fr": "Conseil", "en": "Advice"}, mode="phone", minutes=30)
        made = sample.booked("2026-12-09 09:00", now=NOW, service="evaluation", resources=("lea",))
        return f"/a/{made.token}"


def pages(mine: str) -> list[str]:
    who = f"{SERVICE}?schedulingMode=service_staff"
    first = ["/", "/?near=69003", "/book/bordeaux", "/book/bordeaux?schedulingMode=staff_service", who]
    months = [f"{who}&staff=lea", SERVICE, f"{SERVICE}?staff=nobody", f"{GITE}?iterations=3"]
    rooms = [ROOM, f"{ROOM}?persons=99"]
    return [*first, *months, *rooms, f"{SERVICE}/details?staff=lea&{START}", mine, f"{mine}/reschedule"]


@pytest.fixture
def link(site: Site, filled: str) -> str:
    """Give the address of a booking link for an order that services serve."""
    with site.app.app_context():
        sample.order()
        return f"/b/{sample.link()}"


@pytest.mark.parametrize(
    ("backend", "language", "scheme", "width"),
    [("sqlite", "fr", "light", 320), ("postgresql", "en", "dark", 1280)],
    indirect=["backend"],
)
def test_no_page_shuts_anybody_out(
    filled: str,
    link: str,
    browse: Callable[..., Page],
    axe: Callable[[Page], None],
    fits: Callable[[Page], None],
    language: str,
    scheme: str,
    width: int,
) -> None:
    page = browse(viewport={"width": width, "height": 900}, color_scheme=scheme)
    by_link = [f"{link}?service=evaluation&schedulingMode=service_staff", f"{link}?service=salle"]
    for url in [*pages(filled), link, *by_link]:
        page.goto(f"{url}{'&' if '?' in url else '?'}lang={language}")
        axe(page)
        fits(page)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_person_is_chosen_on_a_phone_without_scripts(filled: str, browse: Callable[..., Page]) -> None:
    phone = browse(**PHONE, java_script_enabled=False)
    phone.goto("/book/bordeaux?schedulingMode=service_staff")
    phone.get_by_role("link", name="Évaluation de bien").click()
    expect(phone.get_by_role("heading", name="Qui doit vous recevoir")).to_be_visible()
    phone.get_by_role("link", name="Ryan").click()
    expect(phone.get_by_text("Avec Ryan")).to_be_visible()
    phone.get_by_role("link", name="jeudi 10 décembre, 12 créneaux libres").click()
    phone.get_by_role("link", name="14 h 30").click()
    phone.get_by_label("E-mail").fill("camille@example.com")
    phone.get_by_label("Nom", exact=True).fill("Camille Roy")
    phone.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(phone.get_by_role("heading", name="Rendez-vous confirmé")).to_be_visible()
    expect(phone.get_by_text("Ryan")).to_be_visible()
    expect(phone.get_by_text("Apportez le titre de propriété.")).to_be_visible()
    phone.get_by_role("link", name="Déplacer").click()
    expect(phone.get_by_text("Avec Ryan")).to_be_visible()
    phone.get_by_role("link", name="vendredi 11 décembre").click()
    phone.get_by_role("link", name="9 h 30").click()
    phone.get_by_role("button", name="Déplacer le rendez-vous").click()
    expect(phone.get_by_role("heading", name="Vendredi 11 décembre 2026")).to_be_visible()
    expect(phone.get_by_text("Ryan")).to_be_visible()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_room_is_booked_at_once_and_nights_are_counted(filled: str, browse: Callable[..., Page]) -> None:
    here = {"latitude": 44.80, "longitude": -0.63}  # Pessac
    desk = browse(viewport={"width": 1280, "height": 900}, geolocation=here, permissions=["geolocation"])
    desk.goto("/?lang=fr&near=Lyon")
    expect(desk.get_by_role("heading", level=2).first).to_have_text("Lyon")
    desk.get_by_role("button", name="Là où je suis").click()
    expect(desk.get_by_text("à 6 km")).to_be_visible()
    expect(desk.get_by_role("heading", level=2).first).to_have_text("Bordeaux")
    desk.get_by_role("link", name="Salle de réunion").click()
    expect(desk.get_by_role("listitem", name="Salle Dune")).to_be_visible()
    desk.get_by_label("Nombre de personnes").fill("8")
    desk.get_by_label("visio").check()
    desk.get_by_role("button", name="Voir ce qui convient").click()
    expect(desk.get_by_role("listitem", name="Salle Dune")).to_have_count(0)
    desk.get_by_role("listitem", name="Salle du Lac").get_by_role("link").first.click()
    desk.get_by_label("E-mail").fill("camille@example.com")
    desk.get_by_label("Nom", exact=True).fill("Camille Roy")
    desk.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(desk.get_by_text("Salle du Lac")).to_be_visible()
    desk.goto(f"{GITE}?lang=fr&day=2026-12-08")
    desk.get_by_label("Nombre de nuits").fill("3")
    desk.get_by_role("button", name="Voir les créneaux").click()
    desk.get_by_role("link", name="jeudi 10 décembre").click()
    desk.get_by_role("link", name="15 h", exact=True).click()
    expect(desk.get_by_text("3 nuits, du 10 au 13 décembre 2026")).to_be_visible()
