"""Requests that wait for an answer, and moves that do: accepted or declined by programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from portal.api.appointments import ONE, shown
from portal.api.callers import caller
from portal.api.given import Accepting, Declining
from portal.api.problems import ScopeNeeded
from portal.api.room import room
from portal.api.shown import AppointmentAnswer
from portal.clock import now
from portal.domain.errors import NotFound, SlotNotOffered, SlotTaken, StateChanged
from portal.operations import validation


@room.call(
    "POST",
    f"{ONE}/accept",
    tag="Appointments",
    scope="book",
    body=Accepting,
    answer=AppointmentAnswer,
    refusals=[ScopeNeeded, NotFound, StateChanged, SlotTaken, SlotNotOffered],
)
def accept(given: Mapping[str, Any], public_id: str) -> Response:
    """Accept a request, or the move that waits for its answer.

    Hours and capacity are judged again. Accepted already, it changes nothing; once the time to answer (`answer_by`) is
    over, it is refused.
    """
    if given.get("overbook"):
        caller().require("admin")
    who, overbook = caller().actor(staff=True), given.get("overbook", "")
    validation.accept(public_id, who, now=now(), start=given.get("start"), overbook=overbook)
    return shown(public_id)


@room.call(
    "POST",
    f"{ONE}/decline",
    tag="Appointments",
    scope="book",
    body=Declining,
    answer=AppointmentAnswer,
    refusals=[NotFound, StateChanged],
    example={"reason": "Le quai est en travaux."},
)
def decline(given: Mapping[str, Any], public_id: str) -> Response:
    """Decline a request, or the move that waits: the place that was asked for is free at once.

    The customer reads the reason. Declined already, it changes nothing.
    """
    who, reason = caller().actor(staff=True), given.get("reason", "")
    validation.decline(public_id, who, now=now(), start=given.get("start"), reason=reason)
    return shown(public_id)
