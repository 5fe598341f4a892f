"""Taking, moving, cancelling and taking back places, with real commits on both databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from portal.domain.errors import (
    ChangeTooLate,
    Invalid,
    LimitReached,
    LinkExpired,
    LinkUnknown,
    NotEligible,
    NotFound,
    OutsideWindow,
    SlotNotOffered,
    SlotTaken,
    StateChanged,
)
from portal.domain.lifecycle import Status
from portal.extensions import reading
from portal.models import Allocation, Appointment, Event, OutboxMessage
from portal.operations import appointments, cards, link_calendars
from portal.operations.actors import CUSTOMER, GUEST, Actor
from portal.operations.once import Once
from portal.operations.wishes import Contact, Details, Move, Wish
from tests import sample
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
MONDAY = "2026-12-07"


def places(start: str, now) -> int:
    return sample.judged(start, now=now).places


def rows(model) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def mails(kind: str) -> list[OutboxMessage]:
    with reading() as session:
        return list(session.scalars(select(OutboxMessage).where(OutboxMessage.kind == kind)))


@pytest.fixture
def docks(do):
    do(sample.docks)


@pytest.fixture
def book(do, docks, now):
    return lambda start, number=0, **options: do(sample.booked, start, now=now, number=number, **options)


def test_a_booking_takes_one_place_of_the_hour_and_of_the_half_hours_around(do, book, now):
    book(f"{MONDAY} 08:30")
    assert [do(places, f"{MONDAY} {hour}", now) for hour in ("08:00", "08:30", "09:00", "09:30")] == [5, 5, 5, 6]


def test_the_seventh_booking_of_an_hour_with_six_slots_is_refused(do, book, now):
    for number in range(6):
        book(f"{MONDAY} 08:00", number)
    with pytest.raises(SlotTaken):
        book(f"{MONDAY} 08:30", 6)
    assert do(places, f"{MONDAY} 09:00", now) == 6


def test_a_start_that_crosses_the_break_is_refused_with_its_reason(book):
    with pytest.raises(SlotNotOffered) as refusal:
        book(f"{MONDAY} 11:30")
    assert refusal.value.values["reasons"] == ("break",)


def test_a_guest_cannot_book_the_past_nor_beyond_the_horizon(book):
    with pytest.raises(OutsideWindow):
        book("2026-11-30 08:00")
    with pytest.raises(OutsideWindow):
        book("2027-06-07 08:00")


def test_a_planning_without_guests_is_not_found_by_a_guest(do, now):
    do(sample.docks, guests=False)
    with pytest.raises(NotFound):
        do(sample.booked, f"{MONDAY} 08:00", now=now)


def test_staff_may_book_where_guests_may_not_but_not_beyond_capacity(do, now):
    do(sample.docks, guests=False, week={1: ((480, 720, 1),)})
    do(sample.booked, f"{MONDAY} 08:00", now=now, actor=STAFF)
    with pytest.raises(SlotTaken):
        do(sample.booked, f"{MONDAY} 08:30", now=now, actor=STAFF)


def test_an_overbooking_needs_a_reason_and_records_it(do, now):
    do(sample.docks, week={1: ((480, 720, 1),)})
    do(sample.booked, f"{MONDAY} 08:00", now=now)
    over = do(sample.booked, f"{MONDAY} 08:00", now=now, number=1, actor=STAFF, overbook="Camion frigorifique")
    assert do(cards.by_public_id, over.public_id).overbook_reason == "Camion frigorifique"


def test_a_booking_queues_one_confirmation_and_one_notice_to_the_site(do, book):
    book(f"{MONDAY} 08:00")
    assert [mail.recipient for mail in do(mails, "confirmation")] == ["chauffeur0@example.com"]
    assert [mail.payload["change"] for mail in do(mails, "site_notice")] == ["new"]


def test_a_refused_booking_writes_nothing(do, book):
    with pytest.raises(SlotNotOffered):
        book(f"{MONDAY} 12:30")
    assert [do(rows, model) for model in (Appointment, Allocation, Event, OutboxMessage)] == [0, 0, 0, 0]


def test_the_same_request_twice_is_one_booking(do, book):
    once = Once("form", "k1")
    first, second = book(f"{MONDAY} 08:00", once=once), book(f"{MONDAY} 08:00", once=once)
    assert (second.public_id, second.replayed, do(rows, Appointment)) == (first.public_id, True, 1)


def test_the_same_key_with_other_data_is_refused(book):
    book(f"{MONDAY} 08:00", once=Once("form", "k1"))
    with pytest.raises(Invalid):
        book(f"{MONDAY} 09:00", once=Once("form", "k1"))


def test_a_booking_takes_few_statements(docks, do, now, statements):
    do(sample.booked, f"{MONDAY} 08:00", now=now)
    with statements(at_most=12):
        do(sample.booked, f"{MONDAY} 10:00", now=now, number=1, once=Once("form", "k2"))


def test_a_move_frees_the_old_place_and_takes_the_new_one(do, book, now):
    made = book(f"{MONDAY} 08:00")
    moved = do(appointments.move, Move(made.public_id, paris(f"{MONDAY} 10:00"), GUEST), now=now)
    assert moved.start == paris(f"{MONDAY} 10:00")
    assert [do(places, f"{MONDAY} {hour}", now) for hour in ("08:00", "10:00")] == [6, 5]
    assert do(cards.by_public_id, made.public_id).sequence == 1


def test_a_move_by_half_an_hour_in_a_full_hour_does_not_count_itself(do, now):
    do(sample.docks, week={1: ((480, 720, 1),)})
    made = do(sample.booked, f"{MONDAY} 08:00", now=now)
    moved = do(appointments.move, Move(made.public_id, paris(f"{MONDAY} 08:30"), GUEST), now=now)
    assert moved.start == paris(f"{MONDAY} 08:30")


def test_a_move_into_a_full_slot_leaves_everything_as_it_was(do, now):
    do(sample.docks, week={1: ((480, 720, 1),)})
    first = do(sample.booked, f"{MONDAY} 08:00", now=now)
    do(sample.booked, f"{MONDAY} 10:00", now=now, number=1)
    with pytest.raises(SlotTaken):
        do(appointments.move, Move(first.public_id, paris(f"{MONDAY} 10:30"), GUEST), now=now)
    card = do(cards.by_public_id, first.public_id)
    assert (card.start, card.version) == (paris(f"{MONDAY} 08:00"), 1)


def test_a_cancelled_place_stays_taken_until_the_undo_ends(do, book, now):
    made = book(f"{MONDAY} 08:00")
    until = do(appointments.cancel, made.public_id, GUEST, now=now)
    assert until == now + timedelta(minutes=5)
    assert do(places, f"{MONDAY} 08:00", now) == 5
    assert do(places, f"{MONDAY} 08:00", until) == 6


def test_the_mails_of_a_cancellation_wait_for_the_end_of_the_undo(do, book, now):
    made = book(f"{MONDAY} 08:00")
    do(appointments.cancel, made.public_id, GUEST, now=now)
    assert [mail.not_before for mail in do(mails, "cancellation")] == [now + timedelta(minutes=5)]


def test_undo_takes_the_cancellation_and_its_mails_back(do, book, now):
    made = book(f"{MONDAY} 08:00")
    do(appointments.cancel, made.public_id, GUEST, now=now)
    do(appointments.undo, made.public_id, GUEST, now=now + timedelta(minutes=4))
    assert do(cards.by_public_id, made.public_id).status is Status.CONFIRMED
    assert do(mails, "cancellation") == []
    assert [mail.payload["change"] for mail in do(mails, "site_notice")] == ["new"]


def test_undo_is_refused_once_its_time_is_over(do, book, now):
    made = book(f"{MONDAY} 08:00")
    until = do(appointments.cancel, made.public_id, GUEST, now=now)
    with pytest.raises(StateChanged):
        do(appointments.undo, made.public_id, GUEST, now=until)


def test_a_place_freed_by_the_clock_can_be_booked_and_is_released_then(do, now):
    do(sample.docks, week={1: ((480, 720, 1),)})
    made = do(sample.booked, f"{MONDAY} 08:00", now=now)
    until = do(appointments.cancel, made.public_id, GUEST, now=now)
    do(sample.booked, f"{MONDAY} 08:00", now=until, number=1)
    assert [line.kind for line in do(cards.history, made.public_id)] == ["scheduled", "cancelled", "freed"]


def test_staff_can_cancel_at_once(do, book, now):
    made = book(f"{MONDAY} 08:00")
    assert do(appointments.cancel, made.public_id, STAFF, now=now, undo=False) is None
    assert do(places, f"{MONDAY} 08:00", now) == 6


def test_cancelling_twice_is_refused(do, book, now):
    made = book(f"{MONDAY} 08:00")
    do(appointments.cancel, made.public_id, GUEST, now=now)
    with pytest.raises(StateChanged):
        do(appointments.cancel, made.public_id, GUEST, now=now)


def test_inside_the_cut_off_customers_must_call_but_staff_may_change(do, now):
    do(sample.docks, policy={"change_notice": "2d"})
    made = do(sample.booked, "2026-12-02 10:00", now=now)
    with pytest.raises(ChangeTooLate):
        do(appointments.cancel, made.public_id, GUEST, now=now)
    do(appointments.cancel, made.public_id, STAFF, now=now)


def test_an_edit_changes_details_and_says_what_was_before(do, book, now):
    made = book(f"{MONDAY} 08:00")
    do(appointments.edit, made.public_id, Details(phone="06 12 34 56 78", name="Chauffeur 0"), GUEST, now=now)
    line = do(cards.history, made.public_id)[-1]
    assert (line.kind, line.before, line.after) == ("edited", {"phone": ""}, {"phone": "06 12 34 56 78"})


def test_a_cancelled_appointment_cannot_be_edited(do, book, now):
    made = book(f"{MONDAY} 08:00")
    do(appointments.cancel, made.public_id, GUEST, now=now)
    with pytest.raises(StateChanged):
        do(appointments.edit, made.public_id, Details(name="Un autre"), GUEST, now=now)


class TestLinks:
    """Booking by the link of an order."""

    @pytest.fixture
    def ordered(self, do, docks):
        do(sample.order)

    def by_link(self, token: str, start: str = f"{MONDAY} 08:00") -> Wish:
        return Wish(paris(start), Contact("achats@example.com", "Vidal"), CUSTOMER, token=token)

    def test_a_link_books_for_its_order(self, do, ordered, now):
        made = do(appointments.book, self.by_link(do(sample.link)), now=now)
        card = do(cards.by_public_id, made.public_id)
        assert (card.order, card.source, card.units) == ("CMD-1042", "link", 1)

    def test_a_link_lists_the_appointments_of_its_order(self, do, ordered, now):
        token = do(sample.link)
        do(appointments.book, self.by_link(token), now=now)
        page = do(link_calendars.page, token, now=now)
        assert ([card.order for card in page.upcoming], list(page.past)) == (["CMD-1042"], [])

    def test_a_link_out_of_its_days_is_not_eligible(self, do, ordered, now):
        token = do(sample.link, last_day=date(2026, 12, 4))
        with pytest.raises(NotEligible):
            do(appointments.book, self.by_link(token), now=now)

    def test_an_expired_link_says_so_and_a_forged_one_is_unknown(self, do, ordered, now):
        token = do(sample.link, expires_at=now)
        with pytest.raises(LinkExpired):
            do(appointments.book, self.by_link(token), now=now)
        with pytest.raises(LinkUnknown):
            do(appointments.book, self.by_link(token[:20] + token[:-20]), now=now)

    def test_a_link_limits_its_active_appointments_the_undone_one_included(self, do, ordered, now):
        token = do(sample.link, max_active=1)
        made = do(appointments.book, self.by_link(token), now=now)
        with pytest.raises(LimitReached):
            do(appointments.book, self.by_link(token, f"{MONDAY} 10:00"), now=now)
        until = do(appointments.cancel, made.public_id, CUSTOMER, now=now)
        with pytest.raises(LimitReached):
            do(appointments.book, self.by_link(token, f"{MONDAY} 10:00"), now=now)
        do(appointments.book, self.by_link(token, f"{MONDAY} 10:00"), now=until)

    def test_two_plannings_that_serve_must_be_chosen_from(self, do, ordered, now):
        do(sample.planning, key="annexe")
        with pytest.raises(Invalid) as refusal:
            do(appointments.book, self.by_link(do(sample.link)), now=now)
        assert [one["key"] for one in refusal.value.values["plannings"]] == ["annexe", "quais"]

    def test_a_planning_for_customers_does_not_serve_a_supplier(self, do, ordered, now):
        do(sample.planning, key="retraits", kinds=["customer"])
        token = do(sample.link)
        wish = Wish(paris(f"{MONDAY} 08:00"), Contact("a@example.com", "A"), CUSTOMER, token=token, planning="retraits")
        with pytest.raises(NotFound):
            do(appointments.book, wish, now=now)
