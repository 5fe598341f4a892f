"""What programs ask that no page asks: sites, plannings, services and resources as lists, an order behind its link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.extensions import reading
from portal.models import Planning, Region, Resource, ResourcePlanning, ResourceSite, Site
from portal.operations import assignments, bookables, cards, links, place_cards
from portal.operations.appointment_lists import Filter, find_appointments
from portal.operations.assignments import Assigned
from portal.operations.bookables import Bookable, Item
from portal.operations.cards import AppointmentCard
from portal.operations.having import having_of, shown
from portal.operations.links import OpenLink
from portal.operations.place_cards import PlanningCard, SiteCard
from portal.operations.service_cards import ServiceCard


@dataclass(frozen=True, slots=True)
class SiteLine:
    """A site, the key of its region, and what can be booked there."""

    site: SiteCard
    region: str | None
    modes: Sequence[str]
    plannings: Sequence[PlanningCard]
    services: Sequence[ServiceCard]


@dataclass(frozen=True, slots=True)
class PlanningLine:
    """A planning, and the sites at which it can be booked."""

    planning: PlanningCard
    sites: Sequence[SiteCard]


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A service, the key of the planning in which it takes a place, and the sites at which it can be booked."""

    service: ServiceCard
    planning: str | None
    sites: Sequence[SiteCard]


@dataclass(frozen=True, slots=True)
class ResourceLine:
    """A person, a room or an asset in use; ``sites`` and ``plannings`` are keys."""

    key: str
    kind: str
    name: str
    email: str | None
    timezone: str
    skills: Mapping[str, int]
    persons: int | None
    features: Sequence[str]
    max_per_day: int | None
    sites: Sequence[str]
    plannings: Sequence[str]


@dataclass(frozen=True, slots=True)
class Appointed:
    """An appointment, and whom and what it has."""

    card: AppointmentCard
    having: Sequence[Assigned]


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a link opens: its order, what serves it, its appointments past and to come."""

    link: OpenLink
    plannings: Sequence[PlanningCard]
    services: Sequence[ServiceCard]
    appointments: Sequence[Appointed]


def sites(*, public: bool) -> list[SiteLine]:
    """List the sites in use, by name; ``public``: those where guests may book, and what they may book there."""
    with reading() as session:
        found = bookables.all_of(session, guests=public)
        rows = session.execute(_SITES).all()
        known = place_cards.site_cards(session, {row.id: row.revision for row in rows})
    regions = {row.id: row.region for row in rows}
    at = {one.site.id for one in found}
    return [
        _site_line(site, regions[site.id], [one for one in found if one.site.id == site.id])
        for site in sorted(known.values(), key=lambda site: (site.name, site.key))
        if site.id in at or not public
    ]


def _site_line(site: SiteCard, region: str | None, found: Sequence[Bookable]) -> SiteLine:
    modes = bookables.policy(site, None).modes
    return SiteLine(site, region, modes, _plannings(found), _services(found))


def plannings(*, public: bool) -> list[PlanningLine]:
    """List the plannings in use, by name; ``public``: those that take guests."""
    with reading() as session:
        found = bookables.all_of(session, Planning.id.is_not(None), guests=public)
    return [PlanningLine(card, _at(found, card)) for card in _plannings(found)]


def services(*, public: bool) -> list[ServiceLine]:
    """List the services in use, by name; ``public``: those that take guests."""
    with reading() as session:
        found = bookables.all_of(session, Planning.id.is_(None), guests=public)
    beside = {one.item.id: one.beside.item.key for one in found if one.beside is not None}
    return [ServiceLine(card, beside.get(card.id), _at(found, card)) for card in _services(found)]


def resources() -> list[ResourceLine]:
    """List the people, rooms and assets in use, by name: three statements, however many there are."""
    with reading() as session:
        found = session.execute(_RESOURCES).all()
        sites, plannings = _grouped(session, _SITES_OF), _grouped(session, _PLANNINGS_OF)
    return [
        ResourceLine(
            key=row.key,
            kind=row.kind,
            name=row.name,
            email=row.email,
            timezone=row.timezone,
            skills=row.skills,
            persons=row.persons,
            features=sorted(row.features),
            max_per_day=row.max_per_day,
            sites=sites.get(row.id, ()),
            plannings=plannings.get(row.id, ()),
        )
        for row in found
    ]


def link(token: str, *, now: datetime) -> LinkView:
    """Open a link. Raises LinkUnknown, LinkExpired."""
    with reading() as session:
        found = links.opened(session, token, now)
        serving = links.serving(session, found)
        mine = [for_customer(one) for one in appointed(session, links.booked(session, found))]
    return LinkView(found, _plannings(serving), _services(serving), mine)


def opened(token: str, *, now: datetime) -> OpenLink:
    """Open a link without looking further. Raises LinkUnknown, LinkExpired."""
    with reading() as session:
        return links.opened(session, token, now)


def appointment(public_id: str) -> Appointed:
    """Read an appointment by its id. Raises NotFound."""
    return complete(cards.by_public_id(public_id))


def complete(card: AppointmentCard) -> Appointed:
    """Add to an appointment whom and what it has."""
    return Appointed(card, having_of(card).get(card.id, ()))


def for_customer(found: Appointed) -> Appointed:
    """Leave out of an appointment whom its customer is not told."""
    return Appointed(found.card, shown(found.card, found.having))


def appointments(wanted: Filter, *, cursor: str | None, size: int) -> tuple[list[Appointed], str | None]:
    """List appointments by their start, and give the cursor of the next page. Raises as ``find_appointments``."""
    page = find_appointments(wanted, cursor=cursor, size=size)
    with reading() as session:
        return appointed(session, page.appointments), page.next


def appointed(session: Session, found: Sequence[AppointmentCard]) -> list[Appointed]:
    """Add to appointments whom and what they have: in one statement, and none where no service is among them."""
    of_services = [card.id for card in found if isinstance(card.item, ServiceCard)]
    having = assignments.of(session, of_services)
    return [Appointed(card, having.get(card.id, ())) for card in found]


def _plannings(found: Iterable[Bookable]) -> list[PlanningCard]:
    """List plannings, each once, in their order."""
    return list({one.item.id: one.item for one in found if isinstance(one.item, PlanningCard)}.values())


def _services(found: Iterable[Bookable]) -> list[ServiceCard]:
    """List services, each once, in their order."""
    return list({one.item.id: one.item for one in found if isinstance(one.item, ServiceCard)}.values())


def _at(found: Iterable[Bookable], item: Item) -> list[SiteCard]:
    """List the sites at which something of one kind can be booked, by name."""
    return sorted((one.site for one in found if one.item.id == item.id), key=lambda site: (site.name, site.key))


def _grouped(session: Session, query: Select[int, str]) -> dict[int, list[str]]:
    rows = session.execute(query).all()
    return {one: [row.key for row in group] for one, group in groupby(rows, key=itemgetter(0))}


_SITES = (
    select(Site.id, Site.revision, Region.key.label("region"))
    .outerjoin(Region, Region.id == Site.region_id)
    .where(Site.active)
)
_RESOURCES = select(Resource.__table__).where(Resource.active).order_by(Resource.name, Resource.key)
_SITES_OF = (
    select(ResourceSite.resource_id, Site.key)
    .join(Site, Site.id == ResourceSite.site_id)
    .where(Site.active)
    .order_by(ResourceSite.resource_id, Site.key)
)
_PLANNINGS_OF = (
    select(ResourcePlanning.resource_id, Planning.key)
    .join(Planning, Planning.id == ResourcePlanning.planning_id)
    .where(Planning.active)
    .order_by(ResourcePlanning.resource_id, Planning.key)
)
