"""Confirm by mail: a guest's place is held until the link that was mailed to the address is pressed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.domain.errors import LimitReached, LinkExpired, LinkUnknown, OutsideWindow, SlotNotOffered, SlotTaken
from portal.domain.lifecycle import Status
from portal.extensions import reading, transaction
from portal.models import Allocation, Appointment, Event, OutboxMessage, Planning
from portal.operations import appointments, cards, confirmations, holds, integrity, lapses, letters, outbox, tokens
from portal.operations.actors import CUSTOMER, SYSTEM, Actor
from portal.operations.holds import Place
from portal.operations.keepsakes import new_revision
from portal.operations.letters import Content, Stale
from portal.operations.once import Once
from portal.operations.wishes import Contact, Wish
from tests import sample
from tests.sample import paris

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
MONDAY = "2026-12-07 08:00"
ONE_PLACE = dict.fromkeys(range(1, 6), ((480, 720, 1),))
QUARTER = timedelta(minutes=15)


@pytest.fixture
def docks(do):
    do(sample.docks, policy={"confirm_by_mail": 15}, week=ONE_PLACE)


@pytest.fixture
def ask(do, docks, now):
    """Book as a guest, and give the token of the mail."""

    def book(start=MONDAY, at=now, **options):
        return do(token_of, do(sample.booked, start, now=at, **options).public_id)

    return book


def token_of(public_id):
    return tokens.token(tokens.CONFIRM, public_id, 1)


def all_of(model):
    with reading() as session:
        return session.query(model).order_by(model.id).all()


def policy(**changed):
    with transaction() as session:
        for one in session.query(Planning):
            one.policy, one.revision = {**one.policy, **changed}, new_revision()


def test_a_guest_s_booking_only_holds_the_place_and_mails_the_address(do, docks, now):
    booked = do(sample.booked, MONDAY, now=now)
    assert booked.status is Status.HELD
    assert [(row.status, row.email, row.customer_id) for row in do(all_of, Appointment)] == [
        ("held", "chauffeur0@example.com", None)
    ]
    assert [(row.role, row.taken_until) for row in do(all_of, Allocation)] == [("held", now + QUARTER)]
    assert [(row.kind, row.recipient) for row in do(all_of, OutboxMessage)] == [
        ("confirm_address", "chauffeur0@example.com")
    ]
    assert do(all_of, Event) == []


def test_the_mail_holds_the_link_and_says_until_when(do, docks, now):
    booked = do(sample.booked, MONDAY, now=now)
    [content] = do(letters.read, do(outbox.claim, now=now, real_now=REAL), now=now)
    assert isinstance(content, Content)
    assert (content.step.token, content.step.start, content.step.until) == (
        do(token_of, booked.public_id),
        paris(MONDAY),
        now + QUARTER,
    )


@pytest.mark.parametrize(
    ("modes", "picked", "said"),
    [(["service_staff"], (), ("Jean",)), (["service"], (), ()), (["service_staff"], ("ryan",), ("Ryan",))],
)
def test_the_mail_names_who_serves_where_people_may_be_chosen(do, now, modes, picked, said):
    do(sample.agency, people=("jean", "ryan"), policy={"confirm_by_mail": 15, "modes": modes})
    do(sample.booked, "2026-12-07 09:00", now=now, service="evaluation", resources=picked)
    [content] = do(letters.read, do(outbox.claim, now=now, real_now=REAL), now=now)
    assert content.step.people == said


def test_the_mail_is_not_sent_when_it_is_too_late_or_done(do, docks, ask, now):
    done = ask()
    ask("2026-12-08 08:00")
    messages = do(outbox.claim, now=now, real_now=REAL)
    do(confirmations.confirm, done, now=now)
    assert do(letters.read, messages, now=now + QUARTER) == [Stale("settled"), Stale("expired")]


def test_meanwhile_the_place_is_not_sold(do, ask, now):
    ask()
    with pytest.raises(SlotTaken):
        do(sample.booked, MONDAY, now=now, number=1)


def test_the_link_shows_what_it_would_confirm(do, ask, now):
    waiting = do(confirmations.look, ask(), now=now)
    assert (waiting.start, waiting.until, waiting.made) == (paris(MONDAY), now + QUARTER, "")


def test_confirmed_it_is_booked_and_told_as_if_it_were_booked_then(do, ask, now):
    do(sample.order, email="chauffeur0@example.com")
    later = now + timedelta(minutes=5)
    made = do(confirmations.confirm, ask(), now=later)
    card = do(cards.by_token, made)
    assert (card.status, card.source) == (Status.CONFIRMED, "guest")
    assert do(all_of, Appointment)[0].customer_id is not None
    assert [(row.role, row.taken_until) for row in do(all_of, Allocation)] == [("visit", None)]
    [event] = do(all_of, Event)
    assert (event.kind, event.actor, event.origin, event.at) == ("scheduled", "customer", "guest", later)
    assert event.holds[0]["units"] == 1
    assert event.holds[0]["capacity"]
    assert [row.kind for row in do(all_of, OutboxMessage)] == ["confirm_address", "confirmation", "site_notice"]
    assert do(integrity.check, now=later).breaches == ()


def test_pressed_twice_it_is_done_once(do, ask, now):
    token = ask()
    first = do(confirmations.confirm, token, now=now)
    assert do(confirmations.confirm, token, now=now) == first
    assert do(confirmations.look, token, now=now).made == first
    assert len(do(all_of, Event)) == 1


def test_long_after_it_was_confirmed_the_link_still_leads_to_the_appointment(do, ask, now):
    token = ask()
    made = do(confirmations.confirm, token, now=now)
    assert do(confirmations.look, token, now=now + timedelta(days=30)).made == made


def test_under_validation_it_becomes_a_request(do, ask, now):
    do(policy, validation="manager", answer_within="2d")
    token = ask()
    assert do(confirmations.look, token, now=now).asks
    made = do(confirmations.confirm, token, now=now)
    card = do(cards.by_token, made)
    assert card.status is Status.REQUESTED
    assert card.answer_by is not None
    assert [event.kind for event in do(all_of, Event)] == ["requested"]


@pytest.mark.parametrize("swept", [False, True])
def test_too_late_it_says_so_and_the_place_is_free(do, ask, now, swept):
    token, late = ask(), now + QUARTER
    if swept:
        do(lapses.announce, late)
        assert do(all_of, Appointment) == []
    for use in (confirmations.look, confirmations.confirm):
        with pytest.raises(LinkExpired) as refusal:
            do(use, token, now=late)
        assert refusal.value.values["problem"] == "confirmation"
    assert do(sample.booked, MONDAY, now=late, number=1)


def test_what_lapses_leaves_no_trace_but_the_mail(do, ask, now):
    ask()
    do(lapses.announce, now + QUARTER)
    assert do(all_of, Appointment) == do(all_of, Allocation) == do(all_of, Event) == []
    assert do(integrity.check, now=now).breaches == ()


@pytest.mark.parametrize("purpose", [tokens.MANAGE, tokens.HOLD, tokens.BOOK])
def test_no_other_token_confirms(do, ask, now, purpose):
    public_id = do(tokens.public_id_of, ask())
    with pytest.raises(LinkUnknown):
        do(confirmations.confirm, do(tokens.token, purpose, public_id, 1), now=now)


def test_a_token_that_names_nothing_and_was_never_ours_is_unknown(do, docks, now):
    with pytest.raises(LinkUnknown):
        do(confirmations.look, do(tokens.token, tokens.BOOK, tokens.new_public_id(), 1), now=now)


def test_nobody_manages_what_is_only_held(do, ask, now):
    public_id = do(tokens.public_id_of, ask())
    with pytest.raises(LinkUnknown):
        do(cards.by_token, do(tokens.token, tokens.MANAGE, public_id, 1))


def test_it_is_judged_once_more(do, ask, now):
    token = ask()
    do(policy, min_notice="30d")
    with pytest.raises(OutsideWindow):
        do(confirmations.confirm, token, now=now)


def test_hours_that_went_meanwhile_refuse_it(do, ask, now):
    token = ask()
    do(sample.close)
    with pytest.raises(SlotNotOffered):
        do(confirmations.confirm, token, now=now)


def test_limits_are_counted_when_it_is_confirmed(do, ask, now):
    do(policy, max_per_day=1)
    first, second = ask(), ask("2026-12-07 10:00")
    assert do(confirmations.confirm, first, now=now)
    with pytest.raises(LimitReached):
        do(confirmations.confirm, second, now=now)


def test_the_same_request_sent_again_holds_one_place(do, docks, now):
    once = Once("guest:bordeaux/quais", "k")
    first = do(sample.booked, MONDAY, now=now, once=once)
    again = do(sample.booked, MONDAY, now=now, once=once)
    assert (again.public_id, again.status, again.replayed) == (first.public_id, Status.HELD, True)
    assert len(do(all_of, OutboxMessage)) == 1


@pytest.mark.parametrize("actor", [SYSTEM, Actor("key:erp", "api", staff=True)])
def test_staff_confirms_nothing(do, docks, now, actor):
    assert do(sample.booked, MONDAY, now=now, actor=actor).status is Status.CONFIRMED


def test_a_program_without_a_key_is_a_guest(do, docks, now):
    assert do(sample.booked, MONDAY, now=now, actor=Actor("customer", "api")).status is Status.HELD


def test_a_link_proves_enough(do, docks, now):
    do(sample.order)
    wish = Wish(paris(MONDAY), Contact("achats@example.com", "Vidal"), CUSTOMER, token=do(sample.link))
    assert do(appointments.book, wish, now=now).status is Status.CONFIRMED


def test_what_is_held_for_the_form_becomes_what_waits_for_the_address(do, docks, now):
    do(policy, hold=10)
    hold = do(holds.take, Place(site="bordeaux", planning="quais"), paris(MONDAY), "0" * 32, now=now)
    booked = do(sample.booked, MONDAY, now=now, hold=do(holds.of_token, hold.token))
    assert booked.status is Status.HELD
    assert [row.public_id for row in do(all_of, Appointment)] == [booked.public_id]
