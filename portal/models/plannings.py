"""Plannings: a week of hours with capacities, in versions, with exceptional days."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Model

BOUNDS = "start_minute >= 0 AND end_minute <= 1440 AND start_minute < end_minute"


class Planning(Model):
    """Hours that one or several sites share; each site counts its own places."""

    __tablename__ = "planning"
    __table_args__ = (CheckConstraint("slot_minutes > 0 AND step_minutes > 0", name="positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    timezone: Mapped[str] = mapped_column(String(64))
    kinds: Mapped[list[str]] = mapped_column(JSON)  # of orders whose links may book here: customer, supplier
    guests: Mapped[bool] = mapped_column(default=False)
    slot_minutes: Mapped[int] = mapped_column(default=60)
    step_minutes: Mapped[int] = mapped_column(default=30)
    policy: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # what it asks of who books, in order
    active: Mapped[bool] = mapped_column(default=True)
    revision: Mapped[str] = mapped_column(String(32))
    versions: Mapped[list[PlanningVersion]] = relationship(
        order_by="PlanningVersion.applies_from", cascade="all, delete-orphan", passive_deletes=True
    )
    exceptions: Mapped[list[ExceptionalDay]] = relationship(
        order_by="ExceptionalDay.day", cascade="all, delete-orphan", passive_deletes=True
    )
    pools: Mapped[list[Pool]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class PlanningVersion(Model):
    """The week in force from a date on; the first version has no date."""

    __tablename__ = "planning_version"
    __table_args__ = (UniqueConstraint("planning_id", "applies_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    planning_id: Mapped[int] = mapped_column(ForeignKey("planning.id", ondelete="CASCADE"), index=True)
    applies_from: Mapped[date | None]
    openings: Mapped[list[WeeklyOpening]] = relationship(
        order_by="WeeklyOpening.weekday, WeeklyOpening.start_minute", cascade="all, delete-orphan", passive_deletes=True
    )


class WeeklyOpening(Model):
    """Hours of one weekday in which ``slots`` appointments may be present at once."""

    __tablename__ = "weekly_opening"
    __table_args__ = (
        CheckConstraint(BOUNDS, name="bounds"),
        CheckConstraint("slots > 0", name="slots"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("planning_version.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int]  # ISO, 1 = Monday
    start_minute: Mapped[int]  # minutes after local midnight
    end_minute: Mapped[int]  # 1440 = 24:00
    slots: Mapped[int]
    services: Mapped[list[str]] = mapped_column(JSON, default=list)  # keys: only for these; none: for all


class ExceptionalDay(Model):
    """A date whose own list of openings, possibly empty, replaces the week."""

    __tablename__ = "exceptional_day"
    __table_args__ = (UniqueConstraint("planning_id", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    planning_id: Mapped[int] = mapped_column(ForeignKey("planning.id", ondelete="CASCADE"), index=True)
    day: Mapped[date]
    label: Mapped[str] = mapped_column(String(120), default="")
    openings: Mapped[list[ExceptionalOpening]] = relationship(
        order_by="ExceptionalOpening.start_minute", cascade="all, delete-orphan", passive_deletes=True
    )


class ExceptionalOpening(Model):
    """Hours of an exceptional day."""

    __tablename__ = "exceptional_opening"
    __table_args__ = (CheckConstraint(BOUNDS, name="bounds"), CheckConstraint("slots > 0", name="slots"))

    id: Mapped[int] = mapped_column(primary_key=True)
    exceptional_day_id: Mapped[int] = mapped_column(ForeignKey("exceptional_day.id", ondelete="CASCADE"), index=True)
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    slots: Mapped[int]
    services: Mapped[list[str]] = mapped_column(JSON, default=list)  # keys: only for these; none: for all


class Pool(Model):
    """What places are counted in: a planning at a site, or a resource.

    A service at a site has one, too: it counts who comes for it, without a limit, and names what people wait for.
    """

    __tablename__ = "pool"
    __table_args__ = (
        UniqueConstraint("planning_id", "site_id"),
        UniqueConstraint("service_id", "site_id"),
        UniqueConstraint("resource_id"),
        CheckConstraint(
            "(planning_id IS NOT NULL AND site_id IS NOT NULL AND service_id IS NULL AND resource_id IS NULL)"
            " OR (service_id IS NOT NULL AND site_id IS NOT NULL AND planning_id IS NULL AND resource_id IS NULL)"
            " OR (resource_id IS NOT NULL AND site_id IS NULL AND planning_id IS NULL AND service_id IS NULL)",
            name="subject",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    planning_id: Mapped[int | None] = mapped_column(ForeignKey("planning.id", ondelete="CASCADE"))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), index=True)
    service_id: Mapped[int | None] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"))
    resource_id: Mapped[int | None] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"))
    active: Mapped[bool] = mapped_column(default=True)  # False: it left the site, its appointments stay
    longest_minutes: Mapped[int] = mapped_column(default=0)  # of any allocation ever taken: bounds the search by index
