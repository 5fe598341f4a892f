"""Plannings in the form of the configuration file, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from portal.domain.clocks import clock, minutes
from portal.models import (
    ExceptionalDay,
    ExceptionalOpening,
    Planning,
    PlanningVersion,
    Pool,
    Site,
    WeeklyOpening,
)
from portal.operations import edits
from portal.operations.keepsakes import new_revision
from portal.operations.schema_fields import KINDS
from portal.operations.schema_plannings import WEEKDAYS
from portal.operations.transfer_rows import (
    Keys,
    Values,
    asked,
    asking,
    columns,
    day_of,
    keys_by_id,
    locked,
    named,
    put,
    some,
)

PLANNING_COLUMNS = ("name", "timezone", "kinds", "guests", "slot_minutes", "step_minutes", "policy", "active")


def planning_defaults(timezone: str) -> Values:
    """Give what a new planning has where its file says nothing."""
    return {
        "timezone": timezone,
        "sites": [],
        "kinds": list(KINDS),
        "guests": False,
        "slot_minutes": 60,
        "step_minutes": 30,
        "policy": {},
        "fields": [],
        "versions": [],
        "exceptions": [],
        "active": True,
    }


def plannings(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read plannings with their versions, exceptional days and sites."""
    query = select(Planning).order_by(Planning.key).options(
        selectinload(Planning.versions).selectinload(PlanningVersion.openings),
        selectinload(Planning.exceptions).selectinload(ExceptionalDay.openings),
        selectinload(Planning.pools),
    )  # fmt: skip
    site_keys = keys_by_id(session, Site)
    rows = some(session, locked(query, Planning, lock), Planning.key, keys)
    return {row.key: _planning(row, site_keys) for row in rows}


def _planning(row: Planning, site_keys: Mapping[int | None, str]) -> Values:
    values = columns(row, PLANNING_COLUMNS)
    return {
        "key": row.key,
        "name": values["name"],
        "timezone": values["timezone"],
        "sites": sorted(site_keys[pool.site_id] for pool in row.pools if pool.active and pool.site_id),
        "kinds": [kind for kind in KINDS if kind in values["kinds"]],
        "guests": values["guests"],
        "slot_minutes": values["slot_minutes"],
        "step_minutes": values["step_minutes"],
        "policy": values["policy"],
        "fields": asked(row.fields),
        "versions": [_version(one) for one in sorted(row.versions, key=lambda one: one.applies_from or date.min)],
        "exceptions": [_exceptional(one) for one in row.exceptions],
        "active": values["active"],
    }


def _version(row: PlanningVersion) -> Values:
    week: Values = {}
    for opening in row.openings:
        week.setdefault(WEEKDAYS[opening.weekday - 1], []).append(_opening(opening))
    return {"from": row.applies_from.isoformat() if row.applies_from else None, "week": week}


def _exceptional(row: ExceptionalDay) -> Values:
    openings = [_opening(opening) for opening in row.openings]
    return {"date": row.day.isoformat(), "label": row.label, "openings": openings}


def _opening(row: WeeklyOpening | ExceptionalOpening) -> Values:
    reserved = {"services": sorted(row.services)} if row.services else {}
    return {"start": clock(row.start_minute), "end": clock(row.end_minute), "slots": row.slots, **reserved}


def write_planning(session: Session, after: Values, _now: datetime) -> None:
    """Write a planning, its own row first: a booking that reads it waits, and then sees the new hours."""
    row = named(session, Planning, after["key"])
    put(row, after, PLANNING_COLUMNS)
    row.fields = asking(row.fields or [], after["fields"])
    row.revision = new_revision()
    session.add(row)
    session.flush()
    row.versions, row.exceptions = [], []
    session.flush()  # the old days go before the new ones come: a date is there once
    row.versions = [_new_version(one) for one in after["versions"]]
    row.exceptions = [_new_exceptional(one) for one in after["exceptions"]]
    edits.serve(session, Pool.planning_id, row.id, after["sites"])
    session.flush()


def _new_version(values: Values) -> PlanningVersion:
    openings = [
        WeeklyOpening(weekday=WEEKDAYS.index(day) + 1, **_bounds(opening))
        for day, openings in values["week"].items()
        for opening in openings
    ]
    return PlanningVersion(applies_from=day_of(values["from"]) if values["from"] else None, openings=openings)


def _new_exceptional(values: Values) -> ExceptionalDay:
    openings = [ExceptionalOpening(**_bounds(opening)) for opening in values["openings"]]
    return ExceptionalDay(day=day_of(values["date"]), label=values["label"], openings=openings)


def _bounds(opening: Values) -> Values:
    start, end = minutes(opening["start"]), minutes(opening["end"])
    return {
        "start_minute": start,
        "end_minute": end,
        "slots": opening["slots"],
        "services": opening.get("services", []),
    }
