"""Arrived, completed, did not come: one click each, and one to take it back, wherever an appointment is shown.

Every button is a form with an address of its own, which says where it stood (``next``): there the browser comes back
to. Where scripts run, the page stays: a word about it comes instead, and the page is asked to look again.
"""

from __future__ import annotations

from flask import Blueprint, Response, flash, request

from portal.admin.appointments import ONE, opened, url_of
from portal.admin.guard import BOOK, actor, needs, own_path
from portal.admin.mark_buttons import BY_NAME, undo_url
from portal.clock import now
from portal.domain.errors import StateChanged
from portal.domain.lifecycle import Status
from portal.i18n import _
from portal.operations import marks
from portal.operations.cards import AppointmentCard
from portal.web import texts
from portal.web.responses import go, page, wants_fragment

bp = Blueprint("marks", __name__)


@bp.post(f"{ONE}/<any(arrive, complete, 'no-show'):act>")
@needs(BOOK)
def mark(public_id: str, act: str) -> Response:
    """Mark an appointment; the second click of a double click says nothing more."""
    card, wanted = opened(public_id), BY_NAME[act]
    try:
        done = marks.mark(public_id, wanted.status, actor(), now=now())
    except StateChanged as refusal:
        return _refused(refusal)
    url = undo_url(card, wanted.status, _back(card))
    return _told(card, _done_text(card, wanted.status) if done else "", url)


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
        return _refused(refusal)
    restored = _("The appointment is restored.") if of is Status.CANCELLED else _("%(name)s: undone.", name=_name(card))
    return _told(card, restored if done else "")


def _done_text(card: AppointmentCard, status: Status) -> str:
    return {
        Status.ARRIVED: _("%(name)s: arrived.", name=_name(card)),
        Status.COMPLETED: _("%(name)s: completed.", name=_name(card)),
        Status.NO_SHOW: _("%(name)s: did not come.", name=_name(card)),
    }[status]


def _name(card: AppointmentCard) -> str:
    return card.name or card.reference


def _back(card: AppointmentCard) -> str:
    return own_path(request.args.get("next")) or url_of(card)


def _told(card: AppointmentCard, text: str, undo: str = "") -> Response:
    """Say what was done, with the way back from it, and show the page again as it is now."""
    if wants_fragment():
        return _said(text, undo)
    if text:
        flash(text, undo or "message")
    return go(_back(card))


def _refused(refusal: StateChanged) -> Response:
    """Say beside the page that somebody was quicker; without scripts it is a page of its own."""
    if not wants_fragment():
        raise refusal
    return _said(texts.explain(refusal), "")


def _said(text: str, undo: str) -> Response:
    response = page("admin/_said.html", text=text, undo=undo)
    response.headers["HX-Trigger"] = "refresh"
    return response
