"""Free slots over a range of days, as programs ask for them: by keys, or by the token of a booking link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from portal.domain import modes
from portal.domain.errors import NotFound
from portal.domain.slots import Start
from portal.extensions import reading
from portal.operations import availability, bookables, choosing, demand, links
from portal.operations.asking import Asking
from portal.operations.availability import Availability
from portal.operations.bookables import Bookable
from portal.operations.choosing import NOTHING_PICKED, Picked
from portal.operations.links import OpenLink


@dataclass(frozen=True, slots=True)
class Range:
    """The site's local days ``first`` to ``last``, both included, of a planning or a service, with what was picked."""

    first: date
    last: date
    planning: str | None = None
    service: str | None = None
    picked: Picked = NOTHING_PICKED


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: every start, for each the people who could be given it, and the first start after it.

    Where people cannot be chosen, they are named to the staff alone.
    """

    availability: Availability
    people: Sequence[Sequence[str]]
    following: Start | None


def at_site(
    site: str, wanted: Range, *, now: datetime, staff: bool = False, guest: bool = True, counted: bool = False
) -> Found:
    """Search a range of days at a site, and the first free start after it.

    ``staff`` is bound by capacity and hours only; ``counted``: what is found or missed is demand. Raises NotFound, to a
    ``guest`` also for what takes none, and Invalid for what cannot be picked.
    """
    with reading() as session:
        bookable = bookables.find(session, site, wanted.planning, service=wanted.service)
        if guest and not bookable.item.guests:
            raise NotFound
        return _searched(session, bookable, wanted, Asking(staff=staff), now, counted)


def by_link(token: str, wanted: Range, *, now: datetime, counted: bool = False) -> tuple[OpenLink, Found]:
    """Search a range of days for a link.

    Raises LinkUnknown, LinkExpired, NotFound, Invalid naming the plannings and services when several serve, or for
    what cannot be picked.
    """
    with reading() as session:
        link = links.opened(session, token, now)
        bookable = links.choose(session, link, wanted.planning, service=wanted.service)
        return link, _searched(session, bookable, wanted, link.asking(), now, counted)


def _searched(
    session: Session, bookable: Bookable, wanted: Range, asking: Asking, now: datetime, counted: bool
) -> Found:
    asking = choosing.asked(session, bookable, asking, wanted.picked)
    found, following = availability.search_and_next(
        session, bookable, wanted.first, wanted.last, now=now, asking=asking
    )
    if counted:
        demand.look(found)
    named = asking.staff or modes.people_chosen(bookable.policy.modes)
    people = [[one.card.key for one in there if named] for there in found.ground.staff_of(found.starts)]
    return Found(found, people, following)
