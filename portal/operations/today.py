"""A day of appointments, site by site and planning by planning: the staff's first page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Subquery, and_, case, func, select, true
from sqlalchemy.orm import Session

from portal.domain.openings import Closed, openings_on, possible_in_day, why_closed
from portal.extensions import reading
from portal.models import Appointment, Event
from portal.models.types import epoch_seconds
from portal.operations import cards
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard
from portal.operations.marks import MARKS
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.stands import NEWEST_FIRST, Asked, Frame, Stand, frame, stand_of, standing, within

FIRST = 8  # of each stand, on the page of all
PAGE = 50  # on a page of one stand


@dataclass(frozen=True, slots=True)
class Part:
    """A planning at a site on one of its days: how many stand where, and how many could be."""

    bookable: Bookable
    counts: Mapping[Stand, int]
    possible: int
    closed: Closed | None


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment of the day; ``since``: when it was marked as what it is."""

    card: AppointmentCard
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Group:
    """Some of those who stand alike, and how many there are of them."""

    stand: Stand
    count: int
    visits: tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of one site, or of all, each by its own clock; of one planning, or of all.

    ``parts`` are the plannings in use; appointments of others are in the groups too. ``totals``: all who stand
    somewhere. ``pages`` are those of the one stand that is looked at.
    """

    frame: Frame
    parts: Sequence[Part]
    groups: Sequence[Group]
    totals: Mapping[Stand, int]
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
    shown = [stand] if stand else [one for one in Stand if totals[one]]
    groups = [Group(one, totals[one], tuple(v for v in visits if stand_of(v.card, now) is one)) for one in shown]
    plannings = found.bookables if found.planning is None else [found.planning]
    return Day(found, [_part(one, counts, found.day) for one in plannings], groups, totals, page, pages)


def _standing(looked: Frame, now: datetime) -> Subquery:
    """Give the appointments of the day with where each stands."""
    columns = (Appointment.id, Appointment.site_id, Appointment.planning_id)
    second = epoch_seconds(Appointment.starts_at).label("second")
    return select(*columns, second, standing(now).label("stand")).where(within(looked)).subquery()


def _counts(session: Session, looked: Frame, now: datetime) -> dict[tuple[int, int | None], dict[Stand, int]]:
    """Count who stands where, by site and planning."""
    rows = _standing(looked, now).c
    columns = (rows.site_id, rows.planning_id, rows.stand)
    counts: dict[tuple[int, int | None], dict[Stand, int]] = {}
    for site_id, planning_id, stand, number in session.execute(select(*columns, func.count()).group_by(*columns)):
        counts.setdefault((site_id, planning_id), {})[Stand(stand)] = number
    return counts


def _visits(session: Session, looked: Frame, now: datetime, stand: Stand | None, page: int) -> list[Visit]:
    """Read the first of every stand, or a page of one."""
    placed = _placed(looked, now).c
    first, last = ((page - 1) * PAGE, page * PAGE) if stand else (0, FIRST)
    wanted = and_(placed.place > first, placed.place <= last, true() if stand is None else placed.stand == stand.value)
    ids = select(placed.id).where(wanted)
    found = cards.cards(session, cards.listing().where(Appointment.id.in_(ids)))
    since = _since(session, found)
    visits = [Visit(card, since.get((card.id, card.status.value))) for card in found]
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


def _part(bookable: Bookable, counts: Mapping[tuple[int, int | None], Mapping[Stand, int]], day: date) -> Part:
    mine = counts.get((bookable.site.id, bookable.item.id), {})
    schedule = bookable.planning.schedule
    closed = why_closed(schedule, bookable.site.calendar, day)
    possible = 0 if closed is not None else possible_in_day(openings_on(schedule, day), schedule.slot_minutes)
    return Part(bookable, mine, possible, closed)
