"""Many answer the same request at the same moment: one answer stands, and its place is where it says."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from portal.domain.errors import Refusal
from portal.domain.lifecycle import Status
from portal.operations import appointments, cards, validation
from portal.operations.actors import GUEST, Actor
from portal.operations.wishes import Move
from tests import sample
from tests.faults import times
from tests.faults.dock import at, guest

STAFF = Actor("claire@example.com", "staff", staff=True)
ROUNDS = times(2, 20)
START, LATER = at(8 * 60), at(10 * 60)


@pytest.fixture
def ask(do, now):
    """Ask for Monday 8:00 at a dock where everything is to be accepted: ``ask(number)`` gives the id."""
    do(sample.docks, policy={"validation": "manager", "answer_within": "2h"})
    return lambda number=0: do(appointments.book, guest(START, number), now=now).public_id


def act(number: int, deeds: list[tuple[str, str, datetime]]) -> int:
    """Do the deed of one's number: 200, 204 where it was done already, or the status of the refusal."""
    name, public_id, now = deeds[number]
    try:
        done = DEEDS[name](public_id, now)
    except Refusal as refusal:
        return refusal.status
    return 204 if done is False else 200


def cancel(public_id: str, now: datetime) -> None:
    appointments.cancel(public_id, GUEST, now=now, undo=False)


def move(public_id: str, now: datetime) -> None:
    appointments.move(Move(public_id, LATER, GUEST), now=now)


def expire(_public_id: str, now: datetime) -> bool:
    return validation.expire(now) > 0


DEEDS = {
    "accept": lambda public_id, now: validation.accept(public_id, STAFF, now=now),
    "accept 8:00": lambda public_id, now: validation.accept(public_id, STAFF, now=now, start=START),
    "decline": lambda public_id, now: validation.decline(public_id, STAFF, now=now, reason="Non."),
    "cancel": cancel,
    "move": move,
    "expire": expire,
}


def kinds(public_id: str) -> list[str]:
    return [line.kind for line in cards.history(public_id)]


def places(start: datetime, now: datetime) -> int:
    return sample.judged(start, now=now).places


def test_of_two_who_accept_and_decline_at_once_one_wins(processes, ask, do, now, sound):
    for number in range(ROUNDS):
        asked = ask(number)
        answers = processes(4, act, [(name, asked, now) for name in ("accept", "decline") * 2])
        status = do(cards.by_public_id, asked).status
        won, lost = (answers[0::2], answers[1::2]) if status is Status.CONFIRMED else (answers[1::2], answers[0::2])
        assert sorted(won) == [200, 204]
        assert lost == [409, 409]
        assert do(kinds, asked) == ["requested", "accepted" if status is Status.CONFIRMED else "declined"]
        do(appointments.cancel, asked, STAFF, now=now, undo=False) if status is Status.CONFIRMED else None
    sound(6)


def test_accepting_what_its_customer_cancels_leaves_it_cancelled(processes, ask, do, now, sound):
    for number in range(ROUNDS):
        asked = ask(number)
        accepted, cancelled = processes(2, act, [("accept", asked, now), ("cancel", asked, now)])
        assert cancelled == 200
        assert accepted in (200, 409)
        assert do(cards.by_public_id, asked).status is Status.CANCELLED
        assert do(places, START, now) == 6
        assert do(kinds, asked).count("accepted") == (accepted == 200)
    sound(6)


def test_accepting_what_its_customer_moves_accepts_only_what_was_seen(processes, ask, do, now, sound):
    for number in range(ROUNDS):
        asked = ask(number)
        accepted, moved = processes(2, act, [("accept 8:00", asked, now), ("move", asked, now)])
        card = do(cards.by_public_id, asked)
        assert moved == 200
        if accepted == 200:  # accepted first: the move is one that has to be asked for
            assert (card.status, card.start, card.wanted is not None) == (Status.CONFIRMED, START, True)
        else:
            assert (accepted, card.status, card.start) == (409, Status.REQUESTED, LATER)
        do(appointments.cancel, asked, STAFF, now=now, undo=False)
    sound(6)


def test_at_the_deadline_a_request_is_accepted_or_expires(processes, ask, do, now, sound):
    late = now + timedelta(hours=2)
    asked = [ask(number) for number in range(3)]
    deeds = [("accept", one, late - timedelta(seconds=1)) for one in asked] + [("expire", "", late)] * 3
    answers = processes(6, act, deeds)
    for public_id, accepted in zip(asked, answers, strict=False):
        status = do(cards.by_public_id, public_id).status
        assert (accepted, status) in ((200, Status.CONFIRMED), (409, Status.EXPIRED))
    sound(6)


def test_workers_that_expire_the_same_requests_tell_each_once(processes, ask, do, now, sound):
    asked = [ask(number) for number in range(4)]
    late = now + timedelta(hours=2)
    processes(4, act, [("expire", "", late)] * 4)
    assert Counter(kind for public_id in asked for kind in do(kinds, public_id)) == {"requested": 4, "expired": 4}
    assert do(places, START, now) == 6
    sound(6)


def test_a_place_is_not_sold_while_its_request_is_answered(processes, ask, do, now, sound):
    asked = [ask(number) for number in range(6)]
    deeds = [(("accept", "decline")[number % 2], public_id, now) for number, public_id in enumerate(asked)]
    assert set(processes(6, act, deeds)) == {200}
    assert do(places, START, now) == 3
    sound(6)
