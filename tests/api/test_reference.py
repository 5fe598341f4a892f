"""The specification says all that there is, and people can read it."""

from __future__ import annotations

import re

import pytest
from openapi_spec_validator import validate

from portal.api.room import Programs
from tests.api.conftest import V1
from tests.world import rules

CALLS = {
    "GET /slots",
    "GET /sites",
    "GET /plannings",
    "GET /services",
    "GET /resources",
    "POST /services/{service}/links",
    "GET /events",
    "GET /links/{token}",
    "GET /links/{token}/slots",
    "POST /links/{token}/appointments",
    "POST /appointments",
    "DELETE /customers/{email}",
    "GET /customers/{email}",
    "PUT /customers/{email}",
    "GET /appointments",
    "GET /appointments/{id}",
    "POST /appointments/{id}/reschedule",
    "POST /appointments/{id}/reassign",
    "POST /appointments/{id}/cancel",
    "POST /appointments/{id}/accept",
    "POST /appointments/{id}/decline",
    "POST /appointments/{id}/arrive",
    "POST /appointments/{id}/complete",
    "POST /appointments/{id}/no-show",
    "POST /appointments/{id}/undo",
    "PATCH /appointments/{id}",
    "PUT /orders/{reference}",
    "GET /orders/{reference}",
    "PATCH /orders/{reference}",
    "POST /orders/{reference}/links",
}


@pytest.fixture
def spec(client):
    answer = client.get("/api/openapi.json")
    assert answer.mimetype == "application/json"
    return answer.get_json()


def calls(spec):
    for path, item in spec["paths"].items():
        for method in {"get", "put", "post", "patch", "delete"} & set(item):
            yield f"{method.upper()} {path.removeprefix(V1)}", item[method]


def test_it_is_a_valid_openapi_document(spec):
    assert spec["openapi"] == "3.1.0"
    validate(spec)


def test_a_portal_is_made_without_writing_it(make_app, monkeypatch):
    described = []
    monkeypatch.setattr(Programs, "register_field", lambda *given: described.append(given))
    make_app()
    assert not described


def test_it_names_every_call(spec):
    assert {name for name, _ in calls(spec)} == CALLS


ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


def test_every_route_is_in_it(app, spec):
    named = {name for name, _ in calls(spec)}
    routes = [
        (method, rule.rule) for method in ("GET", "POST", "PUT", "PATCH", "DELETE") for rule in rules(app, method)
    ]
    ours = {
        method + " " + ARGUMENT.sub(r"{\1}", route.removeprefix(V1)) for method, route in routes if route.startswith(V1)
    }
    assert ours == named


def test_every_call_is_described(spec):
    assert len({call["operationId"] for _, call in calls(spec)}) == len(CALLS)
    for name, call in calls(spec):
        assert call["summary"].endswith("."), name
        assert {"429", "503"} <= set(call["responses"]), name
        assert ("401" in call["responses"]) is True, name
        assert ("requestBody" in call) is name.startswith(("POST", "PUT", "PATCH")), name
        assert ("422" in call["responses"]) >= ("requestBody" in call), name


def test_every_creating_post_takes_an_idempotency_key(spec):
    creating = {name for name, call in calls(spec) if name.startswith("POST") and "201" in call["responses"]}
    assert creating == {
        "POST /appointments",
        "POST /links/{token}/appointments",
        "POST /orders/{reference}/links",
        "POST /services/{service}/links",
    }
    for name, call in calls(spec):
        if name in creating:
            assert [one["name"] for one in call["parameters"] if one["in"] == "header"] == ["Idempotency-Key"]


def test_the_keys_and_their_scopes_are_named(spec):
    scheme = spec["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    security = {name: call["security"] for name, call in calls(spec)}
    assert security["GET /slots"] == [{}, {"key": []}]
    assert security["POST /appointments"] == [{}, {"key": ["book"]}]
    assert security["GET /events"] == [{"key": ["read"]}]
    assert security["PUT /orders/{reference}"] == [{"key": ["orders"]}]
    assert security["GET /links/{token}"] == []


def test_refusals_are_problem_documents(spec):
    for name, call in calls(spec):
        for status, answer in call["responses"].items():
            kind = "application/json" if status < "400" else "application/problem+json"
            assert list(answer["content"]) == [kind], (name, status)


def test_a_planning_or_a_service_can_be_asked_for_with_whom_and_how_much(spec):
    asked = {one["name"]: one for one in dict(calls(spec))["GET /slots"]["parameters"]}
    assert {"planning", "service", "staff", "resources", "quantity", "iterations"} <= set(asked)
    assert not any(asked[name]["required"] for name in ("planning", "service", "staff"))
    booking = spec["components"]["schemas"]["Booking"]
    assert {"service", "staff", "resources", "quantity", "iterations"} <= set(booking["properties"])
    assert not {"planning", "service"} & set(booking["required"])
    assert "tags" not in booking["properties"]


@pytest.mark.parametrize(("language", "title"), [("fr", "Référence de l’API"), ("en", "API reference")])
def test_people_read_it_in_their_language(client, language, title):
    page = client.get("/api/docs", headers={"Accept-Language": language})
    assert page.status_code == 200
    assert f"<h1>{title}</h1>" in page.text
    assert f'<html lang="{language}">' in page.text


def test_the_page_shows_every_call_with_an_example(client):
    page = client.get("/api/docs").text
    for name in CALLS:
        method, path = name.split()
        assert re.search(rf">{method}</span> <code>{re.escape(V1 + path)}</code>", page), name
    assert page.count("<pre") == len(CALLS)
    assert "curl &#39;http://localhost/api/v1/slots?from=2026-12-08&amp;to=2026-12-08" in page


def test_the_page_names_fields_within_fields(client):
    page = client.get("/api/docs").text
    for name in ("customer.email", "slots[].start", "appointments[].customer.name", "refused[].code"):
        assert f"<code>{name}</code>" in page


def test_the_page_loads_nothing_from_elsewhere(client):
    page = client.get("/api/docs")
    assert page.text.count("<script") == 2
    for address in re.findall(r'<(?:script|link|img)[^>]*?(?:src|href)="([^"]*)"', page.text):
        assert address.startswith("/static/")
    assert "'unsafe" not in page.headers["Content-Security-Policy"]
