"""How often somebody may ask for something: counted for pages and for programs alike, in memory or in Redis."""

from __future__ import annotations

import logging
from functools import lru_cache
from math import ceil
from typing import cast

from flask import Flask, current_app
from limits import RateLimitItem, parse_many
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from portal.clock import real_now
from portal.config import BadSetting, Settings
from portal.domain.errors import RateLimited

NAME = "rate_limits"
MEMORY = "memory://"
SECONDS = 1  # that a request waits for Redis
AWAY = 10  # seconds for which Redis is not asked again after it has not answered
log = logging.getLogger(__name__)


class Counter:
    """Counts requests where it is told to, and in this process alone while that does not answer."""

    def __init__(self, address: str) -> None:
        """Open what is counted in. Raises ConfigurationError for an address that names nothing known."""
        waits = {} if address == MEMORY else {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS}
        self._shared = FixedWindowRateLimiter(storage_from_string(address, wrap_exceptions=True, **waits))
        self._own = FixedWindowRateLimiter(storage_from_string(MEMORY))
        self._away_until = 0.0

    def full_until(self, item: RateLimitItem, whose: tuple[str, ...], now: float) -> float | None:
        """Count one more; where that is too many, give the second since 1970 from which more are allowed."""
        if now >= self._away_until:
            try:
                return _hit(self._shared, item, whose)
            except StorageError as away:
                log.warning("limits are counted by this process alone for %s seconds: %s", AWAY, away.storage_error)
                self._away_until = now + AWAY
        return _hit(self._own, item, whose)


def _hit(limiter: FixedWindowRateLimiter, item: RateLimitItem, whose: tuple[str, ...]) -> float | None:
    return None if limiter.hit(item, *whose) else limiter.get_window_stats(item, *whose).reset_time


def count(limit: str, *whose: str) -> None:
    """Count one request against a limit such as "120 per minute"; an empty one is off. Raises RateLimited."""
    items = _items(limit)
    if not items:
        return
    now = real_now().timestamp()
    counter = cast(Counter, current_app.extensions[NAME])
    for item in items:
        full_until = counter.full_until(item, whose, now)
        if full_until is not None:
            raise RateLimited(retry_after=max(1, ceil(full_until - now)))


@lru_cache(maxsize=16)
def _items(limit: str) -> tuple[RateLimitItem, ...]:
    return tuple(parse_many(limit)) if limit else ()


def init_app(app: Flask) -> None:
    """Open what requests are counted in. Raises BadSetting for an address or a limit that cannot be used."""
    given: Settings = app.config["SETTINGS"]
    _check("RATELIMIT_PUBLIC", given.ratelimit_public)
    _check("RATELIMIT_KEY", given.ratelimit_key)
    try:
        app.extensions[NAME] = Counter(given.ratelimit_storage_uri)
    except ConfigurationError as wrong:
        raise BadSetting(
            "RATELIMIT_STORAGE_URI must be memory:// or redis://host:6379/0, "
            f"for which the portal is installed with its extra: pip install 'creneau[redis]' ({wrong})"
        ) from wrong


def _check(name: str, limit: str) -> None:
    try:
        _items(limit)
    except ValueError as wrong:
        raise BadSetting(f'{name} must be a limit such as "120 per minute", or empty, not "{limit}"') from wrong
