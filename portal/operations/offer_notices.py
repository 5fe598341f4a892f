"""What a site is told when a freed place is offered to those who wait, where it wants to be told: once for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.zones import parse_instant
from portal.models import Site
from portal.operations import outbox, place_cards
from portal.operations.bookables import Bookable
from portal.operations.outbox import Draft, Message
from portal.operations.place_cards import SiteCard

KIND = "site_offers"


@dataclass(frozen=True, slots=True)
class Freed:
    """A freed place on [start, end) that was offered to so many at once, or to one after the other (None)."""

    site: SiteCard
    planning: str
    start: datetime
    end: datetime
    count: int | None


def drafts(bookable: Bookable, place: Any, count: int | None, now: datetime) -> list[Draft]:
    """Write to the site of a freed place, if it has an address."""
    if not bookable.site.email:
        return []
    told = {
        "site": bookable.site.id,
        "planning": bookable.item.name,
        "start": place.starts_at.isoformat(),
        "end": place.ends_at.isoformat(),
        "count": count,
    }
    return [Draft(KIND, f"{KIND}:{place.id}", bookable.site.email, outbox.default_locale(), now, told)]


def read(session: Session, messages: Sequence[Message], now: datetime) -> dict[int, Freed | str]:
    """Read the notices of a batch of messages by their ids; a word says why one is not to be said."""
    mine = [message for message in messages if message.kind == KIND]
    sites = _sites(session, {int(message.payload["site"]) for message in mine})
    return {message.id: _said(message.payload, sites, now) for message in mine}


def _sites(session: Session, ids: Iterable[int]) -> dict[int, SiteCard]:
    if not ids:
        return {}
    rows = session.execute(select(Site.id, Site.revision).where(Site.id.in_(ids))).all()
    return {row.id: place_cards.site_card(session, row.id, row.revision) for row in rows}


def _said(told: Mapping[str, Any], sites: Mapping[int, SiteCard], now: datetime) -> Freed | str:
    site, start, end = sites.get(int(told["site"])), parse_instant(told["start"]), parse_instant(told["end"])
    if site is None or start is None or end is None:
        return "gone"
    if start <= now:
        return "moved_or_begun"
    return Freed(site, str(told["planning"]), start, end, told["count"])
