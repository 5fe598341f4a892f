"""Requests drawn from the specification, good and bad: never an error of ours, and answers as they are documented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from portal.operations import keys
from tests import sample
from tests.api.conftest import V1

Json = Any
HEADERS = st.dictionaries(
    st.sampled_from(["Idempotency-Key", "Accept-Language", "Prefer"]), st.sampled_from(["a", "b", "en", "fr;q=x", ""])
)
ANYTHING: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TIMES = [f"2026-12-{day:02d}T{clock}:00+01:00" for day in (7, 8, 9, 10, 11) for clock in ("08:00", "09:30", "11:00")]
FORMATS = {  # the last two of each are not welcome everywhere
    "date-time": [*TIMES, "2026-12-08T10:00:00.123456Z", "2999-12-31T23:59:59Z", "1970-01-01T00:00:00+14:00"],
    "date": ["2026-12-07", "2026-12-08", "2026-12-31", "2999-12-31", "2026-12-32"],
    "email": ["a@example.com", "b@example.com", "x", "a@b"],
}
KNOWN = {
    "site": ["bordeaux", "bordeaux", "lyon"],
    "planning": ["quais", "quais", "rampe"],
    "service": ["evaluation", "evaluation", "visite"],
    "staff": ["jean", "ryan", "salon", "jean,ryan"],
    "resources": ["salon", "jean", "lea", "A"],
    "of": ["jean", "ryan"],
    "order": ["CMD-1042", "CMD-0"],
    "email": ["achats@example.com", "b@example.com", "a@b"],
    "status": ["confirmed", "ready", "lost"],
    "after": ["0", "1", "AAAA"],
    "reference": ["CMD-1042", "a/b", "..", "CMD 2", "\x00", "é" * 60],
}
WHAT = {"planning", "service"}
AMOUNTS = {"quantity", "iterations"}


@pytest.fixture
def world(app: Flask, do, now) -> Mapping[str, list[str]]:
    """Make what calls can be about: addresses of appointments, tokens of links, keys."""
    do(sample.agency, people=("jean", "ryan"), requires=({"kind": "staff"}, {"kind": "room"}), kinds=("supplier",))
    do(sample.resource, "salon", "room")
    do(sample.planning)
    do(sample.order)
    booked = do(sample.booked, "2026-12-08 08:30", now=now)
    valued = do(sample.booked, "2026-12-08 09:30", now=now, service="evaluation")
    return {
        "id": [booked.public_id, valued.public_id, "0" * 32],
        "token": [do(sample.link), do(sample.link, max_active=1), booked.token, "x"],
        "key": [do(keys.add, "all", keys.SCOPES, now=now), do(keys.add, "read", ("read",), now=now), "creneau_x"],
    }


@cache
def specification(app: Flask) -> Json:
    return app.test_client().get("/api/openapi.json").get_json()


def operations(spec: Json) -> list[tuple[str, str, Json, Json]]:
    return [
        (method, path, item, item[method])
        for path, item in spec["paths"].items()
        for method in ("get", "post", "put", "patch")
        if method in item
    ]


@dataclass(frozen=True)
class Drawn:
    """Draws what schemas allow; unless ``clean``, now and then what they do not."""

    spec: Json
    clean: bool

    def value(self, schema: Json, name: str = "") -> st.SearchStrategy[Json]:
        """Draw a value of a schema."""
        if "$ref" in schema:
            return self.value(self.spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], name)
        fitting = self._fitting(schema, name)
        return fitting if self.clean else st.one_of(fitting, fitting, fitting, ANYTHING)

    def members(self, schema: Json) -> st.SearchStrategy[Json]:
        """Draw an object."""
        needed = {name: self.value(schema["properties"][name], name) for name in schema.get("required", ())}
        more = {name: self.value(inner, name) for name, inner in schema["properties"].items() if name not in needed}
        if self.clean and set(more) >= WHAT:  # the one or the other is asked for, as the text of the specification says
            either = [{one: more[one]} for one in sorted(WHAT)]
            rest = {name: more[name] for name in more if name not in WHAT}
            return st.one_of(*(st.fixed_dictionaries({**needed, **one}, optional=rest) for one in either))
        return st.fixed_dictionaries(needed, optional=more)

    def known(self, name: str, *more: str) -> st.SearchStrategy[str]:
        """Draw a name of something that there is, or of something that there is not."""
        names = [*more, *KNOWN.get(name, ())]
        return st.sampled_from(names[:1] * 3 + names[1:2] if self.clean else names) if names else st.text(min_size=1)

    def _fitting(self, schema: Json, name: str) -> st.SearchStrategy[Json]:
        if "items" in schema:
            return st.lists(self.value(schema["items"], name), max_size=3)
        if name in KNOWN:
            return self.known(name)
        if name in AMOUNTS and self.clean:
            return st.sampled_from([1, 1, 1, 2])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if "properties" in schema:
            return self.members(schema)
        if (special := FORMATS.get(schema.get("format", ""))) is not None:
            return st.sampled_from(special[: -2 if self.clean else None])
        kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
        letters = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30)
        kinds = {"integer": st.integers(1, 50) if self.clean else st.integers(-2, 300), "boolean": st.booleans()}
        return kinds.get(kind, letters if self.clean else st.text(max_size=130))


@st.composite
def requests(draw: st.DrawFn, spec: Json, world: Mapping[str, list[str]]) -> tuple[str, str, Json, dict[str, Json]]:
    """Draw a request: half of them as the specification asks, with a key that may do everything."""
    drawn = Drawn(spec, clean=draw(st.booleans()))
    method, path, item, call = draw(st.sampled_from(operations(spec)))
    for parameter in item.get("parameters", ()):
        name = parameter["name"]
        value = drawn.known(name, *world.get(name, ()))
        value = value if drawn.clean else value | st.text(min_size=1, max_size=40)
        path = path.replace(f"{{{name}}}", quote(draw(value), safe=""))
    asked = {one["name"]: one for one in call.get("parameters", ()) if one["in"] == "query"}
    properties = {name: one["schema"] for name, one in asked.items()}
    required = [name for name, one in asked.items() if one["required"] and drawn.clean]
    options: dict[str, Json] = {"query_string": draw(drawn.members({"properties": properties, "required": required}))}
    if "requestBody" in call:
        options["json"] = draw(drawn.value(call["requestBody"]["content"]["application/json"]["schema"]))
    headers = draw(HEADERS)
    if (key := world["key"][0] if drawn.clean else draw(st.sampled_from([None, *world["key"]]))) is not None:
        headers["Authorization"] = f"Bearer {key}"
    return method.upper(), path, call, {**options, "headers": headers}


def check(spec: Json, call: Json, answer: Any) -> None:
    """Hold an answer to what the specification says of it."""
    assert answer.status_code < 500, answer.text
    described = call["responses"].get(str(answer.status_code))
    if described is None:  # routing answers before the call does: no such address
        assert answer.status_code == 404
        described = call["responses"]["429"]
    (kind, content), *_ = described["content"].items()
    assert answer.mimetype == kind
    Draft202012Validator({**content["schema"], "components": spec["components"]}).validate(answer.get_json())


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_request_gets_an_answer_as_documented(app, client, world, data):
    spec = specification(app)
    method, url, call, options = data.draw(requests(spec, world))
    check(spec, call, client.open(url, method=method, **options))


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(
    body=st.binary(max_size=200),
    path=st.text(max_size=60),
    content=st.sampled_from(["application/json", "text/plain", ""]),
)
def test_any_bytes_at_any_address_get_a_problem_document(client, world, key_of, body, path, content):
    for method in ("POST", "PUT", "PATCH", "GET", "DELETE"):
        answer = client.open(f"{V1}/{quote(path)}", method=method, data=body, content_type=content)
        assert answer.status_code < 500
        assert answer.status_code < 400 or answer.mimetype == "application/problem+json"
