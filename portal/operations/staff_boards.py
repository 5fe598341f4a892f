"""Calendars of people, rooms, equipment and services for the staff: a week of one, a day of all at a site."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import matching
from portal.domain.errors import NotFound
from portal.domain.zones import local_day
from portal.extensions import reading
from portal.models import Resource, ResourceSite, Service, Site
from portal.operations import assignments, availability, bookables, place_cards, resource_cards
from portal.operations.asking import Asking
from portal.operations.assignments import Assigned
from portal.operations.availability import Availability
from portal.operations.bookables import Bookable
from portal.operations.day_parts import DayOf
from portal.operations.periods import week_of
from portal.operations.place_cards import SiteCard
from portal.operations.resource_cards import Bound, ResourceCard
from portal.operations.resource_days import Frame, days_of, pieces_of
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.service_cards import ServiceCard

KINDS = ("staff", "room", "asset")


@dataclass(frozen=True, slots=True)
class Column:
    """A day of something; ``starts`` are those of the chosen service that can be booked, None where none is chosen.

    ``card`` is the resource whose day it is, None in the calendar of a service.
    """

    card: ResourceCard | None
    day: DayOf
    starts: tuple[datetime, ...] | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a free place is booked, None where something is at no site; what for, where that is chosen."""

    site: SiteCard | None
    sites: Sequence[SiteCard]
    service: Bookable | None
    services: Sequence[Bookable]


@dataclass(frozen=True, slots=True)
class Board:
    """What is looked at: columns of one day, or of the days of a week, in a zone.

    ``having`` names who and what the appointments have, by their ids; ``colours`` are those of resources, by key.
    """

    place: Place
    zone: ZoneInfo
    today: date
    day: date
    columns: Sequence[Column]
    having: Mapping[int, Sequence[Assigned]]
    colours: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for: when it is, where they work, the day, and the service whose starts are asked for."""

    now: datetime
    scope: Scope = EVERYWHERE
    day: date | None = None
    service: str | None = None

    def on(self, zone: ZoneInfo) -> date:
        """Give the day that is looked at: the one that it is in a zone, where none is named."""
        return self.day or local_day(self.now, zone)


def of_site(wanted: Wanted, site: str | None, kinds: Collection[str] = KINDS) -> Board | None:
    """Lay out a day of everybody and everything at a site, else at the first by name; None where there is no site.

    Raises NotFound for a site that is not within the scope.
    """
    with reading() as session:
        found = _site(session, wanted.scope, site)
        if found is None:
            return None
        bounds = [one for one in resource_cards.at_site(session, found.id) if one.card.kind in kinds]
        bounds.sort(key=lambda one: (KINDS.index(one.card.kind), one.card.name, one.card.id))
        services = bookables.services_at(session, found.id)
        service = next((one for one in services if one.item.key == wanted.service), None)
        frame = Frame((wanted.on(found.zone),), found.zone, wanted.now, wanted.scope)
        shown = days_of(session, frame, [(one, [found]) for one in bounds])
        starts = None
        if service is not None:
            starts = _offered(_search(session, service, frame, Asking(staff=True)), wanted.now)
        columns = [_column(one, shown[one.card.id][0], starts, service) for one in bounds]
        place = Place(found, [found], service, services)
        return _board(session, place, frame, columns, bounds, wanted)


def of_resource(wanted: Wanted, key: str, *, site: str | None = None) -> Board:
    """Lay out the week of a person, a room or an asset, in its own zone.

    ``site`` is where a free place would be booked, else the first by name at which it works and, where a service is
    chosen, that has it. Raises NotFound for one that is at no site within the scope.
    """
    with reading() as session:
        bound, sites = _resource(session, key, wanted.scope)
        zone, candidate = bound.card.zone, bound.card.candidate
        ids = [one.id for one in sites]
        known = bookables.all_of(session, Site.id.in_(ids)) if ids else []
        offered = [one for one in known if isinstance(one.item, ServiceCard) and _fits(one.item, candidate)]
        services = [one for one in offered if site in (None, one.site.key)]
        service = next((one for one in services if one.item.key == wanted.service), None)
        frame = Frame(week_of(wanted.on(zone)).dates, zone, wanted.now, wanted.scope)
        shown = days_of(session, frame, [(bound, sites)])[bound.card.id]
        asking = Asking(staff=True, resources=(bound.card.id,))
        searched = _search(session, service, frame, asking) if service is not None else None
        columns = [Column(bound.card, one, _of_day(one, searched, wanted.now)) for one in shown]
        place = Place(service.site if service is not None else _first(sites, site), sites, service, services)
        return _board(session, place, frame, columns, [bound], wanted)


def of_service(wanted: Wanted, site: str | None, key: str) -> Board:
    """Lay out the week of a service at a site, else at the first by name: who comes, and which starts can be booked.

    Raises NotFound for one that is not at a site within the scope.
    """
    with reading() as session:
        found = _service(session, wanted.scope, site, key)
        frame = Frame(week_of(wanted.on(found.zone)).dates, found.zone, wanted.now, wanted.scope)
        shown = pieces_of(session, frame, found.pool_id, found.longest)
        searched = _search(session, found, frame, Asking(staff=True))
        columns = [Column(None, one, _of_day(one, searched, wanted.now)) for one in shown]
        bounds = resource_cards.at_site(session, found.site.id)
        return _board(session, Place(found.site, [found.site], found, [found]), frame, columns, bounds, wanted)


def _site(session: Session, scope: Scope, key: str | None) -> SiteCard | None:
    """Find a site in use, the first by name where none is named. Raises NotFound for one that is not theirs."""
    query = select(Site.id, Site.revision).where(scope.limits(Site.id), Site.active).order_by(Site.name, Site.id)
    row = session.execute(query if key is None else query.where(Site.key == key)).first()
    if row is None:
        if key is None:
            return None
        raise NotFound
    return place_cards.site_card(session, *row)


def _service(session: Session, scope: Scope, site: str | None, key: str) -> Bookable:
    query = [scope.limits(Site.id), Service.key == key, *([Site.key == site] if site is not None else [])]
    found = bookables.all_of(session, *query)
    if not found:
        raise NotFound
    return min(found, key=lambda one: one.site.name)


def _resource(session: Session, key: str, scope: Scope) -> tuple[Bound, list[SiteCard]]:
    """Find a resource, in use or retired, with its sites within the scope, by name."""
    query = (
        select(Resource.id, Site.id.label("site_id"), Site.revision)
        .outerjoin(ResourceSite, ResourceSite.resource_id == Resource.id)
        .outerjoin(Site, Site.id == ResourceSite.site_id)
        .where(Resource.key == key)
    )
    rows = session.execute(query).all()
    revisions = {row.site_id: row.revision for row in rows if row.site_id is not None and scope.sees(row.site_id)}
    if not rows or not (revisions or scope.sees(None)):
        raise NotFound
    (bound,) = resource_cards.by_ids(session, [rows[0].id])
    return bound, sorted(place_cards.site_cards(session, revisions).values(), key=lambda one: (one.name, one.id))


def _board(
    session: Session,
    place: Place,
    frame: Frame,
    columns: Sequence[Column],
    bounds: Sequence[Bound],
    wanted: Wanted,
) -> Board:
    cards = [block.card for column in columns for block in column.day.blocks if block.card is not None]
    return Board(
        place=place,
        zone=frame.zone,
        today=local_day(frame.now, frame.zone),
        day=wanted.on(frame.zone),
        columns=columns,
        having=assignments.of(session, {card.id for card in cards}),
        colours={one.card.key: one.card.colour for one in bounds},
    )


def _first(sites: Sequence[SiteCard], key: str | None) -> SiteCard | None:
    return next((one for one in sites if key in (None, one.key)), None)


def _fits(service: ServiceCard, candidate: matching.Candidate) -> bool:
    return any(matching.fits(candidate, one) for one in service.requires)


def _search(session: Session, service: Bookable, frame: Frame, asking: Asking) -> Availability:
    """Judge the starts of a service on the dates, as the booking does; those of its site's zone hold them all."""
    since, until = frame.bounds
    first, last = local_day(since, service.zone), local_day(until - timedelta(seconds=1), service.zone)
    return availability.search(session, service, first, last, now=frame.now, asking=asking)


def _of_day(day: DayOf, searched: Availability | None, now: datetime) -> tuple[datetime, ...] | None:
    """List the starts of a day that can be booked and are not past."""
    if searched is None:
        return None
    return tuple(one.start for one in searched.offered if max(day.start, now) <= one.start < day.end)


def _column(
    bound: Bound, day: DayOf, starts: Mapping[datetime, Collection[int]] | None, service: Bookable | None
) -> Column:
    return Column(bound.card, day, _startable(bound, day, starts, service))


def _startable(
    bound: Bound, day: DayOf, starts: Mapping[datetime, Collection[int]] | None, service: Bookable | None
) -> tuple[datetime, ...] | None:
    """List the starts at which somebody can be booked, or something is free all the time that the service needs it."""
    if starts is None or service is None:
        return None
    if bound.card.kind == "staff":
        return tuple(start for start, who in starts.items() if bound.card.id in who)
    return tuple(start for start in starts if _free_for(day, start, service.service))


def _free_for(day: DayOf, start: datetime, service: ServiceCard) -> bool:
    before, after = (timedelta(minutes=minutes) for minutes in (service.buffer_before, service.buffer_after))
    return day.holds(start, start + timedelta(minutes=service.minutes), before, after)


def _offered(searched: Availability, now: datetime) -> dict[datetime, set[int]]:
    """Give the starts that can be booked and are not past, with the ids of the people who could be given each."""
    coming = [one for one in searched.offered if one.start >= now]
    who = searched.ground.staff_of(coming)
    return {one.start: {each.card.id for each in there} for one, there in zip(coming, who, strict=True)}
