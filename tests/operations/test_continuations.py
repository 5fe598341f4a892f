"""Going on by mail where only customers book: nobody outside learns who is one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal.domain.errors import Invalid, LimitReached, LinkExpired, LinkUnknown, NotEligible, NotFound
from portal.extensions import reading, transaction
from portal.models import Continuation, Customer, OutboxMessage
from portal.operations import (
    appointments,
    bookables,
    continuations,
    erasure,
    find,
    letters,
    outbox,
    retention,
    staff_links,
    tokens,
)
from portal.operations.continuations import Request
from portal.operations.letters import Content, Stale
from portal.operations.once import Once
from portal.operations.wishes import Contact, Wish
from tests import sample
from tests.sample import paris

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
MONDAY = "2026-12-07 08:00"
KNOWN, STRANGER = "achats@example.com", "inconnu@example.com"
DAY = timedelta(hours=24)


@pytest.fixture
def docks(do):
    do(sample.docks, policy={"who": "existing"})
    do(sample.order, email=KNOWN)


@pytest.fixture
def ask(do, now):
    def send(email=KNOWN, at=now, once=None, **changed):
        request = Request("bordeaux", "quais", paris(MONDAY), email, "fr", (("tz", "America/Halifax"),))
        do(continuations.ask, replace(request, **changed), now=at, once=once)

    return send


def rows(model):
    with reading() as session:
        return session.query(model).order_by(model.id).all()


def newest():
    row = rows(Continuation)[-1]
    return tokens.token(tokens.CONTINUE, row.public_id, row.generation)


def opened(token, now, **options):
    with reading() as session:
        pool = bookables.find(session, "bordeaux", "quais").pool_id
        return continuations.opened(session, token, pool, now, **options)


@pytest.fixture
def book(do, now):
    def take(token, email=KNOWN, key="k", start=MONDAY, at=now):
        once = Once("guest:bordeaux/quais", key)
        wish = Wish(paris(start), Contact(email, "Vidal"), sample.GUEST, site="bordeaux", planning="quais", once=once)
        return do(appointments.book, replace(wish, continuation=token), now=at)

    return take


def test_customer_and_stranger_cost_the_same_statements_and_leave_the_same_rows(do, docks, ask, statements):
    ask("first@example.com")  # hours are read once per revision
    seen = []
    for email in (KNOWN, STRANGER):
        with statements() as one:
            ask(email)
        seen.append(one)
    assert seen[0] == seen[1]
    assert not any("customer" in statement.lower() for statement in seen[0])
    assert [(row.email, row.starts_at) for row in do(rows, Continuation)][1:] == [
        (KNOWN, paris(MONDAY)),
        (STRANGER, paris(MONDAY)),
    ]
    assert [(row.kind, row.recipient, row.state) for row in do(rows, OutboxMessage)][1:] == [
        ("continuation", KNOWN, "waiting"),
        ("continuation", STRANGER, "waiting"),
    ]


def test_only_the_customer_is_written_to(do, docks, ask, now):
    ask(KNOWN)
    ask(STRANGER)
    messages = do(outbox.claim, now=now, real_now=REAL)
    known, stranger = do(letters.read, messages, now=now)
    assert stranger == Stale("no_customer")
    assert isinstance(known, Content)
    assert (known.step.start, known.step.until, known.step.carried) == (
        paris(MONDAY),
        now + DAY,
        {"tz": "America/Halifax"},
    )
    assert do(opened, known.step.token, now).email == KNOWN


def test_a_mail_that_waits_too_long_is_not_sent(do, docks, ask, now):
    ask()
    messages = do(outbox.claim, now=now, real_now=REAL)
    assert do(letters.read, messages, now=now + DAY) == [Stale("expired")]


def test_one_address_is_mailed_once_in_a_while_about_a_slot(do, docks, ask, now):
    ask()
    ask()
    ask(start=paris("2026-12-07 10:00"))
    ask(at=now + timedelta(minutes=11))
    assert len(do(rows, OutboxMessage)) == 3


def test_the_same_request_sent_twice_is_one(do, docks, ask):
    once = Once("address:x", "k")
    ask(once=once)
    ask(once=once)
    assert len(do(rows, Continuation)) == 1
    with pytest.raises(Invalid):
        ask(STRANGER, once=once)


def test_patterns_answer_openly_before_anything_is_written(do, now, ask):
    do(sample.docks, policy={"who": "existing", "email_patterns": ["*@acme.fr"]})
    with pytest.raises(NotEligible):
        ask()
    assert do(rows, Continuation) == do(rows, OutboxMessage) == []


def test_there_is_nothing_to_go_on_with_where_no_guest_books(do, now, ask):
    do(sample.docks, guests=False, policy={"who": "existing"})
    with pytest.raises(NotFound):
        ask()


def test_a_continuation_names_who_was_picked(do, now, ask):
    do(sample.agency, people=("jean",), policy={"who": "existing"})
    do(sample.order, email=KNOWN)
    ask(planning=None, service="evaluation", start=paris("2026-12-07 09:00"), carried=(("staff", "jean"),))
    [content] = do(letters.read, do(outbox.claim, now=now, real_now=REAL), now=now)
    assert content.step.people == ("Jean",)


def test_a_continuation_tells_who_comes(do, docks, ask, now):
    ask()
    found = do(opened, do(newest), now)
    assert (found.email, found.name, found.locale, found.start) == (KNOWN, "Emballages Vidal", "fr", paris(MONDAY))


def test_a_continuation_of_a_stranger_opens_nothing(do, docks, ask, now):
    ask(STRANGER)
    with pytest.raises(LinkUnknown):
        do(opened, do(newest), now)


def test_a_continuation_opens_its_own_planning_alone(do, docks, ask, now):
    do(sample.planning, key="comptoir")
    ask()

    def elsewhere(token):
        with reading() as session:
            pool = bookables.find(session, "bordeaux", "comptoir").pool_id
            return continuations.opened(session, token, pool, now)

    with pytest.raises(LinkUnknown):
        do(elsewhere, do(newest))


def test_after_a_day_it_says_that_it_has_expired_swept_out_or_not(do, docks, ask, now):
    ask()
    token = do(newest)
    with pytest.raises(LinkExpired):
        do(opened, token, now + DAY)
    do(retention.sweep, now=now + DAY)
    assert do(rows, Continuation) == []
    with pytest.raises(LinkExpired):
        do(opened, token, now + DAY)


def test_a_forged_one_is_unknown(do, docks, now):
    with pytest.raises(LinkUnknown):
        do(opened, do(tokens.token, tokens.BOOK, tokens.new_public_id(), 1), now)


def test_a_customer_books_with_it_once(do, docks, ask, book, now):
    ask()
    token = do(newest)
    booked = book(token)
    assert booked.start == paris(MONDAY)
    with pytest.raises(LinkUnknown):
        do(opened, token, now)
    with pytest.raises(LinkUnknown):
        book(token, key="another", start="2026-12-07 10:00")


def test_the_same_booking_sent_again_is_answered_again(do, docks, ask, book):
    ask()
    token = do(newest)
    first, again = book(token), book(token)
    assert (first.public_id, again.replayed) == (again.public_id, True)


def test_a_booking_that_fails_does_not_use_it_up(do, docks, ask, book, now):
    do(sample.ask, [sample.PLATE])
    ask()
    with pytest.raises(Invalid):
        book(do(newest))
    assert do(opened, do(newest), now)


def test_it_books_for_its_own_address_alone(do, docks, ask, book):
    ask()
    with pytest.raises(Invalid):
        book(do(newest), email=STRANGER)


def test_somebody_erased_meanwhile_is_a_stranger_and_no_row_names_them(do, docks, ask, book, now):
    ask()
    token = do(newest)
    do(erasure.erase, do(customer_id), now=now)
    assert do(rows, Continuation) == do(rows, OutboxMessage) == []
    with pytest.raises(LinkExpired):
        book(token)


def customer_id():
    with reading() as session:
        return session.query(Customer).filter_by(email=KNOWN).one().id


def test_limits_hold_for_whom_it_introduces(do, ask, book, now):
    do(sample.docks, policy={"who": "existing", "max_per_day": 1})
    do(sample.order, email=KNOWN)
    for key, start in (("one", MONDAY), ("two", "2026-12-07 10:00")):
        ask(start=paris(start))
        if key == "one":
            assert book(do(newest), key=key)
    with pytest.raises(LimitReached):
        book(do(newest), key="two", start="2026-12-07 10:00")


def test_settled_mails_are_kept_for_two_days(do, docks, ask, now):
    ask(KNOWN)
    ask(STRANGER)
    do(find.ask, STRANGER, "fr", now=now)
    do(staff_links.forgotten, STRANGER, "127.0.0.1", "fr", now=now, real_now=REAL)

    def settle():
        with transaction() as session:
            session.query(OutboxMessage).filter_by(recipient=STRANGER).update({"state": "dropped"})

    do(settle)
    do(retention.sweep, now=now + timedelta(days=2))
    assert len(do(rows, OutboxMessage)) == 4
    do(retention.sweep, now=now + timedelta(days=2, minutes=1))
    assert [row.recipient for row in do(rows, OutboxMessage)] == [KNOWN]
