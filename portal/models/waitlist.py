"""Places that became free, those who wait for one, and what they were offered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model
from portal.models.types import UtcDateTime

CAUSES = "'cancelled', 'declined', 'expired', 'moved', 'claimed'"


class FreedPlace(Model):
    """A place that an appointment gave back: the worker offers it to those who wait, once.

    Written with what frees the place, so that none is forgotten. ``not_before`` is the end of an undo, which deletes
    the row; ``kept_until`` the end of the cooling-off, while which an allocation keeps the public away.
    """

    __tablename__ = "freed_place"
    __table_args__ = (
        CheckConstraint(f"cause IN ({CAUSES})", name="cause"),
        CheckConstraint("state IN ('waiting', 'offered', 'done')", name="state"),
        CheckConstraint("starts_at < ends_at", name="ordered"),
        Index(
            "ix_freed_place_due",
            "not_before",
            sqlite_where=text("state <> 'done'"),
            postgresql_where=text("state <> 'done'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id", ondelete="CASCADE"), index=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id", ondelete="CASCADE"), index=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    units: Mapped[int]
    cause: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, offered (goes on later), done
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)  # of its next step
    kept_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WaitingEntry(Model):
    """Somebody who wants a place on one of some full days, as a guest or by an order's link."""

    __tablename__ = "waiting_entry"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'served', 'left', 'over')", name="state"),
        CheckConstraint("first_day <= last_day", name="ordered"),
        CheckConstraint("units > 0", name="units"),
        Index("ix_waiting_entry_pool_id_first_day", "pool_id", "first_day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    generation: Mapped[int] = mapped_column(default=1)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id", ondelete="CASCADE"))
    link_id: Mapped[int | None] = mapped_column(ForeignKey("link.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(254), index=True)  # trimmed and case-folded
    name: Mapped[str] = mapped_column(String(120), default="")
    locale: Mapped[str] = mapped_column(String(5))
    units: Mapped[int] = mapped_column(default=1)
    first_day: Mapped[date]  # the site's local dates, both included
    last_day: Mapped[date]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Offer(Model):
    """A freed start, offered to the holder of a later appointment or to somebody on the waiting list.

    ``offered_on`` is the site's date: no appointment gets two offers on one. ``reason`` says to the staff why it was
    this one's turn. ``allocation_id`` is the place kept for this offer alone, where they are made one by one.
    """

    __tablename__ = "offer"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'claimed', 'lapsed', 'withdrawn')", name="state"),
        CheckConstraint("(appointment_id IS NULL) <> (waiting_id IS NULL)", name="whose"),
        UniqueConstraint("appointment_id", "offered_on"),
        UniqueConstraint("waiting_id", "offered_on"),
        Index(
            "ix_offer_open",
            "expires_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    generation: Mapped[int] = mapped_column(default=1)
    freed_id: Mapped[int] = mapped_column(ForeignKey("freed_place.id", ondelete="CASCADE"), index=True)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id", ondelete="CASCADE"))
    waiting_id: Mapped[int | None] = mapped_column(ForeignKey("waiting_entry.id", ondelete="CASCADE"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    offered_on: Mapped[date]
    state: Mapped[str] = mapped_column(String(10), default="open")
    allocation_id: Mapped[int | None] = mapped_column(ForeignKey("allocation.id", ondelete="SET NULL"), index=True)
    reason: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OfferStop(Model):
    """An address that wants no offers of earlier slots, as a keyed hash: it outlives the erasure of its owner."""

    __tablename__ = "offer_stop"

    address_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
