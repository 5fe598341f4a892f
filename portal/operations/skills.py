"""Skills: what people can do, under a key, with their words in each language. A skill goes only when nobody has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound
from portal.domain.fields import said
from portal.extensions import reading, retried, transaction
from portal.models import Resource, Service, Skill
from portal.operations import audit, edits
from portal.operations.actors import SYSTEM, Actor

KIND = "skill"  # in the audit log
LONGEST_NAME = 120
LONGEST_KEY = 60


@dataclass(frozen=True, slots=True)
class Line:
    """A skill with its words by language; ``people`` have it and ``services`` require it."""

    key: str
    names: Mapping[str, str]
    people: int
    services: int

    @property
    def used(self) -> bool:
        """Whether somebody has it or something requires it."""
        return bool(self.people or self.services)

    @property
    def revision(self) -> str:
        """The state in which its words were read."""
        return edits.state_of(dict(self.names))

    def named(self, locale: str) -> str:
        """Give its name in a language; its key where it has no words."""
        return said(self.names, locale) or self.key


def listed() -> list[Line]:
    """List the skills by key with their use, also those that people have and that have no words yet."""
    with reading() as session:
        return _lines(session)


def _lines(session: Session) -> list[Line]:
    names: dict[str, dict[str, str]] = {row.key: row.name for row in session.execute(select(Skill.key, Skill.name))}
    people = Counter(key for skills in session.scalars(select(Resource.skills)) for key in skills)
    services = Counter(key for requires in session.scalars(select(Service.requires)) for key in {*_required(requires)})
    return [Line(key, names.get(key, {}), people[key], services[key]) for key in sorted({*names, *people, *services})]


def _required(requires: list[dict[str, Any]]) -> list[str]:
    return [key for one in requires for key in one.get("skills", ())]


def find(key: str) -> Line:
    """Find a skill. Raises NotFound."""
    line = next((one for one in listed() if one.key == key), None)
    if line is None:
        raise NotFound
    return line


@retried
def add(key: str, names: Mapping[str, str], *, now: datetime, by: Actor = SYSTEM) -> None:
    """Make a skill, named in at least one language. Raises Invalid."""
    words = _words(names)
    with transaction() as session:
        if session.scalar(select(Skill.id).where(Skill.key == key)) is not None:
            raise Invalid(field="key", problem="exists", value=key)
        session.add(Skill(key=key, name=words))
        audit.record(session, by, "created", KIND, key, now, label=said(words, ""), after={"name": words})


@retried
def rename(key: str, revision: str, names: Mapping[str, str], *, now: datetime, by: Actor = SYSTEM) -> None:
    """Give a skill other words, or its first ones. Raises NotFound, StateChanged for others' meanwhile, Invalid."""
    words = _words(names)
    with transaction() as session:
        skill = session.scalar(select(Skill).where(Skill.key == key).with_for_update())
        if skill is None and not any(one.key == key for one in _lines(session)):
            raise NotFound
        before = skill.name if skill is not None else {}
        edits.agree(edits.state_of(before), revision)
        if skill is None:
            session.add(Skill(key=key, name=words))
        else:
            skill.name = words
        old, new = audit.differences({"name": before}, {"name": words})
        if new:
            audit.record(session, by, "changed", KIND, key, now, label=said(words, ""), before=old, after=new)


@retried
def drop(key: str, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Delete a skill that nobody has and nothing requires. Raises NotFound, Invalid."""
    with transaction() as session:
        skill = session.scalar(select(Skill).where(Skill.key == key).with_for_update())
        if skill is None:
            raise NotFound
        if next(one for one in _lines(session) if one.key == key).used:
            raise Invalid(field="key", problem="in_use", value=key)
        session.delete(skill)
        told: dict[str, Any] = {"label": said(skill.name, ""), "before": {"name": skill.name}}
        audit.record(session, by, "removed", KIND, key, now, **told)


def _words(names: Mapping[str, str]) -> dict[str, str]:
    """Keep the words that are there. Raises Invalid."""
    words = {locale: name.strip() for locale, name in names.items() if name.strip()}
    if not words:
        raise Invalid(field="name", problem="required")
    if too_long := [locale for locale, name in words.items() if len(name) > LONGEST_NAME]:
        raise Invalid(field=f"name.{too_long[0]}", problem="too_long")
    return words
