"""The ledger that serialises bookings, and the allocations that hold places."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model
from portal.models.types import UtcDateTime


class Ledger(Model):
    """A row is a lock: a pool on a UTC day, a link, a customer. Taking it raises its number."""

    __tablename__ = "ledger"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    seq: Mapped[int]


class Allocation(Model):
    """An appointment's hold on a pool, buffers included.

    ``role`` says what for: ``visit`` is the appointment's own place, ``wanted`` the new one of a move that waits for
    its answer, ``held`` that of a form which is open or an address to be confirmed, ``kept`` a place that its
    appointment gave back and that is kept for those who wait.
    """

    __tablename__ = "allocation"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="ordered"),
        CheckConstraint("units > 0", name="units"),
        CheckConstraint("role IN ('visit', 'wanted', 'held', 'kept')", name="role"),
        # Every column that a page of slots reads is in the index, so that the sum needs no visit to the table.
        Index(
            "ix_allocation_occupancy",
            "pool_id",
            "starts_at",
            "ends_at",
            "units",
            "taken_until",
            "appointment_id",
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
        Index(
            "ix_allocation_lapsing",
            "taken_until",
            sqlite_where=text("released_at IS NULL AND taken_until IS NOT NULL"),
            postgresql_where=text("released_at IS NULL AND taken_until IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id", ondelete="CASCADE"), index=True)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    units: Mapped[int]
    role: Mapped[str] = mapped_column(String(6), default="visit")
    exclusive: Mapped[bool] = mapped_column(default=False)  # the pool's capacity is 1 at every instant, not overbooked
    taken_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # end of a hold, or of what it is kept for
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Idempotency(Model):
    """The first answer to a request that may be sent again."""

    __tablename__ = "idempotency"
    __table_args__ = (UniqueConstraint("scope", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(128))
    request_hash: Mapped[str] = mapped_column(String(64))
    result: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
