"""A request that is sent twice is answered twice and done once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid
from portal.extensions import reading
from portal.models import Idempotency


@dataclass(frozen=True, slots=True)
class Once:
    """The idempotency key of a request, and whose it is: the link, the API key or the form."""

    scope: str
    key: str


_table = Idempotency.__table__.c
ASKED = select(_table.request_hash, _table.result).where(
    _table.scope == bindparam("scope"), _table.key == bindparam("key")
)

REMEMBER = insert(Idempotency).inline()


def digest(values: Mapping[str, Any]) -> str:
    """Fingerprint what was asked, to tell the same request from another under the same key."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def recall(once: Once) -> dict[str, Any] | None:
    """Give the first answer to whatever was asked under a key, or None when nothing was."""
    with reading() as session:
        row = session.connection().execute(ASKED, {"scope": once.scope, "key": once.key}).first()
    found: dict[str, Any] | None = row.result if row is not None else None
    return found


def answered(session: Session, once: Once | None, request_hash: str) -> dict[str, Any] | None:
    """Give the first answer to this request, or None when it is new. Raises Invalid: same key, other request."""
    if once is None:
        return None
    row = session.connection().execute(ASKED, {"scope": once.scope, "key": once.key}).first()
    if row is None:
        return None
    if row.request_hash != request_hash:
        raise Invalid(field="idempotency_key", problem="idempotency")
    found: dict[str, Any] = row.result
    return found


def remember(session: Session, once: Once | None, request_hash: str, result: Mapping[str, Any], now: datetime) -> None:
    """Keep the answer; the unique key has the last word when two same requests raced here."""
    if once is None:
        return
    session.connection().execute(
        REMEMBER,
        {
            "scope": once.scope,
            "key": once.key,
            "request_hash": request_hash,
            "result": dict(result),
            "created_at": now,
        },
    )
