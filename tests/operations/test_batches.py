"""Whole days cancelled or moved: what is promised, what is done, what a mail says, and what outlives a worker."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal import jobs
from portal.clock import real_now
from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.domain.lifecycle import Status
from portal.extensions import reading, transaction
from portal.models import Appointment, Audit, Batch, Event, OutboxMessage, Site
from portal.operations import appointments, batch_plans, batch_work, batches, cards
from portal.operations.actors import Actor
from portal.operations.batch_plans import Plan
from portal.operations.once import Once
from portal.operations.scopes import Scope
from portal.operations.wishes import Move
from tests import sample
from tests.sample import paris

ANNE = Actor("anne@example.com", "staff", staff=True)
DAY, NEXT = date(2026, 12, 8), date(2026, 12, 9)  # a Tuesday, a Wednesday
WORDS = "Un accident bloque le quai.\n<b>Appelez</b> le 05 56 00 10 42."


@pytest.fixture
def docks(do):
    do(sample.docks)


@pytest.fixture
def book(do, now):
    """Book as staff at a wall time, and give the public id."""

    def booked(start, number=0, **options):
        return do(sample.booked, start, now=now, number=number, actor=ANNE, **options).public_id

    return booked


@pytest.fixture
def begin(do, now):
    """Look at a plan and ask for it, as the page does; give the batch's id."""

    def begun(plan, **options):
        seen = do(batch_plans.preview, plan, now=now).seen
        return do(batches.begin, plan, seen, ANNE, now=now, **options)

    return begun


@pytest.fixture
def work(do, now):
    return lambda at=None: do(jobs.change_days, at or now)


@pytest.fixture
def foreseen(do, now):
    """Give where each appointment of a plan would go, by its hour now."""

    def preview(plan):
        fates = do(batch_plans.preview, plan, now=now).fates
        return [(hour(fate.card.start), fate.start and hour(fate.start), fate.reason) for fate in fates]

    return preview


def hour(instant):
    return instant.astimezone(sample.PARIS).strftime("%H:%M")


def state(do, public_id):
    card = do(cards.by_public_id, public_id)
    return card.status, card.start


def mails(kind):
    with reading() as session:
        query = select(OutboxMessage.recipient, OutboxMessage.payload).where(OutboxMessage.kind == kind)
        return session.execute(query.order_by(OutboxMessage.id)).all()


def moving(**options):
    return Plan("bordeaux", DAY, to=NEXT, **options)


# What a plan would do


def test_a_plan_is_about_those_who_are_expected_in_its_hours(do, now, docks, book, clock):
    early, late = book("2026-12-08 08:00"), book("2026-12-08 14:00", 1)
    do(appointments.cancel, book("2026-12-08 09:00", 2), ANNE, now=now)
    book("2026-12-09 08:00", 3)
    found = do(batch_plans.preview, Plan("bordeaux", DAY), now=now)
    assert [fate.card.public_id for fate in found.fates] == [early, late]
    afternoon = do(batch_plans.preview, Plan("bordeaux", DAY, since=12 * 60), now=now)
    assert [fate.card.public_id for fate in afternoon.fates] == [late]
    morning = do(batch_plans.preview, Plan("bordeaux", DAY, until=14 * 60), now=now)
    assert [fate.card.public_id for fate in morning.fates] == [early]


def test_what_is_over_stays_as_it_was(do, docks, book):
    book("2026-12-08 08:00")
    assert do(batch_plans.preview, Plan("bordeaux", DAY), now=paris("2026-12-08 08:59")).fates
    assert not do(batch_plans.preview, Plan("bordeaux", DAY), now=paris("2026-12-08 09:00")).fates


def test_one_planning_alone(do, now, docks, book):
    do(sample.planning, key="bureau")
    book("2026-12-08 08:00")
    office = book("2026-12-08 08:00", 1, planning="bureau")
    found = do(batch_plans.preview, Plan("bordeaux", DAY, planning="bureau"), now=now)
    assert [fate.card.public_id for fate in found.fates] == [office]


def test_what_is_not_theirs_is_not_there(do, now, docks, begin):
    with pytest.raises(NotFound):
        do(batch_plans.preview, Plan("lyon", DAY), now=now)
    with pytest.raises(NotFound):
        do(batch_plans.preview, Plan("bordeaux", DAY, planning="lyon"), now=now)
    with pytest.raises(NotFound):
        do(batch_plans.preview, Plan("bordeaux", DAY), scope=Scope(frozenset({99})), now=now)
    with pytest.raises(NotFound):
        begin(Plan("bordeaux", DAY), scope=Scope(frozenset()))


def test_they_move_at_the_same_hour_where_there_is_a_place(docks, book, foreseen):
    book("2026-12-08 08:30")
    assert foreseen(moving()) == [("08:30", "08:30", None)]


def test_a_place_is_promised_to_one_of_them_only(do, docks, book, foreseen):
    for number in range(3):
        book("2026-12-08 14:00", number)
        book("2026-12-09 14:00", 10 + number)  # of four places three are taken
    assert foreseen(moving()) == [("14:00", "14:00", None), ("14:00", None, "full"), ("14:00", None, "full")]


def test_who_finds_no_place_takes_the_nearest_that_the_others_leave(do, docks, book, foreseen):
    book("2026-12-08 10:00"), book("2026-12-08 10:00", 1), book("2026-12-08 11:00", 2)
    for number in range(5):
        book("2026-12-09 10:00", 10 + number)
        book("2026-12-09 11:00", 20 + number)
    assert foreseen(moving(nearest=True)) == [
        ("10:00", "10:00", None),
        ("10:00", "09:00", None),
        ("11:00", "11:00", None),
    ]


def test_on_a_closed_day_nobody_finds_a_place(docks, book, foreseen):
    book("2026-12-08 08:00")
    sunday = Plan("bordeaux", DAY, to=date(2026, 12, 13), nearest=True)
    assert foreseen(sunday) == [("08:00", None, "closed")]


# Asking for it


def test_it_is_written_line_by_line_and_nothing_is_done_yet(do, now, docks, book, begin):
    made = book("2026-12-08 08:00")
    found = do(batches.get, begin(Plan("bordeaux", DAY, words=WORDS)))
    assert (found.total, found.left, found.state, found.plan.words) == (1, 1, "waiting", WORDS)
    assert state(do, made)[0] is Status.CONFIRMED
    assert do(lambda: reading_all(select(Audit.action, Audit.kind, Audit.actor))) == [
        ("created", "batch", "anne@example.com")
    ]


def reading_all(query):
    with reading() as session:
        return [tuple(row) for row in session.execute(query)]


def test_what_changed_since_it_was_looked_at_is_looked_at_again(do, now, docks, book):
    book("2026-12-08 08:00")
    seen = do(batch_plans.preview, Plan("bordeaux", DAY), now=now).seen
    book("2026-12-08 09:00", 1)
    with pytest.raises(StateChanged):
        do(batches.begin, Plan("bordeaux", DAY), seen, ANNE, now=now)


def test_there_must_be_something_to_do(docks, begin):
    with pytest.raises(StateChanged):
        begin(Plan("bordeaux", DAY))


def test_a_double_click_asks_once(do, docks, book, begin):
    book("2026-12-08 08:00")
    once = Once("staff-batch:1", "k")
    assert begin(Plan("bordeaux", DAY), once=once) == begin(Plan("bordeaux", DAY), once=once)
    assert len(do(batches.batches).batches) == 1
    with pytest.raises(Invalid):
        begin(Plan("bordeaux", DAY, words="other"), once=once)


# Doing it


def test_all_are_cancelled_with_words_in_each_mail(do, docks, book, begin, work):
    made = [book("2026-12-08 08:00", number) for number in range(3)]
    batch = begin(Plan("bordeaux", DAY, words=WORDS))
    assert work() == 3
    assert {state(do, one)[0] for one in made} == {Status.CANCELLED}
    assert [mail.payload["words"] for mail in do(mails, "cancellation")] == [WORDS] * 3
    found = do(batches.get, batch)
    assert (found.state, found.done, found.left) == ("done", 3, 0)
    assert [line.state for line in do(batches.lines, batch)] == ["done"] * 3


def test_the_history_names_the_staff_and_the_batch(do, docks, book, begin, work):
    book("2026-12-08 08:00")
    batch = begin(Plan("bordeaux", DAY))
    work()
    (told,) = do(lambda: reading_all(select(Event.actor, Event.after).where(Event.kind == "cancelled")))
    assert told == ("anne@example.com", {"status": "cancelled", "batch": batch})


def test_each_goes_where_the_preview_said(do, docks, book, begin, work):
    made = [book("2026-12-08 14:00", number) for number in range(2)]
    for number in range(3):
        book("2026-12-09 14:00", 10 + number)
    batch = begin(moving(nearest=True, words=WORDS))
    work()
    assert [state(do, one)[1] for one in made] == [paris("2026-12-09 14:00"), paris("2026-12-09 15:00")]
    assert [line.start for line in do(batches.lines, batch)] == [paris("2026-12-09 14:00"), paris("2026-12-09 15:00")]
    assert [mail.payload["words"] for mail in do(mails, "change")] == [WORDS] * 2


def test_who_finds_no_place_stays_and_is_named(do, docks, book, begin, work):
    made = book("2026-12-08 14:00")
    for number in range(4):
        book("2026-12-09 14:00", 10 + number)
    batch = begin(moving())
    work()
    assert state(do, made) == (Status.CONFIRMED, paris("2026-12-08 14:00"))
    (line,) = do(batches.lines, batch)
    assert (line.state, line.code, line.reason) == ("refused", "slot_taken", "full")


def test_a_place_lost_meanwhile_is_found_elsewhere(do, docks, book, begin, work):
    made = book("2026-12-08 14:00")
    begin(moving(nearest=True))
    for number in range(4):
        book("2026-12-09 14:00", 10 + number)
    work()
    assert state(do, made)[1] == paris("2026-12-09 15:00")


def test_what_somebody_changed_meanwhile_is_left_alone(do, now, docks, book, begin, work):
    moved, gone = book("2026-12-08 08:00"), book("2026-12-08 09:00", 1)
    batch = begin(Plan("bordeaux", DAY))
    do(appointments.move, Move(moved, paris("2026-12-10 08:00"), ANNE), now=now)
    do(appointments.cancel, gone, ANNE, now=now)
    work()
    assert state(do, moved) == (Status.CONFIRMED, paris("2026-12-10 08:00"))
    assert [(line.state, line.code) for line in do(batches.lines, batch)] == [("refused", "moved"), ("done", "")]


def test_an_hour_that_is_over_is_not_moved_to(do, docks, book, begin, work):
    made = book("2026-12-08 08:00")
    batch = begin(moving())
    work(paris("2026-12-09 09:00"))
    assert state(do, made)[1] == paris("2026-12-08 08:00")
    assert do(batches.lines, batch)[0].reason == "past"


def test_a_stopped_batch_leaves_the_rest_undone(do, now, docks, book, begin, work):
    made = book("2026-12-08 08:00")
    batch = begin(Plan("bordeaux", DAY))
    do(batches.stop, batch, ANNE, now=now)
    assert work() == 0
    found = do(batches.get, batch)
    assert (found.state, found.left, state(do, made)[0]) == ("stopped", 1, Status.CONFIRMED)
    with pytest.raises(NotFound):
        do(batches.stop, "nothing", ANNE, now=now)


# Workers that die, and several of them


def test_one_worker_at_a_time_holds_a_batch(do, docks, book, begin):
    book("2026-12-08 08:00")
    begin(Plan("bordeaux", DAY))
    at = real_now()
    turn = do(batch_work.claim, real_now=at)
    assert do(batch_work.claim, real_now=at) is None
    assert do(batch_work.claim, real_now=at + timedelta(minutes=2)).id == turn.id


@pytest.mark.parametrize("plan", [Plan("bordeaux", DAY), moving(nearest=True)], ids=["cancel", "move"])
def test_what_a_dead_worker_did_is_not_done_again(do, now, docks, book, begin, work, plan):
    book("2026-12-08 14:00"), book("2026-12-08 14:00", 1)
    for number in range(3):
        book("2026-12-09 14:00", 10 + number)
    batch = begin(plan)
    turn = do(batch_work.claim, real_now=real_now())
    for line in turn.lines:
        do(jobs._outcome, turn, line, now)  # done, and the worker dies before it writes that down
    told = len(do(mails, "cancellation")) + len(do(mails, "change"))
    do(expire)
    assert work() == 2
    assert [line.state for line in do(batches.lines, batch)] == ["done", "done"]
    assert len(do(mails, "cancellation")) + len(do(mails, "change")) == told == 2


def expire():
    with transaction() as session:
        session.query(Batch).one().leased_until = real_now() - timedelta(minutes=2)


def test_who_lost_the_lease_goes_no_further(do, now, docks, book, begin):
    book("2026-12-08 08:00"), book("2026-12-08 09:00", 1)
    begin(Plan("bordeaux", DAY))
    slow = do(batch_work.claim, real_now=real_now())
    do(expire)
    quick = do(batch_work.claim, real_now=real_now())
    done = batch_work.Outcome.done()
    assert not do(batch_work.settle, slow, slow.lines[0], done, now=now, real_now=real_now())
    assert do(batch_work.settle, quick, quick.lines[1], done, now=now, real_now=real_now())


def test_the_list_is_of_ones_own_sites_and_costs_the_same_for_many(do, docks, book, begin, statements):
    for number in range(5):
        book(f"2026-12-08 {8 + number // 3:02d}:00", number)
    for _ in range(3):
        begin(Plan("bordeaux", DAY))
    site = do(lambda: reading_all(select(Site.id)))[0][0]
    with statements(at_most=2):
        assert len(do(batches.batches, scope=Scope(frozenset({site}))).batches) == 3
    assert do(batches.batches, scope=Scope(frozenset({site + 1}))).batches == []


def test_a_large_day_is_looked_at_in_a_few_statements(do, now, docks, book, statements):
    book("2026-12-08 08:00")
    do(crowd, 600)
    do(batch_plans.preview, moving(nearest=True), now=now)
    with statements(at_most=6):
        assert len(do(batch_plans.preview, moving(nearest=True), now=now).fates) == 600


def crowd(count):
    """Write so many appointments like the one that is there."""
    table = Appointment.__table__
    with transaction() as session:
        row = dict(session.execute(select(*table.c)).one()._mapping)
        row.pop("id")
        names = [{"public_id": f"{number:032d}", "reference": f"R{number:07d}"} for number in range(1, count)]
        session.execute(table.insert(), [{**row, **name} for name in names])
