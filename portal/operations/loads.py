"""How much people have to do, and whom a customer was served by: what the rules of distribution compare."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from portal.domain import distribution
from portal.domain.distribution import Load
from portal.domain.lifecycle import Status
from portal.domain.openings import profile
from portal.domain.steps import Steps
from portal.domain.zones import day_bounds
from portal.models import Appointment, Assignment, Resource
from portal.models.types import epoch_seconds
from portal.operations.bookables import Bookable
from portal.operations.resource_cards import Bound

PLANNED = (Status.REQUESTED, Status.CONFIRMED, Status.ARRIVED, Status.COMPLETED)
"""States of appointments that are held or planned (semantics 7)."""


def of(session: Session, bookable: Bookable, people: Sequence[Bound], day: date, row: Any) -> list[Load]:
    """Say how much each person has in the period of the site's rule around a local date, without one appointment.

    Booked minutes are those of appointments held or planned that begin in the period, at all sites, without buffers;
    open minutes the capacity of their hours after closures and absences.
    """
    rule = bookable.policy.distribution
    first, last = distribution.span(rule, day)
    booked = _booked(session, people, distribution.balanced_span(rule, day), bookable, row)
    counted = _booked(session, people, (first, last), bookable, row) if rule.rule == "fair" else booked
    newest = _newest(session, people, row)
    served = _served(session, people, (first, last), bookable, row) if rule.rule == "history" else {}
    period = distribution.balanced_span(rule, day)
    return [
        Load(
            one.card.id,
            booked.get(one.card.id, (0, 0))[0],
            open_minutes(one, bookable, *period),
            counted.get(one.card.id, (0, 0))[1],
            newest.get(one.card.id),
            served.get(one.card.id),
        )
        for one in people
    ]


def latest(session: Session, bookable: Bookable, day: date, row: Any) -> datetime | None:
    """Tell the start of this customer's latest appointment with anybody at the site, in the period of a history."""
    rule = bookable.policy.distribution
    if rule.rule != "history" or (whose := _whose(row)) is None:
        return None
    query = (
        select(func.max(Appointment.starts_at))
        .join(Assignment, Assignment.appointment_id == Appointment.id)
        .join(Resource, Resource.id == Assignment.resource_id)
        .where(Resource.kind == "staff", Appointment.site_id == bookable.site.id, whose)
        .where(_within(distribution.span(rule, day), bookable, row))
    )
    return session.scalar(query)


def open_minutes(bound: Bound, bookable: Bookable, first: date, last: date) -> int:
    """Add up a person's capacity on the site's local dates, both included, after closures and absences."""
    hours = profile(bound.schedules, bookable.site.calendar, first, last).steps
    return (
        sum(
            (until - since) * slots
            for start, end, slots in hours.pieces()
            for since, until in _present(bound.card.absent, start, end)
        )
        // 60
    )


def _present(absent: Steps, start: int, end: int) -> list[tuple[int, int]]:
    """Cut [start, end) to where somebody is not absent."""
    found, since = [], start
    for begin, until, _ in absent.parts(start, end):
        found.append((since, begin))
        since = until
    return [*found, (since, end)]


def _booked(
    session: Session, people: Sequence[Bound], span: tuple[date, date], bookable: Bookable, row: Any
) -> dict[int, tuple[int, int]]:
    """Give the booked minutes and the number of appointments of each person in a period."""
    seconds = func.sum(epoch_seconds(Appointment.ends_at) - epoch_seconds(Appointment.starts_at))
    query = (
        select(Assignment.resource_id, seconds, func.count())
        .join(Appointment, Appointment.id == Assignment.appointment_id)
        .where(_ids(people), _within(span, bookable, row))
        .group_by(Assignment.resource_id)
    )
    return {one: (int(total) // 60, number) for one, total, number in session.execute(query)}


def _newest(session: Session, people: Sequence[Bound], row: Any) -> dict[int, datetime]:
    """Tell when each person was last given an appointment."""
    query = (
        select(Assignment.resource_id, func.max(Assignment.assigned_at))
        .join(Appointment, Appointment.id == Assignment.appointment_id)
        .where(_ids(people), Appointment.id != row.id, Appointment.status.in_(PLANNED))
        .group_by(Assignment.resource_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _served(
    session: Session, people: Sequence[Bound], span: tuple[date, date], bookable: Bookable, row: Any
) -> dict[int, datetime]:
    """Tell the start of the latest appointment that this customer has with each person at the site in a period."""
    if (whose := _whose(row)) is None:
        return {}
    query = (
        select(Assignment.resource_id, func.max(Appointment.starts_at))
        .join(Appointment, Appointment.id == Assignment.appointment_id)
        .where(_ids(people), _within(span, bookable, row), Appointment.site_id == bookable.site.id, whose)
        .group_by(Assignment.resource_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _whose(row: Any) -> ColumnElement[bool] | None:
    """Find the appointments of the customer of another one; None where nobody knows whose it is."""
    whose = [Appointment.email == row.email] if row.email else []
    if row.customer_id is not None:
        whose.append(Appointment.customer_id == row.customer_id)
    return or_(*whose) if whose else None


def _within(span: tuple[date, date], bookable: Bookable, row: Any) -> ColumnElement[bool]:
    """Find what is held or planned in a period of the site's local dates, without one appointment."""
    since, until = day_bounds(span[0], bookable.zone)[0], day_bounds(span[1], bookable.zone)[1]
    planned = Appointment.status.in_(PLANNED)
    return and_(Appointment.id != row.id, planned, Appointment.starts_at >= since, Appointment.starts_at < until)


def _ids(people: Sequence[Bound]) -> ColumnElement[bool]:
    return Assignment.resource_id.in_([one.card.id for one in people])
