"""Moving an appointment by the rules of the staff: hours and capacity, and for managers a reason that lifts both.

Somebody else may take it over at the new time: the address names both, and one form confirms both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from portal.admin.appointment_forms import MoveForm
from portal.admin.appointments import ONE, opened, url_of
from portal.admin.assigned_views import at_this_time, unfit_text
from portal.admin.guard import BOOK, actor, needs, staff
from portal.admin.moments import moment_text
from portal.admin.places import Step, staff_picker, typed_moment, wanted_start
from portal.clock import now
from portal.domain.errors import Invalid, NotFound
from portal.domain.zones import parse_instant
from portal.i18n import _, rfc3339
from portal.operations import appointments, exchanges, staff_calendars
from portal.operations.cards import AppointmentCard
from portal.operations.exchanges import Taking
from portal.operations.once import Once
from portal.operations.wishes import Booked, Exchange, Move
from portal.web.days import day_view
from portal.web.paths import Paths
from portal.web.responses import go, page, show, wants_fragment
from portal.web.visit import KEY, visit

bp = Blueprint("moves", __name__)


@dataclass(frozen=True, slots=True)
class Moving:
    """An appointment on its way to another time; ``exchange`` names who takes it over there, ``taking`` is both."""

    card: AppointmentCard
    exchange: Exchange | None
    taking: Taking | None

    @property
    def keys(self) -> dict[str, str]:
        """What addresses carry of the exchange."""
        return {"of": self.exchange.of or "", "to": self.exchange.to} if self.exchange else {}

    @property
    def paths(self) -> Paths:
        """Where its pages are."""
        return Paths("admin.moves.move", "admin.moves.move", {"public_id": self.card.public_id, **self.keys})

    @property
    def back(self) -> str:
        """The address that takes the move back."""
        there: dict[str, Any] = {"of": self.exchange.to, "to": self.exchange.of} if self.exchange else {}
        start = rfc3339(self.card.start, self.card.zone)
        return url_for("admin.moves.take_back", public_id=self.card.public_id, start=start, **there)

    @property
    def shown(self) -> dict[str, Any]:
        """What both of its pages show."""
        return {"appointment": self.card, "taking": self.taking, "back_url": url_of(self.card)}


@bp.route(f"{ONE}/move", methods=["GET", "POST"])
@needs(BOOK)
def move(public_id: str) -> Response:
    """Choose another time, then confirm it, and with it who takes the appointment over where the address says so."""
    card, exchange = opened(public_id), _exchange()
    start = wanted_start(card.zone)
    if exchange is not None and start == card.start and request.method != "POST":  # this is no move
        return go(url_for("admin.assigned.reassign", public_id=public_id, of=exchange.of, to=exchange.to))
    try:
        taking = exchanges.possible(public_id, exchange) if exchange is not None else None
    except Invalid as refusal:
        return _refused(card, refusal)
    moving = Moving(card, exchange, taking)
    return _confirm(moving, start) if start is not None else _choose(moving)


@bp.post(f"{ONE}/move/back")
@needs(BOOK)
def take_back(public_id: str) -> Response:
    """Take a move back: the appointment returns to its time and to whoever had it, where both are still free."""
    card, start = opened(public_id), parse_instant(request.args.get("start"))
    if start is None:
        raise NotFound
    appointments.move(Move(public_id, start, actor(), exchange=_exchange()), now=now())
    flash(_("The appointment is as it was."))
    return go(url_of(card))


def _exchange() -> Exchange | None:
    """Read who takes the appointment over, and from whom; what cannot be read is as if it were not there."""
    of, to = (request.args.get(name, "") for name in ("of", "to"))
    return Exchange(to, of) if KEY.fullmatch(of) and KEY.fullmatch(to) else None


def _refused(card: AppointmentCard, refusal: Invalid) -> Response:
    """Say why an appointment cannot be given to the one in the address, and what can be done instead."""
    had = refusal.values.get("problem") != "not_assigned"
    give_url = url_for("admin.assigned.reassign", public_id=card.public_id, of=request.args["of"]) if had else ""
    return page(
        "admin/appointments/move_refused.html",
        refusal.status,
        appointment=card,
        text=unfit_text(refusal, card),
        move_url=url_for("admin.moves.move", public_id=card.public_id),
        give_url=give_url,
        back_url=url_of(card),
    )


def _choose(moving: Moving) -> Response:
    asked, card, exchange = visit(), moving.card, moving.exchange
    if wants_fragment() and asked.day is not None:
        _card, found = staff_calendars.move_day(card.public_id, asked.day, now=now(), exchange=exchange)
        view = day_view(found, asked, moving.paths)
        return show("admin/appointments/move.html", "booking/_slots.html", day=view)
    _card, calendar = staff_calendars.move_month(
        card.public_id, now=now(), month=asked.month, day=asked.day, exchange=exchange
    )
    return show(
        "admin/appointments/move.html",
        "booking/_pick.html",
        picker=staff_picker(calendar, asked, moving.paths),
        now_text=moment_text(card.start, card.zone),
        moment=typed_moment(),
        moment_url=url_for("admin.moves.move", public_id=card.public_id),
        moment_values=list(moving.keys.items()),
        **moving.shown,
    )


def _confirm(moving: Moving, start: datetime) -> Response:
    form, card = MoveForm(request.form), moving.card
    step = Step.open(
        form, lambda: staff_calendars.move_choice(card.public_id, start, now=now(), exchange=moving.exchange)[1]
    )
    if request.method == "POST" and (moved := step.take(lambda reason: _move(form, moving, start, reason))):
        flash(_moved_text(moving), "message" if moved.replayed else moving.back)
        return go(url_of(card))
    values = step.values()
    if values["lost"] and moving.taking is not None:
        values["lost"] = at_this_time(moving.taking.bound.card.name, values["lost"])
    return page(
        "admin/appointments/move_confirm.html",
        step.status,
        pick_url=moving.paths.to_page,
        action=moving.paths.to_send,
        **moving.shown,
        **values,
    )


def _move(form: MoveForm, moving: Moving, start: datetime, reason: str) -> Booked:
    once = Once(f"staff-move:{staff().member.id}", form.key)
    wish = Move(moving.card.public_id, start, actor(), once, reason, exchange=moving.exchange)
    return appointments.move(wish, now=now())


def _moved_text(moving: Moving) -> str:
    if moving.taking is None:
        return _("The appointment is moved.")
    return _("The appointment is moved, and %(name)s has it now.", name=moving.taking.bound.card.name)
