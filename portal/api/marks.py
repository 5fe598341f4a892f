"""What became of appointments, written down by programs: arrived, completed, did not come, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from portal.api.appointments import ONE, shown
from portal.api.callers import caller
from portal.api.given import Marking, Undoing
from portal.api.room import room
from portal.api.shown import AppointmentAnswer
from portal.clock import now
from portal.domain.errors import NotFound, StateChanged
from portal.domain.lifecycle import Status
from portal.operations import marks


@room.call(
    "POST",
    f"{ONE}/arrive",
    tag="Appointments",
    scope="book",
    body=Marking,
    answer=AppointmentAnswer,
    refusals=[NotFound, StateChanged],
)
def arrive(_given: Mapping[str, Any], public_id: str) -> Response:
    """Write down that somebody has arrived. Done already, it changes nothing."""
    return _marked(public_id, Status.ARRIVED)


@room.call(
    "POST",
    f"{ONE}/complete",
    tag="Appointments",
    scope="book",
    body=Marking,
    answer=AppointmentAnswer,
    refusals=[NotFound, StateChanged],
)
def complete(_given: Mapping[str, Any], public_id: str) -> Response:
    """Write down that the appointment is over and done. Its place is kept to the end."""
    return _marked(public_id, Status.COMPLETED)


@room.call(
    "POST",
    f"{ONE}/no-show",
    tag="Appointments",
    scope="book",
    body=Marking,
    answer=AppointmentAnswer,
    refusals=[NotFound, StateChanged],
)
def miss(_given: Mapping[str, Any], public_id: str) -> Response:
    """Write down that nobody came: only after the start."""
    return _marked(public_id, Status.NO_SHOW)


@room.call(
    "POST",
    f"{ONE}/undo",
    tag="Appointments",
    scope="book",
    body=Undoing,
    answer=AppointmentAnswer,
    refusals=[NotFound, StateChanged],
    example={"status": "arrived"},
)
def undo(given: Mapping[str, Any], public_id: str) -> Response:
    """Take the last thing back: an arrival, a completion, a no-show, or a cancellation whose place is still kept."""
    of = Status(given["status"]) if "status" in given else None
    marks.undo(public_id, caller().actor(staff=True), now=now(), of=of)
    return shown(public_id)


def _marked(public_id: str, status: Status) -> Response:
    marks.mark(public_id, status, caller().actor(staff=True), now=now())
    return shown(public_id)
