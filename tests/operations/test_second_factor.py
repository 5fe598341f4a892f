"""The second factor: a code serves once, the database holds no secret, and there are ways back in."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.domain import totp
from portal.domain.errors import Invalid, LinkUnknown, NotEligible, RateLimited, StateChanged
from portal.extensions import Model, reading
from portal.models import Audit
from portal.operations import second_factor, sessions, user_cards, users
from portal.operations.actors import SYSTEM, Actor
from portal.operations.sessions import HalfWay, Machine

PASSWORD = "sept quais et une grue"
EMAIL = "claire@example.com"
HOME = Machine("192.0.2.7", "Firefox")
STEP = timedelta(seconds=totp.STEP)


@pytest.fixture
def claire(do, now):
    return do(users.add, EMAIL, PASSWORD, role="manager", now=now, name="Claire Morel")


@pytest.fixture
def telephone(do, claire, now):
    """Turn the second factor on; give the codes that the telephone shows, and the recovery codes."""
    setup = do(second_factor.prepare, claire.id)
    secret = base64.b32decode(setup.secret)
    by = Actor(EMAIL, "staff", staff=True)
    recovery = do(second_factor.turn_on, claire.id, setup.nonce, shown(secret, now), by=by, now=now)
    return secret, recovery


def shown(secret, at):
    return totp.code(secret, totp.step_at(at))


def half(do, now):
    found = do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)
    assert isinstance(found, HalfWay)
    return found


def test_a_password_alone_opens_nothing_any_more(do, telephone, now, claire):
    half(do, now)
    assert do(sessions.of, claire.id, now=now) == []


def test_the_code_of_the_telephone_ends_the_login(do, telephone, now):
    later = now + STEP
    token = do(sessions.finish, half(do, later), shown(telephone[0], later), HOME, now=later)
    assert do(sessions.member, token, now=later).email == EMAIL


def test_a_code_may_be_typed_with_spaces(do, telephone, now):
    code = shown(telephone[0], now + STEP)
    assert do(sessions.finish, half(do, now + STEP), f" {code[:3]} {code[3:]} ", HOME, now=now + STEP)


def test_the_code_that_set_it_up_does_not_open_it(do, telephone, now):
    with pytest.raises(NotEligible):
        do(sessions.finish, half(do, now), shown(telephone[0], now), HOME, now=now)


def test_a_code_serves_once(do, telephone, now):
    later = now + STEP
    code = shown(telephone[0], later)
    do(sessions.finish, half(do, later), code, HOME, now=later)
    with pytest.raises(NotEligible):
        do(sessions.finish, half(do, later), code, HOME, now=later)


def finish_once(_number, found, code, now):
    return sessions.finish(found, code, HOME, now=now)


def test_a_code_sent_by_many_at_once_opens_one_session(do, processes, telephone, now, claire):
    later = now + STEP
    found = half(do, later)
    answers = processes(4, finish_once, found, shown(telephone[0], later), later)
    assert [isinstance(answer, str) for answer in answers].count(True) == 1
    assert len(do(sessions.of, claire.id, now=later)) == 1


def test_a_recovery_code_replaces_the_telephone_once(do, telephone, now, claire):
    code = telephone[1][3].upper().replace("-", " ")
    assert do(sessions.finish, half(do, now), code, HOME, now=now)
    assert do(user_cards.read, claire.id).recovery_left == 9
    with pytest.raises(NotEligible):
        do(sessions.finish, half(do, now), code, HOME, now=now)


def test_new_recovery_codes_make_the_old_ones_worthless(do, telephone, now, claire):
    fresh = do(second_factor.renew_recovery, claire.id, by=SYSTEM, now=now)
    assert not set(fresh) & set(telephone[1])
    with pytest.raises(NotEligible):
        do(sessions.finish, half(do, now), telephone[1][0], HOME, now=now)
    assert do(sessions.finish, half(do, now), fresh[0], HOME, now=now)


def test_codes_are_tried_at_the_pace_of_passwords(do, telephone, now):
    found = half(do, now)
    for _ in range(4):
        with pytest.raises(NotEligible):
            do(sessions.finish, found, "000000", HOME, now=now)
    with pytest.raises(RateLimited):
        do(sessions.finish, found, "000000", HOME, now=now)


def test_the_right_password_in_between_forgives_no_wrong_code(do, telephone, now):
    """Or who knows the password could try codes at full speed."""
    for _ in range(2):
        with pytest.raises(NotEligible):
            do(sessions.finish, half(do, now), "000000", HOME, now=now)
    half(do, now)
    with pytest.raises(RateLimited):
        do(sessions.enter, EMAIL, PASSWORD, HOME, now=now)


def test_half_a_login_ends_with_a_new_password(do, telephone, now, claire):
    found = half(do, now)
    do(users.change_password, claire.id, "huit quais et une grue", keeping=0, by=SYSTEM, now=now)
    with pytest.raises(NotEligible):
        do(sessions.finish, found, telephone[1][0], HOME, now=now)


def test_half_a_login_of_nobody_opens_nothing(do, telephone, now):
    with pytest.raises(NotEligible):
        do(sessions.finish, HalfWay("0" * 32, 1), telephone[1][0], HOME, now=now)


def test_a_wrong_code_turns_nothing_on(do, claire, now):
    setup = do(second_factor.prepare, claire.id)
    with pytest.raises(Invalid):
        do(second_factor.turn_on, claire.id, setup.nonce, "000000", by=SYSTEM, now=now)
    assert not do(user_cards.read, claire.id).second_factor


@pytest.mark.parametrize("nonce", ["x" * 32, "ab", "AB" * 16, "é" * 32])
def test_what_is_no_nonce_is_refused(do, claire, nonce):
    with pytest.raises(LinkUnknown):
        do(second_factor.prepare, claire.id, nonce)


def test_it_cannot_be_set_up_over_another(do, telephone, now, claire):
    setup = do(second_factor.prepare, claire.id)
    code = shown(base64.b32decode(setup.secret), now)
    with pytest.raises(StateChanged):
        do(second_factor.turn_on, claire.id, setup.nonce, code, by=SYSTEM, now=now)


def test_turned_off_the_password_is_enough(do, telephone, now, claire):
    do(second_factor.turn_off, claire.id, by=SYSTEM, now=now)
    assert isinstance(do(sessions.enter, EMAIL, PASSWORD, HOME, now=now), str)
    with pytest.raises(StateChanged):
        do(second_factor.turn_off, claire.id, by=SYSTEM, now=now)


def test_a_telephone_of_the_old_key_serves_while_that_key_is_given(app, make_app, telephone, now, do):
    keys, fresh = app.config["SETTINGS"].link_keys, "a-new-key-of-plenty-random-characters"
    later = now + STEP
    with make_app(link_keys=(fresh, *keys)).app_context():
        found = sessions.enter(EMAIL, PASSWORD, HOME, now=later)
        assert sessions.finish(found, shown(telephone[0], later), HOME, now=later)
    with make_app(link_keys=(fresh,)).app_context():
        found = sessions.enter(EMAIL, PASSWORD, HOME, now=later)
        with pytest.raises(NotEligible):
            sessions.finish(found, shown(telephone[0], later + STEP), HOME, now=later + STEP)
        assert sessions.finish(found, telephone[1][0], HOME, now=later + STEP)


def everything():
    with reading() as session:
        return str([session.execute(select(table)).all() for table in Model.metadata.sorted_tables])


def test_the_database_holds_neither_secret_nor_recovery_code(do, telephone):
    kept = do(everything)
    secret, recovery = telephone
    assert base64.b32encode(secret).decode() not in kept
    assert secret.hex() not in kept
    assert [code for code in recovery if code in kept or code.replace("-", "") in kept] == []


def test_turning_it_on_and_off_is_written_down(do, telephone, now, claire):
    do(second_factor.renew_recovery, claire.id, by=SYSTEM, now=now)
    do(second_factor.turn_off, claire.id, by=SYSTEM, now=now)

    def actions():
        with reading() as session:
            return list(session.scalars(select(Audit.action).where(Audit.kind == "user").order_by(Audit.id)))

    assert do(actions) == ["created", "second_factor_on", "recovery_renewed", "second_factor_off"]
