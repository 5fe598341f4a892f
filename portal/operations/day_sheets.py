"""A day of appointments on paper: for the gate that has no screen, and for the day on which the network is down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from portal.extensions import reading
from portal.models import Appointment, Planning, Site
from portal.operations import cards
from portal.operations.bookables import SiteCard
from portal.operations.cards import AppointmentCard
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.stands import Asked, Frame, Stand, frame, standing, within

MOST = 150  # appointments on a sheet: each has a code to be drawn


@dataclass(frozen=True, slots=True)
class SheetPart:
    """Who comes to one planning of a site, in order of time."""

    site: SiteCard
    planning: str
    appointments: tuple[AppointmentCard, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of a day on paper: nobody who called off, and everybody else."""

    frame: Frame
    parts: Sequence[SheetPart]
    count: int
    page: int
    pages: int


def read(asked: Asked, *, now: datetime, scope: Scope = EVERYWHERE, page: int = 1) -> Sheet:
    """Read a page of a day for the printer, planning by planning."""
    with reading() as session:
        found = frame(session, asked, now, scope)
        coming = and_(within(found), standing(now) != Stand.GONE.value)
        count = session.scalar(select(func.count()).select_from(Appointment).where(coming)) or 0
        pages = max(1, -(-count // MOST))
        page = min(max(page, 1), pages)
        order = (Site.name, Site.id, Planning.name, Planning.id, Appointment.starts_at, Appointment.id)
        listing = cards.listing().where(coming).order_by(*order).limit(MOST).offset((page - 1) * MOST)
        expected = cards.cards(session, listing)
    return Sheet(found, _parts(expected), count, page, pages)


def _parts(expected: Iterable[AppointmentCard]) -> list[SheetPart]:
    parts: dict[tuple[int, int], list[AppointmentCard]] = {}
    for card in expected:
        parts.setdefault((card.site.id, card.item.id if card.item else 0), []).append(card)
    return [_part(found) for found in parts.values()]


def _part(found: Sequence[AppointmentCard]) -> SheetPart:
    planning = found[0].item
    return SheetPart(found[0].site, planning.name if planning else "", tuple(found))
