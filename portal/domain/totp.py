"""Codes of the second factor: counted by time (RFC 6238) from a shared secret (RFC 4226), as telephones show them.

SHA-1, six digits, a new one every 30 seconds: what every such app knows without asking. It is one HMAC and written
here, for what the portal needs of it, to which step a code belongs (so that it serves once), libraries do not tell.
"""

from __future__ import annotations

import hmac
from datetime import datetime

STEP = 30  # seconds
DIGITS = 6
DRIFT = 1  # steps that a telephone's clock may be early or late
SECRET_BYTES = 20  # as long as the hash: RFC 4226, 4


def step_at(instant: datetime) -> int:
    """Count the steps since 1970."""
    return int(instant.timestamp()) // STEP


def code(secret: bytes, step: int) -> str:
    """Give the code of a step.

    >>> code(b"12345678901234567890", 1)
    '287082'
    """
    mac = hmac.digest(secret, step.to_bytes(8), "sha1")
    offset = mac[-1] & 0xF
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: bytes, typed: str, now: datetime, *, after: int) -> int | None:
    """Tell to which step around ``now`` a code belongs; None when to none that is later than ``after``."""
    given, around = typed.encode(), step_at(now)
    steps = [step for step in range(around - DRIFT, around + DRIFT + 1) if step > after]
    fitting = [step for step in steps if hmac.compare_digest(code(secret, step).encode(), given)]
    return fitting[0] if fitting else None
