"""How often somebody may ask for something: counted for pages and for programs alike, in memory or in Redis."""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import cast

from flask import Flask, current_app
from limits import RateLimitItem, parse_many
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from portal.clock import real_now
from portal.config import Settings
from portal.domain.errors import RateLimited

NAME = "rate_limits"


def count(limit: str, *whose: str) -> None:
    """Count one request against a limit such as "120 per minute"; an empty one is off. Raises RateLimited."""
    for item in _items(limit):
        if not _counter().hit(item, *whose):
            reset = _counter().get_window_stats(item, *whose).reset_time
            raise RateLimited(retry_after=max(1, ceil(reset - real_now().timestamp())))


@lru_cache(maxsize=16)
def _items(limit: str) -> tuple[RateLimitItem, ...]:
    return tuple(parse_many(limit)) if limit else ()


def _counter() -> FixedWindowRateLimiter:
    return cast(FixedWindowRateLimiter, current_app.extensions[NAME])


def init_app(app: Flask) -> None:
    """Open what requests are counted in."""
    given: Settings = app.config["SETTINGS"]
    app.extensions[NAME] = FixedWindowRateLimiter(storage_from_string(given.ratelimit_storage_uri))
