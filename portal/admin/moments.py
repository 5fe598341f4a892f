"""How far away a moment is, in the few words that somebody at a gate needs."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import ngettext

from portal.domain.zones import local_day
from portal.i18n import _, day, hour

HOUR = 60  # minutes
A_DAY = 24 * HOUR


def length_text(length: timedelta) -> str:
    """Write a length in its largest units: "18 min", "2 h 05", "3 jours"."""
    minutes = int(abs(length).total_seconds()) // 60
    if minutes >= 2 * A_DAY:
        return str(ngettext("%(num)s day", "%(num)s days", round(minutes / A_DAY)))
    hours, rest = divmod(minutes, HOUR)
    if not hours:
        return _("%(minutes)s min", minutes=rest)
    return _("%(hours)s h %(minutes)s", hours=hours, minutes=f"{rest:02d}") if rest else _("%(hours)s h", hours=hours)


def moment_text(moment: datetime, zone: ZoneInfo) -> str:
    """Write a moment in full: "mardi 8 décembre 2026 à 8 h 30"."""
    return _("%(day)s at %(hour)s", day=day(moment.astimezone(zone)), hour=hour(moment, zone))


def day_text(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Name the day of a moment as people do: "aujourd’hui", "demain", else in full."""
    away = (local_day(moment, zone) - local_day(now, zone)).days
    near = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}
    return near.get(away) or day(moment.astimezone(zone))
