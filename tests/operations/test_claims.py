"""Taking what was offered: who is first moves, the others learn it, and what is left is offered on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.domain.errors import ChangeTooLate, LimitReached, LinkUnknown, NotFound, OfferGone
from portal.domain.lifecycle import Status
from portal.extensions import reading, transaction
from portal.models import Allocation, Appointment, Event, Link, Site, WaitingEntry
from portal.operations import (
    appointments,
    cards,
    claims,
    integrity,
    offer_stops,
    offered,
    offers,
    tokens,
)
from portal.operations.actors import GUEST
from portal.operations.claims import Claim
from portal.operations.keepsakes import new_revision
from portal.operations.once import Once
from portal.operations.wishes import Move
from tests import sample
from tests.operations import waiters
from tests.operations.waiters import MONDAY, STAFF
from tests.sample import paris

LATER = "2026-12-14"
NINE = f"{MONDAY} 09:00"
IN_TURN = {"mode": "one_by_one"}


@pytest.fixture
def dock(do):
    return lambda slots=1, **options: do(waiters.dock, slots, **options)


@pytest.fixture
def book(do, now):
    seconds = iter(range(10_000))

    def make(start, number=0, **options):
        return do(waiters.book, start, number, now=now + timedelta(seconds=next(seconds)), **options).public_id

    return make


@pytest.fixture
def given_back(do, dock, book, now):
    """Give back Monday at 9, for which the holders of the following Monday's hours wait, and let the worker ask them.

    Gives the tokens of the offers.
    """

    def act(holders=2, slots=1, **policy):
        dock(slots, policy=policy)
        taken = [book(NINE, 90 + number) for number in range(slots)]
        for number in range(1, holders + 1):
            book(f"{LATER} {7 + number:02}:00", number)
        do(waiters.cancel, taken[0], now)
        do(offers.advance, now)
        return do(waiters.offer_tokens)

    return act


@pytest.fixture
def claim(do, now):
    return lambda token, at=None, **options: do(claims.claim, token, now=at or now, **options)


@pytest.fixture
def sound(do, now):
    yield
    assert do(integrity.check, now).breaches == ()


def card(public_id):
    return cards.by_public_id(public_id)


def free(start, now):
    return sample.judged(start, now=now).offered


def states():
    return [offer.state for offer in waiters.offers()]


def last_event(public_id):
    with reading() as session:
        query = select(Event).join(Appointment).where(Appointment.public_id == public_id).order_by(Event.id.desc())
        return session.scalars(query.limit(1)).one()


def test_a_claim_moves_the_appointment_and_frees_the_old_place(do, given_back, claim, now, sound):
    token, _ = given_back()
    booked = claim(token)
    assert booked.start == paris(NINE)
    assert do(card, booked.public_id).sequence == 1
    assert not do(free, NINE, now)
    assert do(free, f"{LATER} 08:00", now)
    assert "chauffeur1" in do(waiters.mailed, "change")


def test_the_history_says_by_which_offer_it_moved(do, given_back, claim):
    booked = claim(given_back()[0])
    told = do(last_event, booked.public_id)
    assert (told.kind, told.actor, told.after["offer"]) == ("rescheduled", "customer", do(waiters.offers)[0].id)


def test_who_comes_second_is_too_late_and_loses_nothing(do, given_back, claim, now, sound):
    first, second = given_back()
    claim(first)
    with pytest.raises(OfferGone):
        claim(second)
    assert do(states) == ["claimed", "withdrawn"]
    assert not do(free, f"{LATER} 09:00", now)


def test_a_claim_of_a_place_that_the_public_took_is_too_late(do, given_back, book, claim):
    token, _ = given_back()
    book(NINE, 7)
    with pytest.raises(OfferGone):
        claim(token)
    assert do(states)[0] == "open"


def test_an_offer_is_claimed_until_it_ends_and_no_longer(do, given_back, claim, now):
    tokens = given_back(min_notice="2d")
    end = paris("2026-12-05 09:00")
    with pytest.raises(OfferGone):
        claim(tokens[0], at=end)
    claim(tokens[0], at=end - timedelta(seconds=1))


def test_a_used_link_opens_nothing_any_more(do, given_back, claim, now):
    token, _ = given_back()
    claim(token)
    with pytest.raises(LinkUnknown):
        claim(token)
    with pytest.raises(LinkUnknown):
        do(offered.read, token, now=now)


def test_a_double_click_is_one_claim(given_back, claim):
    token, _ = given_back()
    once = Once("offer", "k1")
    first, second = claim(token, once=once), claim(token, once=once)
    assert (first.public_id, second.replayed) == (second.public_id, True)


def test_what_a_claim_frees_is_offered_in_its_turn(do, given_back, book, claim, now):
    token = given_back(holders=1)[0]
    book("2026-12-21 08:00", 5)
    claim(token)
    assert do(offers.advance, now) == 1
    assert do(waiters.mailed, "earlier_slot") == ["chauffeur1", "chauffeur5"]
    assert [place.cause for place in do(waiters.places)] == ["cancelled", "claimed"]


def test_a_chain_of_claims_moves_each_to_where_the_one_before_was(do, dock, book, claim, now, sound):
    dock()
    days = ["2026-12-07", "2026-12-14", "2026-12-21", "2026-12-28"]
    ids = [book(f"{day} 09:00", number) for number, day in enumerate(days)]
    do(waiters.cancel, ids[0], now)
    for later, mine in enumerate(ids[1:]):
        at = now + timedelta(days=later)  # one offer a day
        do(offers.advance, at)
        claim(do(open_token, mine), at=at)
    assert [f"{do(card, mine).start.astimezone(sample.PARIS):%Y-%m-%d}" for mine in ids[1:]] == days[:3]


def open_token(public_id):
    """Derive the token of the newest offer to an appointment."""
    mine = cards.by_public_id(public_id).id
    newest = [offer for offer in waiters.offers() if offer.appointment_id == mine][-1]
    return tokens.token(tokens.OFFER, newest.public_id, newest.generation)


def card_of_offer(offer):
    with reading() as session:
        public_id = session.get_one(Appointment, offer.appointment_id).public_id
    return cards.by_public_id(public_id)


def test_a_claim_where_moves_wait_for_an_answer_counts_as_accepted(do, dock, book, claim, now):
    dock(policy={"validation": "manager"})
    first = book(NINE, actor=STAFF)
    book(f"{LATER} 08:00", 1, actor=STAFF)
    do(appointments.cancel, first, STAFF, now=now, undo=False)
    do(offers.advance, now)
    booked = claim(do(waiters.offer_tokens)[0])
    assert (booked.status, booked.start) == (Status.CONFIRMED, paris(NINE))


def test_a_claim_after_the_appointment_was_cancelled_or_moved_before_is_too_late(do, given_back, claim, now):
    first, second = given_back()
    mine, other = (do(card_of_offer, offer).public_id for offer in do(waiters.offers))
    do(waiters.cancel, mine, now)
    do(appointments.move, Move(other, paris(f"{MONDAY} 08:00"), GUEST), now=now)
    for token in (first, second):
        with pytest.raises(OfferGone):
            claim(token)


def test_a_claim_past_the_cut_off_for_changes_says_whom_to_call(do, given_back, claim):
    token, _ = given_back()
    do(set_policy, change_notice="60d")
    with pytest.raises(ChangeTooLate):
        claim(token)


def set_policy(**policy):
    with transaction() as session:
        for site in session.query(Site):
            site.policy, site.revision = {**site.policy, **policy}, new_revision()


def test_a_claim_that_would_break_a_limit_is_refused(do, given_back, book, claim):
    token, _ = given_back()
    do(set_policy, max_per_day=1)
    book(f"{MONDAY} 10:00", 1)
    with pytest.raises(OfferGone):
        claim(token)


# Places that are kept


def test_a_claim_takes_the_place_that_is_kept_for_it(do, given_back, claim, now, sound):
    token = given_back(earlier_slots=IN_TURN)[0]
    assert not do(free, NINE, now)
    assert claim(token).start == paris(NINE)
    assert [place.state for place in do(waiters.places)] == ["done", "waiting"]


def test_in_a_cooling_off_a_claim_takes_what_the_public_cannot(do, given_back, claim, now, sound):
    token, _ = given_back(cooling_off=60)
    assert not do(free, NINE, now)
    assert claim(token).start == paris(NINE)


def test_after_a_claim_of_one_of_two_units_the_rest_is_offered_on(do, dock, book, claim, now, sound):
    dock(2, policy={"earlier_slots": IN_TURN})
    both = book(NINE, actor=STAFF, quantity=2)
    for number in (1, 2):
        book(f"{LATER} {8 + number:02}:00", number)
    do(waiters.cancel, both, now)
    do(offers.advance, now)
    claim(do(waiters.offer_tokens)[0])
    assert not do(free, NINE, now)
    assert do(offers.advance, now) == 1
    assert do(waiters.mailed, "earlier_slot") == ["chauffeur1", "chauffeur2"]


def test_in_mode_all_as_many_claim_as_there_are_places(do, dock, book, claim, now, sound):
    dock(2)
    both = book(NINE, actor=STAFF, quantity=2)
    for number in (1, 2, 3):
        book(f"{LATER} {7 + number:02}:00", number)
    do(waiters.cancel, both, now)
    do(offers.advance, now)
    first, second, third = do(waiters.offer_tokens)
    claim(first)
    claim(second)
    with pytest.raises(OfferGone):
        claim(third)


def test_in_a_cooling_off_two_places_of_one_hour_go_to_two_who_were_offered_it(do, dock, book, claim, now, sound):
    dock(2, policy={"cooling_off": 60})
    both = [book(NINE, number) for number in (90, 91)]
    for number in (1, 2, 3):
        book(f"{LATER} {7 + number:02}:00", number)
    for one in both:
        do(waiters.cancel, one, now)
    do(offers.advance, now)
    first, second, third = do(waiters.offer_tokens)
    for token in (first, second):
        assert do(offered.read, token, now=now).open
        claim(token)
    assert not do(offered.read, third, now=now).open
    assert not do(free, NINE, now)


def test_what_is_left_of_two_units_stays_kept_for_the_cooling_off_and_no_longer(do, dock, book, claim, now, sound):
    dock(2, policy={"cooling_off": 60})
    both = book(NINE, actor=STAFF, quantity=2)
    for number in (1, 2):
        book(f"{LATER} {7 + number:02}:00", number)
    do(waiters.cancel, both, now)
    do(offers.advance, now)
    claim(do(waiters.offer_tokens)[0])
    assert not do(free, NINE, now + timedelta(minutes=59))
    assert do(free, NINE, now + timedelta(minutes=60))


def test_no_more_is_kept_than_is_free(do, dock, book, claim, now, sound):
    dock(2, policy={"earlier_slots": IN_TURN})
    both = book(NINE, actor=STAFF, quantity=2)
    for number in (1, 2):
        book(f"{LATER} {8 + number:02}:00", number)
    do(waiters.cancel, both, now)
    do(offers.advance, now)
    claim(do(waiters.offer_tokens)[0])
    do(offers.advance, now)
    assert do(kept_units, now) == 1


def kept_units(now):
    with reading() as session:
        live = (Allocation.released_at.is_(None), Allocation.role == "kept", Allocation.taken_until > now)
        return session.scalar(select(func.sum(Allocation.units)).where(*live))


# Too late


def test_too_late_names_the_other_earlier_starts_that_are_free_now(do, given_back, claim, now):
    first, second = given_back()
    claim(first)
    page = do(offered.read, second, now=now)
    assert not page.open
    assert page.others[0].start == paris("2026-12-01 09:00")
    assert all(start.start < page.appointment.start for start in page.others)
    assert len(page.others) == offered.OTHERS


def test_an_open_offer_shows_both_times_and_writes_nothing(do, given_back, now, no_writes):
    token, _ = given_back(cooling_off=60)
    with no_writes():
        for _ in range(2):
            page = do(offered.read, token, now=now)
    assert page.open
    assert (page.start.start, page.appointment.start) == (paris(NINE), paris(f"{LATER} 08:00"))


# Stopping


def test_who_stops_offers_gets_no_more_and_their_open_ones_end(do, given_back, claim, now):
    first, _ = given_back()
    do(offer_stops.stop_by, first, now=now)
    assert do(states) == ["withdrawn", "open"]
    assert do(offer_stops.stopped, "chauffeur1@example.com")
    with pytest.raises(OfferGone):
        claim(first)


def test_in_turn_the_next_is_asked_when_one_stops_offers(do, given_back, now):
    token = given_back(earlier_slots=IN_TURN)[0]
    do(offer_stops.stop_by, token, now=now)
    assert do(offers.advance, now) == 1
    assert do(waiters.mailed, "earlier_slot") == ["chauffeur1", "chauffeur2"]


def test_offers_may_be_wanted_again(do, given_back, now):
    given_back()
    for wanted in (False, False, True):
        do(offer_stops.switch, "chauffeur1@example.com", wanted, now=now)
    assert not do(offer_stops.stopped, "chauffeur1@example.com")


# The waiting list


@pytest.fixture
def listed(do, dock, book, now):
    """Offer Monday at 9 to somebody of the waiting list; gives the token."""

    def act(*, link_id=None, guests=True, policy=None, **options):
        dock(policy={"waiting_list": True, **(policy or {})}, guests=guests, **options)
        taken = book(NINE, 90, actor=STAFF)
        do(waiters.wait, MONDAY, number=1, now=now, link_id=do(link_id) if link_id else None)
        do(waiters.cancel, taken, now)
        do(offers.advance, now)
        return do(waiters.offer_tokens)[0]

    return act


def entry():
    with reading() as session:
        return session.scalars(select(WaitingEntry)).one()


def order_link():
    sample.order()
    sample.link()
    with reading() as session:
        return session.scalars(select(Link.id)).one()


def test_somebody_of_the_list_books_the_place_under_the_address_that_was_mailed(do, listed, now, sound):
    booked = do(claims.book, Claim(listed(), "Paul Attente"), now=now)
    found = do(card, booked.public_id)
    assert (found.email, found.name, found.start) == ("attente1@example.com", "Paul Attente", paris(NINE))
    assert (do(entry).state, do(entry).appointment_id) == ("served", found.id)
    assert do(waiters.mailed, "confirmation")[-1] == "attente1"


def test_who_came_by_a_link_books_under_it(do, listed, now):
    booked = do(claims.book, Claim(listed(link_id=order_link, guests=False), "Paul"), now=now)
    assert (do(card, booked.public_id).order, do(card, booked.public_id).source) == ("CMD-1042", "link")


def test_a_link_that_is_full_books_no_more_from_the_list_either(do, listed, book, now):
    token = listed(link_id=order_link)
    book(f"{LATER} 09:00", 5)
    do(fill_link)
    with pytest.raises(LimitReached):
        do(claims.book, Claim(token, "Paul"), now=now)


def fill_link():
    """Let the link allow one appointment, which there is."""
    with transaction() as session:
        link = session.query(Link).one()
        link.max_active = 1
        session.query(Appointment).filter_by(status="confirmed").one().link_id = link.id


def test_a_place_of_the_list_is_booked_once(do, listed, now):
    token = listed()
    once = Once("offer", "k1")
    first = do(claims.book, Claim(token, "Paul", once=once), now=now)
    assert do(claims.book, Claim(token, "Paul", once=once), now=now).public_id == first.public_id
    with pytest.raises(LinkUnknown):
        do(claims.book, Claim(token, "Paul"), now=now)


def test_a_place_of_the_list_that_is_gone_is_too_late(do, listed, book, now):
    token = listed()
    book(NINE, 5)
    with pytest.raises(OfferGone):
        do(claims.book, Claim(token, "Paul"), now=now)
    assert do(entry).state == "waiting"


def test_what_validation_asks_for_is_asked_of_the_list_too(do, listed, now):
    booked = do(claims.book, Claim(listed(policy={"validation": "manager"}), "Paul"), now=now)
    assert booked.status is Status.REQUESTED


def test_an_address_that_a_mail_of_ours_proved_need_not_be_confirmed(do, listed, now):
    booked = do(claims.book, Claim(listed(policy={"confirm_by_mail": 15}), "Paul"), now=now)
    assert booked.status is Status.CONFIRMED


def test_an_offer_to_a_holder_cannot_be_booked_nor_one_to_the_list_be_moved(do, given_back, now):
    token, _ = given_back()
    with pytest.raises(OfferGone):
        do(claims.book, Claim(token, "Paul"), now=now)


def test_a_claim_of_the_list_where_guests_may_not_book_any_more_is_too_late(do, listed, now):
    token = listed()

    def shut():
        with transaction() as session:
            for planning in session.query(sample.Planning):
                planning.guests, planning.revision = False, new_revision()

    do(shut)
    with pytest.raises((OfferGone, NotFound)):
        do(claims.book, Claim(token, "Paul"), now=now)
