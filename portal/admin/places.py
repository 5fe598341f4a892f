"""A start on its way to be taken by staff: free, or, by a manager with a reason, overbooked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask import request

from portal.admin.appointment_forms import PlaceForm
from portal.admin.guard import EDIT, staff
from portal.domain.errors import Refusal
from portal.domain.zones import at_wall_time, parse_day
from portal.operations.calendars import Calendar, Choice
from portal.operations.wishes import Booked
from portal.web.paths import Paths
from portal.web.picker import Picker, picker
from portal.web.step import asked_start, attempt, chosen, lost_text, status_of
from portal.web.texts import reason_text
from portal.web.visit import Visit

MOMENT = 20  # characters of a day or a time


@dataclass
class Step:
    """The second step of booking and of moving: one start as it stands now, and how taking it went."""

    form: PlaceForm
    look: Callable[[], Choice]
    choice: Choice
    outcome: Booked | Refusal | None = None

    @classmethod
    def open(cls, form: PlaceForm, look: Callable[[], Choice]) -> Step:
        """Look at the start."""
        return cls(form, look, look())

    @property
    def overbooks(self) -> bool:
        """Whether a manager may take the start although it is not offered."""
        return not self.choice.start.offered and staff().may(EDIT)

    @property
    def reason(self) -> str:
        """The reason to take it with; nothing for a start that is free, or without the right."""
        return (self.form.reason.data or "") if self.overbooks else ""

    def take(self, act: Callable[[str], Booked]) -> Booked | None:
        """Take the start with its reason. What is refused stays on the page, with the start looked at again."""
        self.outcome = attempt(self.form, lambda: act(self.reason))
        if isinstance(self.outcome, Booked):
            return self.outcome
        if self.outcome is not None:
            self.choice = self.look()  # the place may have gone while the form was on its way
        if "lost" in request.form and self.overbooks and not self.reason and not self.form.errors:
            self.form.wants_reason()
            self.outcome = None
        return None

    @property
    def status(self) -> int:
        """The status of the page that shows it; a start that is not free is an answer, not an error, when asked for."""
        if self.outcome is None and not self.form.errors and request.method != "POST":
            return 200
        return status_of(self.form, self.choice, self.outcome if isinstance(self.outcome, Refusal) else None)

    def _lost(self) -> str:
        """Say why the start is not free: taken meanwhile, or as it was when it was asked for."""
        if request.method == "POST" or self.choice.start.offered:
            return lost_text(self.choice)
        return reason_text(self.choice.start.reasons[0].value)

    def values(self) -> dict[str, Any]:
        """Give what the templates of both pages need."""
        self.form.sign()
        return {
            "form": self.form,
            "chosen": chosen(self.choice.bookable, self.choice.start, None),
            "lost": self._lost(),
            "nearest": self.choice.nearest,
            "overbooks": self.overbooks,
        }


def staff_picker(calendar: Calendar, asked: Visit, paths: Paths) -> Picker:
    """Prepare a month for the staff: whom to call, and the visitor's own clock, are for visitors."""
    return replace(picker(calendar, asked, paths), phone="", zone="")


def wanted_start(zone: ZoneInfo) -> datetime | None:
    """Read a start: as a link or a form gives it, or typed as day and time on the site's clock."""
    if (start := asked_start()) is not None:
        return start
    day, clock = parse_day(request.args.get("on")), _clock(request.args.get("at", ""))
    return at_wall_time(day, clock, zone) if day is not None and clock is not None else None


def _clock(text: str) -> time | None:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is None else None


def typed_moment() -> dict[str, str] | None:
    """Give the day and time that were typed and could not be read, to be typed again."""
    given = {name: request.args.get(name, "")[:MOMENT] for name in ("on", "at")}
    return given if any(name in request.args for name in given) else None
