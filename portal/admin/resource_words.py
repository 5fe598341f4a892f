"""People, rooms, equipment and their absences in a few words."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.domain.colours import PALETTE
from portal.i18n import _, clock_time, day
from portal.operations.resource_judging import Misfit

KINDS = [("staff", _l("Person")), ("room", _l("Room")), ("asset", _l("Equipment"))]
COLOURS = {
    "blue": _l("Blue"),
    "teal": _l("Teal"),
    "green": _l("Green"),
    "olive": _l("Olive"),
    "orange": _l("Orange"),
    "red": _l("Red"),
    "pink": _l("Pink"),
    "violet": _l("Violet"),
    "indigo": _l("Indigo"),
    "grey": _l("Grey"),
}


def resource_kind(kind: str) -> str:
    """Name a kind of resource."""
    return str(dict(KINDS).get(kind, kind))


def colour_choices(now: str) -> list[tuple[str, Any]]:
    """List the colours to choose from, with the one that is chosen if it is none of ours."""
    ours = [(PALETTE[name], text) for name, text in COLOURS.items()]
    own = [(now, _("As now (%(colour)s)", colour=now))] if now and now not in PALETTE.values() else []
    return [("", _("By its kind")), *ours, *own]


def misfit_text(why: Misfit) -> str:
    """Say why an appointment no longer fits."""
    return {
        Misfit.RETIRED: _("Retired"),
        Misfit.SITE: _("No longer at this site"),
        Misfit.UNFIT: _("Lacks what the service requires"),
        Misfit.ABSENT: _("Absent then"),
        Misfit.HOURS: _("Outside the hours, or too many at once"),
        Misfit.MANY: _("Too many on that day"),
    }[why]


def absence_text(start: datetime, end: datetime) -> str:
    """Write an absence in local time: whole days by their dates, others with their hours."""
    if start.time() == end.time() == time():
        last = end - timedelta(days=1)
        return day(start) if last == start else _("%(first)s to %(last)s", first=day(start), last=day(last))
    if start.date() == end.date():
        return _("%(day)s, %(from)s to %(to)s", **{"day": day(start), "from": _clock(start), "to": _clock(end)})
    return _("%(first)s to %(last)s", first=moment_of(start), last=moment_of(end))


def absent_until(end: datetime) -> str:
    """Say until when somebody is away who is away now."""
    if end.time() == time():
        return _("Absent until %(last)s (included)", last=day(end - timedelta(days=1)))
    return _("Absent until %(last)s", last=moment_of(end))


def moment_of(local: datetime) -> str:
    """Write a local time in full."""
    return _("%(day)s at %(hour)s", day=day(local), hour=_clock(local))


def _clock(local: datetime) -> str:
    return clock_time(local.hour * 60 + local.minute)
