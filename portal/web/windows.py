"""When can be booked, in words: from when on and why, and until which day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from flask_babel import ngettext

from portal.domain.openings import Closed, Why
from portal.domain.window import Window
from portal.domain.zones import local_day
from portal.i18n import _, day, day_short, hour
from portal.operations.availability import closed_because
from portal.operations.bookables import Bookable
from portal.web.lengths import listed, notice_in_words

MANY = 3  # closed days named in a sentence


def rule_text(bookable: Bookable, window: Window) -> str:
    """Say from when on can be booked, where a notice has a say in it, and until when; else nothing."""
    if not window.notice:
        return ""
    earliest = earliest_text(bookable, window)
    return earliest if window.never_open else f"{earliest} {last_text(window)}"


def earliest_text(bookable: Bookable, window: Window) -> str:
    """Say the earliest start and why it is not at once."""
    if window.earliest is None:
        return _("Nothing can be booked: no day within a year is open.")
    first = _whole_minute(window.earliest)
    named = {"day": day_short(local_day(first, window.zone)), "hour": hour(first, window.zone)}
    if not window.notice:
        return _("Earliest: at once.")
    needed = notice_in_words(window.notice, working=window.working)
    if not window.skipped:
        return _("Earliest: %(day)s at %(hour)s, because %(needed)s.", needed=needed, **named)
    closed = _closed_text(bookable, window.skipped)
    return _("Earliest: %(day)s at %(hour)s, because %(needed)s and we are closed on %(closed)s.",
             needed=needed, closed=closed, **named)  # fmt: skip


def _whole_minute(instant: datetime) -> datetime:
    """Give the first whole minute that is not before an instant, for pages show no seconds."""
    floor = instant.replace(second=0, microsecond=0)
    return floor if floor == instant else floor + timedelta(minutes=1)


def last_text(window: Window) -> str:
    """Say the last day that can be booked."""
    return _("Last day: %(day)s.", day=day(window.last_day))


def _closed_text(bookable: Bookable, skipped: Sequence[date]) -> str:
    """Name the closed days that did not count: those that are not of every week, where there are any."""
    why = {one: closed_because(bookable, one) or Closed(Why.WEEK) for one in skipped}
    special = [one for one in skipped if why[one].why is not Why.WEEK]
    shown = special or list(skipped)
    named = [_named(one, why[one].label) for one in shown[:MANY]]
    if others := len(shown[MANY:]):
        named.append(str(ngettext("%(num)s other day", "%(num)s other days", others)))
    return listed(named)


def _named(closed: date, label: str) -> str:
    return f"{day_short(closed)} ({label})" if label else day_short(closed)
