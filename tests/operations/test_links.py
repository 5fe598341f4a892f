"""Booking links: who made, sent and revoked them is written down, and when one was opened last."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.domain.errors import Invalid, NotFound
from portal.extensions import reading
from portal.models import Audit
from portal.operations import links, order_pages, usage
from portal.operations.actors import Actor
from portal.operations.links import Scope
from portal.operations.scopes import Scope as Sites
from tests import sample

CLAIRE = Actor("claire@example.com", "staff", staff=True)


@pytest.fixture
def order(do):
    do(sample.docks)
    do(sample.order)


def written():
    with reading() as session:
        rows = session.query(Audit).filter_by(kind="link").order_by(Audit.id).all()
    return [(row.actor, row.action, row.key, row.after) for row in rows]


def test_what_happens_to_a_link_is_written_down_without_its_address(do, now, order):
    scope = Scope(first_day=date(2026, 12, 7), max_active=2)
    made = do(links.create, "CMD-1042", now=now, scope=scope, send=True, by=CLAIRE)
    number = do(links.of_order, do(sample.order_id))[0].id
    do(links.resend, number, now=now, by=CLAIRE)
    do(links.revoke, number, now=now)
    limits = {"first_day": "2026-12-07", "max_active": 2}
    assert do(written) == [
        ("claire@example.com", "created", "CMD-1042", {"link": number, "sent": True, **limits}),
        ("claire@example.com", "sent", "CMD-1042", {"link": number}),
        ("system", "revoked", "CMD-1042", {"link": number}),
    ]
    assert made.token not in str(do(written))


def test_a_refused_sending_is_not_written_down(do, now, order):
    do(sample.order, "CMD-2", email=None)
    do(links.create, "CMD-2", now=now)
    number = do(links.of_order, do(sample.order_id, "CMD-2"))[0].id
    with pytest.raises(Invalid):
        do(links.resend, number, now=now)
    assert [action for _actor, action, _key, _after in do(written)] == ["created"]


def test_the_last_use_is_written_by_the_timer_and_never_goes_back(do, now, order):
    do(links.create, "CMD-1042", now=now)
    card = do(links.of_order, do(sample.order_id))[0]
    assert card.last_used_at is None
    for at in (now + timedelta(hours=2), now + timedelta(hours=1)):
        usage.note_use("link", card.id, at)
        do(usage.write)
    assert do(links.of_order, do(sample.order_id))[0].last_used_at == now + timedelta(hours=2)


def test_a_link_of_another_site_is_nowhere(do, now, order):
    do(links.create, "CMD-1042", now=now)
    number = do(links.of_order, do(sample.order_id))[0].id
    with pytest.raises(NotFound):
        do(order_pages.link_of, "CMD-1042", number, now=now, scope=Sites(frozenset({0})))
