"""Going on by mail: where only customers may book, and where guests confirm their address.

Where only customers may book, this step asks for the address alone, and its answer is the same for everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Response, request

from portal.booking.forms import AddressForm
from portal.booking.spots import Spot
from portal.clock import now
from portal.domain.errors import Refusal
from portal.domain.zones import local_day
from portal.i18n import _, current_locale, named
from portal.operations import continuations, guest_calendars
from portal.operations.addresses import normal_address
from portal.operations.bookables import Bookable
from portal.operations.continuations import Request
from portal.operations.guest_calendars import Met
from portal.operations.once import Once
from portal.web.lengths import minutes_in_words
from portal.web.responses import page
from portal.web.step import attempt, chosen, lost_text, status_of
from portal.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Sent:
    """What the page says that sends its visitor to the mailbox: ``lines`` below its title, and the way back."""

    title: str
    lines: tuple[str, ...]
    phone: str | None
    back_url: str
    back_text: str


def ask(spot: Spot, met: Met, start: datetime, asked: Visit, step: str) -> Response:
    """Ask who comes by the address alone, and say that the way on is in the mailbox; ``step`` says where one is."""
    bookable, paths = met.bookable, spot.paths(asked)
    form = AddressForm(request.form, email=asked.carried.get("email"))
    choice = guest_calendars.choice(**spot.where, start=start, wanted=asked.wanted, now=now())
    sends = request.method == "POST" and choice.start.offered
    outcome = attempt(form, lambda: _send(form, spot, met, start, asked)) if sends else None
    if outcome is True:
        return sent(_to_customers(bookable, paths.to_start(start, bookable.zone)))
    form.sign()
    refusal = outcome if isinstance(outcome, Refusal) else None
    return page(
        "booking/address.html",
        status=status_of(form, choice, refusal),
        form=form,
        chosen=chosen(bookable, choice.start, asked.tz, met.heard),
        lost=lost_text(choice),
        nearest=choice.nearest,
        what=named(bookable.item),
        eyebrow=step,
        action=paths.to_send,
        back_url=paths.to_day(local_day(start, bookable.zone)),
    )


def sent(told: Sent) -> Response:
    """Show the page that sends its visitor to the mailbox."""
    return page("booking/mailed.html", told=told)


def to_confirm(bookable: Bookable, email: str, back_url: str) -> Sent:
    """Say where the link is that confirms an address, and how long there is."""
    length = minutes_in_words(bookable.policy.confirm_by_mail)
    return Sent(
        _("Look in your mailbox"),
        (
            _("We have written to %(email)s. Press the link in that message.", email=email),
            _("Your place is kept for %(length)s. After that it is free for others again.", length=length),
        ),
        bookable.site.phone,
        back_url,
        _("Choose again"),
    )


def _to_customers(bookable: Bookable, back_url: str) -> Sent:
    return Sent(
        _("Look in your mailbox"),
        (
            _("Appointments here are for customers. If we know your address, the link to go on is on its way to it."),
            _("The link works for 24 hours. Your place is not kept meanwhile."),
        ),
        bookable.site.phone,
        back_url,
        _("Try another address"),
    )


def _send(form: AddressForm, spot: Spot, met: Met, start: datetime, asked: Visit) -> bool:
    """Write to the address how to go on with what was chosen."""
    zone = {"tz": asked.tz.key} if asked.tz is not None else {}
    asks = asked.asks if spot.service is not None else {}
    said = {name: value for name, value in asks.items() if isinstance(value, str) and name not in met.heard.ignored}
    wanted = Request(
        **spot.where,
        start=start,
        email=normal_address(form.email.data),
        locale=current_locale(),
        carried=tuple({**zone, **said}.items()),
    )
    continuations.ask(wanted, now=now(), once=Once(f"by-mail:{met.bookable.pool_id}", form.key))
    return True
