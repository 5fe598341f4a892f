"""Who and what appointments have: read for any number of them in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.orm import Session

from portal.extensions import reading
from portal.models import Appointment, Assignment, Resource, ResourceSite
from portal.operations.scopes import Scope


@dataclass(frozen=True, slots=True)
class Assigned:
    """A person, a room or an asset of an appointment.

    ``requirement`` is which of the service's it meets, None for one that the staff added; ``named`` whether somebody
    picked it; ``choice`` why a person was chosen, as ``assigning`` kept it.
    """

    key: str
    kind: str
    name: str
    email: str | None
    requirement: int | None
    named: bool
    choice: Mapping[str, Any] | None

    @property
    def staff(self) -> bool:
        """Whether it is a person."""
        return self.kind == "staff"


def served_by(person: str) -> ColumnElement[bool]:
    """Give the condition under which somebody, named by their key, serves an appointment."""
    having = select(Assignment.appointment_id).join(Resource, Resource.id == Assignment.resource_id)
    return Appointment.id.in_(having.where(Resource.key == person, Resource.kind == "staff"))


def of(session: Session, ids: Collection[int]) -> dict[int, list[Assigned]]:
    """List what each of these appointments has: people first, then rooms and assets, as they were assigned.

    Appointments that have nothing are left out.
    """
    found: dict[int, list[Assigned]] = {}
    for appointment_id, *columns in session.execute(_QUERY.where(Assignment.appointment_id.in_(ids))) if ids else ():
        found.setdefault(appointment_id, []).append(Assigned(*columns))
    return found


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who serves an appointment, and where mails reach them."""

    key: str
    email: str


def people(session: Session, appointment_id: int) -> list[Person]:
    """List the people of an appointment who have an address."""
    rows = session.connection().execute(_PEOPLE, {"appointment": appointment_id})
    return [Person(row.key, str(row.email)) for row in rows]


def people_of(session: Session, ids: Collection[int]) -> dict[int, list[Person]]:
    """List the people of each of these appointments who have an address."""
    found: dict[int, list[Person]] = {}
    for number, assigned in of(session, ids).items():
        found[number] = [Person(one.key, one.email) for one in assigned if one.staff and one.email]
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """What an appointment has, and the names of all who are mentioned in why, by their keys."""

    assigned: tuple[Assigned, ...]
    names: Mapping[str, str]


def told(appointment_id: int) -> Told:
    """Read what an appointment has and who else could have had it: two statements."""
    with reading() as session:
        found = of(session, [appointment_id]).get(appointment_id, [])
        keys = {line["resource"] for one in found if one.choice for line in one.choice["candidates"]}
        return Told(tuple(found), _names(session, keys))


def names(keys: Collection[str]) -> Mapping[str, str]:
    """Name resources by their keys; those that are not there any more are left out."""
    with reading() as session:
        return _names(session, keys)


def names_within(scope: Scope, keys: Collection[str]) -> Mapping[str, str]:
    """Name those of some resources that are at a site of a scope."""
    there = select(ResourceSite.resource_id).where(scope.limits(ResourceSite.site_id))
    with reading() as session:
        return _names(session, keys, Resource.id.in_(there))


def _names(session: Session, keys: Collection[str], *conditions: ColumnElement[bool]) -> dict[str, str]:
    query = select(Resource.key, Resource.name).where(Resource.key.in_(keys), *conditions)
    return {row.key: row.name for row in session.execute(query)} if keys else {}


_PEOPLE = (
    select(Resource.key, Resource.email)
    .join(Assignment, Assignment.resource_id == Resource.id)
    .where(Resource.kind == "staff", Resource.email.is_not(None), Resource.email != "")
    .where(Assignment.appointment_id == bindparam("appointment"))
    .order_by(Assignment.id)
)

_QUERY = (
    select(
        Assignment.appointment_id,
        Resource.key,
        Resource.kind,
        Resource.name,
        Resource.email,
        Assignment.requirement,
        Assignment.named,
        Assignment.choice,
    )
    .join(Resource, Resource.id == Assignment.resource_id)
    .order_by(Assignment.appointment_id, Resource.kind.desc(), Assignment.id)
)
