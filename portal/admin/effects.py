"""Whether the effect of a change was seen before the change is made."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from portal.operations.impacts import SiteImpact


def seen(found: Iterable[SiteImpact], kept: int = 0) -> str:
    """Sign the effect that a page shows; nothing when there is none. Saving with another signature shows it first.

    ``kept`` appointments keep their length.
    """
    facts = [
        (one.site.key, one.outside, one.crowded, [each.appointment.public_id for each in one.affected])
        for one in found
        if one.count
    ]
    return sha256(repr((facts, kept)).encode()).hexdigest()[:16] if facts or kept else ""
