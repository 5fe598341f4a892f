"""The only two places that read the clock: what time the portal lives in, and what time it really is."""

from __future__ import annotations

from datetime import UTC, datetime

from portal.extensions import settings


def now() -> datetime:
    """Tell the portal's time, aware UTC: the setting ``NOW`` where a test or a demo froze it."""
    return settings().now or real_now()


def real_now() -> datetime:
    """Tell the real time, aware UTC: leases, back-off, throttles and the age of forms run on it."""
    return datetime.now(UTC)
