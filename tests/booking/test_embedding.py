"""Booking in a frame of the company's own site: which pages may stand there, and that they stay there to the end."""

from __future__ import annotations

import re
from typing import Any

import pytest

from portal.config import BadSetting, Settings
from tests import sample
from tests.backends import KEYS
from tests.booking.pages import HTMX, PLANNING, Page, Portal

HOME = "https://www.example.com"
START = "start=2026-12-08T08:30:00%2B01:00"
ANCESTORS = re.compile(r"frame-ancestors ([^;]+)")
STEPS = (PLANNING, f"{PLANNING}?month=2027-01", f"{PLANNING}/details?{START}", f"{PLANNING}/wait?day=2026-12-08")
SERVICE = "/book/bordeaux/evaluation"
NINE = "start=2026-12-08T09:00:00%2B01:00"
SERVICES = (
    "/book/bordeaux?schedulingMode=staff_service",
    "/book/bordeaux?staff=jean",
    f"{SERVICE}?schedulingMode=service_staff",
    f"{SERVICE}?staff=jean",
    f"{SERVICE}/details?staff=jean&{NINE}",
    "/book/bordeaux/salle",
)
TOKENS = ("/b/{link}", "/b/{link}/details?" + START, "/a/{token}", "/a/{token}/cancel")


@pytest.fixture
def allowed(make_app):
    return make_app(embed_origins=(HOME, "https://intra.example.com:8443")).test_client()


@pytest.fixture
def inside(allowed) -> Portal:
    return Portal(allowed)


@pytest.fixture
def several(do) -> None:
    do(sample.docks, policy={"waiting_list": True})
    do(sample.planning, key="rampe")


def embedded(url: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}embed=1&lang=fr"


def ancestors(answer: Any) -> str:
    found = ANCESTORS.search(answer.headers["Content-Security-Policy"])
    assert found
    return found[1]


# Who may show what


@pytest.mark.parametrize("url", ["/book/bordeaux", *STEPS, "/book/nowhere", f"{PLANNING}/details?start=x"])
def test_a_guests_page_may_be_shown_by_the_origins_that_are_allowed(allowed, several, url):
    for answer in (allowed.get(embedded(url)), allowed.get(embedded(url), headers=HTMX), allowed.head(embedded(url))):
        assert ancestors(answer) == f"{HOME} https://intra.example.com:8443"
        assert "X-Frame-Options" not in answer.headers


@pytest.mark.parametrize("url", ["/book/bordeaux", *STEPS])
def test_nobody_shows_a_page_that_was_not_asked_for_as_a_frame(allowed, several, url):
    for asked in (url, url + ("&" if "?" in url else "?") + "embed=0"):
        answer = allowed.get(asked)
        assert (ancestors(answer), answer.headers["X-Frame-Options"]) == ("'none'", "DENY")


@pytest.mark.parametrize("url", ["/", "/find", "/about/privacy", "/admin/login", "/nothing", "/embed.js", *TOKENS])
def test_nobody_shows_any_other_page(allowed, link, booked, url):
    answer = allowed.get(embedded(url.format(link=link, token=booked.token)))
    assert (ancestors(answer), answer.headers["X-Frame-Options"]) == ("'none'", "DENY")
    assert 'class="public framed"' not in answer.text


def test_nobody_shows_a_page_that_a_mail_opened(allowed, several):
    answer = allowed.get(f"{embedded(PLANNING)}&c={'A' * 54}")
    assert (ancestors(answer), answer.headers["X-Frame-Options"]) == ("'none'", "DENY")


def test_without_an_allowed_origin_nobody_shows_anything(client, several):
    answer = client.get(embedded(PLANNING))
    assert (ancestors(answer), answer.headers["X-Frame-Options"]) == ("'none'", "DENY")
    assert 'class="topbar"' in answer.text
    assert "embed=1" not in answer.text.replace("embed=1&amp;lang=en", "")  # but for this page in the other language


# What the pages say there


@pytest.mark.parametrize("url", ["/book/bordeaux", *STEPS])
def test_in_a_frame_every_way_on_stays_in_it(inside, several, url):
    page = inside.open(embedded(url))
    own = [link.url for link in page.links if link.url.startswith("/book/")]
    assert own or page.forms
    assert [address for address in [*own, *(form.action for form in page.forms)] if "embed=1" not in address] == []


@pytest.mark.parametrize("url", SERVICES)
def test_in_a_frame_every_step_of_a_service_stays_in_it(inside, do, url):
    do(sample.agency)
    do(sample.service, "mandat", name={"fr": "Mandat"})
    do(sample.service, "salle", name={"fr": "Salle"}, requires=[{"kind": "room"}])
    for room in ("dune", "lac"):
        do(sample.resource, room, "room", features=["visio"])
    page = inside.open(embedded(url))
    own = [link.url for link in page.links if link.url.startswith("/book/")]
    said = [form.values.get("embed") == "1" or "embed=1" in form.action for form in page.forms]
    assert own
    assert [address for address in own if "embed=1" not in address] == []
    assert all(said)


def test_a_day_that_htmx_asks_for_leads_on_in_the_frame(inside, several):
    part = inside.fragment(embedded(f"{PLANNING}?day=2026-12-08"))
    assert "embed=1" in part.slot("8 h 30")


def test_in_a_frame_there_is_no_header_and_what_leaves_opens_a_window_of_its_own(inside, several):
    source = inside.open(embedded(PLANNING)).source
    assert 'class="topbar"' not in source
    assert f'<meta name="embed-origins" content="{HOME} https://intra.example.com:8443">' in source
    leaving = re.findall(r'<a [^>]*href="/(?!book/)[^>]+>', source)
    assert len(leaving) == 2
    assert all('target="_blank"' in link for link in leaving)


def test_a_refusal_in_a_frame_leads_out_of_it(inside, several):
    source = inside.open(embedded("/book/nowhere")).source
    ways = re.findall(r'<a class="choice"[^>]+>', source)
    assert len(ways) == 2
    assert all('target="_top"' in way for way in ways)


def test_the_other_language_stays_in_the_frame(inside, several):
    shown = inside.open(inside.open(embedded(PLANNING)).link("English"))
    assert '<html lang="en">' in shown.source
    assert 'class="public framed"' in shown.source


def test_a_single_planning_has_no_way_back_to_others(inside, do):
    do(sample.docks)
    assert "Autres rendez-vous" not in inside.open(embedded(PLANNING)).text


def test_several_plannings_have_a_way_back_to_those_of_the_site(inside, several):
    assert inside.open(embedded(PLANNING)).link("Autres rendez-vous").startswith("/book/bordeaux?")


# To the end


@pytest.fixture
def form(inside, several) -> Page:
    return inside.open(embedded(f"{PLANNING}/details?{START}"))


def details() -> dict[str, str]:
    return {"email": "camille@example.com", "name": "Camille Roy"}


def test_a_booking_is_confirmed_in_the_frame(inside, form):
    done = form.send(**details())
    assert done.status == 200
    assert ancestors(done.response) == f"{HOME} https://intra.example.com:8443"
    assert done.response.headers["Cache-Control"] == "no-store"
    assert "Rendez-vous confirmé" in done.title
    assert "Mardi 8 décembre 2026 de 8 h 30 à 9 h 30" in done.text
    assert done.link("Prendre un autre rendez-vous").startswith(f"{PLANNING}?")
    assert "embed=1" in done.link("Prendre un autre rendez-vous")


def test_the_appointments_own_page_takes_the_whole_window(inside, form):
    done = form.send(**details())
    url = done.link("Le voir, le déplacer ou l’annuler")
    assert re.fullmatch(r"/a/[\w-]{54}\?lang=fr", url)
    assert re.search(rf'href="{re.escape(url)}" target="_top"', done.source)
    assert inside.open(url).status == 200


def test_sending_twice_in_a_frame_is_one_booking(form):
    first, again = form.send(**details()), form.send(**details())
    assert first.link("Le voir") == again.link("Le voir")


def test_an_error_is_shown_in_the_frame(form):
    wrong = form.send(email="wrong")
    assert wrong.status == 422
    assert "embed=1" in wrong.form.action
    assert "autofocus" not in wrong.source  # of which browsers only complain in a frame


def test_a_request_is_not_said_to_be_movable(inside, do):
    do(sample.docks, policy={"validation": "manager"})
    form = inside.open(embedded(f"{PLANNING}/details?{START}"))
    assert form.send(**details()).link("Le voir") == form.send(**details()).link("Le voir")
    assert "le déplacer" not in form.send(**details()).text
    assert "Demande reçue" in form.send(**details()).title


def test_a_place_is_held_within_the_frame(inside, do):
    do(sample.docks, policy={"hold": 10})
    held = inside.open(embedded(f"{PLANNING}?day=2026-12-08")).press("8 h 30")
    assert "embed=1" in held.response.headers["Location"]
    assert inside.follow(held).send(**details()).status == 200


def test_joining_a_waiting_list_stays_in_the_frame(inside, several):
    page = inside.open(embedded(f"{PLANNING}/wait?day=2026-12-08"))
    assert "embed=1" in page.form.action


# The script


def test_the_script_may_be_loaded_by_any_site_and_is_kept_for_an_hour(client):
    answer = client.get("/embed.js")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.mimetype == "text/javascript"
    assert answer.cache_control.max_age == 3600
    assert "no-cache" not in answer.headers["Cache-Control"]
    assert len(answer.data) < 4000


def test_the_script_is_sent_again_only_when_it_changed(client):
    kept = client.get("/embed.js").headers["ETag"]
    again = client.get("/embed.js", headers={"If-None-Match": kept})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


# The setting


def given(text: str) -> tuple[str, ...]:
    return Settings.from_env({**KEYS, "PUBLIC_URL": "https://rdv.example.com", "EMBED_ORIGINS": text}).embed_origins


def test_origins_are_read_as_browsers_write_them():
    assert given("https://www.example.com, HTTP://Intra:8080/,https://a.example:443,http://b:80,") == (
        "https://www.example.com",
        "http://intra:8080",
        "https://a.example",
        "http://b",
    )
    assert given("") == given(" , ") == ()


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "https://*.example.com",
        "www.example.com",
        "https://www.example.com/shop",
        "https://a.example https://b.example",
        "https://a.example; script-src *",
        "https://user@a.example",
        "https://exämple.com",
        "ftp://a.example",
        "https://",
        "null",
        "'self'",
        "https://a.example\r\nX-Evil: 1",
    ],
)
def test_what_is_no_origin_stops_the_start(text):
    with pytest.raises(BadSetting, match="EMBED_ORIGINS"):
        given(f"https://www.example.com,{text}")
