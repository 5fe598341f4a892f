"""What waits to leave: written in the transaction that causes it, sent by the worker, never by a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.extensions import settings
from portal.models import OutboxMessage


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to queue. ``payload`` holds ids and plain facts, never a token: links are derived when it is rendered.

    A second draft with the same ``dedupe`` is not queued. ``not_before`` is by the portal's time.
    """

    kind: str
    dedupe: str
    recipient: str
    locale: str
    not_before: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    appointment_id: int | None = None
    order_id: int | None = None


QUEUE = {
    "postgresql": postgresql.insert(OutboxMessage).on_conflict_do_nothing(index_elements=["dedupe"]),
    "sqlite": sqlite.insert(OutboxMessage).on_conflict_do_nothing(index_elements=["dedupe"]),
}


def default_locale() -> str:
    """Name the language of somebody whose own is not known."""
    return settings().default_locale


def enqueue(session: Session, drafts: Sequence[Draft], now: datetime) -> None:
    """Queue messages within the caller's transaction, in one go."""
    if drafts:
        connection = session.connection()
        connection.execute(QUEUE[connection.dialect.name], [_row(draft, now) for draft in drafts])


def withdraw(session: Session, appointment_id: int, kinds: Sequence[str], now: datetime) -> None:
    """Take back the messages of an appointment whose time to leave has not come."""
    session.execute(
        delete(OutboxMessage).where(
            OutboxMessage.appointment_id == appointment_id,
            OutboxMessage.kind.in_(kinds),
            OutboxMessage.state == "waiting",
            OutboxMessage.not_before > now,
        )
    )


def _row(draft: Draft, now: datetime) -> dict[str, Any]:
    return {
        "kind": draft.kind,
        "dedupe": draft.dedupe,
        "recipient": draft.recipient,
        "locale": draft.locale,
        "payload": dict(draft.payload),
        "appointment_id": draft.appointment_id,
        "order_id": draft.order_id,
        "state": "waiting",
        "not_before": draft.not_before,
        "attempts": 0,
        "error": "",
        "created_at": now,
    }
