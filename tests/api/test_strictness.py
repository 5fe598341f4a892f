"""What is not asked as it must be is refused in a way that programs understand, and never breaks anything."""

from __future__ import annotations

import json

from tests.api.conftest import V1, problem, wish, wrong


def send(api, body, content="application/json", path="/appointments"):
    return api.call("POST", path, data=body, content_type=content)


UNREADABLE = [
    b"{",
    b"start=now",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": 1, "a": 2}',
    b"{} {}",
    b"'{}'",
    b"[" * 100_000,
    b'{"a": ' * 50_000,
    b'{"a": ' + b"9" * 5000 + b"}",
]


def test_a_body_that_is_not_json_cannot_be_read(api, docks):
    assert [problem(send(api, body)) for body in UNREADABLE] == [(400, "invalid")] * len(UNREADABLE)


def test_a_body_is_an_object(api, docks):
    for body in (b"[]", b"null", b"3", b'"x"', b"true", b"[{}]"):
        assert wrong(send(api, body)) == {"": "expected"}


def test_a_body_of_another_type_is_not_read(api, docks):
    for content in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"):
        answer = send(api, json.dumps(wish()).encode(), content)
        assert problem(answer) == (415, "unsupported_media_type"), content


def test_json_is_known_by_its_name(api, docks):
    for content in ("application/json; charset=utf-8", "application/JSON", "application/json;x"):
        assert send(api, json.dumps(wish()).encode(), content).status_code == 201, content


def test_no_body_is_an_empty_object(api, docks):
    expected = {"site": "required", "planning": "planning_or_service", "start": "required", "customer": "required"}
    assert wrong(api.post("/appointments")) == expected
    assert wrong(send(api, b"")) == expected


def test_too_much_is_too_much(api, docks):
    for content in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert problem(send(api, b"x" * (2 * 1024 * 1024 + 1), content)) == (413, "too_large")


WRONG = [
    ({"start": "2026-12-08T10:00:00"}, {"start": "not_an_instant"}),
    ({"start": "2026-12-08 10:00:00+01:00"}, {"start": "not_an_instant"}),
    ({"start": "2026-02-30T10:00:00Z"}, {"start": "not_an_instant"}),
    ({"start": 1765180800}, {"start": "expected"}),
    ({"start": None}, {"start": "expected"}),
    ({"start": []}, {"start": "expected"}),
    ({"site": {"key": "bordeaux"}}, {"site": "expected"}),
    ({"site": ""}, {"site": "not_a_key"}),
    ({"customer": []}, {"customer": "expected"}),
    ({"customer": "chauffeur@example.com"}, {"customer": "expected"}),
    ({"customer": {"email": "x", "name": "A"}}, {"customer.email": "email"}),
    ({"customer": {"email": "a@b@c.fr", "name": "A"}}, {"customer.email": "email"}),
    ({"customer": {"email": f"{'a' * 250}@example.com", "name": "A"}}, {"customer.email": "email"}),
    ({"customer": {"email": "a@example.com\r\nBcc: b@example.com", "name": "A"}}, {"customer.email": "email"}),
    ({"customer": {"email": "a@example.com", "name": 3}}, {"customer.name": "expected"}),
    ({"customer": {"email": "a@example.com", "name": " "}}, {"customer.name": "required"}),
    ({"customer": {"email": "a@example.com", "name": "x" * 121}}, {"customer.name": "too_long"}),
    ({"customer": {"email": "a@example.com", "name": "A\nB"}}, {"customer.name": "unreadable"}),
    ({"customer": {"email": "a@example.com", "name": "A\x00"}}, {"customer.name": "unreadable"}),
    ({"customer": {"email": "a@example.com", "name": "\ud800"}}, {"customer.name": "unreadable"}),
    ({"customer": {"email": "\ud800@example.com", "name": "A"}}, {"customer.email": "email"}),
    ({"customer": {"email": "a@example.com", "name": "A", "locale": "de"}}, {"customer.locale": "not_a_choice"}),
    ({"customer": {"email": "a@example.com", "name": "A", "": 1}}, {"customer.": "unknown_key"}),
    ({"comment": "\x1b[31m"}, {"comment": "unreadable"}),
    ({"comment": "x" * 2001}, {"comment": "too_long"}),
    ({"policy": "none"}, {"policy": "not_a_choice"}),
    ({"a/b~c": 1}, {"a/b~c": "unknown_key"}),
]


def test_a_wrong_value_is_named(api, docks):
    told = [wrong(api.post("/appointments", wish(**change))) for change, _ in WRONG]
    assert told == [expected for _, expected in WRONG]


def test_every_wrong_value_is_named_at_once_with_a_pointer(api, docks):
    answer = api.post("/appointments", {**wish("soon"), "customer": {"email": "x", "age": 3}, "a/b~c": 1})
    found = {error["pointer"]: error["code"] for error in answer.json["errors"]}
    assert found == {
        "#/start": "not_an_instant",
        "#/customer/email": "email",
        "#/customer/age": "unknown_key",
        "#/a~1b~0c": "unknown_key",
    }


def test_a_wrong_question_has_no_pointer(api, docks):
    assert "pointer" not in api.get("/slots", site="bordeaux").json["errors"][0]


def test_refusals_speak_the_language_of_the_caller(api, docks):
    titles = {
        language: api.call("GET", "/events", headers={"Accept-Language": language}).json["title"]
        for language in ("fr", "en", "de")
    }
    assert titles["fr"].startswith("Une clé")
    assert titles["en"].startswith("A valid key")
    assert titles["de"] == titles["fr"]
    assert api.call("GET", "/events?lang=en", headers={"Accept-Language": "fr"}).json["title"] == titles["en"]


def test_an_address_that_is_none_of_ours_is_not_found(api, docks):
    for path in ("/", "/nothing", "/slots/", "/orders/", "/appointments/x/cancel", "/links/"):
        assert problem(api.call("GET", path)) == (404, "not_found"), path


def test_another_method_is_told_which_are_there(api, docks):
    for method, path, allowed in (
        ("DELETE", "/appointments", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("POST", "/slots", {"GET", "HEAD", "OPTIONS"}),
        ("PUT", f"/appointments/{'0' * 32}/cancel", {"OPTIONS", "POST"}),
        ("DELETE", "/orders/a/b", {"GET", "HEAD", "OPTIONS", "PATCH", "PUT"}),
    ):
        answer = api.call(method, path)
        assert problem(answer) == (405, "method_not_allowed")
        assert set(answer.headers["Allow"].split(", ")) == allowed


def test_head_is_get_without_its_body(api, docks):
    head, get = api.call("HEAD", "/sites"), api.call("GET", "/sites")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_options_name_the_methods(api, docks):
    answer = api.call("OPTIONS", "/appointments")
    assert answer.status_code == 200
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_an_error_of_ours_is_a_problem_document_too(app, client, monkeypatch):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setitem(app.view_functions, "api.sites", lambda: 1 / 0)
    try:
        assert problem(client.get(f"{V1}/sites")) == (500, "error")
    finally:
        del app.config["PROPAGATE_EXCEPTIONS"]
