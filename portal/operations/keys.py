"""Keys of the API: random, shown once, kept as a hash, limited to scopes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from portal.domain.errors import Invalid, NotFound
from portal.extensions import reading, retried, transaction
from portal.models import ApiKey

SCOPES = ("read", "book", "orders", "admin")
MARK = "creneau_"  # what scanners of leaked secrets can look for
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class KeyCard:
    """A key as the staff and the API see it; its secret is known to its holder alone."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None


@retried
def add(name: str, scopes: Sequence[str], *, now: datetime) -> str:
    """Make a key and give its secret, this once. Raises Invalid for an empty name or an unknown scope."""
    if not (name := name.strip()) or len(name) > LONGEST_NAME:
        raise Invalid(field="name", problem="required" if not name else "too_long")
    if not scopes or (unknown := [scope for scope in scopes if scope not in SCOPES]):
        raise Invalid(field="scope", problem="not_a_choice", value=",".join(unknown if scopes else ()), choices=SCOPES)
    secret = MARK + secrets.token_urlsafe(32)
    with transaction() as session:
        kept = [scope for scope in SCOPES if scope in scopes]
        session.add(ApiKey(name=name, token_hash=digest(secret), scopes=kept, created_at=now))
    return secret


def find(secret: str) -> KeyCard | None:
    """Find the key that a program shows; None when there is none such, or it was revoked."""
    with reading() as session:
        row = session.scalar(select(ApiKey).where(ApiKey.token_hash == digest(secret), ApiKey.revoked_at.is_(None)))
    return _card(row) if row else None


def every() -> list[KeyCard]:
    """List all keys, newest first."""
    with reading() as session:
        return [_card(row) for row in session.scalars(select(ApiKey).order_by(ApiKey.id.desc()))]


@retried
def revoke(key_id: int, *, now: datetime) -> None:
    """Make a key useless for good. Raises NotFound."""
    with transaction() as session:
        query = update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None)).values(revoked_at=now)
        if session.scalar(query.returning(ApiKey.id)) is None:
            raise NotFound


def digest(secret: str) -> str:
    """Hash a key: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _card(row: ApiKey) -> KeyCard:
    return KeyCard(row.id, row.name, tuple(row.scopes), row.created_at, row.revoked_at)
