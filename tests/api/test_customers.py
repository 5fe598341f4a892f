"""Customers kept in step with another system."""

from __future__ import annotations

from portal.operations import cards, links
from tests import sample
from tests.api.conftest import problem

VIDAL = {"name": "Emballages Vidal", "kind": "supplier", "phone": "05 56 00 10 42", "locale": "en"}


def test_a_customer_is_created_once_and_then_changed(api, key):
    created = api.put("/customers/Achats@Example.com", VIDAL, key)
    assert created.status_code == 201
    assert {name: created.json[name] for name in VIDAL} == VIDAL
    assert created.json["email"] == "achats@example.com"
    changed = api.put("/customers/achats@example.com", {"phone": ""}, key)
    assert changed.status_code == 200
    assert (changed.json["phone"], changed.json["name"]) == ("", "Emballages Vidal")
    assert api.get("/customers/achats@example.com", key).json == changed.json


def test_an_address_that_is_none_is_refused(api, key):
    assert problem(api.put("/customers/nobody", VIDAL, key)) == (422, "invalid")
    assert problem(api.get("/customers/nobody", key)) == (422, "invalid")


def test_a_customer_who_is_not_there_is_not_found(api, key):
    assert problem(api.get("/customers/nobody@example.com", key)) == (404, "not_found")
    assert problem(api.call("DELETE", "/customers/nobody@example.com", key)) == (404, "not_found")


def test_an_erased_customer_is_gone_and_the_visit_stays(api, docks, key, do, now, clock):
    do(sample.order)
    do(links.create, "CMD-1042", now=now, send=False)
    booked = api.post("/appointments", {**visit(), "customer": {"email": "achats@example.com", "name": "Vidal"}}, key)
    assert problem(api.call("DELETE", "/customers/achats@example.com", key)) == (409, "state_changed")
    clock.ahead(days=30)
    assert api.call("DELETE", "/customers/achats@example.com", key).json == {"appointments": 1}
    assert problem(api.get("/customers/achats@example.com", key)) == (404, "not_found")
    assert do(cards.by_public_id, booked.json["id"]).name == ""


def visit() -> dict[str, str]:
    return {"site": "bordeaux", "planning": "quais", "start": "2026-12-07T09:00:00+01:00"}


def test_it_needs_the_scope_of_orders(api, key_of):
    key = key_of("read", "book")
    for method in ("GET", "PUT", "DELETE"):
        body = {"json": VIDAL} if method == "PUT" else {}
        assert problem(api.call(method, "/customers/achats@example.com", key, **body)) == (403, "forbidden")
