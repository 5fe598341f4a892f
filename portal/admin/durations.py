"""Lengths of time as the staff types and reads them: "30 min", "12 h", "2 j" in French, "2 d" in English."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portal.domain.durations import Duration, parse_duration
from portal.domain.errors import Invalid
from portal.i18n import _

UNITS = r"(min|m|mn|minutes?)|(h|hours?|heures?)|(d|days?|j|jours?)"
TYPED = re.compile(rf"(\d{{1,9}})\s*(?:{UNITS})?\.?", re.ASCII | re.IGNORECASE)


def typed(text: str) -> Duration | None:
    """Understand a length of time, in either language; a bare number is minutes. None when it means nothing.

    >>> [str(typed(text)) for text in ("90", "90 min", "12h", "2 j", "2 days", "soon")]
    ['90min', '90min', '12h', '2d', '2d', 'None']
    """
    match = TYPED.fullmatch(" ".join(text.split()))  # no-break spaces, too: we write them ourselves
    if match is None:
        return None
    unit = "h" if match[3] else "d" if match[4] else "min"
    try:
        return parse_duration(f"{int(match[1])}{unit}")
    except Invalid:
        return None


def several(text: str) -> list[Duration] | None:
    """Understand lengths of time apart by commas; None when one means nothing, or is there twice."""
    found = [typed(part) for part in text.split(",") if part.strip()]
    if None in found or len(set(found)) != len(found):
        return None
    return [one for one in found if one is not None]


def written(length: Duration) -> str:
    """Write a length of time as it may be typed again."""
    return {
        "min": _("%(number)s min", number=length.amount),
        "h": _("%(number)s h", number=length.amount),
        "d": _("%(number)s d", number=length.amount),
    }[length.unit]


def all_written(lengths: Sequence[Duration]) -> str:
    """Write several lengths of time."""
    return ", ".join(written(one) for one in lengths)
