"""Find my appointment: an address is mailed the links of its own appointments to come, and nobody else is told.

The same is done for every address. Whether there is anything to say is asked when the mail is rendered.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from portal.extensions import retried, transaction
from portal.operations import outbox

KIND = "find"
AT_MOST_EVERY = timedelta(minutes=10)


@retried
def ask(email: str, locale: str, *, now: datetime) -> None:
    """Queue one mail with the links of an address's appointments to come, to be dropped where there are none.

    ``email`` is normal (``normal_address``). The same address is mailed once in ten minutes, however often it asks.
    """
    spell = int(now.timestamp() // AT_MOST_EVERY.total_seconds())
    mail = outbox.Draft(
        kind=KIND,
        dedupe=f"{KIND}:{sha256(email.encode()).hexdigest()[:32]}:{spell}",
        recipient=email,
        locale=locale,
        not_before=now,
    )
    with transaction() as session:
        outbox.enqueue(session, [mail], now)
