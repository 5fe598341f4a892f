"""Nobody where they do not belong: every route of the staff area, for every role, on reading and on writing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from portal.admin.guard import ADMIN, BOOK, EDIT, OPEN, READ, RIGHTS, needed
from portal.operations import regions, skills
from tests import sample, staff

VALUES: dict[str, Any] = {
    "key": "quais",
    "owner": "plannings",
    "format": "csv",
    "day": "2026-12-24",
    "number": 1,
    "site": "bordeaux",
    "planning": "quais",
    "service": "evaluation",
    "reference": "CMD-1042",
    "public_id": "0" * 32,
    "token": "A" * 54,
    "name": "legal",
    "question": "plate",
    "kind": "confirmation",
    "locale": "fr",
    "act": "arrive",
}
"""What fills the places of the addresses: things that are there, and a few that are not."""

WITHOUT_LOGIN = {
    "admin.entry.login",
    "admin.entry.code",
    "admin.welcome.forgot",
    "admin.welcome.welcome",
    "admin.welcome.reset",
}

EXPECTED = {
    "viewer": {READ},
    "agent": {READ, BOOK},
    "manager": {READ, BOOK, EDIT},
    "admin": {READ, BOOK, EDIT, ADMIN},
}


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin")]


def address(app: Flask, rule: Rule) -> str:
    with app.test_request_context():
        built = app.url_map.bind("localhost").build(rule.endpoint, {name: VALUES[name] for name in rule.arguments})
    return str(built)


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) & {"GET", "POST"})


def pairs(app: Flask) -> list[tuple[Rule, str]]:
    return [(rule, method) for rule in rules(app) for method in methods(rule)]


@pytest.fixture
def filled(do, now) -> None:
    do(sample.docks)
    do(sample.order)
    do(sample.service)
    do(sample.resource, "quais", absences=[("2026-12-24T00:00", "2026-12-26T00:00")])
    do(regions.add, "quais", "Gironde", now=now)
    do(skills.add, "quais", {"fr": "Évaluation"}, now=now)


def test_there_are_routes_to_guard(app):
    assert len(pairs(app)) > 40


def test_the_roles_are_what_they_are():
    assert {role: set(rights) for role, rights in RIGHTS.items()} == EXPECTED


def test_a_stranger_is_always_sent_to_the_login(app, client: FlaskClient, filled, no_writes):
    with no_writes():
        for rule, method in pairs(app):
            if rule.endpoint in WITHOUT_LOGIN:
                continue
            answer = client.open(address(app, rule), method=method)
            assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/admin/login"), rule


def test_only_the_ways_in_are_open(app):
    with app.app_context():
        found = {rule.endpoint for rule, method in pairs(app) if needed(rule.endpoint, method) == OPEN}
    assert found == WITHOUT_LOGIN


@pytest.mark.parametrize("role", ["viewer", "agent", "manager"])
def test_a_role_reaches_its_own_pages_and_finds_nothing_elsewhere(app, filled, role, no_writes):
    client = staff.logged_in(app, role)
    token = _csrf(client)
    for rule, method in pairs(app):
        with app.app_context():
            right = needed(rule.endpoint, method)
        if right == OPEN or (method == "POST" and right in EXPECTED[role]):
            continue  # what they may write is the matter of the pages' own tests
        if right in EXPECTED[role]:
            assert client.get(address(app, rule)).status_code in (200, 303, 404, 409), rule
            continue
        with no_writes():
            answer = client.open(address(app, rule), method=method, data={"csrf_token": token, "save": "1"})
        assert answer.status_code == 404, (rule, method)


def test_an_agent_books_moves_and_cancels_and_nothing_else(app):
    """A list to be read by a person, who is asked when it grows."""
    with app.app_context():
        booking = {rule.endpoint for rule, method in pairs(app) if needed(rule.endpoint, method) == BOOK}
    assert booking == {
        "admin.appointments.cancel",
        "admin.appointments.edit",
        "admin.appointments.send_again",
        "admin.appointments.note",
        "admin.marks.mark",
        "admin.marks.undo",
        "admin.moves.move",
        "admin.moves.take_back",
        "admin.order_links.code",
        "admin.service_links.code",
        "admin.phone.choose",
        "admin.phone.details",
        "admin.phone.pick",
        "admin.assigned.give_back",
        "admin.assigned.reassign",
        "admin.service_phone.details",
        "admin.service_phone.pick",
        "admin.service_phone.who",
    }


def test_a_change_without_its_token_is_refused(app, filled, no_writes):
    client = staff.logged_in(app, "admin")
    client.get("/admin/")
    for rule, method in pairs(app):
        if method == "POST" and rule.endpoint not in WITHOUT_LOGIN:
            with no_writes():
                answer = client.post(address(app, rule), data={"save": "1", "csrf_token": "forged"})
            assert answer.status_code == 400, rule


def test_a_change_from_another_site_is_refused(app, filled):
    client = staff.logged_in(app, "admin")
    token = _csrf(client)
    for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post("/admin/plannings/quais", data={"csrf_token": token, "save": "1"}, headers=header)
        assert answer.status_code == 403


def test_the_token_may_come_in_a_header(app, filled):
    client = staff.logged_in(app, "admin")
    answer = client.post("/admin/language", data={"locale": "en"}, headers={"X-CSRFToken": _csrf(client)})
    assert answer.status_code == 303


def test_reading_writes_nothing(app, filled, no_writes):
    client = staff.logged_in(app, "admin")
    client.get("/admin/")
    with no_writes():
        for rule, method in pairs(app):
            if method == "GET":
                for _ in range(2):
                    assert client.get(address(app, rule)).status_code < 500, rule
                assert client.head(address(app, rule)).status_code < 500, rule


def test_every_page_is_kept_out_of_caches_and_search(app, filled):
    client = staff.logged_in(app, "admin")
    for rule, method in pairs(app):
        if method == "GET":
            headers = client.get(address(app, rule)).headers
            assert headers["Cache-Control"] == "no-store", rule
            assert headers["X-Robots-Tag"] == "noindex, nofollow", rule


def _csrf(client: FlaskClient) -> str:
    text = client.get("/admin/account").text
    return text.partition('name="csrf_token" value="')[2].partition('"')[0]
