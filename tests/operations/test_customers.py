"""The customer base: found, kept, handed out, erased; and what is past its time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.extensions import db, reading, transaction
from portal.models import (
    Appointment,
    Audit,
    Customer,
    Idempotency,
    Order,
    Organisation,
    OutboxMessage,
    Site,
    Upload,
    User,
)
from portal.operations import (
    appointments,
    cards,
    customers,
    erasure,
    integrity,
    mail_log,
    orders,
    outbox,
    retention,
)
from portal.operations.actors import GUEST, Actor
from portal.operations.customers import Search
from portal.operations.retention import Purged, months_before
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.wishes import Details
from tests import sample

BOSS = Actor("boss@example.com", "staff", staff=True)
NAME, ADDRESS, PHONE = "Emballages Vidal", "achats@vidal.example.com", "05 56 00 22 33"


@pytest.fixture
def vidal(do, now) -> int:
    """Make a customer with an order at a dock."""
    do(sample.docks)
    card = do(customers.create, ADDRESS, {"name": NAME, "phone": PHONE}, now=now, by=BOSS)
    do(orders.put, orders.OrderDraft("CMD-7", kind="customer", site="bordeaux", email=ADDRESS), now=now)
    return card.id


def visit(do, now, day: str) -> str:
    """Book for the customer's address, with a message; give the appointment's id."""
    booked = do(sample.booked, day, now=now)
    public_id = booked.public_id
    do(give_to_vidal, public_id)
    do(appointments.edit, public_id, Details(NAME, PHONE, "Sonner chez Vidal"), GUEST, now=now)
    return public_id


def give_to_vidal(public_id: str) -> None:
    with transaction() as session:
        session.query(Appointment).filter_by(public_id=public_id).update({"email": ADDRESS})


def dump() -> str:
    """Write out every row of every table, as a thief of the database would read it."""
    with reading() as session:
        names = [table.name for table in db.metadatas[None].sorted_tables]
        return "\n".join(str(tuple(row)) for name in names for row in session.execute(text(f'SELECT * FROM "{name}"')))  # noqa: S608


def rows(table, **wanted):
    with reading() as session:
        return session.query(table).filter_by(**wanted).all()


class TestTheBase:
    def test_an_address_is_one_customer_however_it_is_written(self, do, now):
        first = do(customers.put, " Achats@Vidal.example.com", {"name": NAME}, now=now)
        again = do(customers.put, ADDRESS, {"phone": PHONE}, now=now)
        assert (first.new, again.new) == (True, False)
        assert (again.id, again.name, again.phone) == (first.id, NAME, PHONE)

    def test_a_second_customer_of_an_address_is_refused(self, do, now, vidal):
        with pytest.raises(Invalid, match="exists"):
            do(customers.create, ADDRESS, {"name": "Autre"}, now=now)
        other = do(customers.create, None, {"name": "Autre"}, now=now)
        with pytest.raises(Invalid, match="exists"):
            do(customers.change, other.id, {"email": ADDRESS}, now=now)

    def test_a_change_is_written_down_with_what_was_before(self, do, now, vidal):
        do(customers.change, vidal, {"name": "Vidal SA"}, now=now, by=BOSS)
        found = do(rows, Audit, kind="customer", action="changed")
        assert [(row.actor, row.before, row.after) for row in found] == [
            ("boss@example.com", {"name": NAME}, {"name": "Vidal SA"})
        ]

    def test_saying_the_same_again_is_no_change(self, do, now, vidal):
        do(customers.change, vidal, {"name": NAME}, now=now, by=BOSS)
        assert do(rows, Audit, kind="customer", action="changed") == []

    def test_what_was_added_by_mistake_goes_and_what_is_used_stays(self, do, now, vidal):
        mistake = do(customers.create, None, {"name": "Erreur"}, now=now)
        assert do(customers.remove, mistake.id, now=now)
        assert not do(customers.remove, vidal, now=now)
        assert do(customers.get, vidal).name == NAME


class TestTheList:
    def test_customers_are_found_by_what_is_known_of_them(self, do, now, vidal):
        do(customers.create, None, {"name": "Sans adresse", "kind": "supplier"}, now=now)

        def names(**wanted):
            return [line.customer.name for line in do(customers.listing, Search(**wanted), now=now).lines]

        assert names() == [NAME, "Sans adresse"]
        assert (
            names(text="vidal.ex") == names(text="22 33") == names(invitable=True) == names(kind="customer") == [NAME]
        )
        assert names(invitable=False) == names(kind="supplier") == ["Sans adresse"]
        assert names(text="%") == names(text="personne") == []

    def test_a_line_says_how_many_orders_and_when_they_come(self, do, now, vidal):
        visit(do, now, "2026-12-08 09:00")
        first = visit(do, now, "2026-12-07 09:00")
        do(known_as, vidal)
        line = do(customers.listing, Search(), now=now).lines[0]
        assert line.orders == 1
        assert line.next is not None
        assert line.next.start == do(cards.by_public_id, first).start

    def test_a_page_beyond_the_last_is_the_last(self, do, now, vidal):
        for number in range(4):
            do(customers.create, None, {"name": f"Client {number}"}, now=now)
        found = do(customers.listing, Search(), now=now, page=9, size=2)
        assert (found.page, found.pages, found.total, len(found.lines)) == (3, 3, 5, 1)

    def test_it_costs_the_same_however_many_there_are(self, do, now, vidal, statements):
        with statements(at_most=4):
            do(customers.listing, Search(), now=now)
        for number in range(20):
            do(customers.create, None, {"name": f"Client {number}"}, now=now)
        with statements(at_most=4):
            do(customers.listing, Search(), now=now)

    def test_those_of_another_site_are_not_there(self, do, now, vidal):
        do(sample.site, key="lyon")
        site = do(rows, Site, key="lyon")[0].id
        assert do(customers.listing, Search(), now=now, scope=Scope(frozenset({site}))).total == 0
        with pytest.raises(NotFound):
            do(customers.sheet, vidal, now=now, scope=Scope(frozenset({site})))
        here = do(rows, Site, key="bordeaux")[0].id
        assert do(customers.listing, Search(), now=now, scope=Scope(frozenset({here}))).total == 1


def known_as(customer_id: int) -> None:
    with transaction() as session:
        session.query(Appointment).filter_by(email=ADDRESS).update({"customer_id": customer_id})


class TestErasure:
    def test_the_whole_database_holds_neither_name_nor_address_nor_telephone(self, do, now, vidal):
        visit(do, now, "2026-12-07 09:00")
        do(customers.change, vidal, {"phone": PHONE + " 1"}, now=now, by=BOSS)
        do(orders.patch, "CMD-7", {"units": "3 palettes", "name": NAME}, now=now)
        do(waiting_file)
        do(mail_log.send_again, do(a_failed_mail), scope=EVERYWHERE, now=now, by=BOSS)
        before = do(dump)
        assert all(secret in before for secret in ("Vidal", ADDRESS, PHONE))
        later = now + timedelta(days=30)
        assert do(erasure.erase, vidal, now=later, by=BOSS) == 1
        after = do(dump)
        assert [secret for secret in ("Vidal", "vidal", PHONE) if secret in after] == []
        assert not do(integrity.check, now=later).breaches

    def test_the_place_and_the_order_stay(self, do, now, vidal):
        public_id = visit(do, now, "2026-12-07 09:00")
        do(erasure.erase, vidal, now=now + timedelta(days=30))
        card = do(cards.by_public_id, public_id)
        assert (card.email, card.name, card.phone, card.comment, card.fields) == (None, "", "", "", {})
        assert do(orders.get, "CMD-7").customer_id is None

    def test_its_page_no_longer_opens_by_the_link_that_was_mailed(self, do, now, vidal):
        public_id = visit(do, now, "2026-12-07 09:00")
        token = do(lambda: do_token(public_id))
        do(erasure.erase, vidal, now=now + timedelta(days=30))
        assert do(lambda: do_token(public_id)) != token

    def test_who_is_expected_is_not_erased(self, do, now, vidal):
        visit(do, now, "2026-12-07 09:00")
        with pytest.raises(StateChanged, match="appointments_to_come"):
            do(erasure.erase, vidal, now=now)
        assert do(customers.get, vidal).name == NAME

    def test_what_was_theirs_once_does_not_name_them_either(self, do, now, vidal):
        do(orders.patch, "CMD-7", {"email": "autre@example.com", "name": "Autre"}, now=now)
        assert ADDRESS in do(dump)
        do(erasure.erase, vidal, now=now)
        after = do(dump)
        assert [secret for secret in ("Vidal", "vidal", PHONE) if secret in after] == []
        assert "autre@example.com" in after

    def test_who_was_added_by_mistake_is_named_nowhere(self, do, now, vidal):
        mistake = do(customers.create, "erreur@example.com", {"name": "Erreur"}, now=now)
        assert do(customers.remove, mistake.id, now=now)
        assert "erreur" not in do(dump).casefold()

    def test_a_cancellation_of_nobody_any_more_is_not_taken_back(self, do, now, vidal):
        public_id = visit(do, now, "2026-12-07 09:00")
        do(appointments.cancel, public_id, GUEST, now=now)
        do(erasure.erase, vidal, now=now)
        with pytest.raises(StateChanged):
            do(appointments.undo, public_id, BOSS, now=now)

    def test_that_it_was_done_is_written_down_without_saying_who(self, do, now, vidal):
        do(erasure.erase, vidal, now=now, by=BOSS)
        (entry,) = do(rows, Audit, kind="customer", action="erased")
        assert (entry.actor, entry.label, entry.key) == ("boss@example.com", "", str(vidal))

    def test_who_is_not_there_cannot_be_erased(self, do, now):
        with pytest.raises(NotFound):
            do(erasure.erase, 999_999_999, now=now)


def do_token(public_id: str) -> str:
    return cards.by_public_id(public_id).token


def a_failed_mail() -> int:
    """Let a mail to the customer fail, and give its number."""
    with transaction() as session:
        mail = session.query(OutboxMessage).filter_by(kind="confirmation").one()
        mail.recipient, mail.state = ADDRESS, "failed"
        return mail.id


def queue(mail: outbox.Draft, state: str, now) -> None:
    with transaction() as session:
        outbox.enqueue(session, [mail], now)
        session.query(OutboxMessage).filter_by(dedupe=mail.dedupe).update({"state": state})


def waiting_file() -> None:
    """Leave a file of orders that nobody decided upon."""
    with transaction() as session:
        user = User(public_id="0" * 32, email="agent@example.com", role="agent", created_at=sample.MADE)
        session.add(user)
        session.flush()
        content = f"reference;name\nCMD-9;{NAME}".encode()
        session.add(Upload(public_id="1" * 32, user_id=user.id, name="x.csv", content=content, created_at=sample.MADE))


class TestTheirData:
    def test_everything_is_handed_out_and_that_is_written_down(self, do, now, vidal):
        visit(do, now, "2026-12-07 09:00")
        told = do(customers.record, vidal, now=now, by=BOSS)
        assert told["customer"]["email"] == ADDRESS
        assert [order["reference"] for order in told["orders"]] == ["CMD-7"]
        (appointment,) = told["appointments"]
        assert (appointment["planning"], appointment["comment"]) == ("quais", "Sonner chez Vidal")
        assert [line["kind"] for line in appointment["history"]] == ["scheduled", "edited"]
        assert [row.actor for row in do(rows, Audit, action="exported")] == ["boss@example.com"]

    def test_a_service_is_called_one(self, do, now):
        do(sample.agency)
        do(give_to_vidal, do(sample.booked, "2026-12-07 09:00", now=now, service="evaluation").public_id)
        card = do(customers.create, ADDRESS, {"name": NAME}, now=now)
        (appointment,) = do(customers.record, card.id, now=now)["appointments"]
        assert (appointment["service"], "planning" in appointment) == ("evaluation", False)


def keep_for(months: int | None) -> None:
    with transaction() as session:
        session.query(Organisation).update({"retention_months": months})


class TestRetention:
    def test_without_a_time_nothing_is_past_it(self, do, now, vidal):
        visit(do, now, "2026-12-07 09:00")
        assert do(retention.purge, now=now + timedelta(days=3000)) == Purged(0, 0)

    def test_an_appointment_is_kept_to_the_day_and_then_made_anonymous(self, do, now, vidal):
        public_id = visit(do, now, "2026-12-07 09:00")
        do(keep_for, 6)
        do(known_as, vidal)
        end = do(cards.by_public_id, public_id).end
        assert do(retention.purge, now=end.replace(year=2027, month=6)) == Purged(0, 0)
        after = end.replace(year=2027, month=6) + timedelta(seconds=1)
        assert do(retention.purge, now=after).appointments == 1
        assert do(retention.purge, now=after).appointments == 0
        assert do(cards.by_public_id, public_id).name == ""

    def test_a_customer_goes_when_nothing_of_theirs_is_left(self, do, now, vidal):
        visit(do, now, "2026-12-07 09:00")
        do(keep_for, 6)
        late = now + timedelta(days=400)
        assert do(retention.purge, now=late) == Purged(1, 1)
        assert "vidal" not in do(dump)
        assert do(rows, Customer) == []
        assert len(do(rows, Order)) == 1

    def test_a_customer_with_a_living_order_stays(self, do, now, vidal):
        do(keep_for, 6)
        late = now + timedelta(days=400)
        do(orders.patch, "CMD-7", {"status": "ready"}, now=late - timedelta(days=1))
        assert do(retention.purge, now=late).customers == 0

    def test_a_mail_about_no_appointment_goes_when_it_is_old_and_settled(self, do, now, vidal):
        do(keep_for, 6)
        for recipient, state in (("a@example.com", "sent"), ("b@example.com", "waiting")):
            do(queue, outbox.Draft("service_invitation", recipient, recipient, "fr", now), state, now)
        for days, left in ((180, ["a@example.com", "b@example.com"]), (190, ["b@example.com"])):
            do(retention.purge, now=now + timedelta(days=days))
            assert sorted(mail.recipient for mail in do(rows, OutboxMessage)) == left

    def test_a_customer_who_is_expected_stays(self, do, now, vidal):
        do(keep_for, 1)
        visit(do, now, "2027-02-01 09:00")
        do(known_as, vidal)
        assert do(retention.purge, now=now + timedelta(days=40)) == Purged(0, 0)

    def test_files_and_answers_that_nobody_asks_for_are_swept_out(self, do, now):
        do(waiting_file)
        do(answer_of, now - timedelta(days=8), "old")
        do(answer_of, now - timedelta(days=6), "new")
        do(retention.purge, now=now)
        assert do(rows, Upload) == []
        assert [row.key for row in do(rows, Idempotency)] == ["new"]

    @pytest.mark.parametrize(("months", "expected"), [(1, "2026-11-30"), (10, "2026-02-28"), (12, "2025-12-31")])
    def test_months_are_those_of_the_calendar(self, now, months, expected):
        assert months_before(now.replace(day=31), months).date().isoformat() == expected


def answer_of(created_at, key: str) -> None:
    with transaction() as session:
        session.add(Idempotency(scope="link:1", key=key, request_hash="x", result={}, created_at=created_at))
