"""What a queued message still says when it leaves: the world has moved on since it was written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.extensions import transaction
from portal.models import Appointment, OutboxMessage
from portal.operations import appointments, find, letters, links, outbox, service_links
from portal.operations.actors import CUSTOMER, GUEST, Actor
from portal.operations.invitations import Guest
from portal.operations.letters import Content, Early, Stale
from portal.operations.wishes import Move, Wish
from tests import sample
from tests.sample import paris

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
STAFF = Actor("agent@example.com", "staff", staff=True)
MONDAY = "2026-12-07 08:00"


@pytest.fixture
def docks(do):
    do(sample.docks)


@pytest.fixture
def read(do, now):
    """Claim all that is due and read it: a mapping of kind (and change) to what it says."""

    def take(at=now):
        messages = do(outbox.claim, now=at, real_now=REAL)
        readings = do(letters.read, messages, now=at)
        return {
            message.payload.get("change", message.kind): reading
            for message, reading in zip(messages, readings, strict=True)
        }

    return take


def test_a_booking_is_told_to_its_customer_and_to_the_site(do, docks, now, read):
    booked = do(sample.booked, MONDAY, now=now)
    told = read()
    assert set(told) == {"confirmation", "new"}
    assert told["confirmation"].organisation == "Dupont Logistique"
    assert told["confirmation"].visit.public_id == booked.public_id
    assert told["new"].change == "new"


def test_a_move_replaces_what_was_not_said_yet(do, docks, now, read):
    booked = do(sample.booked, MONDAY, now=now)
    do(appointments.move, Move(booked.public_id, paris("2026-12-07 10:00"), GUEST), now=now)
    told = read()
    assert told["confirmation"] == told["new"] == Stale("superseded")
    assert told["change"].before == (paris("2026-12-07 08:00"), paris("2026-12-07 09:00"))
    assert told["change"].visit.start == paris("2026-12-07 10:00")
    assert told["moved"].before == told["change"].before


def test_while_a_cancellation_can_be_undone_nothing_is_said(do, docks, now, read):
    booked = do(sample.booked, MONDAY, now=now)
    until = do(appointments.cancel, booked.public_id, GUEST, now=now)
    assert read() == {"confirmation": Early(until), "new": Early(until)}


def test_after_an_undo_the_confirmation_leaves_after_all(do, docks, now, read):
    booked = do(sample.booked, MONDAY, now=now)
    do(appointments.cancel, booked.public_id, GUEST, now=now)
    do(appointments.undo, booked.public_id, GUEST, now=now)
    told = read()
    assert set(told) == {"confirmation", "new"}
    assert all(isinstance(one, Content) for one in told.values())


def test_after_the_undo_only_the_cancellation_is_said(do, docks, now, read):
    booked = do(sample.booked, MONDAY, now=now)
    until = do(appointments.cancel, booked.public_id, GUEST, now=now)
    told = read(until)
    assert told["confirmation"] == told["new"] == Stale("cancelled")
    assert told["cancellation"].by == "customer"
    assert told["cancelled"].change == "cancelled"


def test_a_cancellation_by_staff_says_so(do, docks, now, read):
    booked = do(sample.booked, MONDAY, now=now)
    do(appointments.cancel, booked.public_id, STAFF, now=now, undo=False)
    assert read()["cancellation"].by == "staff"


def test_a_cancellation_of_what_is_not_cancelled_is_dropped(do, docks, now, read):
    booked = do(sample.booked, MONDAY, now=now)
    do(appointments.cancel, booked.public_id, GUEST, now=now, undo=False)

    def revive():
        with transaction() as session:
            session.query(Appointment).one().status = "confirmed"

    do(revive)
    assert read()["cancellation"] == Stale("not_cancelled")


def test_who_cancels_what_a_link_booked_may_book_again_by_it(do, docks, now, read):
    do(sample.order)
    token = do(sample.link)
    wish = Wish(start=paris(MONDAY), contact=sample.contact(), actor=CUSTOMER, token=token)
    booked = do(appointments.book, wish, now=now)
    do(appointments.cancel, booked.public_id, STAFF, now=now, undo=False)
    assert read()["cancellation"].book_token == token


def test_who_cancels_what_a_service_s_link_booked_may_book_again_by_it(do, now, read):
    do(sample.agency, guests=False)
    token = do(service_links.create, "evaluation", "bordeaux", now=now).token
    wish = Wish(start=paris("2026-12-07 09:00"), contact=sample.contact(), actor=CUSTOMER, token=token)
    booked = do(appointments.book, wish, now=now)
    do(appointments.cancel, booked.public_id, STAFF, now=now, undo=False)
    assert read()["cancellation"].book_token == token


def test_a_revoked_link_is_not_offered_again(do, docks, now, read):
    do(sample.order)
    token = do(sample.link)
    wish = Wish(start=paris(MONDAY), contact=sample.contact(), actor=CUSTOMER, token=token)
    booked = do(appointments.book, wish, now=now)
    do(appointments.cancel, booked.public_id, STAFF, now=now, undo=False)
    revoke_all(do, now)
    assert read()["cancellation"].book_token == ""


def revoke_all(do, now):
    def ids():
        with transaction() as session:
            return [row.id for row in session.query(links.Link)]

    for link_id in do(ids):
        do(links.revoke, link_id, now=now)


# Invitations


def test_an_invitation_derives_the_token_of_its_link(do, docks, now, read):
    do(sample.order)
    made = do(links.create, "CMD-1042", now=now, send=True)
    told = read()["booking_invitation"].invitation
    assert told.token == made.token
    assert (told.order, told.kind, told.units, told.site.name) == ("CMD-1042", "supplier", "36 palettes", "Bordeaux")


def test_an_invitation_to_a_service_names_it_and_its_site(do, now, read):
    do(sample.agency)
    to = Guest(None, "zoe@example.com", "en")
    made = do(service_links.create, "evaluation", "bordeaux", now=now, to=to)
    told = read()["service_invitation"].invitation
    assert (made.sent_to, told.token) == ("zoe@example.com", made.token)
    assert (told.order, told.service["fr"], told.site.name) == (None, "Évaluation de bien", "Bordeaux")


def test_an_invitation_by_a_revoked_link_is_dropped(do, docks, now, read):
    do(sample.order)
    do(links.create, "CMD-1042", now=now, send=True)
    revoke_all(do, now)
    assert read() == {"booking_invitation": Stale("revoked")}


def test_an_invitation_by_an_expired_link_is_dropped(do, docks, now, read):
    do(sample.order)
    scope = links.Scope(expires_at=now + timedelta(hours=1))
    do(links.create, "CMD-1042", now=now, scope=scope, send=True)
    assert read(now + timedelta(hours=1)) == {"booking_invitation": Stale("expired")}


def test_an_invitation_that_names_no_link_is_dropped(do, docks, now, read):
    do(sample.order)
    do(links.create, "CMD-1042", now=now, send=True)

    def spoil():
        with transaction() as session:
            session.query(OutboxMessage).one().link_id = None

    do(spoil)
    assert read() == {"booking_invitation": Stale("revoked")}


# Lists of appointments


def test_find_lists_what_is_to_come(do, docks, now, read):
    booked = do(sample.booked, MONDAY, now=now)
    do(find.ask, "chauffeur0@example.com", "fr", now=now)
    (visit,) = read()["find"].visits
    assert visit.public_id == booked.public_id
    assert do(lambda: visit.token) == booked.token


def test_find_says_nothing_when_all_was_cancelled_meanwhile(do, docks, now, read):
    booked = do(sample.booked, MONDAY, now=now)
    do(find.ask, "chauffeur0@example.com", "fr", now=now)
    do(appointments.cancel, booked.public_id, GUEST, now=now, undo=False)
    assert read()["find"] == Stale("nothing_to_come")


def test_reading_a_batch_takes_few_statements_whatever_its_size(do, docks, now, statements):
    for number in range(4):
        do(sample.booked, MONDAY, now=now, number=number)
    messages = do(outbox.claim, now=now, real_now=REAL)
    do(letters.read, messages, now=now)
    with statements(at_most=3):
        assert len(do(letters.read, messages, now=now)) == 8
