"""What the staff changed: settings, plannings, orders, rights. Appointments have their own history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model
from portal.models.types import UtcDateTime


class Audit(Model):
    """One change: who, when, from where, of what, before and after. Never a secret, and it outlives its object."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "kind", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str] = mapped_column(String(254))  # a user's address, key:<name>, system
    origin: Mapped[str] = mapped_column(String(10))  # staff, api, command
    action: Mapped[str] = mapped_column(String(30))  # created, changed, removed, revoked, exported, erased ...
    kind: Mapped[str] = mapped_column(String(20))  # planning, site, order, customer, link, user, key, organisation ...
    key: Mapped[str] = mapped_column(String(254))  # what names the object in its address
    label: Mapped[str] = mapped_column(String(254), default="")  # what people call it
    site_id: Mapped[int | None]  # for whom it shows; without: for those who see every site
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
