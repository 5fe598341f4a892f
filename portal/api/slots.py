"""What can be booked: slots, and the sites and plannings to ask them of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from portal.api import answers
from portal.api.callers import caller
from portal.api.given import SlotsQuery
from portal.api.problems import KeyNeeded, ScopeNeeded
from portal.api.room import ANY_SCOPE, room
from portal.api.shown import Plannings, Sites, Slots
from portal.clock import now
from portal.domain.errors import NotFound
from portal.domain.zones import local_day
from portal.operations import calendars, programs
from portal.web.visitors import somebody_looks


@room.call(
    "GET",
    "/slots",
    tag="Slots",
    scope=ANY_SCOPE,
    public=True,
    query=SlotsQuery,
    answer=Slots,
    refusals=[ScopeNeeded, NotFound],
)
def slots(asked: Mapping[str, Any]) -> Response:
    """List the free slots of a planning at a site.

    Without a key: plannings that take guests. A key with `read` or `book` sees them all.
    """
    who = caller()
    staff = asked["policy"] == "staff"
    if staff:
        who.require("book")
    if asked["reasons"] and who.key is None:
        raise KeyNeeded
    guest = not (who.has("read") or who.has("book"))
    found, following = calendars.slots(
        asked["site"],
        asked["planning"],
        asked["first"],
        asked["last"],
        now=now(),
        staff=staff,
        guest=guest,
        counted=who.key is None and somebody_looks(),
    )
    day = local_day(following.start, found.zone) if following else None
    return answers.answer(answers.slots(found, day, reasons=bool(asked["reasons"])))


@room.call("GET", "/sites", tag="Slots", scope="read", public=True, answer=Sites)
def sites() -> Response:
    """List the sites: those that take guests, and with a key all of them."""
    lines = programs.sites(public=not caller().has("read"))
    return answers.answer({"sites": [answers.site(line) for line in lines]})


@room.call("GET", "/plannings", tag="Slots", scope="read", public=True, answer=Plannings)
def plannings() -> Response:
    """List the plannings: those that take guests, and with a key all of them."""
    lines = programs.plannings(public=not caller().has("read"))
    return answers.answer({"plannings": [answers.planning(line) for line in lines]})
