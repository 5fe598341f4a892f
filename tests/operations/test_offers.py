"""Freed places are offered to those who wait: whom, when, once; with real commits on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from portal.domain.slots import Reason
from portal.extensions import reading, transaction
from portal.models import Appointment, Site
from portal.operations import appointments, integrity, offers, validation
from portal.operations.actors import GUEST
from portal.operations.keepsakes import new_revision
from portal.operations.wishes import Contact, Move, Wish
from tests import sample, sql
from tests.operations import waiters
from tests.operations.waiters import MONDAY, STAFF, TUESDAY
from tests.sample import paris

BOTH = ("earlier_slot", "place_free")
LATER = "2026-12-14"


@pytest.fixture
def dock(do):
    return lambda slots=1, **options: do(waiters.dock, slots, **options)


@pytest.fixture
def book(do, now):
    """Book, each a second after the one before: who comes first stands longest."""
    seconds = iter(range(10_000))

    def make(start, number=0, **options):
        return do(waiters.book, start, number, now=now + timedelta(seconds=next(seconds)), **options).public_id

    return make


@pytest.fixture
def cancelled(do, now):
    """Cancel at once and let the worker offer the place; gives how many were asked."""

    def act(public_id, at=None, by=GUEST):
        moment = at or now + timedelta(hours=1)
        do(appointments.cancel, public_id, by, now=moment, undo=False)
        return do(offers.advance, moment)

    return act


@pytest.fixture
def mailed(do):
    return lambda: do(waiters.mailed, *BOTH)


@pytest.fixture
def made(do):
    return lambda: do(waiters.offers)


def judged(start, now):
    return sample.judged(start, now=now)


# Who is asked


def test_a_cancellation_of_a_full_start_is_offered_to_holders_of_later_ones_the_longest_standing_first(
    dock, book, cancelled, mailed, made
):
    dock()
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    book(f"{LATER} 08:00", 2)
    assert cancelled(first) == 2
    assert mailed() == ["chauffeur1", "chauffeur2"]
    assert [waiters.shown(offer) for offer in made()] == ["07 09:00", "07 09:00"]
    assert [offer.reason["rank"] for offer in made()] == [1, 2]


def test_a_start_that_had_a_place_left_is_offered_to_nobody(dock, book, cancelled):
    dock(2)
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    assert cancelled(first) == 0


def test_who_comes_earlier_or_soon_or_has_no_address_or_other_hours_is_not_asked(do, dock, book, cancelled, mailed):
    dock()
    do(sample.planning, key="autre", week=waiters.EVERY_DAY)
    first = book(f"{MONDAY} 09:00")
    book(f"{MONDAY} 08:00", 1)
    book(f"{LATER} 09:00", 2, planning="autre")
    nobody = Wish(paris(f"{LATER} 10:00"), Contact(None, "Sans adresse"), STAFF, site="bordeaux", planning="quais")
    do(appointments.book, nobody, now=paris("2026-12-01 09:00"))
    assert cancelled(first) == 0


@pytest.mark.parametrize(("late", "asked"), [(-1, 1), (0, 1), (1, 0)])
def test_an_appointment_is_asked_from_48_hours_on(dock, book, cancelled, late, asked):
    dock()
    first = book(f"{MONDAY} 09:00")
    book(f"{TUESDAY} 10:00", 1)
    at = paris(f"{TUESDAY} 10:00") - timedelta(hours=48) + timedelta(seconds=late)
    assert cancelled(first, at) == asked


@pytest.mark.parametrize(("hours", "asked"), [(0, 1), (200, 0)])
def test_the_hours_are_a_setting(dock, book, cancelled, hours, asked):
    dock(policy={"earlier_slots": {"hours": hours}})
    first = book(f"{MONDAY} 09:00")
    book(f"{MONDAY} 10:00", 1)
    assert cancelled(first) == asked


@pytest.mark.parametrize("policy", [{"earlier_slots": {"enabled": False}}])
def test_where_offers_are_off_nobody_is_asked(do, dock, book, cancelled, policy):
    dock(policy=policy)
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    assert cancelled(first) == 0
    assert do(waiters.places) == []


def test_a_start_inside_the_notice_is_offered_to_nobody(dock, book, cancelled):
    dock(policy={"min_notice": "2d"})
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    assert cancelled(first, paris("2026-12-05 09:01")) == 0


def test_an_appointment_past_its_cut_off_for_changes_is_not_asked(dock, book, cancelled, mailed):
    dock(policy={"change_notice": "10d"})
    first = book(f"{MONDAY} 09:00")
    book("2026-12-11 09:00", 1)
    book("2026-12-12 09:00", 2)
    assert cancelled(first, paris("2026-12-01 09:30"), by=STAFF) == 1
    assert mailed() == ["chauffeur2"]


def test_the_days_of_a_link_bind(do, dock, book, cancelled, mailed, now):
    dock()
    do(sample.order)
    free, bound = do(sample.link), do(sample.link, first_day=paris(LATER).date())
    first = book(f"{MONDAY} 09:00")
    for token, hour in ((bound, "09:00"), (free, "10:00")):
        start = paris(f"{LATER} {hour}")
        do(appointments.book, Wish(start, Contact(f"{hour[:2]}@example.com", "X"), GUEST, token=token), now=now)
    cancelled(first)
    assert mailed() == ["10"]


def test_who_needs_more_than_was_freed_is_not_asked(dock, book, cancelled, mailed):
    dock(2)
    first = book(f"{MONDAY} 09:00")
    book(f"{MONDAY} 09:00", 1)
    book(f"{LATER} 09:00", 2, actor=STAFF, quantity=2)
    book(f"{LATER} 10:00", 3)
    assert cancelled(first) == 1
    assert mailed() == ["chauffeur3"]


def test_who_holds_the_half_hour_beside_it_is_asked_as_if_they_were_not_there(dock, book, cancelled, made):
    dock(policy={"earlier_slots": {"hours": 0}}, step_minutes=30)
    first = book(f"{MONDAY} 09:00")
    book(f"{MONDAY} 10:00", 1)
    assert cancelled(first) == 1
    assert [waiters.shown(offer) for offer in made()] == ["07 09:00"]


def test_the_start_that_was_given_back_is_offered_rather_than_those_beside_it(dock, book, cancelled, made):
    dock(step_minutes=30)
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    cancelled(first)
    assert [waiters.shown(offer) for offer in made()] == ["07 09:00"]


def test_a_start_beside_it_is_offered_where_the_one_given_back_is_gone_already(do, dock, book, made, now):
    dock(step_minutes=30)
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    do(waiters.cancel, first, now)
    book(f"{MONDAY} 09:30", 2)
    assert do(offers.advance, now + timedelta(hours=1)) == 2
    assert [waiters.shown(offer) for offer in made()] == ["07 08:30", "07 09:00"]


def test_who_wants_no_offers_is_left_out_and_so_is_nobody_else(do, dock, book, cancelled, mailed, now):
    dock()
    first = book(f"{MONDAY} 09:00")
    for number in (1, 2):
        book(f"{LATER} {7 + number:02}:00", number)
    do(waiters.stop_offers, "chauffeur1@example.com", now)
    cancelled(first)
    assert mailed() == ["chauffeur2"]


def test_limits_of_a_customer_bind_but_do_not_count_what_is_moved(dock, book, cancelled, mailed):
    dock(policy={"max_per_day": 1})
    first = book(f"{MONDAY} 09:00")
    book(f"{MONDAY} 08:00", 1)
    book(f"{LATER} 08:00", 1)
    book(f"{MONDAY} 11:00", 2)
    book(f"{LATER} 09:00", 3)
    cancelled(first)
    assert mailed() == ["chauffeur2", "chauffeur3"]


def test_where_a_site_tells_its_customers_of_no_earlier_slots_nobody_is_asked(do, dock, book, cancelled):
    dock()
    do(silence)
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    assert cancelled(first) == 0


def silence():
    with transaction() as session:
        for site in session.query(Site):
            site.notices, site.revision = {"customer": {"earlier_slot": False}}, new_revision()


# What frees a place


def test_a_move_offers_what_it_leaves_to_others_only(do, dock, book, mailed, now):
    dock()
    mine = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    do(appointments.move, Move(mine, paris(f"{LATER} 11:00"), GUEST), now=now)
    assert do(offers.advance, now) == 1
    assert mailed() == ["chauffeur1"]


def test_a_declined_request_offers_its_place(do, dock, book, mailed, now):
    dock(policy={"validation": "manager"})
    asked = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1, actor=STAFF)
    do(validation.decline, asked, STAFF, now=now)
    assert do(offers.advance, now) == 1
    assert mailed() == ["chauffeur1"]


def test_a_request_that_nobody_answered_offers_its_place(do, dock, book, mailed, now):
    dock(policy={"validation": "manager", "answer_within": "1d"})
    book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1, actor=STAFF)
    tomorrow = now + timedelta(days=1)
    do(validation.expire, tomorrow)
    assert do(offers.advance, tomorrow) == 1


@pytest.mark.parametrize(("late", "asked"), [(-1, 0), (0, 1), (1, 1)])
def test_a_place_is_offered_when_the_undo_of_its_cancellation_ends(do, dock, book, now, late, asked):
    dock(policy={"undo": 5})
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    do(waiters.cancel, first, now)
    assert do(offers.advance, now + timedelta(minutes=5, seconds=late)) == asked


def test_a_cancellation_that_is_taken_back_offers_nothing(do, dock, book, now):
    dock(policy={"undo": 5})
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    do(waiters.cancel, first, now)
    do(appointments.undo, first, GUEST, now=now + timedelta(minutes=4))
    assert do(offers.advance, now + timedelta(minutes=6)) == 0


def test_two_places_of_one_start_given_back_together_free_it_once(do, dock, book, mailed, now):
    dock(2)
    both = [book(f"{MONDAY} 09:00", number) for number in (0, 1)]
    book(f"{LATER} 09:00", 2)
    for one in both:
        do(waiters.cancel, one, now)
    assert do(offers.advance, now) == 1
    assert mailed() == ["chauffeur2"]


def test_of_places_given_back_together_the_first_goes_first_whoever_works(do, dock, book, now):
    dock(2)
    both = [book(f"{MONDAY} 09:00", number) for number in (0, 1)]
    book(f"{LATER} 09:00", 2)
    for one in both:
        do(waiters.cancel, one, now)
    first, second = (place.id for place in do(waiters.places))
    assert [do(offers._step, number, now) for number in (second, first, second)] == [None, 1, 0]


def test_a_place_that_is_taken_again_before_the_worker_comes_is_offered_to_nobody(do, dock, book, now):
    dock()
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    do(waiters.cancel, first, now)
    book(f"{MONDAY} 09:00", 2)
    assert do(offers.advance, now) == 0
    assert [place.state for place in do(waiters.places)] == ["done"]


# Once


def test_a_place_is_offered_once(do, dock, book, cancelled, now):
    dock()
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    assert cancelled(first) == 1
    assert do(offers.advance, now + timedelta(hours=2)) == 0


def test_an_appointment_gets_one_offer_on_a_day_of_the_site_and_another_on_the_next(do, dock, book, cancelled, mailed):
    dock()
    places = [book(f"{MONDAY} {hour:02}:00", hour) for hour in (10, 9, 8)]
    book(f"{LATER} 09:00", 1)
    assert cancelled(places[0], paris("2026-12-02 09:00")) == 1
    assert cancelled(places[1], paris("2026-12-02 23:59")) == 0
    assert cancelled(places[2], paris("2026-12-03 00:00")) == 1
    assert mailed() == ["chauffeur1", "chauffeur1"]


def test_very_many_are_asked_some_hundreds_at_a_time_and_each_once(dock, book, cancelled, mailed, monkeypatch):
    monkeypatch.setattr(offers, "CHUNK", 3)
    dock()
    first = book(f"{MONDAY} 09:00")
    for number in range(1, 9):
        book(f"2026-12-{13 + number} 09:00", number)
    assert cancelled(first) == 8
    assert mailed() == [f"chauffeur{number}" for number in range(1, 9)]


def test_ten_thousand_holders_take_statements_for_each_five_hundred_of_them_only(do, dock, book, now, statements):
    dock()
    first = book(f"{MONDAY} 09:00")
    do(crowd, 10_000, now)
    do(waiters.cancel, first, now)
    with statements(at_most=20 * 10_000 // offers.CHUNK + 40):
        assert do(offers.advance, now) == 10_000


def crowd(count, now):
    """Write so many confirmed appointments of a later day, without holding places."""
    with transaction() as session:
        like = dict(session.execute(select(*Appointment.__table__.c).limit(1)).one()._mapping)
        del like["id"]
        start = paris(f"{LATER} 09:00")
        rows = [
            {
                **like,
                "public_id": f"{number:032x}",
                "reference": f"R{number}",
                "email": f"foule{number}@example.com",
                "starts_at": start,
                "ends_at": start + timedelta(hours=1),
            }
            for number in range(count)
        ]
        session.execute(insert(Appointment), rows)
        sql.grown(session)


# Cooling-off


def test_a_freed_place_is_the_publics_only_when_its_cooling_off_is_over(do, dock, book, cancelled, now):
    dock(policy={"cooling_off": 30})
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    assert cancelled(first, now) == 1
    assert do(judged, f"{MONDAY} 09:00", now + timedelta(minutes=30, seconds=-1)).reasons == (Reason.FULL,)
    assert do(judged, f"{MONDAY} 09:00", now + timedelta(minutes=30)).offered


def test_a_cooling_off_begins_when_the_undo_ends_and_no_moment_is_left_between(do, dock, book, now):
    dock(policy={"cooling_off": 30, "undo": 5})
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    do(waiters.cancel, first, now)
    for minutes in (0, 4, 5, 34):
        assert not do(judged, f"{MONDAY} 09:00", now + timedelta(minutes=minutes)).offered
    assert do(offers.advance, now + timedelta(minutes=5)) == 1
    assert not do(judged, f"{MONDAY} 09:00", now + timedelta(minutes=34)).offered
    assert do(judged, f"{MONDAY} 09:00", now + timedelta(minutes=35)).offered
    assert do(integrity.check, now).breaches == ()


def test_a_place_that_nobody_waits_for_keeps_its_cooling_off(do, dock, book, cancelled, now):
    dock(policy={"cooling_off": 30})
    assert cancelled(book(f"{MONDAY} 09:00"), now) == 0
    assert not do(judged, f"{MONDAY} 09:00", now + timedelta(minutes=29)).offered


# One by one

IN_TURN = {"mode": "one_by_one"}


@pytest.fixture
def in_turn(dock, book, do, now):
    """Cancel one at 9 on Monday, for whose place two wait; the worker comes at 10:00 on 2 December."""

    def begin(**policy):
        dock(policy={"earlier_slots": IN_TURN, **policy})
        first = book(f"{MONDAY} 09:00")
        book(f"{LATER} 09:00", 1)
        book(f"{LATER} 10:00", 2)
        at = paris("2026-12-02 10:00")
        do(waiters.cancel, first, at)
        assert do(offers.advance, at) == 1

    return begin


def test_one_by_one_keeps_the_place_for_the_first_until_their_turn_ends(do, in_turn, mailed, made):
    in_turn()
    assert mailed() == ["chauffeur1"]
    assert made()[0].expires_at == paris("2026-12-02 12:00")
    assert not do(judged, f"{MONDAY} 09:00", paris("2026-12-02 11:59")).offered
    assert do(offers.advance, paris("2026-12-02 11:59")) == 0


def test_when_a_turn_ends_the_next_one_is_asked_and_then_it_is_the_publics(do, in_turn, mailed, made):
    in_turn()
    assert do(offers.advance, paris("2026-12-02 12:00")) == 1
    assert mailed() == ["chauffeur1", "chauffeur2"]
    assert [offer.state for offer in made()] == ["lapsed", "open"]
    assert not do(judged, f"{MONDAY} 09:00", paris("2026-12-02 13:59")).offered
    assert do(offers.advance, paris("2026-12-02 14:00")) == 0
    assert do(judged, f"{MONDAY} 09:00", paris("2026-12-02 14:00")).offered
    assert [place.state for place in do(waiters.places)] == ["done"]


def test_a_turn_does_not_run_at_night(do, dock, book, made):
    dock(policy={"earlier_slots": IN_TURN})
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    at = paris("2026-12-02 19:30")
    do(waiters.cancel, first, at)
    do(offers.advance, at)
    assert made()[0].expires_at == paris("2026-12-03 09:30")


def test_a_turn_never_passes_the_notice_of_the_start(do, dock, book, made):
    dock(policy={"earlier_slots": IN_TURN, "min_notice": "1d"})
    first = book(f"{MONDAY} 09:00")
    book(f"{LATER} 09:00", 1)
    at = paris("2026-12-06 08:00")
    do(waiters.cancel, first, at)
    do(offers.advance, at)
    assert made()[0].expires_at == paris("2026-12-06 09:00")


def test_nobody_is_asked_twice_about_a_place_whose_turns_last_for_days(do, in_turn, mailed):
    in_turn(earlier_slots={**IN_TURN, "turn": 24 * 60})
    assert do(offers.advance, paris("2026-12-04 10:00")) == 1
    assert do(offers.advance, paris("2026-12-06 10:00")) == 0
    assert mailed() == ["chauffeur1", "chauffeur2"]


def test_a_turn_inside_a_cooling_off_leaves_the_place_kept_until_its_end(do, in_turn):
    in_turn(cooling_off=1440)
    for hour in (12, 14):
        do(offers.advance, paris(f"2026-12-02 {hour}:00"))
    assert not do(judged, f"{MONDAY} 09:00", paris("2026-12-03 09:59")).offered
    assert do(judged, f"{MONDAY} 09:00", paris("2026-12-03 10:00")).offered


def test_places_of_two_are_kept_whole_while_one_is_asked_for_one_of_them(do, dock, book, now):
    dock(2, policy={"earlier_slots": IN_TURN})
    first = book(f"{MONDAY} 09:00", actor=STAFF, quantity=2)
    book(f"{LATER} 09:00", 1)
    do(waiters.cancel, first, now)
    assert do(offers.advance, now) == 1
    assert do(judged, f"{MONDAY} 09:00", now).places == 0
    assert do(judged, f"{MONDAY} 09:00", now + timedelta(hours=2)).places == 2


def test_when_the_one_who_is_asked_comes_no_more_the_next_is_asked_at_once(do, in_turn, book, mailed, made, now):
    in_turn()
    at = paris("2026-12-02 10:30")
    asked = made()[0].appointment_id
    do(waiters.cancel, do(public_id_of, asked), at)
    assert do(offers.advance, at) == 1
    assert mailed() == ["chauffeur1", "chauffeur2"]
    assert [offer.state for offer in made()] == ["withdrawn", "open"]


def public_id_of(identity):
    with reading() as session:
        return session.get_one(Appointment, identity).public_id


# The waiting list

LISTED = {"waiting_list": True}


def test_the_waiting_list_is_served_after_the_holders_the_longest_waiting_first(do, dock, book, cancelled, mailed, now):
    dock(policy=LISTED)
    first = book(f"{MONDAY} 09:00")
    do(waiters.wait, MONDAY, number=1, now=now - timedelta(days=1))
    do(waiters.wait, MONDAY, number=2, now=now - timedelta(days=2))
    book(f"{LATER} 09:00", 9)
    assert cancelled(first) == 3
    assert mailed() == ["chauffeur9", "attente2", "attente1"]


@pytest.mark.parametrize(
    ("first", "last", "asked"),
    [(MONDAY, MONDAY, 1), ("2026-12-01", MONDAY, 1), ("2026-12-01", "2026-12-06", 0), (TUESDAY, "2026-12-31", 0)],
)
def test_a_range_of_days_waits_for_places_on_one_of_them(do, dock, book, cancelled, now, first, last, asked):
    dock(policy=LISTED)
    mine = book(f"{MONDAY} 09:00")
    do(waiters.wait, first, last, now=now)
    assert cancelled(mine) == asked


def test_where_there_is_no_waiting_list_any_more_nobody_on_it_is_asked(do, dock, book, cancelled, now):
    dock()
    first = book(f"{MONDAY} 09:00")
    do(waiters.wait, MONDAY, now=now)
    assert cancelled(first) == 0


def test_guests_are_not_asked_where_guests_may_not_book_any_more(do, dock, book, cancelled, now):
    dock(policy=LISTED, guests=False)
    first = book(f"{MONDAY} 09:00", actor=STAFF)
    do(waiters.wait, MONDAY, now=now)
    assert cancelled(first) == 0


def test_somebody_on_the_list_gets_one_offer_a_day(do, dock, book, cancelled, now):
    dock(policy=LISTED)
    places = [book(f"{MONDAY} {hour:02}:00", hour) for hour in (9, 8)]
    do(waiters.wait, MONDAY, now=now)
    assert [cancelled(place, now) for place in places] == [1, 0]


def test_one_by_one_serves_the_list_after_the_last_holder(do, in_turn, mailed, now):
    in_turn(**LISTED)
    do(waiters.wait, MONDAY, now=now)
    for hour in (12, 14):
        assert do(offers.advance, paris(f"2026-12-02 {hour}:00")) == 1
    assert mailed() == ["chauffeur1", "chauffeur2", "attente50"]
    assert not do(judged, f"{MONDAY} 09:00", paris("2026-12-02 15:59")).offered
    assert do(integrity.check, paris("2026-12-02 15:00")).breaches == ()
