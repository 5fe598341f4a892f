"""The pace of tries: a few are free, then each waits twice as long as the one before, by account and by address.

Everything here runs on real time: whoever freezes or sets the portal's clock changes no throttle. What is counted is
kept as a keyed hash, so that nobody reads from the table who tried.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, RateLimited
from portal.domain.networks import network
from portal.extensions import retried, settings, transaction
from portal.models import LoginFailure
from portal.operations.addresses import normal_address

FREE_TRIES = 5
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try is counted for: the account, and the network address it came from."""

    account: str
    source: str


def tried(email: str, address: str, *, of: str = "") -> Tried:
    """Name what a try is counted for; ``of`` is a purpose with a count of its own."""
    return Tried(_keyed(f"{of}account:{spelled(email)}"), _keyed(f"{of}address:{network(address)}"))


@retried
def count(what: Tried, now: datetime) -> None:
    """Count a try before it is looked at, so that many at once are not one. Raises RateLimited.

    A success takes it back. The rows are locked in one order, whoever else tries the same account.
    """
    ordered = sorted((what.account, what.source))
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


def forgive(session: Session, what: Tried, now: datetime) -> None:
    """Forgive after a success: the account all its failures, the address this one try.

    Or whoever has an account could try all the others at full speed.
    """
    session.execute(delete(LoginFailure).where(LoginFailure.key == what.account))
    session.execute(
        update(LoginFailure)
        .where(LoginFailure.key == what.source, LoginFailure.failures > 0)
        .values(failures=LoginFailure.failures - 1)
    )
    session.execute(delete(LoginFailure).where(LoginFailure.last_at < now - FORGOTTEN_AFTER))


def spelled(email: str) -> str:
    """Spell an address as accounts do; what is no address is counted like one, and found nowhere."""
    try:
        return normal_address(email)
    except Invalid:
        return email.strip().casefold()


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


def _keyed(text: str) -> str:
    return hmac.new(settings().secret_key.encode(), text.encode(), sha256).hexdigest()
