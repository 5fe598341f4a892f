"""Where the days, months and slots of a page lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for

from portal.i18n import rfc3339

TOKENS = ("c", "hold")
"""What only the next step of a booking may know."""


@dataclass(frozen=True)
class Paths:
    """Where days, months and slots lead: two endpoints and what their addresses carry.

    ``chosen_from`` goes with a start that is chosen: it tells the page on which that was. Each address is built once
    and continued for every day and slot, for a month has dozens of them. ``keep`` is the endpoint that holds the place
    of a start which is chosen, where that is done: choosing is then a button that posts. ``wait`` is the endpoint of
    the waiting list of a day that is full, where there may be one.
    """

    page: str
    step: str
    values: Mapping[str, Any]
    chosen_from: str | None = None
    keep: str | None = None
    wait: str | None = None

    @cached_property
    def to_page(self) -> str:
        """The address of the page that shows days."""
        return url_for(self.page, **self.values)

    @cached_property
    def to_send(self) -> str:
        """The address that takes the step's form.

        It is not the form's own: a browser forgets what it kept of an address that it posts to, and Back would bring
        a fresh form, with a fresh key, where the sent one must come again.
        """
        return url_for(self.step, **{**self.values, **self._named})

    @cached_property
    def to_keep(self) -> str:
        """The address that holds the place of a start, or nothing where none is held."""
        return url_for(self.keep, **{**self.values, **self._named}) if self.keep else ""

    @property
    def _named(self) -> dict[str, str]:
        return {"from": self.chosen_from} if self.chosen_from else {}

    def to_day(self, day: date) -> str:
        """Give the address of a day."""
        return _continued(self.to_page, "day", day.isoformat())

    def to_wait(self, day: date) -> str:
        """Give the address of the waiting list of a day; what is held or continued goes no further than this page."""
        if self.wait is None:
            return ""
        kept = {name: value for name, value in self.values.items() if name not in TOKENS}
        return url_for(self.wait, **{**kept, "day": day.isoformat()})

    def to_month(self, first: date) -> str:
        """Give the address of a month."""
        return _continued(self.to_page, "month", first.isoformat()[:7])

    def to_start(self, start: datetime, zone: ZoneInfo) -> str:
        """Give the address of the step after choosing a start."""
        return self.to_written(rfc3339(start, zone))

    def to_written(self, machine: str) -> str:
        """Give the address of the step after choosing a start that is written for machines already."""
        return _continued(self.to_send, "start", machine.replace("+", "%2B"))


def _continued(url: str, name: str, value: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{name}={value}"
