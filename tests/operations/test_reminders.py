"""Reminders leave once, at their distance, and never for what is no longer so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.operations import actors, appointments, letters, outbox, reminders
from portal.operations.actors import GUEST
from portal.operations.letters import Stale
from portal.operations.wishes import Contact, Details, Move, Wish
from tests import sample
from tests.operations.test_letters import REAL
from tests.sample import paris

MONDAY = "2026-12-07 08:00"
START = paris(MONDAY)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def derive(do):
    return lambda at: do(reminders.derive, at)


@pytest.fixture
def booked(do, now):
    do(sample.docks)
    return do(sample.booked, MONDAY, now=now)


def keys(do, at):
    messages = do(outbox.claim, now=at, real_now=REAL, batch=500)
    return [message.dedupe for message in messages if message.kind == "reminder"]


def test_a_reminder_leaves_a_day_before_and_only_once(derive, booked):
    assert derive(START - timedelta(hours=24) - MINUTE) == 0
    assert derive(START - timedelta(hours=24)) == 1
    assert derive(START - timedelta(hours=23)) == 0


def test_a_late_worker_still_reminds_before_the_start_but_not_after(derive, booked):
    assert derive(START) == 0
    assert derive(START - MINUTE) == 1


def test_several_reminders_each_leave_at_their_distance(do, derive, now):
    do(sample.site, policy={"reminders": ["3d", "24h", 90]})
    do(sample.planning)
    do(sample.booked, MONDAY, now=now)
    moments = [START - timedelta(days=3), START - timedelta(hours=24), START - timedelta(minutes=90)]
    assert [derive(moment) for moment in moments] == [1, 1, 1]


def test_the_plannings_setting_comes_before_the_sites(do, derive, now):
    do(sample.site, policy={"reminders": ["24h"]})
    do(sample.planning, policy={"reminders": []})
    do(sample.booked, MONDAY, now=now)
    assert derive(START - MINUTE) == 0


@pytest.mark.parametrize(("distance", "moment"), [("24h", "2027-03-27 09:00"), ("1d", "2027-03-27 10:00")])
def test_hours_are_elapsed_and_days_keep_the_wall_time_over_a_clock_change(do, derive, now, distance, moment):
    do(sample.site, policy={"reminders": [distance], "max_days": 200})
    do(sample.planning, week={7: ((480, 720, 1),)})
    do(sample.booked, "2027-03-28 10:00", now=now)
    assert derive(paris(moment) - MINUTE) == 0
    assert derive(paris(moment)) == 1


def test_who_books_inside_the_distance_was_just_told(do, derive):
    do(sample.docks)
    do(sample.booked, MONDAY, now=START - timedelta(hours=5))
    assert derive(START - timedelta(hours=4)) == 0


def test_who_moves_inside_the_distance_was_just_told(do, derive, booked):
    do(appointments.move, Move(booked.public_id, paris("2026-12-07 10:00"), GUEST), now=START - timedelta(hours=5))
    assert derive(START - timedelta(hours=4)) == 0


def test_a_moved_appointment_is_reminded_of_its_new_time_only(do, derive, booked, now):
    do(appointments.move, Move(booked.public_id, paris("2026-12-09 10:00"), GUEST), now=now)
    assert derive(START - timedelta(hours=23)) == 0
    assert derive(paris("2026-12-08 10:00")) == 1


def test_an_appointment_that_moves_away_and_back_is_reminded_once(do, derive, booked, now):
    assert derive(START - timedelta(hours=24)) == 1
    do(appointments.move, Move(booked.public_id, paris("2026-12-09 10:00"), GUEST), now=now)
    do(appointments.move, Move(booked.public_id, START, GUEST), now=now)
    assert derive(START - timedelta(hours=24)) == 0


def test_a_cancelled_appointment_is_not_reminded_of(do, derive, booked, now):
    do(appointments.cancel, booked.public_id, GUEST, now=now)
    assert derive(START - timedelta(hours=24)) == 0


def test_an_edit_does_not_remind_again(do, derive, booked, now):
    derive(START - timedelta(hours=24))
    do(appointments.edit, booked.public_id, Details(name="Autre"), GUEST, now=now)
    assert derive(START - timedelta(hours=23)) == 0


def test_a_queued_reminder_of_what_has_moved_is_dropped(do, derive, booked, now):
    at = START - timedelta(hours=24)
    derive(at)
    do(appointments.move, Move(booked.public_id, paris("2026-12-09 10:00"), GUEST), now=at)
    messages = [one for one in do(outbox.claim, now=at, real_now=REAL) if one.kind == "reminder"]
    assert do(letters.read, messages, now=at) == [Stale("moved_or_begun")]


def test_a_queued_reminder_is_dropped_once_the_appointment_has_begun(do, derive, booked):
    derive(START - MINUTE)
    messages = [one for one in do(outbox.claim, now=START, real_now=REAL) if one.kind == "reminder"]
    assert do(letters.read, messages, now=START) == [Stale("moved_or_begun")]


def test_an_appointment_without_address_is_not_reminded(do, derive, now):
    do(sample.docks)
    nobody = Contact(email=None, name="Chauffeur")
    actor = actors.Actor("agent@example.com", "staff", staff=True)
    wish = Wish(start=START, contact=nobody, actor=actor, site="bordeaux", planning="quais")
    do(appointments.book, wish, now=now)
    assert derive(START - MINUTE) == 0


def test_the_key_names_appointment_start_and_distance(do, derive, booked):
    at = START - timedelta(hours=24)
    derive(at)
    assert keys(do, at) == [f"reminder:{booked.public_id}:{int(START.timestamp())}:24h"]


def derive_now(_number, at):
    """Derive as one of several workers would."""
    return reminders.derive(at)


def test_several_workers_queue_each_reminder_once(do, booked, processes):
    at = START - timedelta(hours=24)
    processes(3, derive_now, at=at)
    assert len(keys(do, at)) == 1
