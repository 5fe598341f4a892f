"""A request in the hands of those who answer it: what the mail to the site leads to. No login; the link is the right.

A GET changes nothing, for mail scanners follow every link. Who answers says which start was seen: a request that moved
meanwhile is shown again instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import Form, HiddenField
from wtforms.validators import AnyOf

from portal.booking.limits import each_address
from portal.booking.manage import purpose_of
from portal.clock import now
from portal.domain.errors import StateChanged
from portal.domain.lifecycle import Status
from portal.domain.zones import parse_instant
from portal.i18n import _, current_locale, day, hour
from portal.operations import answerers, requests, validation
from portal.operations.actors import BY_MAIL, Actor
from portal.operations.cards import AppointmentCard
from portal.web.asked import GONE, lost_text, reason_field, room_text
from portal.web.responses import go, page
from portal.web.step import page_values
from portal.web.visit import visit

bp = Blueprint("validate", __name__, url_prefix="/v")
each_address(bp)
LONGEST_NAME = 254  # characters of an actor's


class AnswerForm(Form):
    """Yes or no to the start that was seen; a reason for no."""

    answer = HiddenField(validators=[AnyOf(("accept", "decline"), message=_l("Choose one of the two."))])
    start = HiddenField()
    reason = reason_field()


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended: the banner of the page. ``text`` may be empty."""

    title: str
    text: str
    tone: str
    drawing: str


@bp.route("/<token>", methods=["GET", "POST"])
def answer(token: str) -> Response:
    """Show a request, and answer it."""
    (card, address), form = answerers.opened(token), AnswerForm(request.form)
    if request.method != "POST":
        return _shown(token, card, form, 200)
    if not form.validate():
        return _shown(token, card, form, 422)
    try:
        _answer(card, address, form)
    except StateChanged as refusal:
        return _shown(token, answerers.opened(token)[0], AnswerForm(), refusal.status, late=True)
    except GONE as refusal:
        return _shown(token, card, form, refusal.status)
    return go(_url(token))


def _answer(card: AppointmentCard, address: str, form: AnswerForm) -> None:
    actor = Actor(f"{BY_MAIL}{address}"[:LONGEST_NAME], "staff", staff=True)
    start = parse_instant(form.start.data)
    if form.answer.data == "accept":
        validation.accept(card.public_id, actor, now=now(), start=start)
    else:
        validation.decline(card.public_id, actor, now=now(), start=start, reason=form.reason.data or "")


def _shown(token: str, card: AppointmentCard, form: AnswerForm, status: int, *, late: bool = False) -> Response:
    waits = card.awaits(now())
    room = requests.room(card, now=now()) if waits else None
    return page(
        "booking/validate.html",
        status,
        appointment=card,
        form=form,
        action=_url(token),
        waits=waits,
        late=late,
        asked=card.asked,
        deadline=_moment(card) if waits else "",
        room=room_text(room) if room else "",
        lost=lost_text(room) if room else "",
        verdict=None if waits else _verdict(card),
        purpose=purpose_of(card),
        answers=card.answers(current_locale()),
        staff_url=url_for("admin.appointments.show", public_id=card.public_id),
    )


def _url(token: str) -> str:
    return url_for("validate.answer", token=token, **page_values(visit().carried))


def _moment(card: AppointmentCard) -> str:
    if card.answer_by is None:
        return ""
    return _("%(day)s at %(hour)s", day=day(card.answer_by.astimezone(card.zone)), hour=hour(card.answer_by, card.zone))


def _verdict(card: AppointmentCard) -> Verdict:
    """Say how a request ended, or the move that was asked for."""
    refusal = requests.refusal(card)
    reason = _("The reason given: %(reason)s", reason=refusal.reason) if refusal and refusal.reason else ""
    kind = refusal.kind if refusal else card.status.value
    if kind == "declined":
        return Verdict(_("Request declined"), reason, "bad", "cross")
    if kind == "move_declined":
        return Verdict(_("Move declined"), reason or _stays(), "bad", "cross")
    if kind == "move_expired":
        return Verdict(_("Too late to answer this move"), _stays(), "info", "clock")
    if card.status in (Status.EXPIRED, Status.REQUESTED) or card.wanted is not None:
        return Verdict(_("Too late to answer"), _("Nobody answered in time."), "info", "clock")
    if card.status is Status.CANCELLED:
        return Verdict(_("Cancelled meanwhile"), _("There is nothing to answer any more."), "info", "info")
    return Verdict(_("Appointment confirmed"), _("Nothing more is to be done."), "ok", "check")


def _stays() -> str:
    return _("The appointment stays where it is.")
