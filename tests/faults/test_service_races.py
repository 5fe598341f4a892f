"""Many processes want the same people, rooms and things at the same moment: nobody is booked twice, nobody waits."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from sqlalchemy import func, select

from portal.extensions import reading
from portal.models import Assignment, Resource
from portal.operations import appointments, availability, bookables, integrity
from tests.faults import agency, times
from tests.faults.agency import SERVICES, wish
from tests.faults.dock import MONDAY, POOL_STARTS, at, swing
from tests.faults.test_controls import without_lock, without_transaction

CROWD = times(9, 36)
NEXT_DAY = MONDAY + timedelta(days=1)


def served() -> dict[str, int]:
    with reading() as session:
        query = select(Resource.key, func.count()).join(Assignment, Assignment.resource_id == Resource.id)
        return {row[0]: row[1] for row in session.execute(query.group_by(Resource.key))}


def free(service: str, now) -> set:
    with reading() as session:
        bookable = bookables.find(session, "bordeaux", None, service=service)
        return {start.start for start in availability.search(session, bookable, MONDAY, MONDAY, now=now).offered}


def test_a_crowd_shares_the_people_and_each_serves_one(processes, do, now):
    do(agency.build, people=3)
    starts = [at(8 * 60, MONDAY + timedelta(days=number)) for number in range(times(3, 20))]
    answers = processes(CROWD, agency.book, starts, now)
    for of_one_start in zip(*answers, strict=True):
        assert Counter(of_one_start) == {201: 3, 409: CROWD - 3}
    assert set(do(served).values()) == {len(starts)}  # by the rule, everybody got as many as the others
    assert do(integrity.check, now).breaches == ()


def test_people_rooms_and_things_wanted_in_any_order_are_never_booked_twice(processes, deadlocks, do, now):
    do(agency.build, buffer_after=30)
    wishes = [at(minutes) for minutes in POOL_STARTS]
    before = deadlocks()
    answers = processes(CROWD, agency.book, wishes, now, services=SERVICES)
    assert deadlocks() == before
    assert {status for given in answers for status in given} == {201, 409}
    assert do(integrity.check, now).breaches == ()
    for number, given in enumerate(answers):
        refused = {start for start, status in zip(wishes, given, strict=True) if status == 409}
        assert not refused & do(free, SERVICES[number % len(SERVICES)], now)  # nothing was given back


def test_moves_of_one_person_s_appointments_cross_without_waiting(processes, deadlocks, do, now):
    do(agency.build, people=2, slots=2)
    here, there = at(8 * 60), at(8 * 60, NEXT_DAY)
    ids = [do(appointments.book, wish("advice", (here, there)[n % 2], n), now=now).public_id for n in range(4)]
    before = deadlocks()
    answers = processes(4, swing, ids, there, here, times(4, 40), now)
    assert {status for given in answers for status in given} == {200}
    assert deadlocks() == before
    assert do(integrity.check, now).breaches == ()


def test_appointments_of_one_time_that_change_hands_crosswise_are_each_somebody_s_alone(processes, deadlocks, do, now):
    do(agency.build, people=5)
    ids = [do(appointments.book, wish("advice", at(8 * 60), n), now=now).public_id for n in range(4)]
    before = deadlocks()
    people = [f"agent-{number}" for number in range(5)]
    answers = processes(4, agency.give, ids, people, times(10, 60), now)
    assert {status for given in answers for status in given} == {200, 409}
    assert deadlocks() == before
    assert max(do(served).values()) == 1
    assert do(integrity.check, now).breaches == ()


def test_without_their_locks_people_are_booked_too_often(processes, do, now, database):
    do(agency.build, people=1, slots=2)
    broken = without_transaction if database.startswith("sqlite") else without_lock
    starts = [at(8 * 60, MONDAY + timedelta(days=number)) for number in range(4)]
    processes(8, agency.book, starts, now, prepare=broken)
    assert do(integrity.check, now).breaches
