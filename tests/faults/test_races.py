"""Many processes want the same places at the same moment: each place is sold once."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Thread, get_ident

import pytest
from sqlalchemy import Engine, event, func, select

from portal.domain.errors import StateChanged
from portal.extensions import reading
from portal.models import Appointment, OutboxMessage
from portal.operations import appointments, calendars, integrity
from portal.operations.actors import GUEST
from tests.faults import times
from tests.faults.dock import (
    MONDAY,
    POOL_STARTS,
    at,
    book,
    book_by_link,
    book_for_one,
    book_once,
    guest,
    link,
    move_one,
    swing,
)

CROWD = times(8, 40)
NEXT_DAY = MONDAY + timedelta(days=1)


def count(table):
    with reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_crowd_shares_six_places_of_every_slot(processes, open_dock, sound, now):
    open_dock(slots=6)
    starts = [at(8 * 60, MONDAY + timedelta(days=number)) for number in range(times(4, 20))]
    answers = processes(CROWD, book, starts, now)
    for of_one_start in zip(*answers, strict=True):
        assert Counter(of_one_start) == {201: 6, 409: CROWD - 6}
    sound(6)


def test_a_crowd_of_overlapping_slots_is_never_oversold_nor_wrongly_refused(processes, open_dock, sound, do, now):
    open_dock(slots=3)
    wishes = [at(minutes) for minutes in POOL_STARTS] * 2
    answers = processes(CROWD, book, wishes, now)
    sound(3)
    free = {start.start for start in do(calendars.public_day, "bordeaux", "quais", MONDAY, now=now).offered}
    refused = {start for given in answers for start, status in zip(wishes, given, strict=True) if status == 409}
    assert not refused & free  # nothing was given back meanwhile, so who was refused must still be
    assert {status for given in answers for status in given} == {201, 409}


def test_a_double_click_is_one_booking_and_one_mail(processes, open_dock, do, now):
    open_dock(slots=6)
    answers = processes(8, book_once, [at(8 * 60)], "the form's key", now)
    assert len(set(answers)) == 1
    assert do(count, Appointment) == 1
    assert do(count, OutboxMessage) == 1


def test_a_key_that_comes_with_other_data_is_refused_whoever_is_first(processes, open_dock, do, now):
    open_dock(slots=6)
    answers = processes(8, book_once, [at(8 * 60), at(9 * 60, NEXT_DAY)], "the form's key", now)
    first = {answer for answer in answers if answer != 422}
    assert len(first) == 1
    assert answers.count(422) == 4
    assert do(count, Appointment) == 1


def test_a_link_allows_its_number_of_appointments_and_no_more(processes, open_dock, do, now):
    open_dock(slots=6)
    token = do(link, now, max_active=2)
    days = [at(8 * 60, MONDAY + timedelta(days=number)) for number in range(8)]
    assert Counter(processes(8, book_by_link, token, days, now)) == {201: 2, 422: 6}


def test_a_customer_gets_what_a_day_allows_and_no_more(processes, open_dock, sound, do, now):
    open_dock(slots=6, max_per_day=2)
    starts = [at(minutes) for minutes in POOL_STARTS]
    assert Counter(processes(8, book_for_one, starts, now)) == {201: 2, 422: 6}
    assert do(count, Appointment) == 2
    sound(6)


def test_a_customer_gets_what_a_week_allows_whatever_the_days(processes, open_dock, sound, do, now):
    open_dock(slots=6, max_per_week=3)
    starts = [at(8 * 60, MONDAY + timedelta(days=number)) for number in range(7)]
    assert Counter(processes(7, book_for_one, starts, now)) == {201: 3, 422: 4}
    sound(6)


def test_moves_into_a_day_respect_its_limit(processes, open_dock, sound, do, now):
    open_dock(slots=6, max_per_day=1)
    homes = [at(8 * 60, MONDAY + timedelta(days=7 + number)) for number in range(4)]
    ids = [do(appointments.book, guest(start), now=now).public_id for start in homes]
    answers = processes(4, move_one, ids, [at(minutes) for minutes in POOL_STARTS[:4]], now)
    assert Counter(answers) == {200: 1, 422: 3}
    sound(6)


def test_moves_in_opposite_directions_do_not_wait_for_each_other(processes, open_dock, sound, deadlocks, do, now):
    open_dock(slots=CROWD)
    here, there = at(8 * 60), at(8 * 60, NEXT_DAY)
    ids = [do(appointments.book, guest((here, there)[n % 2], n), now=now).public_id for n in range(CROWD)]
    before = deadlocks()
    answers = processes(CROWD, swing, ids, there, here, times(6, 40), now)
    assert {status for given in answers for status in given} == {200}
    assert deadlocks() == before
    sound(CROWD)


def test_two_who_want_each_others_only_place_both_stay_where_they_are(processes, open_dock, sound, do, now):
    open_dock(slots=1)
    here, there = at(8 * 60), at(8 * 60, NEXT_DAY)
    ids = [do(appointments.book, guest(start, n), now=now).public_id for n, start in enumerate((here, there))]
    assert processes(2, swing, ids, there, here, 1, now) == [[409], [409]]
    sound(1)


@pytest.mark.parametrize("slots", [1, 5])
def test_moves_into_a_slot_share_its_places(processes, open_dock, sound, do, now, slots):
    open_dock(slots=8)
    homes = [at(8 * 60, MONDAY + timedelta(days=2 + n)) for n in range(8)]
    ids = [do(appointments.book, guest(start, n), now=now).public_id for n, start in enumerate(homes)]
    for n in range(8 - slots):
        do(appointments.book, guest(at(8 * 60), 100 + n), now=now)
    answers = processes(8, swing, ids, at(8 * 60), at(8 * 60), 1, now)
    assert Counter(status for given in answers for status in given) == {200: slots, 409: 8 - slots}
    sound(8)


def test_an_undo_in_its_last_second_keeps_its_place_or_is_refused(app, open_dock, do, now):
    open_dock(slots=6)
    mine = do(appointments.book, guest(at(8 * 60)), now=now).public_id
    end = do(appointments.cancel, mine, GUEST, now=now)
    # Somebody whose clock is a second ahead books another day just when the undo is about to write.
    late = Thread(target=lambda: do(appointments.book, guest(at(8 * 60, NEXT_DAY)), now=end + timedelta(seconds=1)))
    with just_before("UPDATE allocation", lambda: (late.start(), late.join(1))), suppress(StateChanged):
        do(appointments.undo, mine, GUEST, now=end - timedelta(seconds=1))
    late.join()
    assert do(integrity.check, now).breaches == ()


@contextmanager
def just_before(words, act):
    """Act once, just before this thread says these words to the database."""
    me, done = get_ident(), []

    def listen(_connection, _cursor, statement, *_rest):
        if get_ident() == me and not done and statement.startswith(words):
            done.append(statement)
            act()

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
    assert done, f"nobody said {words}"
