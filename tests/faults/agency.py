"""An agency with few people, a room and equipment that several services share, and what customers do there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from portal.domain.errors import Refusal
from portal.operations import reassigning
from portal.operations.actors import GUEST, Actor
from portal.operations.wishes import Contact, Wish
from tests import sample
from tests.faults.dock import status_of

STAFF = Actor("admin@example.com", "staff", staff=True)
SERVICES = ("visit", "meeting", "loan")
NEEDS: dict[str, list[dict[str, Any]]] = {
    "visit": [{"kind": "staff"}, {"kind": "room"}],
    "meeting": [{"kind": "asset"}, {"kind": "staff"}],
    "loan": [{"kind": "room"}, {"kind": "asset"}],
}
"""What each needs, in an order of its own: whoever locks as they come waits for the others crosswise."""


def build(*, people: int = 1, slots: int = 1, **options: Any) -> None:
    """Open every day from 8:00 to 12:00; people take ``slots`` appointments at once. Room and asset are one each."""
    sample.site(policy={"undo": 0})
    sample.planning(key="bureau", guests=False, week=dict.fromkeys(range(1, 8), ((480, 720, slots),)))
    for number in range(people):
        sample.resource(f"agent-{number}", plannings=("bureau",))
    sample.resource("salle", "room")
    sample.resource("projecteur", "asset")
    for key in SERVICES:
        sample.service(key, requires=NEEDS[key], **options)
    sample.service("advice", **options)


def wish(service: str, start: datetime, number: int, **options: Any) -> Wish:
    """Wish for a service as a guest."""
    contact = Contact(f"client{number}@example.com", f"Client {number}")
    return Wish(start, contact, GUEST, site="bordeaux", service=service, **options)


def book(number: int, starts: Sequence[datetime], now: datetime, services: Sequence[str] = ("advice",)) -> list[int]:
    """Try every start in turn for the service of one's number: 201 or the status of the refusal, for each."""
    return [status_of(wish(services[number % len(services)], start, number), now) for start in starts]


def give(number: int, ids: Sequence[str], people: Sequence[str], rounds: int, now: datetime) -> list[int]:
    """Give one's own appointment to everybody in turn, each beginning with somebody else."""
    keys = [people[(number + turn) % len(people)] for turn in range(rounds)]
    return [_given(ids[number], key, now) for key in keys]


def _given(public_id: str, to: str, now: datetime) -> int:
    try:
        reassigning.reassign(public_id, to, STAFF, now=now)
    except Refusal as refusal:
        return refusal.status
    return 200
