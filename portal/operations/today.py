"""A day of appointments, site by site and planning by planning: the staff's first page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Subquery, and_, case, func, select, true
from sqlalchemy.orm import Session

from portal.domain.lifecycle import ENDED
from portal.domain.openings import Closed, openings_on, possible_in_day, why_closed
from portal.extensions import reading
from portal.models import Appointment, Assignment, Event, Resource, ResourcePlanning
from portal.models.types import epoch_seconds
from portal.operations import assignments, cards
from portal.operations.assignments import Assigned
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard
from portal.operations.marks import MARKS
from portal.operations.place_cards import PlanningCard
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.stands import NEWEST_FIRST, Asked, Frame, Stand, frame, stand_of, standing, within

FIRST = 8  # of each stand, on the page of all
PAGE = 50  # on a page of one stand


@dataclass(frozen=True, slots=True)
class Part:
    """A planning or a service at a site on one of its days: how many stand where, and how many could be in a planning.

    How many a service could have depends on who else is booked: nobody knows, and ``possible`` is 0.
    """

    bookable: Bookable
    counts: Mapping[Stand, int]
    possible: int
    closed: Closed | None


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment of the day; ``since``: when it was marked as what it is; ``assigned``: what it has."""

    card: AppointmentCard
    since: datetime | None
    assigned: Sequence[Assigned] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who serves on that day, and how many."""

    key: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Group:
    """Some of those who stand alike, and how many there are of them."""

    stand: Stand
    count: int
    visits: tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of one site, or of all, each by its own clock; of one planning, service or person, or of all.

    ``parts`` are the plannings in use, and the services that are booked; appointments of others are in the groups too.
    ``people`` are those who serve at the sites that are looked at. ``totals``: all who stand somewhere. ``pages`` are
    those of the one stand that is looked at.
    """

    frame: Frame
    parts: Sequence[Part]
    groups: Sequence[Group]
    totals: Mapping[Stand, int]
    people: Sequence[Person] = ()
    page: int = 1
    pages: int = 1

    @property
    def count(self) -> int:
        """How many have an appointment on that day, whether they came or not."""
        return sum(number for stand, number in self.totals.items() if stand is not Stand.GONE)


def read(asked: Asked, *, now: datetime, scope: Scope = EVERYWHERE, stand: Stand | None = None, page: int = 1) -> Day:
    """Read a day: how many stand where, and the first of each; or a page of those who stand alike.

    The number of statements is the same however many there are.
    """
    with reading() as session:
        found = frame(session, asked, now, scope)
        counts = _counts(session, found, now)
        totals = {one: sum(per.get(one, 0) for per in counts.values()) for one in Stand}
        pages = max(1, -(-totals[stand] // PAGE)) if stand else 1
        page = min(max(page, 1), pages)
        visits = _visits(session, found, now, stand, page)
        served = found.person is not None or any(service for _site, _planning, service in counts)
        people = _people(session, found) if served else []
        hours = _hours(session, found)
    shown = [stand] if stand else [one for one in Stand if totals[one]]
    groups = [Group(one, totals[one], tuple(v for v in visits if stand_of(v.card, now) is one)) for one in shown]
    parts = [_part(one, counts, found.day) for one in _looked_at(found)]
    shown_parts = [part for part in parts if part.counts or (_planned(part) and part.bookable.item.id not in hours)]
    return Day(found, shown_parts, groups, totals, people, page, pages)


def _planned(part: Part) -> bool:
    return isinstance(part.bookable.item, PlanningCard)


def _hours(session: Session, found: Frame) -> set[int]:
    """List the plannings that only say when people, rooms or equipment are there: nobody books these themselves."""
    closed = [one.item.id for one in found.bookables if not (one.item.guests or one.item.kinds)]
    query = select(ResourcePlanning.planning_id).where(ResourcePlanning.planning_id.in_(closed)).distinct()
    return set(session.scalars(query)) if closed and found.planning is None else set()


def _looked_at(found: Frame) -> Sequence[Bookable]:
    """List what has a part of its own: all that is in use, or the one that is chosen."""
    return found.bookables if found.chosen is None else [found.chosen]


def _people(session: Session, found: Frame) -> list[Person]:
    """List who serves on that day, whoever is looked at alone."""
    everybody = and_(within(replace(found, person=None)), Appointment.status.not_in(ENDED))
    query = (
        select(Resource.key, Resource.name, func.count())
        .join(Assignment, Assignment.resource_id == Resource.id)
        .join(Appointment, Appointment.id == Assignment.appointment_id)
        .where(Resource.kind == "staff", everybody)
        .group_by(Resource.id, Resource.key, Resource.name)
        .order_by(Resource.name, Resource.id)
    )
    return [Person(*row) for row in session.execute(query)]


def _standing(looked: Frame, now: datetime) -> Subquery:
    """Give the appointments of the day with where each stands."""
    columns = (Appointment.id, Appointment.site_id, Appointment.planning_id, Appointment.service_id)
    second = epoch_seconds(Appointment.starts_at).label("second")
    return select(*columns, second, standing(now).label("stand")).where(within(looked)).subquery()


Subject = tuple[int, int | None, int | None]
"""The ids of a site and of what is booked there: a planning or a service."""


def _counts(session: Session, looked: Frame, now: datetime) -> dict[Subject, dict[Stand, int]]:
    """Count who stands where, by site and what is booked."""
    rows = _standing(looked, now).c
    columns = (rows.site_id, rows.planning_id, rows.service_id, rows.stand)
    counts: dict[Subject, dict[Stand, int]] = {}
    for *subject, stand, number in session.execute(select(*columns, func.count()).group_by(*columns)):
        counts.setdefault((subject[0], subject[1], subject[2]), {})[Stand(stand)] = number
    return counts


def _visits(session: Session, looked: Frame, now: datetime, stand: Stand | None, page: int) -> list[Visit]:
    """Read the first of every stand, or a page of one."""
    placed = _placed(looked, now).c
    first, last = ((page - 1) * PAGE, page * PAGE) if stand else (0, FIRST)
    wanted = and_(placed.place > first, placed.place <= last, true() if stand is None else placed.stand == stand.value)
    ids = select(placed.id).where(wanted)
    found = cards.cards(session, cards.listing().where(Appointment.id.in_(ids)))
    since = _since(session, found)
    having = assignments.of(session, [card.id for card in found if card.service_id is not None])
    visits = [Visit(card, since.get((card.id, card.status.value)), having.get(card.id, ())) for card in found]
    return sorted(visits, key=lambda visit: _order(visit.card, now))


def _placed(looked: Frame, now: datetime) -> Subquery:
    """Give each appointment its place among those who stand alike, by their start."""
    rows = _standing(looked, now).c
    newest_first = rows.stand.in_([stand.value for stand in NEWEST_FIRST])
    near = case((newest_first, -rows.second), else_=rows.second)
    place = func.row_number().over(partition_by=rows.stand, order_by=(near, rows.id))
    return select(rows.id, rows.stand, place.label("place")).subquery()


def _order(card: AppointmentCard, now: datetime) -> tuple[Any, ...]:
    seconds = card.start.timestamp()
    return (-seconds if stand_of(card, now) in NEWEST_FIRST else seconds, card.id)


def _since(session: Session, found: Sequence[AppointmentCard]) -> dict[tuple[int, str], datetime]:
    """Tell when each was marked, by appointment and mark."""
    marked = [card.id for card in found if card.status in MARKS]
    query = (
        select(Event.appointment_id, Event.kind, func.max(Event.at))
        .where(Event.appointment_id.in_(marked), Event.kind.in_([mark.value for mark in MARKS]))
        .group_by(Event.appointment_id, Event.kind)
    )
    return {(appointment_id, kind): at for appointment_id, kind, at in session.execute(query)}


def _part(bookable: Bookable, counts: Mapping[Subject, Mapping[Stand, int]], day: date) -> Part:
    if not isinstance(bookable.item, PlanningCard):
        return Part(bookable, counts.get((bookable.site.id, None, bookable.item.id), {}), 0, None)
    mine = counts.get((bookable.site.id, bookable.item.id, None), {})
    schedule = bookable.planning.schedule
    closed = why_closed(schedule, bookable.site.calendar, day)
    possible = 0 if closed is not None else possible_in_day(openings_on(schedule, day), schedule.slot_minutes)
    return Part(bookable, mine, possible, closed)
