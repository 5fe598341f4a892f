"""Links by which an address proves that it is read, and goes on with what it asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model
from portal.models.types import UtcDateTime


class Continuation(Model):
    """An address that asked to book where only customers may.

    Written for every address alike, so that nobody learns from it who is a customer; only one that is gets the mail.
    """

    __tablename__ = "continuation"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    generation: Mapped[int] = mapped_column(default=1)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(254), index=True)  # trimmed and case-folded
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the slot that was chosen
    carried: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what the address of the page brought along
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
