"""Who and what appointments need: people, rooms, equipment, their skills and their absences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, DateTime, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model
from portal.models.types import UtcDateTime


class Resource(Model):
    """A person, a room or an asset: a pool of its own, counted at all its sites together."""

    __tablename__ = "resource"
    __table_args__ = (
        CheckConstraint("kind IN ('staff', 'room', 'asset')", name="kind"),
        CheckConstraint("persons IS NULL OR persons > 0", name="persons"),
        CheckConstraint("max_per_day IS NULL OR max_per_day > 0", name="max_per_day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(5))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(254))  # staff: is told of their appointments
    timezone: Mapped[str] = mapped_column(String(64))  # of absences and of max_per_day
    skills: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # key -> level, 0 to 10
    persons: Mapped[int | None]  # whom a room holds
    features: Mapped[list[str]] = mapped_column(JSON, default=list)
    max_per_day: Mapped[int | None]  # appointments on one of its local dates
    colour: Mapped[str] = mapped_column(String(7), default="")  # #rrggbb in calendars; empty: by its kind
    generation: Mapped[int] = mapped_column(default=1)  # of its calendar feed: raised to revoke the link
    active: Mapped[bool] = mapped_column(default=True)
    revision: Mapped[str] = mapped_column(String(32))  # new random text at each edit, absences included


class ResourceSite(Model):
    """A resource can be booked at a site."""

    __tablename__ = "resource_site"

    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), primary_key=True, index=True)


class ResourcePlanning(Model):
    """A planning gives a resource its hours; its slots are how many appointments it takes at once."""

    __tablename__ = "resource_planning"

    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), primary_key=True)
    planning_id: Mapped[int] = mapped_column(
        ForeignKey("planning.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Absence(Model):
    """A resource is away: wall time in its own zone, from one moment to another."""

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("starts_local < ends_local", name="ordered"),
        Index("uq_absence_resource_id_uid", "resource_id", "uid", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), index=True)
    starts_local: Mapped[datetime] = mapped_column(DateTime)
    ends_local: Mapped[datetime] = mapped_column(DateTime)
    label: Mapped[str] = mapped_column(String(120), default="")
    uid: Mapped[str | None] = mapped_column(String(255))  # of the calendar entry it was imported from


class Skill(Model):
    """What people can do, each at a level; the words for its key."""

    __tablename__ = "skill"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[dict[str, Any]] = mapped_column(JSON)  # by language


class Assignment(Model):
    """A resource that an appointment has, or had when it ended."""

    __tablename__ = "assignment"
    __table_args__ = (Index("uq_assignment_appointment_id_resource_id", "appointment_id", "resource_id", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id", ondelete="CASCADE"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"), index=True)
    requirement: Mapped[int | None]  # which of the service's it meets, from 0; none: added by the staff
    named: Mapped[bool] = mapped_column(default=False)  # chosen by name: stays when the appointment moves
    units: Mapped[int] = mapped_column(default=1)
    assigned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    choice: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # of staff: rule, candidates with scores, reason
