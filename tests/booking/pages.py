"""Pages as a browser without scripts sees them: texts, links, forms."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.operations import cards, having
from portal.operations.cards import AppointmentCard
from portal.operations.having import Having

PLANNING = "/book/bordeaux/planning/quais"
HTMX = {"HX-Request": "true"}


@dataclass
class Link:
    """A link: where it leads, its name, and how its state is marked."""

    url: str
    name: str = ""
    current: str = ""


@dataclass
class Form:
    """A form and the values that it holds now."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)
    id: str = ""


@dataclass
class Button:
    """A button: its form, what it adds to the form's values, and its name."""

    form: Form | None
    of: str
    adds: dict[str, str]
    name: str = ""


class Reader(HTMLParser):
    """Collects links, forms and texts of a page, as a browser would."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.forms: list[Form] = []
        self.buttons: list[Button] = []
        self.text = ""
        self._button: Button | None = None
        self._form: Form | None = None
        self._link: Link | None = None
        self._area = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what begins."""
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self._link = Link(given["href"], given.get("aria-label", ""), given.get("aria-current", ""))
            self.links.append(self._link)
        elif tag == "form":
            self._form = Form(given["action"], given["method"], id=given.get("id", ""))
            self.forms.append(self._form)
        elif tag == "button":
            adds = {given["name"]: given.get("value", "")} if "name" in given else {}
            self._button = Button(self._form, given.get("form", ""), adds)
            self.buttons.append(self._button)
        elif self.forms and tag == "input" and (given.get("type") != "radio" or "checked" in given):
            self.forms[-1].values[given["name"]] = given.get("value", "")
            if "readonly" in given:
                self.forms[-1].locked.add(given["name"])
        elif self.forms and tag == "textarea":
            self._area = given["name"]
            self.forms[-1].values[self._area] = ""

    def handle_endtag(self, tag: str) -> None:
        """Note what ends."""
        if tag == "a":
            self._link = None
        elif tag == "button":
            self._button = None
        elif tag == "form":
            self._form = None
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        """Note what is read."""
        self.text += data
        if self._button is not None:
            self._button.name += data
        if self._link is not None:
            self._link.name += "" if self._link.current or "," in self._link.name else data
        if self._area:
            self.forms[-1].values[self._area] += data if self.forms[-1].values[self._area] else data.lstrip("\r\n")


class Page:
    """An answer, read as a page."""

    def __init__(self, portal: Portal, response: TestResponse) -> None:
        self.portal = portal
        self.response = response
        self.status = response.status_code
        self.source = response.get_data(as_text=True)
        read = Reader(self.source)
        self.links, self.forms, self.buttons = read.links, read.forms, read.buttons
        self.text = re.sub(r"[\s\u00a0\u202f]+", " ", read.text)

    @property
    def title(self) -> str:
        """The title of the window."""
        found = re.search(r"<title>(.*?)</title>", self.source, re.DOTALL)
        return html.unescape(found[1]) if found else ""

    @property
    def form(self) -> Form:
        """The first form of the page."""
        return self.forms[0]

    def link(self, name: str) -> str:
        """Give where the link leads whose name holds ``name``."""
        return next(link.url for link in self.links if name in link.name)

    def slot(self, clock: str) -> str:
        """Give where the slot leads that begins at this time: ``slot("8 h 30")``."""
        wanted = clock.replace(" ", "\u00a0")
        return next(link.url for link in self.links if "start=" in link.url and link.name.strip().startswith(wanted))

    def named(self, part: str) -> list[str]:
        """List the names of the links that lead to an address with ``part`` in it."""
        return [link.name for link in self.links if part in link.url]

    def press(self, label: str, /, **changes: str) -> Page:
        """Press the button whose name begins so, with some values of its form changed."""
        button = next(one for one in self.buttons if " ".join(one.name.split()).startswith(label))
        form = next((one for one in self.forms if one.id == button.of), None) if button.of else button.form
        assert form is not None, label
        return self.portal.post(form.action, {**form.values, **changes, **button.adds})

    def send(self, **changes: str) -> Page:
        """Press the button of the first form, with some values changed."""
        return self.portal.post(self.form.action, {**self.form.values, **changes})


class Portal:
    """Opens pages and sends forms; a redirect is followed only by ``follow``."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def open(self, url: str, **headers: str) -> Page:
        """Open a page."""
        return Page(self, self.client.get(url, headers={**headers}))

    def fragment(self, url: str) -> Page:
        """Ask for what htmx would swap in."""
        return Page(self, self.client.get(url, headers=HTMX))

    def post(self, url: str, values: dict[str, Any], **headers: str) -> Page:
        """Send a form."""
        return Page(self, self.client.post(url, data=values, headers={**headers}))

    def follow(self, page: Page) -> Page:
        """Open where a redirect leads."""
        assert page.status == 303, page.text
        return self.open(page.response.headers["Location"])


def made_by(do: Callable[..., Any], sent: Page) -> tuple[AppointmentCard, Having]:
    """Read the appointment to whose page a form that was sent leads, and what its customer is told that it has."""
    token = sent.response.headers["Location"].split("/a/")[1].split("?")[0]
    card = do(cards.by_token, token)
    return card, do(having.of_customer, card)
