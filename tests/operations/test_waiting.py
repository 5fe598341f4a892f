"""The waiting list: who may join it for which days, how one leaves it, and when it is over."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.domain.errors import Invalid, LinkUnknown, NotEligible, NotFound
from portal.extensions import reading
from portal.models import WaitingEntry
from portal.operations import appointment_lists, appointments, offers, tokens, waiting
from portal.operations.waiting import Joining, Place
from tests import sample
from tests.operations import waiters
from tests.operations.waiters import MONDAY, TUESDAY
from tests.sample import paris

GUEST = Place(site="bordeaux", planning="quais")
HOURS = ("08:00", "09:00", "10:00", "11:00")
LISTED = {"waiting_list": True}


@pytest.fixture
def dock(do):
    return lambda **options: do(waiters.dock, **{"policy": LISTED, **options})


@pytest.fixture
def fill(do, now):
    """Take every place of some days."""

    def act(*days):
        for day in days:
            for number, hour in enumerate(HOURS):
                do(waiters.book, f"{day} {hour}", 90 + number, now=now, actor=waiters.STAFF)

    return act


@pytest.fixture
def join(do, now):
    def act(first=MONDAY, last=None, place=GUEST, email="paul@example.com", at=None):
        days = date.fromisoformat(first), date.fromisoformat(last or first)
        do(waiting.join, Joining(place, *days, email, "Paul", "fr"), now=at or now)

    return act


def entries():
    with reading() as session:
        return list(session.scalars(select(WaitingEntry).order_by(WaitingEntry.id)))


def token():
    (only,) = entries()
    return tokens.token(tokens.WAIT, only.public_id, only.generation)


def problem(refusal):
    return refusal.value.values["problem"]


def test_who_joins_for_a_full_day_is_kept_and_mailed_how_to_leave(do, dock, fill, join):
    dock()
    fill(MONDAY)
    join()
    (entry,) = do(entries)
    assert (entry.email, entry.first_day, entry.last_day, entry.state) == (
        "paul@example.com",
        date.fromisoformat(MONDAY),
        date.fromisoformat(MONDAY),
        "waiting",
    )
    assert do(waiters.mailed, "waiting_joined") == ["paul"]


def test_a_day_with_a_free_slot_is_not_waited_for(dock, join):
    dock()
    with pytest.raises(Invalid) as refusal:
        join()
    assert (problem(refusal), refusal.value.values["day"]) == ("day_free", MONDAY)


def test_a_range_is_waited_for_when_each_open_day_of_it_is_full(do, dock, fill, join):
    dock(week={1: ((480, 720, 1),), 3: ((480, 720, 1),)})
    fill(MONDAY)
    with pytest.raises(Invalid):
        join(MONDAY, "2026-12-09")
    fill("2026-12-09")
    join(MONDAY, "2026-12-09")
    assert len(do(entries)) == 1


def test_closed_days_alone_are_not_waited_for(dock, join):
    dock(week={1: ((480, 720, 1),)})
    with pytest.raises(Invalid) as refusal:
        join(TUESDAY)
    assert problem(refusal) == "never_open"


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        ("2026-11-30", MONDAY, "outside_days"),
        (MONDAY, "2027-03-02", "outside_days"),
        (TUESDAY, MONDAY, "days_order"),
        ("2026-12-01", "2027-02-01", "too_many_days"),
    ],
)
def test_days_that_cannot_be_waited_for_are_refused_with_their_reason(dock, join, first, last, why):
    dock()
    with pytest.raises(Invalid) as refusal:
        join(first, last)
    assert problem(refusal) == why


def test_the_last_day_of_the_horizon_and_the_longest_range_are_accepted(do, dock, join):
    dock()
    for first, last in ((MONDAY, "2027-03-01"), ("2026-12-01", "2027-01-31")):
        with pytest.raises(Invalid) as refusal:
            join(first, last)
        assert problem(refusal) in ("day_free", "too_many_days")


def test_where_there_is_no_list_and_where_guests_may_not_book_nothing_is_found(do, dock, join):
    dock(policy={})
    with pytest.raises(NotFound):
        join()


def test_guests_do_not_wait_where_they_may_not_book(do, dock, fill, join):
    dock(guests=False)
    fill(MONDAY)
    with pytest.raises(NotFound):
        join()
    do(sample.order)
    join(place=Place(token=do(sample.link)), email="achats@example.com")
    assert do(entries)[0].link_id is not None


def test_a_link_waits_on_its_own_days_and_under_its_own_address(do, dock, fill, join):
    dock()
    fill(MONDAY, TUESDAY)
    do(sample.order)
    place = Place(token=do(sample.link, last_day=date.fromisoformat(MONDAY)))
    with pytest.raises(Invalid):
        join(TUESDAY, place=place, email="achats@example.com")
    with pytest.raises(Invalid):
        join(place=place, email="autre@example.com")
    join(place=place, email="achats@example.com")
    assert len(do(entries)) == 1


def test_an_address_waits_once_for_the_same_days(do, dock, fill, join):
    dock()
    fill(MONDAY, TUESDAY)
    for days in ((MONDAY,), (MONDAY,), (MONDAY, TUESDAY)):
        join(*days)
    join(email="autre@example.com")
    assert [entry.email for entry in do(entries)] == ["paul@example.com", "paul@example.com", "autre@example.com"]
    assert len(do(waiters.mailed, "waiting_joined")) == 3


def test_patterns_bind_who_joins_but_nobody_learns_who_is_a_customer(do, dock, fill, join):
    dock(policy={**LISTED, "who": "existing", "email_patterns": ["*@example.com"]})
    fill(MONDAY)
    with pytest.raises(NotEligible):
        join(email="paul@elsewhere.org")
    join(email="inconnu@example.com")
    do(sample.order)
    join(email="achats@example.com")
    assert len(do(entries)) == 2


def test_how_many_wait_for_a_day_is_shown(do, dock, fill, join, now):
    dock()
    fill(MONDAY, TUESDAY)
    join()
    join(MONDAY, TUESDAY)
    looked = {day: do(waiting.look, GUEST, date.fromisoformat(day), now=now) for day in (MONDAY, TUESDAY, "2026-12-09")}
    assert [page.waiting for page in looked.values()] == [2, 1, 0]
    assert [page.full for page in looked.values()] == [True, True, False]


def test_who_leaves_is_asked_no_more_and_may_leave_twice(do, dock, fill, join, now):
    dock()
    fill(MONDAY)
    join()
    mine = do(token)
    for _ in range(2):
        do(waiting.leave, mine, now=now)
    assert do(entries)[0].state == "left"
    assert do(waiting.read, mine).entry.state == "left"


def test_who_leaves_loses_the_offer_that_was_open_and_the_next_one_is_asked(do, dock, fill, join, now):
    dock(policy={**LISTED, "earlier_slots": {"mode": "one_by_one"}})
    fill(MONDAY)
    for email in ("paul@example.com", "autre@example.com"):
        join(email=email)
    last = do(appointment_lists.of_day, "bordeaux", date.fromisoformat(MONDAY))[-1]
    do(appointments.cancel, last.public_id, waiters.STAFF, now=now, undo=False)
    do(offers.advance, now)
    first = do(entries)[0]
    do(waiting.leave, do(tokens.token, tokens.WAIT, first.public_id, 1), now=now)
    assert do(offers.advance, now) == 1
    assert do(waiters.mailed, "place_free") == ["paul", "autre"]
    assert [offer.state for offer in do(waiters.offers)] == ["withdrawn", "open"]


def test_tokens_of_others_open_nothing(do, dock, fill, join):
    dock()
    fill(MONDAY)
    join()
    (entry,) = do(entries)
    for purpose, generation in ((tokens.OFFER, 1), (tokens.WAIT, 2)):
        with pytest.raises(LinkUnknown):
            do(waiting.read, do(tokens.token, purpose, entry.public_id, generation))


def test_waiting_is_over_when_its_last_day_has_passed_at_the_site(do, dock, fill, join):
    dock()
    fill(MONDAY)
    join()
    midnight = paris(f"{TUESDAY} 00:00")
    assert do(waiting.end_over, midnight - timedelta(seconds=1)) == 0
    assert do(waiting.end_over, midnight) == 1
    assert do(entries)[0].state == "over"
