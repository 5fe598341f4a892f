"""Who or what can be chosen for a service, each with the next times at which it is free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy.orm import Session

from portal.domain.services import Common
from portal.domain.slots import Start
from portal.domain.zones import local_day
from portal.operations import availability
from portal.operations.asking import Asking
from portal.operations.availability import Availability
from portal.operations.bookables import Bookable
from portal.operations.grounds import ServiceGround
from portal.operations.resource_cards import ResourceCard

AHEAD = timedelta(days=31)
"""How far after the first free time of all those of each are looked for."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Somebody or something to choose, and when it is free next; nothing when it is not within a month."""

    card: ResourceCard
    free: tuple[Start, ...]


@dataclass(frozen=True, slots=True)
class Proposals:
    """All that can be chosen; ``soonest`` is the first free time whoever it is, None when there is none at all."""

    soonest: Start | None
    found: tuple[Proposal, ...]


def propose(
    session: Session,
    bookable: Bookable,
    cards: Sequence[ResourceCard],
    *,
    now: datetime,
    asking: Asking,
    each: int = 1,
) -> Proposals:
    """Find the next ``each`` times of each: all of them on what one search reads, however many there are."""
    soonest = _soonest(session, bookable, now, asking)
    if soonest is None:
        return Proposals(None, tuple(Proposal(card, ()) for card in cards))
    first = local_day(soonest.start, bookable.zone)
    found = availability.search(session, bookable, first, first + AHEAD, now=now, asking=asking)
    return Proposals(soonest, tuple(Proposal(card, _times(found, card.id, soonest.start, each)) for card in cards))


def _soonest(session: Session, bookable: Bookable, now: datetime, asking: Asking) -> Start | None:
    """Find the first free time that is to come: staff may book one that is past, but nobody waits for it."""
    today = local_day(now, bookable.zone)
    found = availability.next_free(session, bookable, today, now=now, asking=asking)
    if found is None or found.start >= now:
        return found
    rest = availability.search(session, bookable, today, today, now=now, asking=asking).offered
    later = next((start for start in rest if start.start >= now), None)
    return later or availability.next_free(session, bookable, today + timedelta(days=1), now=now, asking=asking)


def _times(found: Availability, resource: int, after: datetime, each: int) -> tuple[Start, ...]:
    """List the next times of one from a moment on, on the days on which anything is free."""
    if not isinstance(found.ground, ServiceGround):
        return ()
    common = _only(found.ground.common, resource)
    rules = found.binding.rules(found.bookable.site)
    starts = (start for day in found.by_day for start in common.search(day, day, rules))
    return tuple(islice((start for start in starts if start.offered and start.start >= after), each))


def _only(common: Common, resource: int) -> Common:
    return replace(common, chosen=(*common.chosen, resource))
