"""What the objects of a configuration file refer to, in it or in the database; and whatever refers to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.orm import Session

from portal.operations.transfer_problems import Path, Problem
from portal.operations.transfer_rows import Values
from portal.operations.transfer_services import skills_in_use
from portal.operations.transfer_state import SECTIONS

Wanted = Mapping[str, Mapping[str, tuple[int, Values]]]
"""The objects of a file by section and key, each with its place in the file."""

Reference = tuple[str, str, Path]
"""The section and the key of what is meant, and where it is said."""

LISTS = (
    ("plannings", "sites", "sites"),
    ("resources", "sites", "sites"),
    ("resources", "plannings", "plannings"),
    ("services", "sites", "sites"),
)
"""Sections, their keys that list references, and what these name."""

SINGLE = (
    ("regions", "parent", "regions"),
    ("sites", "region", "regions"),
    ("services", "group", "groups"),
    ("services", "planning", "plannings"),
    ("orders", "site", "sites"),
    ("orders", "customer", "customers"),
)
"""The same of keys that refer to one object, or none."""


def unfounded(session: Session, wanted: Wanted, document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the references to nothing: neither in the file nor in the database."""
    found = [*_listed(wanted), *_single(wanted), *_required(wanted), *_reserved(document)]
    for section in SECTIONS:
        names = {key for named, key, _ in found if named == section}
        known = wanted[section].keys() | SECTIONS[section](session, names).keys()
        if section == "skills" and names:
            known |= skills_in_use(session)
        for named, key, path in found:
            if named == section and key not in known:
                yield path, f"there is no {section.removesuffix('s')} {key}"


def _listed(wanted: Wanted) -> Iterator[Reference]:
    for section, name, named in LISTS:
        for place, values in wanted[section].values():
            for index, key in enumerate(values.get(name, ())):
                yield named, key, (section, place, name, index)


def _single(wanted: Wanted) -> Iterator[Reference]:
    for section, name, named in SINGLE:
        for place, values in wanted[section].values():
            if isinstance(key := values.get(name), str):
                yield named, key, (section, place, name)


def _required(wanted: Wanted) -> Iterator[Reference]:
    """Yield the skills that services require."""
    for place, values in wanted["services"].values():
        for index, one in enumerate(values.get("requires", ())):
            for skill in one.get("skills", ()):
                yield "skills", skill, ("services", place, "requires", index, "skills", skill)


def _reserved(document: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield the services that hours are reserved to; from the file as it was written, for it is kept by the clock."""
    for place, planning in enumerate(document.get("plannings") or ()):
        for path, openings in _days(planning):
            for index, opening in enumerate(openings):
                for number, key in enumerate(opening.get("services", ())):
                    yield "services", " ".join(key.split()), ("plannings", place, *path, index, "services", number)


def _days(planning: Mapping[str, Any]) -> Iterator[tuple[Path, list[Mapping[str, Any]]]]:
    for index, version in enumerate(planning.get("versions", ())):
        for weekday, openings in version["week"].items():
            yield ("versions", index, "week", weekday), openings
    for index, day in enumerate(planning.get("exceptions", ())):
        yield ("exceptions", index, "openings"), day.get("openings", [])


def circular(session: Session, wanted: Wanted) -> Iterator[Problem]:
    """Yield the regions that would lie in themselves."""
    parents = {key: values["parent"] for key, values in SECTIONS["regions"](session).items()}
    parents |= {key: values["parent"] for key, (_, values) in wanted["regions"].items() if "parent" in values}
    for key, (place, _) in wanted["regions"].items():
        above, seen = parents.get(key), set[str]()
        while above is not None and above != key and above not in seen:
            seen.add(above)
            above = parents.get(above)
        if above == key:
            yield ("regions", place, "parent"), f"{key} would lie in itself"
