"""The organisation, its sites, and the days on which a site is closed."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Model


class Organisation(Model):
    """The company that runs the portal: one row."""

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        CheckConstraint("retention_months IS NULL OR retention_months > 0", name="retention"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    locale: Mapped[str] = mapped_column(String(5))
    timezone: Mapped[str] = mapped_column(String(64))
    sender_name: Mapped[str] = mapped_column(String(120), default="")  # of the mails; empty: the company's name
    accent: Mapped[str | None] = mapped_column(String(7))  # #rrggbb of buttons and links; none: the portal's own
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    logo_type: Mapped[str | None] = mapped_column(String(40))
    texts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # {"legal": {"fr": "<p>...", "en": ...}, ...}
    retention_months: Mapped[int | None]  # after an appointment's end, until it is anonymised; none: for good
    revision: Mapped[str] = mapped_column(String(32), default="")  # new random text at each edit


class Site(Model):
    """A place where appointments happen, with its own zone and policy."""

    __tablename__ = "site"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(300), default="")
    timezone: Mapped[str] = mapped_column(String(64))
    region_id: Mapped[int | None] = mapped_column(ForeignKey("region.id"), index=True)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    email: Mapped[str | None] = mapped_column(String(254))  # receives the notices
    phone: Mapped[str | None] = mapped_column(String(40))  # "call us" on public pages
    holidays: Mapped[str | None] = mapped_column(String(20))  # FR, FR-57
    feed_generation: Mapped[int] = mapped_column(default=1)  # of its calendar feed: raised to revoke the link
    policy: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    notices: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # who is told of what, where not the default
    active: Mapped[bool] = mapped_column(default=True)
    revision: Mapped[str] = mapped_column(String(32))  # new random text at each edit: names what a cache may keep
    closures: Mapped[list[Closure]] = relationship(
        order_by="Closure.first_day", cascade="all, delete-orphan", passive_deletes=True
    )


class Closure(Model):
    """Local days, both included, on which a site receives nobody."""

    __tablename__ = "closure"
    __table_args__ = (CheckConstraint("first_day <= last_day", name="ordered"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), index=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    label: Mapped[str] = mapped_column(String(120), default="")
