"""A worker that dies in the middle of a day: what it did is done once, and who comes next does the rest."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from portal.clock import real_now
from portal.domain.lifecycle import Status
from portal.extensions import reading, transaction
from portal.models import Appointment, Batch, Event, OutboxMessage
from portal.operations import batch_plans, batches
from portal.operations.actors import Actor
from portal.operations.batch_plans import Plan
from tests import sample
from tests.faults import times
from tests.patience import until
from tests.sample import paris

ANNE = Actor("anne@example.com", "staff", staff=True)
DAY, NEXT = date(2026, 12, 8), date(2026, 12, 9)
MANY = times(20, 60)


@pytest.fixture
def begun(do, now):
    """Ask for a change of a day with many appointments, and give the batch's id."""

    def begin(plan):
        do(sample.site)
        do(sample.planning, week=dict.fromkeys(range(1, 6), ((480, 1080, MANY // 4),)))
        for number in range(MANY):
            start = f"2026-12-08 {8 + number % 5:02d}:00"
            do(sample.booked, start, now=now, number=number, actor=ANNE)
        return do(batches.begin, plan, do(batch_plans.preview, plan, now=now).seen, ANNE, now=now)

    return begin


def wait_for(do, batch, done):
    """Wait until so many lines are written down."""
    until(lambda: (found := do(batches.get, batch)).total - found.left >= done)


def end_leases():
    with transaction() as session:
        session.execute(update(Batch).values(leased_until=real_now() - timedelta(minutes=2)))


def counted(column, kind, of):
    with reading() as session:
        return Counter(session.scalars(select(column).where(of == kind)))


@pytest.mark.parametrize(
    ("plan", "event", "mail"),
    [
        (Plan("bordeaux", DAY, words="Accident"), "cancelled", "cancellation"),
        (Plan("bordeaux", DAY, to=NEXT, nearest=True), "rescheduled", "change"),
    ],
    ids=["cancel", "move"],
)
def test_each_is_changed_once_however_often_the_worker_dies(do, now, creneau, begun, sound, plan, event, mail):
    batch = begun(plan)
    kills = times(1, 12)
    for number in range(kills):
        worker = creneau.start(("worker",), {})
        wait_for(do, batch, (number + 1) * MANY // (kills + 2))
        time.sleep(random.uniform(0, 0.02))
        worker.kill()
        do(end_leases)
    assert creneau("worker", "--once").returncode == 0
    found = do(batches.get, batch)
    assert (found.state, found.done, found.refused) == ("done", MANY, 0)
    changes = do(counted, Event.appointment_id, event, Event.kind)
    told = do(counted, OutboxMessage.appointment_id, mail, OutboxMessage.kind)
    assert len(changes) == len(told) == MANY
    assert set(changes.values()) == set(told.values()) == {1}
    sound(MANY)
    do(check_all, plan)


def check_all(plan):
    with reading() as session:
        for status, start in session.execute(select(Appointment.status, Appointment.starts_at)):
            if plan.to is None:
                assert status == Status.CANCELLED
            else:
                assert paris("2026-12-09 00:00") < start < paris("2026-12-10 00:00")
