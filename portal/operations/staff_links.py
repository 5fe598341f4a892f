"""Links that the staff is mailed: one to choose a first password (an invitation), one to choose another (a reset).

A link opens once and for a while: setting a password raises the account's generation, and so does every new link, which
makes those before it unknown; until when the newest one opens stands with the account. Its token is derived when the
mail is rendered, and stored nowhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain.errors import LinkExpired, LinkUnknown, StateChanged
from portal.extensions import reading, retried, transaction
from portal.models import User
from portal.operations import outbox, passwords, throttle, tokens, users
from portal.operations.actors import Actor
from portal.operations.addresses import normal_address
from portal.operations.user_cards import UserCard, card
from portal.operations.users import Person

LIFE = {tokens.INVITE: timedelta(days=7), tokens.RESET: timedelta(hours=1)}
NOTED = {tokens.INVITE: "invited", tokens.RESET: "reset_sent"}
MAILS = {tokens.INVITE: "user_invitation", tokens.RESET: "password_reset"}


@retried
def invite(person: Person, *, by: Actor, now: datetime) -> UserCard:
    """Make an account without password, and mail the link to choose one. Raises Invalid as ``users.add`` does."""
    person = Person(normal_address(person.email), person.rights, person.name, person.locale)
    with transaction() as session:
        user = users.record(session, person, by, now, password_hash="")
        _mail(session, user, tokens.INVITE, by, now)
        return card(session, user)


@retried
def invite_again(user_id: int, *, by: Actor, now: datetime) -> str:
    """Mail a new invitation and give its address; the one before opens nothing. Raises NotFound, StateChanged."""
    return _send(user_id, tokens.INVITE, by, now)


@retried
def send_reset(user_id: int, *, by: Actor, now: datetime) -> str:
    """Mail a link to choose another password and give its address. Raises NotFound, StateChanged."""
    return _send(user_id, tokens.RESET, by, now)


def _send(user_id: int, purpose: str, by: Actor, now: datetime) -> str:
    with transaction() as session:
        user = users.locked(session, user_id)
        if not user.active or (purpose == tokens.INVITE) == bool(user.password_hash):
            raise StateChanged
        _mail(session, user, purpose, by, now)
        users.note(session, user.id, user.email, NOTED[purpose], by, now)
        return user.email


def forgotten(email: str, address: str, locale: str, *, now: datetime, real_now: datetime) -> None:
    """Mail a link to whoever forgot their password; the caller learns nothing, for the same is done for every address.

    A message is queued for strangers too, and dropped when it is read. An invited account may be entered this way, too.
    Raises RateLimited for an address asked for, or a network address asking, too often.
    """
    throttle.count(throttle.tried(email, address, of="forgotten "), real_now)
    _queue_for(throttle.spelled(email), locale, now)


@retried
def _queue_for(email: str, locale: str, now: datetime) -> None:
    with transaction() as session:
        generation = session.scalar(
            update(User)
            .where(User.email == email, User.active)
            .values(generation=User.generation + 1, link_expires_at=now + LIFE[tokens.RESET])
            .returning(User.generation)
        )
        outbox.enqueue(session, [_draft(tokens.RESET, email, locale, generation or 0, now)], now)


def _mail(session: Session, user: User, purpose: str, by: Actor, now: datetime) -> None:
    user.generation += 1
    user.link_expires_at = now + LIFE[purpose]
    session.flush()
    locale = user.locale or outbox.default_locale()
    outbox.enqueue(session, [_draft(purpose, user.email, locale, user.generation, now, by=by.name)], now)


def _draft(purpose: str, email: str, locale: str, generation: int, now: datetime, *, by: str = "") -> outbox.Draft:
    return outbox.Draft(
        kind=MAILS[purpose],
        dedupe=f"{MAILS[purpose]}:{tokens.new_public_id()}",
        recipient=email,
        locale=locale,
        not_before=now,
        payload={"generation": generation, "by": by},
    )


def opened(token: str, purpose: str, *, now: datetime) -> UserCard:
    """Find whose link this is. Raises LinkUnknown (or used, or replaced, or of a closed account) and LinkExpired."""
    with reading() as session:
        user = session.scalar(select(User).where(User.public_id == tokens.public_id_of(token)))
        return card(session, _checked(user, token, purpose, now))


def choose_password(token: str, purpose: str, password: str, *, now: datetime, real_now: datetime) -> None:
    """Set the password of the account whose link this is, which is used up by it; its sessions end.

    Raises LinkUnknown, LinkExpired, Invalid for a password that is none.
    """
    email = opened(token, purpose, now=now).email
    _put_password(token, purpose, passwords.hashed(password, email=email), now, real_now)


@retried
def _put_password(token: str, purpose: str, hashed: str, now: datetime, real_now: datetime) -> None:
    query = select(User).where(User.public_id == tokens.public_id_of(token)).with_for_update()
    with transaction() as session:
        user = _checked(session.scalar(query), token, purpose, now)
        user.password_hash = hashed
        users.shut(session, user, real_now)
        by = Actor(user.email, "staff", staff=True)
        users.note(session, user.id, user.email, "password_chosen", by, now)


def _checked(user: User | None, token: str, purpose: str, now: datetime) -> User:
    if user is None or not user.active or not tokens.verified(token, purpose, user.generation):
        raise LinkUnknown
    if user.link_expires_at is None or user.link_expires_at <= now:
        raise LinkExpired
    return user
