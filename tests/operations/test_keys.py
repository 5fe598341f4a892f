"""Keys of programs: what is kept of a secret tells nobody the secret."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.domain.errors import Invalid, NotFound
from portal.extensions import reading, transaction
from portal.models import ApiKey, Audit
from portal.operations import keys, usage
from portal.operations.actors import Actor
from tests.backends import NOW

CHIEF = Actor("chief@example.com", "staff", staff=True)


def rows(*columns):
    with reading() as session:
        return session.execute(select(*columns).order_by(columns[0].class_.id)).all()


def test_a_key_opens_with_its_secret_and_only_its_hash_is_kept(do):
    secret = do(keys.add, "erp", ["orders", "read"], now=NOW)
    assert do(keys.find, secret).scopes == ("read", "orders")
    assert do(rows, ApiKey.token_hash)[0][0] not in secret
    assert do(keys.find, secret + "x") is None


def test_a_revoked_key_opens_nothing(do):
    secret = do(keys.add, "erp", ["read"], now=NOW)
    (card,) = do(keys.listing).keys
    do(keys.revoke, card.id, now=NOW)
    assert do(keys.find, secret) is None
    assert do(keys.read, card.id).revoked_at == NOW
    with pytest.raises(NotFound):
        do(keys.revoke, card.id, now=NOW)


@pytest.mark.parametrize(("name", "scopes"), [("", ["read"]), ("erp", []), ("erp", ["read", "everything"])])
def test_a_key_without_name_or_with_a_strange_scope_is_refused(do, name, scopes):
    with pytest.raises(Invalid):
        do(keys.add, name, scopes, now=NOW)
    assert do(keys.listing).total == 0


def test_keys_in_use_and_revoked_ones_are_listed_apart_newest_first(do):
    for name in ("erp", "gate", "old"):
        do(keys.add, name, ["read"], now=NOW)
    do(keys.revoke, do(keys.listing, "old").keys[0].id, now=NOW)
    assert [key.name for key in do(keys.listing).keys] == ["gate", "erp"]
    assert [key.name for key in do(keys.listing, revoked=True).keys] == ["old"]
    assert do(keys.listing, "%").total == 0


def test_who_made_and_revoked_a_key_is_written_down_without_its_secret(do):
    secret = do(keys.add, "erp", ["read"], now=NOW, by=CHIEF)
    do(keys.revoke, do(keys.listing).keys[0].id, now=NOW, by=CHIEF)
    found = do(rows, Audit.actor, Audit.action, Audit.label, Audit.after)
    assert [tuple(row) for row in found] == [
        ("chief@example.com", "created", "erp", {"scopes": ["read"]}),
        ("chief@example.com", "revoked", "erp", {}),
    ]
    assert secret not in str(found)


def test_a_use_is_written_by_the_timer(do):
    do(keys.add, "erp", ["read"], now=NOW)
    (card,) = do(keys.listing).keys
    usage.note_use("key", card.id, NOW + timedelta(hours=1))
    do(usage.write)
    assert do(keys.read, card.id).last_used_at == NOW + timedelta(hours=1)


def many(number):
    with transaction() as session:
        session.add_all(
            ApiKey(name=f"key {one}", token_hash=str(one), scopes=["read"], created_at=NOW) for one in range(number)
        )


def test_the_list_asks_as_much_for_many_keys_as_for_few(do, app, statements):
    do(many, 120)
    with app.app_context(), statements(at_most=2):
        found = keys.listing(page=2, size=50)
    assert (len(found.keys), found.total) == (50, 120)
