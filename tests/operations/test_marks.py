"""Marks of the day: arrived, completed, did not come; each taken back; and notes."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.domain.errors import NotFound, StateChanged
from portal.domain.lifecycle import Status
from portal.extensions import reading
from portal.models import Allocation, OutboxMessage
from portal.operations import appointments, cards, integrity, letters, marks, outbox, reminders
from portal.operations.actors import Actor
from portal.operations.once import Once
from tests import sample
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
ARRIVED, COMPLETED, NO_SHOW, CANCELLED = Status.ARRIVED, Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED
LATER = paris("2026-12-01 14:20")


@pytest.fixture
def booked(do, now):
    """Book Tuesday 1 December, 14:00, and give its id."""
    do(sample.docks)
    return do(sample.booked, "2026-12-01 14:00", now=now).public_id


@pytest.fixture
def mark(do, booked):
    return lambda status, at=LATER: do(marks.mark, booked, status, STAFF, now=at)


@pytest.fixture
def undo(do, booked):
    return lambda of=None, at=LATER: do(marks.undo, booked, STAFF, now=at, of=of)


@pytest.fixture
def status(do, booked):
    return lambda: do(cards.by_public_id, booked).status


def kinds(do, booked) -> list[str]:
    return [line.kind for line in do(cards.history, booked)]


@pytest.mark.parametrize("wanted", [ARRIVED, COMPLETED, NO_SHOW])
def test_a_mark_is_written_once_with_what_was_before(do, booked, mark, status, wanted):
    assert (mark(wanted), mark(wanted)) == (True, False)
    assert status() is wanted
    line = do(cards.history, booked)[-1]
    assert (line.kind, line.before, line.after) == (wanted, {"status": "confirmed"}, {"status": wanted})
    assert (line.actor, line.origin, line.at) == ("claire@example.com", "staff", LATER)
    assert kinds(do, booked) == ["scheduled", wanted]


@pytest.mark.parametrize(
    ("first", "then"),
    [(COMPLETED, ARRIVED), (COMPLETED, NO_SHOW), (NO_SHOW, ARRIVED), (NO_SHOW, COMPLETED), (ARRIVED, NO_SHOW)],
)
def test_a_mark_that_may_not_follow_is_refused(mark, status, first, then):
    mark(first)
    with pytest.raises(StateChanged):
        mark(then)
    assert status() is first


def test_nobody_is_missing_before_the_start(mark, status):
    with pytest.raises(StateChanged):
        mark(NO_SHOW, paris("2026-12-01 13:59"))
    assert mark(ARRIVED, paris("2026-12-01 13:59"))


def test_what_is_cancelled_is_not_marked(do, booked, mark, now):
    do(appointments.cancel, booked, STAFF, now=now)
    with pytest.raises(StateChanged):
        mark(ARRIVED)


def test_who_does_not_exist_is_not_found(do, booked):
    for use_case in (marks.mark, marks.unmark):
        with pytest.raises(NotFound):
            do(use_case, "0" * 32, ARRIVED, STAFF, now=LATER)
    for use_case, given in ((marks.undo, ()), (marks.note, ("Quai 3",))):
        with pytest.raises(NotFound):
            do(use_case, "0" * 32, *given, STAFF, now=LATER)


def test_marks_are_taken_back_one_by_one(mark, undo, status):
    mark(ARRIVED)
    mark(COMPLETED)
    assert [(undo(), status()) for _ in range(2)] == [(True, ARRIVED), (True, Status.CONFIRMED)]
    with pytest.raises(StateChanged):
        undo()


def test_the_second_click_of_an_undo_takes_nothing_more_back(do, booked, mark, undo, status):
    mark(ARRIVED)
    mark(COMPLETED)
    assert (undo(COMPLETED), undo(COMPLETED), status()) == (True, False, ARRIVED)
    assert kinds(do, booked) == ["scheduled", "arrived", "completed", "undone"]


def test_a_mark_that_went_on_is_not_taken_back_unseen(mark, undo, status):
    mark(ARRIVED)
    mark(COMPLETED)
    with pytest.raises(StateChanged):
        undo(ARRIVED)
    assert status() is COMPLETED


def test_a_mark_set_again_is_taken_back_to_what_it_came_from_then(mark, undo, status):
    mark(ARRIVED)
    mark(COMPLETED)
    undo()
    undo()
    mark(COMPLETED)
    undo()
    assert status() is Status.CONFIRMED


def test_a_cancellation_is_taken_back_to_the_mark_it_came_from(do, booked, mark, undo, status):
    mark(ARRIVED)
    do(appointments.cancel, booked, STAFF, now=LATER)
    assert (undo(CANCELLED), undo(CANCELLED), status()) == (True, False, ARRIVED)
    undo()
    assert status() is Status.CONFIRMED


def test_a_place_that_is_free_again_is_not_given_back(do, booked, undo):
    do(appointments.cancel, booked, STAFF, now=LATER, undo=False)
    with pytest.raises(StateChanged):
        undo()


@pytest.mark.parametrize("wanted", [ARRIVED, COMPLETED, NO_SHOW])
def test_the_place_is_kept_and_the_history_still_tells_what_is(do, mark, undo, now, wanted):
    mark(wanted)
    assert do(_held) == 1
    assert do(integrity.check, now).breaches == ()
    undo()
    assert do(_held) == 1
    assert do(integrity.check, now).breaches == ()


def _held() -> int:
    with reading() as session:
        return len(session.scalars(select(Allocation.id).where(Allocation.released_at.is_(None))).all())


def test_who_is_here_already_gets_no_reminder(do, booked, mark, undo, now):
    early = paris("2026-12-01 13:00")
    assert do(_reminder, booked, early) == "reminded"
    mark(ARRIVED, early)
    assert do(_reminder, booked, early) == "moved_or_begun"
    assert do(reminders.derive, early) == 0


def _reminder(public_id: str, at) -> str:
    """Tell what became of a reminder that waited in the queue."""
    card = cards.by_public_id(public_id)
    draft = outbox.Draft(
        "reminder", f"r{at}", "a@example.com", "fr", at, {"start": card.start.isoformat()}, appointment_id=card.id
    )
    message = outbox.Message(
        1, draft.kind, draft.dedupe, draft.recipient, "fr", draft.payload, card.id, 0, None, "x", at
    )
    (found,) = letters.read([message], now=at)
    return found.why if isinstance(found, letters.Stale) else "reminded"


def test_a_mark_mails_nobody(do, booked, mark):
    before = do(_queued)
    mark(ARRIVED)
    mark(COMPLETED)
    assert do(_queued) == before


def _queued() -> int:
    with reading() as session:
        return len(session.scalars(select(OutboxMessage.id)).all())


def arrive(number: int, public_id: str) -> bool:
    return marks.mark(public_id, ARRIVED, Actor(f"agent{number}@example.com", "staff", staff=True), now=LATER)


def arrive_or_cancel(number: int, public_id: str) -> bool:
    if number % 2:
        return arrive(number, public_id)
    return appointments.cancel(public_id, STAFF, now=LATER, undo=False) is None


def test_two_agents_at_once_write_one_arrival(do, booked, processes):
    assert Counter(processes(4, arrive, booked)) == {True: 1, False: 3}
    assert kinds(do, booked) == ["scheduled", "arrived"]


def test_an_arrival_and_a_cancellation_at_once_leave_one_story(do, booked, processes, now):
    answers = processes(2, arrive_or_cancel, booked)
    assert answers[0] is True  # an arrival may be cancelled
    assert answers[1] in (True, 409)  # a cancelled one does not arrive
    story = kinds(do, booked)
    assert story == (["scheduled", "arrived", "cancelled"] if answers[1] is True else ["scheduled", "cancelled"])
    assert do(integrity.check, now).breaches == ()


def test_a_note_is_kept_with_who_wrote_it_and_changes_nothing_else(do, booked, status):
    before = do(cards.by_public_id, booked)
    do(marks.note, booked, "Palette abîmée,\nphotos prises", STAFF, now=LATER)
    line = do(cards.history, booked)[-1]
    assert (line.kind, line.after, line.actor) == ("noted", {"text": "Palette abîmée,\nphotos prises"}, STAFF.name)
    assert do(cards.by_public_id, booked) == before


def test_a_note_sent_twice_is_kept_once(do, booked):
    for _ in range(2):
        do(marks.note, booked, "Quai 3", STAFF, now=LATER, once=Once("note", "k1"))
    do(marks.note, booked, "Quai 3", STAFF, now=LATER + timedelta(minutes=1), once=Once("note", "k2"))
    assert kinds(do, booked) == ["scheduled", "noted", "noted"]
