"""Who may call what: every call with every scope, and keys that open nothing."""

from __future__ import annotations

from itertools import product

import pytest

from portal.operations import keys
from tests.api.conftest import problem, wish

NOBODY = "0" * 32
NEEDED = {
    ("GET", "/appointments"): "read",
    ("GET", f"/appointments/{NOBODY}"): "read",
    ("GET", "/events"): "read",
    ("PATCH", f"/appointments/{NOBODY}"): "book",
    ("POST", f"/appointments/{NOBODY}/cancel"): "book",
    ("POST", f"/appointments/{NOBODY}/reschedule"): "book",
    ("GET", "/orders/CMD-0"): "orders",
    ("PUT", "/orders/CMD-0"): "orders",
    ("PATCH", "/orders/CMD-0"): "orders",
    ("POST", "/orders/CMD-0/links"): "orders",
}


def test_a_call_without_a_key_is_unauthorised(api, docks):
    for method, path in NEEDED:
        answer = api.call(method, path)
        assert problem(answer) == (401, "unauthorised")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="creneau"'


@pytest.mark.parametrize("scope", keys.SCOPES)
def test_a_key_opens_the_calls_of_its_scope_and_no_other(api, docks, key_of, scope):
    key = key_of(scope)
    for (method, path), needed in NEEDED.items():
        answer = api.call(method, path, key, json={} if method != "GET" else None)
        if scope == needed:
            assert answer.status_code in (200, 404, 422)
        else:
            assert problem(answer) == (403, "forbidden")
            assert f'error="insufficient_scope", scope="{needed}"' in answer.headers["WWW-Authenticate"]


def test_a_key_that_does_not_book_does_not_book_as_a_guest(api, docks, key_of):
    assert problem(api.post("/appointments", wish(), key_of("read", "orders", "admin"))) == (403, "forbidden")


def test_the_right_to_call_comes_before_the_request(api, docks, key_of):
    assert problem(api.call("PUT", "/orders/CMD-0", data=b"{")) == (401, "unauthorised")
    assert problem(api.get("/appointments", key_of("book"), colour="red")) == (403, "forbidden")


def test_what_is_no_key_of_ours_is_refused_everywhere(api, docks, key):
    wrong = ["", "Bearer", "Bearer ", "Bearer x", "Basic dXNlcjpwYXNz", "creneau_x", "Bearer é", f"Token {key}"]
    for header, path in product(wrong, ("/sites", "/events", "/links/x")):
        assert problem(api.call("GET", path, headers={"Authorization": header})) == (401, "unauthorised")


def test_the_scheme_is_written_in_any_case(api, docks, key):
    assert api.call("GET", "/events", headers={"Authorization": f"bearer {key}"}).status_code == 200


def test_a_revoked_key_opens_nothing(api, do, docks, key, now):
    do(keys.revoke, do(keys.listing).keys[0].id, now=now)
    assert problem(api.get("/events", key)) == (401, "unauthorised")


def test_a_key_costs_one_statement(api, docks, key, statements):
    api.get("/plannings", key)
    with statements() as without:
        api.get("/plannings")
    with statements() as seen:
        api.get("/plannings", key)
    assert len(seen) == len(without) + 1


def test_no_answer_sets_a_cookie_or_opens_to_other_sites(api, docks, key, link):
    answers = [
        api.get("/sites"),
        api.get("/events", key),
        api.get("/events"),
        api.get(f"/links/{link}"),
        api.post("/appointments", wish()),
        api.call("OPTIONS", "/appointments", headers={"Origin": "https://evil.example"}),
        api.call("GET", "/sites", headers={"Origin": "https://evil.example", "Cookie": "creneau=x"}),
    ]
    for answer in answers:
        assert "Set-Cookie" not in answer.headers
        assert not [name for name in answer.headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118 - pairs
        assert answer.headers["Cache-Control"] == "no-store"
