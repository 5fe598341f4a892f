"""When can be booked, in words: from when on and why, and until which day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from flask_babel import ngettext

from portal.domain.openings import Closed, Why
from portal.domain.window import Window
from portal.domain.zones import DAY, local_day
from portal.i18n import _, dates, day, day_short, hour
from portal.operations.availability import closed_because
from portal.operations.bookables import Bookable
from portal.web.lengths import listed, notice_in_words

MANY = 3  # closed days or spells of them named in a sentence
LONG = 3  # days from which on a spell is named by its ends


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
    return _("Earliest: %(day)s at %(hour)s, because %(needed)s and we are closed %(closed)s.",
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
    spells = _spells(special or list(skipped), why)
    named = [_named(spell, why[spell[0]].label) for spell in spells[:MANY]]
    if others := sum(len(spell) for spell in spells[MANY:]):
        named.append(str(ngettext("on %(num)s other day", "on %(num)s other days", others)))
    return listed(named)


def _spells(closed: Sequence[date], why: Mapping[date, Closed]) -> list[list[date]]:
    """Join days that follow each other and are closed for the same reason; one or two stay by themselves."""
    spells: list[list[date]] = []
    for one in closed:
        if spells and one - DAY == spells[-1][-1] and why[one] == why[spells[-1][-1]]:
            spells[-1].append(one)
        else:
            spells.append([one])
    return [part for spell in spells for part in ([spell] if len(spell) >= LONG else [[one] for one in spell])]


def _named(spell: Sequence[date], label: str) -> str:
    alone = len(spell) == 1
    said = _("on %(day)s", day=day_short(spell[0])) if alone else _("from %(days)s", days=dates(spell[0], spell[-1]))
    return f"{said} ({label})" if label else said
