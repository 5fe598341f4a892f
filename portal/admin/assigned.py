"""Somebody else takes an appointment over, at the same time: who could, and the exchange."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import StringField
from wtforms.validators import InputRequired

from portal.admin.appointment_forms import REASON
from portal.admin.appointments import ONE, opened, url_of
from portal.admin.assigned_views import at_this_time, minutes_text, unfit_text
from portal.admin.forms import StaffForm
from portal.admin.guard import BOOK, EDIT, actor, needs, staff
from portal.admin.order_forms import line_field
from portal.clock import now
from portal.domain.errors import Invalid, Refusal, SlotNotOffered, SlotTaken
from portal.domain.modes import people_chosen
from portal.domain.notices import What
from portal.i18n import _
from portal.operations import exchanges, reassigning
from portal.operations.cards import AppointmentCard
from portal.operations.reassigning import Choices, Eligible
from portal.operations.wishes import Exchange
from portal.web.responses import go, page
from portal.web.texts import explain, reason_text

bp = Blueprint("assigned", __name__)
REFUSED = (Invalid, SlotTaken, SlotNotOffered)


class ReassignForm(StaffForm):
    """Who takes over. ``reason`` is a manager's, for somebody who is not free."""

    to = StringField(_l("Who takes over?"), validators=[InputRequired(message=_l("Choose one of them."))])
    reason = line_field(_l("Reason for overbooking"), REASON)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody to choose; ``why_not`` in words where they are not free, ``move_url`` to take over at another time."""

    key: str
    name: str
    detail: str
    why_not: str
    move_url: str


@bp.route(f"{ONE}/reassign", methods=["GET", "POST"])
@needs(BOOK)
def reassign(public_id: str) -> Response:
    """Choose who takes an appointment over from the one in the address, at the same time.

    The address may name the one who is to take over: they are chosen already, or it is said why they cannot.
    """
    card, of = opened(public_id), request.args.get("of", "")
    form = ReassignForm(request.form, to=request.args.get("to"))
    refusal = _sent(form, card, of) if request.method == "POST" else None
    if request.method == "POST" and refusal is None and not form.errors:
        back = url_for("admin.assigned.give_back", public_id=public_id, of=form.to.data, to=of)
        flash(_("The appointment has changed hands."), back)
        return go(url_of(card))
    found = reassigning.choices(public_id, of, now=now())
    return page(
        "admin/appointments/reassign.html",
        refusal.status if refusal else 422 if form.errors else 200,
        appointment=card,
        form=form,
        had=found,
        free=[_candidate(one, card, of) for one in found.eligible if one.free],
        others=[_candidate(one, card, of) for one in found.eligible if not one.free],
        not_possible=_not_possible(card, found, request.args.get("to")),
        overbooks=staff().may(EDIT),
        told=card.tells(What.CHANGED) and people_chosen(card.policy.modes),
        action=url_for("admin.assigned.reassign", public_id=public_id, of=of),
        back_url=url_of(card),
    )


@bp.post(f"{ONE}/reassign/back")
@needs(BOOK)
def give_back(public_id: str) -> Response:
    """Take an exchange back: whoever had the appointment before has it again, if still free."""
    card, given = opened(public_id), request.args
    reassigning.reassign(public_id, given.get("to", ""), actor(), now=now(), of=given.get("of") or None)
    flash(_("The appointment is as it was."))
    return go(url_of(card))


def _sent(form: ReassignForm, card: AppointmentCard, of: str) -> Refusal | None:
    """Make the exchange; what is refused stays on the page."""
    if not form.validate():
        return None
    reason = (form.reason.data or "") if staff().may(EDIT) else ""
    try:
        reassigning.reassign(card.public_id, form.to.data or "", actor(), now=now(), of=of or None, overbook=reason)
    except REFUSED as refusal:
        if staff().may(EDIT) and not isinstance(refusal, Invalid):
            form.refuse("reason", _l("Not free at this time. Say why all the same: it is kept in the history."))
        else:
            form.refuse("to", explain(refusal))
        return refusal
    return None


def _not_possible(card: AppointmentCard, found: Choices, to: str | None) -> str:
    """Say why the one in the address cannot take over at this time; nothing where they can, or nobody is named."""
    if not to:
        return ""
    asked = next((one for one in found.eligible if one.key == to), None)
    if asked is not None:
        why_not = [reason_text(reason) for reason in asked.why_not]
        return at_this_time(asked.name, " ".join(why_not)) if why_not else ""
    try:
        exchanges.possible(card.public_id, Exchange(to, found.key))
    except Invalid as refusal:
        return unfit_text(refusal, card)
    return ""


def _candidate(one: Eligible, card: AppointmentCard, of: str) -> Candidate:
    load = one.load
    detail = _(
        "%(booked)s booked of %(open)s, %(appointments)s",
        booked=minutes_text(load.booked_minutes),
        open=minutes_text(load.open_minutes),
        appointments=_appointments(load.appointments),
    )
    why_not = reason_text(one.why_not[0]) if one.why_not else ""
    move_url = url_for("admin.moves.move", public_id=card.public_id, of=of, to=one.key)
    return Candidate(one.key, one.name, detail, why_not, move_url)


def _appointments(number: int) -> str:
    return str(ngettext("%(num)s appointment", "%(num)s appointments", number))
