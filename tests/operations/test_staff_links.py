"""Links mailed to the staff: for one thing, once, for a while; and nobody learns who has an account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.domain.errors import Invalid, LinkExpired, LinkUnknown, NotEligible, RateLimited, StateChanged
from portal.extensions import Model, reading
from portal.models import Audit
from portal.operations import letters, outbox, sessions, staff_links, tokens, user_cards, users
from portal.operations.actors import Actor
from portal.operations.letters import Content, Stale
from portal.operations.sessions import Machine
from portal.operations.user_cards import Rights
from portal.operations.users import Person, Plan
from tests.backends import NOW

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
PASSWORD, OTHER = "sept quais et une grue", "huit quais et deux grues"
EMAIL = "claire@example.com"
HOME = Machine("192.0.2.7", "Firefox")
CHIEF = Actor("chief@example.com", "staff", staff=True)
INVITE, RESET = tokens.INVITE, tokens.RESET


@pytest.fixture
def invited(do):
    return do(staff_links.invite, Person(" Claire@Example.com", Rights("agent"), "Claire"), by=CHIEF, now=NOW)


@pytest.fixture
def claire(do):
    return do(users.add, EMAIL, PASSWORD, role="manager", now=NOW, name="Claire")


@pytest.fixture
def read(do):
    """Claim what is due and say what each message has become: a link's token, or why it is dropped."""

    def take(at=NOW):
        readings = do(letters.read, do(outbox.claim, now=at, real_now=REAL), now=at)
        return [one.staff_link.token if isinstance(one, Content) else one.why for one in readings]

    return take


def choose(do, token, purpose=INVITE, password=PASSWORD, now=NOW):
    do(staff_links.choose_password, token, purpose, password, now=now, real_now=REAL)


def forgot(do, email=EMAIL, address="192.0.2.7", real=REAL):
    do(staff_links.forgotten, email, address, "fr", now=NOW, real_now=real)


def test_who_is_invited_chooses_a_password_and_enters(do, invited, read):
    (token,) = read()
    with pytest.raises(NotEligible):
        do(sessions.enter, EMAIL, "", HOME, now=REAL)
    choose(do, token)
    assert isinstance(do(sessions.enter, EMAIL, PASSWORD, HOME, now=REAL), str)


def test_the_address_of_an_account_is_invited_once(do, invited):
    with pytest.raises(Invalid) as refused:
        do(staff_links.invite, Person(EMAIL, Rights("agent")), by=CHIEF, now=NOW)
    assert refused.value.values["problem"] == "exists"


def test_looking_at_a_link_uses_nothing_up(do, invited, read, no_writes):
    (token,) = read()
    with no_writes():
        for _ in range(3):
            assert do(staff_links.opened, token, INVITE, now=NOW).email == EMAIL
    choose(do, token)


def test_a_link_opens_once(do, invited, read):
    (token,) = read()
    choose(do, token)
    with pytest.raises(LinkUnknown):
        choose(do, token, password=OTHER)


def choose_once(_number, token):
    staff_links.choose_password(token, INVITE, PASSWORD, now=NOW, real_now=REAL)
    return 200


def test_a_link_sent_by_many_at_once_sets_one_password(do, processes, invited, read):
    (token,) = read()
    assert sorted(processes(4, choose_once, token)) == [200, 404, 404, 404]


@pytest.mark.parametrize(("first", "second"), [(INVITE, RESET), (RESET, INVITE)])
def test_a_link_for_one_thing_opens_nothing_else(do, claire, first, second):
    token = do(staff_link, claire.id, first)
    with pytest.raises(LinkUnknown):
        do(staff_links.opened, token, second, now=NOW)


def staff_link(user_id, purpose):
    with reading() as session:
        user = session.get_one(users.User, user_id)
        return tokens.token(purpose, user.public_id, user.generation)


@pytest.mark.parametrize(("days", "opens"), [(6, True), (7, False)])
def test_an_invitation_opens_for_a_week(do, invited, read, days, opens):
    (token,) = read()
    at = NOW + timedelta(days=days)
    if opens:
        assert do(staff_links.opened, token, INVITE, now=at)
    else:
        with pytest.raises(LinkExpired):
            choose(do, token, now=at)


def test_a_reset_opens_for_an_hour(do, claire, read):
    do(staff_links.send_reset, claire.id, by=CHIEF, now=NOW)
    (token,) = read()
    assert do(staff_links.opened, token, RESET, now=NOW + timedelta(minutes=59))
    with pytest.raises(LinkExpired):
        choose(do, token, RESET, now=NOW + timedelta(hours=1))


def test_a_newer_link_replaces_the_older(do, invited, read):
    (old,) = read()
    do(staff_links.invite_again, invited.id, by=CHIEF, now=NOW)
    (new,) = read()
    with pytest.raises(LinkUnknown):
        do(staff_links.opened, old, INVITE, now=NOW)
    assert do(staff_links.opened, new, INVITE, now=NOW)


def test_a_link_that_waited_too_long_is_not_sent(do, invited, read):
    do(staff_links.invite_again, invited.id, by=CHIEF, now=NOW)
    first, second = read(NOW + timedelta(days=8))
    assert (first, second) == ("superseded", "expired")


def test_a_new_password_ends_sessions_and_other_links(do, claire, read):
    session = do(sessions.enter, EMAIL, PASSWORD, HOME, now=REAL)
    do(staff_links.send_reset, claire.id, by=CHIEF, now=NOW)
    (token,) = read()
    choose(do, token, RESET, OTHER)
    assert do(sessions.member, session, now=REAL) is None
    with pytest.raises(NotEligible):
        do(sessions.enter, EMAIL, PASSWORD, HOME, now=REAL)
    assert do(sessions.enter, EMAIL, OTHER, HOME, now=REAL)


def test_a_password_changed_meanwhile_ends_the_link(do, claire, read):
    do(staff_links.send_reset, claire.id, by=CHIEF, now=NOW)
    (token,) = read()
    do(users.change_password, claire.id, OTHER, keeping=0, by=CHIEF, now=NOW)
    with pytest.raises(LinkUnknown):
        do(staff_links.opened, token, RESET, now=NOW)


def test_a_closed_account_is_opened_by_no_link(do, claire, read):
    do(staff_links.send_reset, claire.id, by=CHIEF, now=NOW)
    do(users.change, claire.id, Plan("Claire", claire.rights, active=False), by=CHIEF, now=NOW)
    assert read() == ["no_account"]
    with pytest.raises(LinkUnknown):
        do(staff_links.opened, do(staff_link, claire.id, RESET), RESET, now=NOW)
    with pytest.raises(StateChanged):
        do(staff_links.send_reset, claire.id, by=CHIEF, now=NOW)


def test_only_who_has_no_password_is_invited_again_and_only_who_has_one_gets_another(do, claire, invited_too):
    with pytest.raises(StateChanged):
        do(staff_links.invite_again, claire.id, by=CHIEF, now=NOW)
    with pytest.raises(StateChanged):
        do(staff_links.send_reset, invited_too.id, by=CHIEF, now=NOW)


@pytest.fixture
def invited_too(do):
    return do(staff_links.invite, Person("paul@example.com", Rights("viewer")), by=CHIEF, now=NOW)


@pytest.mark.parametrize(
    ("password", "problem"),
    [("x" * 9, "password_length"), ("x" * 201, "password_length"), ("Claire@Example.com", "password_address"),
     ("MotDePasse123!", "password_common"), ("1234567890", "password_common"), ("aaaaaaaaaaaa", "password_common"),
     ("Créneau 2026", "password_common")],
)  # fmt: skip
def test_a_password_that_is_easily_guessed_is_refused_and_the_link_stays(do, invited, read, password, problem):
    (token,) = read()
    with pytest.raises(Invalid) as refused:
        choose(do, token, password=password)
    assert refused.value.values["problem"] == problem
    choose(do, token)


# Forgotten passwords


def test_a_forgotten_password_is_mailed_a_link(do, claire, read):
    forgot(do, " Claire@Example.com ")
    (token,) = read()
    choose(do, token, RESET, OTHER)
    assert do(sessions.enter, EMAIL, OTHER, HOME, now=REAL)


def test_who_was_invited_may_enter_by_a_forgotten_password_too(do, invited, read):
    forgot(do)
    old, token = read()
    assert old == "superseded"
    choose(do, token, RESET)


def test_strangers_and_closed_accounts_are_mailed_nothing(do, claire, read):
    do(users.change, claire.id, Plan("Claire", claire.rights, active=False), by=CHIEF, now=NOW)
    forgot(do)
    forgot(do, "nobody@example.com")
    assert read() == ["no_account", "no_account"]


def test_the_same_is_done_for_a_stranger_as_for_an_account(do, app, claire, statements):
    def asked(email):
        with app.app_context(), statements(at_most=20) as seen:
            staff_links.forgotten(email, "192.0.2.7", "fr", now=NOW, real_now=REAL)
        return [one.partition(" VALUES")[0] for one in seen]

    forgot(do, "warm@example.com")
    assert asked(EMAIL) == asked("nobody@example.com")


def test_an_address_is_asked_for_at_a_limited_pace(do, claire):
    for number in range(5):
        forgot(do, address=f"192.0.2.{number}")
    with pytest.raises(RateLimited):
        forgot(do, address="198.51.100.9")


def test_a_network_address_asks_at_a_limited_pace(do, claire):
    for number in range(5):
        forgot(do, f"user{number}@example.com")
    with pytest.raises(RateLimited):
        forgot(do, "another@example.com")


def test_asking_slows_no_login_down(do, claire):
    for _ in range(5):
        forgot(do)
    assert do(sessions.enter, EMAIL, PASSWORD, HOME, now=REAL)


# What is kept


def everything():
    with reading() as session:
        return str([session.execute(select(table)).all() for table in Model.metadata.sorted_tables])


def test_no_token_is_stored(do, invited, read):
    (token,) = read()
    assert token not in do(everything)


def test_what_was_done_is_written_down(do, invited, read):
    do(staff_links.invite_again, invited.id, by=CHIEF, now=NOW)
    choose(do, read()[1])
    do(staff_links.send_reset, invited.id, by=CHIEF, now=NOW)

    def told():
        with reading() as session:
            return [tuple(row) for row in session.execute(select(Audit.actor, Audit.action).order_by(Audit.id))]

    chief = CHIEF.name
    expected = [(chief, "created"), (chief, "invited"), (EMAIL, "password_chosen"), (chief, "reset_sent")]
    assert do(told) == expected
    assert do(user_cards.read, invited.id).link_expires_at == NOW + timedelta(hours=1)


def test_a_broken_message_is_dropped_in_words(do, claire):
    message = outbox.Message(1, "password_reset", "x", EMAIL, "fr", {}, None, 0, None, "", NOW)
    assert do(letters.read, [message], now=NOW) == [Stale("superseded")]
