"""Requests as those who answer them see them: the oldest deadline first, and how full the hour is that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.fields import Words
from portal.domain.lifecycle import Status
from portal.domain.slots import Start
from portal.domain.zones import parse_instant
from portal.extensions import reading
from portal.models import Appointment, Event, Planning, Service, Site
from portal.operations import answerers, assigning, availability, bookables, cards, occupancy, placing
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard
from portal.operations.scopes import EVERYWHERE, Scope

SIZE = 50  # lines of a page
Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where the requests are: keys of a site, a planning and a service; None = all."""

    site: str | None = None
    planning: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the requests, those that must be answered soonest first; pages count from 1.

    ``asked`` are the people whose answers are waited for, by the ids of requests; those of sites are left out.
    """

    requests: Sequence[AppointmentCard]
    total: int
    page: int
    pages: int
    asked: Mapping[int, tuple[str, ...]]


def search(wanted: Wanted, *, now: datetime, scope: Scope = EVERYWHERE, page: int = 1, size: int = SIZE) -> Found:
    """Read a page of what waits for an answer, or the last one there is."""
    conditions = [_waits(now), scope.limits(Appointment.site_id), *_there(wanted)]
    with reading() as session:
        total = session.scalar(select(func.count()).select_from(Appointment).where(*conditions)) or 0
        pages = max(1, -(-total // size))
        page = min(max(page, 1), pages)
        query = cards.listing().where(*conditions).order_by(Appointment.answer_by, Appointment.id)
        found = cards.cards(session, query.limit(size).offset((page - 1) * size)) if total else []
        return Found(found, total, page, pages, answerers.names(session, found))


@dataclass(frozen=True, slots=True)
class Place:
    """How many requests wait at a site for a ``planning`` or for a ``service``: keys, and what they are called."""

    site: str
    site_name: str
    planning: str | None
    planning_name: str
    service: str | None
    service_name: Words
    number: int


def places(*, now: datetime, scope: Scope = EVERYWHERE) -> list[Place]:
    """Count what waits by site and what is booked, by name; where nothing waits is left out."""
    number = func.count().label("number")
    subject = (Appointment.site_id, Appointment.planning_id, Appointment.service_id)
    waiting = select(*subject, number).where(_waits(now), scope.limits(Appointment.site_id)).group_by(*subject)
    counted = waiting.subquery()
    query = (
        select(Site.key, Site.name, Planning.key, Planning.name, Service.key, Service.name, counted.c.number)
        .select_from(counted)
        .join(Site, Site.id == counted.c.site_id)
        .outerjoin(Planning, Planning.id == counted.c.planning_id)
        .outerjoin(Service, Service.id == counted.c.service_id)
        .order_by(Site.name, Planning.name, Service.key)
    )
    with reading() as session:
        return [
            Place(site, site_name, planning, planning_name or "", service, names or {}, int(count))
            for site, site_name, planning, planning_name, service, names, count in session.execute(query)
        ]


def _waits(now: datetime) -> ColumnElement[bool]:
    """Take what waits for an answer: ``AppointmentCard.awaits`` of a row."""
    moving = and_(Appointment.status == Status.CONFIRMED.value, Appointment.wanted_start.is_not(None))
    return and_(Appointment.answer_by > now, or_(Appointment.status == Status.REQUESTED.value, moving))


def _there(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.site is not None:
        found.append(Appointment.site_id.in_(select(Site.id).where(Site.key == wanted.site)))
    if wanted.planning is not None:
        found.append(Appointment.planning_id.in_(select(Planning.id).where(Planning.key == wanted.planning)))
    if wanted.service is not None:
        found.append(Appointment.service_id.in_(select(Service.id).where(Service.key == wanted.service)))
    return found


def asking(session: Session, of: Any) -> Asking:
    """Ask for an appointment's place as staff does, as if it held nothing: with its people, and what was picked.

    ``of`` is its row or its card.
    """
    kept = assigning.kept_by(session, of)
    return Asking(staff=True, quantity=of.units, iterations=of.iterations, resources=kept, leaving_out=of.id)


def judge(session: Session, bookable: Bookable, wanted: Asking, interval: Interval, now: datetime) -> Start:
    """Judge an interval as staff book it; it keeps the length that was promised."""
    promised = placing.as_promised(bookable, *interval, wanted.iterations)
    return availability.judge(session, promised, interval[0], now=now, asking=wanted)


@dataclass(frozen=True, slots=True)
class Room:
    """What is asked for, judged as if it were not there; at most ``present`` others are, of ``places`` at once."""

    judged: Start
    present: int
    places: int


def room(card: AppointmentCard, *, now: datetime) -> Room | None:
    """Tell how full the hour is that a request asks for; None for an appointment of no planning."""
    if card.item is None:
        return None
    start, end = card.asked
    with reading() as session:
        bookable = bookables.of_item(session, card.site.id, card.item)
        judged = judge(session, bookable, asking(session, card), card.asked, now)
        if card.service_id is not None:
            return Room(judged, 0, judged.places)
        taken = occupancy.taken(
            session, bookable.pool_id, bookable.longest, start, end, now, leaving_out=card.id
        ).highest(round(start.timestamp()), round(end.timestamp()))
    pieces = occupancy.capacity(bookable, start, end)
    return Room(judged, taken, min((slots for _start, _end, slots in pieces), default=0))


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request, or a move that was asked for, ended without success; ``wanted`` is the new place of a move."""

    kind: str  # declined, expired, move_declined, move_expired
    reason: str
    wanted: Interval | None


REFUSALS = ("declined", "expired", "move_declined", "move_expired")
ASKED = ("requested", "move_requested", "accepted", "rescheduled")


def refusal(card: AppointmentCard) -> Answer | None:
    """Give the last answer, where it was no: for the page of the one who asked."""
    query = (
        select(Event.kind, Event.after)
        .where(Event.appointment_id == card.id, Event.kind.in_((*REFUSALS, *ASKED)))
        .order_by(Event.id.desc())
        .limit(1)
    )
    with reading() as session:
        row = session.execute(query).first()
    if row is None or row.kind not in REFUSALS:
        return None
    start, end = (parse_instant(row.after.get(name)) for name in ("wanted_start", "wanted_end"))
    return Answer(row.kind, str(row.after.get("reason", "")), (start, end) if start and end else None)
