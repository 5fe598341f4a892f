"""The groups under which services are found: their names by language, and their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.domain.fields import Words, said
from portal.extensions import reading, retried, transaction
from portal.models import Service, ServiceGroup
from portal.operations import audit, edits, organisation
from portal.operations.actors import SYSTEM, Actor

KIND = "service_group"  # in the audit log
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group, and how many services are in it."""

    key: str
    names: Words
    services: int

    @property
    def revision(self) -> str:
        """The state in which its name was read."""
        return edits.state_of(dict(self.names))

    def named(self, locale: str) -> str:
        """Give its name in a language."""
        return said(self.names, locale)


def all_groups() -> list[GroupLine]:
    """List the groups in their order."""
    with reading() as session:
        return groups_of(session)


def groups_of(session: Session) -> list[GroupLine]:
    """List the groups as ``all_groups``, within the caller's session."""
    counted = func.count(Service.id).label("services")
    query = (
        select(ServiceGroup.id, ServiceGroup.key, counted)
        .outerjoin(Service, Service.group_id == ServiceGroup.id)
        .group_by(ServiceGroup.id)
        .subquery()
    )
    rows = session.execute(
        select(ServiceGroup.key, ServiceGroup.name, query.c.services)
        .join(query, query.c.id == ServiceGroup.id)
        .order_by(ServiceGroup.position, ServiceGroup.id)
    )
    return [GroupLine(row.key, row.name, row.services) for row in rows]


def read(key: str) -> GroupLine:
    """Read a group. Raises NotFound."""
    for one in all_groups():
        if one.key == key:
            return one
    raise NotFound


@retried
def create(key: str, name: Words, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Make a group, after the others. Raises Invalid."""
    with transaction() as session:
        _check(session, name)
        if session.scalar(select(ServiceGroup.id).where(ServiceGroup.key == key)) is not None:
            raise Invalid(field="key", problem="exists", value=key)
        last = session.scalar(select(func.max(ServiceGroup.position)))
        session.add(ServiceGroup(key=key, name=dict(name), position=0 if last is None else last + 1))
        _note(session, by, "created", key, name, now, after={"name": dict(name)})


@retried
def save(key: str, revision: str, name: Words, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Give a group another name. Raises NotFound, StateChanged when somebody else did meanwhile, Invalid."""
    with transaction() as session:
        _check(session, name)
        old = session.scalar(select(ServiceGroup.name).where(ServiceGroup.key == key).with_for_update())
        if old is None:
            raise NotFound
        edits.agree(edits.state_of(old), revision)
        session.execute(update(ServiceGroup).where(ServiceGroup.key == key).values(name=dict(name)))
        before, after = audit.differences({"name": old}, {"name": dict(name)})
        if after:
            _note(session, by, "changed", key, name, now, before=before, after=after)


@retried
def shift(key: str, by_places: int, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Show a group earlier (-1) or later (1). Raises NotFound."""
    with transaction() as session:
        rows: Sequence[Any] = session.execute(
            select(ServiceGroup.id, ServiceGroup.key, ServiceGroup.name).order_by(
                ServiceGroup.position, ServiceGroup.id
            )
        ).all()
        place = next((index for index, row in enumerate(rows) if row.key == key), None)
        if place is None:
            raise NotFound
        target = min(max(place + by_places, 0), len(rows) - 1)
        others = [row for row in rows if row.key != key]
        for position, row in enumerate([*others[:target], rows[place], *others[target:]]):
            session.execute(update(ServiceGroup).where(ServiceGroup.id == row.id).values(position=position))
        if target != place:
            said = {"before": {"position": place + 1}, "after": {"position": target + 1}}
            _note(session, by, "changed", key, rows[place].name, now, **said)


@retried
def remove(key: str, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Delete a group in which no service is. Raises NotFound, StateChanged where one is."""
    with transaction() as session:
        found = session.execute(select(ServiceGroup.id, ServiceGroup.name).where(ServiceGroup.key == key)).first()
        if found is None:
            raise NotFound
        if session.scalar(select(Service.id).where(Service.group_id == found.id).limit(1)) is not None:
            raise StateChanged
        session.execute(delete(ServiceGroup).where(ServiceGroup.id == found.id))
        _note(session, by, "removed", key, found.name, now, before={"name": found.name})


def _check(session: Session, name: Words) -> None:
    language = organisation.card_of(session).locale
    if not name.get(language):
        raise Invalid(field="name", problem="unsaid", language=language)
    for one, text in name.items():
        if len(text) > LONGEST_NAME:
            raise Invalid(field=f"name.{one}", problem="too_long", highest=LONGEST_NAME)


def _note(session: Session, by: Actor, action: str, key: str, name: Words, now: datetime, **told: Any) -> None:
    audit.record(session, by, action, KIND, key, now, label=said(name, ""), **told)
