"""Logins of the staff: passwords tried at a limited pace, and sessions that can be ended from here.

Everything here runs on real time: whoever freezes or sets the portal's clock changes no throttle.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from math import ceil
from typing import Any

from sqlalchemy import case, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotEligible, RateLimited
from portal.extensions import reading, retried, settings, transaction
from portal.models import LoginFailure, User, UserSession, UserSite
from portal.operations import users
from portal.operations.addresses import normal_address
from portal.operations.scopes import EVERYWHERE, Scope

LONGEST_LOGIN = timedelta(days=7)
FREE_TRIES = 5
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Member:
    """The member of the staff whose session this is, and the sites that are theirs."""

    id: int
    email: str
    name: str
    role: str
    locale: str | None
    session_id: int
    scope: Scope


def enter(email: str, password: str, address: str, *, now: datetime) -> str:
    """Try a password from a network address, and open a session: its token is given once and kept as a hash.

    An unknown account is answered as a wrong password, after the same work. Raises NotEligible, and RateLimited after
    too many failures for this account or from this address.
    """
    account, source = _keys(email, address)
    _count_try([account, source], now)
    nobodys, found = _nobodys_hash(), _account(email)
    fits = users.password_fits(found.password_hash if found is not None else nobodys, password)
    if found is None or not found.active or not fits:
        raise NotEligible
    return _open(found.id, account, source, now)


def member(token: str, *, now: datetime) -> Member | None:
    """Find whose session a token is; None when it was ended, is too old, or its account is closed."""
    query = (
        select(
            User.id, User.email, User.name, User.role, User.locale, User.every_site, UserSession.id.label("session_id")
        )
        .join(UserSession, UserSession.user_id == User.id)
        .where(
            UserSession.token_hash == _hash(token),
            UserSession.ended_at.is_(None),
            UserSession.expires_at > now,
            User.active,
        )
    )
    with reading() as session:
        if (row := session.execute(query).first()) is None:
            return None
        scope = EVERYWHERE if row.every_site else _scope_of(session, row.id)
        return Member(row.id, row.email, row.name, row.role, row.locale, row.session_id, scope)


def _scope_of(session: Session, user_id: int) -> Scope:
    return Scope(frozenset(session.scalars(select(UserSite.site_id).where(UserSite.user_id == user_id))))


@retried
def leave(token: str, *, now: datetime) -> None:
    """End a session; its token opens nothing any more."""
    with transaction() as session:
        _end(session, UserSession.token_hash == _hash(token), now)


@retried
def leave_everywhere(user_id: int, *, now: datetime) -> None:
    """End every session of an account: a lost telephone, a colleague who went."""
    with transaction() as session:
        _end(session, UserSession.user_id == user_id, now)


@retried
def speak(user_id: int, locale: str) -> None:
    """Remember the language in which a member of the staff reads."""
    with transaction() as session:
        session.execute(update(User).where(User.id == user_id).values(locale=locale))


def _end(session: Session, whose: Any, now: datetime) -> None:
    session.execute(update(UserSession).where(whose, UserSession.ended_at.is_(None)).values(ended_at=now))


def _account(email: str) -> Any:
    with reading() as session:
        return session.execute(
            select(User.id, User.password_hash, User.active).where(User.email == _spelled(email))
        ).first()


@cache
def _nobodys_hash() -> str:
    """Give a hash that no password fits, made as those of accounts are: trying it costs the same."""
    return users.password_hash(secrets.token_urlsafe(32))


@retried
def _open(user_id: int, account: str, source: str, now: datetime) -> str:
    """Open a session, and forgive: the account all its failures, the address this one try."""
    token = secrets.token_urlsafe(32)
    with transaction() as session:
        session.execute(
            insert(UserSession).values(
                token_hash=_hash(token), user_id=user_id, created_at=now, expires_at=now + LONGEST_LOGIN
            )
        )
        session.execute(delete(LoginFailure).where(LoginFailure.key == account))
        session.execute(
            update(LoginFailure)
            .where(LoginFailure.key == source, LoginFailure.failures > 0)
            .values(failures=LoginFailure.failures - 1)
        )
        session.execute(delete(LoginFailure).where(LoginFailure.last_at < now - FORGOTTEN_AFTER))
    return token


@retried
def _count_try(keys: Sequence[str], now: datetime) -> None:
    """Count a try before its password is looked at, so that many at once are not one. Raises RateLimited.

    A success takes it back. The rows are locked in one order, whoever else tries the same account.
    """
    ordered = sorted(keys)
    with transaction() as session:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        fresh = [{"key": key, "failures": 0, "last_at": now} for key in ordered]
        session.execute(dialect.insert(LoginFailure).values(fresh).on_conflict_do_nothing(index_elements=["key"]))
        rows = session.execute(
            select(LoginFailure.failures, LoginFailure.last_at)
            .where(LoginFailure.key.in_(ordered))
            .order_by(LoginFailure.key)
            .with_for_update()
        ).all()
        wait = max(_wait(failures, last_at, now) for failures, last_at in rows)
        if wait > timedelta():
            raise RateLimited(retry_after=ceil(wait.total_seconds()))
        old = LoginFailure.last_at < now - FORGOTTEN_AFTER
        counted = case((old, 1), else_=LoginFailure.failures + 1)
        session.execute(update(LoginFailure).where(LoginFailure.key.in_(ordered)).values(failures=counted, last_at=now))


def _wait(failures: int, last_at: datetime, now: datetime) -> timedelta:
    """Tell how long the next try has to wait: nothing at first, then 1, 2, 4 ... seconds after the last one.

    >>> from datetime import UTC
    >>> nine = datetime(2026, 12, 1, 9, tzinfo=UTC)
    >>> [int(_wait(failures, nine, nine).total_seconds()) for failures in (4, 5, 6, 7, 50)]
    [0, 1, 2, 4, 900]
    """
    if failures < FREE_TRIES or now - last_at > FORGOTTEN_AFTER:
        return timedelta()
    delay = min(timedelta(seconds=2 ** min(failures - FREE_TRIES, 20)), LONGEST_WAIT)
    return min(last_at + delay - now, LONGEST_WAIT)


def _keys(email: str, address: str) -> tuple[str, str]:
    """Name what is counted, account and network address, without keeping either in readable form."""
    return _keyed(f"account:{_spelled(email)}"), _keyed(f"address:{address}")


def _keyed(text: str) -> str:
    return hmac.new(settings().secret_key.encode(), text.encode(), sha256).hexdigest()


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _spelled(email: str) -> str:
    """Spell an address as accounts do; what is no address is counted like one, and found nowhere."""
    try:
        return normal_address(email)
    except Invalid:
        return email.strip().casefold()
