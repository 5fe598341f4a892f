"""Whether the time that an answer takes tells who is a customer: the same question for both, in chance order."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Sequence

from flask.testing import FlaskClient

from bench import data, rows
from bench.stage import Stage
from portal.extensions import transaction
from portal.models import Customer
from portal.operations import transfer
from tests.backends import NOW

KNOWN, STRANGER = "known", "stranger"
CUSTOMERS_ONLY = data.PLANNING % ("clients", "clients", "{who: existing}") + data.WEEK % ((data.AT_ONCE,) * 7) + "\n"


def compare(stage: Stage, count: int) -> dict[str, float]:
    """Ask to book for that many customers and as many strangers: median waits, and how likely chance parts them so.

    Above 0.01 nothing is learnt from the time.
    """
    app = stage.backend(10_000).app
    with app.app_context():
        transfer.load(f"plannings:\n{CUSTOMERS_ONLY}", now=NOW)
        with transaction() as session:
            session.add_all(Customer(email=_address(KNOWN, number), created_at=NOW) for number in range(count))
    client = app.test_client()
    asked = [(kind, number) for kind in (KNOWN, STRANGER) for number in range(count)]
    random.Random(count).shuffle(asked)  # spreads the noise of the machine
    for number in range(30):  # warm
        _ask(client, f"warm{number}@example.com")
    took: dict[str, list[float]] = {KNOWN: [], STRANGER: []}
    for kind, number in asked:
        took[kind].append(_ask(client, _address(kind, number)))
    waits = {kind: round(statistics.median(one) * 1000, 3) for kind, one in took.items()}
    return {**waits, "p": round(chance(took[KNOWN], took[STRANGER]), 3)}


def _address(kind: str, number: int) -> str:
    return f"{kind}{number:05}@example.com".replace(KNOWN, "person0").replace(STRANGER, "person1")


def _ask(client: FlaskClient, email: str) -> float:
    customer = {"email": email, "name": "Camille Client"}
    body = {"site": "bordeaux", "planning": "clients", "start": rows.start_of(0), "customer": customer}
    begin = time.perf_counter()
    answer = client.post("/api/v1/appointments", json=body)
    took = time.perf_counter() - begin
    assert answer.status_code == 202, answer.text
    return took


def chance(first: Sequence[float], second: Sequence[float]) -> float:
    """Tell by ranks (Mann-Whitney) how likely two samples differ so much when nothing parts them."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(place for place, (_value, whose) in enumerate(ranked, 1) if whose == 0)
    n, m = len(first), len(second)
    u = ranks - n * (n + 1) / 2
    spread = math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(u - n * m / 2) / spread / math.sqrt(2))
