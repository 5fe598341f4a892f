"""One appointment in the hands of the staff: all that is known of it, its details, its cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, abort, flash, request, url_for

from portal.admin import assigned_views
from portal.admin.appointment_forms import CancelForm, DetailsForm, NoteForm, details_of
from portal.admin.guard import BOOK, actor, needs, only, scope, staff
from portal.admin.mark_buttons import buttons_of, undo_of, undo_url
from portal.admin.moments import length_text
from portal.admin.offers import story_of_offer, story_of_place
from portal.admin.request_buttons import answering
from portal.admin.stories import Story, exchanged, mail_of, story_of
from portal.clock import now
from portal.domain.errors import StateChanged
from portal.domain.lifecycle import ACTIVE, Status, move_allowed
from portal.i18n import _, current_locale, hour
from portal.operations import appointments, assignments, cards, mail_log, marks, offer_lists, outbox, requests
from portal.operations.cards import AppointmentCard, HistoryLine
from portal.operations.marks import MARKS
from portal.operations.once import Once
from portal.operations.wishes import Details
from portal.web.asked import lost_text, room_text
from portal.web.custom_fields import answers_of, asking
from portal.web.responses import go, page

bp = Blueprint("appointments", __name__)
ONE = "/appointments/<public_id>"


@dataclass(frozen=True, slots=True)
class Can:
    """What may be done with an appointment now."""

    edit: bool
    move: bool
    cancel: bool
    undo: bool
    answer: bool
    reassign: bool


def can(card: AppointmentCard, at: datetime) -> Can:
    """Say what is possible: staff may move even what is over, for those who come a day late."""
    movable = move_allowed(card.status, Status.CANCELLED)
    return Can(
        edit=card.status in ACTIVE and card.end > at,
        move=movable and card.item is not None,
        cancel=movable and card.end > at,
        undo=card.undoable(at),
        answer=card.awaits(at),
        reassign=card.status in ACTIVE and card.end > at and card.wanted is None,
    )


def opened(public_id: str) -> AppointmentCard:
    """Open an appointment for somebody whose site it is; there is nothing here (404) for others."""
    card = cards.by_public_id(public_id)
    only(card.site.id)
    return card


@bp.get(ONE)
def show(public_id: str) -> Response:
    """Show everything about an appointment: when, who, its history, its mails."""
    return _shown(opened(public_id), NoteForm())


@bp.post(f"{ONE}/note")
@needs(BOOK)
def note(public_id: str) -> Response:
    """Keep a remark of the staff in the history."""
    card, form = opened(public_id), NoteForm(request.form)
    if not form.accepted():
        return _shown(card, form, 422)
    once = Once(f"staff-note:{staff().member.id}", form.key)
    marks.note(public_id, form.text.data, actor(), now=now(), once=once)
    flash(_("The note is kept."))
    return go(url_of(card))


def _shown(card: AppointmentCard, form: NoteForm, status: int = 200) -> Response:
    form.sign()
    at, history = now(), cards.history(card.public_id)
    answers = answering(card, at)
    room = requests.room(card, now=at) if answers is not None else None
    return page(
        "admin/appointments/show.html",
        status,
        appointment=card,
        answers=card.answers(current_locale()),
        assigned=assigned_views.shown(card),
        can=can(card, at),
        requested=answers,
        full=room_text(room) if room else "",
        lost=lost_text(room) if room else "",
        buttons=buttons_of(card, at),
        undo=undo_of(card, at),
        away=_since_text(card, history) or away_text(card, at),
        kept=_kept_text(card, at),
        history=_stories(card, history),
        mails=[mail_of(sending, card.zone, at) for sending in outbox.of_appointment(card.public_id)],
        over=not card.active(at),
        form=form,
    )


def _stories(card: AppointmentCard, history: Sequence[HistoryLine]) -> list[Story]:
    """Tell what happened to an appointment, the newest first, with what it was offered and what it gave to others."""
    asked = card.item.ever_asked if card.item else ()
    names = assignments.names(exchanged(history))
    told = [story_of(line, card.zone, asked, names) for line in reversed(history)]
    told += [story_of_offer(line) for line in offer_lists.of_appointment(card.id)]
    told += [story_of_place(place) for place in offer_lists.given_back(card.id)]
    return sorted(told, key=lambda story: story.at, reverse=True)


def _since_text(card: AppointmentCard, history: Sequence[HistoryLine]) -> str:
    """Say when it was marked as what it is; nothing while it is not marked."""
    marked = [line.at for line in history if line.kind == card.status and card.status in MARKS]
    if not marked:
        return ""
    at = hour(marked[-1], card.zone)
    return _("since %(hour)s", hour=at) if card.status is Status.ARRIVED else _("noted at %(hour)s", hour=at)


def away_text(card: AppointmentCard, at: datetime) -> str:
    """Say how far away an appointment is; nothing once it is over."""
    if not card.active(at):
        return ""
    if card.start > at:
        return _("in %(length)s", length=length_text(card.start - at))
    return _("begun %(length)s ago", length=length_text(at - card.start))


def _kept_text(card: AppointmentCard, at: datetime) -> str:
    """Say until when a cancelled appointment can be taken back."""
    if card.undo_until is None or not card.undoable(at):
        return ""
    return _("The place is kept until %(hour)s; only then do the e-mails leave.", hour=hour(card.undo_until, card.zone))


def url_of(card: AppointmentCard) -> str:
    """Give the address of an appointment's page."""
    return url_for("admin.appointments.show", public_id=card.public_id)


@bp.route(f"{ONE}/edit", methods=["GET", "POST"])
@needs(BOOK)
def edit(public_id: str) -> Response:
    """Change name, telephone, answers and message, never the time."""
    card = opened(public_id)
    if not can(card, now()).edit:
        raise StateChanged(status=card.status)
    asks = asking(DetailsForm, card.item.questions if card.item else (), needed=False, kept=card.fields)
    form = asks(request.form, **details_of(card))
    if request.method == "POST" and form.validate():
        details = Details(form.name.data, form.phone.data or "", form.comment.data or "", answers_of(form))
        appointments.edit(public_id, details, actor(), now=now())
        flash(_("The details are saved."))
        return go(url_of(card))
    return page(
        "admin/appointments/edit.html", 422 if form.errors else 200, form=form, appointment=card, back_url=url_of(card)
    )


@bp.route(f"{ONE}/cancel", methods=["GET", "POST"])
@needs(BOOK)
def cancel(public_id: str) -> Response:
    """Ask once, and whether the place is free at once or after the undo."""
    card = opened(public_id)
    if card.status is Status.CANCELLED:  # the second click of a double click, or Back
        return go(url_of(card))
    if not can(card, now()).cancel:
        raise StateChanged(status=card.status)
    form = CancelForm(request.form)
    if request.method == "POST" and form.validate():
        until = appointments.cancel(public_id, actor(), now=now(), undo=form.when.data == "undo")
        _tell_cancelled(card, until)
        return go(url_of(card))
    return page(
        "admin/appointments/cancel.html",
        422 if form.errors else 200,
        form=form,
        appointment=card,
        minutes=card.policy.undo,
        back_url=url_of(card),
    )


def _tell_cancelled(card: AppointmentCard, until: datetime | None) -> None:
    if until is None:
        flash(_("The appointment is cancelled."))
    else:
        flash(_("The appointment is cancelled, for now."), undo_url(card, Status.CANCELLED, url_of(card)))


@bp.post(f"{ONE}/mails/<row:number>/again")
@needs(BOOK)
def send_again(public_id: str, number: int) -> Response:
    """Give a mail that was refused or set aside a new start."""
    card = opened(public_id)
    if number not in {sending.id for sending in outbox.of_appointment(public_id)}:
        abort(404)
    mail_log.send_again(number, scope=scope(), now=now(), by=actor())
    flash(_("The e-mail is sent again."))
    return go(url_of(card))
