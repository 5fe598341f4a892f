"""What waiting lists and offers keep about people: handed out, forgotten, swept out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.extensions import Model, reading, transaction
from portal.models import Customer, FreedPlace, Offer, Organisation, OutboxMessage, WaitingEntry
from portal.operations import (
    appointments,
    customers,
    erasure,
    integrity,
    offer_stops,
    offers,
    retention,
    waiting,
    waiting_lists,
)
from portal.operations.scopes import EVERYWHERE
from portal.operations.waiting import Joining, Place
from tests import sample
from tests.operations import waiters
from tests.operations.waiters import MONDAY, STAFF

NINE = f"{MONDAY} 09:00"
PAUL = "achats@example.com"


@pytest.fixture
def paul(do, now):
    """Let a customer wait for a Monday with one hour, be offered it, and give their id."""
    do(waiters.dock, policy={"waiting_list": True, "earlier_slots": {"mode": "one_by_one"}}, week={1: ((540, 600, 1),)})
    do(sample.order)
    taken = do(waiters.book, NINE, 90, now=now, actor=STAFF)
    place = Place(site="bordeaux", planning="quais")
    day = sample.paris(NINE).date()
    for email in (PAUL, "autre@example.com"):
        do(waiting.join, Joining(place, day, day, email, "Paul", "fr"), now=now)
    do(appointments.cancel, taken.public_id, STAFF, now=now, undo=False)
    do(offers.advance, now)
    return do(customer_id)


def customer_id():
    with reading() as session:
        return session.scalars(select(Customer.id).where(Customer.email == PAUL)).one()


def rows(model):
    with reading() as session:
        return list(session.scalars(select(model)))


def dump():
    with reading() as session:
        return {table.name: str(session.execute(select(table)).all()) for table in Model.metadata.sorted_tables}


def test_the_file_of_somebodys_data_holds_what_they_wait_for_and_were_offered(do, paul, now):
    told = do(customers.record, paul, now=now)
    assert [(one["first_day"], one["state"]) for one in told["waiting"]] == [(MONDAY, "waiting")]
    assert [(one["start"], one["state"]) for one in told["offers"]] == [("2026-12-07T08:00:00+00:00", "open")]
    assert told["wants_offers"]


def test_an_erased_customer_waits_no_more_and_is_named_nowhere(do, paul, now):
    do(offer_stops.switch, PAUL, False, now=now)
    do(erasure.erase, paul, now=now)
    assert [name for name, found in do(dump).items() if PAUL in found] == []
    assert do(offer_stops.stopped, PAUL)


def test_the_place_kept_for_an_erased_customer_goes_on_to_the_next(do, paul, now):
    do(erasure.erase, paul, now=now)
    assert do(offers.advance, now) == 1
    assert do(waiters.mailed, "place_free") == ["autre"]
    assert do(integrity.check, now).breaches == ()


def test_the_audit_log_forgets_who_was_taken_off_the_list(do, paul, now):
    number = do(rows, WaitingEntry)[0].id
    do(waiting_lists.remove, number, scope=EVERYWHERE, now=now, by=STAFF)
    do(erasure.erase, paul, now=now)
    assert PAUL not in do(dump)["audit"]


def keep_for(months):
    with transaction() as session:
        session.query(Organisation).update({"retention_months": months})


def test_what_is_past_its_time_is_swept_out_with_its_mails(do, paul, now):
    do(keep_for, 1)
    later = now + timedelta(days=10)
    do(offers.advance, later)
    do(waiting.end_over, later)
    do(retention.purge, now=later + timedelta(days=20))
    assert "autre@example.com" in [entry.email for entry in do(rows, WaitingEntry)]
    do(retention.purge, now=later + timedelta(days=40))
    assert [len(do(rows, model)) for model in (WaitingEntry, FreedPlace, Offer)] == [0, 0, 0]
    kinds = {mail.kind for mail in do(rows, OutboxMessage)}
    assert not kinds & {"waiting_joined", "place_free"}


def test_who_was_taken_off_the_list_is_named_no_longer_than_the_entry_is_kept(do, paul, now):
    do(keep_for, 1)
    (number,) = [entry.id for entry in do(rows, WaitingEntry) if entry.email == "autre@example.com"]
    do(waiting_lists.remove, number, scope=EVERYWHERE, now=now, by=STAFF)
    assert "autre@example.com" in do(dump)["audit"]
    do(retention.purge, now=now + timedelta(days=40))
    assert "autre@example.com" not in do(dump)["audit"]


def test_who_waits_still_is_kept_however_long_ago_they_joined(do, paul, now):
    do(keep_for, 1)
    do(retention.purge, now=now + timedelta(days=365))
    assert len(do(rows, WaitingEntry)) == 2
    assert do(customer_id) == paul
