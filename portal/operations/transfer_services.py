"""Skills, groups of services and services in the form of the configuration file, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.matching import check_requirements
from portal.domain.reservations import Reservation
from portal.models import Planning, Pool, Resource, Service, ServiceGroup, Site, Skill
from portal.operations import edits
from portal.operations.keepsakes import new_revision
from portal.operations.schema_fields import KINDS
from portal.operations.schema_services import labels, texts
from portal.operations.transfer_rows import (
    Keys,
    Values,
    asked,
    asking,
    batches,
    columns,
    id_of,
    keys_by_id,
    locked,
    named,
    put,
    some,
)

SERVICE_COLUMNS = (
    "name",
    "description",
    "price",
    "minutes",
    "step",
    "buffer_before",
    "buffer_after",
    "mode",
    "requires",
    "reservation",
    "kinds",
    "guests",
    "instructions",
    "policy",
    "active",
)


def skill_defaults(_timezone: str) -> Values:
    """Give what a new skill has where its file says nothing."""
    return {}


def group_defaults(_timezone: str) -> Values:
    """Give what a new group has where its file says nothing."""
    return {"position": 0}


def service_defaults(_timezone: str) -> Values:
    """Give what a new service has where its file says nothing."""
    return {
        "description": {},
        "price": {},
        "group": None,
        "sites": [],
        "planning": None,
        "minutes": 60,
        "step": 30,
        "buffer_before": 0,
        "buffer_after": 0,
        "mode": "in_person",
        "requires": [],
        "reservation": {},
        "kinds": [],
        "guests": True,
        "instructions": {},
        "fields": [],
        "policy": {},
        "active": True,
    }


def skills(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read skills."""
    rows = some(session, locked(select(Skill).order_by(Skill.key), Skill, lock), Skill.key, keys)
    return {row.key: {"key": row.key, "name": labels(row.name)} for row in rows}


def skills_in_use(session: Session) -> set[str]:
    """Give the keys of the skills that somebody has or that a service requires, named or not."""
    had = session.scalars(select(Resource.skills)).all()
    required = session.scalars(select(Service.requires)).all()
    return {*chain.from_iterable(had), *(key for needs in required for one in needs for key in one.get("skills", ()))}


def groups(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read groups of services, in the order in which people see them."""
    query = locked(select(ServiceGroup).order_by(ServiceGroup.position, ServiceGroup.key), ServiceGroup, lock)
    rows = some(session, query, ServiceGroup.key, keys)
    return {row.key: {"key": row.key, "name": labels(row.name), "position": row.position} for row in rows}


def services(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read services, each with the keys of its sites, its group and its planning."""
    known_groups, plannings = keys_by_id(session, ServiceGroup), keys_by_id(session, Planning)
    found: dict[str, Values] = {}
    for batch in batches(keys):
        query = locked(select(Service).order_by(Service.key), Service, lock)
        rows = session.scalars(query if batch is None else query.where(Service.key.in_(batch))).all()
        sites = _sites(session, [row.id for row in rows])
        for row in rows:
            group, planning = known_groups.get(row.group_id), plannings.get(row.planning_id)
            found[row.key] = _service(row, {"group": group, "planning": planning, "sites": sites.get(row.id, [])})
    return found


def _sites(session: Session, ids: Sequence[int]) -> Mapping[int | None, list[str]]:
    query = select(Pool.service_id, Site.key).join(Site, Site.id == Pool.site_id).order_by(Site.key)
    found: dict[int | None, list[str]] = {}
    for service_id, key in session.execute(query.where(Pool.service_id.in_(ids), Pool.active)):
        found.setdefault(service_id, []).append(key)
    return found


def _service(row: Service, links: Values) -> Values:
    """Write a service, and what is kept in JSON in the one form that the file has, whoever wrote it."""
    values = {
        **columns(row, SERVICE_COLUMNS),
        **links,
        **{name: labels(getattr(row, name)) for name in ("name", "price")},
        **{name: texts(getattr(row, name)) for name in ("description", "instructions")},
        "key": row.key,
        "requires": [one.as_mapping() for one in check_requirements(row.requires)],
        "reservation": Reservation.of(row.reservation).as_mapping(),
        "kinds": [kind for kind in KINDS if kind in row.kinds],
        "fields": asked(row.fields),
    }
    return {name: values[name] for name in ("key", "name", *service_defaults(""))}


def write_skill(session: Session, after: Values, _now: datetime) -> None:
    """Write a skill."""
    row = named(session, Skill, after["key"])
    row.name = after["name"]
    session.add(row)


def write_group(session: Session, after: Values, _now: datetime) -> None:
    """Write a group of services."""
    row = named(session, ServiceGroup, after["key"])
    put(row, after, ("name", "position"))
    session.add(row)


def write_service(session: Session, after: Values, _now: datetime) -> None:
    """Write a service, its own row first: a booking that reads it waits, and then sees what it has become."""
    row = named(session, Service, after["key"])
    put(row, after, SERVICE_COLUMNS)
    row.fields = asking(row.fields or [], after["fields"])
    row.group_id = id_of(session, ServiceGroup, after["group"])
    row.planning_id = id_of(session, Planning, after["planning"])
    row.revision = new_revision()
    session.add(row)
    session.flush()
    edits.serve(session, Pool.service_id, row.id, after["sites"])
