"""Demand that found nothing: counted in memory while pages are looked at, added up here by a timer."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model


class Demand(Model):
    """How often somebody looked at a day of a pool, and how often nothing was free for them there."""

    __tablename__ = "demand"
    __table_args__ = (CheckConstraint("looked >= 0 AND refused >= 0", name="counts"),)

    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True, index=True)  # the site's local date that was wanted
    looked: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
