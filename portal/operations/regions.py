"""Regions: territories of sites, each in another one or not. A region goes only when nothing is left in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound
from portal.extensions import reading, retried, transaction
from portal.models import Region, Site
from portal.operations import audit, edits
from portal.operations.actors import SYSTEM, Actor
from portal.operations.scopes import EVERYWHERE, Scope

KIND = "region"  # in the audit log
LOCK = "regions"  # one change after the other, so that none ends up in itself
LONGEST_NAME = 120
DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Line:
    """A region in the tree: how deep it lies, the names above it, the names of its own sites, and what is below it."""

    key: str
    name: str
    parent: str | None
    depth: int
    above: tuple[str, ...]
    sites: tuple[str, ...]
    taken: bool

    @property
    def revision(self) -> str:
        """The state in which it was read."""
        return edits.state_of(self.name, self.parent)

    @property
    def path(self) -> str:
        """Its name with those above it."""
        return " › ".join((*self.above, self.name))


def listed(*, scope: Scope = EVERYWHERE) -> list[Line]:
    """List the regions as a tree, each after the one above it, by name: two statements. Sites are those of a scope."""
    with reading() as session:
        return _tree(session, scope)


def _tree(session: Session, scope: Scope) -> list[Line]:
    rows = session.execute(select(Region.__table__).order_by(Region.name, Region.id)).all()
    named = select(Site.region_id, Site.name, Site.id).where(Site.region_id.is_not(None)).order_by(Site.name)
    sites = session.execute(named).all()
    children: dict[int | None, list[Any]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(row)
    mine: dict[int, list[str]] = {}
    for site in sites:
        if scope.sees(site.id):
            mine.setdefault(site.region_id, []).append(site.name)
    taken = {site.region_id for site in sites} | set(children)
    keys = {row.id: row.key for row in rows}
    return list(_branch(children, None, (), keys, mine, taken))


def _branch(
    children: Mapping[int | None, Sequence[Any]],
    parent: int | None,
    above: tuple[str, ...],
    keys: Mapping[int, str],
    sites: Mapping[int, Sequence[str]],
    taken: set[Any],
) -> Iterable[Line]:
    for row in children.get(parent, ()):
        own = tuple(sites.get(row.id, ()))
        yield Line(row.key, row.name, keys.get(row.parent_id), len(above), above, own, row.id in taken)
        yield from _branch(children, row.id, (*above, row.name), keys, sites, taken)


def find(key: str) -> Line:
    """Find a region. Raises NotFound."""
    line = next((one for one in listed() if one.key == key), None)
    if line is None:
        raise NotFound
    return line


def possible_parents(key: str | None = None) -> list[Line]:
    """List the regions that one may lie in: not itself, and none that lies in it."""
    lines = listed()
    below = _below(lines, key)
    return [line for line in lines if line.key not in below and line.depth < DEEPEST - 1]


def _below(lines: Iterable[Line], key: str | None) -> set[str]:
    found = {key} if key is not None else set()
    for line in lines:  # each comes after the one above it
        if line.parent in found:
            found.add(line.key)
    return found


@retried
def add(key: str, name: str, parent: str | None = None, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Make a region. Raises Invalid."""
    name = _name(name)
    with transaction([LOCK]) as session:
        if session.scalar(select(Region.id).where(Region.key == key)) is not None:
            raise Invalid(field="key", problem="exists", value=key)
        _check_place(_tree(session, EVERYWHERE), None, parent)
        session.add(Region(key=key, name=name, parent_id=_id_of(session, parent)))
        audit.record(session, by, "created", KIND, key, now, label=name, after={"name": name, "parent": parent})


@retried
def change(key: str, revision: str, name: str, parent: str | None, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Rename a region, and move it with all that is in it.

    Raises NotFound, StateChanged when somebody else did meanwhile, Invalid.
    """
    name = _name(name)
    with transaction([LOCK]) as session:
        lines = _tree(session, EVERYWHERE)
        line = next((one for one in lines if one.key == key), None)
        region = session.scalar(select(Region).where(Region.key == key))
        if line is None or region is None:
            raise NotFound
        edits.agree(line.revision, revision)
        _check_place(lines, key, parent)
        region.name, region.parent_id = name, _id_of(session, parent)
        old, new = audit.differences({"name": line.name, "parent": line.parent}, {"name": name, "parent": parent})
        if new:
            audit.record(session, by, "changed", KIND, key, now, label=name, before=old, after=new)


@retried
def drop(key: str, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Delete a region in which nothing is. Raises NotFound, Invalid."""
    with transaction([LOCK]) as session:
        region = session.scalar(select(Region).where(Region.key == key).with_for_update())
        if region is None:
            raise NotFound
        if _holds(session, region.id):
            raise Invalid(field="key", problem="in_use", value=key)
        session.delete(region)
        audit.record(session, by, "removed", KIND, key, now, label=region.name, before={"name": region.name})


def _holds(session: Session, region_id: int) -> bool:
    below = select(func.count()).select_from(Region).where(Region.parent_id == region_id)
    sites = select(func.count()).select_from(Site).where(Site.region_id == region_id)
    return bool(session.scalar(below) or session.scalar(sites))


def _id_of(session: Session, key: str | None) -> int | None:
    return session.scalar(select(Region.id).where(Region.key == key)) if key is not None else None


def _check_place(lines: Sequence[Line], key: str | None, parent: str | None) -> None:
    """Accept a place in the tree: one that is there, not in the region itself, and not too deep. Raises Invalid."""
    if parent is None:
        return
    above = next((line for line in lines if line.key == parent), None)
    below = _below(lines, key)
    if above is None or parent in below:
        raise Invalid(field="parent", problem="not_a_choice", value=parent)
    own = next((line.depth for line in lines if line.key == key), 0)
    height = max((line.depth - own for line in lines if line.key in below), default=0)
    if above.depth + 1 + height >= DEEPEST:
        raise Invalid(field="parent", problem="too_deep", highest=DEEPEST)


def _name(name: str) -> str:
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        raise Invalid(field="name", problem="required")
    return name.strip()
