"""Arrived, completed, did not come: one click each, and one to take it back, wherever an appointment is shown.

Every button is a form with an address of its own, which says where it stood (``next``): there the browser comes back
to. Where scripts run, the page stays: a word about it comes instead, and the page is asked to look again.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from portal.admin.appointments import ONE, opened
from portal.admin.guard import BOOK, actor, needs
from portal.admin.mark_buttons import BY_NAME, undo_url
from portal.admin.telling import back_to, told, too_late
from portal.clock import now
from portal.domain.errors import StateChanged
from portal.domain.lifecycle import Status
from portal.i18n import _
from portal.operations import marks
from portal.operations.cards import AppointmentCard

bp = Blueprint("marks", __name__)


@bp.post(f"{ONE}/<any(arrive, complete, 'no-show'):act>")
@needs(BOOK)
def mark(public_id: str, act: str) -> Response:
    """Mark an appointment; the second click of a double click says nothing more."""
    card, wanted = opened(public_id), BY_NAME[act]
    try:
        done = marks.mark(public_id, wanted.status, actor(), now=now())
    except StateChanged as refusal:
        return too_late(refusal)
    url = undo_url(card, wanted.status, back_to(card))
    return told(card, _done_text(card, wanted.status) if done else "", url)


@bp.post(f"{ONE}/undo")
@needs(BOOK)
def undo(public_id: str) -> Response:
    """Take back a mark, or a cancellation while its place is kept."""
    card = opened(public_id)
    asked = request.args.get("of", "")
    of = Status(asked) if asked in marks.MARKS else Status.CANCELLED
    try:
        done = marks.undo(public_id, actor(), now=now(), of=of)
    except StateChanged as refusal:
        return too_late(refusal)
    restored = _("The appointment is restored.") if of is Status.CANCELLED else _("%(name)s: undone.", name=_name(card))
    return told(card, restored if done else "")


def _done_text(card: AppointmentCard, status: Status) -> str:
    return {
        Status.ARRIVED: _("%(name)s: arrived.", name=_name(card)),
        Status.COMPLETED: _("%(name)s: completed.", name=_name(card)),
        Status.NO_SHOW: _("%(name)s: did not come.", name=_name(card)),
    }[status]


def _name(card: AppointmentCard) -> str:
    return card.name or card.reference
