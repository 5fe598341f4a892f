"""Logins of the staff: passwords and codes tried at a limited pace, and sessions that can be ended from here.

Everything here runs on real time: whoever freezes or sets the portal's clock changes no throttle.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import NotEligible, NotFound
from portal.extensions import reading, retried, transaction
from portal.models import User, UserSession, UserSite
from portal.operations import passwords, second_factor, throttle
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.throttle import Tried

LONGEST_LOGIN = timedelta(days=7)
LONGEST_BROWSER, LONGEST_ADDRESS = 200, 45  # characters that are kept
KEPT = timedelta(days=30)
"""For how long it is kept from where somebody entered, once that session could open nothing any more."""


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


@dataclass(frozen=True, slots=True)
class Machine:
    """From where somebody enters: the network address, and the browser as it names itself."""

    address: str
    browser: str = ""


@dataclass(frozen=True, slots=True)
class HalfWay:
    """The password fits and opens nothing yet: the second factor is asked for. It holds until ``generation`` rises."""

    public_id: str
    generation: int


def enter(email: str, password: str, machine: Machine, *, now: datetime) -> str | HalfWay:
    """Try a password, and open a session: its token is given once and kept as a hash.

    An unknown account is answered as a wrong password, after the same work. Where a second factor is on, no session is
    opened and nothing forgiven before its code came (``finish``). Raises NotEligible, and RateLimited after too many
    failures for this account or from this address.
    """
    tried = throttle.tried(email, machine.address)
    throttle.count(tried, now)
    nobodys, found = passwords.nobodys(), _account(email)
    fits = passwords.fits(found.password_hash if found is not None else nobodys, password)
    if found is None or not found.active or not fits:
        raise NotEligible
    if found.totp_nonce is not None:
        return HalfWay(found.public_id, found.generation)
    return _open(found.id, tried, now, machine)


def finish(half: HalfWay, code: str, machine: Machine, *, now: datetime) -> str:
    """Try the code that ends a login, and open its session. Raises NotEligible, RateLimited as ``enter`` does."""
    with reading() as session:
        email = session.scalar(select(User.email).where(User.public_id == half.public_id)) or half.public_id
    tried = throttle.tried(email, machine.address)
    throttle.count(tried, now)
    return _finished(half, code, tried, machine, now)


@retried
def _finished(half: HalfWay, code: str, tried: Tried, machine: Machine, now: datetime) -> str:
    with transaction() as session:
        user = session.scalar(select(User).where(User.public_id == half.public_id).with_for_update())
        if user is None or not user.active or user.generation != half.generation or user.totp_nonce is None:
            raise NotEligible
        if not second_factor.spend(user, code, now):
            raise NotEligible
        return _opened(session, user.id, tried, now, machine)


def confirm(email: str, password: str, machine: Machine, *, now: datetime) -> None:
    """Ask somebody who is logged in for the password once more. Raises NotEligible, RateLimited as ``enter`` does."""
    tried = throttle.tried(email, machine.address)
    throttle.count(tried, now)
    found = _account(email)
    if found is None or not passwords.fits(found.password_hash, password):
        raise NotEligible
    _forgive(tried, now)


def member(token: str, *, now: datetime) -> Member | None:
    """Find whose session a token is; None when it was ended, is too old, or its account is closed."""
    query = (
        select(
            User.id, User.email, User.name, User.role, User.locale, User.every_site, UserSession.id.label("session_id")
        )
        .join(UserSession, UserSession.user_id == User.id)
        .where(UserSession.token_hash == _hash(token), _open_at(now), User.active)
    )
    with reading() as session:
        if (row := session.execute(query).first()) is None:
            return None
        scope = EVERYWHERE if row.every_site else _scope_of(session, row.id)
        return Member(row.id, row.email, row.name, row.role, row.locale, row.session_id, scope)


def _scope_of(session: Session, user_id: int) -> Scope:
    return Scope(frozenset(session.scalars(select(UserSite.site_id).where(UserSite.user_id == user_id))))


@dataclass(frozen=True, slots=True)
class SessionCard:
    """A login of somebody on one browser."""

    id: int
    browser: str  # as it names itself
    address: str
    created_at: datetime
    last_seen_at: datetime | None


def of(user_id: int, *, now: datetime) -> list[SessionCard]:
    """List somebody's sessions that still open, the newest first."""
    query = select(
        UserSession.id, UserSession.browser, UserSession.address, UserSession.created_at, UserSession.last_seen_at
    ).where(UserSession.user_id == user_id, _open_at(now))
    with reading() as session:
        return [SessionCard(*row) for row in session.execute(query.order_by(UserSession.id.desc()))]


def _open_at(now: datetime) -> ColumnElement[bool]:
    return UserSession.ended_at.is_(None) & (UserSession.expires_at > now)


@retried
def leave(token: str, *, now: datetime) -> None:
    """End a session; its token opens nothing any more."""
    with transaction() as session:
        end_where(session, UserSession.token_hash == _hash(token), now)


@retried
def end(user_id: int, session_id: int, *, now: datetime) -> None:
    """End one of somebody's sessions, from another. Raises NotFound for one that is not theirs, or ended."""
    with transaction() as session:
        if not end_where(session, (UserSession.user_id == user_id) & (UserSession.id == session_id), now):
            raise NotFound


@retried
def end_others(user_id: int, session_id: int, *, now: datetime) -> int:
    """End all of somebody's sessions but one, and count them."""
    with transaction() as session:
        return end_where(session, (UserSession.user_id == user_id) & (UserSession.id != session_id), now)


@retried
def forget_old(now: datetime) -> int:
    """Delete the sessions that are long over, with the network addresses they came from, and count them."""
    with transaction() as session:
        old = delete(UserSession).where(UserSession.expires_at < now - KEPT)
        return len(session.scalars(old.returning(UserSession.id)).all())


@retried
def speak(user_id: int, locale: str) -> None:
    """Remember the language in which a member of the staff reads."""
    with transaction() as session:
        session.execute(update(User).where(User.id == user_id).values(locale=locale))


def end_where(session: Session, whose: ColumnElement[bool], now: datetime) -> int:
    """End sessions within the caller's transaction, and count them."""
    ended = update(UserSession).where(whose, UserSession.ended_at.is_(None)).values(ended_at=now)
    return len(session.scalars(ended.returning(UserSession.id)).all())


def _account(email: str) -> Any:
    columns = (User.id, User.public_id, User.generation, User.password_hash, User.active, User.totp_nonce)
    with reading() as session:
        return session.execute(select(*columns).where(User.email == throttle.spelled(email))).first()


@retried
def _open(user_id: int, tried: Tried, now: datetime, machine: Machine) -> str:
    with transaction() as session:
        return _opened(session, user_id, tried, now, machine)


def _opened(session: Session, user_id: int, tried: Tried, now: datetime, machine: Machine) -> str:
    """Open a session within the caller's transaction, and forgive what was tried for it."""
    token = secrets.token_urlsafe(32)
    session.execute(
        insert(UserSession).values(
            token_hash=_hash(token),
            user_id=user_id,
            browser=machine.browser[:LONGEST_BROWSER],
            address=machine.address[:LONGEST_ADDRESS],
            created_at=now,
            expires_at=now + LONGEST_LOGIN,
        )
    )
    session.execute(update(User).where(User.id == user_id).values(last_login_at=now))
    throttle.forgive(session, tried, now)
    return token


@retried
def _forgive(tried: Tried, now: datetime) -> None:
    with transaction() as session:
        throttle.forgive(session, tried, now)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
