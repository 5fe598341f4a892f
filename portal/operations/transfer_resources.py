"""People, rooms and equipment in the form of the configuration file, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from portal.models import Absence, Planning, Pool, Resource, ResourcePlanning, ResourceSite, Site
from portal.operations.keepsakes import new_revision
from portal.operations.schema_services import in_time
from portal.operations.transfer_rows import Keys, Values, batches, columns, locked, named, put

RESOURCE_COLUMNS = (
    "kind",
    "name",
    "email",
    "timezone",
    "skills",
    "max_per_day",
    "persons",
    "features",
    "colour",
    "active",
)


def resource_defaults(timezone: str) -> Values:
    """Give what a new resource has where its file says nothing."""
    return {
        "email": None,
        "timezone": timezone,
        "sites": [],
        "skills": {},
        "plannings": [],
        "absences": [],
        "max_per_day": None,
        "persons": None,
        "features": [],
        "colour": "",
        "active": True,
    }


def resources(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read resources with their absences and the keys of their sites and plannings."""
    found: dict[str, Values] = {}
    for batch in batches(keys):
        query = locked(select(Resource).order_by(Resource.key), Resource, lock)
        rows = session.scalars(query if batch is None else query.where(Resource.key.in_(batch))).all()
        links = _links(session, [row.id for row in rows])
        found.update((row.key, _resource(row, links)) for row in rows)
    return found


def _links(session: Session, ids: Sequence[int]) -> dict[str, Mapping[int, list[Any]]]:
    sites = select(ResourceSite.resource_id, Site.key).join(Site, Site.id == ResourceSite.site_id)
    hours = select(ResourcePlanning.resource_id, Planning.key).join(
        Planning, Planning.id == ResourcePlanning.planning_id
    )
    return {
        "sites": _by_resource(session, sites.where(ResourceSite.resource_id.in_(ids)), Site.key),
        "plannings": _by_resource(session, hours.where(ResourcePlanning.resource_id.in_(ids)), Planning.key),
        "absences": _by_resource(
            session,
            select(Absence.resource_id, Absence).where(Absence.resource_id.in_(ids)),
            Absence.starts_local,
        ),
    }


def _by_resource(session: Session, query: Select[*tuple[Any, ...]], order: Any) -> dict[int, list[Any]]:
    rows = session.execute(query.order_by(query.selected_columns[0], order)).all()
    return {resource_id: [row[1] for row in group] for resource_id, group in groupby(rows, key=lambda row: row[0])}


def _resource(row: Resource, links: Mapping[str, Mapping[int, list[Any]]]) -> Values:
    values = {
        **columns(row, RESOURCE_COLUMNS),
        **{name: found.get(row.id, []) for name, found in links.items()},
        "key": row.key,
        "skills": dict(sorted(row.skills.items())),
        "features": sorted(row.features),
    }
    values["absences"] = sorted((_absence(one) for one in values["absences"]), key=in_time)
    return {name: values[name] for name in ("key", "kind", "name", *resource_defaults(""))}


def _absence(row: Absence) -> Values:
    uid = {"uid": row.uid} if row.uid is not None else {}
    return {"from": _local(row.starts_local), "to": _local(row.ends_local), "label": row.label, **uid}


def _local(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def write_resource(session: Session, after: Values, _now: datetime) -> None:
    """Write a resource, its own row first: a booking that reads it waits, and then sees what it has become."""
    row = named(session, Resource, after["key"])
    put(row, after, RESOURCE_COLUMNS)
    row.revision = new_revision()
    new = row.id is None
    session.add(row)
    session.flush()
    if new:
        session.add(Pool(resource_id=row.id))
    sites, plannings = _ids(session, Site, after["sites"]), _ids(session, Planning, after["plannings"])
    _replace(session, row, ResourceSite, ({"site_id": one} for one in sites))
    _replace(session, row, ResourcePlanning, ({"planning_id": one} for one in plannings))
    _replace(session, row, Absence, (absence(one) for one in after["absences"]))
    session.flush()


def _ids(session: Session, table: Any, keys: Sequence[str]) -> Sequence[int]:
    return session.scalars(select(table.id).where(table.key.in_(keys)).order_by(table.id)).all()


def _replace(session: Session, row: Resource, table: Any, values: Iterable[Values]) -> None:
    session.execute(delete(table).where(table.resource_id == row.id))
    session.add_all(table(resource_id=row.id, **one) for one in values)


def absence(values: Values) -> Values:
    """Read an absence as the file writes it: columns of its row."""
    return {
        "starts_local": datetime.fromisoformat(values["from"]),
        "ends_local": datetime.fromisoformat(values["to"]),
        "label": values["label"],
        "uid": values.get("uid"),
    }
