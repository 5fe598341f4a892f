"""Problem documents (RFC 9457) for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask import Response, request


def wants_json() -> bool:
    """Tell whether the caller is a program of the API."""
    return request.path.startswith("/api/")


def problem(status: int, code: str, title: str, values: Mapping[str, Any]) -> Response:
    """Write a problem document with our stable ``code``; ``values`` become members of it."""
    members = {name: _plain(value) for name, value in values.items() if name not in ("type", "title", "status", "code")}
    document = {"type": "about:blank", "title": title, "status": status, "code": code, **members}
    response = Response(json.dumps(document), status, mimetype="application/problem+json")
    if (seconds := values.get("retry_after")) is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
