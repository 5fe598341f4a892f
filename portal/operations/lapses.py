"""Places that the clock has freed: the undo of a cancellation ended. The worker only says so in the history, once."""

from __future__ import annotations

from datetime import datetime

from portal.extensions import reading, retried, transaction
from portal.operations import occupancy


def announce(now: datetime) -> int:
    """Release what has lapsed, interval by interval, with a ``freed`` event each, and count them.

    Nobody waits for this: readers ignore a lapsed place already, and a booking releases those in its way itself.
    """
    with reading() as session:
        lapsed = occupancy.lapsed_intervals(session, now)
    return sum(_release(pool_id, start, end, now) for pool_id, start, end in lapsed)


@retried
def _release(pool_id: int, start: datetime, end: datetime, now: datetime) -> int:
    with transaction(occupancy.keys(pool_id, start, end)) as session:
        return occupancy.release_lapsed(session, [pool_id], start, end, now)
