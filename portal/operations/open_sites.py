"""What everybody may book: sites with their plannings and services by topic, and the people to choose there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from portal.domain import modes
from portal.domain.errors import NotFound
from portal.domain.fields import Words, said
from portal.extensions import reading
from portal.models import Region, ServiceGroup, Site
from portal.operations import bookables, resource_cards, wanting
from portal.operations.bookables import Bookable
from portal.operations.place_cards import SiteCard
from portal.operations.resource_cards import ResourceCard
from portal.operations.service_cards import ServiceCard


@dataclass(frozen=True, slots=True)
class Group:
    """A topic under which services are found; its name is by language."""

    key: str
    names: Words

    def named(self, locale: str) -> str:
        """Give its name in a language."""
        return said(self.names, locale)


@dataclass(frozen=True, slots=True)
class OpenSite:
    """A site with what guests may book there: plannings and services, each by name; ``groups`` are the topics."""

    site: SiteCard
    plannings: Sequence[Bookable]
    services: Sequence[Bookable]
    groups: Sequence[Group]

    @property
    def everything(self) -> Sequence[Bookable]:
        """All that can be booked."""
        return (*self.plannings, *self.services)

    @property
    def modes(self) -> Sequence[str]:
        """In which order the site lets a visitor choose a service and a person; the first goes without saying."""
        return bookables.policy(self.site, None).modes

    @property
    def received(self) -> Sequence[Bookable]:
        """What people come to the site for."""
        return (*self.plannings, *(one for one in self.services if one.service.mode == "in_person"))


@dataclass(frozen=True, slots=True)
class People:
    """A site with those of whom a visitor may choose one first; ``serves`` has by their keys what each can do."""

    found: OpenSite
    people: tuple[ResourceCard, ...]
    serves: Mapping[str, tuple[Bookable, ...]]


def open_sites() -> list[OpenSite]:
    """List the sites that take guests, by name."""
    with reading() as session:
        return _open(session)


def open_site(key: str) -> OpenSite:
    """Read a site and what guests may book there. Raises NotFound when there is nothing."""
    with reading() as session:
        return _the_site(session, key)


def people_at(key: str) -> People:
    """List the people of a site whom guests may choose, and for what. Raises NotFound as ``open_site``."""
    with reading() as session:
        found = _the_site(session, key)
        chosen = [one for one in found.services if modes.STAFF_SERVICE in one.policy.modes]
        bounds = resource_cards.at_site(session, found.site.id) if chosen else []
    here, serves = [one.card for one in bounds], dict[str, tuple[Bookable, ...]]()
    for one in chosen:
        for card in wanting.serve(here, wanting.people_of(one.service)):
            serves[card.key] = (*serves.get(card.key, ()), one)
    people = sorted((card for card in here if card.key in serves), key=lambda card: (card.name, card.id))
    return People(found, tuple(people), serves)


def regions() -> dict[int, tuple[str, ...]]:
    """Name the regions of sites, by the id of the site: its own and those that it lies in."""
    with reading() as session:
        known = {row.id: row for row in session.execute(select(Region.id, Region.name, Region.parent_id))}
        sites = session.execute(select(Site.id, Site.region_id).where(Site.region_id.is_not(None))).all()
    return {site: tuple(_upwards(known, region)) for site, region in sites}


def _upwards(known: Mapping[int, tuple[int, str, int | None]], region: int | None) -> list[str]:
    """Name a region and those around it; one that lies in itself ends."""
    names: dict[int, str] = {}
    while region is not None and region not in names:
        _, names[region], region = known[region]
    return list(names.values())


def _the_site(session: Session, key: str) -> OpenSite:
    found = _open(session, Site.key == key)
    if not found:
        raise NotFound
    return found[0]


def _open(session: Session, *where: ColumnElement[bool]) -> list[OpenSite]:
    """Read what guests may book: one statement, and one more for the topics where there are any."""
    found = bookables.all_of(session, *where, guests=True)
    services = [one for one in found if isinstance(one.item, ServiceCard)]
    groups = _groups(session) if any(one.service.group for one in services) else ()
    sites = {one.site.id: one.site for one in sorted(found, key=lambda one: (one.site.name, one.site.key))}
    return [
        OpenSite(
            site,
            [one for one in found if one.site.id == site.id and not isinstance(one.item, ServiceCard)],
            [one for one in services if one.site.id == site.id],
            groups,
        )
        for site in sites.values()
    ]


def _groups(session: Session) -> tuple[Group, ...]:
    query = select(ServiceGroup.key, ServiceGroup.name).order_by(ServiceGroup.position, ServiceGroup.key)
    return tuple(Group(*row) for row in session.execute(query))
