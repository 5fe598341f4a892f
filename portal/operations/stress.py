"""Race real bookings by real processes against the configured database, on a planning made for it and removed after."""

from __future__ import annotations

import multiprocessing
import queue
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerContext
from typing import Any

from sqlalchemy import delete, func, select

from portal.config import Settings
from portal.domain.errors import Busy, Refusal, SlotTaken
from portal.extensions import reading, settings, transaction
from portal.models import Allocation, Appointment, Ledger, Planning, PlanningVersion, Pool, Site, WeeklyOpening
from portal.operations import appointments
from portal.operations.actors import Actor
from portal.operations.keepsakes import new_revision
from portal.operations.wishes import Contact, Wish

PROCESSES = 4  # each with some of the clients as threads: a client is a connection, and a server has not many
PATIENCE = 120.0  # seconds for the whole race
SOLD, REFUSED = "sold", "refused"
RACER = Actor("stress", "staff", staff=True)

MakeApp = Callable[[Settings], Any]
"""Builds an application, of which a process needs its context alone."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a race ended: what clients were told, how many places are ``stored`` as taken, and what went wrong."""

    clients: int
    places: int
    sold: int
    refused: int
    stored: int
    errors: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Whether every place was sold, and none twice."""
        return self.sold == self.stored == min(self.places, self.clients) and not self.errors


@dataclass(frozen=True, slots=True)
class Scratch:
    """The planning of a race: at every moment it has the same places."""

    site_id: int
    planning_id: int
    pool_id: int
    key: str


def race(clients: int, places: int, make_app: MakeApp, *, now: datetime) -> Outcome:
    """Let many clients book two overlapping hours at once. No mail leaves: neither site nor client has an address."""
    with _scratch(places) as scratch:
        answers = _answers(clients, make_app, scratch.key, now)
        with reading() as session:
            held = select(func.count()).where(Allocation.pool_id == scratch.pool_id, Allocation.released_at.is_(None))
            stored = session.scalar(held) or 0
    wrong = {answer: number for answer, number in answers.items() if answer not in (SOLD, REFUSED)}
    wrong["no answer"] = clients - answers.total()
    errors = tuple(f"{answer} x {number}" for answer, number in sorted(wrong.items()) if number)
    return Outcome(clients, places, answers[SOLD], answers[REFUSED], stored, errors)


@contextmanager
def _scratch(places: int) -> Iterator[Scratch]:
    made = _make(places)
    try:
        yield made
    finally:
        _remove(made)


def _make(places: int) -> Scratch:
    """Make a site and a planning that nobody sees: not for guests, and for no order."""
    key = f"stress-{secrets.token_hex(6)}"
    week = [WeeklyOpening(weekday=day, start_minute=0, end_minute=1440, slots=places) for day in range(1, 8)]
    with transaction() as session:
        site = Site(key=key, name=key, timezone="UTC", policy={}, revision=new_revision())
        planning = Planning(
            key=key,
            name=key,
            timezone="UTC",
            kinds=[],
            policy={},
            revision=new_revision(),
            versions=[PlanningVersion(applies_from=None, openings=week)],
        )
        session.add_all([site, planning])
        session.flush()
        pool = Pool(planning_id=planning.id, site_id=site.id)
        session.add(pool)
        session.flush()
        return Scratch(site.id, planning.id, pool.id, key)


def _remove(scratch: Scratch) -> None:
    """Take every trace of a race out of the database; what hangs on an appointment or a planning goes with it."""
    with transaction() as session:
        session.execute(delete(Allocation).where(Allocation.pool_id == scratch.pool_id))
        session.execute(delete(Appointment).where(Appointment.planning_id == scratch.planning_id))
        session.execute(delete(Planning).where(Planning.id == scratch.planning_id))
        session.execute(delete(Site).where(Site.id == scratch.site_id))
        session.execute(delete(Ledger).where(Ledger.key.startswith(f"pool:{scratch.pool_id}:", autoescape=True)))


def _answers(clients: int, make_app: MakeApp, key: str, now: datetime) -> Counter[str]:
    context = _starting_from(make_app)
    crews = [range(clients)[number::PROCESSES] for number in range(min(PROCESSES, clients))]
    ready, told = context.Barrier(clients), context.Queue()
    processes = [
        context.Process(target=_crew, args=(settings(), make_app, key, now, ready, told, list(crew)), daemon=True)
        for crew in crews
    ]
    for process in processes:
        process.start()
    try:
        return _collected(told, clients)
    finally:
        for process in processes:
            process.join(5)
            if process.is_alive():
                process.kill()


def _starting_from(make_app: MakeApp) -> ForkServerContext:
    """Have all processes made from one that has imported the portal and has no connection: importing takes longest."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([make_app.__module__])
    return context


def _collected(told: Any, clients: int) -> Counter[str]:
    answers: Counter[str] = Counter()
    last = time.monotonic() + PATIENCE
    while answers.total() < clients:
        try:
            answers[told.get(timeout=max(0.01, last - time.monotonic()))] += 1
        except queue.Empty:
            break
    return answers


def _crew(
    given: Settings, make_app: MakeApp, key: str, now: datetime, ready: Any, told: Any, numbers: list[int]
) -> None:
    """Be some of the clients, each in a thread of its own."""
    app = make_app(given)
    threads = [threading.Thread(target=_client, args=(app, key, now, ready, told, number)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _client(app: Any, key: str, now: datetime, ready: Any, told: Any, number: int) -> None:
    """Wait for all the others, then book one of two hours that overlap by half."""
    start = (now + timedelta(days=7)).replace(hour=10, minute=30 * (number % 2), second=0, microsecond=0)
    wish = Wish(start, Contact(None, f"Client {number}"), RACER, site=key, planning=key)
    with app.app_context():
        ready.wait(PATIENCE)
        told.put(_booked(wish, now))


def _booked(wish: Wish, now: datetime) -> str:
    """Book, and once more where the database was too busy; name what else went wrong."""
    for _ in range(3):
        try:
            appointments.book(wish, now=now)
        except SlotTaken:
            return REFUSED
        except Busy:
            continue
        except Refusal as refusal:
            return refusal.code
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and named
            return type(error).__name__
        return SOLD
    return "busy"
