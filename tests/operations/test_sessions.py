"""Logins: the pace of tries, and sessions that end where they are told to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.domain.errors import NotEligible, NotFound, RateLimited
from portal.extensions import db, transaction
from portal.models import LoginFailure, User, UserSession
from portal.operations import sessions, users
from portal.operations.actors import SYSTEM, Actor
from portal.operations.sessions import Machine

PASSWORD = "sept quais et une grue"
EMAIL = "claire@example.com"
HOME, CAFE = Machine("192.0.2.7", "Firefox"), Machine("198.51.100.9", "Safari")


@pytest.fixture
def claire(do, now):
    return do(users.add, EMAIL, PASSWORD, role="manager", now=now, name="Claire Morel")


def fail(do, now, *, email=EMAIL, address=HOME, times=1):
    for _ in range(times):
        with pytest.raises(NotEligible):
            do(sessions.enter, email, "not this", address, now=now)


def test_a_password_opens_a_session(do, claire, now):
    token = do(sessions.enter, " Claire@Example.com ", PASSWORD, HOME, now=now)
    member = do(sessions.member, token, now=now)
    assert (member.email, member.name, member.role) == (EMAIL, "Claire Morel", "manager")


def test_only_the_hash_of_a_token_is_kept(do, app, claire, now):
    token = do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)
    with app.app_context():
        kept = db.session.query(UserSession).one().token_hash
    assert token not in kept
    assert len(kept) == 64


def test_a_session_ends_when_it_is_left(do, claire, now):
    token = do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)
    do(sessions.leave, token, now=now)
    assert do(sessions.member, token, now=now) is None


def test_every_session_of_an_account_can_be_ended(do, claire, now):
    tokens = [do(sessions.enter, EMAIL, PASSWORD, HOME, now=now) for _ in range(2)]
    do(users.end_sessions, claire.id, by=SYSTEM, now=now)
    assert [do(sessions.member, token, now=now) for token in tokens] == [None, None]


def test_a_session_lasts_a_week_at_most(do, claire, now):
    token = do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)
    assert do(sessions.member, token, now=now + timedelta(days=6, hours=23)) is not None
    assert do(sessions.member, token, now=now + timedelta(days=7)) is None


def test_a_closed_account_neither_enters_nor_stays(do, app, claire, now):
    token = do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)
    with app.app_context(), transaction() as session:
        session.query(User).update({"active": False})
    assert do(sessions.member, token, now=now) is None
    with pytest.raises(NotEligible):
        do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)


@pytest.mark.parametrize("token", ["", "x", "é" * 40])
def test_no_other_token_opens_anything(do, claire, now, token):
    assert do(sessions.member, token, now=now) is None


def test_five_failures_make_the_next_try_wait(do, claire, now):
    fail(do, now, times=5)
    with pytest.raises(RateLimited) as refused:
        do(sessions.enter, EMAIL, PASSWORD, CAFE, now=now)
    assert refused.value.values["retry_after"] == 1


def test_each_further_failure_doubles_the_wait(do, claire, now):
    fail(do, now, times=5)
    for seconds in (1, 2, 4):
        now += timedelta(seconds=seconds)
        fail(do, now)
    with pytest.raises(RateLimited) as refused:
        do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)
    assert refused.value.values["retry_after"] == 8


def test_an_unknown_account_waits_as_a_known_one(do, claire, now):
    fail(do, now, email="nobody@example.com", times=5)
    with pytest.raises(RateLimited):
        do(sessions.enter, "nobody@example.com", PASSWORD, CAFE, now=now)


def test_an_address_that_tries_many_accounts_waits_too(do, claire, now):
    for number in range(5):
        fail(do, now, email=f"user{number}@example.com")
    with pytest.raises(RateLimited):
        do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)
    assert do(sessions.enter, EMAIL, PASSWORD, CAFE, now=now)


def test_one_that_takes_another_address_of_its_network_for_each_try_waits_as_well(do, claire, now):
    for number in range(5):
        fail(do, now, email=f"user{number}@example.com", address=replace(HOME, address=f"2001:db8::{number}"))
    with pytest.raises(RateLimited):
        do(sessions.enter, EMAIL, PASSWORD, replace(HOME, address="2001:db8::9"), now=now)


def test_a_success_forgives_the_account(do, claire, now):
    fail(do, now, times=4)
    do(sessions.enter, EMAIL, PASSWORD, CAFE, now=now)
    fail(do, now, address=CAFE, times=4)


def test_one_known_password_does_not_free_an_address(do, claire, now):
    """Or whoever has an account could try all the others at full speed."""
    for number in range(4):
        fail(do, now, email=f"user{number}@example.com")
        do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)
    fail(do, now, email="user5@example.com")
    with pytest.raises(RateLimited):
        do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)


def test_failures_are_forgotten_after_a_day(do, claire, now):
    fail(do, now, times=5)
    fail(do, now + timedelta(days=1, seconds=1), times=5)


def test_from_where_somebody_entered_is_kept_for_a_month(do, app, claire, now):
    do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)
    over = now + sessions.LONGEST_LOGIN + timedelta(days=30)
    assert do(sessions.forget_old, over) == 0
    assert do(sessions.forget_old, over + timedelta(seconds=1)) == 1


def test_nothing_readable_is_kept_of_a_failure(do, app, claire, now):
    fail(do, now, email="nobody@example.com")
    with app.app_context():
        kept = [row.key for row in db.session.query(LoginFailure)]
    assert len(kept) == 2
    assert not [key for key in kept if "nobody" in key or HOME.address in key]


def try_once(_number, email, now):
    sessions.enter(email, "not this", HOME, now=now)


def test_many_tries_at_once_count_each(do, processes, claire, now):
    answers = processes(8, try_once, EMAIL, now)
    assert sorted(answers) == [403] * 5 + [429] * 3


def test_sessions_are_listed_with_browser_and_address_the_newest_first(do, claire, now):
    do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)
    do(sessions.enter, EMAIL, PASSWORD, CAFE, now=now)
    do(sessions.enter, EMAIL, PASSWORD, Machine("2001:db8::1", "x" * 500), now=now - timedelta(days=8))
    found = do(sessions.of, claire.id, now=now)
    assert [(one.browser, one.address) for one in found] == [("Safari", CAFE.address), ("Firefox", HOME.address)]


def test_the_last_login_is_remembered(do, claire, now):
    do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)
    assert do(users.find, EMAIL).last_login_at == now


def test_one_session_is_ended_from_another(do, claire, now):
    kept, ended = (do(sessions.enter, EMAIL, PASSWORD, machine, now=now) for machine in (HOME, CAFE))
    do(sessions.end, claire.id, do(sessions.member, ended, now=now).session_id, now=now)
    assert do(sessions.member, ended, now=now) is None
    assert do(sessions.member, kept, now=now) is not None


def test_all_others_are_ended_at_once(do, claire, now):
    tokens = [do(sessions.enter, EMAIL, PASSWORD, HOME, now=now) for _ in range(3)]
    mine = do(sessions.member, tokens[1], now=now).session_id
    assert do(sessions.end_others, claire.id, mine, now=now) == 2
    assert [do(sessions.member, token, now=now) is not None for token in tokens] == [False, True, False]


def test_nobody_ends_the_session_of_somebody_else(do, claire, now):
    token = do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)
    other = do(users.add, "paul@example.com", PASSWORD, role="admin", now=now)
    number = do(sessions.member, token, now=now).session_id
    with pytest.raises(NotFound):
        do(sessions.end, other.id, number, now=now)
    assert do(sessions.end_others, other.id, 0, now=now) == 0
    assert do(sessions.member, token, now=now) is not None


def test_a_stolen_session_ends_with_the_password(do, claire, now):
    mine, stolen = (do(sessions.enter, EMAIL, PASSWORD, machine, now=now) for machine in (HOME, CAFE))
    keeping = do(sessions.member, mine, now=now).session_id
    do(users.change_password, claire.id, "huit quais et une grue", keeping=keeping, by=SYSTEM, now=now)
    assert do(sessions.member, stolen, now=now) is None
    assert do(sessions.member, mine, now=now) is not None


def test_the_password_is_asked_once_more_at_the_same_pace(do, claire, now):
    do(sessions.confirm, EMAIL, PASSWORD, HOME, now=now)
    for _ in range(5):
        with pytest.raises(NotEligible):
            do(sessions.confirm, EMAIL, "not this", HOME, now=now)
    with pytest.raises(RateLimited):
        do(sessions.confirm, EMAIL, PASSWORD, HOME, now=now)


@pytest.mark.parametrize("password", ["not this", PASSWORD])
def test_an_unknown_account_costs_the_same_statements(do, app, claire, now, statements, password):
    def asked(email):
        with app.app_context(), statements(at_most=20) as seen, pytest.raises(NotEligible):
            sessions.enter(email, password, HOME, now=now)
        return [one.partition(" VALUES")[0] for one in seen]

    close(do, claire, now)
    fail(do, now)
    assert asked(EMAIL) == asked("nobody@example.com")


def close(do, claire, now):
    """Close the account: the right password is answered as a wrong one, too."""
    by = Actor("chief@example.com", "staff", staff=True)
    do(users.change, claire.id, users.Plan("Claire", claire.rights, active=False), by=by, now=now)
