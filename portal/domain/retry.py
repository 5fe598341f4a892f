"""When a failed delivery is tried again, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15, 30))
"""The pause after the first, second ... failed try; the last one goes on."""

PATIENCE = timedelta(hours=48)
"""How long after its first try a delivery is still tried."""


class Failure(StrEnum):
    """What a failed delivery means for the message and for the queue."""

    TEMPORARY = "temporary"  # try again as next_try says
    RECIPIENT_REFUSED = "recipient_refused"  # final, and shown at the appointment
    SENDER_REFUSED = "sender_refused"  # our login or sender: the queue pauses and alarms, no message is lost
    TEMPLATE = "template"  # the text cannot be made: this message alone is parked


def next_try(first_try: datetime, attempts: int, now: datetime) -> datetime | None:
    """Say when to try again after ``attempts`` failed tries (1 or more), the last just ``now``; None = give up.

    >>> next_try(datetime(2027, 1, 1, 8), 2, datetime(2027, 1, 1, 8, 1)).isoformat()
    '2027-01-01T08:03:00'
    """
    again = now + PAUSES[min(max(attempts, 1), len(PAUSES)) - 1]
    return again if again - first_try <= PATIENCE else None
