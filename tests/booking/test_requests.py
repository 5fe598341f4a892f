"""What customers read of a request: that it waits, how it ended, and where an appointment stays while a move waits."""

from __future__ import annotations

import pytest

from portal.domain.lifecycle import Status
from portal.operations import appointments, cards, validation
from portal.operations.actors import CUSTOMER, GUEST, Actor
from portal.operations.wishes import Move, Wish
from tests import sample
from tests.booking.pages import PLANNING
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
EIGHT, TEN = "2026-12-07 08:00", "2026-12-07 10:00"
START = "2026-12-07T08:00:00%2B01:00"


@pytest.fixture
def docks(do):
    do(sample.docks, policy={"validation": "manager"})


@pytest.fixture
def asked(do, docks, now):
    """Ask for Monday 8:00 as a guest; until Thursday 9:00 for an answer."""
    return do(sample.booked, EIGHT, now=now).public_id


@pytest.fixture
def moving(do, asked, now):
    """Accept it, and ask for its move to 10:00."""
    do(validation.accept, asked, STAFF, now=now)
    do(appointments.move, Move(asked, paris(TEN), GUEST), now=now)
    return asked


@pytest.fixture
def show(do, portal):
    """Open the page of an appointment, in English."""
    return lambda public_id, page="": portal.open(f"/a/{do(lambda: cards.by_public_id(public_id).token)}{page}?lang=en")


def status(do, public_id) -> Status:
    return do(cards.by_public_id, public_id).status


def test_the_form_says_that_it_sends_a_request(portal, docks):
    page = portal.open(f"{PLANNING}/details?start={START}&lang=en")
    assert "Send the request" in page.text
    assert "The place is kept for you until your request is answered, by e-mail." in page.text


def test_where_nobody_has_to_accept_it_confirms(portal, do):
    do(sample.docks)
    page = portal.open(f"{PLANNING}/details?start={START}&lang=en")
    assert "Confirm the appointment" in page.text


def test_a_guest_sends_a_request_and_reads_that_it_waits(portal, docks):
    page = portal.open(f"{PLANNING}/details?start={START}&lang=en")
    page = portal.follow(page.send(email="achats@example.com", name="Achats"))
    assert page.title.startswith("Request received")
    assert "It is not confirmed yet." in page.text
    assert "You will have an answer by e-mail, on Thursday 3 December at 9:00 at the latest." in page.text


def test_a_request_has_no_calendar_file_and_no_code_for_the_gate(show, asked):
    page = show(asked)
    assert page.named("invite.ics") == []
    assert "At the entrance" not in page.text
    assert "Reference" in page.text
    assert show(asked, "/invite.ics").status == 409


def test_what_is_accepted_has_both(show, do, asked, now):
    do(validation.accept, asked, STAFF, now=now)
    page = show(asked)
    assert page.title.startswith("Appointment confirmed")
    assert "At the entrance" in page.text
    assert show(asked, "/invite.ics").status == 200


def test_a_request_can_be_moved_and_goes_on_waiting(show, portal, do, asked):
    page = portal.open(show(asked).link("Move").replace("?", f"?start={START.replace('08', '10')}&"))
    page = portal.follow(page.send())
    assert page.title.startswith("Request received")
    assert do(cards.by_public_id, asked).start == paris(TEN)


def test_a_request_can_be_withdrawn_and_restored(show, portal, do, asked):
    page = portal.open(show(asked).link("Cancel"))
    assert page.title.startswith("Withdraw the request?")
    page = portal.follow(page.send())
    assert status(do, asked) is Status.CANCELLED
    assert portal.follow(page.send()).title.startswith("Request received")
    assert status(do, asked) is Status.REQUESTED


@pytest.mark.parametrize(("reason", "said"), [("Le quai est en travaux.", "The reason given: Le quai est en travaux."),
                                              ("", "Your place is free for others.")])  # fmt: skip
def test_a_declined_request_says_so_with_its_reason(show, do, asked, now, reason, said):
    do(validation.decline, asked, STAFF, now=now, reason=reason)
    page = show(asked)
    assert page.title.startswith("Request declined")
    assert said in page.text
    assert page.named("/cancel") == page.named("/reschedule") == page.named("/edit") == []


def test_an_expired_request_says_so_even_before_the_worker_came(show, do, asked, clock):
    clock.ahead(days=2)
    for _ in range(2):
        page = show(asked)
        assert page.title.startswith("Request expired")
        assert "Nobody answered your request in time." in page.text
        assert page.named("/cancel") == page.named("/reschedule") == page.named("/edit") == []
        do(validation.expire, clock.now)
    assert status(do, asked) is Status.EXPIRED


def test_a_request_whose_time_is_over_is_neither_moved_nor_withdrawn(show, do, asked, clock):
    clock.ahead(days=2)
    for page in ("/reschedule", "/cancel", "/edit"):
        assert show(asked, page).status in (409, 422)


def test_asking_for_a_move_says_that_it_is_asked_for(show, portal, do, asked, now):
    do(validation.accept, asked, STAFF, now=now)
    page = portal.open(show(asked).link("Move").replace("?", f"?start={START.replace('08', '10')}&"))
    assert "Ask for the move" in page.text
    assert "Until then your appointment stays where it is, and the new place is kept for you." in page.text
    page = portal.follow(page.send())
    assert page.title.startswith("Move asked for")
    assert do(cards.by_public_id, asked).start == paris(EIGHT)


def test_a_move_that_waits_shows_both_times_and_which_one_stays(show, moving):
    page = show(moving)
    assert "Your appointment stays on Monday 7 December 2026 at 8:00 until your move is answered." in page.text
    assert page.text.index("Asked for") < page.text.index("10:00 to 11:00")
    assert "Without an answer, your appointment stays as it is." in page.text
    assert page.named("invite.ics") != []


def test_a_move_that_waits_can_be_taken_back(portal, show, do, moving):
    asking = portal.open(show(moving).link("Keep the time I have"))
    assert asking.title.startswith("Keep this time?")
    assert do(cards.by_public_id, moving).wanted is not None
    page = portal.follow(asking.send())
    assert page.title.startswith("Appointment confirmed")
    assert do(cards.by_public_id, moving).wanted is None


def test_a_declined_move_says_so_on_the_page_that_its_mail_leads_to(show, do, moving, now):
    do(validation.decline, moving, STAFF, now=now, reason="Trop tard.")
    page = show(moving)
    assert page.title.startswith("Appointment confirmed")
    assert "Your move to Monday 7 December 2026 at 10:00 was declined: your appointment stays as it was." in page.text
    assert "The reason given: Trop tard." in page.text


def test_a_move_that_nobody_answered_says_so(show, do, moving, clock):
    clock.ahead(days=2)
    do(validation.expire, clock.now)
    assert "Nobody answered your move to Monday 7 December 2026 at 10:00 in time" in show(moving).text


def test_an_accepted_move_says_nothing_of_its_history(show, do, moving, now):
    do(validation.accept, moving, STAFF, now=now)
    page = show(moving)
    assert page.title.startswith("Appointment confirmed – Monday 7 December 2026")
    assert "10:00 to 11:00" in page.text
    assert "declined" not in page.text


def test_the_page_of_an_order_says_which_appointment_waits_and_where_a_move_leads(portal, do, docks, now):
    do(sample.order)
    token = do(sample.link)
    for start in (EIGHT, "2026-12-07 09:00"):
        wish = Wish(start=paris(start), contact=sample.contact(), actor=CUSTOMER, token=token)
        last = do(appointments.book, wish, now=now).public_id
    do(validation.accept, last, STAFF, now=now)
    do(appointments.move, Move(last, paris(TEN), CUSTOMER), now=now)
    page = portal.open(f"/b/{token}?lang=en")
    assert "Waiting for an answer" in page.text
    assert "Move asked for: Monday 7 December 2026, 10:00 to 11:00" in page.text


def test_a_page_without_requests_asks_nothing_more_of_the_database(portal, do, now, statements):
    do(sample.docks)
    booked = do(sample.booked, EIGHT, now=now)
    portal.open(f"/a/{booked.token}")
    with statements() as seen:
        portal.open(f"/a/{booked.token}")
    assert not [statement for statement in seen if "FROM event" in statement]
