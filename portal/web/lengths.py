"""Lengths of time in words: "2 working days", "12 hours", "30 minutes"."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import ngettext

from portal.domain.durations import Duration
from portal.i18n import _


def in_words(length: Duration) -> str:
    """Say a length of time."""
    amount = length.amount
    return {
        "min": str(ngettext("%(num)s minute", "%(num)s minutes", amount)),
        "h": str(ngettext("%(num)s hour", "%(num)s hours", amount)),
        "d": str(ngettext("%(num)s day", "%(num)s days", amount)),
    }[length.unit]


def minutes_in_words(minutes: int) -> str:
    """Say a number of minutes, in hours where these are whole."""
    return in_words(of_minutes(minutes))


def of_minutes(minutes: int) -> Duration:
    """Give minutes in the largest unit of which they are whole; a single day is 24 hours.

    >>> [str(of_minutes(number)) for number in (0, 90, 120, 1440, 2880)]
    ['0min', '90min', '2h', '24h', '2d']
    """
    if minutes and minutes % 1440 == 0 and minutes > 1440:
        return Duration(minutes // 1440, "d")
    return Duration(minutes // 60, "h") if minutes and minutes % 60 == 0 else Duration(minutes)


def notice_in_words(length: Duration, *, working: bool) -> str:
    """Say how much notice is needed: "2 working days of notice are needed"."""
    amount = length.amount
    if not working:
        return _notice(length)
    return {
        "min": str(
            ngettext(
                "%(num)s minute of notice on an open day is needed",
                "%(num)s minutes of notice on open days are needed",
                amount,
            )
        ),
        "h": str(
            ngettext(
                "%(num)s hour of notice on an open day is needed",
                "%(num)s hours of notice on open days are needed",
                amount,
            )
        ),
        "d": str(
            ngettext("%(num)s working day of notice is needed", "%(num)s working days of notice are needed", amount)
        ),
    }[length.unit]


def _notice(length: Duration) -> str:
    amount = length.amount
    return {
        "min": str(ngettext("%(num)s minute of notice is needed", "%(num)s minutes of notice are needed", amount)),
        "h": str(ngettext("%(num)s hour of notice is needed", "%(num)s hours of notice are needed", amount)),
        "d": str(ngettext("%(num)s day of notice is needed", "%(num)s days of notice are needed", amount)),
    }[length.unit]


def listed(texts: Sequence[str]) -> str:
    """Write several in a sentence: "a, b and c"."""
    *first, last = texts
    return _("%(first)s and %(last)s", first=", ".join(first), last=last) if first else last
