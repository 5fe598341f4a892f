"""Who holds the places of a planning at a site: the first of each half hour of a day, and all who are there at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from portal.domain.zones import day_bounds
from portal.extensions import reading
from portal.models import Allocation, Appointment
from portal.operations import cards
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard
from portal.operations.staff_weeks import Half, WeekDay, holding

FEW = 6  # names under one half hour
MOST = 300  # names on a day
PAGE = 50  # names on a page of a half hour


@dataclass(frozen=True, slots=True)
class Present:
    """A page of those who are there during a half hour, in order of their start; ``count`` is all of them."""

    half: Half
    visits: tuple[AppointmentCard, ...]
    count: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.count // PAGE))


def arrivals(bookable: Bookable, shown: WeekDay, *, now: datetime) -> Mapping[datetime, tuple[AppointmentCard, ...]]:
    """Name the first few who hold a place and begin in each half hour of a day, by the start of the half hour."""
    since, until = day_bounds(shown.day, bookable.zone)
    rank = func.row_number().over(partition_by=Allocation.starts_at, order_by=Allocation.appointment_id)
    ranked = (
        select(Allocation.appointment_id, rank.label("rank"))
        .where(*holding(bookable, now), Allocation.starts_at >= since, Allocation.starts_at < until)
        .subquery()
    )
    first = select(ranked.c.appointment_id).where(ranked.c.rank <= FEW)
    query = cards.listing().where(Appointment.id.in_(first)).order_by(Appointment.starts_at, Appointment.id)
    found: dict[datetime, tuple[AppointmentCard, ...]] = {}
    with reading() as session:
        for card in cards.cards(session, query.limit(MOST)):
            if (half := shown.half_at(card.start)) is not None:
                found[half.start] = (*found.get(half.start, ()), card)[:FEW]
    return found


def present(bookable: Bookable, half: Half, *, now: datetime, page: int = 1) -> Present:
    """Name those who hold a place at some moment of a half hour; a page beyond the last is the last."""
    there = (
        *holding(bookable, now),
        Allocation.starts_at < half.end,
        Allocation.starts_at > half.start - timedelta(minutes=bookable.longest),
        Allocation.ends_at > half.start,
    )
    with reading() as session:
        count = session.scalar(select(func.count()).select_from(Allocation).where(*there)) or 0
        number = min(max(page, 1), max(1, -(-count // PAGE)))
        query = cards.listing().where(Appointment.id.in_(select(Allocation.appointment_id).where(*there)))
        query = query.order_by(Appointment.starts_at, Appointment.id).limit(PAGE).offset((number - 1) * PAGE)
        visits = tuple(cards.cards(session, query))
    return Present(half, visits, count, number)
