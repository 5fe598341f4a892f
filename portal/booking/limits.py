"""How often one address, and one mail address, may ask public pages for something."""

from __future__ import annotations

from math import ceil

from flask import request
from flask_limiter.util import get_remote_address
from limits import parse

from portal.clock import real_now
from portal.domain.errors import RateLimited
from portal.extensions import limiter, settings

PER_MAIL = "20 per hour"  # nobody books or looks for appointments more often; a stranger's mailbox is not ours to fill
HOLDS = parse("60 per hour")  # places held while a form is open: nobody is to keep a whole day from others


def by_address() -> str:
    """Give the limit of one network address; none when the setting is empty."""
    return settings().ratelimit_public


def _off() -> bool:
    return not settings().ratelimit_public


def count_hold() -> None:
    """Count a place that is to be held for a network address. Raises RateLimited."""
    whose = ("holds", get_remote_address())
    if _off() or limiter.limiter.hit(HOLDS, *whose):
        return
    reset = limiter.limiter.get_window_stats(HOLDS, *whose).reset_time
    raise RateLimited(retry_after=max(1, ceil(reset - real_now().timestamp())))


def _mail() -> str:
    return request.form.get("email", "").strip().casefold() or get_remote_address()


each_address = limiter.limit(by_address, exempt_when=_off)
each_mail = limiter.limit(PER_MAIL, key_func=_mail, methods=["POST"], exempt_when=_off)
