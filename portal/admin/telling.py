"""What was just done, said where it was done: on the page that comes next or, where scripts run, beside the page."""

from __future__ import annotations

from flask import Response, flash, request

from portal.admin.appointments import url_of
from portal.admin.guard import own_path
from portal.domain.errors import StateChanged
from portal.operations.cards import AppointmentCard
from portal.web import texts
from portal.web.responses import go, page, wants_fragment


def back_to(card: AppointmentCard) -> str:
    """Give the page on which the button stood (``next``), else the appointment's own."""
    return own_path(request.args.get("next")) or url_of(card)


def told(card: AppointmentCard, text: str, undo: str = "") -> Response:
    """Say what was done, with the way back from it, and show the page again as it is now."""
    if wants_fragment():
        return said(text, undo)
    if text:
        flash(text, undo or "message")
    return go(back_to(card))


def too_late(refusal: StateChanged) -> Response:
    """Say beside the page that somebody was quicker; without scripts it is a page of its own."""
    if not wants_fragment():
        raise refusal
    return said(texts.explain(refusal), "")


def said(text: str, undo: str) -> Response:
    """Say something at the foot of the page, and ask it to look again."""
    response = page("admin/_said.html", text=text, undo=undo)
    response.headers["HX-Trigger"] = "refresh"
    return response
