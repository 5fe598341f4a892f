"""What can be booked: slots, and the sites, plannings, services and resources to ask them of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from portal.api import answers
from portal.api.callers import caller
from portal.api.given import SlotsQuery
from portal.api.problems import KeyNeeded, ScopeNeeded
from portal.api.room import ANY_SCOPE, room
from portal.api.shown import Plannings, Resources, Services, Sites, Slots
from portal.clock import now
from portal.domain.errors import NotFound
from portal.operations import programs, searches
from portal.operations.choosing import Picked
from portal.operations.searches import Range
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
    """List the free slots of a planning, or of a service, at a site.

    Without a key: what takes guests. A key with `read` or `book` sees all. `staff` are the people who could be given a
    start; whoever is picked by `staff` or `resources` is free at every start that is listed, together with the others.
    """
    who = caller()
    staff = asked["policy"] == "staff"
    if staff:
        who.require("book")
    if asked["reasons"] and who.key is None:
        raise KeyNeeded
    found = searches.at_site(
        asked["site"],
        wanted(asked),
        now=now(),
        staff=staff,
        guest=not (who.has("read") or who.has("book")),
        counted=who.key is None and somebody_looks(),
    )
    return answers.answer(answers.slots(found, reasons=bool(asked["reasons"])))


def wanted(asked: Mapping[str, Any]) -> Range:
    """Read the days, what is booked, and what is picked."""
    picked = Picked(asked.get("staff", ()), asked.get("resources", ()), asked["quantity"], asked["iterations"])
    return Range(asked["first"], asked["last"], asked.get("planning"), asked.get("service"), picked)


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


@room.call("GET", "/services", tag="Slots", scope="read", public=True, answer=Services)
def services() -> Response:
    """List the services: those that take guests, and with a key all of them, with what they need."""
    inside = caller().has("read")
    lines = programs.services(public=not inside)
    return answers.answer({"services": [answers.service(line, inside=inside) for line in lines]})


@room.call("GET", "/resources", tag="Slots", scope="read", answer=Resources)
def resources() -> Response:
    """List the people, rooms and assets that are in use."""
    return answers.answer({"resources": [answers.resource(line) for line in programs.resources()]})
