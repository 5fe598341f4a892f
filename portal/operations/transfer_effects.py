"""What a change of plannings and sites does to the appointments that have a place there; none is cancelled.

People, rooms and equipment are judged in ``transfer_resource_effects``, services in ``transfer_service_effects``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.clocks import minutes
from portal.domain.openings import Closure, Opening, Schedule, SiteCalendar, Version, profile, serving
from portal.domain.steps import Steps
from portal.domain.zones import DAY, epoch, instant_of, local_day, zone
from portal.models import Allocation, Appointment, Planning, Service, Site
from portal.operations import bookables, place_cards
from portal.operations.bookables import Bookable
from portal.operations.concerned import Changed, Concerned, Objects, Values, Why
from portal.operations.schema_plannings import WEEKDAYS


def of_places(session: Session, changed: Changed, now: datetime) -> Iterator[Concerned]:
    """Yield the appointments whose place in a planning fitted and no longer does, and those at one that is left."""
    sites, plannings = changed["sites"], changed["plannings"]
    query = bookables.joined().where(or_(Site.key.in_(sites.keys()), Planning.key.in_(plannings.keys())))
    for row in session.execute(query.order_by(Site.key, Planning.key)).all():
        before = bookables.from_row(session, row)
        after = _changed(before, sites, plannings)
        why = Why.UNFIT if after is not None else Why.LEFT
        found = misfits(session, before, after, now) if after is not None else _coming(session, before, now)
        for one in found:
            where, start = before.item.key, one.starts_at.astimezone(before.zone)
            yield Concerned(where, before.site.key, one.id, one.reference, start, (why,))


def _changed(before: Bookable, sites: Objects, plannings: Objects) -> Bookable | None:
    """Give a bookable as it will be, or None when it will not be booked any more."""
    site, planning = sites.get(before.site.key), plannings.get(before.item.key)
    if planning is not None and (not planning["active"] or before.site.key not in planning["sites"]):
        return None
    return replace(
        before,
        site=replace(before.site, calendar=calendar_of(site)) if site else before.site,
        item=replace(before.planning, schedule=schedule_of(planning)) if planning else before.planning,
    )


def calendar_of(values: Values) -> SiteCalendar:
    """Give the closed days of a site as the file writes it."""
    closures = tuple(Closure(_day(one["from"]), _day(one["to"]), one["label"]) for one in values["closures"])
    return SiteCalendar(zone(values["timezone"]), closures, place_cards.holiday_calendar(values["holidays"]))


def schedule_of(values: Values) -> Schedule:
    """Give the hours of a planning as the file writes it."""
    return Schedule(
        zone(values["timezone"]),
        tuple(
            Version(
                _day(one["from"]) if one["from"] else None,
                {WEEKDAYS.index(weekday) + 1: _openings(rows) for weekday, rows in one["week"].items()},
            )
            for one in values["versions"]
        ),
        {_day(one["date"]): _openings(one["openings"]) for one in values["exceptions"]},
        values["slot_minutes"],
        values["step_minutes"],
    )


def _openings(rows: list[Values]) -> tuple[Opening, ...]:
    return tuple(
        Opening(minutes(row["start"]), minutes(row["end"]), row["slots"], tuple(row.get("services", ())))
        for row in rows
    )


def _day(text: str) -> date:
    return date.fromisoformat(text)


def misfits(session: Session, before: Bookable, after: Bookable, now: datetime) -> Iterator[Any]:
    """Yield the rows of the appointments to come that fitted before and do not after."""
    rows = _coming(session, before, now)
    if not rows:
        return
    bounds = epoch(rows[0].starts_at), max(epoch(row.ends_at) for row in rows)
    used = Steps.sum_of((epoch(row.starts_at), epoch(row.ends_at), row.units) for row in rows)
    open_to = {
        key: (_capacity(before, key, *bounds), _capacity(after, key, *bounds)) for key in {row.key for row in rows}
    }
    for row in rows:
        start, end = epoch(row.starts_at), epoch(row.ends_at)
        old, new = open_to[row.key]
        if _crowded(used, new, start, end) and not _crowded(used, old, start, end):
            yield row


def _coming(session: Session, one: Bookable, now: datetime) -> Sequence[Any]:
    """Read what is taken of a planning at a site from now on."""
    return session.execute(
        select(Appointment.id, Appointment.reference, Allocation.starts_at, Allocation.ends_at)
        .add_columns(Allocation.units, Service.key)
        .join(Appointment, Appointment.id == Allocation.appointment_id)
        .outerjoin(Service, Service.id == Appointment.service_id)
        .where(
            Allocation.pool_id == one.pool_id,
            Allocation.released_at.is_(None),
            Allocation.taken_until.is_(None),
            Allocation.ends_at > now,
        )
        .order_by(Allocation.starts_at, Appointment.id)
    ).all()


def _capacity(one: Bookable, service: str | None, start: int, end: int) -> Steps:
    first, last = local_day(instant_of(start), one.zone) - DAY, local_day(instant_of(end), one.zone) + DAY
    return profile([serving(one.planning.schedule, service)], one.site.calendar, first, last).steps


def _crowded(used: Steps, open_: Steps, start: int, end: int) -> bool:
    moments = {start, *(edge for steps in (used, open_) for edge in steps.edges if start < edge < end)}
    return any(used.at(moment) > open_.at(moment) for moment in moments)
