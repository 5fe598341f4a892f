"""Days of people, rooms and equipment for the staff: hours, absences, what is free, and who comes.

Everything is read at once for any number of them, and laid out by what a booking goes by: the hours that a resource has
at its sites, its absences, and all that is taken of it, wherever that was booked.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import chain, groupby, pairwise
from operator import attrgetter, itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.openings import profile
from portal.domain.steps import Steps
from portal.domain.zones import DAY, day_bounds, epoch, instant_of, local_day
from portal.models import Allocation, Appointment
from portal.operations import cards, occupancy
from portal.operations.cards import AppointmentCard
from portal.operations.day_parts import Being, Block, DayOf, Stretch
from portal.operations.place_cards import SiteCard
from portal.operations.resource_cards import Bound
from portal.operations.scopes import Scope

VISIT, WANTED = "visit", "wanted"  # roles of what is an appointment's own, and of what it is to have
LANES = 5  # appointments beside each other that are shown
MOST = 40  # appointments of one resource on a day that are shown; more are counted


@dataclass(frozen=True, slots=True)
class Piece:
    """What is taken of one pool, in seconds since 1970; ``begins`` as ``occupancy.BEGINS``."""

    pool_id: int
    appointment_id: int
    start: int
    end: int
    begins: int
    units: int
    role: str


@dataclass(frozen=True)
class Frame:
    """What days are laid out in: dates of a zone, when it is, and who looks."""

    dates: Sequence[date]
    zone: ZoneInfo
    now: datetime
    scope: Scope

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The instants from which and until which is read."""
        return day_bounds(self.dates[0], self.zone)[0], day_bounds(self.dates[-1], self.zone)[1]


def days_of(
    session: Session, frame: Frame, found: Sequence[tuple[Bound, Sequence[SiteCard]]]
) -> dict[int, tuple[DayOf, ...]]:
    """Lay out the dates of some resources, each with the sites at which it is looked at: by id, in two statements."""
    pieces = _taken(session, frame, {bound.pool_id: bound.longest for bound, _sites in found})
    shown = _cards(session, frame, pieces)
    laid = (_Laid(frame, bound, sites, pieces.get(bound.pool_id, ()), shown) for bound, sites in found)
    return {one.bound.card.id: tuple(one.day(day) for day in frame.dates) for one in laid}


def pieces_of(session: Session, frame: Frame, pool_id: int, longest: int) -> tuple[DayOf, ...]:
    """Lay out who comes on the dates for a pool that has no hours of its own: a service's at a site."""
    pieces = _taken(session, frame, {pool_id: longest})
    blocks = _Blocks(frame, pieces.get(pool_id, ()), _cards(session, frame, pieces))
    return tuple(_of_service(blocks, frame, day) for day in frame.dates)


def _of_service(blocks: _Blocks, frame: Frame, day: date) -> DayOf:
    since, until = day_bounds(day, frame.zone)
    shown, more = blocks.on(since, until)
    lanes = max((one.lane + 1 for one in shown), default=1)
    return DayOf(day, since, until, (), shown, blocks.begun(since, until), lanes, more)


def _taken(session: Session, frame: Frame, pools: Mapping[int, int]) -> dict[int, Sequence[Piece]]:
    """Read what is taken of some pools, with the longest minutes of each, as ``occupancy`` sums it up."""
    since, until = frame.bounds
    query = (
        select(
            *(Allocation.pool_id, Allocation.appointment_id, Allocation.starts_at, Allocation.ends_at),
            *(occupancy.BEGINS.label("begins"), Allocation.units, Allocation.role),
        )
        .join(Appointment, Appointment.id == Allocation.appointment_id)
        .where(
            Allocation.pool_id.in_(list(pools)),
            Allocation.released_at.is_(None),
            Allocation.starts_at < until,
            Allocation.starts_at > since - timedelta(minutes=max(pools.values(), default=0)),
            Allocation.ends_at > since,
            or_(Allocation.taken_until.is_(None), Allocation.taken_until > frame.now),
        )
        .order_by(Allocation.pool_id, Allocation.starts_at, Allocation.id)
    )
    rows: Sequence[Any] = session.connection().execute(query).all() if pools else ()
    found = (Piece(*row[:2], *map(epoch, row[2:5]), *row[5:]) for row in rows)
    return {pool_id: list(group) for pool_id, group in groupby(found, key=attrgetter("pool_id"))}


def _cards(session: Session, frame: Frame, pieces: Mapping[int, Sequence[Piece]]) -> dict[int, AppointmentCard | None]:
    """Read the appointments that are shown, by id; None for one at a site that is not theirs who look."""
    ids = {piece.appointment_id for found in pieces.values() for piece in _shown(frame, found)}
    if not ids:
        return {}
    read = cards.cards(session, cards.listing().where(Appointment.id.in_(sorted(ids))))
    return {card.id: card if frame.scope.sees(card.site.id) else None for card in read}


def _shown(frame: Frame, pieces: Collection[Piece]) -> Iterator[Piece]:
    """Choose the first few of each day."""
    for day in frame.dates:
        since, until = (epoch(bound) for bound in day_bounds(day, frame.zone))
        there = [one for one in pieces if one.start < until and one.end > since]
        yield from there[:MOST]


class _Blocks:
    """What is taken of one pool, to be parted by dates."""

    def __init__(self, frame: Frame, pieces: Sequence[Piece], shown: Mapping[int, AppointmentCard | None]) -> None:
        self._frame, self._pieces, self._cards = frame, pieces, shown

    def begun(self, since: datetime, until: datetime) -> int:
        """Count the appointments that begin on a day."""
        first, last = epoch(since), epoch(until)
        return sum(one.role == VISIT and first <= one.begins < last for one in self._pieces)

    def on(self, since: datetime, until: datetime) -> tuple[tuple[Block, ...], int]:
        """List the first few blocks of a day, each in the first lane that is free, and count the others."""
        first, last = epoch(since), epoch(until)
        there = [one for one in self._pieces if one.start < last and one.end > first]
        lanes: list[int] = []  # the second at which each is free again
        blocks = []
        for piece in there[:MOST]:
            lane = next((number for number, free in enumerate(lanes) if free <= piece.start), len(lanes))
            lanes[lane : lane + 1] = [piece.end]
            if lane < LANES:
                blocks.append(self._block(piece, max(piece.start, first), min(piece.end, last), lane))
        return tuple(blocks), len(there) - len(blocks)

    def _block(self, piece: Piece, since: int, until: int, lane: int) -> Block:
        wanted = piece.role == WANTED
        known = piece.role in (VISIT, WANTED) and piece.appointment_id in self._cards
        card = self._cards[piece.appointment_id] if known else None
        start, end = since, until
        if card is not None:
            bounds = card.asked if wanted else (card.start, card.end)
            start, end = (min(max(epoch(bound), since), until) for bound in bounds)
        return Block(
            since=instant_of(since),
            until=instant_of(until),
            start=instant_of(start),
            end=instant_of(end),
            card=card,
            elsewhere=known and card is None,
            wanted=wanted,
            lane=lane,
        )


@dataclass(frozen=True)
class _Laid:
    """One resource on its way to its days."""

    frame: Frame
    bound: Bound
    sites: Sequence[SiteCard]
    pieces: Sequence[Piece]
    shown: Mapping[int, AppointmentCard | None]

    @cached_property
    def blocks(self) -> _Blocks:
        """Who comes."""
        return _Blocks(self.frame, self.pieces, self.shown)

    @cached_property
    def open(self) -> Steps:
        """How many may come at once: the most that one of its sites lets."""
        first, last = self.frame.dates[0] - DAY, self.frame.dates[-1] + DAY  # the dates of another zone lie elsewhere
        hours = (profile(self.bound.schedules, one.calendar, first, last).steps.pieces() for one in self.sites)
        return Steps.highest_of(chain.from_iterable(hours))

    @cached_property
    def used(self) -> Steps:
        """How much of it is taken."""
        return Steps.sum_of((one.start, one.end, one.units) for one in self.pieces)

    @cached_property
    def spent(self) -> Steps:
        """Its own local dates on which it has as many appointments as it may."""
        card = self.bound.card
        if card.max_per_day is None:
            return Steps((), (0,))
        begun: dict[date, set[tuple[int, Hashable]]] = {}
        for piece in self.pieces:
            mine = occupancy.counted(piece.appointment_id, piece.begins, piece.role)
            begun.setdefault(local_day(instant_of(piece.begins), card.zone), set()).add(mine)
        full = (day_bounds(day, card.zone) for day, found in begun.items() if len(found) >= card.max_per_day)
        return Steps.highest_of((epoch(since), epoch(until), 1) for since, until in full)

    def day(self, day: date) -> DayOf:
        """Lay out one date."""
        since, until = day_bounds(day, self.frame.zone)
        stretches = tuple(self._stretches(epoch(since), epoch(until)))
        blocks, more = self.blocks.on(since, until)
        wanted = [1, *(self._beside(one, blocks) for one in stretches), *(one.lane + 1 for one in blocks)]
        lanes = min(max(wanted), LANES)
        return DayOf(day, since, until, stretches, blocks, self.blocks.begun(since, until), lanes, more)

    def _beside(self, stretch: Stretch, blocks: Sequence[Block]) -> int:
        """Count the lanes that a free stretch needs beside those who come in it."""
        if stretch.being is not Being.FREE:
            return 1
        return max((one.lane + 2 for one in blocks if one.since < stretch.end and one.until > stretch.start), default=1)

    def _stretches(self, since: int, until: int) -> Iterator[Stretch]:
        """Part the seconds of a date where anything changes, and join what is alike; what is taken is left out."""
        changing = (self.open, self.used, self.spent, self.bound.card.absent)
        edges = {since, until, *chain.from_iterable(one.edges for one in changing)}
        inside = sorted(second for second in edges if since <= second <= until)
        parts = [(start, end, self._being(start)) for start, end in pairwise(inside)]
        for (being, free, label), group in groupby(parts, key=itemgetter(2)):
            alike = list(group)
            if being is not None:
                yield Stretch(instant_of(alike[0][0]), instant_of(alike[-1][1]), being, free, label)

    def _being(self, second: int) -> tuple[Being | None, int, str]:
        if self.bound.card.absent.at(second):
            away = next(one for one in self.bound.card.absences if one.start <= second < one.end)
            return Being.ABSENT, 0, away.label
        free = self.open.at(second) - self.used.at(second)
        if not self.open.at(second):
            return Being.CLOSED, 0, ""
        if free <= 0:
            return None, 0, ""
        return (Being.SPENT, 0, "") if self.spent.at(second) else (Being.FREE, free, "")
