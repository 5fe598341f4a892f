"""Every cell of the table, on and off: a mail leaves, or none. Real commits on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import select

from portal.domain.errors import NotFound, StateChanged
from portal.domain.lifecycle import Status
from portal.domain.notices import DEFAULTS, Notices, Side, What, cell_of
from portal.extensions import reading, transaction
from portal.models import Audit, OutboxMessage, Site
from portal.operations import (
    appointments,
    letters,
    marks,
    notices,
    offers,
    outbox,
    place_cards,
    reminders,
    sites,
    validation,
)
from portal.operations.actors import CUSTOMER, GUEST
from portal.operations.keepsakes import new_revision
from portal.operations.letters import Content
from portal.operations.notices import unheard
from portal.operations.wishes import Contact, Move, Wish
from tests import sample
from tests.operations import waiters
from tests.operations.test_audit_log import CLAIRE
from tests.sample import paris

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
MONDAY = "2026-12-07 08:00"
START = paris(MONDAY)
FULL = {1: ((480, 720, 1),)}
"""A week of one place each Monday morning: what is given back was the last one."""

BOTH = (Side.CUSTOMER, Side.SITE)
"""The sides of an appointment that nobody serves."""

CELLS = list(product(BOTH, What))
UNDONE = timedelta(minutes=5)  # until when a cancellation or a mark is taken back


def tell(**chosen):
    """Let every site choose. Call inside an app context."""
    with transaction() as session:
        for row in session.query(Site):
            row.notices, row.revision = Notices.of(chosen).kept, new_revision()


def ask_first():
    """Let every booking wait for an answer. Call inside an app context."""
    with transaction() as session:
        for row in session.query(Site):
            row.policy, row.revision = {**row.policy, "validation": "manager"}, new_revision()


# What happens, and when its mails may leave


def requested(do, now):
    do(ask_first)
    do(sample.booked, MONDAY, now=now)
    return now


def confirmed(do, now):
    do(sample.booked, MONDAY, now=now)
    return now


def changed(do, now):
    booked = do(sample.booked, MONDAY, now=now)
    do(appointments.move, Move(booked.public_id, paris("2026-12-07 10:00"), GUEST), now=now)
    return now


def cancelled(do, now):
    booked = do(sample.booked, MONDAY, now=now)
    return do(appointments.cancel, booked.public_id, GUEST, now=now)


def declined(do, now):
    do(ask_first)
    booked = do(sample.booked, MONDAY, now=now)
    do(validation.decline, booked.public_id, CLAIRE, now=now)
    return now


def reminded(do, now):
    do(sample.booked, MONDAY, now=now)
    at = START - timedelta(hours=24)
    do(reminders.derive, at)
    return at


def absent(do, now):
    booked = do(sample.booked, MONDAY, now=now)
    at = START + timedelta(minutes=20)
    do(marks.mark, booked.public_id, Status.NO_SHOW, CLAIRE, now=at)
    return at + UNDONE


def freed(do, now):
    booked = do(sample.booked, MONDAY, now=now)
    do(sample.booked, "2026-12-14 09:00", now=now, number=1)
    do(appointments.cancel, booked.public_id, CUSTOMER, now=now, undo=False)
    do(offers.advance, now)
    return now


HAPPENINGS: dict[What, Callable[..., datetime]] = {
    What.REQUESTED: requested,
    What.CONFIRMED: confirmed,
    What.CHANGED: changed,
    What.CANCELLED: cancelled,
    What.DECLINED: declined,
    What.REMINDER: reminded,
    What.NO_SHOW: absent,
    What.EARLIER_SLOT: freed,
}


@pytest.fixture
def docks(do):
    do(sample.site)
    do(sample.planning, week=FULL)


@pytest.fixture
def leaving(do):
    """Claim all that may leave and list the cells of what is still to be said, with whom it is for."""

    def take(at):
        messages = do(outbox.claim, now=at, real_now=REAL)
        readings = do(letters.read, messages, now=at)
        return {
            (cell_of(message.kind, str(message.payload.get("change", ""))), message.recipient)
            for message, reading_ in zip(messages, readings, strict=True)
            if isinstance(reading_, Content)
        }

    return take


@pytest.mark.parametrize(("side", "what"), CELLS, ids=lambda one: one.value)
@pytest.mark.parametrize("on", [True, False], ids=["on", "off"])
def test_a_cell_lets_its_mail_leave_or_not(do, docks, now, leaving, side, what, on):
    do(tell, **{side.value: {what.value: on}})
    told = leaving(HAPPENINGS[what](do, now))
    recipients = [recipient for cell, recipient in told if cell == (side, what)]
    assert len(recipients) == on
    assert all((recipient == "quais@example.com") == (side is Side.SITE) for recipient in recipients)


@pytest.mark.parametrize("what", What, ids=lambda one: one.value)
def test_a_site_that_says_nothing_follows_the_defaults(do, docks, now, leaving, what):
    told = {cell for cell, _ in leaving(HAPPENINGS[what](do, now))}
    assert {cell for cell in product(BOTH, [what]) if cell in told} == {
        cell for cell in product(BOTH, [what]) if cell in DEFAULTS
    }


@pytest.mark.parametrize("what", What, ids=lambda one: one.value)
def test_nobody_hears_anything_when_all_is_off(do, docks, now, leaving, what):
    nothing = {one.value: False for one in What}
    do(tell, customer=nothing, site=nothing)
    assert leaving(HAPPENINGS[what](do, now)) == set()


def test_a_site_without_address_is_told_nothing(do, now, leaving):
    do(sample.site, email=None)
    do(sample.planning, week=FULL)
    do(tell, site={one.value: True for one in What})
    told = leaving(reminded(do, now))
    assert {recipient for _, recipient in told} == {"chauffeur0@example.com"}


def test_a_site_is_reminded_of_who_has_no_address(do, docks, now, leaving):
    do(tell, site={"reminder": True, "confirmed": False})
    nobody = Contact(email=None, name="Chauffeur")
    do(appointments.book, Wish(START, nobody, CLAIRE, site="bordeaux", planning="quais"), now=now)
    at = START - timedelta(hours=24)
    do(reminders.derive, at)
    do(reminders.derive, at)
    assert leaving(at) == {((Side.SITE, What.REMINDER), "quais@example.com")}


def test_what_was_asked_for_leaves_whatever_the_table_says(do, docks, now):
    nothing = {one.value: False for one in What}
    do(tell, customer=nothing, site=nothing)
    kinds = ("find", "booking_invitation", "continuation", "confirm_address", "waiting_joined", "place_free")
    drafts = [outbox.Draft(kind, kind, "a@example.com", "fr", now) for kind in kinds]
    assert do(chosen_at_bordeaux, drafts) == drafts


def chosen_at_bordeaux(drafts):
    with reading() as session:
        row = session.execute(select(Site.id, Site.revision)).one()
        return notices.chosen(place_cards.site_card(session, row.id, row.revision), drafts)


# Freed places


def offered(do, now):
    """Give the site's notices of offers: to how many, by what."""
    messages = do(outbox.claim, now=now, real_now=REAL)
    readings = do(letters.read, messages, now=now)
    return [
        one.freed.count
        for message, one in zip(messages, readings, strict=True)
        if message.kind == "site_offers" and isinstance(one, Content)
    ]


@pytest.fixture
def given_back(do, now):
    """Free a place that two wait for, and let the worker offer it."""

    def free(**earlier_slots):
        do(waiters.dock, policy={"earlier_slots": earlier_slots})
        do(tell, site={"earlier_slot": True})
        first = do(waiters.book, "2026-12-07 09:00", now=now)
        for number in (1, 2):
            do(waiters.book, f"2026-12-1{number} 09:00", number, now=now)
        do(waiters.cancel, first.public_id, now)
        do(offers.advance, now)

    return free


def test_a_site_hears_to_how_many_a_place_is_offered_at_once(do, now, given_back):
    given_back(mode="all")
    assert offered(do, now) == [2]


def test_a_site_hears_of_a_place_once_however_long_its_turns_take(do, now, given_back):
    given_back(mode="one_by_one", turn=60)
    do(offers.advance, now + timedelta(hours=2))
    assert len(do(waiters.offers)) == 2
    assert offered(do, now + timedelta(hours=2)) == [None]


def test_a_place_whose_time_has_come_is_told_to_no_site(do, now, given_back):
    given_back(mode="all")
    assert offered(do, paris("2026-12-07 09:00")) == []


# Those who did not come


@pytest.fixture
def missing(do, docks, now):
    """Mark somebody as not having come, where customers are told: gives the appointment and the moment."""
    do(tell, customer={"no_show": True}, site={"no_show": True})
    booked = do(sample.booked, MONDAY, now=now)
    at = START + timedelta(minutes=20)
    do(marks.mark, booked.public_id, Status.NO_SHOW, CLAIRE, now=at)
    return booked.public_id, at


def planned(do):
    """List the mails that were written to leave later."""

    def kinds():
        later = OutboxMessage.not_before > OutboxMessage.created_at
        with reading() as session:
            return [row.kind for row in session.query(OutboxMessage).filter(later).order_by(OutboxMessage.id)]

    return do(kinds)


def test_a_mail_about_an_absence_waits_until_it_can_be_undone_no_more(missing, leaving):
    _public_id, at = missing
    absences = {(Side.CUSTOMER, What.NO_SHOW), (Side.SITE, What.NO_SHOW)}
    assert not absences & {cell for cell, _ in leaving(at + UNDONE - timedelta(seconds=1))}
    assert absences <= {cell for cell, _ in leaving(at + UNDONE)}


def test_an_absence_taken_back_in_time_is_told_to_nobody(do, missing):
    public_id, at = missing
    assert planned(do) == ["no_show", "site_notice"]
    do(marks.undo, public_id, CLAIRE, now=at + timedelta(minutes=1))
    assert planned(do) == []


def test_an_absence_taken_back_while_its_mail_is_on_its_way_is_dropped(do, missing, leaving):
    public_id, at = missing
    do(marks.undo, public_id, CLAIRE, now=at + UNDONE)
    assert (Side.CUSTOMER, What.NO_SHOW) not in {cell for cell, _ in leaving(at + UNDONE)}


def test_an_absence_marked_again_is_told_again(do, missing, leaving):
    public_id, at = missing
    do(marks.undo, public_id, CLAIRE, now=at + timedelta(minutes=1))
    do(marks.mark, public_id, Status.NO_SHOW, CLAIRE, now=at + timedelta(minutes=2))
    assert planned(do) == ["no_show", "site_notice"]


def test_the_second_click_tells_nobody_twice(do, missing):
    public_id, at = missing
    do(marks.mark, public_id, Status.NO_SHOW, CLAIRE, now=at + timedelta(seconds=1))
    assert planned(do) == ["no_show", "site_notice"]


def test_who_did_not_come_may_book_again_by_the_link_that_still_works(do, docks, now):
    do(tell, customer={"no_show": True})
    do(sample.order)
    token = do(sample.link)
    wish = Wish(start=START, contact=sample.contact(), actor=CUSTOMER, token=token)
    booked = do(appointments.book, wish, now=now)
    at = START + timedelta(minutes=20)
    do(marks.mark, booked.public_id, Status.NO_SHOW, CLAIRE, now=at)
    messages = do(outbox.claim, now=at + UNDONE, real_now=REAL)
    told = dict(zip((one.kind for one in messages), do(letters.read, messages, now=at + UNDONE), strict=True))
    assert told["no_show"].book_token == token


# Saving


def revision(do):
    return do(sites.read, "bordeaux").revision


def test_what_is_saved_is_asked_from_the_next_booking_on(do, docks, now, leaving):
    do(sites.save_notices, "bordeaux", revision(do), Notices.of({"site": {"confirmed": False}}), now=now, by=CLAIRE)
    assert leaving(confirmed(do, now)) == {((Side.CUSTOMER, What.CONFIRMED), "chauffeur0@example.com")}


def test_a_table_that_somebody_else_saved_meanwhile_is_not_overwritten(do, docks, now):
    seen = revision(do)
    do(sites.save_notices, "bordeaux", seen, Notices.of({"site": {"no_show": True}}), now=now, by=CLAIRE)
    with pytest.raises(StateChanged):
        do(sites.save_notices, "bordeaux", seen, Notices(), now=now, by=CLAIRE)
    assert do(sites.read, "bordeaux").notices.wanted(Side.SITE, What.NO_SHOW)


def test_there_is_no_table_of_no_site(do, docks, now):
    with pytest.raises(NotFound):
        do(sites.save_notices, "nowhere", "", Notices(), now=now, by=CLAIRE)


def test_the_audit_log_keeps_what_differs(do, docks, now):
    do(
        sites.save_notices,
        "bordeaux",
        revision(do),
        Notices.of({"site": {"reminder": True}, "summary": "07:00"}),
        now=now,
        by=CLAIRE,
    )

    def line():
        with reading() as session:
            row = session.query(Audit).one()
            return row.action, row.kind, row.key, row.before, row.after

    assert do(line) == (
        "changed",
        "site",
        "bordeaux",
        {"site.reminder": False, "summary": None},
        {"site.reminder": True, "summary": "07:00"},
    )


def test_bookings_wait_for_answers_by_the_rules_of_the_site_or_of_a_planning(do, docks):
    number = do(sites.read, "bordeaux").id
    assert not do(unheard, number, site=False, people=False)
    do(sample.planning, key="bureau", policy={"validation": "manager"})
    assert do(unheard, number, site=False, people=True)
    assert not do(unheard, number, site=True, people=False)


def test_people_hear_of_what_waits_for_their_own_answer(do):
    do(sample.agency, policy={"validation": "none"})
    do(sample.service, "advice", name={"fr": "Conseil"}, policy={"validation": "staff"})
    number = do(sites.read, "bordeaux").id
    assert not do(unheard, number, site=False, people=True)
    assert do(unheard, number, site=False, people=False)
    do(sample.service, "room", requires=[{"kind": "room"}], name={"fr": "Salle"}, policy={"validation": "staff"})
    assert do(unheard, number, site=False, people=True)
