"""A day of appointments on paper: for the gate that has no screen, and for the day on which the network is down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from portal.extensions import reading
from portal.models import Appointment, Planning, Service, Site
from portal.operations import assignments, cards
from portal.operations.assignments import Assigned
from portal.operations.bookables import Item
from portal.operations.cards import AppointmentCard
from portal.operations.place_cards import SiteCard
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.stands import Asked, Frame, Stand, frame, standing, within

MOST = 150  # appointments on a sheet: each has a code to be drawn


@dataclass(frozen=True, slots=True)
class SheetPart:
    """Who comes to one planning or service of a site, in order of time; None where it is neither any more."""

    site: SiteCard
    item: Item | None
    appointments: tuple[AppointmentCard, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of a day on paper: nobody who called off, and everybody else.

    ``having`` is what the appointments have, by their ids.
    """

    frame: Frame
    parts: Sequence[SheetPart]
    count: int
    page: int
    pages: int
    having: Mapping[int, Sequence[Assigned]]


def read(asked: Asked, *, now: datetime, scope: Scope = EVERYWHERE, page: int = 1) -> Sheet:
    """Read a page of a day for the printer, planning by planning and service by service."""
    with reading() as session:
        found = frame(session, asked, now, scope)
        coming = and_(within(found), standing(now) != Stand.GONE.value)
        count = session.scalar(select(func.count()).select_from(Appointment).where(coming)) or 0
        pages = max(1, -(-count // MOST))
        page = min(max(page, 1), pages)
        subject = (func.coalesce(Planning.name, ""), func.coalesce(Planning.id, 0), Service.key, Service.id)
        order = (Site.name, Site.id, *subject, Appointment.starts_at, Appointment.id)
        listing = cards.listing().where(coming).order_by(*order).limit(MOST).offset((page - 1) * MOST)
        expected = cards.cards(session, listing)
        having = assignments.of(session, [card.id for card in expected if card.service_id is not None])
    return Sheet(found, _parts(expected), count, page, pages, having)


def _parts(expected: Iterable[AppointmentCard]) -> list[SheetPart]:
    parts: dict[tuple[int, str], list[AppointmentCard]] = {}
    for card in expected:
        parts.setdefault((card.site.id, card.item.revision if card.item else ""), []).append(card)
    return [_part(found) for found in parts.values()]


def _part(found: Sequence[AppointmentCard]) -> SheetPart:
    return SheetPart(found[0].site, found[0].item, tuple(found))
