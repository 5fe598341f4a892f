"""The two ways to answer a request, wherever one is shown; ``portal.admin.requests`` answers them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for

from portal.admin.guard import here
from portal.admin.moments import length_text, moment_text
from portal.i18n import _, rfc3339
from portal.operations.cards import AppointmentCard

SOON = timedelta(hours=4)  # before the deadline, from when on a request is marked


@dataclass(frozen=True, slots=True)
class Answering:
    """Where the answers to a request go, the start that they are about, and how long is left; ``soon`` marks it.

    ``moved``: it asks for a move to another time than its own.
    """

    accept: str
    decline: str
    start: str
    deadline: str
    left: str
    soon: bool
    moved: bool


def answering(card: AppointmentCard, at: datetime) -> Answering | None:
    """Give the answers to what waits for one; None for everything else."""
    if card.answer_by is None or not card.awaits(at):
        return None
    back = here()
    left = card.answer_by - at
    return Answering(
        accept=url_for("admin.requests.accept", public_id=card.public_id, next=back),
        decline=url_for("admin.requests.decline", public_id=card.public_id, next=back),
        start=rfc3339(card.asked[0], card.zone),
        deadline=moment_text(card.answer_by, card.zone),
        left=_("%(length)s left", length=length_text(left)),
        soon=left <= SOON,
        moved=card.wanted is not None,
    )
