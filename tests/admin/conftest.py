"""Browsers of the staff, and forms sent as a browser sends them."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import sample, staff


@pytest.fixture
def manager(app: Flask) -> FlaskClient:
    """Give the browser of a manager who reads English."""
    return staff.logged_in(app, "manager", "en")


@pytest.fixture
def agent(app: Flask) -> FlaskClient:
    """Give the browser of an agent."""
    return staff.logged_in(app, "agent", "en")


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    """Give the browser of somebody who only looks."""
    return staff.logged_in(app, "viewer", "en")


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    """Give the browser of an administrator."""
    return staff.logged_in(app, "admin", "en")


@pytest.fixture
def docks(do) -> None:
    """Make a site with a dock planning."""
    do(sample.docks)


class Forms(HTMLParser):
    """Collects the values that a page's forms would send, by the form's action."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, list[tuple[str, str]]] = {}
        self.current: list[tuple[str, str]] | None = None
        self.choice = ""
        self.area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a field's value where a browser would."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.current = self.forms.setdefault(given.get("action", ""), [])
        if self.current is None or (tag != "option" and "name" not in given):
            return
        if tag == "select":
            self.choice = given["name"]
        elif tag == "textarea":
            self.area = given["name"]
        elif tag == "option" and "selected" in given:
            self.current.append((self.choice, given.get("value", "")))
        elif tag == "input" and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.current.append((given["name"], given.get("value", "on" if "checked" in given else "")))

    def handle_data(self, text: str) -> None:
        """Take what stands in a text area."""
        if self.area and self.current is not None:
            self.current.append((self.area, text.replace("\r\n", "\n").removeprefix("\n")))
            self.area = ""

    def handle_endtag(self, tag: str) -> None:
        """Leave a form."""
        if tag == "form":
            self.current = None


def form_of(response: TestResponse, action: str) -> dict[str, list[str]]:
    """Read what the form with this action would send as it stands."""
    parser = Forms()
    parser.feed(response.text)
    assert action in parser.forms, f"no form for {action}: {list(parser.forms)}"
    values: dict[str, list[str]] = {}
    for name, value in parser.forms[action]:
        values.setdefault(name, []).append(value)
    return values


@pytest.fixture
def send() -> Callable[..., TestResponse]:
    """Send a page's form as it stands, with some of its values changed.

    ``send(manager, "/admin/sites/bordeaux", name="Bordeaux Nord")``; ``_action`` is the form's own, where it differs;
    None leaves a value out. Names with other signs go in ``_more``.
    """

    def sent(
        client: FlaskClient,
        path: str,
        _action: str | None = None,
        _headers: dict[str, str] | None = None,
        _more: dict[str, Any] | None = None,
        **changed: Any,
    ) -> TestResponse:
        action = _action or path.partition("?")[0]
        values: dict[str, Any] = {**form_of(client.get(path), action), **changed, **(_more or {})}
        kept = {name: value for name, value in values.items() if value is not None}
        return client.post(action, data=kept, headers=_headers)

    return sent
