"""What an appointment's page says on top, and what happens next, for each of its states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.domain.lifecycle import Status
from portal.domain.window import change_cutoff
from portal.i18n import _, day_short, hour
from portal.operations.cards import AppointmentCard


@dataclass(frozen=True, slots=True)
class State:
    """The banner: title, text, colour and drawing. ``gone``: nobody is expected any more. ``next`` heads the steps."""

    title: str
    text: str
    tone: str
    drawing: str
    gone: bool
    next: str


def state_of(card: AppointmentCard, at: datetime) -> State:
    """Word the state of an appointment at this moment."""
    after = _("What happens now")
    if card.undo_until is not None and card.undoable(at):
        kept = _(
            "Your place is kept until %(hour)s. After that it is free for others.", hour=_hour(card, card.undo_until)
        )
        return State(_("Appointment cancelled"), kept, "wait", "undo", True, _("If you do nothing"))
    if card.status in (Status.CANCELLED, Status.DECLINED, Status.EXPIRED):
        return State(_ended_title(card.status), _("Your place is free for others."), "info", "info", True, after)
    if card.status in (Status.HELD, Status.REQUESTED):
        return State(
            _("Request received"), _("We will write to you as soon as it is approved."), "wait", "clock", False, after
        )
    if not card.active(at):
        return State(_("Past appointment"), "", "info", "clock", True, after)
    return State(_("Appointment confirmed"), _sent_to(card), "ok", "check", False, after)


def _ended_title(status: Status) -> str:
    titles = {Status.DECLINED: _("Request declined"), Status.EXPIRED: _("Request expired")}
    return titles.get(status) or _("Appointment cancelled")


def _sent_to(card: AppointmentCard) -> str:
    return _("The details are sent to %(email)s.", email=card.email) if card.email else ""


def _hour(card: AppointmentCard, moment: datetime) -> str:
    return hour(moment, card.zone)


def steps_of(card: AppointmentCard, at: datetime) -> list[str]:
    """List what happens next, in short sentences."""
    if card.undo_until is not None and card.undoable(at):
        freed = _("At %(hour)s your place is given back.", hour=_hour(card, card.undo_until))
        return [freed, _("Only then is the cancellation sent by e-mail.")]
    if card.status is not Status.CONFIRMED or not card.active(at):
        return []
    return [*_reminder(card, at), _("At the entrance, show the code or say the reference.")]


def _reminder(card: AppointmentCard, at: datetime) -> list[str]:
    due = [reminder.before(card.start, card.zone) for reminder in card.policy.reminders]
    coming = [moment for moment in due if moment > at]
    if not coming or not card.email:
        return []
    moment = min(coming)
    return [_("A reminder is sent to you on %(day)s.", day=day_short(moment.astimezone(card.zone)))]


def changes_text(card: AppointmentCard, at: datetime) -> str:
    """Say until when the appointment may be changed here, or whom to call."""
    if not card.active(at) or card.start <= at:
        return ""
    if not card.changeable(at):
        return _("It is too late to move or cancel it here. Call us:") if card.site.phone else ""
    if not card.policy.change_notice:
        return ""
    last = change_cutoff(card.start, card.policy, card.zone)
    return _(
        "You can move or cancel it until %(day)s at %(hour)s.",
        day=day_short(last.astimezone(card.zone)),
        hour=hour(last, card.zone),
    )
