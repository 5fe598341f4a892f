"""Booking links to a service at a site, made by programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from portal.api import answers
from portal.api.callers import caller
from portal.api.given import ServiceLinkGiven
from portal.api.orders import SCOPE
from portal.api.room import room
from portal.api.shown import LinkMade
from portal.clock import now
from portal.domain.errors import NotFound
from portal.operations import service_links
from portal.operations.invitations import Guest
from portal.operations.links import Scope


@room.call(
    "POST",
    "/services/<service>/links",
    tag="Links",
    scope="orders",
    body=ServiceLinkGiven,
    answer=LinkMade,
    status=201,
    refusals=[NotFound],
    example={"site": "bordeaux", "last_day": "2026-12-18", "max_active": 1, "send_to": "camille@example.com"},
    creates=True,
)
def make_service_link(given: Mapping[str, Any], service: str) -> Response:
    """Make a booking link for a service at a site, also one that takes no guests; mail it with `send_to`."""
    scope = Scope(**{name: given[name] for name in SCOPE if name in given})
    to = Guest(None, given["send_to"], given["locale"]) if given["send_to"] else None
    site, by = service_links.site_of(service, given["site"]), caller().actor(staff=True)
    made = service_links.create(service, site.key, now=now(), scope=scope, to=to, once=caller().once(), by=by)
    return answers.answer(answers.made_link(made, site.zone), 201, replayed=made.replayed)
