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
from portal.operations import audit, transfer_effects, transfer_state, transfer_yaml
from portal.operations.actors import SYSTEM, Actor
from portal.operations.organisation import LOCK
from portal.operations.schemas import ConfigurationSchema
from portal.operations.transfer_problems import BadConfiguration, Problem, bad_configuration, flattened, steps
from portal.operations.transfer_state import ORGANISATION, SECTIONS, WRITERS, Values
from portal.operations.transfer_yaml import Parsed

__all__ = ["BadConfiguration", "export", "load"]

KEYS = {ORGANISATION: "", "sites": "key", "plannings": "key", "customers": "email", "orders": "reference"}
NEEDED = {ORGANISATION: ("name",), "sites": ("name",), "plannings": ("name",), "orders": ("kind", "site")}


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

    Appointments that the new hours no longer hold are listed, too (``!``); they stay. With ``dry_run`` nothing is
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
    """List the appointments that no longer fit; nobody books meanwhile, for the rows of the plannings are locked."""
    sites, plannings = (
        {change.key: change.after for change in found if change.section == section and change.before is not None}
        for section in ("sites", "plannings")
    )
    return list(transfer_effects.unfitting(session, sites, plannings, now)) if sites or plannings else []


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
        section: {one.get(KEYS[section], section): (place, one) for place, one in enumerate(found)}
        for section, found in listed.items()
    }


def _refused(parsed: Parsed, problems: list[Problem]) -> BadConfiguration:
    in_order = sorted(problems, key=lambda problem: parsed.line(problem[0]))
    return bad_configuration([parsed.located(path, message) for path, message in in_order])


def _changes(
    session: Session, wanted: Mapping[str, Mapping[str, tuple[int, Values]]], parsed: Parsed, *, lock: bool = False
) -> list[Change]:
    """Compare a file with the database. Raises BadConfiguration for references to nothing."""
    before = {section: read(session, wanted[section].keys(), lock=lock) for section, read in SECTIONS.items()}
    problems = [*_unfounded(session, wanted), *_unfinished(wanted, before)]
    if problems:
        raise _refused(parsed, problems)
    told = _organisation(session, wanted)
    timezone = told["timezone"]
    if problems := list(_unsaid(wanted, told["locale"])):
        raise _refused(parsed, problems)
    changes = []
    for section, found in wanted.items():
        for key, (_, values) in found.items():
            current = before[section].get(key)
            after = _canonical({**(current or transfer_state.defaults(section, timezone)), **values})
            if current != after:
                changes.append(Change(section, key, current, after))
    return changes


def _canonical(values: Values) -> Values:
    return {**values, "sites": sorted(values["sites"])} if "sites" in values else values


def _organisation(session: Session, wanted: Mapping[str, Mapping[str, tuple[int, Values]]]) -> Values:
    """Give the organisation as it is to be: its zone is that of what names none, its language that of every label."""
    current = transfer_state.organisation(session).get(ORGANISATION, {})
    said = wanted[ORGANISATION].get(ORGANISATION, (0, {}))[1]
    usual = {"timezone": settings().default_timezone, "locale": settings().default_locale}
    return {**usual, **current, **said}


def _unsaid(wanted: Mapping[str, Mapping[str, tuple[int, Values]]], language: str) -> Iterator[Problem]:
    """Yield the labels that the company itself could not read."""
    for place, values in wanted["plannings"].values():
        asked = [fields.kept(one) for one in values.get("fields", ())]
        for path in fields.unsaid(asked, language):
            yield ("plannings", place, "fields", *steps(path)), f"must be said in {language}, too"


def _unfinished(
    wanted: Mapping[str, Mapping[str, tuple[int, Values]]], before: Mapping[str, Mapping[str, Values]]
) -> Iterator[Problem]:
    """Yield what a new object lacks."""
    for section, needed in NEEDED.items():
        for key, (place, values) in wanted[section].items():
            top = (section,) if section == ORGANISATION else (section, place)
            for name in needed:
                if key not in before[section] and name not in values:
                    yield (*top, name), "is missing"


def _unfounded(session: Session, wanted: Mapping[str, Mapping[str, tuple[int, Values]]]) -> Iterator[Problem]:
    """Yield the references to nothing: neither in the file nor in the database."""
    for section, names, path in _references(wanted):
        known = wanted[section].keys() | SECTIONS[section](session, {key for key, _ in names}).keys()
        for key, place in names:
            if key not in known:
                yield (*path(place),), f"there is no {section.removesuffix('s')} {key}"


def _references(
    wanted: Mapping[str, Mapping[str, tuple[int, Values]]],
) -> Iterator[tuple[str, list[tuple[str, Any]], Any]]:
    """Yield each kind of reference: the section that it names, the keys with their places, and a place's path."""
    plannings = [
        (key, (place, index))
        for place, values in wanted["plannings"].values()
        for index, key in enumerate(values.get("sites", ()))
    ]
    yield "sites", plannings, lambda place: ("plannings", place[0], "sites", place[1])
    orders = list(wanted["orders"].values())
    of_site = [(values["site"], place) for place, values in orders if "site" in values]
    yield "sites", of_site, lambda place: ("orders", place, "site")
    of_customer = [(values["customer"], place) for place, values in orders if isinstance(values.get("customer"), str)]
    yield "customers", of_customer, lambda place: ("orders", place, "customer")


def _facts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Break an object into its single facts, each under a path that names days by their date, the rest by its key."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _facts(below, f"{path}.{name}")
    elif isinstance(value, list) and value and all(isinstance(row, Mapping) and "key" in row for row in value):
        yield path, ", ".join(row["key"] for row in value)
        for row in value:
            yield from _facts({name: below for name, below in row.items() if name != "key"}, f"{path}[{row['key']}]")
    elif isinstance(value, list) and value and all(isinstance(row, Mapping) and "slots" not in row for row in value):
        for row in value:
            yield from _facts(row, f"{path}[{row.get('date') or row.get('from') or ''}]")
    elif isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
        yield path, ", ".join(f"{row['start']}-{row['end']} x {row['slots']}" for row in value)
    else:
        yield path, json.dumps(value, ensure_ascii=False)
