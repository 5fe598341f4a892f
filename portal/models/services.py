"""Services: what is booked at one time with people, rooms and equipment, and the groups and regions to find it by."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model


class ServiceGroup(Model):
    """A topic under which services are found."""

    __tablename__ = "service_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[dict[str, Any]] = mapped_column(JSON)  # by language
    position: Mapped[int] = mapped_column(default=0)


class Region(Model):
    """A territory of sites, in another one or not."""

    __tablename__ = "region"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("region.id", deferrable=True, initially="DEFERRED"))


class Service(Model):
    """What is booked: how long it takes, and which resources it needs. Its sites are its pools'."""

    __tablename__ = "service"
    __table_args__ = (
        CheckConstraint("minutes > 0 AND step > 0", name="positive"),
        CheckConstraint("buffer_before >= 0 AND buffer_after >= 0", name="buffers"),
        CheckConstraint("mode IN ('in_person', 'phone', 'video')", name="mode"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[dict[str, Any]] = mapped_column(JSON)  # texts by language, as the three that follow
    description: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what it is, before booking
    instructions: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what to bring or know, after booking
    price: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # a label: "from 90 EUR"
    group_id: Mapped[int | None] = mapped_column(ForeignKey("service_group.id"), index=True)
    planning_id: Mapped[int | None] = mapped_column(ForeignKey("planning.id"), index=True)  # also takes a place in it
    minutes: Mapped[int]
    step: Mapped[int]
    buffer_before: Mapped[int] = mapped_column(default=0)  # minutes, as the next
    buffer_after: Mapped[int] = mapped_column(default=0)
    mode: Mapped[str] = mapped_column(String(9), default="in_person")
    requires: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    reservation: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    kinds: Mapped[list[str]] = mapped_column(JSON, default=list)  # of orders whose links may book it
    guests: Mapped[bool] = mapped_column(default=True)  # False: only by a link, and by the staff
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # what it asks of who books, in order
    policy: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    active: Mapped[bool] = mapped_column(default=True)
    revision: Mapped[str] = mapped_column(String(32))
