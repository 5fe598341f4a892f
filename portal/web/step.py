"""The second step of booking and of moving: one start, as it stands now, and what happens when it is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from flask import request

from portal.domain.errors import Invalid, LimitReached, NotEligible, OutsideWindow, Refusal, SlotNotOffered, SlotTaken
from portal.domain.notices import Notices, Side, What
from portal.domain.slots import Reason, Start
from portal.domain.zones import local_day, parse_instant
from portal.i18n import _, named, zone_label
from portal.operations.bookables import Bookable
from portal.operations.calendars import Choice
from portal.operations.wanting import NOTHING_HEARD, Heard
from portal.web.days import own_time
from portal.web.offering import chosen_texts
from portal.web.reasons import polite
from portal.web.texts import explain, reason_text

Done = TypeVar("Done")
LOST = (SlotTaken, SlotNotOffered, OutsideWindow)
IN_PLACE = (Invalid, LimitReached, NotEligible)


class Sent(Protocol):
    """A form that takes a start: it is accepted or not, and begins a new request after a refusal."""

    form_errors: Any

    @property
    def errors(self) -> Any:
        """What is wrong with it."""

    def accepted(self) -> bool:
        """Validate it."""

    def renew(self) -> None:
        """Begin a new request: what is sent next is no repetition."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The start on its way to be taken: where, when, in which zone, and on the visitor's own clock.

    ``mails`` says for what an address is asked, ``lines`` what was chosen besides.
    """

    start: datetime
    end: datetime
    zone: ZoneInfo
    place: str
    zone_label: str
    own: str
    mails: str = ""
    lines: tuple[str, ...] = ()


def asked_start() -> datetime | None:
    """Read the start of a step: from the form that was sent, else from the address."""
    return parse_instant(request.form.get("start") or request.args.get("start"))


def chosen(bookable: Bookable, start: Start, tz: ZoneInfo | None, heard: Heard = NOTHING_HEARD) -> Chosen:
    """Describe a start of a planning or a service, with what was asked of it."""
    place = f"{named(bookable.item)}, {bookable.site.name}"
    found = described(start.start, start.end, bookable.zone, place, tz)
    return replace(found, mails=_mails(bookable.site.notices), lines=chosen_texts(bookable, heard, start))


def step_text(number: int, count: int, what: str) -> str:
    """Say which step of how many a page is."""
    return _("Step %(number)s of %(count)s · %(what)s", number=number, count=count, what=what)


def _mails(notices: Notices) -> str:
    """Say for what an address is asked: for the mails that leave."""
    confirms, reminds = (notices.wanted(Side.CUSTOMER, what) for what in (What.CONFIRMED, What.REMINDER))
    if confirms and reminds:
        return _("For the confirmation and the reminder.")
    if confirms:
        return _("For the confirmation.")
    return _("For the reminder.") if reminds else _("To find your appointment again.")


def described(start: datetime, end: datetime, zone: ZoneInfo, place: str, tz: ZoneInfo | None) -> Chosen:
    """Describe an interval at a place."""
    own = own_time(start, zone, tz)
    own_text = f"{own}, {zone_label(tz, start)}" if own and tz is not None else ""
    return Chosen(start, end, zone, place, zone_label(zone, start), own_text)


def attempt(form: Sent, act: Callable[[], Done]) -> Done | Refusal | None:
    """Take the place when the form is right. A refusal that can be answered on the same page is given back."""
    if not form.accepted():
        return None
    try:
        return act()
    except IN_PLACE as refusal:
        _blamed(form, refusal).append(explain(refusal))
        form.renew()
        return refusal
    except LOST as refusal:
        return refusal


def _blamed(form: Sent, refusal: Refusal) -> list[str]:
    """Give the errors of the field that a refusal is about, else those of the whole form."""
    field = getattr(form, "email", None) if refusal.values.get("problem") == "address" else None
    if field is None:
        whole: list[str] = form.form_errors
        return whole
    field.errors = list(field.errors)
    found: list[str] = field.errors
    return found


def lost_text(choice: Choice) -> str:
    """Say why the start of a step cannot be had, or nothing when it can."""
    return "" if choice.start.offered else _lost(choice)


def _lost(choice: Choice) -> str:
    reason, bookable = choice.start.reasons[0], choice.bookable
    if reason in (Reason.FULL, Reason.RESOURCE_BUSY):
        return _("This time has just been taken.")
    if choice.binding is None:
        return reason_text(reason)
    return polite(reason, bookable, local_day(choice.start.start, bookable.zone), choice.binding)


def status_of(form: Sent, choice: Choice, refusal: Refusal | None) -> int:
    """Choose the status of a step that is shown again: the refusal's, 422 for errors, 409 for a start that is lost."""
    if refusal is not None:
        return refusal.status
    if form.errors:
        return 422
    return 200 if choice.start.offered else 409


def page_values(carried: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what travels past a booking: language, zone and frame, no longer the details."""
    return {name: value for name, value in carried.items() if name in ("lang", "tz", "embed")}
