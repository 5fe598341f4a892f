"""What is no rate beside a floor: growth, depth, the price of the guarantee, mails, memory, the first visit."""

from __future__ import annotations

import math
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flask import Flask
from playwright.sync_api import sync_playwright
from sqlalchemy import select, update

from bench import rows
from bench.data import FULL_DAY
from bench.load import Step, drive
from bench.rows import HTMX, PAGE, fetch
from bench.stage import Running, Stage
from portal import jobs
from portal.app import create_app
from portal.extensions import db, reading, transaction
from portal.models import Appointment, OutboxMessage
from portal.operations import outbox
from tests import sql
from tests.backends import NOW
from tests.browser.conftest import FLAGS, find_chromium
from tests.children import Child, free_port

LARGE_DAY = f"/book/bordeaux/planning/large?day={FULL_DAY}"
SMALL_DAY = f"{PAGE}?day={FULL_DAY}"
PAGES = {
    "a day's slots": (rows.SLOTS, HTMX),
    "API slots": (rows.SLOTS_API, ""),
    "a month": (rows.MONTH, ""),
    "a day, every rule on": (rows.RULED_SLOTS, HTMX),
}


def statements(stage: Stage) -> dict[str, int]:
    """Count the statements of each page, warm."""
    client = stage.backend(10_000).app.test_client()
    counts = {}
    for name, (path, headers) in PAGES.items():
        sent = {"HX-Request": "true"} if headers else {}
        for _ in range(2):
            with sql.counted() as seen:
                client.get(path, headers=sent)
        counts[name] = len(seen)
    return counts


def waits(servers: Sequence[Running], step: Step, rounds: int, seconds: float) -> list[float]:
    """Measure one client's median wait at each server, by turns; the median of the rounds."""
    found: list[list[float]] = [[] for _ in servers]
    for _ in range(rounds):
        for server, medians in zip(servers, found, strict=True):
            medians.append(statistics.median(drive(server.port, step, clients=1, seconds=seconds).waits))
    return [statistics.median(medians) for medians in found]


def growth(stage: Stage, sizes: Sequence[int], rounds: int, seconds: float) -> dict[str, dict[str, object]]:
    """See how each page's wait grows with the number of appointments: the exponent between the smallest and largest."""
    servers = [stage.portal(size) for size in sizes]
    found = {}
    for name, (path, headers) in PAGES.items():
        took = waits(servers, fetch(path, headers), rounds, seconds)
        exponent = math.log(took[-1] / took[1]) / math.log(sizes[-1] / sizes[1])
        found[name] = {"milliseconds": _by(sizes, took), "exponent": round(exponent, 3)}
    return found


def outside(stage: Stage, far: int, rounds: int, seconds: float) -> dict[str, float]:
    """See what appointments cost that nobody looks at: the wait with them, over the wait without."""
    servers = [stage.portal(10_000), stage.portal(10_000, far)]
    found = {}
    for name, (path, headers) in PAGES.items():
        without, beside = waits(servers, fetch(path, headers), rounds, seconds)
        found[name] = round(beside / without, 2)
    return found


def depth(stage: Stage, rounds: int, seconds: float) -> float:
    """See what a slot with 600 appointments costs over one with 6."""
    server = [stage.portal(10_000)]
    small = waits(server, fetch(SMALL_DAY, HTMX), rounds, seconds)[0]
    return round(waits(server, fetch(LARGE_DAY, HTMX), rounds, seconds)[0] / small, 2)


def guarantee(stage: Stage, rounds: int, seconds: float) -> float:
    """See what the ledger costs: the share of the POST rate that it takes."""
    ratios = []
    for _ in range(rounds):
        whole = drive(stage.variant(0, "whole").port, rows.book_by_api, seconds=seconds)
        without = drive(stage.variant(0, "without_ledger").port, rows.book_by_api, seconds=seconds)
        ratios.append(whole.rate / without.rate)
    return round(1 - statistics.median(ratios), 3)


def mails(stage: Stage, number: int) -> float:
    """Send confirmations to a server on this machine that takes everything: mails a second."""
    port = free_port()
    log = stage.folder / "sink.log"
    sink = Child(
        [sys.executable, "-m", "bench.sink", str(port)],
        log=log,
        farewell=signal.SIGTERM,
        cwd=Path(__file__).parent.parent,
    )
    try:
        time.sleep(0.5)
        backend = stage.backend(10_000)
        app = create_app(replace(backend.settings, mail_server="127.0.0.1", mail_port=port))
        return _sent(app, number)
    finally:
        sink.stop()


def _sent(app: Flask, number: int) -> float:
    with app.app_context():
        with transaction() as session:
            session.execute(update(OutboxMessage).values(state="dropped"))
            chosen = session.scalars(select(Appointment.id).where(Appointment.starts_at > NOW).limit(number)).all()
            outbox.enqueue(session, [_draft(identity) for identity in chosen], NOW)
        begin = time.perf_counter()
        sent = jobs.send_due(NOW)
        seconds = time.perf_counter() - begin
        with reading() as session:
            left = session.scalars(
                select(OutboxMessage.error).where(OutboxMessage.state != "sent", OutboxMessage.state != "dropped")
            ).all()
        db.engine.dispose()
    if sent != len(chosen):
        raise RuntimeError(f"{sent} of {len(chosen)} mails left: {left[:3]}")
    return round(sent / seconds, 1)


def _draft(identity: int) -> outbox.Draft:
    return outbox.Draft("confirmation", f"bench:{identity}", f"c{identity}@example.com", "fr", NOW, {}, identity)


def memory(stage: Stage, requests: int) -> dict[str, float]:
    """Watch one worker's memory over many requests of all kinds."""
    server = stage.portal(10_000, workers=1)
    kinds = [fetch(rows.SLOTS, HTMX), fetch(rows.MONTH), fetch(rows.SLOTS_API), rows.book_by_api]
    found = {}
    for done, most in ((requests // 10, requests // 10), (requests, requests - requests // 10)):
        drive(server.port, lambda line, number: kinds[number % 4](line, number), seconds=600, most=most)
        found[f"after {done}"] = round(server.megabytes(), 1)
    return found


def first_visit(stage: Stage) -> dict[str, float]:
    """Open the booking page in a fresh Chromium: requests and kilobytes over the line."""
    sizes: list[float] = []
    url = f"http://127.0.0.1:{stage.portal(10_000).port}{PAGE}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=FLAGS)
        page = browser.new_page(locale="fr-FR")
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        page.goto(url, wait_until="networkidle")
        browser.close()
    return {"requests": len(sizes), "kilobytes": round(sum(sizes) / 1000, 1)}


def _by(sizes: Sequence[int], took: Sequence[float]) -> dict[str, float]:
    return {f"{size:,}": round(seconds * 1000, 2) for size, seconds in zip(sizes, took, strict=True)}
