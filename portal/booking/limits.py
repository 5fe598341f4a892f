"""How often one address, and one mail address, may ask public pages for something."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Blueprint, request

from portal.domain.networks import network
from portal.extensions import settings
from portal.web.limits import count

P = ParamSpec("P")
R = TypeVar("R")

PER_MAIL = "20 per hour"  # nobody books or looks for appointments more often; a stranger's mailbox is not ours to fill
HOLDS = "60 per hour"  # places held while a form is open: nobody is to keep a whole day from others


def each_address(bp: Blueprint) -> None:
    """Count the requests of each network address to every page of a blueprint; nothing when the setting is empty."""
    bp.before_request(_count_address)


def _count_address() -> None:
    count(settings().ratelimit_public, "page", request.endpoint or "-", _address())


def count_hold() -> None:
    """Count a place that is to be held for a network address. Raises RateLimited."""
    if settings().ratelimit_public:
        count(HOLDS, "holds", _address())


def each_mail(view: Callable[P, R]) -> Callable[P, R]:
    """Count what is sent to a page for a mail address."""

    @wraps(view)
    def counted(*args: P.args, **kwargs: P.kwargs) -> R:
        if request.method == "POST" and settings().ratelimit_public:
            count(PER_MAIL, "page-mail", request.endpoint or "-", _mail())
        return view(*args, **kwargs)

    return counted


def _mail() -> str:
    return request.form.get("email", "").strip().casefold() or _address()


def _address() -> str:
    return network(request.remote_addr or "-")
