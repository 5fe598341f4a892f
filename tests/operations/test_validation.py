"""Requests and moves that wait for an answer: accepted, declined, expired, each with its place and its history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import jobs
from portal.domain.errors import NotFound, SlotNotOffered, SlotTaken, StateChanged
from portal.domain.lifecycle import Status
from portal.extensions import reading, transaction
from portal.models import Allocation, Appointment, FreedPlace, OutboxMessage, Planning
from portal.operations import appointments, cards, erasure, integrity, marks, reminders, requests, validation
from portal.operations.actors import GUEST, Actor
from portal.operations.keepsakes import new_revision
from portal.operations.requests import Answer, Wanted
from portal.operations.scopes import Scope
from portal.operations.wishes import Move
from tests import sample
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
EIGHT, TEN = "2026-12-07 08:00", "2026-12-07 10:00"
ONE_PLACE = {1: ((8 * 60, 12 * 60, 1),)}
SECOND = timedelta(seconds=1)


@pytest.fixture
def docks(do):
    do(sample.docks, policy={"validation": "manager", "answer_within": "2h"})


@pytest.fixture
def request_(do, docks, now):
    """Ask for Monday 8:00 as a guest, to be answered within two hours: until 11:00 in Paris."""
    return do(sample.booked, EIGHT, now=now).public_id


@pytest.fixture
def confirmed(do, request_, now):
    """Accept that request."""
    do(validation.accept, request_, STAFF, now=now)
    return request_


@pytest.fixture
def moving(do, confirmed, now):
    """Ask for its move to 10:00."""
    do(appointments.move, Move(confirmed, paris(TEN), GUEST), now=now)
    return confirmed


@pytest.fixture
def sound(do, now):
    """Find nothing wrong in the database."""
    return lambda: do(integrity.check, now).breaches == ()


def places(start: str, now) -> int:
    found = sample.judged(start, now=now)
    return found.places


def kinds(public_id: str) -> list[str]:
    return [line.kind for line in cards.history(public_id)]


def mails(since: int = 0) -> list[tuple[str, str | None]]:
    """List what is queued: kind and, for a notice, its change."""
    with reading() as session:
        found = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    return [(mail.kind, mail.payload.get("change")) for mail in found][since:]


def freed_places() -> list[tuple[str, str]]:
    with reading() as session:
        found = session.scalars(select(FreedPlace).order_by(FreedPlace.id)).all()
    return [(place.cause, place.starts_at.astimezone(sample.PARIS).strftime("%H:%M")) for place in found]


def reopen(*, start: int = 480, end: int = 720, slots: int = 6) -> None:
    """Change the hours of Monday, as an edit does."""
    with transaction() as session:
        planning = session.query(Planning).one()
        planning.revision = new_revision()
        for opening in planning.versions[0].openings:
            if opening.weekday == 1 and opening.start_minute == 480:
                opening.start_minute, opening.end_minute, opening.slots = start, end, slots


# A request


def test_a_request_holds_its_place_until_it_is_answered(do, request_, now, sound):
    card = do(cards.by_public_id, request_)
    assert (card.status, card.answer_by) == (Status.REQUESTED, now + timedelta(hours=2))
    assert card.awaits(now)
    assert do(places, EIGHT, now) == 5
    assert sound()


def test_an_accepted_request_is_an_appointment_like_any_other(do, request_, now, sound):
    assert do(validation.accept, request_, STAFF, now=now)
    card = do(cards.by_public_id, request_)
    assert (card.status, card.answer_by) == (Status.CONFIRMED, None)
    assert do(kinds, request_) == ["requested", "accepted"]
    assert do(mails, 2) == [("confirmation", None), ("site_notice", "accepted")]
    assert do(places, EIGHT, now) == 5
    assert sound()


def test_the_history_says_who_accepted(do, confirmed):
    line = do(cards.history, confirmed)[-1]
    assert (line.actor, line.before, line.after) == (
        "claire@example.com",
        {"status": "requested"},
        {"status": "confirmed"},
    )


def test_a_declined_request_gives_its_place_back_at_once_with_its_reason(do, request_, now, sound):
    assert do(validation.decline, request_, STAFF, now=now, reason="Le quai est en travaux.")
    assert do(cards.by_public_id, request_).status is Status.DECLINED
    assert do(cards.history, request_)[-1].after == {"status": "declined", "reason": "Le quai est en travaux."}
    assert do(places, EIGHT, now) == 6
    assert do(freed_places) == [("declined", "08:00")]
    assert do(mails, 2) == [("declined", None)]
    assert sound()


def test_a_reason_may_be_left_out(do, request_, now):
    do(validation.decline, request_, STAFF, now=now)
    assert do(cards.history, request_)[-1].after == {"status": "declined"}


@pytest.mark.parametrize("answer", [validation.accept, validation.decline])
def test_the_second_click_of_a_double_click_changes_nothing(do, request_, now, answer):
    assert do(answer, request_, STAFF, now=now)
    queued = len(do(mails))
    assert not do(answer, request_, STAFF, now=now)
    assert len(do(mails)) == queued


def test_the_first_answer_stands(do, request_, now):
    do(validation.accept, request_, STAFF, now=now)
    with pytest.raises(StateChanged):
        do(validation.decline, request_, STAFF, now=now)
    assert do(cards.by_public_id, request_).status is Status.CONFIRMED


def test_what_was_never_asked_for_is_not_answered(do, now):
    do(sample.docks)
    booked = do(sample.booked, EIGHT, now=now)
    for answer in (validation.accept, validation.decline):
        with pytest.raises(StateChanged):
            do(answer, booked.public_id, STAFF, now=now)
        with pytest.raises(NotFound):
            do(answer, "0" * 32, STAFF, now=now)


def test_an_answer_is_about_the_start_that_was_seen(do, request_, now):
    do(appointments.move, Move(request_, paris(TEN), GUEST), now=now)
    for answer in (validation.accept, validation.decline):
        with pytest.raises(StateChanged):
            do(answer, request_, STAFF, now=now, start=paris(EIGHT))
    assert do(validation.accept, request_, STAFF, now=now, start=paris(TEN))


def test_a_cancelled_request_is_not_accepted(do, request_, now):
    do(appointments.cancel, request_, GUEST, now=now)
    for answer in (validation.accept, validation.decline):
        with pytest.raises(StateChanged):
            do(answer, request_, STAFF, now=now)


def test_a_confirmed_and_then_cancelled_one_is_not_taken_for_accepted(do, confirmed, now):
    do(appointments.cancel, confirmed, GUEST, now=now)
    with pytest.raises(StateChanged):
        do(validation.accept, confirmed, STAFF, now=now)


def test_who_is_accepted_inside_the_distance_of_a_reminder_has_just_been_told(do, now):
    do(sample.docks, policy={"validation": "manager", "answer_within": "30d"})
    early, late = (do(sample.booked, EIGHT, now=now, number=number).public_id for number in range(2))
    start = paris(EIGHT)
    do(validation.accept, early, STAFF, now=start - timedelta(hours=25))
    do(validation.accept, late, STAFF, now=start - timedelta(hours=23))
    assert do(reminders.derive, start - timedelta(hours=22)) == 1


def test_a_reason_goes_with_the_customer(do, request_, now):
    do(validation.decline, request_, STAFF, now=now, reason="Madame Vidal, ce n’est pas possible.")

    def anonymise():
        with transaction() as session:
            erasure.anonymise(session, [session.query(Appointment).one().id], now)

    do(anonymise)
    assert do(cards.history, request_)[-1].after == {"status": "declined"}


# Judged again


def test_a_request_whose_hours_went_is_refused_with_the_reason(do, request_, now):
    do(reopen, start=9 * 60)
    with pytest.raises(SlotNotOffered) as refusal:
        do(validation.accept, request_, STAFF, now=now)
    assert refusal.value.values["reasons"] == ("closed",)
    assert do(cards.by_public_id, request_).status is Status.REQUESTED


def test_a_request_for_which_no_place_is_left_is_refused(do, request_, now):
    do(sample.booked, EIGHT, now=now, number=1, actor=STAFF)
    do(reopen, slots=1)
    with pytest.raises(SlotTaken):
        do(validation.accept, request_, STAFF, now=now)


def test_a_manager_accepts_it_all_the_same_with_a_reason_that_is_kept(do, request_, now, sound):
    do(sample.booked, EIGHT, now=now, number=1, actor=STAFF)
    do(reopen, slots=1)
    assert do(validation.accept, request_, STAFF, now=now, overbook="Deuxième quai ouvert exprès")
    assert do(cards.by_public_id, request_).overbook_reason == "Deuxième quai ouvert exprès"
    assert do(cards.history, request_)[-1].after["overbook"] == "Deuxième quai ouvert exprès"
    assert sound()


def test_a_place_that_is_overbooked_is_no_longer_its_own_alone(do, now, sound):
    do(sample.docks, policy={"validation": "manager"}, week=ONE_PLACE)
    asked = do(sample.booked, EIGHT, now=now).public_id
    assert do(exclusive) == [True]
    do(validation.accept, asked, STAFF, now=now, overbook="Avec un deuxième camion")
    assert do(exclusive) == [False]
    assert sound()


def test_a_request_keeps_the_length_that_was_promised(do, request_, now):
    def longer():
        with transaction() as session:
            planning = session.query(Planning).one()
            planning.slot_minutes, planning.revision = 300, new_revision()

    do(longer)
    assert do(validation.accept, request_, STAFF, now=now)
    card = do(cards.by_public_id, request_)
    assert card.end - card.start == timedelta(hours=1)


def test_the_only_place_is_its_own(do, now, sound):
    do(sample.docks, policy={"validation": "manager"}, week=ONE_PLACE)
    asked = do(sample.booked, EIGHT, now=now)
    with pytest.raises(SlotTaken):
        do(sample.booked, EIGHT, now=now, number=1)
    assert do(validation.accept, asked.public_id, STAFF, now=now)
    assert sound()


# Too late


@pytest.mark.parametrize("answer", [validation.accept, validation.decline])
def test_an_answer_is_in_time_until_just_before_its_deadline(do, request_, now, answer):
    deadline = now + timedelta(hours=2)
    for late in (deadline, deadline + SECOND):
        with pytest.raises(StateChanged):
            do(answer, request_, STAFF, now=late)
    assert do(answer, request_, STAFF, now=deadline - SECOND)


def test_nothing_expires_before_its_deadline(do, request_, now):
    assert do(validation.expire, now + timedelta(hours=2) - SECOND) == 0
    assert do(cards.by_public_id, request_).status is Status.REQUESTED


def test_an_expired_request_gives_its_place_back_and_both_sides_are_told(do, request_, now, sound):
    deadline = now + timedelta(hours=2)
    assert do(validation.expire, deadline) == 1
    card = do(cards.by_public_id, request_)
    assert (card.status, card.answer_by) == (Status.EXPIRED, None)
    assert (do(cards.history, request_)[-1].actor, do(kinds, request_)) == ("system", ["requested", "expired"])
    assert do(mails, 2) == [("expired", None), ("site_notice", "expired")]
    assert do(freed_places) == [("expired", "08:00")]
    assert do(places, EIGHT, now) == 6
    assert do(validation.expire, deadline) == 0
    assert sound()


def test_no_request_outlives_its_start(do, now, sound):
    do(sample.docks, policy={"validation": "manager", "answer_within": "30d"})
    asked = do(sample.booked, "2026-12-01 10:00", now=now)
    start = paris("2026-12-01 10:00")
    assert do(cards.by_public_id, asked.public_id).answer_by == start
    assert do(validation.expire, start - SECOND) == 0
    with pytest.raises(StateChanged):
        do(validation.accept, asked.public_id, STAFF, now=start)
    assert do(validation.expire, start) == 1
    assert sound()


def test_nothing_waits_beyond_its_start_whatever_its_deadline_says(do, request_, now, sound):
    def longer():
        with transaction() as session:
            session.query(Appointment).one().answer_by = paris("2026-12-08 08:00")

    do(longer)
    start = paris(EIGHT)
    for answer in (validation.accept, validation.decline):
        with pytest.raises(StateChanged):
            do(answer, request_, STAFF, now=start)
    assert do(validation.expire, start - SECOND) == 0
    assert do(validation.expire, start) == 1
    assert sound()


def test_a_cancelled_request_does_not_expire(do, request_, now):
    do(appointments.cancel, request_, GUEST, now=now)
    assert do(validation.expire, now + timedelta(hours=3)) == 0
    assert do(cards.by_public_id, request_).status is Status.CANCELLED


def test_the_worker_lets_requests_expire(do, request_, now):
    assert do(jobs.expire_requests, now + timedelta(hours=2)) == 1


# A move that waits


def test_an_accepted_move_swaps_the_places(do, moving, now, sound):
    queued = len(do(mails))
    assert (do(places, EIGHT, now), do(places, TEN, now)) == (5, 5)
    assert do(validation.accept, moving, STAFF, now=now)
    card = do(cards.by_public_id, moving)
    assert (card.start, card.end) == (paris(TEN), paris("2026-12-07 11:00"))
    assert (card.wanted, card.answer_by, card.sequence) == (None, None, 1)
    assert (do(places, EIGHT, now), do(places, TEN, now)) == (6, 5)
    assert do(mails, queued) == [("change", None), ("site_notice", "moved")]
    assert do(freed_places) == [("moved", "08:00")]
    assert do(cards.history, moving)[-1].after["accepted"]
    assert sound()


def test_a_move_taken_back_leaves_the_appointment_where_it_is(do, moving, now, sound):
    assert do(validation.withdraw, moving, GUEST, now=now)
    assert not do(validation.withdraw, moving, GUEST, now=now)
    card = do(cards.by_public_id, moving)
    assert (card.start, card.wanted, card.answer_by) == (paris(EIGHT), None, None)
    assert (do(places, EIGHT, now), do(places, TEN, now)) == (5, 6)
    assert do(freed_places) == [("moved", "10:00")]
    with pytest.raises(StateChanged):
        do(validation.accept, moving, STAFF, now=now)
    assert sound()


def test_the_local_time_of_an_accepted_move_is_the_one_promised(do, moving, now):
    do(validation.accept, moving, STAFF, now=now)
    assert do(integrity.check, now).breaches == ()


def test_a_declined_move_leaves_the_appointment_where_it_is(do, moving, now, sound):
    queued = len(do(mails))
    assert do(validation.decline, moving, STAFF, now=now, reason="Trop tard.")
    card = do(cards.by_public_id, moving)
    assert (card.status, card.start, card.wanted) == (Status.CONFIRMED, paris(EIGHT), None)
    assert (do(places, EIGHT, now), do(places, TEN, now)) == (5, 6)
    assert do(mails, queued) == [("move_declined", None)]
    assert do(freed_places) == [("declined", "10:00")]
    assert do(kinds, moving)[-1] == "move_declined"
    assert sound()


def test_an_expired_move_leaves_the_appointment_where_it_is(do, moving, now, sound):
    queued = len(do(mails))
    assert do(validation.expire, now + timedelta(hours=2)) == 1
    card = do(cards.by_public_id, moving)
    assert (card.status, card.start, card.wanted) == (Status.CONFIRMED, paris(EIGHT), None)
    assert do(mails, queued) == [("move_expired", None), ("site_notice", "move_expired")]
    assert do(freed_places) == [("expired", "10:00")]
    assert sound()


def test_a_move_that_was_declined_is_not_taken_for_accepted(do, moving, now):
    do(validation.decline, moving, STAFF, now=now)
    assert not do(validation.decline, moving, STAFF, now=now)
    with pytest.raises(StateChanged):
        do(validation.accept, moving, STAFF, now=now)


def test_a_move_beside_its_own_place_is_judged_without_it(do, now, sound):
    do(sample.docks, policy={"validation": "manager"}, week=ONE_PLACE)
    asked = do(sample.booked, EIGHT, now=now).public_id
    do(validation.accept, asked, STAFF, now=now)
    do(appointments.move, Move(asked, paris("2026-12-07 08:30"), GUEST), now=now)
    assert do(validation.accept, asked, STAFF, now=now)
    assert do(exclusive) == [True]
    assert sound()


def exclusive() -> list[bool]:
    with reading() as session:
        return list(session.scalars(select(Allocation.exclusive).where(Allocation.released_at.is_(None))))


def test_a_move_to_what_is_full_by_now_needs_a_manager_with_a_reason(do, moving, now, sound):
    do(sample.booked, TEN, now=now, number=1, actor=STAFF)
    do(reopen, slots=1)
    with pytest.raises(SlotTaken):
        do(validation.accept, moving, STAFF, now=now)
    assert do(validation.accept, moving, STAFF, now=now, overbook="Accord du chef de quai")
    assert do(cards.by_public_id, moving).start == paris(TEN)
    assert do(exclusive) == [False, False]
    assert sound()


def test_who_has_arrived_at_the_old_time_does_not_move_any_more(do, moving, now, sound):
    do(marks.mark, moving, Status.ARRIVED, STAFF, now=now)
    with pytest.raises(StateChanged):
        do(validation.accept, moving, STAFF, now=now)
    assert do(validation.expire, now + timedelta(hours=2)) == 1
    assert do(cards.by_public_id, moving).status is Status.ARRIVED
    assert sound()


# Lists


def test_requests_are_listed_by_their_deadline(do, request_, now, statements):
    later = do(sample.booked, "2026-12-04 08:00", now=now + timedelta(hours=1), number=1).public_id
    with statements(at_most=2):
        found = do(requests.search, Wanted(), now=now)
    assert [card.public_id for card in found.requests] == [request_, later]
    assert (found.total, found.pages) == (2, 1)


def test_a_move_that_waits_is_a_request_too(do, moving, now):
    assert [card.wanted for card in do(requests.search, Wanted(), now=now).requests] == [
        (paris(TEN), paris("2026-12-07 11:00"))
    ]


def test_what_is_answered_or_too_late_is_no_request(do, request_, now):
    assert do(requests.search, Wanted(), now=now + timedelta(hours=2)).total == 0
    do(validation.decline, request_, STAFF, now=now)
    assert do(requests.search, Wanted(), now=now).requests == []


def test_requests_are_counted_and_filtered_by_site_and_planning(do, request_, now, statements):
    with statements(at_most=1):
        (place,) = do(requests.places, now=now)
    assert (place.site, place.planning, place.number) == ("bordeaux", "quais", 1)
    for wanted, number in ((Wanted("bordeaux", "quais"), 1), (Wanted("lyon"), 0), (Wanted(planning="x"), 0)):
        assert do(requests.search, wanted, now=now).total == number


def test_requests_of_other_sites_are_not_there(do, request_, now):
    elsewhere = Scope(frozenset({0}))
    assert do(requests.search, Wanted(), now=now, scope=elsewhere).total == 0
    assert do(requests.places, now=now, scope=elsewhere) == []


def test_pages_end_where_there_is_nothing_more(do, docks, now):
    for number in range(3):
        do(sample.booked, EIGHT, now=now, number=number)
    found = do(requests.search, Wanted(), now=now, page=9, size=2)
    assert (len(found.requests), found.page, found.pages) == (1, 2, 2)


def test_how_full_the_hour_is_without_the_request_itself(do, request_, now):
    do(sample.booked, "2026-12-07 08:30", now=now, number=1, actor=STAFF)
    card = do(cards.by_public_id, request_)
    room = do(requests.room, card, now=now)
    assert (room.present, room.places, room.judged.offered) == (1, 6, True)
    do(reopen, start=540)
    room = do(requests.room, card, now=now)
    assert (room.places, room.judged.reasons) == (0, ("closed",))


def test_the_last_answer_is_known_where_it_was_no(do, moving, now):
    card = do(cards.by_public_id, moving)
    assert do(requests.refusal, card) is None
    do(validation.decline, moving, STAFF, now=now, reason="Trop tard.")
    wanted = (paris(TEN), paris("2026-12-07 11:00"))
    assert do(requests.refusal, card) == Answer("move_declined", "Trop tard.", wanted)
    do(appointments.move, Move(moving, paris(TEN), GUEST), now=now)
    assert do(requests.refusal, card) is None


def test_a_site_without_an_address_hears_nothing(do, now):
    do(sample.site, email=None)
    do(sample.planning, policy={"validation": "manager"})
    asked = do(sample.booked, EIGHT, now=now)
    do(validation.decline, asked.public_id, STAFF, now=now)
    assert do(mails) == [("request_received", None), ("declined", None)]
