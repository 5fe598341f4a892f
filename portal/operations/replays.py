"""The last 90 days of a site's services given to its people anew, by another rule: read, and never written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain import matching, replay
from portal.domain.distribution import Spread, spread
from portal.domain.openings import profile
from portal.domain.policy import Distribution
from portal.domain.replay import Person, Visit
from portal.domain.steps import Steps
from portal.domain.zones import DAY, day_bounds, days, epoch, local_day
from portal.extensions import reading
from portal.models import Appointment, Assignment, Resource, Service, Site
from portal.operations import bookables, resource_cards
from portal.operations.bookables import Bookable
from portal.operations.loads import PLANNED
from portal.operations.place_cards import SiteCard
from portal.operations.resource_cards import Bound
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.service_cards import ServiceCard

DAYS = 90
MINUTE = 60  # seconds
MOST = 6_000  # people of appointments that are gone through: the latest


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at: a site and one of its services by their keys, None for the first site, for all services.

    ``rule`` is what is tried; None is the one in force.
    """

    site: str | None = None
    service: str | None = None
    rule: Distribution | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody's minutes and appointments, as they were and as they would have been."""

    name: str
    minutes: int
    appointments: int
    new_minutes: int
    new_appointments: int


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of it. ``moved`` of the ``total`` appointments would have gone to others.

    ``sites`` and ``services`` are what may be chosen; ``service`` is None for all; ``cut``: there were too many, and
    the oldest are left out.
    """

    site: SiteCard
    sites: Sequence[SiteCard]
    services: Sequence[ServiceCard]
    service: ServiceCard | None
    current: Distribution
    rule: Distribution
    first: date
    last: date
    lines: tuple[Line, ...]
    total: int
    moved: int
    cut: bool

    @property
    def before(self) -> Spread:
        """How evenly minutes were spread."""
        return spread({number: line.minutes for number, line in enumerate(self.lines)})

    @property
    def after(self) -> Spread:
        """How evenly they would have been."""
        return spread({number: line.new_minutes for number, line in enumerate(self.lines)})


def read(wanted: Wanted, *, now: datetime, scope: Scope = EVERYWHERE) -> Replay | None:
    """Go through the days before today again, in a fixed number of statements.

    Keys that are not known are as none. None where no site has a service that needs people.
    """
    with reading() as session:
        every = _services(session, scope)
        if not every:
            return None
        sites = list({one.site.id: one.site for one in every}.values())
        site = next((one for one in sites if one.key == wanted.site), sites[0])
        here = [one for one in every if one.site.id == site.id]
        chosen = next((one for one in here if one.item.key == wanted.service), None)
        period = _period(site, now)
        past = _Past(session, site, here if chosen is None else [chosen], *period)
    policy = bookables.policy(site, None) if chosen is None else chosen.policy
    rule = wanted.rule or policy.distribution
    given = replay.replay(rule, site.calendar, past.people, past.visits)
    return Replay(
        site,
        sites,
        [one.service for one in here],
        chosen.service if chosen is not None else None,
        policy.distribution,
        rule,
        *period,
        tuple(past.lines(given)),
        len(past.own),
        sum(set(given[one.id]) != set(one.had) for one in past.own),
        past.cut,
    )


def _services(session: Session, scope: Scope) -> list[Bookable]:
    """List the services that need people, by the names of their sites and their own."""
    rows = session.execute(bookables.services().where(bookables.IN_USE, scope.limits(Site.id))).all()
    found = (bookables.from_service_row(session, row) for row in rows)
    needing = [one for one in found if any(need.kind == "staff" for need in one.service.requires)]
    return sorted(needing, key=lambda one: (one.site.name, one.site.id, one.item.name, one.item.key))


def _period(site: SiteCard, now: datetime) -> tuple[date, date]:
    """Give the first and last local date: the days before today."""
    last = local_day(now, site.zone) - DAY
    return last - (DAYS - 1) * DAY, last


class _Past:
    """The appointments of the period with people of a site, and those people as they are today."""

    def __init__(self, session: Session, site: SiteCard, chosen: Sequence[Bookable], first: date, last: date) -> None:
        self._services = {one.service.id: one.service for one in chosen}
        working = [one for one in resource_cards.at_site(session, site.id) if one.card.kind == "staff"]
        able = [one.card.candidate for one in working]
        self._fits = {one: matching.candidates(card.requires, able) for one, card in self._services.items()}
        rows = _rows(session, site, [one.card.id for one in working], first, last)
        self.cut = len(rows) == MOST
        former = {row.resource_id for row in rows} - {one.card.id for one in working}
        self._working = working
        self._bounds = {one.card.id: one for one in (*working, *resource_cards.by_ids(session, former))}
        self.people = {one: _person(bound, site, first, last) for one, bound in self._bounds.items()}
        self.visits = [self._visit(site, list(group)) for _id, group in groupby(rows, key=attrgetter("id"))]
        self._own = {row.id for row in rows if row.site_id == site.id and row.service_id in self._services}

    @property
    def own(self) -> list[Visit]:
        """Those that are given anew; the others only count."""
        return [one for one in self.visits if one.id in self._own]

    def lines(self, given: Mapping[int, tuple[int, ...]]) -> Iterator[Line]:
        """Add up what everybody has and would have of those that are given anew, by name."""
        own, working = self.own, {one.card.id for one in self._working}
        for one, bound in sorted(self._bounds.items(), key=lambda pair: (pair[1].card.name, pair[0])):
            had = [visit.minutes for visit in own if one in visit.had]
            would = [visit.minutes for visit in own if one in given[visit.id]]
            if had or would or one in working:
                yield Line(bound.card.name, sum(had), len(had), sum(would), len(would))

    def _visit(self, site: SiteCard, rows: Sequence[Any]) -> Visit:
        """Take an appointment as it was; one of another site or service stays with the people whom it had."""
        row, here = rows[0], rows[0].site_id == site.id
        service = self._services.get(row.service_id) if here else None
        fitting = {one.resource_id: self._fitting(service, one) for one in rows}
        needs = service.requires if service is not None else ()
        optional = {one.resource_id: needs[one.requirement].optional for one in rows if fitting[one.resource_id]}
        return Visit(
            row.id,
            epoch(row.starts_at),
            epoch(row.ends_at),
            local_day(row.starts_at, site.zone),
            row.created_at,
            tuple(fitting),
            kept=tuple(one for one, others in fitting.items() if not others),
            seats=tuple(fitting[one] for one, spare in optional.items() if not spare),
            spare=tuple(fitting[one] for one, spare in optional.items() if spare),
            customer=(row.customer_id or row.email) if here else None,
            service=row.key,
            before=(row.buffer_before or 0) * MINUTE,
            after=(row.buffer_after or 0) * MINUTE,
        )

    def _fitting(self, service: ServiceCard | None, row: Any) -> tuple[int, ...]:
        """List who fits what somebody met in an appointment; nobody where they were picked, or met nothing."""
        if service is None or row.named or row.requirement is None or row.requirement >= len(service.requires):
            return ()
        return self._fits[service.id][row.requirement]


def _rows(session: Session, site: SiteCard, people: Sequence[int], first: date, last: date) -> list[Any]:
    """Read who had which appointment of the site, or with its people anywhere, the oldest first."""
    since, until = day_bounds(first, site.zone)[0], day_bounds(last, site.zone)[1]
    columns = (Appointment.id, Appointment.site_id, Appointment.service_id, Appointment.starts_at, Appointment.ends_at)
    query = (
        select(*columns, Appointment.created_at, Appointment.customer_id, Appointment.email)
        .add_columns(Assignment.resource_id, Assignment.named, Assignment.requirement)
        .add_columns(Service.key, Service.buffer_before, Service.buffer_after)
        .join(Assignment, Assignment.appointment_id == Appointment.id)
        .outerjoin(Service, Service.id == Appointment.service_id)
        .join(Resource, Resource.id == Assignment.resource_id)
        .where(Resource.kind == "staff", Appointment.status.in_(PLANNED))
        .where(Appointment.starts_at >= since, Appointment.starts_at < until)
        .where(or_(Appointment.site_id == site.id, Assignment.resource_id.in_(people)))
        .order_by(Appointment.id.desc(), Assignment.id.desc())
        .limit(MOST)
    )
    return list(reversed(session.execute(query).all()))


def _person(bound: Bound, site: SiteCard, first: date, last: date) -> Person:
    """Say when somebody is there, by the hours and absences of today."""
    opened = profile(bound.schedules, site.calendar, first, last).steps
    hours = opened.less(piece for start, end, _ in bound.card.absent.pieces() for piece in opened.parts(start, end))
    minutes, card = {day: _minutes(hours, day, site) for day in days(first, last)}, bound.card
    return Person(card.id, bound.schedules, minutes, card.zone, card.absent, card.max_per_day)


def _minutes(hours: Steps, day: date, site: SiteCard) -> int:
    since, until = (epoch(bound) for bound in day_bounds(day, site.zone))
    return sum((end - start) * number for start, end, number in hours.parts(since, until)) // 60
