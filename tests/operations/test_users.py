"""Accounts of the staff and keys of programs: what is kept of a secret tells nobody the secret."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.domain.errors import Invalid
from portal.extensions import reading
from portal.models import User
from portal.operations import passwords, users
from tests.backends import NOW

PASSWORD = "une phrase assez longue"


def only(column) -> str:
    with reading() as session:
        return session.scalars(select(column)).one()


def test_an_account_is_kept_under_its_address_in_small_letters(do):
    do(users.add, " Claire@Example.com", PASSWORD, role="manager", now=NOW, name="Claire")
    found = do(users.find, "claire@example.com")
    assert (found.email, found.role, found.active) == ("claire@example.com", "manager", True)


def test_the_password_is_kept_as_an_argon2id_hash(do):
    do(users.add, "claire@example.com", PASSWORD, role="admin", now=NOW)
    hashed = do(only, User.password_hash)
    assert hashed.startswith("$argon2id$")
    assert do(passwords.fits, hashed, PASSWORD)
    assert not do(passwords.fits, hashed, PASSWORD.upper())
    assert not do(passwords.fits, "not a hash", PASSWORD)


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"email": "claire"}, "email"), ({"role": "boss"}, "role"), ({"password": "short"}, "password"),
     ({"password": "x" * 201}, "password")],
)  # fmt: skip
def test_what_makes_no_account_is_refused_by_name(do, changed, field):
    wanted = {"email": "claire@example.com", "password": PASSWORD, "role": "admin", "now": NOW, **changed}
    with pytest.raises(Invalid) as refused:
        do(users.add, **wanted)
    assert refused.value.values["field"] == field


def test_an_address_has_one_account(do):
    do(users.add, "claire@example.com", PASSWORD, role="admin", now=NOW)
    with pytest.raises(Invalid):
        do(users.add, "CLAIRE@example.com", PASSWORD, role="viewer", now=NOW)
    assert do(only, User.role) == "admin"


def test_nobody_is_found_where_nobody_is(do):
    assert do(users.find, "claire@example.com") is None
