"""From what about to with whom: services by topic, kind and region; people at the nearest site, by name, or as before.

Everything here is for the staff, within the sites of the one who asks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from portal.domain import matching, nearness
from portal.domain.errors import NotFound
from portal.domain.fields import Words, said
from portal.domain.lifecycle import ENDED, Status
from portal.domain.nearness import Exactness
from portal.extensions import reading
from portal.models import Appointment, Assignment, Order, Region, Resource, ResourceSite, ServiceGroup, Site
from portal.operations import bookables, gazetteer, proposals, resource_cards
from portal.operations.bookables import Bookable
from portal.operations.place_cards import SiteCard
from portal.operations.proposals import Proposals
from portal.operations.resource_cards import ResourceCard
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.service_cards import ServiceCard
from portal.operations.staff_calendars import STAFF

LATEST = 40  # appointments of a record that are looked through for people
RECENT = 5  # people of them that are shown


@dataclass(frozen=True, slots=True)
class Filter:
    """What narrows services: the key of a topic, a mode, the key of a region; None is all."""

    group: str | None = None
    mode: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A topic; its name is by language."""

    key: str
    names: Words

    def named(self, locale: str) -> str:
        """Give its name in a language."""
        return said(self.names, locale)


@dataclass(frozen=True, slots=True)
class Territory:
    """A region of sites."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A service with the sites at which it can be booked, by name."""

    service: ServiceCard
    sites: tuple[SiteCard, ...]


@dataclass(frozen=True, slots=True)
class Topics:
    """The services that a filter leaves, and what there is to filter by."""

    found: tuple[Topic, ...]
    groups: tuple[Group, ...]
    modes: tuple[str, ...]
    regions: tuple[Territory, ...]


def topics(wanted: Filter, *, scope: Scope = EVERYWHERE, site: str | None = None) -> Topics:
    """List the services of the sites, or of one: in a fixed number of statements."""
    with reading() as session:
        every = _services(session, scope.limits(Site.id), *([Site.key == site] if site else []))
        groups, regions = _groups(session), _Regions(session)
    known = {one.service.group for one in every}
    within = regions.within(wanted.region)
    found = [one for one in every if _wanted(one, wanted, within)]
    return Topics(
        _by_service(found),
        tuple(one for one in groups if one.key in known),
        tuple(mode for mode in ("in_person", "phone", "video") if any(one.service.mode == mode for one in every)),
        regions.of_sites({one.site.id for one in every}),
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A site at which a service can be booked, with those who could serve it, by name.

    ``away`` is its distance in kilometres from what was typed; ``how``, where that is not known, how well it answers.
    """

    bookable: Bookable
    people: tuple[ResourceCard, ...]
    how: Exactness | None = None
    away: float | None = None

    @property
    def site(self) -> SiteCard:
        """The site."""
        return self.bookable.site


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom a record knows: where, and from when."""

    card: ResourceCard
    site: SiteCard
    start: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """Whose recent appointments are asked for: an order's reference, or a customer's id."""

    order: str | None = None
    customer: int | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """Where and whom somebody looks for: a typed address, a part of a name, the keys of a region and of a site."""

    near: str = ""
    name: str = ""
    region: str | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a service can be booked with: ``places`` the nearest first, ``chosen`` the one that is looked into.

    ``proposals`` say when each of its people is free next. ``nowhere``: no site answers what was typed.
    """

    service: ServiceCard
    places: tuple[Place, ...]
    chosen: Place | None
    proposals: Proposals | None
    recent: tuple[Known, ...]
    regions: tuple[Territory, ...]
    nowhere: bool


def who(
    service: str, search: Search, record: Record, *, now: datetime, scope: Scope = EVERYWHERE, home: str | None = None
) -> Who:
    """Find sites and people for a service; ``home`` is the key of the site that comes first where none is asked for.

    Raises NotFound for a service that is at none of the sites.
    """
    with reading() as session:
        every = [one for one in _services(session, scope.limits(Site.id)) if one.item.key == service]
        if not every:
            raise NotFound
        regions, served = _Regions(session), _places(session, every)
        within = regions.within(search.region)
        places = _nearest(
            [one for one in served if within is None or one.site.id in within], search.near, regions, home
        )
        named = _named(places, search.name)
        chosen = next((one for one in named if one.site.key == search.site), next(iter(named), None))
        found = None
        if chosen is not None:
            found = proposals.propose(session, chosen.bookable, chosen.people, now=now, asking=STAFF)
        recent = _recent(session, record, {one.site.id: one for one in served}, scope)
    lost = bool(search.near and places and all(one.how is None and one.away is None for one in places))
    return Who(
        every[0].service,
        tuple(named),
        chosen,
        found,
        recent,
        regions.of_sites({one.site.id for one in every}),
        lost,
    )


def resources(site: str, service: str, *, scope: Scope = EVERYWHERE) -> tuple[Bookable, tuple[ResourceCard, ...]]:
    """Find a service at a site, and all who and what can be added there, by name. Raises NotFound."""
    with reading() as session:
        found = bookables.find(session, site, None, service=service)
        scope.require(found.site.id)
        cards = [one.card for one in resource_cards.at_site(session, found.site.id)]
    return found, tuple(sorted(cards, key=lambda card: (card.name, card.id)))


def _services(session: Session, *where: ColumnElement[bool]) -> list[Bookable]:
    """List services at sites, by the names of both."""
    rows = session.execute(bookables.services().where(bookables.IN_USE, *where)).all()
    found = [bookables.from_service_row(session, row) for row in rows]
    return sorted(found, key=lambda one: (one.item.name, one.item.key, one.site.name, one.site.key))


def _wanted(one: Bookable, wanted: Filter, within: Collection[int] | None) -> bool:
    return (
        wanted.group in (None, one.service.group)
        and wanted.mode in (None, one.service.mode)
        and (within is None or one.site.id in within)
    )


def _by_service(found: Sequence[Bookable]) -> tuple[Topic, ...]:
    sites: dict[ServiceCard, list[SiteCard]] = {}
    for one in found:
        sites.setdefault(one.service, []).append(one.site)
    return tuple(Topic(service, tuple(at)) for service, at in sites.items())


def _groups(session: Session) -> list[Group]:
    query = select(ServiceGroup.key, ServiceGroup.name).order_by(ServiceGroup.position, ServiceGroup.key)
    return [Group(*row) for row in session.execute(query)]


class _Regions:
    """The regions, each with the sites that lie in it or in a part of it."""

    def __init__(self, session: Session) -> None:
        self._known = {row.id: row for row in session.execute(select(*Region.__table__.c).order_by(Region.name))}
        self._sites: dict[int, set[int]] = {}
        for site, region in session.execute(select(Site.id, Site.region_id).where(Site.region_id.is_not(None))):
            for one in self._upwards(region):
                self._sites.setdefault(one, set()).add(site)

    def within(self, key: str | None) -> Collection[int] | None:
        """List the sites of a region, None for every site where there is no such region."""
        found = next((one for one, row in self._known.items() if row.key == key), None)
        return None if found is None else self._sites.get(found, set())

    def of_sites(self, sites: Collection[int]) -> tuple[Territory, ...]:
        """List the regions in which some sites lie, by name."""
        rows = (row for one, row in self._known.items() if not self._sites.get(one, set()).isdisjoint(sites))
        return tuple(Territory(row.key, row.name) for row in rows)

    def names(self, site: int) -> tuple[str, ...]:
        """Name the regions in which a site lies."""
        return tuple(row.name for one, row in self._known.items() if site in self._sites.get(one, ()))

    def _upwards(self, region: int | None) -> list[int]:
        """List a region and those around it; one that lies in itself ends."""
        found: list[int] = []
        while region is not None and region not in found:
            found.append(region)
            region = self._known[region].parent_id
        return found


def _places(session: Session, found: Sequence[Bookable]) -> list[Place]:
    """Give each site with the people in use there who could serve."""
    query = (
        select(ResourceSite.site_id, ResourceSite.resource_id)
        .join(Resource, Resource.id == ResourceSite.resource_id)
        .where(ResourceSite.site_id.in_({one.site.id for one in found}), Resource.active, Resource.kind == "staff")
    )
    pairs = session.execute(query).all()
    cards = {one.card.id: one.card for one in resource_cards.by_ids(session, {row.resource_id for row in pairs})}
    people: dict[int, list[ResourceCard]] = {}
    for site, resource in pairs:
        people.setdefault(site, []).append(cards[resource])
    return [Place(one, _serving(one.service, people.get(one.site.id, ()))) for one in found]


def _serving(service: ServiceCard, people: Sequence[ResourceCard]) -> tuple[ResourceCard, ...]:
    """List those who fit what a service requires, by name."""
    found = (card for card in people if any(matching.fits(card.candidate, one) for one in service.requires))
    return tuple(sorted(found, key=lambda card: (card.name, card.id)))


def _nearest(places: Sequence[Place], near: str, regions: _Regions, home: str | None) -> list[Place]:
    """Put the nearest first: by distance where the place is known, else by what was typed; else the record's own."""
    if near and (position := gazetteer.locate(near)) is not None and any(_position(one.site) for one in places):
        order = nearness.nearest({one.site.id: _position(one.site) for one in places}, position)
        by_site = {one.site.id: one for one in places}
        return [replace(by_site[site], away=kilometres) for site, kilometres in order]
    texts = {one.site.id: (one.site.name, one.site.address, *regions.names(one.site.id)) for one in places}
    how = {one.site: one.how for one in nearness.matches(near, texts)} if near else {}
    if not how:
        return sorted(places, key=lambda one: one.site.key != home)
    ranks = {site: rank for rank, site in enumerate(how)}
    told = (replace(one, how=how.get(one.site.id)) for one in places)
    return sorted(told, key=lambda one: ranks.get(one.site.id, len(ranks)))


def _position(site: SiteCard) -> nearness.Position | None:
    known = site.latitude is not None and site.longitude is not None
    return (site.latitude or 0.0, site.longitude or 0.0) if known else None


def _named(places: Sequence[Place], name: str) -> list[Place]:
    """Keep the people whose name has what was typed in it, and the sites that have any of them."""
    typed = name.casefold().strip()
    if not typed:
        return list(places)
    narrowed = (
        replace(one, people=tuple(card for card in one.people if typed in card.name.casefold())) for one in places
    )
    return [one for one in narrowed if one.people]


def _recent(session: Session, record: Record, places: Mapping[int, Place], scope: Scope) -> tuple[Known, ...]:
    """List the people of a record's latest appointments who can serve, the latest first, each once."""
    if (whose := _whose(record)) is None:
        return ()
    query = (
        select(Assignment.resource_id, Appointment.site_id, Appointment.starts_at)
        .join(Appointment, Appointment.id == Assignment.appointment_id)
        .outerjoin(Order, Order.id == Appointment.order_id)
        .where(whose, scope.limits(Appointment.site_id), Appointment.status.not_in((Status.HELD, *ENDED)))
        .order_by(Appointment.starts_at.desc(), Assignment.id)
        .limit(LATEST)
    )
    found: dict[int, Known] = {}
    for resource, site, start in session.execute(query):
        place = places.get(site)
        card = next((one for one in place.people if one.id == resource), None) if place else None
        if place is not None and card is not None:
            found.setdefault(resource, Known(card, place.site, start))
    return tuple(found.values())[:RECENT]


def _whose(record: Record) -> ColumnElement[bool] | None:
    """Find the appointments of a record: of an order also those of its customer."""
    if record.order is not None:
        customer = select(Order.customer_id).where(Order.reference == record.order).scalar_subquery()
        return or_(Order.reference == record.order, Appointment.customer_id == customer)
    return Appointment.customer_id == record.customer if record.customer is not None else None
