"""Lengths of time as people set them: minutes, ``12h`` or ``2d``.

Minutes and hours are elapsed; a day is the same wall time on another date, however long that day was.

>>> paris = ZoneInfo("Europe/Paris")
>>> before_the_change = datetime(2027, 3, 27, 9, 30, tzinfo=UTC)  # 10:30 in Paris
>>> parse_duration("24h").after(before_the_change, paris).astimezone(paris).isoformat()
'2027-03-28T11:30:00+02:00'
>>> parse_duration("1d").after(before_the_change, paris).astimezone(paris).isoformat()
'2027-03-28T10:30:00+02:00'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from portal.domain.errors import Invalid
from portal.domain.zones import at_wall_time

Unit = Literal["min", "h", "d"]

LONGEST = {"min": 3660 * 1440, "h": 3660 * 24, "d": 3660}
"""Ten years in each unit: nobody means more, and dates stay within the calendar."""

_WRITTEN = re.compile(r"(0|[1-9]\d{0,8})(min|h|d)?", re.ASCII)
_UNITS: dict[str | None, Unit] = {None: "min", "min": "min", "h": "h", "d": "d"}


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount and its unit, kept as they were written."""

    amount: int
    unit: Unit = "min"

    def __bool__(self) -> bool:
        return self.amount > 0

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    @property
    def setting(self) -> int | str:
        """The value as the configuration file writes it: a number of minutes, or text with its unit."""
        return self.amount if self.unit == "min" else str(self)

    @property
    def elapsed(self) -> timedelta:
        """The elapsed time of minutes and hours; zero for days, whose length depends on the date."""
        return timedelta(minutes=self.amount * {"min": 1, "h": 60, "d": 0}[self.unit])

    def after(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """Give the instant (UTC) this much later; days keep the wall time of the zone."""
        return self._moved(instant, zone, 1)

    def before(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """Give the instant (UTC) this much earlier; days keep the wall time of the zone."""
        return self._moved(instant, zone, -1)

    def _moved(self, instant: datetime, zone: ZoneInfo, sign: int) -> datetime:
        utc = instant.astimezone(UTC)
        if self.unit != "d" or not self.amount:
            return utc + sign * self.elapsed
        local = utc.astimezone(zone)
        return at_wall_time(local.date() + timedelta(days=sign * self.amount), local.time(), zone)


def parse_duration(value: object, field: str = "duration") -> Duration:
    """Read minutes (a number, or digits), ``30min``, ``12h`` or ``2d``. Raises Invalid naming ``field``.

    >>> str(parse_duration(90)), str(parse_duration("2d"))
    ('90min', '2d')
    """
    written = str(value) if isinstance(value, int | str) else ""  # True is an int, but not written like one
    match = _WRITTEN.fullmatch(written)
    if match is None:
        raise Invalid(field=field, problem="bad_duration", value=value)
    duration = Duration(int(match[1]), _UNITS[match[2]])
    if duration.amount > LONGEST[duration.unit]:
        raise Invalid(field=field, problem="too_long", value=value)
    return duration
