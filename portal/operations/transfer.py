"""Load and export a whole configuration: the file is checked first, then all of it is written or nothing.

What a file says of an object replaces what was there, lists whole; what it leaves out stays. Nothing is deleted:
``active: false`` retires. Saying the same again changes nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import ValidationError
from sqlalchemy.orm import Session

from portal.domain import fields
from portal.extensions import reading, retried, settings, transaction
from portal.operations import audit, concerned, consequences, retention, transfer_references, transfer_yaml
from portal.operations.actors import SYSTEM, Actor
from portal.operations.organisation import LOCK
from portal.operations.schemas import ConfigurationSchema
from portal.operations.transfer_places import ORGANISATION
from portal.operations.transfer_problems import BadConfiguration, Problem, bad_configuration, flattened, steps
from portal.operations.transfer_references import Wanted
from portal.operations.transfer_rows import Values
from portal.operations.transfer_services import skills_in_use
from portal.operations.transfer_state import DEFAULTS, SECTIONS, WRITERS
from portal.operations.transfer_yaml import Parsed

__all__ = ["BadConfiguration", "export", "load"]

KEYS = {ORGANISATION: "", "customers": "email", "orders": "reference"}
"""What the objects of a section are called by; of all others it is their key."""

NEEDED = {"resources": ("kind", "name"), "customers": (), "orders": ("kind", "site")}
"""What a new object cannot do without; all others need a name."""

LABELS = ("groups", "services")
"""Sections whose names customers read: the company's own language is among theirs."""


@dataclass(frozen=True, slots=True)
class Change:
    """An object of a section before (None: there was none) and after."""

    section: str
    key: str
    before: Values | None
    after: Values

    def lines(self) -> Iterator[str]:
        """Say what differs, a line each: ``+`` is new, ``-`` goes, ``~`` changes."""
        name = self.section if self.section == ORGANISATION else f"{self.section}.{self.key}"
        if self.before is None:
            yield f"+ {name}"
            return
        old, new = dict(_facts(self.before)), dict(_facts(self.after))
        for path in sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path)):
            if path not in old:
                yield f"+ {name}{path}: {new[path]}"
            elif path not in new:
                yield f"- {name}{path}: {old[path]}"
            else:
                yield f"~ {name}{path}: {old[path]} -> {new[path]}"


@retried
def load(text: str, *, now: datetime, dry_run: bool = False, by: Actor = SYSTEM) -> list[str]:
    """Bring the database to what the file says, and list the differences. Raises BadConfiguration.

    Appointments to come that the changes concern are listed, too (``!``); they stay. With ``dry_run`` nothing is
    written.
    """
    parsed = transfer_yaml.parse(text)
    wanted = _shaped(parsed)
    if dry_run:
        with reading() as session:
            found = _changes(session, wanted, parsed)
            warnings = _warnings(session, found, now)
    else:
        with transaction([LOCK]) as session:
            found = _changes(session, wanted, parsed, lock=True)
            warnings = _warnings(session, found, now)
            for change in found:
                WRITERS[change.section](session, change.after, now)
            if found:
                counts = dict(Counter(change.section for change in found))
                audit.record(session, by, "loaded", "configuration", "", now, after=counts)
    return [line for change in found for line in change.lines()] + warnings


def _warnings(session: Session, found: Sequence[Change], now: datetime) -> list[str]:
    """List the appointments that are concerned; nobody books meanwhile, for the rows that are to change are locked."""
    sections: dict[str, dict[str, Values]] = {section: {} for section in concerned.SECTIONS}
    for change in found:
        if change.section in sections and change.before is not None:
            sections[change.section][change.key] = change.after
    return [*consequences.lines(consequences.of(session, sections, now=now)), *_forgotten(session, found, now)]


def _forgotten(session: Session, found: Sequence[Change], now: datetime) -> Iterator[str]:
    """Say how many past appointments a shorter retention makes anonymous."""
    for change in found:
        if change.section == ORGANISATION:
            before = (change.before or {}).get("retention_months")
            number = retention.forgotten_of(session, before, change.after["retention_months"], now)
            if number:
                yield f"! {ORGANISATION}: past appointments become anonymous within a day: {number}"


def export() -> str:
    """Write the whole configuration as a file that ``load`` takes without a change."""
    with reading() as session:
        state = {section: list(read(session).values()) for section, read in SECTIONS.items()}
    document: dict[str, Any] = {section: [_tidy(one) for one in found] for section, found in state.items()}
    organisation = document.pop(ORGANISATION)
    head = {ORGANISATION: organisation[0]} if organisation else {}
    return transfer_yaml.printed({**head, **document})


def _tidy(values: Values) -> Values:
    """Leave out the empty labels of days."""
    return {name: _without_labels(value) if isinstance(value, list) else value for name, value in values.items()}


def _without_labels(rows: list[Any]) -> list[Any]:
    return [
        {name: value for name, value in row.items() if (name, value) != ("label", "")} if isinstance(row, dict) else row
        for row in rows
    ]


def _shaped(parsed: Parsed) -> dict[str, dict[str, tuple[int, Values]]]:
    """Check the shape of a file; give its objects by section and key, each with its place in the file."""
    if parsed.value is None:
        raise bad_configuration(["the file is empty"])
    try:
        document: dict[str, Any] = ConfigurationSchema().load(parsed.value)
    except ValidationError as error:
        raise _refused(parsed, list(flattened(error.messages))) from error
    listed = {section: document.get(section) or [] for section in SECTIONS}
    if listed[ORGANISATION]:
        listed[ORGANISATION] = [listed[ORGANISATION]]
    return {
        section: {one.get(KEYS.get(section, "key"), section): (place, one) for place, one in enumerate(found)}
        for section, found in listed.items()
    }


def _refused(parsed: Parsed, problems: list[Problem]) -> BadConfiguration:
    in_order = sorted(problems, key=lambda problem: parsed.line(problem[0]))
    return bad_configuration([parsed.located(path, message) for path, message in in_order])


def _changes(session: Session, wanted: Wanted, parsed: Parsed, *, lock: bool = False) -> list[Change]:
    """Compare a file with the database. Raises BadConfiguration for references to nothing."""
    told = _organisation(session, wanted)
    wanted = _with_skills(session, wanted, told["locale"])
    before = {section: read(session, wanted[section].keys(), lock=lock) for section, read in SECTIONS.items()}
    problems = [
        *transfer_references.unfounded(session, wanted, parsed.value),
        *transfer_references.circular(session, wanted),
        *_unfinished(wanted, before),
    ]
    if problems:
        raise _refused(parsed, problems)
    changes = []
    for section, found in wanted.items():
        for key, (place, values) in found.items():
            current = before[section].get(key)
            after = _canonical({**(current or DEFAULTS[section](told["timezone"])), **values})
            if current != after:
                changes.append(Change(section, key, current, after))
                problems += _improper(section, place, current or {}, after, told["locale"])
    if problems:
        raise _refused(parsed, problems)
    return changes


def _canonical(values: Values) -> Values:
    return {**values, **{name: sorted(values[name]) for name in ("sites", "plannings") if name in values}}


def _organisation(session: Session, wanted: Wanted) -> Values:
    """Give the organisation as it is to be: its zone is that of what names none, its language that of every label."""
    current = SECTIONS[ORGANISATION](session).get(ORGANISATION, {})
    said = wanted[ORGANISATION].get(ORGANISATION, (0, {}))[1]
    usual = {"timezone": settings().default_timezone, "locale": settings().default_locale}
    return {**usual, **current, **said}


def _with_skills(session: Session, wanted: Wanted, language: str) -> Wanted:
    """Add the skills that people have and nobody has named: they are called by their keys."""
    had = {skill: place for place, values in wanted["resources"].values() for skill in values.get("skills", ())}
    known = wanted["skills"].keys() | SECTIONS["skills"](session, had.keys()).keys()
    known |= skills_in_use(session) if had else set()
    new = {key: (place, {"key": key, "name": {language: key}}) for key, place in had.items() if key not in known}
    return {**wanted, "skills": {**wanted["skills"], **new}}


def _improper(section: str, place: int, before: Values, after: Values, language: str) -> Iterator[Problem]:
    """Yield what an object cannot become: words that the company could not read, a service that takes nothing."""
    if section in LABELS and after["name"] != before.get("name") and language not in after["name"]:
        yield (section, place, "name"), f"must be said in {language}, too"
    if "fields" in after and after["fields"] != before.get("fields"):
        for path in fields.unsaid([fields.kept(one) for one in after["fields"]], language):
            yield (section, place, "fields", *steps(path)), f"must be said in {language}, too"
    if section == "services" and after["planning"] is None and all(one.get("optional") for one in after["requires"]):
        yield (section, place, "requires"), "must require something, or the service names a planning"


def _unfinished(wanted: Wanted, before: Mapping[str, Mapping[str, Values]]) -> Iterator[Problem]:
    """Yield what a new object lacks."""
    for section, found in wanted.items():
        for key, (place, values) in found.items():
            top = (section,) if section == ORGANISATION else (section, place)
            for name in NEEDED.get(section, ("name",)):
                if key not in before[section] and name not in values:
                    yield (*top, name), "is missing"


def _facts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Break an object into its single facts, each under a path that names days by their date, the rest by its key."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _facts(below, f"{path}.{name}")
    elif not isinstance(value, list) or not value or not all(isinstance(row, Mapping) for row in value):
        yield path, json.dumps(value, ensure_ascii=False)
    elif all("key" in row for row in value):
        yield path, ", ".join(row["key"] for row in value)
        for row in value:
            yield from _facts({name: below for name, below in row.items() if name != "key"}, f"{path}[{row['key']}]")
    elif all("slots" in row for row in value):
        yield path, ", ".join(_hours(row) for row in value)
    else:
        for index, row in enumerate(value):
            yield from _facts(row, f"{path}[{_mark(row, index)}]")


def _hours(row: Values) -> str:
    reserved = f" for {' and '.join(row['services'])}" if "services" in row else ""
    return f"{row['start']}-{row['end']} x {row['slots']}{reserved}"


def _mark(row: Values, index: int) -> str:
    """Name a row by its date, else by its place."""
    return str(next((row[name] or "" for name in ("date", "from") if name in row), index))
