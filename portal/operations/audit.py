"""The audit log: every change of the staff that is no appointment's, written in the transaction that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.models import Audit
from portal.operations.actors import Actor


def record(
    session: Session,
    by: Actor,
    action: str,
    kind: str,
    key: str,
    now: datetime,
    *,
    label: str = "",
    site_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write down a change: ``record(session, by, "changed", "site", "bordeaux", now, before={...}, after={...})``.

    ``before`` and ``after`` hold what differs, as JSON: never a password, a token or a key.
    """
    session.connection().execute(
        insert(Audit),
        {
            "at": now,
            "actor": by.name,
            "origin": by.origin,
            "action": action,
            "kind": kind,
            "key": key[:254],
            "label": label[:254],
            "site_id": site_id,
            "before": dict(before or {}),
            "after": dict(after or {}),
        },
    )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keep of both what differs.

    >>> differences({"name": "Bordeaux", "phone": ""}, {"name": "Bordeaux", "phone": "05 56 00 10 42"})
    ({'phone': ''}, {'phone': '05 56 00 10 42'})
    """
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}
