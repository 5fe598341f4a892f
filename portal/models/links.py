"""Booking links: what a token leads to. The secret part of a token is derived, never stored."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model
from portal.models.types import UtcDateTime


class Link(Model):
    """The right to book without an account: for an order, or a service at a site."""

    __tablename__ = "link"
    __table_args__ = (
        CheckConstraint("max_active IS NULL OR max_active > 0", name="max_active"),
        CheckConstraint(
            "(order_id IS NOT NULL AND site_id IS NULL AND service_id IS NULL)"
            " OR (order_id IS NULL AND site_id IS NOT NULL AND service_id IS NOT NULL)",
            name="subject",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)  # 16 random bytes in hexadecimal
    generation: Mapped[int] = mapped_column(default=1)  # raised to revoke every token made before
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), index=True)
    service_id: Mapped[int | None] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"), index=True)
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    max_active: Mapped[int | None]
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # written by a timer, minutes late
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
