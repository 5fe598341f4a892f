"""What an appointment's page says on top, and what happens next, for each of its states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.domain.lifecycle import Status
from portal.domain.notices import What
from portal.domain.window import change_cutoff
from portal.i18n import _, day, day_short, hour
from portal.operations.cards import AppointmentCard
from portal.operations.requests import Answer
from portal.web.offering import comes


@dataclass(frozen=True, slots=True)
class State:
    """The banner: title, text, colour and drawing. ``gone``: nobody is expected any more. ``next`` heads the steps."""

    title: str
    text: str
    tone: str
    drawing: str
    gone: bool
    next: str


def state_of(card: AppointmentCard, at: datetime, refusal: Answer | None = None) -> State:
    """Word the state of an appointment at this moment; ``refusal`` is the last answer to a request, where it was no."""
    after = _("What happens now")
    if card.undo_until is not None and card.undoable(at):
        kept = _(
            "Your place is kept until %(hour)s. After that it is free for others.", hour=_hour(card, card.undo_until)
        )
        return State(_("Appointment cancelled"), kept, "wait", "undo", True, _("If you do nothing"))
    if card.status is Status.CANCELLED:
        return State(_("Appointment cancelled"), _("Your place is free for others."), "info", "info", True, after)
    if card.status is Status.DECLINED:
        return State(_("Request declined"), _declined(refusal), "bad", "cross", True, after)
    if card.status is Status.EXPIRED or card.lapsed(at):
        return State(_("Request expired"), _("Nobody answered your request in time."), "info", "clock", True, after)
    if card.status in (Status.HELD, Status.REQUESTED):
        return State(_("Request received"), _("It is not confirmed yet."), "wait", "clock", False, after)
    if not card.active(at):
        return State(_("Past appointment"), "", "info", "clock", True, after)
    if card.wanted is not None and card.awaits(at):
        return State(_("Move asked for"), _stays(card), "wait", "clock", False, after)
    return State(_("Appointment confirmed"), _sent_to(card), "ok", "check", False, after)


def _declined(refusal: Answer | None) -> str:
    if refusal is not None and refusal.reason:
        return _("The reason given: %(reason)s", reason=refusal.reason)
    return _("Your place is free for others.")


def _stays(card: AppointmentCard) -> str:
    return _(
        "Your appointment stays on %(day)s at %(hour)s until your move is answered.",
        day=day(card.start.astimezone(card.zone)),
        hour=_hour(card, card.start),
    )


def refused_move(card: AppointmentCard, refusal: Answer | None, at: datetime) -> str:
    """Say that the last move asked for was refused; nothing for others, nor for an appointment that is over."""
    if refusal is None or refusal.wanted is None or not card.active(at):
        return ""
    start = refusal.wanted[0]
    when = {"day": day(start.astimezone(card.zone)), "hour": _hour(card, start)}
    if refusal.kind == "move_expired":
        return _("Nobody answered your move to %(day)s at %(hour)s in time: your appointment stays as it was.", **when)
    text = _("Your move to %(day)s at %(hour)s was declined: your appointment stays as it was.", **when)
    return f"{text} {_('The reason given: %(reason)s', reason=refusal.reason)}" if refusal.reason else text


def _sent_to(card: AppointmentCard) -> str:
    return _("The details are sent to %(email)s.", email=card.email) if card.tells(What.CONFIRMED) else ""


def _hour(card: AppointmentCard, moment: datetime) -> str:
    return hour(moment, card.zone)


def steps_of(card: AppointmentCard, at: datetime) -> list[str]:
    """List what happens next, in short sentences."""
    if card.undo_until is not None and card.undoable(at):
        freed = _("At %(hour)s your place is given back.", hour=_hour(card, card.undo_until))
        told = card.tells(What.CANCELLED)
        return [freed, *([_("Only then is the cancellation sent by e-mail.")] if told else [])]
    if card.awaits(at) and card.answer_by is not None:
        return _until_answered(card, card.answer_by)
    if card.status is not Status.CONFIRMED or not card.active(at):
        return []
    entrance = [_("At the entrance, show the code or say the reference.")] if comes(card.item) else []
    return [*_reminder(card, at), *entrance]


def _until_answered(card: AppointmentCard, deadline: datetime) -> list[str]:
    """Say what becomes of a request, or of a move that was asked for."""
    when = {"day": day_short(deadline.astimezone(card.zone)), "hour": _hour(card, deadline)}
    if card.tells(What.CONFIRMED) and card.tells(What.DECLINED):
        answered = _("You will have an answer by e-mail, on %(day)s at %(hour)s at the latest.", **when)
    else:
        answered = _("It is answered on %(day)s at %(hour)s at the latest; you see the answer here.", **when)
    if card.wanted is not None:
        return [answered, _("Without an answer, your appointment stays as it is.")]
    return [answered, _("Your place is kept until then.")]


def _reminder(card: AppointmentCard, at: datetime) -> list[str]:
    due = [reminder.before(card.start, card.zone) for reminder in card.policy.reminders]
    coming = [moment for moment in due if moment > at]
    if not coming or not card.tells(What.REMINDER):
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
