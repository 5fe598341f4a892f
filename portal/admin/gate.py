"""The gate: who stands there, and are they expected now? The code on paper leads here; it holds the reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, request, url_for

from portal.admin.guard import only
from portal.admin.mark_buttons import buttons_of, undo_of
from portal.admin.moments import day_text, length_text
from portal.clock import now
from portal.domain.errors import NotFound
from portal.domain.lifecycle import ACTIVE, Status
from portal.domain.zones import local_day
from portal.i18n import _, hour
from portal.operations import cards, marks
from portal.operations.cards import AppointmentCard
from portal.operations.having import all_of, having_of
from portal.operations.marks import MARKS
from portal.operations.stands import LATE
from portal.web.responses import go, page

bp = Blueprint("gate", __name__, url_prefix="/gate")
EARLY = timedelta(minutes=30)  # before the start, from when on somebody is simply on time
LONGEST = 60  # characters of a reference


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the agent at the gate reads first: a few words, a sentence, a colour and a drawing."""

    title: str
    text: str
    tone: str
    drawing: str


def verdict(card: AppointmentCard, at: datetime, since: datetime | None = None) -> Verdict:
    """Compare an appointment with the clock at the gate; ``since``: when it was marked as what it is."""
    if card.status in MARKS and since is not None:
        return _marked(card, since, at)
    if card.status not in ACTIVE:
        return _unexpected(card)
    away = card.start - at
    if local_day(card.start, card.zone) != local_day(at, card.zone) and not card.start <= at < card.end:
        return _other_day(card, at, away)
    expected = _("Expected at %(hour)s.", hour=hour(card.start, card.zone))
    if away > EARLY:
        return Verdict(_("Early by %(length)s", length=length_text(away)), expected, "info", "clock")
    if away >= -LATE:
        return Verdict(_("On time"), expected, "ok", "check")
    late = _("Late by %(length)s", length=length_text(away))
    if at >= card.end:
        over = _("The appointment ended at %(hour)s.", hour=hour(card.end, card.zone))
        return Verdict(late, f"{expected} {over}", "bad", "alert")
    return Verdict(late, expected, "wait", "clock")


def _marked(card: AppointmentCard, since: datetime, at: datetime) -> Verdict:
    """Say what is known of it already: the same lorry may be asked twice."""
    expected = _("Expected at %(hour)s.", hour=hour(card.start, card.zone))
    when = _("Noted %(day)s at %(hour)s.", day=day_text(since, card.zone, at), hour=hour(since, card.zone))
    title, tone, drawing = {
        Status.ARRIVED: (_("Arrived"), "ok", "check"),
        Status.COMPLETED: (_("Completed"), "info", "check"),
        Status.NO_SHOW: (_("Did not come"), "bad", "cross"),
    }[card.status]
    return Verdict(title, f"{when} {expected}", tone, drawing)


def _unexpected(card: AppointmentCard) -> Verdict:
    title = _("Cancelled") if card.status is Status.CANCELLED else _("Not expected")
    return Verdict(title, _("Nobody is expected any more."), "bad", "cross")


def _other_day(card: AppointmentCard, at: datetime, away: timedelta) -> Verdict:
    when = {"day": day_text(card.start, card.zone, at), "hour": hour(card.start, card.zone)}
    if away > timedelta(0):
        return Verdict(_("Not today"), _("Expected %(day)s at %(hour)s.", **when), "wait", "calendar")
    return Verdict(_("Not today"), _("Was expected %(day)s at %(hour)s.", **when), "bad", "calendar")


@bp.get("/")
def ask() -> Response:
    """Ask for a reference."""
    typed = request.args.get("reference", "")[:LONGEST]
    if reference := "".join(letter for letter in typed if letter.isalnum() or letter == "-").strip("-"):
        return go(url_for("admin.gate.show", reference=reference))
    return page("admin/appointments/gate_ask.html", reference=typed, unknown=bool(typed))


@bp.get("/<path:reference>")
def show(reference: str) -> Response:
    """Show who stands at the gate, however the reference was typed."""
    try:
        card = cards.by_reference(reference[:LONGEST])
    except NotFound:
        return page("admin/appointments/gate_ask.html", 404, reference=reference[:LONGEST], unknown=True)
    only(card.site.id)
    at, since = now(), marks.since(card)
    return page(
        "admin/appointments/gate.html",
        appointment=card,
        having=all_of(having_of(card).get(card.id, ())),
        verdict=verdict(card, at, since),
        due=local_day(card.start, card.zone) == local_day(at, card.zone),
        buttons=buttons_of(card, at),
        undo=undo_of(card, at),
    )
