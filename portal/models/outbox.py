"""What is waiting to leave: written with the booking, sent by the worker."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model
from portal.models.types import UtcDateTime

STATES = "'waiting', 'sent', 'failed', 'parked', 'dropped'"


class OutboxMessage(Model):
    """One message: its template and facts, when it may leave, and how the tries went. Never a token."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index(
            "ix_outbox_due",
            "not_before",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_outbox_troubled",
            "id",
            sqlite_where=text("state IN ('failed', 'parked')"),
            postgresql_where=text("state IN ('failed', 'parked')"),
        ),
        Index("ix_outbox_sent_at", "sent_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))  # the mail's template: confirmation, reminder, site_notice ...
    dedupe: Mapped[str] = mapped_column(String(160), unique=True)
    recipient: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(5))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id", ondelete="CASCADE"), index=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    link_id: Mapped[int | None] = mapped_column(ForeignKey("link.id", ondelete="CASCADE"), index=True)  # it brings
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)  # by the portal's time
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by real time
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by real time
    lease: Mapped[str | None] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    first_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Heartbeat(Model):
    """A standing fact about the machinery: a worker was seen, the mail queue is paused since."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    detail: Mapped[str] = mapped_column(Text, default="")
