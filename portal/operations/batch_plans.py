"""What would become of a day's appointments if they were cancelled, or moved to another day, together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from portal.domain import slots
from portal.domain.errors import NotFound
from portal.domain.lifecycle import Status
from portal.domain.openings import MINUTES_A_DAY
from portal.domain.slots import Reason, Start
from portal.domain.steps import Piece, Steps
from portal.domain.zones import at_wall_time, day_bounds, epoch, parse_day, start_instant
from portal.extensions import reading
from portal.models import Appointment, Assignment, Planning, Resource, Service, Site
from portal.operations import bookables, occupancy, place_cards
from portal.operations.batch_services import ServiceDay
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard, cards, listing
from portal.operations.once import digest
from portal.operations.place_cards import PlanningCard, SiteCard
from portal.operations.scopes import EVERYWHERE, Scope

EXPECTED = (Status.REQUESTED, Status.CONFIRMED)
"""Who is still to come. Who has arrived stands at the dock: that is no matter for a mail."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of a day's appointments: those of a site, of one planning or service there, or of somebody.

    All are keys; ``resource`` is a person, a room or an asset that they have.

    They start on the site's local ``day`` from minute ``since`` to before ``until`` (after midnight). ``to`` is the day
    they move to, at the same hour or, with ``nearest``, else as near to it as there is a place; None cancels them.
    """

    site: str
    day: date
    planning: str | None = None
    service: str | None = None
    resource: str | None = None
    since: int = 0
    until: int = MINUTES_A_DAY
    to: date | None = None
    nearest: bool = False
    words: str = ""

    @property
    def kind(self) -> str:
        """What happens: cancel or move."""
        return "cancel" if self.to is None else "move"

    def stored(self) -> dict[str, Any]:
        """Give what the table keeps beside kind and site."""
        return {
            "day": self.day.isoformat(),
            "planning": self.planning,
            "service": self.service,
            "resource": self.resource,
            "since": self.since,
            "until": self.until,
            "to": self.to.isoformat() if self.to else None,
            "nearest": self.nearest,
            "words": self.words,
        }

    @classmethod
    def of(cls, site: str, stored: Mapping[str, Any]) -> Plan:
        """Read what the table keeps."""
        days = {"day": date.fromisoformat(stored["day"]), "to": parse_day(stored["to"])}
        return cls(site, **{**stored, **days})


@dataclass(frozen=True, slots=True)
class Fate:
    """What would become of an appointment: ``start`` is where it moves, None with the reason why it cannot."""

    card: AppointmentCard
    start: datetime | None = None
    reason: Reason | None = None

    @property
    def same_hour(self) -> bool:
        """Whether the hour stays on the clock of the site."""
        return self.start is not None and _clock(self.start, self.card.zone) == _clock(self.card.start, self.card.zone)


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan's site, the appointments that it is about with their fates, and how many there have arrived already."""

    site: SiteCard
    fates: Sequence[Fate]
    arrived: int

    @property
    def seen(self) -> str:
        """Name what was looked at: it differs as soon as an appointment does."""
        return digest({"seen": [(fate.card.public_id, fate.card.version) for fate in self.fates]})


def preview(plan: Plan, *, scope: Scope = EVERYWHERE, now: datetime) -> Preview:
    """Say what a plan would do if it were done now. Raises NotFound for what is not theirs, or not there."""
    with reading() as session:
        return look(session, plan, scope, now)


def look(session: Session, plan: Plan, scope: Scope, now: datetime) -> Preview:
    """Preview a plan within the caller's transaction."""
    site = _site(session, plan, scope)
    affected = and_(*_affected(session, plan, site, now))
    coming = listing().where(affected, Appointment.status.in_(EXPECTED))
    arrived = select(func.count()).where(affected, Appointment.status == Status.ARRIVED)
    found = cards(session, coming.order_by(Appointment.starts_at, Appointment.id))
    fates = [Fate(card) for card in found] if plan.to is None else _moves(session, found, plan, now)
    return Preview(site, fates, session.scalar(arrived) or 0)


def _site(session: Session, plan: Plan, scope: Scope) -> SiteCard:
    row = session.execute(select(Site.id, Site.revision).where(Site.key == plan.site)).first()
    if row is None or not scope.sees(row.id):
        raise NotFound
    return place_cards.site_card(session, row.id, row.revision)


def _affected(session: Session, plan: Plan, site: SiteCard, now: datetime) -> list[ColumnElement[bool]]:
    """Give the conditions of what a plan is about: what is over stays as it was."""
    ends = day_bounds(plan.day, site.zone)[1]
    until = ends if plan.until == MINUTES_A_DAY else start_instant(plan.day, plan.until, site.zone)
    return [
        Appointment.site_id == site.id,
        Appointment.starts_at >= start_instant(plan.day, plan.since, site.zone),
        Appointment.starts_at < until,
        Appointment.ends_at > now,
        *_narrowed(session, plan),
    ]


def _narrowed(session: Session, plan: Plan) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions of a plan for one planning, one service, or somebody or something that appointments have."""
    if plan.planning is not None:
        yield Appointment.planning_id == _id_of(session, Planning, plan.planning)
    if plan.service is not None:
        yield Appointment.service_id == _id_of(session, Service, plan.service)
    if plan.resource is not None:
        having = select(Assignment.appointment_id)
        yield Appointment.id.in_(having.where(Assignment.resource_id == _id_of(session, Resource, plan.resource)))


def _id_of(session: Session, table: type[Planning | Service | Resource], key: str) -> int:
    found = session.scalar(select(table.id).where(table.key == key))
    if found is None:
        raise NotFound
    return found


class _Room:
    """The places of a planning on one day, of which some are already given to others of the same plan."""

    def __init__(self, session: Session, bookable: Bookable, day: date, now: datetime) -> None:
        since, until = day_bounds(day, bookable.zone)
        end = until + timedelta(minutes=bookable.item.minutes)
        taken = occupancy.taken(session, bookable.pool_id, bookable.longest, since, end, now)
        self._given: list[Piece] = list(taken.pieces())
        self._bookable = bookable
        self._day = day
        self._now = now

    def at(self, start: datetime, units: int) -> Start:
        """Judge a start as its move would, beside what is given."""
        return slots.at(self._schedule, self._calendar, self._taken, start, window=None, quantity=units)

    def nearest(self, wanted: datetime, units: int) -> Start | None:
        """Find the free start of the day that is closest to a wanted one."""
        found = slots.search(
            self._schedule, self._calendar, self._taken, self._day, self._day, window=None, quantity=units
        )
        coming = [start for start in found if start.offered and start.start >= self._now]
        return min(coming, key=lambda start: (abs(start.start - wanted), start.start), default=None)

    def give(self, start: Start, units: int) -> datetime:
        """Take a place away from those that are judged later."""
        self._given.append((epoch(start.start), epoch(start.end), units))
        return start.start

    @property
    def _taken(self) -> Steps:
        return Steps.sum_of(self._given)

    @property
    def _schedule(self) -> Any:
        return self._bookable.planning.schedule

    @property
    def _calendar(self) -> Any:
        return self._bookable.site.calendar


def _moves(session: Session, found: Sequence[AppointmentCard], plan: Plan, now: datetime) -> list[Fate]:
    """Place one after the other: at its own hour first all who fit there, then, if wanted, the others near theirs."""
    rooms, served = _rooms(session, found, plan, now), ServiceDay(session, plan.to or plan.day, now)
    fates = {card.id: _at_its_hour(card, rooms, served, plan, now) for card in found}
    if plan.nearest:
        for card in found:
            if fates[card.id].start is None and (near := _near(card, rooms, served, plan)) is not None:
                fates[card.id] = Fate(card, near)
    return [fates[card.id] for card in found]


def _near(card: AppointmentCard, rooms: Mapping[int, _Room], served: ServiceDay, plan: Plan) -> datetime | None:
    """Take the free start that is nearest to the hour of an appointment, where the day has one."""
    wanted, room = wanted_start(plan, card), rooms.get(_planning_id(card))
    if room is not None:
        near = room.nearest(wanted, card.units)
        return room.give(near, card.units) if near else None
    near = served.nearest(card, wanted) if card.service_id is not None else None
    return served.give(card, near) if near else None


def _rooms(session: Session, found: Sequence[AppointmentCard], plan: Plan, now: datetime) -> dict[int, _Room]:
    places = {card.item.id: card for card in found if isinstance(card.item, PlanningCard)}
    to = plan.to or plan.day
    return {
        planning: _Room(session, bookables.of_ids(session, card.site.id, planning, None), to, now)
        for planning, card in places.items()
    }


def _planning_id(card: AppointmentCard) -> int:
    return card.item.id if isinstance(card.item, PlanningCard) else 0


def _at_its_hour(
    card: AppointmentCard, rooms: Mapping[int, _Room], served: ServiceDay, plan: Plan, now: datetime
) -> Fate:
    room, wanted = rooms.get(_planning_id(card)), wanted_start(plan, card)
    if room is None and card.service_id is None:
        return Fate(card, reason=Reason.CLOSED)
    if wanted < now:
        return Fate(card, reason=Reason.PAST)
    if room is None:
        found = served.at(card, wanted)
        return Fate(card, reason=found) if isinstance(found, Reason) else Fate(card, served.give(card, found))
    start = room.at(wanted, card.units)
    return Fate(card, room.give(start, card.units)) if start.offered else Fate(card, reason=start.reasons[0])


def wanted_start(plan: Plan, card: AppointmentCard) -> datetime:
    """Give the same hour on the day to which an appointment moves."""
    local = card.start.astimezone(card.zone)
    return at_wall_time(plan.to or plan.day, local.time(), card.zone)


def _clock(moment: datetime, zone: ZoneInfo) -> tuple[int, int]:
    local = moment.astimezone(zone)
    return local.hour, local.minute
