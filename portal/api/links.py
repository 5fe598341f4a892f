"""What a booking link opens: the order, its slots, and booking for it. The token is the right; no key is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from portal.api import answers, booking
from portal.api.given import LinkBooking, LinkSlotsQuery
from portal.api.room import room
from portal.api.shown import AppointmentAnswer, LinkAnswer, Slots
from portal.api.slots import wanted
from portal.clock import now
from portal.domain.errors import (
    LimitReached,
    LinkExpired,
    LinkUnknown,
    NotEligible,
    NotFound,
    OutsideWindow,
    SlotNotOffered,
    SlotTaken,
)
from portal.operations import programs, searches, usage
from portal.web.visitors import somebody_looks

CLOSED = [LinkUnknown, LinkExpired]


@room.call("GET", "/links/<token>", tag="Links", answer=LinkAnswer, refusals=CLOSED)
def link(token: str) -> Response:
    """Show the order of a booking link, and its appointments past and to come."""
    found = programs.link(token, now=now())
    usage.note_use("link", found.link.id, now())
    return answers.answer(answers.link(found))


@room.call("GET", "/links/<token>/slots", tag="Links", query=LinkSlotsQuery, answer=Slots, refusals=[*CLOSED, NotFound])
def link_slots(asked: Mapping[str, Any], token: str) -> Response:
    """List the free slots for an order.

    When several plannings and services serve it and none is given, the refusal names them in `plannings` and
    `services`.
    """
    opened, found = searches.by_link(token, wanted(asked), now=now(), counted=somebody_looks())
    usage.note_use("link", opened.id, now())
    return answers.answer(answers.slots(found))


@room.call(
    "POST",
    "/links/<token>/appointments",
    tag="Links",
    body=LinkBooking,
    answer=AppointmentAnswer,
    status=201,
    refusals=[*CLOSED, NotFound, SlotTaken, SlotNotOffered, OutsideWindow, NotEligible, LimitReached],
    example={"start": "2026-12-08T08:30:00+01:00", "customer": {"name": "Achats SA"}},
    creates=True,
)
def book_link(given: Mapping[str, Any], token: str) -> Response:
    """Book for an order. What the order knows of its customer need not be sent, and cannot be changed."""
    return booking.made(booking.for_order(given, token, now()), now())
