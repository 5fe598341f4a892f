"""The queue of messages: who may take which, how a try is written down, and what staff sees of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.domain.errors import NotFound, SlotTaken, StateChanged
from portal.domain.retry import PATIENCE, Failure
from portal.extensions import reading, transaction
from portal.models import Appointment, Heartbeat, OutboxMessage
from portal.operations import actors, appointments, mail_log, outbox
from portal.operations.actors import SYSTEM
from portal.operations.outbox import BATCH, LEASE, PROBE_EVERY, Draft
from portal.operations.scopes import EVERYWHERE
from tests import sample
from tests.backends import NOW

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)  # not the portal's time: the two must not be mixed up
MINUTE = timedelta(minutes=1)
AGAIN = {"scope": EVERYWHERE, "now": NOW, "by": SYSTEM}


def queue(now, *, count=1, not_before=None, prefix="m"):
    """Queue messages that need no appointment."""
    drafts = [
        Draft("find", f"{prefix}{number}", f"somebody{number}@example.com", "fr", not_before or now)
        for number in range(count)
    ]
    with transaction() as session:
        outbox.enqueue(session, drafts, now)


def stored(number=0, prefix="m"):
    with reading() as session:
        return session.query(OutboxMessage).filter_by(dedupe=f"{prefix}{number}").one()


@pytest.fixture
def claim(do, now):
    def take(real=REAL, portal=None, **options):
        return do(outbox.claim, now=portal or now, real_now=real, **options)

    return take


@pytest.fixture
def settle(do, now):
    def write(message, failure=None, reason="", real=REAL):
        do(outbox.settle, message, now=now, real_now=real, failure=failure, reason=reason)

    return write


def test_the_same_dedupe_key_is_queued_once(do, now, claim):
    do(queue, now)
    do(queue, now)
    assert len(claim()) == 1


def test_a_claimed_message_is_nobody_elses_until_its_lease_lapses(do, now, claim):
    do(queue, now)
    (mine,) = claim()
    assert claim(REAL + LEASE - MINUTE / 60) == []
    (theirs,) = claim(REAL + LEASE)
    assert theirs.id == mine.id
    assert theirs.lease != mine.lease


def test_a_claim_takes_a_batch_in_the_order_of_writing(do, now, claim):
    do(queue, now, count=BATCH + 5)
    first, second = claim(), claim()
    assert [message.dedupe for message in first] == [f"m{number}" for number in range(BATCH)]
    assert len(second) == 5


def test_a_claim_of_nothing_asks_one_question(claim, statements):
    with statements(at_most=1):
        assert claim() == []


def test_a_claim_takes_four_statements_whatever_it_takes(do, now, claim, statements):
    do(queue, now, count=40)
    with statements(at_most=4):
        assert len(claim()) == 40


def test_a_message_waits_for_the_portals_time_not_the_real_one(do, now, claim):
    do(queue, now, not_before=now + timedelta(minutes=5))
    assert claim(REAL + timedelta(days=400)) == []
    assert len(claim(portal=now + timedelta(minutes=5))) == 1


def test_a_sent_message_is_done_and_says_when(do, now, claim, settle):
    do(queue, now)
    settle(claim()[0])
    row = do(stored)
    assert (row.state, row.sent_at, row.attempts, row.lease) == ("sent", now, 1, None)
    assert claim(REAL + timedelta(days=9)) == []


def test_who_lost_the_lease_cannot_settle(do, now, claim, settle):
    do(queue, now)
    (slow,) = claim()
    (quick,) = claim(REAL + LEASE)
    settle(slow, Failure.RECIPIENT_REFUSED, "550")
    assert do(stored).state == "waiting"
    settle(quick)
    assert do(stored).state == "sent"


def test_temporary_failures_wait_longer_and_longer_then_give_up_after_two_days(do, now, claim, settle):
    do(queue, now)
    real, waits = REAL, []
    while do(stored).state == "waiting":
        (message,) = claim(real)
        settle(message, Failure.TEMPORARY, "450 later", real)
        if (again := do(stored).retry_at) is None:
            break
        assert claim(again - MINUTE / 60) == []
        waits.append((again - real) // MINUTE)
        real = again
    assert waits[:7] == [1, 2, 4, 8, 15, 30, 30]
    assert do(stored).state == "failed"
    assert PATIENCE - timedelta(minutes=30) <= real - REAL <= PATIENCE


def test_every_try_bears_the_same_key(do, now, claim, settle):
    do(queue, now)
    (first,) = claim()
    settle(first, Failure.TEMPORARY, "450")
    (second,) = claim(REAL + MINUTE)
    assert first.key == second.key
    assert "somebody" not in first.key


def test_a_refused_recipient_is_final_and_says_why(do, now, claim, settle):
    do(queue, now)
    settle(claim()[0], Failure.RECIPIENT_REFUSED, "550 5.1.1 unknown")
    row = do(stored)
    assert (row.state, row.error) == ("failed", "550 5.1.1 unknown")
    assert claim(REAL + timedelta(days=9)) == []


def test_a_broken_template_parks_its_own_message_only(do, now, claim, settle):
    do(queue, now, count=2)
    broken, sound = claim()
    settle(broken, Failure.TEMPLATE, "UndefinedError")
    settle(sound)
    assert [do(stored, number).state for number in (0, 1)] == ["parked", "sent"]


def test_a_released_message_is_untried(do, now, claim):
    do(queue, now, count=3)
    do(outbox.release, claim())
    assert [(message.attempts, message.first_try_at) for message in claim()] == [(0, None)] * 3


def test_a_postponed_message_waits_untried(do, now, claim):
    do(queue, now)
    do(outbox.postpone, claim()[0], now + MINUTE)
    assert claim() == []
    assert claim(portal=now + MINUTE)[0].attempts == 0


def test_a_dropped_message_keeps_its_reason(do, now, claim):
    do(queue, now)
    do(outbox.drop, claim()[0], "cancelled")
    row = do(stored)
    assert (row.state, row.error) == ("dropped", "cancelled")


# The queue pauses when the server refuses us


def test_a_refusal_of_ourselves_pauses_all_and_counts_against_none(do, now, claim, settle):
    do(queue, now, count=3)
    (first, *others) = claim()
    settle(first, Failure.SENDER_REFUSED, "535 wrong password")
    do(outbox.release, others)
    assert claim(REAL + PROBE_EVERY - MINUTE) == []
    condition = do(outbox.condition)
    assert (condition.paused, condition.paused_at, condition.waiting) == ("535 wrong password", REAL, 3)
    assert do(stored).attempts == 0


def test_a_paused_queue_is_probed_by_one_message_at_a_time(do, now, claim, settle):
    do(queue, now, count=3)
    settle(claim()[0], Failure.SENDER_REFUSED, "535")
    later = REAL + PROBE_EVERY
    (probe,) = claim(later)
    assert probe.probe
    assert claim(later) == []
    settle(probe, Failure.SENDER_REFUSED, "535", later)
    assert claim(later + PROBE_EVERY - MINUTE) == []


@pytest.mark.parametrize("failure", [None, Failure.TEMPORARY, Failure.RECIPIENT_REFUSED])
def test_a_server_that_talks_to_us_again_ends_the_pause(do, now, claim, settle, failure):
    do(queue, now, count=3)
    taken = claim()
    settle(taken[0], Failure.SENDER_REFUSED, "535")
    do(outbox.release, taken[1:])
    later = REAL + PROBE_EVERY
    settle(claim(later)[0], failure, "", later)
    assert do(outbox.condition).paused is None
    assert len(claim(later)) == 2


def test_staff_can_end_the_pause_at_once(do, now, claim, settle):
    do(queue, now)
    settle(claim()[0], Failure.SENDER_REFUSED, "535")
    do(outbox.resume)
    assert len(claim()) == 1


def test_a_pause_written_by_a_fast_clock_does_not_last(do, now, claim, settle):
    do(queue, now)
    settle(claim()[0], Failure.SENDER_REFUSED, "535", REAL + timedelta(days=1))
    assert len(claim()) == 1


# Clocks that jump


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1)])
def test_a_clock_set_back_keeps_no_message_from_leaving(do, now, claim, settle, jump):
    do(queue, now, count=2)
    tried, untried = claim()
    settle(tried, Failure.TEMPORARY, "450")
    do(outbox.release, [untried])
    earlier = claim(REAL - jump, portal=now - jump)
    assert {message.dedupe for message in earlier} == {"m0", "m1"}


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1)])
def test_a_clock_set_back_lets_nothing_leave_twice(do, now, claim, settle, jump):
    do(queue, now, count=2)
    done, held = claim()
    settle(done)
    assert claim(REAL - jump, portal=now - jump) == []
    settle(held)
    assert claim(REAL + jump, portal=now + jump) == []


def test_what_waits_for_an_undo_waits_through_a_clock_set_back(do, now, claim):
    do(queue, now, not_before=now + timedelta(minutes=5))
    assert claim(portal=now - timedelta(days=1)) == []


# What bookings write


def test_an_undone_cancellation_takes_its_mails_back_and_no_others(do, now):
    do(sample.docks)
    booked = do(sample.booked, "2026-12-07 08:00", now=now)
    do(appointments.cancel, booked.public_id, actors.GUEST, now=now)
    do(appointments.undo, booked.public_id, actors.GUEST, now=now)
    kinds = sorted((message.kind, message.state) for message in do(outbox.of_appointment, booked.public_id))
    assert kinds == [("confirmation", "waiting"), ("site_notice", "waiting")]


def test_a_booking_that_fails_queues_nothing(do, now, claim):
    do(sample.docks, week={1: ((480, 540, 1),)})
    do(sample.booked, "2026-12-07 08:00", now=now)
    taken = len(claim())
    with pytest.raises(SlotTaken):
        do(sample.booked, "2026-12-07 08:00", now=now, number=1)
    assert taken == 2
    assert claim() == []


def test_no_message_holds_a_token(do, now):
    do(sample.docks)
    do(sample.order)
    token = do(sample.link)
    booked = do(sample.booked, "2026-12-07 08:00", now=now)

    def written():
        with reading() as session:
            return [str([*row]) for row in session.execute(OutboxMessage.__table__.select())]

    rows = do(written)
    assert rows
    for secret in (token, booked.token, token[22:], booked.token[22:]):
        assert not [row for row in rows if secret in row]


# What staff sees


def test_troubles_list_what_somebody_should_look_at(do, now, claim, settle):
    do(queue, now, count=4)
    failed, parked, retried, sent = claim()
    settle(failed, Failure.RECIPIENT_REFUSED, "550")
    settle(parked, Failure.TEMPLATE, "broken")
    settle(retried, Failure.TEMPORARY, "450")
    settle(sent)
    found = do(outbox.troubles)
    assert [(one.id, one.state, one.error) for one in found] == [
        (retried.id, "waiting", "450"),
        (parked.id, "parked", "broken"),
        (failed.id, "failed", "550"),
    ]
    assert all(one.troubled for one in found)
    condition = do(outbox.condition)
    assert (condition.waiting, condition.retrying, condition.failed, condition.parked) == (1, 1, 1, 1)


def test_a_refused_recipient_is_seen_at_the_appointment(do, now, claim, settle):
    do(sample.docks)
    booked = do(sample.booked, "2026-12-07 08:00", now=now)
    confirmation = next(message for message in claim() if message.kind == "confirmation")
    settle(confirmation, Failure.RECIPIENT_REFUSED, "550 no such user")
    seen = {one.kind: one for one in do(outbox.of_appointment, booked.public_id)}
    assert (seen["confirmation"].state, seen["confirmation"].error) == ("failed", "550 no such user")


def test_a_failed_message_can_be_sent_again_and_has_its_two_days_anew(do, now, claim, settle):
    do(queue, now)
    (message,) = claim()
    settle(message, Failure.RECIPIENT_REFUSED, "550")
    do(mail_log.send_again, message.id, **AGAIN)
    (again,) = claim()
    assert (again.id, again.attempts, again.first_try_at, again.key) == (message.id, 0, None, message.key)


def test_a_sent_message_is_not_sent_again(do, now, claim, settle):
    do(queue, now)
    (message,) = claim()
    settle(message)
    with pytest.raises(StateChanged):
        do(mail_log.send_again, message.id, **AGAIN)
    with pytest.raises(NotFound):
        do(mail_log.send_again, 999_999_999, **AGAIN)


def test_workers_leave_signs_of_life_and_old_ones_are_forgotten(do):
    do(outbox.beat, "worker:old:1", REAL - timedelta(days=2))
    do(outbox.beat, "worker:here:2", REAL)
    do(outbox.beat, "worker:here:2", REAL + MINUTE)

    def names():
        with reading() as session:
            return [sign.name for sign in session.query(Heartbeat)]

    assert do(names) == ["worker:here:2"]
    assert do(outbox.condition).worker_seen == REAL + MINUTE


# Several workers


def take_all(_number, now, real_now):
    """Claim until nothing is left, as a worker would, and tell what was taken."""
    taken = []
    while messages := outbox.claim(now=now, real_now=real_now, batch=7):
        taken += [message.id for message in messages]
        for message in messages:
            outbox.settle(message, now=now, real_now=real_now)
    return taken


def test_workers_that_race_take_every_message_exactly_once(do, now, processes):
    do(queue, now, count=120)
    shares = processes(4, take_all, now=now, real_now=REAL)
    together = [identity for share in shares for identity in share]
    assert len(together) == len(set(together)) == 120


def test_messages_of_an_erased_appointment_go_with_it(do, now, claim):
    do(sample.docks)
    do(sample.booked, "2026-12-07 08:00", now=now)
    (first, *_rest) = claim()

    def erase():
        with transaction() as session:
            session.execute(Appointment.__table__.delete())

    do(erase)
    do(outbox.settle, first, now=now, real_now=REAL)
    assert claim(REAL + LEASE) == []


def refuse_one(_number, now, real_now):
    """Meet a server that refuses us, as one of several workers at once."""
    for message in outbox.claim(now=now, real_now=real_now, batch=1):
        outbox.settle(message, now=now, real_now=real_now, failure=Failure.SENDER_REFUSED, reason="535")


def test_workers_refused_in_the_same_moment_pause_the_queue_together(do, now, processes):
    do(queue, now, count=3)
    processes(3, refuse_one, now=now, real_now=REAL)
    condition = do(outbox.condition)
    assert (condition.paused, condition.waiting) == ("535", 3)
