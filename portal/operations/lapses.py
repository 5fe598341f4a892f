"""Places that the clock has freed: the undo of a cancellation ended. The worker only says so in the history, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from portal.extensions import reading, retried, transaction
from portal.operations import occupancy


def announce(now: datetime) -> int:
    """Release what has lapsed, pool by pool, with a ``freed`` event each, and count them.

    Nobody waits for this: readers ignore a lapsed place already, and a booking releases those in its way itself.
    """
    with reading() as session:
        lapsed = occupancy.lapsing_pools(session, now)
    keys: dict[int, set[str]] = defaultdict(set)
    for pool_id, start, end in lapsed:
        keys[pool_id].update(occupancy.keys(pool_id, start, end))
    return sum(_release(pool_id, names, now) for pool_id, names in keys.items())


@retried
def _release(pool_id: int, keys: Iterable[str], now: datetime) -> int:
    with transaction(sorted(keys)) as session:
        return occupancy.release_lapsed(session, [pool_id], now)
