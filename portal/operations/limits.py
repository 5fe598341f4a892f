"""How often a customer may come: at most so many appointments a day and a week, at the level that sets the limit.

A limit of the planning counts the appointments there; one of the site counts those of all its plannings. Customers are
told apart by their address. Booking locks ``keys`` first, so that two at once cannot both pass.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import COUNTED, Status
from portal.domain.zones import day_bounds, days, local_day
from portal.models import Appointment
from portal.models.types import UtcDateTime
from portal.operations.addresses import address_keys
from portal.operations.bookables import Bookable
from portal.operations.periods import monday_of
from portal.operations.place_cards import PlanningCard

DAY_LIMIT, WEEK_LIMIT = "max_per_day", "max_per_week"


@dataclass(frozen=True, slots=True)
class Count:
    """What a customer has on a local date: ``on_day`` of it, ``in_week`` in its ISO week; None where nothing limits."""

    day: date
    on_day: int | None
    in_week: int | None


def apply(bookable: Bookable) -> bool:
    """Tell whether anything limits how often a customer may come."""
    return bookable.policy.max_per_day is not None or bookable.policy.max_per_week is not None


def keys(bookable: Bookable, email: str | None) -> list[str]:
    """Name the ledger rows that a booking of this customer locks: none where nothing limits."""
    return [f"customer:{key}" for key in address_keys(email)] if email and apply(bookable) else []


def spent(
    session: Session,
    bookable: Bookable,
    email: str | None,
    first: date,
    last: date,
    now: datetime,
    *,
    leaving_out: int | None = None,
) -> Mapping[date, Count]:
    """Find the site's local dates from first to last on which a customer has as many appointments as are allowed.

    ``leaving_out`` is the id of the appointment that is being moved.
    """
    if email is None or not apply(bookable):
        return {}
    counted = counts(session, bookable, email, first, last, now, leaving_out=leaving_out)
    return {count.day: count for count in counted if _reached(bookable, count)}


def counts(
    session: Session,
    bookable: Bookable,
    email: str,
    first: date,
    last: date,
    now: datetime,
    *,
    leaving_out: int | None = None,
) -> list[Count]:
    """Count a customer's appointments for each of the site's local dates from first to last, by day and by week."""
    held = _appointments(session, bookable, first, last, now, email)
    return _counted(bookable, (one for one in held if one.id != leaving_out), first, last)


Reached = Callable[[str, int | None], bool]
"""Tells whether an address has had enough, the appointment of an id left out."""


def reached_on(session: Session, bookable: Bookable, day: date, now: datetime) -> Reached:
    """Give what tells of any customer whether they have had enough on a date: for many, the database is asked once."""
    if not apply(bookable):
        return lambda _email, _leaving_out: False
    by_email: dict[str | None, list[_Held]] = defaultdict(list)
    for one in _appointments(session, bookable, day, day, now):
        by_email[one.email].append(one)

    def reached(email: str, leaving_out: int | None) -> bool:
        held = (one for one in by_email.get(email, ()) if one.id != leaving_out)
        return _reached(bookable, _counted(bookable, held, day, day)[0])

    return reached


def _counted(bookable: Bookable, found: Iterable[_Held], first: date, last: date) -> list[Count]:
    held = list(found)
    daily = _dates(bookable, held, DAY_LIMIT) if bookable.policy.max_per_day is not None else None
    weekly = _dates(bookable, held, WEEK_LIMIT) if bookable.policy.max_per_week is not None else None
    on_day = Counter(day for dates in daily or () for day in dates)
    in_week = Counter(monday for dates in weekly or () for monday in {monday_of(day) for day in dates})
    return [
        Count(day, on_day[day] if daily is not None else None, in_week[monday_of(day)] if weekly is not None else None)
        for day in days(first, last)
    ]


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that is reached: of a ``day`` or a ``week``, how many there are, and how many may be."""

    per: str
    count: int
    limit: int


def reached(bookable: Bookable, count: Count) -> Limit | None:
    """Tell which limit a customer has reached, that of the day before that of the week; None where there is more."""
    policy = bookable.policy
    limits = (("day", count.on_day or 0, policy.max_per_day), ("week", count.in_week or 0, policy.max_per_week))
    return next((Limit(per, found, most) for per, found, most in limits if most is not None and found >= most), None)


def numbers(bookable: Bookable, count: Count) -> dict[str, str | int]:
    """Write the limit that is reached into a refusal."""
    found = reached(bookable, count)
    return {} if found is None else asdict(found)


def _reached(bookable: Bookable, count: Count) -> bool:
    return reached(bookable, count) is not None


@dataclass(frozen=True, slots=True)
class _Held:
    """An appointment of a customer: where, and its local dates (two, while a move to another one waits)."""

    id: int
    email: str | None
    planning_id: int | None
    service_id: int | None
    dates: frozenset[date]

    def of(self, bookable: Bookable) -> bool:
        """Tell whether it is one of a planning or of a service."""
        planning = isinstance(bookable.item, PlanningCard)
        return (self.planning_id if planning else self.service_id) == bookable.item.id


def _between(*whose: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Select what counts and begins in ``[since, until)``, or is to."""
    row = Appointment.__table__.c
    since, until = bindparam("since", type_=UtcDateTime), bindparam("until", type_=UtcDateTime)
    # A move that waits has a time to be answered in: said too, for the index is by that.
    moving = and_(row.answer_by.is_not(None), row.wanted_start >= since, row.wanted_start < until)
    within = or_(and_(row.starts_at >= since, row.starts_at < until), moving)
    undoable = and_(row.status == Status.CANCELLED.value, row.undo_until > bindparam("now", type_=UtcDateTime))
    counted = or_(row.status.in_(sorted(COUNTED)), undoable)
    columns = (row.id, row.email, row.planning_id, row.service_id, row.starts_at, row.wanted_start)
    return select(*columns).where(*whose, row.site_id == bindparam("site"), within, counted)


# The statements of the hot path are built once: building them anew costs as much as running them.
_OF_ALL, _OF_ONE = _between(), _between(Appointment.__table__.c.email == bindparam("email"))


def _appointments(
    session: Session, bookable: Bookable, first: date, last: date, now: datetime, email: str | None = None
) -> list[_Held]:
    """Read what counts in the whole weeks of some local dates: of all customers, or of the one with an address."""
    monday, sunday = monday_of(first), monday_of(last) + timedelta(days=6)
    since, until = day_bounds(monday, bookable.zone)[0], day_bounds(sunday, bookable.zone)[1]
    asked = {"site": bookable.site.id, "since": since, "until": until, "now": now}
    query, asked = (_OF_ALL, asked) if email is None else (_OF_ONE, {**asked, "email": email})
    return [
        _Held(
            row.id,
            row.email,
            row.planning_id,
            row.service_id,
            frozenset(local_day(moment, bookable.zone) for moment in (row.starts_at, row.wanted_start) if moment),
        )
        for row in session.connection().execute(query, asked)
    ]


def _dates(bookable: Bookable, held: Iterable[_Held], limit: str) -> Collection[frozenset[date]]:
    """List the dates of each appointment that counts for a limit, at the level that sets it."""
    own = limit in bookable.item.policy
    return [one.dates for one in held if not own or one.of(bookable)]
