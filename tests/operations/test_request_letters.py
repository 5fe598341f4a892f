"""What a mail about a request still says when it leaves: it may have been answered, moved or withdrawn meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.operations import appointments, letters, outbox, validation
from portal.operations.actors import CUSTOMER, GUEST, Actor
from portal.operations.letters import Content, Early, Stale
from portal.operations.wishes import Move, Wish
from tests import sample
from tests.sample import paris

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
STAFF = Actor("claire@example.com", "staff", staff=True)
EIGHT, TEN = "2026-12-07 08:00", "2026-12-07 10:00"
WANTED = (paris(TEN), paris("2026-12-07 11:00"))


@pytest.fixture
def asked(do, now):
    do(sample.docks, policy={"validation": "manager", "answer_within": "2h"})
    return do(sample.booked, EIGHT, now=now).public_id


@pytest.fixture
def confirmed(do, asked, now):
    do(validation.accept, asked, STAFF, now=now)
    return asked


@pytest.fixture
def read(do, now):
    """Read all that is due as it would leave: by kind, a notice by its change."""

    def take(at=now):
        messages = do(outbox.claim, now=at, real_now=REAL)
        readings = do(letters.read, messages, now=at)
        return {
            message.payload.get("change", message.kind): reading
            for message, reading in zip(messages, readings, strict=True)
        }

    return take


def test_a_request_is_told_to_its_customer_and_to_those_who_answer(asked, read, now):
    told = read()
    assert set(told) == {"request_received", "requested"}
    assert told["requested"].visit.answer_by == now + timedelta(hours=2)


def test_once_it_is_answered_nobody_is_asked_any_more(confirmed, read):
    told = read()
    assert told["request_received"] == told["requested"] == Stale("answered")
    assert isinstance(told["confirmation"], Content)
    assert told["accepted"].change == "accepted"


def test_a_request_that_is_too_late_asks_nobody_even_before_it_expired(asked, read, now):
    assert set(read(now + timedelta(hours=2)).values()) == {Stale("answered")}


def test_a_request_that_moved_is_told_anew_with_where_it_was(do, asked, read, now):
    do(appointments.move, Move(asked, paris(TEN), GUEST), now=now)
    messages = do(outbox.claim, now=now, real_now=REAL)
    readings = do(letters.read, messages, now=now)
    assert [reading for reading in readings if isinstance(reading, Stale)] == [Stale("superseded")] * 2
    assert {reading.before for reading in readings if isinstance(reading, Content)} == {
        (paris(EIGHT), paris("2026-12-07 09:00"))
    }


def test_a_refusal_brings_its_reason(do, asked, read, now):
    do(validation.decline, asked, STAFF, now=now, reason="Le quai est en travaux.")
    told = read()
    assert told["declined"].reason == "Le quai est en travaux."
    assert told["request_received"] == Stale("answered")


def test_an_expired_request_is_told_to_both_sides(do, asked, read, now):
    late = now + timedelta(hours=2)
    do(validation.expire, late)
    messages = do(outbox.claim, now=late, real_now=REAL)
    kinds = [
        message.kind
        for message, reading in zip(messages, do(letters.read, messages, now=late), strict=True)
        if isinstance(reading, Content)
    ]
    assert kinds == ["expired", "site_notice"]


def test_who_is_refused_may_choose_again_by_the_same_link(do, now, read):
    do(sample.docks, policy={"validation": "manager"})
    do(sample.order)
    token = do(sample.link)
    wish = Wish(start=paris(EIGHT), contact=sample.contact(), actor=CUSTOMER, token=token)
    booked = do(appointments.book, wish, now=now)
    do(validation.decline, booked.public_id, STAFF, now=now)
    assert read()["declined"].book_token == token


def test_while_a_request_can_still_be_restored_nothing_is_said(do, asked, read, now):
    until = do(appointments.cancel, asked, GUEST, now=now)
    assert read() == {"request_received": Early(until), "requested": Early(until)}


def test_a_withdrawn_request_is_told_as_one(do, asked, read, now):
    told = read(do(appointments.cancel, asked, GUEST, now=now))
    assert told["cancellation"].unconfirmed
    assert told["cancelled"].unconfirmed
    assert told["request_received"] == Stale("cancelled")


def test_a_cancelled_appointment_was_confirmed(do, confirmed, read, now):
    do(appointments.cancel, confirmed, GUEST, now=now, undo=False)
    assert not read()["cancellation"].unconfirmed


def test_a_move_asked_for_does_not_silence_the_confirmation(do, confirmed, read, now):
    do(appointments.move, Move(confirmed, paris(TEN), GUEST), now=now)
    told = read()
    assert isinstance(told["confirmation"], Content)
    assert told["move_received"].wanted == told["move_requested"].wanted == WANTED


def test_an_accepted_move_says_all_that_was_said_of_it(do, confirmed, read, now):
    do(appointments.move, Move(confirmed, paris(TEN), GUEST), now=now)
    do(validation.accept, confirmed, STAFF, now=now)
    told = read()
    assert told["move_received"] == told["move_requested"] == Stale("answered")
    assert told["confirmation"] == Stale("superseded")
    assert told["change"].before == (paris(EIGHT), paris("2026-12-07 09:00"))


def test_a_refused_move_remembers_what_was_wanted(do, confirmed, read, now):
    do(appointments.move, Move(confirmed, paris(TEN), GUEST), now=now)
    do(validation.decline, confirmed, STAFF, now=now, reason="Trop tard.")
    told = read()
    assert (told["move_declined"].wanted, told["move_declined"].reason) == (WANTED, "Trop tard.")
    assert isinstance(told["confirmation"], Content)


def test_a_move_by_the_staff_says_all_that_a_refused_one_said(do, confirmed, read, now):
    do(appointments.move, Move(confirmed, paris(TEN), GUEST), now=now)
    do(validation.decline, confirmed, STAFF, now=now)
    do(appointments.move, Move(confirmed, paris("2026-12-07 11:00"), STAFF), now=now)
    told = read()
    assert told["move_declined"] == Stale("superseded")
    assert isinstance(told["change"], Content)


def test_a_newer_wish_replaces_the_older(do, confirmed, now):
    do(appointments.move, Move(confirmed, paris(TEN), GUEST), now=now)
    do(appointments.move, Move(confirmed, paris("2026-12-07 11:00"), GUEST), now=now)
    messages = [one for one in do(outbox.claim, now=now, real_now=REAL) if one.kind == "move_received"]
    first, second = do(letters.read, messages, now=now)
    assert first == Stale("superseded")
    assert second.wanted == (paris("2026-12-07 11:00"), paris("2026-12-07 12:00"))


def test_reading_requests_takes_no_more_statements_for_more_of_them(do, asked, now, statements):
    for number in range(1, 4):
        do(sample.booked, EIGHT, now=now, number=number)
    messages = do(outbox.claim, now=now, real_now=REAL)
    do(letters.read, messages, now=now)
    with statements() as few:
        do(letters.read, messages[:2], now=now)
    with statements() as many:
        do(letters.read, messages, now=now)
    assert len(many) == len(few)
