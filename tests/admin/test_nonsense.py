"""Whatever is typed or sent, no page of the staff area breaks."""

from __future__ import annotations

from typing import Any

import pytest

from tests import sample
from tests.admin.conftest import Forms

NONSENSE = [
    "", " ", "x" * 5000, "\u202e", "é" * 300, "²", "-1", "0", "1e999", "NaN", "9" * 5000,
    "0001-01-01", "9999-12-31", "2026-02-30", "24:00", "25:61", "<b>", "%(name)s", "{{ 7 * 7 }}", "'; --",
]  # fmt: skip
PAGES = [
    "/admin/plannings/quais",
    "/admin/add/planning",
    "/admin/plannings/quais/add/day",
    "/admin/sites/bordeaux",
    "/admin/add/site",
    "/admin/sites/bordeaux/add/closure",
    "/admin/services/evaluation",
    "/admin/services/evaluation/rules",
    "/admin/services/evaluation/links/",
    "/admin/add/service",
    "/admin/add/service-group",
]
LISTS = [
    "/admin/",
    "/admin/explain",
    "/admin/plannings/quais",
    "/admin/add/planning",
    "/admin/services/",
    "/admin/login",
]
ASKED = ("day", "site", "group", "planning", "place", "at", "rules", "version", "like", "next", "lang")


@pytest.fixture
def filled(do) -> None:
    do(sample.docks)
    do(sample.service)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("button", ["save", "clear"])
def test_nonsense_in_every_field_is_answered(manager, filled, page, button):
    parser = Forms()
    parser.feed(manager.get(page).text)
    token = dict(parser.forms[page])["csrf_token"]
    for text in NONSENSE:
        values: dict[str, Any] = {name: [text] for name, _ in parser.forms[page]}
        answer = manager.post(page, data={**values, button: text or "1", "csrf_token": token})
        assert answer.status_code in (200, 303, 404, 409, 422), (page, button, text[:20])


@pytest.mark.parametrize("page", LISTS)
def test_nonsense_in_an_address_is_answered(manager, filled, page):
    for text in NONSENSE:
        for name in ASKED:
            assert manager.get(page, query_string={name: text}).status_code in (200, 303, 404), (page, name, text[:20])


@pytest.mark.on_both
@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("GET", "/admin/plannings/a%00b", {}, 404),
        ("GET", "/admin/add/planning?like=%00", {}, 200),
        ("GET", "/admin/?site=%00&day=%00", {}, 200),
        ("POST", "/admin/login", {"email": "a\0b", "password": "x"}, 400),
        ("POST", "/admin/plannings/quais", {"revision": "\0", "save": "1"}, 400),
    ],
)
def test_what_is_no_text_is_refused(manager, client, filled, method, path, sent, status):
    browser = client if "login" in path else manager
    assert browser.open(path, method=method, data=sent).status_code == status
