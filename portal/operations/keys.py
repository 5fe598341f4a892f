"""Keys of the API: random, shown once, kept as a hash, limited to scopes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from portal.domain.errors import Invalid, NotFound
from portal.extensions import reading, retried, transaction
from portal.models import ApiKey
from portal.operations import audit
from portal.operations.actors import SYSTEM, Actor

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
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyList:
    """A page of keys, newest first; ``total`` counts all that were found."""

    keys: Sequence[KeyCard]
    total: int


@retried
def add(name: str, scopes: Sequence[str], *, now: datetime, by: Actor = SYSTEM) -> str:
    """Make a key and give its secret, this once. Raises Invalid for an empty name or an unknown scope."""
    if not (name := name.strip()) or len(name) > LONGEST_NAME:
        raise Invalid(field="name", problem="required" if not name else "too_long")
    if not scopes or (unknown := [scope for scope in scopes if scope not in SCOPES]):
        raise Invalid(field="scope", problem="not_a_choice", value=",".join(unknown if scopes else ()), choices=SCOPES)
    secret = MARK + secrets.token_urlsafe(32)
    with transaction() as session:
        kept = [scope for scope in SCOPES if scope in scopes]
        key = ApiKey(name=name, token_hash=digest(secret), scopes=kept, created_at=now)
        session.add(key)
        session.flush()
        audit.record(session, by, "created", "key", str(key.id), now, label=name, after={"scopes": kept})
    return secret


def find(secret: str) -> KeyCard | None:
    """Find the key that a program shows; None when there is none such, or it was revoked."""
    with reading() as session:
        row = session.scalar(select(ApiKey).where(ApiKey.token_hash == digest(secret), ApiKey.revoked_at.is_(None)))
    return _card(row) if row else None


def read(key_id: int) -> KeyCard:
    """Read a key. Raises NotFound."""
    with reading() as session:
        if (row := session.get(ApiKey, key_id)) is None:
            raise NotFound
        return _card(row)


def listing(text: str = "", *, revoked: bool = False, page: int = 1, size: int = 50) -> KeyList:
    """List the keys that open, or those that were revoked, with ``text`` in their names; newest first."""
    query = select(ApiKey).where(ApiKey.revoked_at.is_not(None) if revoked else ApiKey.revoked_at.is_(None))
    query = query.where(ApiKey.name.icontains(text, autoescape=True))
    with reading() as session:
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        rows = session.scalars(query.order_by(ApiKey.id.desc()).limit(size).offset((page - 1) * size))
        return KeyList([_card(row) for row in rows], total)


@retried
def revoke(key_id: int, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Make a key useless for good. Raises NotFound."""
    with transaction() as session:
        query = update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None)).values(revoked_at=now)
        if (name := session.scalar(query.returning(ApiKey.name))) is None:
            raise NotFound
        audit.record(session, by, "revoked", "key", str(key_id), now, label=name)


def digest(secret: str) -> str:
    """Hash a key: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _card(row: ApiKey) -> KeyCard:
    return KeyCard(row.id, row.name, tuple(row.scopes), row.created_at, row.last_used_at, row.revoked_at)
