"""What programs ask that no page asks: sites and plannings as lists, an order behind its link, slots with all rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.extensions import reading
from portal.models import Planning, Site
from portal.operations import bookables, cards, links
from portal.operations.bookables import Bookable, PlanningCard, SiteCard
from portal.operations.cards import AppointmentCard
from portal.operations.links import OpenLink


@dataclass(frozen=True, slots=True)
class SiteLine:
    """A site, and the plannings that can be booked there."""

    site: SiteCard
    plannings: Sequence[PlanningCard]


@dataclass(frozen=True, slots=True)
class PlanningLine:
    """A planning, and the sites at which it can be booked."""

    planning: PlanningCard
    sites: Sequence[SiteCard]


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a link opens: its order, the plannings that serve it, its appointments past and to come."""

    link: OpenLink
    plannings: Sequence[Bookable]
    appointments: Sequence[AppointmentCard]


def sites(*, public: bool) -> list[SiteLine]:
    """List the sites in use, by name; ``public``: those where guests may book, and what they may book there."""
    with reading() as session:
        found = _in_use(session, public=public)
        every = {one.site.id: one.site for one in found} if public else _active_sites(session)
    lines = [SiteLine(site, [one.planning for one in found if one.site.id == site.id]) for site in every.values()]
    return sorted(lines, key=lambda line: (line.site.name, line.site.key))


def plannings(*, public: bool) -> list[PlanningLine]:
    """List the plannings in use, by name; ``public``: those that take guests."""
    with reading() as session:
        found = _in_use(session, public=public)
    every = {one.planning.id: one.planning for one in found}
    return [PlanningLine(card, [one.site for one in found if one.planning.id == card.id]) for card in every.values()]


def link(token: str, *, now: datetime) -> LinkView:
    """Open a link. Raises LinkUnknown, LinkExpired."""
    with reading() as session:
        found = links.opened(session, token, now)
        return LinkView(found, links.serving(session, found), cards.of_order(session, found.order_id))


def opened(token: str, *, now: datetime) -> OpenLink:
    """Open a link without looking further. Raises LinkUnknown, LinkExpired."""
    with reading() as session:
        return links.opened(session, token, now)


def _in_use(session: Session, *, public: bool) -> list[Bookable]:
    rows = session.execute(bookables.joined().order_by(Planning.name, Planning.key, Site.name, Site.key)).all()
    found = [bookables.from_row(session, row) for row in rows]
    return [one for one in found if one.item.guests or not public]


def _active_sites(session: Session) -> dict[int, SiteCard]:
    rows = session.execute(select(Site.id, Site.revision).where(Site.active)).all()
    return {row.id: bookables.site_card(session, row.id, row.revision) for row in rows}
