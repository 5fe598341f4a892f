"""What the mails of offers and waiting lists still say when they leave."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.extensions import reading, transaction
from portal.models import Appointment, OutboxMessage, WaitingEntry
from portal.operations import appointments, claims, letters, offer_stops, offers, outbox, tokens, waiting
from portal.operations.actors import GUEST
from portal.operations.letters import Stale
from portal.operations.waiting import Joining, Place
from portal.operations.wishes import Move
from tests import sample
from tests.operations import waiters
from tests.operations.waiters import MONDAY, STAFF
from tests.sample import paris

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
NINE, LATER = f"{MONDAY} 09:00", "2026-12-14"
KINDS = ("earlier_slot", "place_free", "waiting_joined")


@pytest.fixture
def offered(do, now):
    """Offer Monday at 9 to so many holders, or to somebody of the waiting list."""

    def act(holders=1, listed=False, **policy):
        do(waiters.dock, policy={"waiting_list": listed, **policy})
        first = do(waiters.book, NINE, 90, now=now, actor=STAFF)
        for number in range(1, holders + 1):
            do(waiters.book, f"{LATER} {7 + number:02}:00", number, now=now, actor=STAFF)
        if listed:
            do(waiters.wait, MONDAY, number=1, now=now)
        do(appointments.cancel, first.public_id, STAFF, now=now, undo=False)
        do(offers.advance, now)

    return act


@pytest.fixture
def told(do, now):
    """Claim the mails of offers and lists, and read them."""

    def read(at=now):
        messages = [one for one in do(outbox.claim, now=at, real_now=REAL) if one.kind in KINDS]
        return do(letters.read, messages, now=at)

    return read


def test_an_offer_shows_both_times_until_when_and_its_link(do, offered, told):
    offered()
    (content,) = told()
    assert (content.proposal.start, content.visit.start) == (paris(NINE), paris(f"{LATER} 08:00"))
    assert content.proposal.until == paris(NINE)
    assert not content.proposal.alone
    assert content.proposal.token == do(waiters.offer_tokens)[0]


def test_an_offer_in_turn_says_that_the_place_is_kept(offered, told):
    offered(earlier_slots={"mode": "one_by_one"})
    (content,) = told()
    assert content.proposal.alone


def test_in_a_cooling_off_an_offer_is_told_though_the_public_sees_nothing(offered, told):
    offered(cooling_off=60)
    assert told()[0].proposal.start == paris(NINE)


def test_when_another_was_faster_nobody_else_is_told(do, offered, told, now):
    offered(holders=3)
    do(claims.claim, do(waiters.offer_tokens)[0], now=now)
    assert told() == [Stale("claimed"), Stale("withdrawn"), Stale("withdrawn")]


def test_when_the_public_took_the_place_nobody_is_told(do, offered, told, now):
    offered(holders=2)
    do(waiters.book, NINE, 7, now=now)
    assert told() == [Stale("taken"), Stale("taken")]


def test_an_offer_whose_time_is_over_is_not_told(offered, told):
    offered()
    assert told(paris(NINE)) == [Stale("expired")]


def test_who_stopped_offers_meanwhile_is_not_told(do, offered, told, now):
    offered()
    do(offer_stops.switch, "chauffeur1@example.com", False, now=now)
    assert told() == [Stale("withdrawn")]


def test_an_appointment_that_moved_before_the_place_is_not_told(do, offered, told, now):
    offered()
    mine = do(waiters.offers)[0].appointment_id
    do(appointments.move, Move(do(public_id, mine), paris(f"{MONDAY} 08:00"), GUEST), now=now)
    assert told() == [Stale("moved_or_begun")]


def public_id(identity):
    with reading() as session:
        return session.get_one(Appointment, identity).public_id


def test_a_mail_of_many_takes_as_many_statements_as_that_of_one(do, offered, told, now, statements):
    offered(holders=4)
    do(copy_mails, 40)
    messages = [one for one in do(outbox.claim, now=now, real_now=REAL) if one.kind in KINDS]
    assert len(messages) > 20
    with statements(at_most=16):
        do(letters.read, messages, now=now)


def copy_mails(count):
    """Queue the first offer again and again."""
    with transaction() as session:
        session.query(OutboxMessage).filter(OutboxMessage.kind.not_in(KINDS)).delete()
        first = session.query(OutboxMessage).filter_by(kind="earlier_slot").first()
        for number in range(count):
            session.add(
                OutboxMessage(
                    kind=first.kind,
                    dedupe=f"copy{number}",
                    recipient=first.recipient,
                    locale="fr",
                    payload=first.payload,
                    appointment_id=first.appointment_id,
                    state="waiting",
                    not_before=first.not_before,
                    attempts=0,
                    error="",
                    created_at=first.created_at,
                )
            )


# The waiting list


@pytest.fixture
def joined(do, now):
    """Let somebody join the list of a full Monday."""

    def act(**policy):
        do(waiters.dock, policy={"waiting_list": True, **policy}, week={1: ((480, 540, 1),)})
        do(waiters.book, f"{MONDAY} 08:00", now=now, actor=STAFF)
        day = date.fromisoformat(MONDAY)
        place = Place(site="bordeaux", planning="quais")
        do(waiting.join, Joining(place, day, day, "achats@example.com", "", "fr"), now=now)

    return act


def test_who_joined_reads_for_which_days_and_how_to_leave(do, joined, told, now):
    joined()
    (content,) = told()
    assert content.joined.first_day == content.joined.last_day == date.fromisoformat(MONDAY)
    assert do(waiting.read, content.joined.token).entry.email == "achats@example.com"


def test_who_left_meanwhile_is_not_told(do, joined, told, now):
    joined()
    do(waiting.leave, do(entry_token), now=now)
    assert told() == [Stale("left")]


def entry_token():
    with reading() as session:
        entry = session.scalars(select(WaitingEntry)).one()
    return tokens.token(tokens.WAIT, entry.public_id, entry.generation)


def test_where_only_customers_may_book_a_stranger_hears_nothing(do, joined, told, now):
    joined(who="existing")
    assert told() == [Stale("nobody_known")]


def test_where_only_customers_may_book_one_of_them_hears_of_it(do, joined, told):
    joined(who="existing")
    do(sample.order)
    (content,) = told()
    assert content.joined is not None


def test_a_place_of_the_list_is_told_to_customers_only_where_only_they_may_book(do, offered, told, now):
    offered(holders=0, listed=True, who="existing")
    assert told() == [Stale("nobody_known")]


def test_a_place_of_the_list_is_told_with_its_link(do, offered, told, now):
    offered(holders=0, listed=True)
    (content,) = told()
    assert (content.proposal.start, content.visit) == (paris(NINE), None)
    assert content.proposal.until - now > timedelta(days=1)
