"""Refusals as problem documents: the stable code, and for each wrong value the path to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response, request

from portal.api import words
from portal.api.reader import Step, Unreadable
from portal.domain.answers import BadAnswers
from portal.domain.errors import Invalid, Refusal
from portal.web.problems import problem

OF_CUSTOMER = ("email", "name", "phone", "locale")
IDEMPOTENCY = "Idempotency-Key"
SERVING = ("plannings", "services")  # what a link could book
ELSEWHERE = ("reference", IDEMPOTENCY)  # not in the body


class KeyNeeded(Refusal):
    """This call needs a key, and none came, or one that we do not know."""

    code = "unauthorised"
    status = 401


class ScopeNeeded(Refusal):
    """The key is good, but not for this: ``scope`` is missing."""

    code = "forbidden"
    status = 403


def refused(refusal: Refusal) -> Response:
    """Write a refusal down."""
    values = dict(refusal.values)
    if isinstance(refusal, Invalid):
        values = {"errors": list(_errors(refusal)), **{name: values[name] for name in SERVING if name in values}}
    response = problem(refusal.status, refusal.code, words.title(refusal), values)
    if isinstance(refusal, KeyNeeded):
        response.headers["WWW-Authenticate"] = 'Bearer realm="creneau"'
    elif isinstance(refusal, ScopeNeeded):
        scope = refusal.values["scope"]
        response.headers["WWW-Authenticate"] = f'Bearer realm="creneau", error="insufficient_scope", scope="{scope}"'
    return response


def _errors(refusal: Invalid) -> Iterator[dict[str, Any]]:
    """Point to every wrong value: RFC 9457 shows ``pointer`` (into the body) and ``detail``."""
    if isinstance(refusal, Unreadable):
        yield from (_error(refusal.place, path, code) for path, code in refusal.wrong)
    elif isinstance(refusal, BadAnswers):
        yield from (_error("json", ("fields", key), code) for key, code in refusal.wrong)
    elif refusal.values.get("problem") == "idempotency":
        yield _error("header", (IDEMPOTENCY,), "idempotency")
    elif (field := refusal.values.get("field")) is not None:
        place = "json" if request.method in ("POST", "PUT", "PATCH") and field not in ELSEWHERE else "query"
        yield _error(place, _path(place, str(field)), str(refusal.values.get("problem", "expected")))


def _path(place: str, field: str) -> tuple[str, ...]:
    """Find in the request what an operation calls by its own name."""
    if place == "json" and field in OF_CUSTOMER:
        return "customer", field
    return tuple({"cursor": "after", "resource": "staff"}.get(field, field).split("."))


def _error(place: str, path: Sequence[Step], code: str) -> dict[str, Any]:
    error = {"field": ".".join(str(step) for step in path), "code": code, "detail": words.wrong(code)}
    if place == "json":
        error["pointer"] = "#" + "".join(f"/{_escaped(step)}" for step in path)
    return error


def _escaped(step: Step) -> str:
    """Write a step of a JSON pointer (RFC 6901)."""
    return str(step).replace("~", "~0").replace("/", "~1")
