"""Appointments, and the history that says how each came to be what it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model
from portal.models.types import UtcDateTime

STATUSES = "'held', 'requested', 'confirmed', 'arrived', 'completed', 'no_show', 'declined', 'cancelled', 'expired'"


ACTED = "origin IN ('staff', 'api')"  # events that the audit log lists, apart from all that customers do


class Appointment(Model):
    """Somebody is expected at a site, from one instant to another."""

    __tablename__ = "appointment"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUSES})", name="status"),
        CheckConstraint("starts_at < ends_at", name="ordered"),
        CheckConstraint("units > 0", name="units"),
        CheckConstraint("(wanted_start IS NULL) = (wanted_end IS NULL)", name="wanted"),
        Index(
            "ix_appointment_unanswered",
            "answer_by",
            sqlite_where=text("answer_by IS NOT NULL"),
            postgresql_where=text("answer_by IS NOT NULL"),
        ),
        Index(None, "site_id", "starts_at"),
        Index(None, "order_id", "starts_at"),
        Index(None, "customer_id", "starts_at"),
        Index(None, "email", "starts_at"),
        Index(None, "starts_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)  # in tokens, the API and the calendar file's UID
    generation: Mapped[int] = mapped_column(default=1)
    reference: Mapped[str] = mapped_column(String(12), unique=True)  # said on the telephone and at the gate
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    planning_id: Mapped[int | None] = mapped_column(ForeignKey("planning.id"), index=True)
    service_id: Mapped[int | None] = mapped_column(ForeignKey("service.id"), index=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    link_id: Mapped[int | None] = mapped_column(ForeignKey("link.id"), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    status: Mapped[str] = mapped_column(String(12))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    timezone: Mapped[str] = mapped_column(String(64))
    local_start: Mapped[str] = mapped_column(String(16))  # as promised: 2026-04-14T08:30
    units: Mapped[int] = mapped_column(default=1)
    iterations: Mapped[int] = mapped_column(default=1)  # how many lengths of its service, one after the other
    email: Mapped[str | None] = mapped_column(String(254))  # trimmed and case-folded
    name: Mapped[str] = mapped_column(String(120), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    fields: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # answers to what the planning asks, by key
    locale: Mapped[str] = mapped_column(String(5))
    source: Mapped[str] = mapped_column(String(10))  # link, guest, staff, api
    overbook_reason: Mapped[str] = mapped_column(String(300), default="")
    undo_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # until when its cancellation can be taken back
    answer_by: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when a request, or a move asked for, expires
    wanted_start: Mapped[datetime | None] = mapped_column(UtcDateTime)  # of a move that waits for its answer
    wanted_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)  # of this row: raised by every change
    sequence: Mapped[int] = mapped_column(default=0)  # of the invitation: raised by what a calendar must know
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # since when nobody can tell who came


class Event(Model):
    """One change of an appointment: who, when, from where, before, after, and what it did to the ledger."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_acted", "at", sqlite_where=text(ACTED), postgresql_where=text(ACTED)),)

    id: Mapped[int] = mapped_column(primary_key=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # scheduled, rescheduled, cancelled, arrived, noted, freed ...
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str] = mapped_column(String(254))  # customer, a user's address, key:<name>, system
    origin: Mapped[str] = mapped_column(String(10))  # link, guest, staff, api, worker
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    holds: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """What was taken (+) or freed (-): ``{"pool", "seqs": {ledger key: seq}, "start", "end", "units", "overbook"}``.

    What was taken also says the ``capacity`` it found: ``[[start, end, slots]]``, in seconds since 1970.
    """
