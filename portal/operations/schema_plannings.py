"""Shapes of the configuration file: plannings with their weeks and days of hours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, post_load, validates_schema

from portal.domain.clocks import minutes
from portal.domain.errors import Invalid
from portal.domain.openings import MINUTES_A_DAY, MOST_SLOTS, Opening, check_openings
from portal.operations.schema_fields import (
    Read,
    Rows,
    Strict,
    Text,
    Whole,
    a_clock_time,
    a_day,
    a_flag,
    a_key,
    a_policy,
    a_zone,
    kinds_of_orders,
    nested,
    once,
    questions,
)

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class OpeningSchema(Strict):
    """Hours in which ``slots`` appointments may be present at once, of some services only where these are named."""

    start = Read(a_clock_time, required=True)
    end = Read(a_clock_time, required=True)
    slots = Whole(1, MOST_SLOTS, required=True)
    services = Rows(Text(60), validate=once(), load_default=list)

    @validates_schema(skip_on_field_errors=True)
    def _ordered(self, given: dict[str, Any], **_: Any) -> None:
        if given["end"] <= given["start"]:
            raise ValidationError("must come after start (a night is two openings, until 24:00 and from 00:00)", "end")

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        reserved = {"services": sorted(given["services"])} if given["services"] else {}
        return {"start": given["start"], "end": given["end"], "slots": given["slots"], **reserved}


def apart(rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse openings of one day that overlap, at the later of the two in the file."""
    openings = [Opening(minutes(row["start"]), minutes(row["end"]), row["slots"]) for row in rows]
    try:
        check_openings(openings)
    except Invalid as refusal:
        index = refusal.values["index"]
        first, second = refusal.values["first"], refusal.values["second"]
        other = first if str(openings[index]) == second else second
        raise ValidationError({index: [f"overlaps {other}"]}) from refusal


def openings_field(**options: Any) -> Rows:
    """List the openings of one day."""
    return Rows(nested(OpeningSchema), validate=apart, **options)


def _by_start(openings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(openings, key=lambda opening: str(opening["start"]))


class WeekSchema(Strict):
    """Openings by weekday; a missing day has none."""

    mon = openings_field()
    tue = openings_field()
    wed = openings_field()
    thu = openings_field()
    fri = openings_field()
    sat = openings_field()
    sun = openings_field()

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {day: _by_start(given[day]) for day in WEEKDAYS if given.get(day)}


class VersionSchema(Strict):
    """A week in force from a date on; null: from the beginning."""

    first = Read(a_day, allow_none=True, load_default=None, data_key="from")
    week = nested(WeekSchema, required=True)

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"from": given["first"], "week": given["week"]}


class ExceptionSchema(Strict):
    """A date with openings of its own; none: closed."""

    date = Read(a_day, required=True)
    label = Text(120, load_default="")
    openings = openings_field(load_default=list)

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"date": given["date"], "label": given["label"], "openings": _by_start(given["openings"])}


class PlanningSchema(Strict):
    """A week of hours with capacities, at one or several sites."""

    key = Read(a_key, required=True)
    name = Text(120, shortest=1)
    timezone = Read(a_zone)
    sites = Rows(Text(60), validate=once())
    kinds = Read(kinds_of_orders)
    guests = Read(a_flag)
    slot_minutes = Whole(1, MINUTES_A_DAY)
    step_minutes = Whole(1, MINUTES_A_DAY)
    policy = Read(a_policy)
    questions = Read(questions, data_key="fields")
    versions = Rows(nested(VersionSchema), validate=once("from"))
    exceptions = Rows(nested(ExceptionSchema), validate=once("date"))
    active = Read(a_flag)

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        order: dict[str, Callable[[Any], Any]] = {
            "versions": lambda version: version["from"] or "",
            "exceptions": lambda day: day["date"],
        }
        if "questions" in given:
            given["fields"] = given.pop("questions")
        return {**given, **{name: sorted(given[name], key=key) for name, key in order.items() if name in given}}
