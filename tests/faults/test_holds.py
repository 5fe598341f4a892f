"""Places that are only held, among many who want them: never sold while they are held, sold once when they lapse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.domain.errors import Refusal
from portal.extensions import reading, transaction
from portal.models import Allocation, Appointment, Continuation, Customer, Event, OutboxMessage
from portal.operations import appointments, confirmations, continuations, holds, lapses, tokens
from portal.operations.continuations import Request
from portal.operations.holds import Place
from tests.faults import times
from tests.faults.dock import MONDAY, at, guest

CROWD = times(8, 40)
ROUNDS = times(1, 20)
HERE = Place(site="bordeaux", planning="quais")
MINUTE = timedelta(minutes=1)
Deed = tuple[str, Any]


def act(number: int, deeds: Sequence[Deed], start: datetime, now: datetime) -> Any:
    """Do the deed of one's number at a start: what it gives, or the status of the refusal."""
    name, given = deeds[number % len(deeds)]
    try:
        return DEEDS[name](number, given, start, now)
    except Refusal as refusal:
        return refusal.status


def hold(number: int, form: str | None, start: datetime, now: datetime) -> str:
    """Hold a start for a form: one that others use too, or one's own."""
    held = holds.take(HERE, start, holds.name_of(None, form or f"form {number}"), now=now)
    assert held is not None
    return held.token


def hold_days(number: int, form: str, start: datetime, now: datetime) -> str:
    """Hold, for one form that all share, the start on the day of one's number."""
    return hold(number, form, start + timedelta(days=number), now)


def book(number: int, token: str | None, start: datetime, now: datetime) -> int:
    """Book a start, with what is held for it or without."""
    appointments.book(replace(guest(start, number), hold=holds.of_token(token)), now=now)
    return 201


def go_on(number: int, token: str, start: datetime, now: datetime) -> int:
    """Book as the customer whom a mail introduced, each in a form and on a day of one's own: no lock is shared."""
    wish = guest(start + timedelta(days=number), key=f"form {number}")
    appointments.book(replace(wish, continuation=token), now=now)
    return 201


def confirm(_number: int, token: str, _start: datetime, now: datetime) -> str:
    return confirmations.confirm(token, now=now)


def sweep(_number: int, _given: None, _start: datetime, now: datetime) -> int:
    return lapses.announce(now + MINUTE)


def book_later(number: int, _given: None, start: datetime, now: datetime) -> int:
    return book(number, None, start, now + MINUTE)


DEEDS = {
    "hold": hold,
    "hold days": hold_days,
    "book": book,
    "go on": go_on,
    "confirm": confirm,
    "sweep": sweep,
    "book later": book_later,
}


def counted(answers: Sequence[Any]) -> Counter[Any]:
    return Counter("held" if isinstance(answer, str) else answer for answer in answers)


def rows(model: Any, **which: Any) -> int:
    with reading() as session:
        return session.query(model).filter_by(**which).count()


def starts() -> list[datetime]:
    return [at(8 * 60, MONDAY + timedelta(days=day)) for day in range(ROUNDS)]


def test_holds_and_bookings_share_the_places_and_every_hold_is_good_for_one(processes, open_dock, sound, do, now):
    open_dock(slots=4, hold=10)
    for start in starts():
        answers = processes(CROWD, act, [("hold", None), ("book", None)], start, now)
        told = counted(answers)
        assert told["held"] + told[201] == 4
        assert told[409] == CROWD - 4
        mine = [("book", answer) if isinstance(answer, str) else ("book", None) for answer in answers]
        assert counted(processes(CROWD, act, mine, start, now)) == {201: told["held"], 409: CROWD - told["held"]}
    assert do(rows, Appointment, status="held") == 0
    sound(4)


def test_lapsed_holds_are_sold_once_whoever_held_them(processes, open_dock, sound, do, now):
    open_dock(slots=4, hold=10)
    start, late = at(8 * 60), now + 10 * MINUTE
    held = processes(CROWD, act, [("hold", None)], start, now)
    assert counted(held) == {"held": 4, 409: CROWD - 4}
    mine = [("book", answer) if isinstance(answer, str) else ("book", None) for answer in held]
    assert counted(processes(CROWD, act, mine, start, late)) == {201: 4, 409: CROWD - 4}
    do(lapses.announce, late)
    assert (do(rows, Appointment), do(rows, Allocation)) == (4, 4)
    sound(4)


def test_one_form_holds_one_place_however_often_it_is_sent(processes, open_dock, do, now):
    open_dock(slots=4, hold=10)
    answers = processes(8, act, [("hold", "a form")], at(8 * 60), now)
    assert len(set(answers)) == 1
    assert do(rows, Appointment) == do(rows, Allocation) == 1


def test_one_form_that_wants_several_days_at_once_holds_one(processes, open_dock, do, now):
    open_dock(slots=4, hold=10)
    answers = processes(8, act, [("hold days", "a form")], at(8 * 60), now)
    assert len(set(answers) - {503}) == 1  # eight clicks of one moment may be told to try again
    assert do(rows, Appointment) == do(rows, Allocation) == 1


def known(now: datetime) -> str:
    """Make a customer who is mailed how to go on, and give the token."""
    with transaction() as session:
        session.add(Customer(email="client0@example.com", created_at=now))
    continuations.ask(Request("bordeaux", "quais", at(8 * 60), "client0@example.com", "fr"), now=now)
    with reading() as session:
        return tokens.token(tokens.CONTINUE, session.query(Continuation).one().public_id, 1)


def test_a_continuation_books_once(processes, open_dock, sound, do, now):
    open_dock(slots=CROWD, who="existing")
    token = do(known, now)
    assert counted(processes(8, act, [("go on", token)], at(8 * 60), now)) == {201: 1, 404: 7}
    assert do(rows, Appointment) == 1
    sound(1)


def asked(start: datetime, now: datetime, number: int = 0) -> str:
    made = appointments.book(guest(start, number), now=now)
    return tokens.token(tokens.CONFIRM, made.public_id, 1)


def test_a_link_pressed_eight_times_at_once_confirms_once(processes, open_dock, sound, do, now):
    open_dock(slots=1, confirm_by_mail=15)
    token = do(asked, at(8 * 60), now)
    answers = processes(8, act, [("confirm", token)], at(8 * 60), now)
    assert len(set(answers)) == 1
    assert do(rows, Event) == 1
    assert do(rows, OutboxMessage, kind="confirmation") == 1
    sound(1)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_at_the_last_moment_the_place_is_confirmed_or_sold_but_not_both(processes, open_dock, sound, do, now, turn):
    open_dock(slots=1, confirm_by_mail=15)
    start = at(8 * 60, MONDAY + timedelta(days=turn))
    token = do(asked, start, now)
    deeds = [("confirm", token), ("book later", None), ("sweep", None), ("book later", None)]
    # Whose clock is a minute ahead finds the time over; whose is not, confirms.
    answers = processes(4, act, deeds, start, now + 14 * MINUTE + timedelta(seconds=30))
    confirmed = isinstance(answers[0], str)
    held_later = do(rows, Appointment, status="held")
    assert do(rows, Appointment, status="confirmed") == confirmed
    assert confirmed or answers[0] == 410
    assert confirmed + held_later <= 1
    sound(1)


def test_limits_count_those_who_confirm_at_once(processes, open_dock, sound, do, now):
    open_dock(slots=6, confirm_by_mail=15, max_per_day=2)
    links = [do(asked, at(8 * 60 + 30 * number), now) for number in range(6)]
    answers = processes(6, act, [("confirm", token) for token in links], at(8 * 60), now)
    assert counted(answers) == {"held": 2, 422: 4}
    sound(6)
