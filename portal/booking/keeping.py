"""Keeping the place of a slot while its form is open: by a button that posts, with the time until when, and again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from portal.booking.forms import PublicForm
from portal.booking.limits import count_hold
from portal.clock import now
from portal.domain.zones import local_day
from portal.i18n import _, day_short, hour
from portal.operations import holds
from portal.operations.calendars import Choice
from portal.operations.holds import Place
from portal.web.lengths import minutes_in_words
from portal.web.step import LOST
from portal.web.visit import Visit


class HoldForm(PublicForm):
    """A slot that is chosen from a page whose slots are buttons."""

    purpose = "hold"


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a form says of its place, and the button that keeps it, or keeps it longer."""

    kept: bool
    text: str
    button: str


def signed() -> HoldForm:
    """Give a fresh form for the slots of a page."""
    form = HoldForm()
    form.sign()
    return form


def take(form: PublicForm, place: Place, start: datetime, asked: Visit) -> Visit:
    """Keep a start for a form, and give the visit whose addresses name the hold: none for a start that is lost."""
    signature = form.signed
    if signature is None or form.website.data:
        return asked
    if holds.of_token(asked.hold) is None:
        count_hold()
    try:
        hold = holds.take(place, start, holds.name_of(asked.hold, signature.key), now=now())
    except LOST:
        return replace(asked, hold=None)
    return replace(asked, hold=hold.token if hold is not None else None)


def said(choice: Choice, *, known: bool) -> Keeping | None:
    """Word how the place of a form stands; None where places are not kept, or this one is lost."""
    if not choice.start.offered or not holds.offered(choice.bookable, known=known):
        return None
    if choice.kept_until is not None:
        return Keeping(True, until_text(choice.kept_until, choice.bookable.zone), _("Keep my place longer"))
    length = minutes_in_words(choice.bookable.policy.hold)
    return Keeping(False, _("Your place is not kept yet."), _("Keep my place for %(length)s", length=length))


def until_text(until: datetime, zone: ZoneInfo) -> str:
    """Say until when a place is kept: the time of day, with the day where that is not today."""
    day, clock = local_day(until, zone), hour(until, zone)
    if day == local_day(now(), zone):
        return _("Your place is kept until %(hour)s.", hour=clock)
    return _("Your place is kept until %(day)s at %(hour)s.", day=day_short(day), hour=clock)
