"""A day of appointments, site by site and planning by planning: the staff's first page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, or_
from sqlalchemy.orm import Session

from portal.domain.lifecycle import Status
from portal.domain.openings import Closed, openings_on, possible_in_day, why_closed
from portal.domain.zones import day_bounds, local_day
from portal.extensions import reading
from portal.models import Appointment, Planning, Site
from portal.operations import bookables, cards
from portal.operations.bookables import Bookable, SiteCard
from portal.operations.cards import AppointmentCard

MOST = 500  # appointments on one page: a day of a large site


@dataclass(frozen=True, slots=True)
class Part:
    """A planning at a site on one of its days: who is expected, and how many could be."""

    bookable: Bookable
    appointments: tuple[AppointmentCard, ...]
    possible: int
    closed: Closed | None


@dataclass(frozen=True, slots=True)
class Day:
    """A day of one site, or of all (``site`` is None), each by its own clock.

    ``others`` are appointments of plannings that are no longer in use at their site. ``cut``: there are more.
    """

    day: date
    today: date
    site: SiteCard | None
    sites: Sequence[SiteCard]
    parts: Sequence[Part]
    others: tuple[AppointmentCard, ...]
    cut: bool

    @property
    def appointments(self) -> list[AppointmentCard]:
        """Everybody of the day, in order of time."""
        found = [card for part in self.parts for card in part.appointments] + list(self.others)
        return sorted(found, key=lambda card: (card.start, card.id))


def read(*, now: datetime, day: date | None = None, site: str | None = None) -> Day:
    """Read a day, by default today, of one site or of all: an unknown site is all of them."""
    with reading() as session:
        rows = session.execute(bookables.joined().order_by(Site.name, Planning.name)).all()
        found = [bookables.from_row(session, row) for row in rows]
        sites = list({one.site.id: one.site for one in found}.values())
        chosen = next((one for one in sites if one.key == site), None)
        today = local_day(now, (chosen or sites[0]).zone) if sites else now.date()
        wanted = day or today
        shown = [chosen] if chosen is not None else sites
        expected = _expected(session, shown, wanted)
    parts = [_part(one, expected, wanted) for one in found if one.site in shown]
    placed = {card.id for part in parts for card in part.appointments}
    others = tuple(card for card in expected if card.id not in placed)
    return Day(wanted, today, chosen, sites, parts, others, len(expected) == MOST)


def _expected(session: Session, sites: Sequence[SiteCard], day: date) -> list[AppointmentCard]:
    """Read the appointments that start on a local date of each site, whatever became of them."""
    if not sites:
        return []
    bounds = [(site.id, *day_bounds(day, site.zone)) for site in sites]
    starting = or_(
        *(
            and_(Appointment.site_id == site_id, Appointment.starts_at >= since, Appointment.starts_at < until)
            for site_id, since, until in bounds
        )
    )
    query = cards.listing().where(starting).order_by(Appointment.starts_at, Appointment.id).limit(MOST)
    return cards.cards(session, query)


def _part(bookable: Bookable, expected: Sequence[AppointmentCard], day: date) -> Part:
    mine = tuple(
        card
        for card in expected
        if card.site.id == bookable.site.id and card.planning is not None and card.planning.id == bookable.planning.id
    )
    schedule = bookable.planning.schedule
    closed = why_closed(schedule, bookable.site.calendar, day)
    possible = 0 if closed is not None else possible_in_day(openings_on(schedule, day), schedule.slot_minutes)
    return Part(bookable, mine, possible, closed)


ENDED = frozenset({Status.CANCELLED, Status.DECLINED, Status.EXPIRED})
"""States in which nobody comes."""


def expected_at(card: AppointmentCard, now: datetime) -> str:
    """Tell where an appointment stands at a moment: ``gone``, ``past``, ``here`` (its hour has begun) or ``coming``."""
    if card.status in ENDED:
        return "gone"
    if card.end <= now:
        return "past"
    return "here" if card.start <= now else "coming"
