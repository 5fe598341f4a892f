"""Weeks and months as the database counts in them: local days, from midnight to midnight of each site's own zone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CTE, Date, Integer, String, column, values

from portal.domain.zones import DAY, day_bounds, days
from portal.models.types import UtcDateTime

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Local dates, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def dates(self) -> tuple[date, ...]:
        """The days themselves."""
        return days(self.first, self.last)

    def before(self) -> Period:
        """Give the period of the same length that ends where this one begins."""
        return Period(self.first - self.days * DAY, self.first - DAY)


def monday_of(day: date) -> date:
    """Give the Monday of a date's ISO week.

    >>> monday_of(date(2026, 12, 6)).isoformat()
    '2026-11-30'
    """
    return day - (day.isoweekday() - 1) * DAY


def week_of(day: date) -> Period:
    """Give the ISO week of a date."""
    return Period(monday_of(day), monday_of(day) + 6 * DAY)


def weeks(whole: Period) -> list[Period]:
    """Part a period at its Mondays; the first and the last part may be shorter than a week.

    >>> [str(one.first) for one in weeks(Period(date(2026, 12, 2), date(2026, 12, 14)))]
    ['2026-12-02', '2026-12-07', '2026-12-14']
    """
    return list(_parts(whole, lambda day: monday_of(day) + WEEK))


def months(whole: Period) -> list[Period]:
    """Part a period at the first days of its months.

    >>> [str(one.last) for one in months(Period(date(2026, 12, 2), date(2027, 1, 14)))]
    ['2026-12-31', '2027-01-14']
    """
    return list(_parts(whole, lambda day: (day.replace(day=1) + timedelta(days=32)).replace(day=1)))


def _parts(whole: Period, following: Callable[[date], date]) -> Iterator[Period]:
    first = whole.first
    while first <= whole.last:
        after = following(first)
        yield Period(first, min(after - DAY, whole.last))
        first = after


def table(periods: Sequence[Period], zones: Collection[ZoneInfo], longest: int = 0) -> CTE:
    """Give periods to a query, which joins the row of a site's ``zone``.

    ``number`` is the place in the list; the local dates are ``first_day`` to ``last_day``, the instants from ``since``
    until before ``until``. What overlaps begins after ``reach`` when nothing is longer than ``longest`` minutes.
    """
    rows = [_row(number, one, zone, longest) for zone in sorted(zones, key=str) for number, one in enumerate(periods)]
    given = values(
        column("number", Integer),
        column("zone", String),
        column("first_day", Date),
        column("last_day", Date),
        column("reach", UtcDateTime),
        column("since", UtcDateTime),
        column("until", UtcDateTime),
        name="given",
    )
    return given.data(rows).cte("period")


def _row(number: int, period: Period, zone: ZoneInfo, longest: int) -> tuple[Any, ...]:
    since, until = day_bounds(period.first, zone)[0], day_bounds(period.last, zone)[1]
    return number, zone.key, period.first, period.last, since - timedelta(minutes=longest), since, until
