"""Appointments: book, look up, move, cancel, correct."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from portal.api import answers, booking
from portal.api.callers import caller
from portal.api.given import AppointmentsQuery, Booking, Cancelling, Correction, Reassigning, Rescheduling
from portal.api.problems import ScopeNeeded
from portal.api.reader import Unreadable
from portal.api.room import room
from portal.api.shown import AppointmentAnswer, Appointments, CheckMail
from portal.clock import now
from portal.domain.errors import (
    ChangeTooLate,
    LimitReached,
    NotEligible,
    NotFound,
    OutsideWindow,
    SlotNotOffered,
    SlotTaken,
    StateChanged,
)
from portal.domain.lifecycle import Status
from portal.operations import appointment_lists, programs, reassigning
from portal.operations import appointments as book
from portal.operations.actors import Actor
from portal.operations.appointment_lists import Filter
from portal.operations.wishes import Details, Move

NO_PLACE = [SlotTaken, SlotNotOffered, OutsideWindow]
ONE = "/appointments/<public_id:id>"


@room.call(
    "POST",
    "/appointments",
    tag="Appointments",
    scope="book",
    public=True,
    body=Booking,
    answer=AppointmentAnswer,
    status=201,
    later=CheckMail,
    refusals=[ScopeNeeded, NotFound, *NO_PLACE, NotEligible, LimitReached],
    example={
        "site": "bordeaux",
        "planning": "quais",
        "start": "2026-12-08T08:30:00+01:00",
        "customer": {"email": "achats@example.com", "name": "Achats SA", "phone": "05 56 00 00 00", "locale": "fr"},
    },
    creates=True,
)
def book_appointment(given: Mapping[str, Any]) -> Response:
    """Book an appointment.

    A key books as staff: by capacity and hours only, in any planning or service, and may leave out of `fields` also
    what is required; with `"policy": "public"` by all rules. Without a key all rules apply, and only what takes guests
    is there. Of a service people are chosen by its rule, but for those who are picked; all of it is taken at once, or
    nothing. Where only customers may book, or the address must be confirmed first, the answer is 202 and
    nothing is booked: who comes goes on by the mail that is sent to the address, if it is a customer's.
    """
    return booking.made(booking.for_staff_or_guest(given, caller()), now())


@room.call(
    "GET",
    "/appointments",
    tag="Appointments",
    scope="read",
    query=AppointmentsQuery,
    answer=Appointments,
    refusals=[NotFound],
)
def list_appointments(asked: Mapping[str, Any]) -> Response:
    """List appointments by their start."""
    since, until = appointment_lists.local_bounds(asked.get("first"), asked.get("last"), site=asked.get("site"))
    wanted = Filter(
        since=since,
        until=until,
        site=asked.get("site"),
        planning=asked.get("planning"),
        service=asked.get("service"),
        resource=asked.get("staff"),
        statuses=_statuses(asked.get("status", "")),
        order=asked.get("order"),
        email=asked.get("email"),
    )
    found, following = programs.appointments(wanted, cursor=asked.get("after"), size=asked["limit"])
    return answers.answer({"appointments": answers.appointments(found), "next": following})


@room.call("GET", ONE, tag="Appointments", scope="read", answer=AppointmentAnswer, refusals=[NotFound])
def show_appointment(public_id: str) -> Response:
    """Show an appointment."""
    return shown(public_id)


@room.call(
    "POST",
    f"{ONE}/reschedule",
    tag="Appointments",
    scope="book",
    body=Rescheduling,
    answer=AppointmentAnswer,
    refusals=[NotFound, *NO_PLACE, StateChanged, ChangeTooLate],
    example={"start": "2026-12-08T10:00:00+01:00"},
    creates=True,
)
def reschedule(given: Mapping[str, Any], public_id: str) -> Response:
    """Move an appointment: the new place is taken and the old one freed at once, or nothing changes."""
    if given.get("overbook"):
        caller().require("admin")
    wish = Move(public_id, given["start"], _actor(given), once=caller().once(), overbook=given.get("overbook", ""))
    moved = book.move(wish, now=now())
    return shown(public_id, replayed=moved.replayed)


@room.call(
    "POST",
    f"{ONE}/reassign",
    tag="Appointments",
    scope="book",
    body=Reassigning,
    answer=AppointmentAnswer,
    refusals=[NotFound, StateChanged, SlotTaken, SlotNotOffered],
    example={"staff": "jean"},
)
def reassign(given: Mapping[str, Any], public_id: str) -> Response:
    """Give an appointment to somebody else at the same time.

    Both are told, and the customer. Whoever has it already keeps it: nothing is done twice.
    """
    reassigning.reassign(public_id, given["staff"], caller().actor(staff=True), now=now(), of=given.get("of"))
    return shown(public_id)


@room.call(
    "POST",
    f"{ONE}/cancel",
    tag="Appointments",
    scope="book",
    body=Cancelling,
    answer=AppointmentAnswer,
    refusals=[NotFound, StateChanged, ChangeTooLate],
)
def cancel(given: Mapping[str, Any], public_id: str) -> Response:
    """Cancel an appointment. Its place is free at once: there is no undo here."""
    book.cancel(public_id, _actor(given), now=now(), undo=False)
    return shown(public_id)


@room.call(
    "PATCH",
    ONE,
    tag="Appointments",
    scope="book",
    body=Correction,
    answer=AppointmentAnswer,
    refusals=[NotFound, StateChanged],
    example={"customer": {"phone": "05 56 00 00 00"}, "comment": "Camion de 12 m"},
)
def correct(given: Mapping[str, Any], public_id: str) -> Response:
    """Correct the details of an appointment, never its time.

    Of `fields`, those that are left out stay as they are; null takes an answer away.
    """
    details = Details(**given["customer"], comment=given.get("comment"), fields=given.get("answers"))
    book.edit(public_id, details, caller().actor(staff=True), now=now())
    return shown(public_id)


def _actor(given: Mapping[str, Any]) -> Actor:
    return caller().actor(staff=given.get("policy") != "public")


def shown(public_id: str, *, replayed: bool = False) -> Response:
    """Answer with an appointment as it stands now."""
    return answers.answer(answers.appointment(programs.appointment(public_id)), replayed=replayed)


def _statuses(text: str) -> list[str]:
    named = [name.strip() for name in text.split(",")] if text else []
    if any(name not in set(Status) for name in named):
        raise Unreadable("query", [(("status",), "not_a_choice")])
    return named
