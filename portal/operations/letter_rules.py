"""When a mail about an appointment is no longer worth sending: it is not true any more, or a newer one says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from portal.domain.lifecycle import ACTIVE, Status
from portal.operations.cards import AppointmentCard

THREADS: Mapping[str, str] = {
    **dict.fromkeys(("confirmation", "change", "reassigned", "cancellation"), "customer"),
    **dict.fromkeys(("request_received", "declined", "expired", "no_show"), "customer"),
    **dict.fromkeys(("move_received", "move_declined", "move_expired"), "move"),
    "site_notice": "site",
    "staff_notice": "staff",
}
"""Kinds of mails that follow each other: a newer one makes an older one of its thread stale."""

REPLACED_BY: Mapping[str, tuple[str, ...]] = {
    "customer": ("customer",),
    "move": ("move", "customer"),
    "site": ("site",),
    "staff": ("staff",),
}
"""Threads whose newer mails say all that an older one of this thread said. A move that is only asked for says less than
the confirmation that it follows."""

ENDINGS: Mapping[str, Status] = {
    "cancellation": Status.CANCELLED,
    "cancelled": Status.CANCELLED,
    "declined": Status.DECLINED,
    "expired": Status.EXPIRED,
    "no_show": Status.NO_SHOW,
}
"""What a kind of mail, or a change told to the site, says the appointment has come to."""

EACH = ("staff",)
"""Threads of which each recipient has one of their own."""

TO_PEOPLE = ("staff_notice", "staff_reminder")
"""The mails to those who serve an appointment, or did."""

REMOVED = "removed"
"""What somebody is told who has an appointment no more: whatever becomes of that."""

ASKING = ("request_received", "requested")
ASKING_TO_MOVE = ("move_received", "move_requested")


def untrue(kind: str, change: str, visit: AppointmentCard, now: datetime) -> str | None:
    """Say in a word why a mail is not true any more; None while it is. ``change`` is that of a notice."""
    what = change or kind
    if what == REMOVED:
        return None
    if (ending := ENDINGS.get(what)) is not None:
        return None if visit.status is ending else f"not_{ending.value}"
    if what in ASKING or what in ASKING_TO_MOVE:
        waits = visit.awaits(now) and (visit.wanted is not None) == (what in ASKING_TO_MOVE)
        return None if waits else _instead(visit)
    return None if visit.status in ACTIVE else _instead(visit)


def out_of_hands(kind: str, change: str, holds: bool) -> str | None:
    """Say in a word why a mail to somebody of the staff is not true any more, who ``holds`` the appointment or not."""
    if kind not in TO_PEOPLE or holds == (change != REMOVED):
        return None
    return "still_assigned" if holds else "reassigned"


def _instead(visit: AppointmentCard) -> str:
    return visit.status.value if visit.status is Status.CANCELLED else "answered"
