"""What the public books where somebody validates: a request that holds its place, and a move that waits beside it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.domain.errors import LimitReached, SlotTaken
from portal.domain.lifecycle import Status
from portal.extensions import reading
from portal.models import Allocation, Appointment, Event, FreedPlace, OutboxMessage
from portal.operations import appointments, cards, integrity, lapses
from portal.operations.actors import CUSTOMER, GUEST, Actor
from portal.operations.wishes import Because, Move
from tests import sample
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
ONE_DOCK = {1: ((8 * 60, 12 * 60, 1),)}


@pytest.fixture
def dock(do):
    def make(week=ONE_DOCK, **policy) -> None:
        do(sample.site, policy={"validation": "manager", **policy})
        do(sample.planning, week=week)

    return make


@pytest.fixture
def book(do, now):
    return lambda start, number=0, **options: do(sample.booked, start, now=now, number=number, **options)


@pytest.fixture
def sound(do, now):
    yield
    assert do(integrity.check, now).breaches == ()


def card(public_id: str):
    return cards.by_public_id(public_id)


def places(start: str, now) -> int:
    return sample.judged(start, now=now).places


def kinds() -> list[str]:
    with reading() as session:
        return sorted(session.scalars(select(OutboxMessage.kind)))


def held() -> list[tuple[str, str]]:
    with reading() as session:
        query = select(Allocation.role, Allocation.starts_at).where(Allocation.released_at.is_(None))
        return sorted(
            (role, start.astimezone(sample.PARIS).strftime("%H:%M")) for role, start in session.execute(query)
        )


def freed() -> list[tuple[str, object]]:
    with reading() as session:
        return [(row.cause, row.not_before) for row in session.scalars(select(FreedPlace).order_by(FreedPlace.id))]


def test_a_request_holds_its_place_and_says_until_when_it_is_answered(dock, book, do, now, sound):
    dock()
    asked = book("2026-12-07 08:00")
    found = do(card, asked.public_id)
    assert (asked.status, found.status) == (Status.REQUESTED, Status.REQUESTED)
    assert found.answer_by == now + timedelta(days=2)
    with pytest.raises(SlotTaken):
        book("2026-12-07 08:30", number=1)


def test_it_is_answered_before_it_starts(dock, book, do, now):
    dock(answer_within="30d")
    assert do(card, book("2026-12-07 08:00").public_id).answer_by == paris("2026-12-07 08:00")


def test_both_sides_are_told_that_it_waits(dock, book, do):
    dock()
    book("2026-12-07 08:00")
    assert do(kinds) == ["request_received", "site_notice"]


def test_what_the_staff_books_needs_no_answer(dock, book):
    dock()
    assert book("2026-12-07 08:00", actor=STAFF).status is Status.CONFIRMED


def test_a_customers_move_of_a_confirmed_one_keeps_the_old_place(dock, book, do, now, sound):
    dock()
    confirmed = book("2026-12-07 08:00", actor=STAFF)
    do(appointments.move, Move(confirmed.public_id, paris("2026-12-07 10:00"), CUSTOMER), now=now)
    found = do(card, confirmed.public_id)
    assert (found.status, found.start) == (Status.CONFIRMED, paris("2026-12-07 08:00"))
    assert do(held) == [("visit", "08:00"), ("wanted", "10:00")]
    assert (do(places, "2026-12-07 08:00", now), do(places, "2026-12-07 10:00", now)) == (0, 0)


def test_a_move_may_want_a_place_that_overlaps_its_own(dock, book, do, now, sound):
    dock()
    confirmed = book("2026-12-07 08:00", actor=STAFF)
    do(appointments.move, Move(confirmed.public_id, paris("2026-12-07 08:30"), CUSTOMER), now=now)
    assert do(held) == [("visit", "08:00"), ("wanted", "08:30")]


def test_a_second_wish_takes_the_place_of_the_first(dock, book, do, now, sound):
    dock()
    confirmed = book("2026-12-07 08:00", actor=STAFF)
    for start in ("2026-12-07 10:00", "2026-12-07 11:00", "2026-12-07 11:00"):
        do(appointments.move, Move(confirmed.public_id, paris(start), CUSTOMER), now=now)
    assert do(held) == [("visit", "08:00"), ("wanted", "11:00")]


def test_the_wish_is_answered_before_either_time(dock, book, do, now):
    dock(answer_within="30d")
    confirmed = book("2026-12-07 09:00", actor=STAFF)
    do(appointments.move, Move(confirmed.public_id, paris("2026-12-07 11:00"), CUSTOMER), now=now)
    assert do(card, confirmed.public_id).answer_by == paris("2026-12-07 09:00")


@pytest.mark.parametrize("undo", [True, False])
def test_a_cancellation_gives_both_places_back(dock, book, do, now, undo):
    dock(undo=5)
    confirmed = book("2026-12-07 08:00", actor=STAFF)
    do(appointments.move, Move(confirmed.public_id, paris("2026-12-07 10:00"), CUSTOMER), now=now)
    do(appointments.cancel, confirmed.public_id, CUSTOMER, now=now, undo=undo)
    assert do(held) == ([("visit", "08:00")] if undo else [])
    assert do(integrity.check, now).breaches == ()


def test_the_staff_moves_at_once_and_the_wish_is_over(dock, book, do, now, sound):
    dock()
    confirmed = book("2026-12-07 08:00", actor=STAFF)
    do(appointments.move, Move(confirmed.public_id, paris("2026-12-07 10:00"), CUSTOMER), now=now)
    do(appointments.move, Move(confirmed.public_id, paris("2026-12-07 09:00"), STAFF), now=now)
    assert do(held) == [("visit", "09:00")]
    assert do(card, confirmed.public_id).answer_by is None


def test_a_request_that_moves_is_asked_anew(dock, book, do, now, sound):
    dock()
    asked = book("2026-12-07 08:00")
    later = now + timedelta(hours=3)
    do(appointments.move, Move(asked.public_id, paris("2026-12-07 10:00"), GUEST), now=later)
    found = do(card, asked.public_id)
    assert (found.status, found.start) == (Status.REQUESTED, paris("2026-12-07 10:00"))
    assert found.answer_by == later + timedelta(days=2)


def test_a_request_that_comes_back_is_to_be_answered_again(dock, book, do, now, sound):
    dock(undo=5)
    asked = book("2026-12-07 08:00")
    do(appointments.cancel, asked.public_id, GUEST, now=now)
    assert do(card, asked.public_id).answer_by is None
    do(appointments.undo, asked.public_id, GUEST, now=now)
    found = do(card, asked.public_id)
    assert (found.status, found.answer_by) == (Status.REQUESTED, now + timedelta(days=2))


def test_limits_count_requests(dock, book):
    dock(max_per_day=1)
    book("2026-12-07 08:00")
    with pytest.raises(LimitReached):
        book("2026-12-07 10:00")


# Places that are given back


def test_a_cancelled_place_is_written_down_for_the_end_of_its_undo(dock, book, do, now):
    dock(validation="none", undo=5)
    do(appointments.cancel, book("2026-12-07 08:00").public_id, GUEST, now=now)
    assert do(freed) == [("cancelled", now + timedelta(minutes=5))]


def test_an_undo_takes_that_back(dock, book, do, now):
    dock(validation="none", undo=5)
    made = book("2026-12-07 08:00")
    do(appointments.cancel, made.public_id, GUEST, now=now)
    do(appointments.undo, made.public_id, GUEST, now=now)
    assert do(freed) == []


def test_a_move_gives_its_old_place_back_at_once(dock, book, do, now):
    dock(validation="none")
    made = book("2026-12-07 08:00")
    do(appointments.move, Move(made.public_id, paris("2026-12-07 10:00"), GUEST), now=now)
    assert do(freed) == [("moved", now)]


def test_a_day_that_the_staff_cancels_is_offered_to_nobody(dock, book, do, now):
    dock(validation="none")
    made = book("2026-12-07 08:00")
    do(appointments.cancel, made.public_id, STAFF, now=now, undo=False, because=Because("Panne", "lot"))
    assert do(freed) == []


def test_nothing_is_written_where_nobody_waits(dock, book, do, now):
    dock(validation="none", earlier_slots={"enabled": False})
    do(appointments.cancel, book("2026-12-07 08:00").public_id, GUEST, now=now, undo=False)
    assert do(freed) == []


def test_the_cooling_off_keeps_a_moved_place_from_the_public(dock, book, do, now):
    dock(validation="none", cooling_off=30)
    made = book("2026-12-07 08:00")
    do(appointments.move, Move(made.public_id, paris("2026-12-07 10:00"), GUEST), now=now)
    assert do(held) == [("kept", "08:00"), ("visit", "10:00")]
    assert do(places, "2026-12-07 08:00", now + timedelta(minutes=30, microseconds=-1)) == 0
    assert do(places, "2026-12-07 08:00", now + timedelta(minutes=30)) == 1


def test_the_cooling_off_of_a_cancellation_begins_when_its_undo_ends(dock, book, do, now):
    dock(validation="none", cooling_off=30, undo=5)
    made = book("2026-12-07 08:00")
    do(appointments.cancel, made.public_id, GUEST, now=now)
    with pytest.raises(appointments.StateChanged):
        do(appointments.undo, made.public_id, GUEST, now=now + timedelta(minutes=5))
    assert do(places, "2026-12-07 08:00", now + timedelta(minutes=35, microseconds=-1)) == 0
    assert do(places, "2026-12-07 08:00", now + timedelta(minutes=35)) == 1


def test_a_kept_place_lapses_without_a_word(dock, book, do, now):
    dock(validation="none", cooling_off=30)
    made = book("2026-12-07 08:00")
    do(appointments.move, Move(made.public_id, paris("2026-12-07 10:00"), GUEST), now=now)
    later = now + timedelta(minutes=31)
    assert do(lapses.announce, later) == 1
    assert do(events, made.public_id) == ["scheduled", "rescheduled"]
    assert do(integrity.check, later).breaches == ()


def events(public_id: str) -> list[str]:
    with reading() as session:
        query = select(Event.kind).join(Appointment, Appointment.id == Event.appointment_id)
        return list(session.scalars(query.where(Appointment.public_id == public_id).order_by(Event.id)))
