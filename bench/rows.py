"""The rows of the table: what a client asks, and beside which floor it is held."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from bench.data import DAY, HOURS, at
from bench.load import Answer, Line, Step
from bench.stage import Running, Stage

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
HTMX = "HX-Request: true\r\n"
PAGE = "/book/bordeaux/planning/quais"
DAYS = 60  # that bookings are spread over
TOKEN = re.compile(rb'name="token"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="token"')

SLOTS = f"{PAGE}?day={DAY}"
SLOTS_API = f"/api/v1/slots?site=bordeaux&planning=quais&from={DAY}&to={DAY}"
MONTH = f"{PAGE}?day={DAY}&month={DAY:%Y-%m}"
RULED = "/book/bordeaux/planning/ruled"
RULED_SLOTS = f"{RULED}?day={DAY}"
RULED_MONTH = f"{RULED}?day={DAY}&month={DAY:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to measure: ``goal`` is the share of the floor's rate to reach, by kind of database.

    ``step(turn)`` gives what every client repeats in that round.
    """

    name: str
    floor: str
    goal: dict[str, float]
    server: Callable[[Stage], Running]
    step: Callable[[int], Step]
    clients: int = 8


def fetch(path: str, headers: str = "") -> Step:
    """Fetch one page again and again."""
    return lambda line, _number: line.get(path, headers)


def start_of(number: int) -> str:
    """Spread bookings over the hours of the large planning's coming days."""
    day = DAY + timedelta(days=2 + number // len(HOURS) % DAYS)
    return at(HOURS[number % len(HOURS)], day).isoformat()


def book_by_api(line: Line, number: int) -> Answer:
    """Book one place by the API, as a guest."""
    return _post_json(line, "large", start_of(number), number)


def book_by_every_rule(line: Line, number: int) -> Answer:
    """Book one place where every rule is on: each client once, for the limits are on too."""
    return _post_json(line, "ruled", start_of(number), number)


def hot(turn: int) -> Step:
    """Book in the one hour that everybody wants: another one in each round, with a few places left."""
    start = at(HOURS[turn], DAY).isoformat()
    return lambda line, number: _post_json(line, "quais", start, number)


def always(step: Step) -> Callable[[int], Step]:
    """Do the same in every round."""
    return lambda _turn: step


def _post_json(line: Line, planning: str, start: str, number: int) -> Answer:
    customer = {"email": f"client{number}@example.com", "name": "Camille Client"}
    body = {"site": "bordeaux", "planning": planning, "start": start, "customer": customer}
    return line.post("/api/v1/appointments", json.dumps(body).encode(), JSON)


def visit(line: Line, number: int) -> Answer:
    """Book as a guest does with a browser: the month, the form, the booking, its page."""
    page = "/book/bordeaux/planning/large"
    start = start_of(number)
    details = f"{page}/details?{urlencode({'start': start})}"
    _expect(line.get(page), 200)
    sent = _filled(line.get(details).body, start, number)
    booked = line.post(details, sent, FORM)
    _expect(booked, 303)
    return line.get(booked.headers["location"].partition(line.host)[2] or booked.headers["location"])


def _filled(form: bytes, start: str, number: int) -> bytes:
    if (found := TOKEN.search(form)) is None:
        raise RuntimeError(f"no form token in {form[:500]!r}")
    token = (found[1] or found[2]).decode()
    return urlencode(
        {"token": token, "start": start, "name": "Camille Client", "email": f"c{number}@example.com"}
    ).encode()


def _expect(answer: Answer, status: int) -> None:
    if answer.status != status:
        raise RuntimeError(f"{answer.status} where {status} was expected: {answer.body[:500]!r}")


def insert(line: Line, number: int) -> Answer:
    """Insert a row in the floors."""
    return line.post("/f2", urlencode({"key": f"{id(line)}-{number}-{line.port}-{_unique()}"}).encode(), FORM)


def form_and_insert(line: Line, _number: int) -> Answer:
    """Fetch the floors' form and send it."""
    form = line.get("/f3").body
    key = form.split(b'value="')[1].split(b'"')[0].decode()
    return line.post("/f2", urlencode({"key": key}).encode(), FORM)


_count = iter(range(10**12))


def _unique() -> int:
    return next(_count)


FLOORS: dict[str, Step] = {"F1": fetch("/f1"), "F2": insert, "F3": form_and_insert}


def portal(stage: Stage) -> Running:
    """Serve the portal with 10,000 appointments."""
    return stage.portal(10_000)


ROWS = [
    Row("a day's slots, by htmx", "F1", {"postgresql": 0.30, "sqlite": 0.45}, portal, always(fetch(SLOTS, HTMX))),
    Row("a day's slots, by the API", "F1", {"postgresql": 0.40, "sqlite": 0.55}, portal, always(fetch(SLOTS_API))),
    Row("a month, whole page", "F1", {"postgresql": 0.20, "sqlite": 0.20}, portal, always(fetch(MONTH))),
    Row("booking POST, spread", "F2", {"postgresql": 0.50, "sqlite": 0.50}, portal, always(book_by_api)),
    Row("a whole guest booking, 4 requests", "F3", {"postgresql": 0.30, "sqlite": 0.30}, portal, always(visit)),
    Row(
        "a day's slots, every rule on",
        "F1",
        {"postgresql": 0.30, "sqlite": 0.45},
        portal,
        always(fetch(RULED_SLOTS, HTMX)),
    ),
    Row("a month, every rule on", "F1", {"postgresql": 0.20, "sqlite": 0.20}, portal, always(fetch(RULED_MONTH))),
    Row(
        "booking POST, every rule on",
        "F2",
        {"postgresql": 0.50, "sqlite": 0.50},
        portal,
        always(book_by_every_rule),
    ),
    Row("booking POST, 32 clients, one slot", "F2", {"postgresql": 0.10, "sqlite": 0.10}, portal, hot, 32),
]
