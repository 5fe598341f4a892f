"""Public pages promise the mails that leave, and no others."""

from __future__ import annotations

import pytest

from portal.operations import appointments
from portal.operations.actors import GUEST
from tests import sample, staff
from tests.operations.test_notices import ask_first, tell

DETAILS = "/book/bordeaux/planning/quais/details?start=2026-12-07T08:00:00%2B01:00&lang=en"


@pytest.fixture
def docks(do):
    do(sample.docks)


@pytest.fixture
def page(do, client, docks, now):
    """Show the page of an appointment booked at a site whose customers are told so."""

    def shown(before=None, **told):
        do(tell, customer=told)
        if before is not None:
            do(before)
        booked = do(sample.booked, "2026-12-07 08:00", now=now)
        return booked, client.get(f"/a/{booked.token}?lang=en").text

    return shown


@pytest.mark.parametrize("on", [True, False])
def test_a_confirmation_is_promised_where_it_leaves(page, on):
    assert ("The details are sent to chauffeur0@example.com." in page(confirmed=on)[1]) is on


@pytest.mark.parametrize("on", [True, False])
def test_a_reminder_is_promised_where_it_leaves(page, on):
    assert ("A reminder is sent to you" in page(reminder=on)[1]) is on


@pytest.mark.parametrize("on", [True, False])
def test_the_mail_of_a_cancellation_is_promised_where_it_leaves(do, client, page, now, on):
    booked, _ = page(cancelled=on)
    do(appointments.cancel, booked.public_id, GUEST, now=now)
    shown = client.get(f"/a/{booked.token}?lang=en").text
    assert ("Only then is the cancellation sent by e-mail." in shown) is on


@pytest.mark.parametrize(("confirmed", "declined"), [(True, True), (True, False), (False, True)])
def test_an_answer_by_mail_is_promised_where_both_answers_are_mailed(page, confirmed, declined):
    _, shown = page(ask_first, confirmed=confirmed, declined=declined)
    assert ("You will have an answer by e-mail" in shown) is (confirmed and declined)
    assert ("you see the answer here." in shown) is not (confirmed and declined)


@pytest.mark.parametrize(
    ("told", "hint"),
    [
        ({}, "For the confirmation and the reminder."),
        ({"reminder": False}, "For the confirmation."),
        ({"confirmed": False}, "For the reminder."),
        ({"confirmed": False, "reminder": False}, "To find your appointment again."),
    ],
)
def test_an_address_is_asked_for_what_it_is_for(do, client, docks, told, hint):
    do(tell, customer=told)
    assert hint in client.get(DETAILS).text


@pytest.mark.parametrize("on", [True, False])
def test_the_staff_is_told_whom_to_tell_themselves(app, do, page, on):
    booked, _ = page(cancelled=on)
    shown = staff.logged_in(app, "agent", "en").get(f"/admin/appointments/{booked.public_id}/cancel").text
    assert ("is told when the place is free again." in shown) is on
    assert ("tell the customer yourself." in shown) is not on
