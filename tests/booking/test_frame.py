"""What holds for every public page: no cookie, no change by reading, fragments, languages, headers, weight."""

from __future__ import annotations

import gzip
import html
import re
from itertools import product
from pathlib import Path

import pytest

from portal.domain.errors import Busy
from tests import sample
from tests.booking.pages import HTMX, PLANNING

START = "start=2026-12-09T08:30:00%2B01:00"
PAGES = (
    "/",
    "/book/bordeaux",
    PLANNING,
    f"{PLANNING}?day=2026-12-08",
    f"{PLANNING}/details?{START}",
    "/b/{link}",
    "/b/{link}/details?" + START,
    "/a/{token}",
    "/a/{token}/edit",
    "/a/{token}/reschedule",
    "/a/{token}/reschedule?" + START,
    "/a/{token}/cancel",
    "/a/{token}/undo",
    "/a/{token}/invite.ics",
    "/find",
    "/about/accessibility",
    "/about/privacy",
    "/about/legal",
)


@pytest.fixture
def at(link, booked):
    return lambda page: page.format(link=link, token=booked.token)


def test_reading_changes_nothing_and_sets_no_cookie(client, at, no_writes):
    for page, method in product(PAGES, (client.get, client.head, client.get)):
        with no_writes():
            answer = method(at(page))
        assert answer.status_code in (200, 303), page
        assert "Set-Cookie" not in answer.headers, page
        assert "Cookie" not in answer.headers.get("Vary", ""), page


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_speaks_the_language_of_its_address(portal, at, language):
    for url in (at(page) for page in PAGES if not page.endswith(("undo", ".ics", "/bordeaux"))):
        shown = portal.open(f"{url}{'&' if '?' in url else '?'}lang={language}")
        assert f'<html lang="{language}">' in shown.source, url
        inside = [link for link in shown.links if link.url.startswith("/") and link.name not in ("Français", "English")]
        assert [link.url for link in inside if f"lang={language}" not in link.url] == [], url


def test_no_page_needs_what_the_policy_forbids(portal, at):
    for page in PAGES:
        source = portal.open(at(page)).source
        assert not re.search(r"<[^>]+\s(style|on\w+)=", source), page
        assert not re.search(r"<script(?![^>]+src=)", source), page
        assert not re.search(r'(src|href)="(https?:)?//(?!www\.openstreetmap\.org)', source), page


def test_pages_behind_a_token_are_kept_by_nobody(client, at):
    for page in (page for page in PAGES if "/a/" in page or "/b/" in page):
        headers = client.get(at(page)).headers
        assert headers["Cache-Control"] == "no-store", page
        assert "noindex" in headers["X-Robots-Tag"], page
        assert headers["Referrer-Policy"] == "same-origin", page


@pytest.mark.parametrize("page", [PLANNING, "/b/{link}", "/a/{token}/reschedule"])
def test_a_day_is_a_fragment_and_the_same_address_a_page(client, at, page):
    url = f"{at(page)}?day=2026-12-09"
    part = client.get(url, headers=HTMX)
    assert part.text.lstrip().startswith('<section class="pick-slots" id="slots"')
    assert part.headers["Vary"] == "HX-Request"
    assert client.get(url).text.startswith("<!doctype html>")
    assert client.get(url, headers={**HTMX, "HX-History-Restore-Request": "true"}).text.startswith("<!doctype html>")


@pytest.mark.parametrize("page", [PLANNING, "/b/{link}", "/a/{token}/reschedule"])
def test_a_month_is_a_fragment_with_its_first_free_day(portal, at, page):
    part = portal.fragment(f"{at(page)}?month=2027-01")
    assert part.source.lstrip().startswith('<div id="pick"')
    assert [link.name for link in part.links if link.current] == ["vendredi 1er janvier, 14 créneaux libres"]


@pytest.mark.parametrize("page", [PLANNING, "/b/{link}"])
def test_a_days_slots_ask_the_database_four_times_at_most(client, at, statements, page):
    url = f"{at(page)}?day=2026-12-09"
    client.get(url, headers=HTMX)
    with statements(at_most=4):
        client.get(url, headers=HTMX)


@pytest.mark.parametrize(("page", "most"), [("/", 2), (PLANNING, 4), ("/b/{link}", 6), ("/a/{token}", 3)])
def test_pages_ask_the_database_a_fixed_number_of_times(client, at, do, now, statements, page, most):
    for number in range(1, 20):
        do(sample.booked, f"2026-12-{7 + number % 5:02} 14:00", now=now, number=number)
    client.get(at(page))
    with statements(at_most=most):
        client.get(at(page))


def test_the_first_visit_is_light(client, docks):
    page = client.get(PLANNING)
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    answers = [client.get(file, headers={"Accept-Encoding": "gzip"}, buffered=True) for file in files]
    assert 1 + len(files) <= 6
    assert len(page.data) + sum(len(answer.data) for answer in answers) <= 60_000
    assert all("max-age=31536000" in answer.headers["Cache-Control"] for answer in answers)


def test_static_files_are_compressed_for_those_who_can_read_it(client):
    plain = Path(__file__).parent.parent.parent / "portal/static/portal.css"
    small = client.get("/static/portal.css", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(small.data) == plain.read_bytes()
    assert client.get("/static/portal.css", buffered=True).data == plain.read_bytes()


def test_many_requests_from_one_address_are_asked_to_wait(make_app, docks):
    client = make_app(ratelimit_public="3 per minute").test_client()
    answers = [client.get(PLANNING) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert "Attendez une minute" in client.get(f"{PLANNING}?lang=fr").text


def test_one_mail_address_is_not_written_to_without_end(make_app, docks):
    client = make_app(ratelimit_public="1000 per minute").test_client()
    answers = [client.post("/find", data={"email": "victim@example.com"}).status_code for _ in range(21)]
    assert answers.count(429) == 1


@pytest.mark.parametrize("path", ["/%5Cevil.example/x", "/%2Fevil.example/x", "/a%3Fb"])
def test_the_other_language_of_whatever_address_is_here(portal, path):
    (other,) = (link.url for link in portal.open(f"{path}?lang=fr").links if link.name == "English")
    assert other == f"{path.replace('%2F', '')}?lang=en"


@pytest.mark.parametrize("status", [404, 405])
def test_errors_are_pages_in_words(portal, docks, status):
    page = portal.open("/nothing?lang=fr") if status == 404 else portal.post("/?lang=fr", {})
    assert page.status == status
    assert page.link("Prendre rendez-vous")


def test_a_page_that_says_that_the_database_is_away_does_not_ask_it(make_app, docks, statements):
    app = make_app()

    def away():
        raise Busy(retry_after=5)

    app.add_url_rule("/_away", "away", away)
    with statements(at_most=0):
        answer = app.test_client().get("/_away?lang=fr")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Rien n’est perdu" in html.unescape(answer.text)
