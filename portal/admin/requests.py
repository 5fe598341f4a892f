"""Requests: which wait for an answer, the oldest deadline first; accepted or declined, wherever one is shown.

Who accepts what is not free any more is a manager, and says why: it is kept in the history.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField

from portal.admin.appointments import ONE, opened
from portal.admin.filters import asked_filters
from portal.admin.forms import StaffForm
from portal.admin.guard import EDIT, actor, here, needs, scope
from portal.admin.order_forms import line_field
from portal.admin.paging import page_number
from portal.admin.request_buttons import answering
from portal.admin.telling import back_to, told, too_late
from portal.clock import now
from portal.domain.errors import Refusal, StateChanged
from portal.domain.fields import said
from portal.domain.zones import parse_instant
from portal.i18n import _, current_locale
from portal.operations import requests, validation
from portal.operations.cards import AppointmentCard
from portal.operations.requests import Room, Wanted
from portal.web.asked import GONE, lost_text, reason_field, room_text
from portal.web.responses import go, page, wants_fragment

bp = Blueprint("requests", __name__)
REASON = 300  # characters of why something is overbooked


class AcceptForm(StaffForm):
    """Yes to the start that was seen; ``reason`` is for a place that is not free."""

    start = HiddenField()
    reason: StringField = line_field(_l("Reason for overbooking"), REASON)


class DeclineForm(StaffForm):
    """No to the start that was seen."""

    start = HiddenField()
    reason = reason_field()


@bp.get("/requests")
def index() -> Response:
    """List what waits for an answer at the sites that one sees, by its deadline."""
    asked, at = asked_filters(("site", "planning", "service"), request.args), now()
    wanted = Wanted(asked.get("site"), asked.get("planning"), asked.get("service"))
    found = requests.search(wanted, now=at, scope=scope(), page=page_number())
    places, locale = requests.places(now=at, scope=scope()), current_locale()
    there = [one for one in places if asked.get("site") in (None, one.site)]
    return page(
        "admin/requests/index.html",
        found=found,
        lines=[(card, answering(card, at)) for card in found.requests],
        asked=asked,
        sites=_choices((one.site, one.site_name, one.number) for one in places),
        plannings=_choices((one.planning, one.planning_name, one.number) for one in there if one.planning),
        services=_choices((one.service, said(one.service_name, locale), one.number) for one in there if one.service),
        page_url=lambda number: url_for("admin.requests.index", **asked, page=number),
    )


def _choices(places: Iterable[tuple[str, str, int]]) -> list[tuple[str, str]]:
    """List where requests wait, with their number: "Bordeaux (3)"."""
    counts: dict[str, tuple[str, int]] = {}
    for key, name, number in places:
        counts[key] = (name, counts.get(key, (name, 0))[1] + number)
    return [(key, f"{name} ({number})") for key, (name, number) in counts.items()]


@bp.route(f"{ONE}/accept", methods=["GET", "POST"])
@needs(EDIT)
def accept(public_id: str) -> Response:
    """Confirm a request, or make the move that waits; what is not free any more asks for a reason."""
    card, form = opened(public_id), AcceptForm(request.form)
    room = requests.room(card, now=now()) if card.awaits(now()) else None
    if request.method != "POST":
        return _asked(card, form, room, "admin/requests/accept.html", 200)
    if not form.validate() or _lacks_reason(form, room):
        return _asked(card, form, room, "admin/requests/accept.html", 422)
    try:
        done = validation.accept(
            public_id, actor(), now=now(), start=parse_instant(form.start.data), overbook=_overbook(form, room)
        )
    except StateChanged as refusal:
        return too_late(refusal)
    except GONE as refusal:
        return _gone(card, form, refusal)
    return told(card, _("%(name)s: accepted.", name=_name(card)) if done else "")


def _lacks_reason(form: AcceptForm, room: Room | None) -> bool:
    """Ask for what was left out, where the place is known to be gone."""
    if "lost" not in request.form or form.reason.data or room is None or room.judged.offered:
        return False
    form.refuse("reason", _l("Say why this place is given although it is not free: it is kept in the history."))
    return True


def _overbook(form: AcceptForm, room: Room | None) -> str:
    """Give the reason, where one is needed."""
    return "" if room is None or room.judged.offered else form.reason.data or ""


def _gone(card: AppointmentCard, form: AcceptForm, refusal: Refusal) -> Response:
    """Show what is in the way; beside another page, go there."""
    if wants_fragment():
        return go(url_for("admin.requests.accept", public_id=card.public_id, next=back_to(card)))
    return _asked(card, form, requests.room(card, now=now()), "admin/requests/accept.html", refusal.status)


@bp.route(f"{ONE}/decline", methods=["GET", "POST"])
@needs(EDIT)
def decline(public_id: str) -> Response:
    """Refuse a request, or the move that waits, with a reason for the customer."""
    card, form = opened(public_id), DeclineForm(request.form)
    if request.method != "POST":
        return _asked(card, form, None, "admin/requests/decline.html", 200)
    if not form.validate():
        return _asked(card, form, None, "admin/requests/decline.html", 422)
    start, reason = parse_instant(form.start.data), form.reason.data or ""
    try:
        done = validation.decline(public_id, actor(), now=now(), start=start, reason=reason)
    except StateChanged as refusal:
        return too_late(refusal)
    return told(card, _("%(name)s: declined.", name=_name(card)) if done else "")


def _asked(card: AppointmentCard, form: Any, room: Room | None, template: str, status: int) -> Response:
    """Ask once more; what no longer waits for an answer is looked at instead."""
    if (answers := answering(card, now())) is None:
        return go(back_to(card))
    return page(
        template,
        status,
        appointment=card,
        form=form,
        answers=answers,
        back_url=back_to(card),
        action=here(),
        full=room_text(room) if room else "",
        lost=lost_text(room) if room else "",
    )


def _name(card: AppointmentCard) -> str:
    return card.name or card.reference
