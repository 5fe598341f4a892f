"""Tokens: derived, scoped to one purpose, revocable, and verified by every key of a rotation."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.domain.errors import LinkUnknown, NotFound
from portal.extensions import reading
from portal.operations import links, tokens
from tests import sample

ID = "0f" * 16


def test_a_token_says_its_id_and_verifies(do):
    made = do(tokens.token, tokens.BOOK, ID, 1)
    assert (len(made), do(tokens.public_id_of, made), do(tokens.verified, made, tokens.BOOK, 1)) == (54, ID, True)


def test_a_token_opens_nothing_else(do):
    made = do(tokens.token, tokens.BOOK, ID, 1)
    assert not do(tokens.verified, made, tokens.MANAGE, 1)
    assert not do(tokens.verified, made, tokens.BOOK, 2)


def test_a_token_of_the_old_key_still_opens_after_a_rotation(app, do, make_app):
    old = do(tokens.token, tokens.BOOK, ID, 1)
    keys = app.config["SETTINGS"].link_keys
    rotated = make_app(link_keys=("a-new-key-of-plenty-random-characters", *keys))
    with rotated.app_context():
        assert tokens.verified(old, tokens.BOOK, 1)
        assert tokens.token(tokens.BOOK, ID, 1) != old


@given(text=st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=50)
def test_no_text_is_a_token_by_chance(do, text):
    def opened() -> bool:
        try:
            tokens.public_id_of(text)
        except LinkUnknown:
            return False
        return tokens.verified(text, tokens.BOOK, 1)

    assert not do(opened)


def test_a_token_has_one_spelling(do):
    """Base64 leaves bits unused at the end: a second spelling of the same bytes is refused."""
    made = do(tokens.token, tokens.BOOK, ID, 1)
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        if last != made[-1]:
            other = made[:-1] + last
            try:
                opened = do(tokens.verified, other, tokens.BOOK, 1)
            except LinkUnknown:
                opened = False
            assert not opened


def test_revoking_a_link_makes_its_tokens_unknown(do, now):
    do(sample.docks)
    do(sample.order)
    made = do(links.create, "CMD-1042", now=now)

    def opened():
        with reading() as session:
            return links.opened(session, made.token, now)

    link = do(opened)
    do(links.revoke, link.id, now=now)
    with pytest.raises(LinkUnknown):
        do(opened)
    with pytest.raises(NotFound):
        do(links.revoke, link.id, now=now)


def test_an_invitation_repeats_the_same_link(do, now):
    do(sample.docks)
    do(sample.order)
    made = do(links.create, "CMD-1042", now=now, send=True)
    card = do(lambda: links.of_order(sample.order_id())[0])
    assert (card.token, made.sent_to) == (made.token, "achats@example.com")
