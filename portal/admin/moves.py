"""Moving an appointment by the rules of the staff: hours and capacity, and for managers a reason that lifts both."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, flash, request, url_for

from portal.admin.appointment_forms import MoveForm
from portal.admin.appointments import ONE, url_of
from portal.admin.guard import BOOK, actor, needs, only, staff
from portal.admin.moments import moment_text
from portal.admin.places import Step, staff_picker, typed_moment, wanted_start
from portal.clock import now
from portal.i18n import _
from portal.operations import appointments, staff_calendars
from portal.operations import cards as book
from portal.operations.cards import AppointmentCard
from portal.operations.once import Once
from portal.operations.wishes import Booked, Move
from portal.web.picker import Paths, day_view
from portal.web.responses import go, page, show, wants_fragment
from portal.web.visit import visit

bp = Blueprint("moves", __name__)


@bp.route(f"{ONE}/move", methods=["GET", "POST"])
@needs(BOOK)
def move(public_id: str) -> Response:
    """Choose another time, then confirm it."""
    card = book.by_public_id(public_id)
    only(card.site.id)
    paths = Paths("admin.moves.move", "admin.moves.move", {"public_id": public_id})
    if (start := wanted_start(card.zone)) is not None:
        return _confirm(card, start, paths)
    return _choose(card, paths)


def _choose(card: AppointmentCard, paths: Paths) -> Response:
    asked = visit()
    if wants_fragment() and asked.day is not None:
        _card, found = staff_calendars.move_day(card.public_id, asked.day, now=now())
        return show("admin/appointments/move.html", "booking/_slots.html", day=day_view(found, asked, paths))
    _card, calendar = staff_calendars.move_month(card.public_id, now=now(), month=asked.month, day=asked.day)
    return show(
        "admin/appointments/move.html",
        "booking/_pick.html",
        picker=staff_picker(calendar, asked, paths),
        appointment=card,
        now_text=moment_text(card.start, card.zone),
        moment=typed_moment(),
        moment_url=url_for("admin.moves.move", public_id=card.public_id),
        back_url=url_of(card),
    )


def _confirm(card: AppointmentCard, start: datetime, paths: Paths) -> Response:
    form = MoveForm(request.form)
    step = Step.open(form, lambda: staff_calendars.move_choice(card.public_id, start, now=now())[1])
    if request.method == "POST" and step.take(lambda reason: _move(form, card, start, reason)):
        flash(_("The appointment is moved."))
        return go(url_of(card))
    return page(
        "admin/appointments/move_confirm.html",
        step.status,
        appointment=card,
        pick_url=paths.to_page,
        back_url=url_of(card),
        action=paths.to_send,
        **step.values(),
    )


def _move(form: MoveForm, card: AppointmentCard, start: datetime, reason: str) -> Booked:
    once = Once(f"staff-move:{staff().member.id}", form.key)
    return appointments.move(Move(card.public_id, start, actor(), once, reason), now=now())
