"""Customers at their browsers and programs: threads that book over HTTP and write down what they were told."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from tests import asking
from tests.patience import PATIENCE

LOST = (httpx.TransportError, httpx.RemoteProtocolError)


def call(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Call ``work(number)`` in that many threads at the same moment, and give the answers by number."""
    ready = threading.Barrier(count)

    def begin(number: int) -> Any:
        ready.wait(PATIENCE)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def wish(start: datetime, number: int, planning: str = "quais") -> dict[str, Any]:
    """Write a booking as the API takes it."""
    customer = {"email": f"client{number}@example.com", "name": f"Client {number}"}
    return {"site": "bordeaux", "planning": planning, "start": start.isoformat(), "customer": customer}


def post(url: str, body: dict[str, Any], key: str | None = None) -> httpx.Response:
    """Ask for a booking, once."""
    headers = {"Idempotency-Key": key} if key else {}
    address = f"{url}/api/v1/appointments"
    return asking.post(address, json=body, headers=headers)


@dataclass
class Diary:
    """What customers were told: the ids of the bookings that they were promised, and every answer."""

    promised: dict[str, datetime] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def told(self, answer: httpx.Response, start: datetime) -> None:
        """Write an answer down."""
        with self.lock:
            self.answers[answer.status_code] += 1
            if answer.status_code == 201:
                self.promised[answer.json()["id"]] = start

    def heard_nothing(self) -> None:
        """Write down that the line went dead."""
        with self.lock:
            self.lost += 1


class Load:
    """Customers who book one place after the other, of the numbered ``wishes``, until they are told to stop."""

    def __init__(self, url: str, wishes: Iterator[tuple[int, datetime]], clients: int = 6) -> None:
        self.url = url
        self.diary = Diary()
        self._wishes = wishes
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._book) for _ in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def wait_for(self, promises: int) -> None:
        """Let them go on until that many bookings are promised."""
        for _ in range(6000):
            if len(self.diary.promised) >= promises or not any(thread.is_alive() for thread in self._threads):
                break
            self._stopping.wait(0.01)
        assert len(self.diary.promised) >= promises, f"{self.diary.answers}, {self.diary.lost} lost"

    def _book(self) -> None:
        while not self._stopping.is_set():
            with self._lock:
                number, start = next(self._wishes)
            self._until_answered(number, start)

    def _until_answered(self, number: int, start: datetime) -> None:
        # As a careful program does: the same request with the same key, until somebody answers.
        while not self._stopping.is_set():
            try:
                answer = post(self.url, wish(start, number), key=f"wish-{number}")
            except LOST:
                self.diary.heard_nothing()
                self._stopping.wait(0.05)
                continue
            self.diary.told(answer, start)
            if answer.status_code != 503:
                return
            self._stopping.wait(0.05)
