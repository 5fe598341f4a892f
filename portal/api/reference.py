"""The specification: as JSON for programs, and as a page for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from flask import Blueprint, Flask, Response, render_template
from markupsafe import Markup, escape

from portal.api.room import describe
from portal.extensions import settings

bp = Blueprint("api_reference", __name__, url_prefix="/api")

Json = Mapping[str, Any]
DEEPEST = 4  # levels of objects within objects that the page writes out
METHODS = ("get", "post", "put", "patch", "delete")
EXAMPLES = {
    "site": "bordeaux",
    "planning": "quais",
    "from": "2026-12-08",
    "to": "2026-12-08",
    "id": "9f0c…",
    "token": "Zk3v…",
    "reference": "CMD-1001",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a member of a body or an answer; ``name`` is its path within it."""

    name: str
    kind: str
    required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A status with the codes that may come with it."""

    status: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Operation:
    """A call, ready to be shown."""

    id: str
    method: str
    path: str
    summary: str
    text: str
    key: str
    parameters: Sequence[Field]
    body: Sequence[Field]
    status: str
    answer: Sequence[Field]
    refusals: Sequence[Refused]
    example: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """The calls about one thing."""

    name: str
    text: str
    operations: Sequence[Operation]


@bp.get("/openapi.json")
def openapi() -> Response:
    """Give the OpenAPI document."""
    return Response(json.dumps(specification(), ensure_ascii=False), mimetype="application/json")


@bp.get("/docs")
def docs() -> str:
    """Show the specification to people."""
    spec = specification()
    return render_template("api/reference.html", introduction=spec["info"]["description"], chapters=chapters(spec))


def specification() -> Json:
    """Give the OpenAPI document of the running application."""
    return _specification(settings().public_url)


@cache
def _specification(server: str) -> Json:
    return cast(Json, describe(server).to_dict())


def chapters(spec: Json) -> list[Chapter]:
    """Lay the calls out by what they are about."""
    found = list(_operations(spec))
    return [
        Chapter(tag["name"], tag["description"], [operation for named, operation in found if named == tag["name"]])
        for tag in spec["tags"]
    ]


def _operations(spec: Json) -> Iterator[tuple[str, Operation]]:
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                yield item[method]["tags"][0], _operation(spec, path, method, item)


def _operation(spec: Json, path: str, method: str, item: Json) -> Operation:
    call = item[method]
    answers = {status: answer for status, answer in call["responses"].items() if status.startswith("2")}
    parameters = [*item.get("parameters", ()), *call.get("parameters", ())]
    return Operation(
        id=call["operationId"],
        method=method.upper(),
        path=path,
        summary=call["summary"],
        text=call.get("description", ""),
        key=_key(call["security"]),
        parameters=[_parameter(one) for one in parameters],
        body=list(_members(spec, _content(call["requestBody"])["schema"])) if "requestBody" in call else (),
        status=" or ".join(sorted(answers)),
        answer=list(_members(spec, _content(answers[min(answers)])["schema"])),
        refusals=[
            Refused(status, refusal["description"].splitlines())
            for status, refusal in sorted(call["responses"].items())
            if status not in answers
        ],
        example=_curl(path, method, call, parameters),
    )


def _content(holder: Json) -> Json:
    return cast(Json, holder["content"]["application/json"])


def _key(security: Sequence[Json]) -> str:
    """Say which key a call needs: ``none``, a scope, or a scope in brackets where it also works without."""
    if not security:
        return "none"
    scopes = ", ".join(next((list(one["key"]) for one in security if one.get("key")), ["any"]))
    return f"none, or {scopes}" if {} in security else scopes


def _parameter(parameter: Json) -> Field:
    kind = f"{parameter['in']}, {_kind(parameter['schema'])}"
    return Field(parameter["name"], kind, parameter.get("required", False), parameter.get("description", ""))


def _members(spec: Json, schema: Json, before: str = "", depth: int = 0) -> Iterator[Field]:
    """List the members of an object, those of objects within it under their path."""
    if depth > DEEPEST:
        return
    shape = _resolved(spec, schema)
    for name, member in shape.get("properties", {}).items():
        path = f"{before}{name}"
        yield Field(path, _kind(member), name in shape.get("required", ()), member.get("description", ""))
        inner = member.get("items", member)
        yield from _members(spec, inner, f"{path}{'[]' if 'items' in member else ''}.", depth + 1)


def _resolved(spec: Json, schema: Json) -> Json:
    if "$ref" not in schema:
        return schema
    return cast(Json, spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])


def _kind(schema: Json) -> str:
    if "enum" in schema:
        return " | ".join(str(choice) for choice in schema["enum"])
    kind = schema.get("type", "object")
    kinds = [kind] if isinstance(kind, str) else list(kind)
    if "items" in schema:
        return f"list of {_kind(schema['items'])}"
    return " or ".join(schema["format"] if one == "string" and "format" in schema else one for one in kinds)


def _curl(path: str, method: str, call: Json, parameters: Sequence[Json]) -> str:
    """Write a call as a command, with what it needs."""
    for name, value in EXAMPLES.items():
        path = path.replace(f"{{{name}}}", value)
    needed = [one["name"] for one in parameters if one["in"] == "query" and one.get("required")]
    query = "&".join(f"{name}={EXAMPLES[name]}" for name in needed)
    lines = [f"curl '{settings().public_url}{path}{'?' if query else ''}{query}'"]
    if method != "get":
        lines[0] = lines[0].replace("curl ", f"curl -X {method.upper()} ")
    if call["security"]:
        lines.append("  -H 'Authorization: Bearer <key>'")
    if "requestBody" in call:
        body = json.dumps(_content(call["requestBody"]).get("example", {}), ensure_ascii=False)
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{body}'"]
    return " \\\n".join(lines)


def spans(text: str) -> Markup:
    """Show what stands between backticks as code."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if odd % 2 else part for odd, part in enumerate(parts)
    )


def init_app(app: Flask) -> None:
    """Publish the specification."""
    app.jinja_env.filters["spans"] = spans
    app.register_blueprint(bp)
