"""What a service's page offers to choose from: sites, plannings, groups, skills, and features that resources have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from portal.domain.fields import Words
from portal.extensions import reading
from portal.models import Planning, Pool, Resource, ResourceSite, ServiceGroup, Site, Skill
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.services import Sheet


@dataclass(frozen=True, slots=True)
class Choices:
    """Names by key, in the order in which they are offered; ``features`` are those of resources in use."""

    sites: Mapping[str, str]
    plannings: Mapping[str, str]
    groups: Mapping[str, Words]
    skills: Mapping[str, Words]
    features: Sequence[str]


def choices(sheet: Sheet | None = None, *, scope: Scope = EVERYWHERE) -> Choices:
    """Read them: what is in use, and what a service names already; sites and plannings within the scope."""
    with reading() as session:
        return Choices(
            sites=_sites(session, sheet.sites if sheet is not None else (), scope),
            plannings=_plannings(session, sheet.planning if sheet is not None else None, scope),
            groups=_words(session, ServiceGroup.key, ServiceGroup.name, ServiceGroup.position, ServiceGroup.id),
            skills=_words(session, Skill.key, Skill.name, Skill.key),
            features=_features(session, scope),
        )


def _sites(session: Session, also: Sequence[str], scope: Scope) -> dict[str, str]:
    shown = and_(scope.limits(Site.id), or_(Site.active, Site.key.in_(also)))
    return {row.key: row.name for row in session.execute(select(Site.key, Site.name).where(shown).order_by(Site.name))}


def _plannings(session: Session, also: str | None, scope: Scope) -> dict[str, str]:
    """List plannings of which one site is theirs, as the list of plannings does."""
    query = select(Planning.key, Planning.name).where(or_(Planning.active, Planning.key == also))
    if scope.sites is not None:
        theirs = select(Pool.planning_id).where(Pool.active, scope.limits(Pool.site_id))
        query = query.where(or_(Planning.id.in_(theirs), Planning.key == also))
    return {row.key: row.name for row in session.execute(query.order_by(Planning.name))}


def _words(session: Session, key: Any, name: Any, *order: Any) -> dict[str, Words]:
    rows = session.execute(select(key, name).order_by(*order))
    return {row[0]: row[1] for row in rows}


def _features(session: Session, scope: Scope) -> list[str]:
    query = select(Resource.features).where(Resource.active)
    if scope.sites is not None:
        theirs = select(ResourceSite.resource_id).where(scope.limits(ResourceSite.site_id))
        query = query.where(Resource.id.in_(theirs))
    return sorted({feature for features in session.scalars(query) for feature in features})
