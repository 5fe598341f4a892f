"""Whose calendar the staff may look at: the plannings, services, people, rooms and equipment of their sites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.extensions import reading
from portal.models import Resource, ResourceSite, Site
from portal.operations import bookables
from portal.operations.bookables import Bookable, PlanningCard, SiteCard
from portal.operations.scopes import EVERYWHERE, Scope


@dataclass(frozen=True, slots=True)
class Person:
    """A person, a room or an asset in the list."""

    key: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Subjects:
    """A site with what has a calendar there, each by name."""

    site: SiteCard
    plannings: Sequence[Bookable]
    services: Sequence[Bookable]
    resources: Sequence[Person]


def listing(scope: Scope = EVERYWHERE) -> list[Subjects]:
    """List the sites in use by name, in three statements."""
    with reading() as session:
        query = select(Site.id, Site.revision).where(scope.limits(Site.id), Site.active)
        revisions = {row.id: row.revision for row in session.execute(query)}
        sites = bookables.site_cards(session, revisions)
        found = bookables.all_of(session, Site.id.in_(list(revisions))) if revisions else []
        of_resources = (
            select(ResourceSite.site_id, Resource.key, Resource.name, Resource.kind)
            .join(Resource, Resource.id == ResourceSite.resource_id)
            .where(Resource.active, ResourceSite.site_id.in_(list(revisions)))
            .order_by(Resource.kind.desc(), Resource.name, Resource.id)
        )
        people = session.execute(of_resources).all() if revisions else []
    return [
        Subjects(
            site,
            [one for one in found if one.site.id == site.id and isinstance(one.item, PlanningCard)],
            [one for one in found if one.site.id == site.id and not isinstance(one.item, PlanningCard)],
            [Person(*row[1:]) for row in people if row.site_id == site.id],
        )
        for site in sorted(sites.values(), key=lambda one: (one.name, one.id))
    ]
