"""What happened to an appointment, and what became of its mails, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal.admin.moments import moment_text
from portal.domain.fields import Question
from portal.domain.lifecycle import Status
from portal.domain.zones import parse_instant
from portal.i18n import _, current_locale
from portal.operations.actors import BY_MAIL
from portal.operations.answers import Answer, worded
from portal.operations.cards import HistoryLine
from portal.operations.mail_log import MailLine
from portal.operations.outbox import Sending

REASSIGNED = "reassigned"
NOBODY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Story:
    """One line of the history: what, with details, when, by whom."""

    what: str
    details: tuple[str, ...]
    at: datetime
    who: str


def story_of(
    line: HistoryLine, zone: ZoneInfo, known: Sequence[Question] = (), names: Mapping[str, str] = NOBODY
) -> Story:
    """Word one change of an appointment.

    ``known`` are the questions to which answers may have changed, ``names`` those of people and things by their keys.
    """
    details = (*_exchanged(line, names), *_details(line, zone, known))
    return Story(_what(line), details, line.at, who_text(line.actor, line.origin))


def _what(line: HistoryLine) -> str:
    if line.kind == "undone":
        return _undone(line.before.get("status"))
    if line.after.get("accepted"):
        return _("Move accepted")
    words = {
        "scheduled": _("Booked"),
        "rescheduled": _("Moved"),
        "cancelled": _("Cancelled"),
        "edited": _("Details changed"),
        "freed": _("Place given back"),
        "arrived": _("Arrived"),
        "completed": _("Completed"),
        "no_show": _("Did not come"),
        "noted": _("Note"),
        "requested": _("Requested"),
        "accepted": _("Accepted"),
        "declined": _("Declined"),
        "expired": _("Expired"),
        "move_requested": _("Move asked for"),
        "move_declined": _("Move declined"),
        "move_expired": _("Move without an answer"),
        "move_withdrawn": _("Move taken back"),
        "reassigned": _("Given to somebody else"),
    }
    return words.get(line.kind) or line.kind


def _undone(status: str | None) -> str:
    words = {
        Status.ARRIVED.value: _("Arrival taken back"),
        Status.COMPLETED.value: _("Completion taken back"),
        Status.NO_SHOW.value: _("Absence taken back"),
    }
    return words.get(status or "") or _("Cancellation taken back")


def _details(line: HistoryLine, zone: ZoneInfo, known: Sequence[Question]) -> Iterator[str]:
    start, before = _instant(line.after, "start"), _instant(line.before, "start")
    if line.kind in ("scheduled", "requested") and start is not None:
        yield _("for %(moment)s", moment=moment_text(start, zone))
    elif start is not None and before is not None:
        yield _("from %(before)s to %(after)s", before=moment_text(before, zone), after=moment_text(start, zone))
    if line.kind == "edited":
        yield from _edited(line)
        yield from _answered(line, known)
    if (wanted := _instant(line.after, "wanted_start")) is not None:
        yield _("to %(moment)s", moment=moment_text(wanted, zone))
    if reason := line.after.get("reason"):
        yield _("Reason: %(reason)s", reason=reason)
    if text := line.after.get("text"):
        yield str(text)
    if line.after.get("offer"):
        yield _("To an earlier time that was offered.")
    if line.after.get("batch"):
        yield _("Together with others of that day.")
    if reason := line.after.get("overbook"):
        yield _("Overbooked: %(reason)s", reason=reason)


def exchanged(history: Sequence[HistoryLine]) -> set[str]:
    """List the keys of those whom a history mentions."""
    lines = (line for line in history if line.kind == REASSIGNED)
    return {side["resource"] for line in lines for side in (line.before, line.after)}


def _exchanged(line: HistoryLine, names: Mapping[str, str]) -> Iterator[str]:
    """Say who had an appointment, and who has it."""
    if line.kind == REASSIGNED:
        before, after = (names.get(side["resource"], side["resource"]) for side in (line.before, line.after))
        yield _("Before: %(before)s, now: %(after)s", before=before, after=after)


def _instant(values: Mapping[str, Any], name: str) -> datetime | None:
    return parse_instant(values.get(name))


def _edited(line: HistoryLine) -> Iterator[str]:
    names = {"name": _("Name"), "phone": _("Telephone"), "comment": _("Message")}
    for field, value in line.after.items():
        if field in names:
            yield _became(names[field], line.before.get(field), value)


def _answered(line: HistoryLine, known: Sequence[Question]) -> Iterator[str]:
    """Word the answers that changed."""
    before, after = (_answers(side, known) for side in (line.before, line.after))
    labels = {**before, **after}
    for key, one in labels.items():
        old, new = (answers[key].text if key in answers else "" for answers in (before, after))
        yield _became(one.label, old, new)


def _answers(side: Mapping[str, Any], known: Sequence[Question]) -> dict[str, Answer]:
    given = {key: value for key, value in side.get("fields", {}).items() if value is not None}
    return {one.key: one for one in worded(known, given, current_locale())}


def _became(what: str, before: str | None, after: str | None) -> str:
    return _("%(what)s: “%(before)s” became “%(after)s”.", what=what, before=before or "–", after=after or "–")


def who_text(actor: str, origin: str) -> str:
    """Name who acted, and from where."""
    if origin == "link":
        return _("the customer, by a link")
    if origin == "guest":
        return _("the customer, without a link")
    if origin == "api":
        return _("a program (%(name)s)", name=actor.removeprefix("key:"))
    return staff_text(actor) if origin == "staff" else _("the portal")


def staff_text(actor: str) -> str:
    """Name somebody of the staff, or whoever answered a mail for the site."""
    if actor.startswith(BY_MAIL):
        return _("%(address)s, by the link in the mail", address=actor.removeprefix(BY_MAIL))
    return actor


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail: what it is, to whom, and how it went. ``again``: it can be sent again."""

    id: int
    title: str
    recipient: str
    state: str
    tone: str
    detail: str
    again: bool


def mail_of(sending: Sending | MailLine, zone: ZoneInfo, now: datetime) -> Mail:
    """Word the state of a mail."""
    state, tone = _state(sending, now)
    return Mail(
        sending.id,
        mail_title(sending.kind),
        sending.recipient,
        state,
        tone,
        _detail(sending, zone, now),
        sending.state in ("failed", "parked"),
    )


def mail_title(kind: str) -> str:
    """Name a kind of mail."""
    words = {
        "booking_invitation": _("Booking link"),
        "service_invitation": _("Booking link of a service"),
        "confirmation": _("Confirmation"),
        "change": _("Change of time"),
        "reassigned": _("Somebody else comes"),
        "staff_notice": _("Notice to the person assigned"),
        "staff_reminder": _("Reminder to the person assigned"),
        "cancellation": _("Cancellation"),
        "reminder": _("Reminder"),
        "earlier_slot": _("Offer of an earlier time"),
        "place_free": _("Place free, to the waiting list"),
        "waiting_joined": _("Joined the waiting list"),
        "site_notice": _("Notice to the site"),
        "find": _("Links asked for"),
        "user_invitation": _("Invitation of staff"),
        "password_reset": _("New password"),
        "request_received": _("Request received"),
        "declined": _("Request declined"),
        "expired": _("Request expired"),
        "move_received": _("Move asked for"),
        "move_declined": _("Move declined"),
        "move_expired": _("Move without an answer"),
        "no_show": _("Missed appointment"),
        "site_reminder": _("Reminder to the site"),
        "site_offers": _("Freed place offered, to the site"),
        "site_summary": _("Summary of the day"),
        "mail_test": _("Test"),
        "continuation": _("Link to go on booking"),
        "confirm_address": _("Address to be confirmed"),
    }
    return words.get(kind) or kind


def _state(sending: Sending | MailLine, now: datetime) -> tuple[str, str]:
    if sending.state == "waiting" and sending.attempts:
        return _("Tried in vain, will be tried again"), "wait"
    if sending.state == "waiting" and sending.not_before > now:
        return _("Planned"), ""
    words = {
        "waiting": (_("About to leave"), "info"),
        "sent": (_("Sent"), "ok"),
        "failed": (_("Refused"), "bad"),
        "parked": (_("Set aside"), "bad"),
        "dropped": (_("Not sent"), ""),
    }
    return words.get(sending.state) or (sending.state, "")


def _detail(sending: Sending | MailLine, zone: ZoneInfo, now: datetime) -> str:
    if sending.sent_at is not None:
        return moment_text(sending.sent_at, zone)
    if sending.error:
        return _why(sending.error) if sending.state == "dropped" else sending.error
    if sending.state == "waiting" and sending.not_before > now:
        return moment_text(sending.not_before, zone)
    return ""


def _why(code: str) -> str:
    """Say why a mail was not worth sending any more."""
    words = {
        "superseded": _("A newer one replaces it."),
        "revoked": _("The link was revoked."),
        "expired": _("The link had expired."),
        "not_cancelled": _("The cancellation was taken back."),
        "cancelled": _("The appointment was cancelled."),
        "moved_or_begun": _("The appointment was moved, or had begun."),
        "answered": _("It was answered meanwhile."),
        "not_no_show": _("The absence was taken back."),
        "switched_off": _("It was switched off meanwhile."),
        "day_over": _("The day was over."),
        "reassigned": _("The appointment is somebody else’s now."),
        "still_assigned": _("The appointment was given back."),
        "not_named": _("Customers are not told who receives them here."),
        "no_customer": _("The address is no customer’s."),
    }
    return words.get(code) or _("There was nothing to say any more.")
