"""A dock in Bordeaux behind the API: keys of every scope, an order, its link, and a caller that speaks JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.operations import keys
from tests import sample

V1 = "/api/v1"


class Api:
    """A program: ``api.get("/slots", site="bordeaux")``, ``api.post("/appointments", {...}, key=key)``."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(self, path: str, key: str | None = None, **query: Any) -> TestResponse:
        """Ask; a trailing underscore (``from_``) is left out of a name."""
        asked = {name.rstrip("_"): value for name, value in query.items()}
        return self.call("GET", path, key, query_string=asked)

    def post(self, path: str, body: Any = None, key: str | None = None, once: str | None = None) -> TestResponse:
        """Create or change something; ``once`` is the idempotency key."""
        headers = {"Idempotency-Key": once} if once is not None else {}
        return self.call("POST", path, key, json=body, headers=headers)

    def put(self, path: str, body: Any, key: str | None = None) -> TestResponse:
        """Create or replace something."""
        return self.call("PUT", path, key, json=body)

    def patch(self, path: str, body: Any, key: str | None = None) -> TestResponse:
        """Change some of something."""
        return self.call("PATCH", path, key, json=body)

    def call(self, method: str, path: str, key: str | None = None, **options: Any) -> TestResponse:
        """Send any request."""
        headers = dict(options.pop("headers", {}))
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        if options.get("json", ...) is None:
            del options["json"]
        return self._client.open(V1 + path, method=method, headers=headers, **options)


@pytest.fixture
def api(client: FlaskClient) -> Api:
    """Call the API."""
    return Api(client)


@pytest.fixture
def docks(do: Callable[..., Any]) -> None:
    """Make the site and its dock planning, which takes guests."""
    do(sample.docks)


@pytest.fixture
def key_of(do: Callable[..., Any], now: Any) -> Callable[..., str]:
    """Make a key: ``key_of("read", "book")``."""
    return lambda *scopes, name="erp": do(keys.add, name, scopes, now=now)


@pytest.fixture
def key(key_of: Callable[..., str]) -> str:
    """Give a key that may do everything."""
    return key_of(*keys.SCOPES)


@pytest.fixture
def link(docks: None, do: Callable[..., Any]) -> str:
    """Give the token of a booking link for order CMD-1042 of Emballages Vidal."""
    do(sample.order)
    return str(do(sample.link))


@pytest.fixture
def booked(docks: None, do: Callable[..., Any], now: Any) -> Any:
    """Book Tuesday 8 December, 8:30, as a guest of the pages."""
    return do(sample.booked, "2026-12-08 08:30", now=now)


def wish(start: str = "2026-12-08T10:00:00+01:00", **more: Any) -> dict[str, Any]:
    """Write a booking."""
    customer = {"email": "chauffeur@example.com", "name": "Jean Petit"}
    return {"site": "bordeaux", "planning": "quais", "start": start, "customer": customer, **more}


def problem(answer: TestResponse) -> tuple[int, str]:
    """Give the status and code of a problem document, whose shape is checked on the way."""
    assert answer.mimetype == "application/problem+json", answer.text
    document = answer.get_json()
    assert document["status"] == answer.status_code
    assert document["type"] == "about:blank"
    assert document["title"]
    return answer.status_code, document["code"]


def wrong(answer: TestResponse) -> dict[str, str]:
    """Give the fields that a refused request has wrong, and what is."""
    assert problem(answer) == (422, "invalid")
    errors: Sequence[dict[str, str]] = answer.get_json()["errors"]
    assert all(error["detail"] for error in errors)
    return {error["field"]: error["code"] for error in errors}


def encoded(reference: str) -> str:
    """Write an order's reference into an address."""
    return quote(reference, safe="")
