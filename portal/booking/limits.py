"""How often one address, and one mail address, may ask public pages for something."""

from __future__ import annotations

from flask import request
from flask_limiter.util import get_remote_address

from portal.extensions import limiter, settings

PER_MAIL = "20 per hour"  # nobody books or looks for appointments more often; a stranger's mailbox is not ours to fill


def by_address() -> str:
    """Give the limit of one network address; none when the setting is empty."""
    return settings().ratelimit_public


def _off() -> bool:
    return not settings().ratelimit_public


def _mail() -> str:
    return request.form.get("email", "").strip().casefold() or get_remote_address()


each_address = limiter.limit(by_address, exempt_when=_off)
each_mail = limiter.limit(PER_MAIL, key_func=_mail, methods=["POST"], exempt_when=_off)
