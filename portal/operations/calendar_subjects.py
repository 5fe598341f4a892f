"""Whose calendar the staff may look at: the plannings, services, people, rooms and equipment of their sites."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from portal.extensions import reading
from portal.models import Resource, ResourceSite, Site
from portal.operations import bookables, place_cards
from portal.operations.bookables import Bookable
from portal.operations.place_cards import PlanningCard, SiteCard
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
    plannings: list[Bookable]
    services: list[Bookable]
    resources: list[Person]


def listing(scope: Scope = EVERYWHERE) -> list[Subjects]:
    """List the sites in use by name, those at which there is anything, in two statements."""
    of_resources = (
        select(Site.id.label("site_id"), Site.revision, Resource.key, Resource.name, Resource.kind)
        .join(ResourceSite, ResourceSite.site_id == Site.id)
        .join(Resource, Resource.id == ResourceSite.resource_id)
        .where(Resource.active, Site.active, scope.limits(Site.id))
        .order_by(Resource.kind.desc(), Resource.name, Resource.id)
    )
    with reading() as session:
        found = bookables.all_of(session, scope.limits(Site.id))
        people = session.execute(of_resources).all()
        sites = place_cards.site_cards(session, {row.site_id: row.revision for row in people})
    sites |= {one.site.id: one.site for one in found}
    at = {site.id: Subjects(site, [], [], []) for site in sorted(sites.values(), key=lambda one: (one.name, one.id))}
    for one in found:
        there = at[one.site.id]
        (there.plannings if isinstance(one.item, PlanningCard) else there.services).append(one)
    for row in people:
        at[row.site_id].resources.append(Person(*row[2:]))
    return list(at.values())
