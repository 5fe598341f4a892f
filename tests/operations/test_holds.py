"""A place kept while a form is open: never sold meanwhile, free when its time is over, and shown nowhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.domain.errors import Invalid, LinkUnknown, NotEligible, OutsideWindow, SlotNotOffered, SlotTaken
from portal.extensions import reading
from portal.models import Allocation, Appointment, Event, OutboxMessage
from portal.operations import appointments, bookables, guest_calendars, holds, integrity, lapses, tokens
from portal.operations.actors import CUSTOMER, SYSTEM
from portal.operations.guest_calendars import Carried
from portal.operations.holds import Place
from portal.operations.once import Once
from portal.operations.wishes import Contact, Wish
from tests import sample
from tests.sample import paris

MONDAY, TEN, TUESDAY = "2026-12-07 08:00", "2026-12-07 10:00", "2026-12-08 08:00"
HERE = Place(site="bordeaux", planning="quais")
ONE_PLACE = dict.fromkeys(range(1, 6), ((480, 720, 1),))
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def docks(do):
    do(sample.docks, policy={"hold": 10}, week=ONE_PLACE)


@pytest.fixture
def hold(do, now):
    def take(start=MONDAY, form="a form", at=now, place=HERE, token=None):
        return do(holds.take, place, paris(start), do(holds.name_of, token, form), now=at)

    return take


def count(model):
    with reading() as session:
        return session.query(model).count()


def kept(token, now):
    with reading() as session:
        pool = bookables.find(session, "bordeaux", "quais").pool_id
        return holds.kept(session, token, pool, now)


def free(do, now, start=MONDAY, by=guest_calendars.NOTHING):
    return do(guest_calendars.choice, "bordeaux", "quais", paris(start), now=now, by=by).start.offered


def test_no_more_is_held_than_may_be_booked(do, hold):
    do(sample.docks, policy={"hold": 10})
    with pytest.raises(Invalid):
        hold(place=replace(HERE, quantity=6))


def test_a_place_is_held_for_as_long_as_the_policy_says(do, docks, hold, now):
    held = hold()
    assert held.until == now + TEN_MINUTES
    assert do(kept, held.token, now).until == held.until
    assert not free(do, now)


def test_a_held_place_is_not_sold(do, docks, hold, now):
    hold()
    with pytest.raises(SlotTaken):
        do(sample.booked, MONDAY, now=now)
    with pytest.raises(SlotTaken):
        do(sample.booked, MONDAY, now=now, actor=SYSTEM)


def test_its_own_form_sees_it_free_and_books_it(do, docks, hold, now):
    held = hold()
    assert free(do, now, by=Carried(hold=held.token))
    assert do(sample.booked, MONDAY, now=now, hold=do(holds.of_token, held.token))
    assert (do(count, Appointment), do(count, Allocation)) == (1, 1)


def test_a_lapsed_one_is_sold_to_whoever_comes(do, docks, hold, now):
    held = hold()
    late = now + TEN_MINUTES
    assert do(kept, held.token, late) is None
    assert free(do, late)
    assert do(sample.booked, MONDAY, now=late)
    assert (do(count, Appointment), do(count, Allocation)) == (1, 1)
    assert do(integrity.check, now=late).breaches == ()


def test_whose_hold_lapsed_books_all_the_same_while_the_place_is_free(do, docks, hold, now):
    name = do(holds.of_token, hold().token)
    assert do(sample.booked, MONDAY, now=now + TEN_MINUTES, hold=name)


def test_whose_hold_lapsed_and_was_sold_finds_the_place_taken(do, docks, hold, now):
    name = do(holds.of_token, hold().token)
    do(sample.booked, MONDAY, now=now + TEN_MINUTES)
    with pytest.raises(SlotTaken):
        do(sample.booked, MONDAY, now=now + TEN_MINUTES, number=1, hold=name)


def test_again_for_the_same_start_it_lasts_longer_under_the_same_name(do, docks, hold, now):
    held = hold()
    longer = hold(at=now + timedelta(minutes=8))
    assert longer.token == held.token
    assert longer.until == now + timedelta(minutes=18)
    assert do(count, Appointment) == 1


def test_one_that_lapsed_is_taken_anew_only_while_nobody_was_faster(do, docks, hold, now):
    held = hold()
    do(sample.booked, MONDAY, now=now + TEN_MINUTES)
    with pytest.raises(SlotTaken):
        hold(at=now + TEN_MINUTES, token=held.token)


@pytest.mark.parametrize("start", [TEN, TUESDAY])
def test_another_start_of_the_same_form_replaces_it(do, docks, hold, now, start):
    hold()
    hold(start)
    assert free(do, now)
    assert not free(do, now, start)
    assert do(count, Appointment) == 1


def test_the_token_keeps_the_name_on_another_page(do, docks, hold, now):
    held = hold()
    assert hold(TUESDAY, form="the page was loaded again", token=held.token).token == held.token
    assert do(count, Appointment) == 1


def test_two_forms_hold_two_places(do, docks, hold, now):
    hold()
    with pytest.raises(SlotTaken):
        hold(form="another")
    assert hold(TEN, form="another")


@pytest.mark.parametrize(
    ("start", "refusal"),
    [
        ("2026-12-07 08:15", SlotNotOffered),
        ("2026-12-06 08:00", SlotNotOffered),
        ("2026-11-30 08:00", OutsideWindow),
        ("2027-11-29 08:00", OutsideWindow),
    ],
)
def test_only_what_the_public_may_book_is_held(do, docks, hold, start, refusal):
    with pytest.raises(refusal):
        hold(start)
    assert do(count, Appointment) == 0


def test_nothing_is_held_where_the_policy_holds_nothing(do, hold):
    do(sample.docks)
    assert hold() is None
    assert do(count, Appointment) == 0


def test_nothing_is_held_for_whom_only_a_mail_may_introduce(do, hold):
    do(sample.docks, policy={"hold": 10, "who": "existing"})
    assert hold() is None


def test_a_link_holds_within_its_own_days(do, docks, hold, now):
    do(sample.order)
    place = Place(token=do(sample.link, last_day=paris("2026-12-07 12:00").date()))
    assert hold(place=place)
    with pytest.raises(NotEligible):
        hold(TUESDAY, form="another", place=place)


def test_a_link_books_what_it_held(do, docks, hold, now):
    do(sample.order)
    token = do(sample.link)
    name = do(holds.of_token, hold(place=Place(token=token)).token)
    wish = Wish(paris(MONDAY), Contact("achats@example.com", "Vidal"), CUSTOMER, token=token, hold=name)
    assert do(appointments.book, wish, now=now)


def test_a_hold_leaves_no_event_and_no_mail_and_the_worker_nothing_at_all(do, docks, hold, now):
    hold()
    assert do(integrity.check, now=now).breaches == ()
    assert do(lapses.announce, now + timedelta(minutes=9)) == 0
    assert do(count, Appointment) == 1
    do(lapses.announce, now + TEN_MINUTES)
    assert [do(count, model) for model in (Appointment, Allocation, Event, OutboxMessage)] == [0, 0, 0, 0]
    assert do(integrity.check, now=now).breaches == ()


@pytest.mark.parametrize("token", [None, "", "x", "A" * 54])
def test_what_is_no_token_of_a_hold_names_none(do, token):
    assert do(holds.of_token, token) is None


def test_the_token_of_something_else_lets_nothing_go(do, docks, now):
    public_id = do(sample.booked, MONDAY, now=now).public_id
    for purpose in (tokens.MANAGE, tokens.CONFIRM):
        assert do(holds.of_token, do(tokens.token, purpose, public_id, 1)) is None
    do(sample.booked, TEN, now=now, number=1, hold=public_id)
    assert do(count, Appointment) == 2


def test_the_same_booking_sent_again_is_one_whatever_was_held_meanwhile(do, docks, hold, now):
    once = Once("guest:bordeaux/quais", "k")
    name = do(holds.of_token, hold().token)
    first = do(sample.booked, MONDAY, now=now, hold=name, once=once)
    again = do(sample.booked, MONDAY, now=now, once=once)
    assert (again.public_id, again.replayed) == (first.public_id, True)


def test_an_unknown_link_holds_nothing(do, docks, hold):
    with pytest.raises(LinkUnknown):
        hold(place=Place(token="x"))
