"""Long work, done line by line by the worker, and files that wait for a decision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model
from portal.models.types import UtcDateTime


class Batch(Model):
    """A change of many appointments that somebody asked for: what, by whom, and how far it is."""

    __tablename__ = "batch"
    __table_args__ = (
        CheckConstraint("kind IN ('cancel', 'move')", name="kind"),
        CheckConstraint("state IN ('waiting', 'done', 'stopped')", name="state"),
        Index(
            "ix_batch_waiting",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    wish: Mapped[dict[str, Any]] = mapped_column(JSON)  # the day, what to do with each, the words for the customers
    actor: Mapped[str] = mapped_column(String(254))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease: Mapped[str | None] = mapped_column(String(32))  # of the one worker that does its lines
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # in real time


class BatchLine(Model):
    """One appointment of a batch and what became of it."""

    __tablename__ = "batch_line"
    __table_args__ = (CheckConstraint("state IN ('waiting', 'done', 'refused')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), index=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    result: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # {"start": ...} or {"code": ..., "reasons": []}


class Upload(Model):
    """A file that somebody sent and has not yet decided upon: gone after a day."""

    __tablename__ = "upload"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    choices: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # which column is what
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ColumnName(Model):
    """What a column of a file with this head was taken for the last time."""

    __tablename__ = "column_name"

    head: Mapped[str] = mapped_column(String(120), primary_key=True)  # small letters, no accents, no signs
    field: Mapped[str] = mapped_column(String(20))
