"""Many want one freed place at the same moment, and many workers offer it: once, to each one mail, never sold twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.domain.errors import Refusal
from portal.extensions import reading
from portal.models import Appointment, FreedPlace, Offer, OutboxMessage
from portal.operations import appointments, claims, lapses, offers, tokens
from portal.operations.actors import GUEST
from portal.operations.once import Once
from tests.faults import times
from tests.faults.dock import MONDAY, at, guest

CROWD = times(6, 40)
NINE = at(9 * 60)
IN_TURN = {"mode": "one_by_one"}


@pytest.fixture
def freed(open_dock, do, now):
    """Give back Monday at 9, the only place, for which so many holders of later ones wait."""

    def act(holders=CROWD, places=1, offered=True, **policy):
        open_dock(slots=places, step=60, undo=0, **policy)
        first = [do(appointments.book, guest(NINE, 100 + n), now=now) for n in range(places)]
        for number in range(holders):
            do(appointments.book, guest(at(8 * 60, MONDAY + timedelta(days=7 + number)), number), now=now)
        for one in first:
            do(appointments.cancel, one.public_id, GUEST, now=now)
        if offered:
            do(offers.advance, now)
        return do(all_tokens)

    return act


def all_tokens():
    with reading() as session:
        rows = session.execute(select(Offer.public_id, Offer.generation).order_by(Offer.id)).all()
    return [tokens.token(tokens.OFFER, row.public_id, row.generation) for row in rows]


def claim_one(number, given, now):
    """Claim the offer of one's number."""
    return _claimed(given[number % len(given)], now)


def claim_or_book(number, given, now):
    """Claim with even numbers, book as a stranger with odd ones."""
    if number % 2:
        return _tried(lambda: appointments.book(guest(NINE, 1000 + number), now=now))
    return _claimed(given[number % len(given)], now)


def press(number, token, now):
    """Press the same button as others do: the start that one is told."""
    return claims.claim(token, now=now, once=Once("offer", "the form's key")).start.isoformat()


def work(number, now, rounds):
    """Be a worker that does its rounds."""
    made = 0
    for _ in range(rounds):
        lapses.announce(now)
        made += offers.advance(now)
    return made


def work_or_claim(number, given, now):
    """Claim with most numbers, be a worker with the rest."""
    return work(number, now, 4) and 0 if number % 4 == 3 else _claimed(given[number % len(given)], now)


def _claimed(token, now):
    return _tried(lambda: claims.claim(token, now=now))


def _tried(act):
    try:
        act()
    except Refusal as refusal:
        return refusal.status
    return 200


def count(table, *conditions):
    with reading() as session:
        return session.scalar(select(func.count()).select_from(table).where(*conditions))


def test_of_a_crowd_that_claims_one_place_one_gets_it(processes, freed, sound, do, now):
    given = freed()
    answers = processes(CROWD, claim_one, given, now)
    assert Counter(answers) == {200: 1, 409: CROWD - 1}
    assert do(count, Appointment, Appointment.starts_at == NINE, Appointment.status == "confirmed") == 1
    sound(1)


def test_as_many_claim_as_places_were_given_back(processes, freed, sound, now):
    given = freed(places=3)
    assert Counter(processes(CROWD, claim_one, given, now))[200] == 3
    sound(3)


def test_claims_and_strangers_share_one_place(processes, freed, sound, do, now):
    given = freed()
    answers = processes(CROWD, claim_or_book, given, now)
    assert Counter(answers) == {200: 1, 409: CROWD - 1}
    sound(1)


def test_a_place_that_is_kept_goes_to_the_one_who_is_asked(processes, freed, sound, now):
    given = freed(earlier_slots=IN_TURN)
    answers = processes(CROWD, claim_or_book, given, now)
    assert 200 in answers[::2]
    assert set(answers[1::2]) == {409}
    sound(1)


def test_in_a_cooling_off_no_stranger_gets_in(processes, freed, sound, now):
    given = freed(cooling_off=60)
    answers = processes(CROWD, claim_or_book, given, now)
    assert Counter(answers[::2])[200] == 1
    assert set(answers[1::2]) == {409}
    sound(1)


def test_a_button_pressed_many_times_at_once_is_one_claim(processes, freed, do, now):
    token = freed(holders=1)[0]
    assert set(processes(CROWD, press, token, now)) == {NINE.isoformat()}
    assert do(count, FreedPlace) == 2  # the one that was given back, and the one that the claim left


@pytest.mark.parametrize("mode", ["all", "one_by_one"])
def test_three_workers_write_one_mail_to_each(processes, freed, do, now, mode):
    freed(offered=False, places=2, earlier_slots={"mode": mode})
    made = processes(3, work, now, 3)
    mails = do(count, OutboxMessage, OutboxMessage.kind == "earlier_slot")
    assert sum(made) == mails == do(count, Offer) == (CROWD if mode == "all" else 2)
    assert do(two_offers_a_day) == []


def two_offers_a_day():
    """List the appointments that got more than one offer on a day."""
    with reading() as session:
        query = select(Offer.appointment_id).group_by(Offer.appointment_id, Offer.offered_on)
        return session.scalars(query.having(func.count() > 1)).all()


def test_workers_and_claims_at_once_leave_everything_sound(processes, freed, sound, deadlocks, do, now):
    given = freed(places=2)
    before = deadlocks()
    processes(CROWD, work_or_claim, given, now)
    assert do(two_offers_a_day) == []
    assert deadlocks() == before
    sound(2)
