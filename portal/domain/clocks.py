"""Times of day as minutes after midnight, and as they are written."""

from __future__ import annotations


def clock(minute: int) -> str:
    """Write minutes after midnight.

    >>> clock(510), clock(1440)
    ('08:30', '24:00')
    """
    return f"{minute // 60:02d}:{minute % 60:02d}"


def minutes(written: str) -> int:
    """Count the minutes after midnight of a time written as ``clock`` does.

    >>> minutes("08:30"), minutes("24:00")
    (510, 1440)
    """
    return int(written[:2]) * 60 + int(written[3:])
