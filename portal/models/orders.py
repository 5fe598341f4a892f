"""Orders that appointments are booked for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model
from portal.models.types import UtcDateTime


class Order(Model):
    """A customer's order to pick up, or a supplier's to deliver."""

    __tablename__ = "orders"
    __table_args__ = (CheckConstraint("kind IN ('customer', 'supplier')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(40), default="")
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id", ondelete="SET NULL"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    units: Mapped[str] = mapped_column(String(120), default="")  # "36 pallets", as people say it
    ship_date: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivery_date: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
