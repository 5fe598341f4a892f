"""The list of all services: where each is offered, what it needs, and how many appointments are to come."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from portal.domain.fields import Words, said
from portal.domain.lifecycle import ACTIVE
from portal.domain.matching import Requirement, check_requirements
from portal.extensions import reading
from portal.models import Appointment, Pool, Service, ServiceGroup, Site, Skill
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.service_groups import GroupLine, groups_of

PER_PAGE = 40
NO_GROUP = "-"
"""What asks for the services that are in no group; no key looks so."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which services are asked for: a text in a name or the key, the keys of a site and a group, in use or not."""

    text: str = ""
    site: str | None = None
    group: str | None = None
    active: bool | None = None
    page: int = 1

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.text or self.site or self.group or self.active is not None)


@dataclass(frozen=True, slots=True)
class Line:
    """A service in the list; ``coming`` counts its appointments to come, at ``sites`` together."""

    key: str
    name: str
    group: str
    mode: str
    minutes: int
    buffers: int
    requires: Sequence[Requirement]
    guests: bool
    kinds: tuple[str, ...]
    active: bool
    sites: tuple[str, ...]
    coming: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A page of the list, and the sites (names by their keys) and groups to choose from."""

    lines: Sequence[Line]
    found: int
    page: int
    pages: int
    sites: Mapping[str, str]
    groups: Sequence[GroupLine]
    skills: Mapping[str, Words]


def overview(locale: str, *, now: datetime, scope: Scope = EVERYWHERE, wanted: Wanted = Wanted()) -> Overview:
    """List services by their name in a language, those out of use last, in a fixed number of statements.

    Their texts are compared here: a database would sort and search what is written by language, not what is read.
    """
    with reading() as session:
        sites = session.execute(select(Site.key, Site.name).where(scope.limits(Site.id)).order_by(Site.name)).all()
        groups = groups_of(session)
        skills = {row.key: row.name for row in session.execute(select(Skill.key, Skill.name))}
        found = sorted(_matching(session, scope, wanted), key=lambda row: _order(row, locale))
        pages = max(-(-len(found) // PER_PAGE), 1)
        page = min(max(wanted.page, 1), pages)
        shown = [row.id for row in found[(page - 1) * PER_PAGE : page * PER_PAGE]]
        lines = _lines(session, shown, scope, now, locale)
    return Overview(lines, len(found), page, pages, {row.key: row.name for row in sites}, groups, skills)


def _matching(session: Session, scope: Scope, wanted: Wanted) -> Sequence[Any]:
    query = select(Service.id, Service.key, Service.name, Service.active)
    rows: Sequence[Any] = session.execute(
        query.outerjoin(ServiceGroup, ServiceGroup.id == Service.group_id).where(_seen(scope), *_conditions(wanted))
    ).all()
    text = plain(wanted.text)
    return [row for row in rows if any(text in plain(one) for one in (row.key, *row.name.values()))]


def _seen(scope: Scope) -> ColumnElement[bool]:
    """Keep to the services of which one site is theirs; those at no site are for whoever sees every site."""
    if scope.sites is None:
        return true()
    return Service.id.in_(select(Pool.service_id).where(Pool.active, scope.limits(Pool.site_id)))


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    at_site = select(Pool.service_id).join(Site, Site.id == Pool.site_id)
    given = [
        (wanted.site is not None, Service.id.in_(at_site.where(Pool.active, Site.key == wanted.site))),
        (wanted.group == NO_GROUP, Service.group_id.is_(None)),
        (wanted.group not in (None, NO_GROUP), ServiceGroup.key == wanted.group),
        (wanted.active is not None, Service.active == wanted.active),
    ]
    return [condition for wish, condition in given if wish]


def _order(row: Any, locale: str) -> tuple[bool, str, str]:
    return not row.active, plain(said(row.name, locale)), row.key


def plain(text: str) -> str:
    """Write a text without case and accents, to find and to sort it.

    >>> plain("Évaluation")
    'evaluation'
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _lines(session: Session, ids: Sequence[int], scope: Scope, now: datetime, locale: str) -> list[Line]:
    """Read what the page shows of these services, in their order."""
    groups = select(*Service.__table__.c, ServiceGroup.name.label("group_name")).outerjoin(
        ServiceGroup, ServiceGroup.id == Service.group_id
    )
    rows = {row.id: row for row in session.execute(groups.where(Service.id.in_(ids)))}
    served = _served(session, ids, scope)
    coming = _coming(session, ids, scope, now)
    return [_line(rows[one], tuple(served.get(one, ())), coming.get(one, 0), locale) for one in ids]


def _served(session: Session, ids: Sequence[int], scope: Scope) -> Mapping[int, list[str]]:
    """Name the sites of services, within the scope."""
    query = select(Pool.service_id, Site.name).join(Site, Site.id == Pool.site_id).order_by(Site.name)
    rows: Sequence[Any] = session.execute(
        query.where(Pool.active, Pool.service_id.in_(ids), scope.limits(Site.id))
    ).all()
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row.service_id, []).append(row.name)
    return found


def _coming(session: Session, ids: Sequence[int], scope: Scope, now: datetime) -> dict[int, int]:
    coming = and_(
        Appointment.service_id.in_(ids),
        Appointment.status.in_(ACTIVE),
        Appointment.ends_at > now,
        scope.limits(Appointment.site_id),
    )
    query = select(Appointment.service_id, func.count().label("coming")).where(coming).group_by(Appointment.service_id)
    return {row.service_id: row.coming for row in session.execute(query)}


def _line(row: Any, sites: tuple[str, ...], coming: int, locale: str) -> Line:
    return Line(
        key=row.key,
        name=said(row.name, locale),
        group=_words(row.group_name, locale),
        mode=row.mode,
        minutes=row.minutes,
        buffers=row.buffer_before + row.buffer_after,
        requires=check_requirements(row.requires),
        guests=row.guests,
        kinds=tuple(row.kinds),
        active=row.active,
        sites=sites,
        coming=coming,
    )


def _words(words: Words | None, locale: str) -> str:
    return said(words, locale) if words else ""
