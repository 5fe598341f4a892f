"""Find my appointment: an address is mailed the links of its own appointments to come, and nobody else is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from portal.extensions import retried, transaction
from portal.operations import cards, outbox

AT_MOST_EVERY = timedelta(minutes=10)


@retried
def ask(email: str, locale: str, *, now: datetime) -> None:
    """Queue one mail with the links of an address's appointments to come, or nothing: the caller is told neither.

    ``email`` is normal (``normal_address``). The same address is mailed once in ten minutes, however often it asks.
    """
    spell = int(now.timestamp() // AT_MOST_EVERY.total_seconds())
    with transaction() as session:
        found = cards.to_come(session, email, now)
        mail = outbox.Draft(
            kind="find",
            dedupe=f"find:{sha256(email.encode()).hexdigest()[:32]}:{spell}",
            recipient=email,
            locale=locale,
            not_before=now,
        )
        outbox.enqueue(session, [mail] if found else [], now)
