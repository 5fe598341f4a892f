"""A month of days, a day of slots, one start of a bookable: what whoever asks chooses from.

Of visitors it is noted what they find or miss (``operations.demand``), where somebody looks who may want to come
(``counted``): guests (``guest_calendars``), who has an order's link (``link_calendars``), who moves an appointment
(``move_calendars``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from portal.domain.slots import Start
from portal.domain.zones import local_day
from portal.extensions import reading
from portal.operations import availability, bookables, demand, proposals
from portal.operations.asking import PUBLIC, Asking, Binding
from portal.operations.availability import Availability
from portal.operations.bookables import Bookable
from portal.operations.holds import Kept
from portal.operations.proposals import Proposals
from portal.operations.wanting import Heard, Question


@dataclass(frozen=True, slots=True)
class Calendar:
    """A month of a bookable, with one of its days chosen.

    ``first`` is the first day of the month. ``day`` is the chosen day: the one asked for, else the first with a free
    slot, else None. ``soonest`` is the first free start of all, ``following`` the first after an empty month.
    """

    bookable: Bookable
    asking: Asking
    today: date
    first: date
    month: Availability
    day: date | None
    soonest: Start | None
    following: Start | None
    earliest_month: date
    latest_month: date

    @property
    def slots(self) -> Sequence[Start]:
        """Every candidate start of the chosen day, offered or not."""
        return self.month.of_day(self.day) if self.day is not None else ()


def calendar(
    session: Session,
    bookable: Bookable,
    *,
    now: datetime,
    month: date | None = None,
    day: date | None = None,
    asking: Asking = PUBLIC,
) -> Calendar:
    """Lay out a month: the one of ``day``, else ``month``, else the first that has a free slot."""
    today = local_day(now, bookable.zone)
    earliest, latest = _bounds(bookable, today, asking)
    soonest = None
    first = min(max((day or month or earliest).replace(day=1), earliest.replace(day=1)), latest.replace(day=1))
    shown = availability.search(session, bookable, first, _last_of(first), now=now, asking=asking)
    if day is None and month is None and not shown.by_day:
        after = _last_of(first) + timedelta(days=1)
        soonest = availability.next_free(session, bookable, after, now=now, asking=asking)
        if soonest is not None:
            first = local_day(soonest.start, bookable.zone).replace(day=1)
            shown = availability.search(session, bookable, first, _last_of(first), now=now, asking=asking)
    free = list(shown.by_day)
    if free and first == earliest.replace(day=1):
        soonest = shown.offered[0]  # it is on the page already: nothing earlier can be booked
    elif soonest is None:
        soonest = availability.next_free(session, bookable, earliest, now=now, asking=asking)
    after = _last_of(first) + timedelta(days=1)
    following = None if free else availability.next_free(session, bookable, after, now=now, asking=asking)
    chosen = day if day is not None and first <= day <= _last_of(first) else (free[0] if free else None)
    return Calendar(
        bookable,
        asking,
        today,
        first,
        shown,
        chosen,
        soonest,
        following,
        earliest.replace(day=1),
        latest.replace(day=1),
    )


def _bounds(bookable: Bookable, today: date, asking: Asking) -> tuple[date, date]:
    """Give the first and last local day that may be looked at."""
    horizon = today + timedelta(days=366 if asking.staff else bookable.policy.max_days)
    earliest = max(today, asking.first_day or today)
    return earliest, max(earliest, min(horizon, asking.last_day or horizon))


def _last_of(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayOfSlots:
    """One day of a bookable: every candidate start, offered or with its reasons."""

    bookable: Bookable
    day: date
    slots: Sequence[Start]
    binding: Binding
    asking: Asking


def looked(found: Calendar, day: date | None, counted: bool) -> Calendar:
    """Note as demand what somebody finds or misses who looks at a month."""
    if counted:
        demand.look(found.month, day)
    return found


def elsewhen(found: Calendar, start: datetime) -> Calendar:
    """Name no first free time where that is ``start``, the appointment's own: whoever moves it has that already."""
    mine = found.soonest is not None and found.soonest.start == start
    return replace(found, soonest=None) if mine else found


def day_of_slots(
    session: Session, bookable: Bookable, day: date, now: datetime, asking: Asking, counted: bool = False
) -> DayOfSlots:
    """List every candidate start of a day."""
    found = availability.search(session, bookable, day, day, now=now, asking=asking)
    if counted:
        demand.look(found)
    return DayOfSlots(bookable, day, found.starts, found.binding, asking)


@dataclass(frozen=True, slots=True)
class Choice:
    """One start that somebody is about to take, as it stands now.

    When it cannot be had, there are others near it, and what binds who asks.
    """

    bookable: Bookable
    start: Start
    nearest: Sequence[Start] = ()
    binding: Binding | None = None
    kept_until: datetime | None = None  # by the hold of the form that asks


def choice(session: Session, bookable: Bookable, start: datetime, now: datetime, asking: Asking) -> Choice:
    """Look at one start; where it cannot be had, at those near it and at what binds who asks."""
    judged = availability.judge(session, bookable, start, now=now, asking=asking)
    if judged.offered:
        return Choice(bookable, judged)
    near = availability.nearest(session, bookable, start, now=now, asking=asking)
    day = local_day(start, bookable.zone)
    return Choice(bookable, judged, near, availability.bound(session, bookable, day, now=now, asking=asking))


def own(kept: Kept | None, choice: Choice) -> Choice:
    """Say of a choice until when its place is kept for the form that asks."""
    return replace(choice, kept_until=kept.until) if kept is not None and kept.start == choice.start.start else choice


TIMES = 3
"""How many times of a room are proposed at once."""


def asked_first(session: Session, bookable: Bookable, heard: Heard, asking: Asking, now: datetime) -> Proposals | None:
    """Propose what must be chosen before there is a month; None where nothing must."""
    if heard.question is None:
        return None
    each = TIMES if heard.question is Question.RESOURCE else 1
    return proposals.propose(session, bookable, heard.choices, now=now, asking=asking, each=each)


def public_day(site: str, planning: str, day: date, *, now: datetime) -> Availability:
    """Judge every candidate start of a day by the rules of the public, whoever may book. Raises NotFound."""
    with reading() as session:
        return availability.search(session, bookables.find(session, site, planning), day, day, now=now)
