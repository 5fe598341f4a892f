"""Shapes of the configuration file: skills, people, rooms and equipment, groups of services, and services."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, post_load, validates_schema

from portal.domain import colours
from portal.domain.errors import Invalid
from portal.domain.fields import by_language, line, prose
from portal.domain.matching import KINDS as RESOURCES
from portal.domain.matching import MOST_PERSONS, Requirement, check_requirements, read_features, read_skills
from portal.domain.openings import MINUTES_A_DAY
from portal.domain.reservations import Reservation
from portal.domain.shapes import one_of
from portal.operations.schema_fields import (
    Read,
    Rows,
    Strict,
    Text,
    Whole,
    a_flag,
    a_key,
    a_policy,
    a_zone,
    an_address,
    at,
    kinds_of_orders,
    nested,
    once,
    questions,
    told,
)
from portal.operations.transfer_problems import EMPTY_TEXT, SENTENCES

LABEL, PROSE = 120, 2000  # characters of a name and of a text
MOST_A_DAY, MOST_FEATURES, MOST_ABSENCES = 1000, 30, 5000
MOST_POSITION = 10_000
MODES = ("in_person", "phone", "video")
LOCAL = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::00)?)?", re.ASCII)


def within(read: Callable[[str, Any], Any]) -> Callable[[Any], Any]:
    """Let the domain read a value; what it refuses is told at its place within the value."""

    def reader(value: Any) -> Any:
        try:
            return read("", value)
        except Invalid as refusal:
            raise ValidationError(told(refusal)) from refusal

    return reader


def choice(words: Sequence[str]) -> Callable[[Any], Any]:
    """Accept one of a few words."""
    return within(one_of(*words))


def names(value: Any) -> dict[str, str]:
    """Accept a name by language, in one language at least."""
    found: dict[str, str] = within(by_language(LABEL, line))(value)
    if not found:
        raise ValidationError(EMPTY_TEXT)
    return found


labels = within(by_language(LABEL, line))
"""Accept a line of text by language."""

texts = within(by_language(PROSE, prose))
"""Accept a text by language."""


def _features(value: Any) -> list[str]:
    found = sorted(within(read_features)(value))
    if len(found) > MOST_FEATURES:
        raise ValidationError({MOST_FEATURES: [SENTENCES["too_many"]]})
    return found


def _skills(value: Any) -> dict[str, int]:
    found: dict[str, int] = within(read_skills)(value)
    _check_skills(found)
    return dict(sorted(found.items()))


def _check_skills(skills: Iterable[str], *path: str | int) -> None:
    """Refuse what can be no key of a skill."""
    for skill in skills:
        try:
            a_key(skill)
        except ValidationError as refusal:
            raise ValidationError(at((*path, skill), str(refusal.messages[0]))) from refusal


def _requires(value: Any) -> list[dict[str, Any]]:
    found: tuple[Requirement, ...] = within(lambda name, given: check_requirements(given, name))(value)
    for index, one in enumerate(found):
        _check_skills(one.skills, index, "skills")
    return [one.as_mapping() for one in found]


def _reservation(value: Any) -> dict[str, Any]:
    found: Reservation = within(lambda name, given: Reservation.of(given, name))(value)
    return found.as_mapping()


def _colour(value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid(field="", problem="not_a_text")
    return colours.read(value) if value else ""


def _local_time(value: Any) -> str:
    """Accept a moment by the clock on the wall; a date alone is its midnight."""
    match = LOCAL.fullmatch(value) if isinstance(value, str) else None
    try:
        found = datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00'}") if match else None
    except ValueError:
        found = None
    if found is None:
        raise ValidationError('must be a local time such as "2026-12-24T12:00", or a date')
    return found.isoformat(timespec="minutes")


class SkillSchema(Strict):
    """What people can do."""

    key = Read(a_key, required=True)
    name = Read(names)


class AbsenceSchema(Strict):
    """A resource is away, from one local time to another; ``uid`` is that of the calendar entry it came from."""

    first = Read(_local_time, required=True, data_key="from")
    last = Read(_local_time, required=True, data_key="to")
    label = Text(LABEL, load_default="")
    uid = Text(255, shortest=1)

    @validates_schema(skip_on_field_errors=True)
    def _ordered(self, given: dict[str, Any], **_: Any) -> None:
        if given["last"] <= given["first"]:
            raise ValidationError("must come after from", "to")

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        uid = {"uid": given["uid"]} if "uid" in given else {}
        return {"from": given["first"], "to": given["last"], "label": given["label"], **uid}


def _absences_apart(rows: Sequence[dict[str, Any]]) -> None:
    """Refuse a calendar entry that comes twice, and more absences than can be looked through at each booking."""
    if len(rows) > MOST_ABSENCES:
        raise ValidationError({MOST_ABSENCES: [SENTENCES["too_many"]]})
    known: set[str] = set()
    for index, row in enumerate(rows):
        if (uid := row.get("uid")) in known:
            raise ValidationError({index: {"uid": ["appears twice"]}})
        known |= {uid} if uid is not None else set()


class ResourceSchema(Strict):
    """A person, a room or an asset."""

    key = Read(a_key, required=True)
    kind = Read(choice(RESOURCES))
    name = Text(LABEL, shortest=1)
    email = Read(an_address, allow_none=True)
    timezone = Read(a_zone)
    sites = Rows(Text(60), validate=once())
    skills = Read(_skills)
    plannings = Rows(Text(60), validate=once())
    absences = Rows(nested(AbsenceSchema), validate=_absences_apart)
    max_per_day = Whole(1, MOST_A_DAY, allow_none=True)
    persons = Whole(1, MOST_PERSONS, allow_none=True)
    features = Read(_features)
    colour = Read(_colour)
    active = Read(a_flag)

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "absences" in given:
            given["absences"] = sorted(given["absences"], key=in_time)
        return given


def in_time(absence: dict[str, Any]) -> tuple[str, ...]:
    """Order absences, however alike they are."""
    return absence["from"], absence["to"], absence["label"], absence.get("uid", "")


class GroupSchema(Strict):
    """A topic under which services are found; those of a smaller position come first."""

    key = Read(a_key, required=True)
    name = Read(names)
    position = Whole(0, MOST_POSITION)


class ServiceSchema(Strict):
    """What is booked at one time with people, rooms and equipment."""

    key = Read(a_key, required=True)
    name = Read(names)
    description = Read(texts)
    price = Read(labels)
    group = Text(60, allow_none=True)
    sites = Rows(Text(60), validate=once())
    planning = Text(60, allow_none=True)
    minutes = Whole(1, MINUTES_A_DAY)
    step = Whole(1, MINUTES_A_DAY)
    buffer_before = Whole(0, MINUTES_A_DAY)
    buffer_after = Whole(0, MINUTES_A_DAY)
    mode = Read(choice(MODES))
    requires = Read(_requires)
    reservation = Read(_reservation)
    kinds = Read(kinds_of_orders)
    guests = Read(a_flag)
    instructions = Read(texts)
    questions = Read(questions, data_key="fields")
    policy = Read(a_policy)
    active = Read(a_flag)

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "questions" in given:
            given["fields"] = given.pop("questions")
        return given
