"""The second factor: a code of the member's telephone beside the password, and recovery codes for when it is lost.

The telephone's secret is in no table: it is derived from ``LINK_KEY`` and a random nonce of the account, so a copy of
the database alone makes no codes. While two keys are given, telephones set up under either of them go on working; when
the older one is taken away, those set up under it stop. These people then enter with a recovery code, which depends
on no key, and set their telephone up anew; who has no such code left is helped by an administrator, or by
``creneau user second-factor EMAIL --off``.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote, urlencode

from sqlalchemy.orm import Session

from portal.domain import totp
from portal.domain.errors import Invalid, LinkUnknown, NotFound, StateChanged
from portal.extensions import reading, retried, settings, transaction
from portal.models import User
from portal.operations import audit
from portal.operations.actors import Actor
from portal.operations.organisation import company_name

NONCE_BYTES = 16
NONCE = re.compile(rf"[0-9a-f]{{{2 * NONCE_BYTES}}}", re.ASCII)
RECOVERY_CODES, RECOVERY_BYTES = 10, 10  # 80 random bits each need no slow hash


@dataclass(frozen=True, slots=True)
class Setup:
    """What a telephone needs: ``uri`` for its camera, or ``secret`` in letters to be typed. Nothing is saved yet."""

    nonce: str
    secret: str
    uri: str


def prepare(user_id: int, nonce: str = "") -> Setup:
    """Derive what somebody's telephone is set up with: anew, or again for a ``nonce`` given before.

    Raises NotFound, LinkUnknown for what is no nonce.
    """
    nonce = nonce or secrets.token_hex(NONCE_BYTES)
    with reading() as session:
        user = session.get(User, user_id)
    if user is None:
        raise NotFound
    secret = base64.b32encode(_secrets(user.public_id, _checked(nonce))[0]).decode()
    issuer = company_name()
    told = urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)
    return Setup(nonce, secret, f"otpauth://totp/{quote(f'{issuer}:{user.email}')}?{told}")


@retried
def turn_on(user_id: int, nonce: str, code: str, *, by: Actor, now: datetime) -> list[str]:
    """Ask for a code from now on, once one shows that the telephone is set up; give the recovery codes, this once.

    Raises Invalid for a wrong code, StateChanged when it is on already.
    """
    recovery = _drawn()
    with transaction() as session:
        user = _locked(session, user_id)
        if user.totp_nonce is not None:
            raise StateChanged
        user.totp_nonce, user.totp_step = _checked(nonce), 0
        if not _telephone_fits(user, code, now):
            raise Invalid(field="code", problem="code")
        user.recovery = [_kept(one) for one in recovery]
        _record(session, user, by, "second_factor_on", now)
    return recovery


@retried
def renew_recovery(user_id: int, *, by: Actor, now: datetime) -> list[str]:
    """Replace somebody's recovery codes, and give the new ones, this once. Raises StateChanged when it is off."""
    recovery = _drawn()
    with transaction() as session:
        user = _locked(session, user_id)
        if user.totp_nonce is None:
            raise StateChanged
        user.recovery = [_kept(one) for one in recovery]
        _record(session, user, by, "recovery_renewed", now)
    return recovery


@retried
def turn_off(user_id: int, *, by: Actor, now: datetime) -> None:
    """Ask for no code any more. Raises NotFound, StateChanged when it was off."""
    with transaction() as session:
        user = _locked(session, user_id)
        if user.totp_nonce is None:
            raise StateChanged
        user.totp_nonce, user.totp_step, user.recovery = None, 0, []
        _record(session, user, by, "second_factor_off", now)


def spend(user: User, typed: str, now: datetime) -> bool:
    """Tell whether a code fits the account, which is locked, and make it useless: it serves once."""
    return _telephone_fits(user, typed, now) or _recovery_fits(user, typed)


def _telephone_fits(user: User, typed: str, now: datetime) -> bool:
    for secret in _secrets(user.public_id, user.totp_nonce or ""):
        step = totp.matching_step(secret, "".join(typed.split()), now, after=user.totp_step)
        if step is not None:
            user.totp_step = step
            return True
    return False


def _recovery_fits(user: User, typed: str) -> bool:
    kept = _kept(typed)
    if kept not in user.recovery:
        return False
    user.recovery = [one for one in user.recovery if one != kept]
    return True


def _secrets(public_id: str, nonce: str) -> Sequence[bytes]:
    """Derive the secret of a telephone, by the newest key first."""
    message = f"second factor\x00{public_id}\x00{nonce}".encode()
    return [hmac.digest(key.encode(), message, sha256)[: totp.SECRET_BYTES] for key in settings().link_keys]


def _checked(nonce: str) -> str:
    if not NONCE.fullmatch(nonce):
        raise LinkUnknown
    return nonce


def _drawn() -> list[str]:
    """Draw recovery codes, in groups that people can copy: "k3vq-7m2c-xw5t-ha6j"."""
    drawn = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    return ["-".join(code[place : place + 4] for place in range(0, len(code), 4)) for code in drawn]


def _kept(recovery_code: str) -> str:
    """Hash a recovery code, however it was typed."""
    return sha256("".join(sign for sign in recovery_code.lower() if sign.isalnum()).encode()).hexdigest()


def _locked(session: Session, user_id: int) -> User:
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound
    return user


def _record(session: Session, user: User, by: Actor, action: str, now: datetime) -> None:
    audit.record(session, by, action, "user", str(user.id), now, label=user.email)
