"""The buttons that say what became of an appointment, wherever one is shown; ``portal.admin.marks`` answers them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l

from portal.admin.guard import here
from portal.domain.lifecycle import Status, move_allowed
from portal.operations import marks
from portal.operations.cards import AppointmentCard

Text = Any  # a lazy text, of a library without types


@dataclass(frozen=True, slots=True)
class Act:
    """A mark: its part of the address, the state it leads to, the word of its button and its drawing."""

    name: str
    status: Status
    text: Text
    drawing: str


ACTS = (
    Act("arrive", Status.ARRIVED, _l("Arrived"), "check"),
    Act("complete", Status.COMPLETED, _l("Completed"), "box"),
    Act("no-show", Status.NO_SHOW, _l("Did not come"), "cross"),
)
BY_NAME = {act.name: act for act in ACTS}


@dataclass(frozen=True, slots=True)
class Button:
    """A form of one button. ``id`` keeps the focus where it was when the page around it is read again."""

    id: str
    url: str
    text: Text
    drawing: str


def buttons_of(card: AppointmentCard, at: datetime) -> tuple[Button, ...]:
    """List the marks that may be set now: before the start somebody can only arrive, and then be done."""
    begun = card.start < at or card.status is Status.ARRIVED
    legal = [act for act in ACTS if move_allowed(card.status, act.status)]
    return tuple(_button(card, act) for act in legal if begun or act.status is Status.ARRIVED)


def _button(card: AppointmentCard, act: Act) -> Button:
    url = url_for("admin.marks.mark", public_id=card.public_id, act=act.name, next=here())
    return Button(f"{act.name}-{card.public_id}", url, act.text, act.drawing)


def undo_of(card: AppointmentCard, at: datetime) -> Button | None:
    """Give the button that takes back what the appointment is."""
    if card.status in marks.MARKS or card.undoable(at):
        return Button(f"undo-{card.public_id}", undo_url(card, card.status, here()), _l("Undo"), "undo")
    return None


def undo_url(card: AppointmentCard, of: Status, back: str) -> str:
    """Give the address that takes a state back."""
    return url_for("admin.marks.undo", public_id=card.public_id, of=of.value, next=back)
