"""An earlier slot, or a place of the waiting list, in the hands of the one to whom it was offered.

A GET never changes anything, for mail scanners follow every link. What comes too late says what else is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.booking.forms import BookingForm, ClaimForm
from portal.booking.language import speak
from portal.booking.limits import each_address
from portal.booking.views import locked
from portal.clock import now
from portal.domain.errors import LinkUnknown, OfferGone, Refusal
from portal.domain.slots import Start
from portal.domain.zones import local_day
from portal.i18n import _, current_locale, day, hour, named, rfc3339
from portal.operations import claims, offer_stops, offered, tokens
from portal.operations.claims import Claim
from portal.operations.offered import Entry, OfferPage
from portal.operations.once import Once
from portal.operations.service_cards import ServiceCard
from portal.operations.wishes import Booked
from portal.web.custom_fields import answers_of, asking
from portal.web.responses import go, page
from portal.web.step import attempt, chosen, page_values
from portal.web.visit import Visit, visit

bp = Blueprint("offers", __name__, url_prefix="/o")
each_address(bp)


@dataclass(frozen=True, slots=True)
class Other:
    """Another free start, with the page on which it is taken."""

    start: Start
    url: str


@bp.route("/<token>", methods=["GET", "POST"])
def offer(token: str) -> Response:
    """Show what is offered, and take it."""
    asked, found = visit(), _opened(token)
    if found.entry is not None:
        return _of_listed(token, found, found.entry, asked)
    form = ClaimForm(request.form)
    if request.method == "POST" and form.accepted():
        once = Once(_scope(token), form.key)
        return _taken(token, asked, lambda: claims.claim(token, now=now(), once=once))
    return _not_claimed(token, found, form, asked)


def _opened(token: str) -> OfferPage:
    """Open an offer in its reader's language; one that was used is for the form that used it alone."""
    found = offered.read(token, now=now(), used=request.method == "POST")
    speak(found.locale)
    return found


def _scope(token: str) -> str:
    return f"offer:{tokens.public_id_of(token)}"


def _taken(token: str, asked: Visit, act: Any) -> Response:
    """Go on to the appointment, or say that it is too late."""
    try:
        booked: Booked = act()
    except OfferGone as refusal:
        return _late(token, offered.read(token, now=now()), asked, refusal.status)
    return go(url_for("manage.show", token=booked.token, **page_values(asked.carried)))


def _not_claimed(token: str, found: OfferPage, form: ClaimForm, asked: Visit) -> Response:
    """Show both times and one button; what cannot be had any more is too late."""
    if found.used:
        raise LinkUnknown
    if not found.open:
        return _late(token, found, asked)
    card, zone = found.appointment, found.bookable.zone
    form.sign()
    return page(
        "booking/offer.html",
        status=422 if form.errors else 200,
        form=form,
        appointment=card,
        chosen=chosen(found.bookable, found.start, asked.tz),
        until=_moment(found),
        alone=found.alone,
        action=_url("offers.offer", token, asked),
        stop_url=_url("offers.stop", token, asked),
        view_url=url_for("manage.show", token=card.token, **page_values(asked.carried)) if card else "",
        zone=zone,
    )


def _url(endpoint: str, token: str, asked: Visit) -> str:
    return url_for(endpoint, token=token, **page_values(asked.carried))


def _moment(found: OfferPage) -> str:
    zone = found.bookable.zone
    return _("%(day)s at %(hour)s", day=day(found.expires_at.astimezone(zone)), hour=hour(found.expires_at, zone))


# The waiting list


def _of_listed(token: str, found: OfferPage, entry: Entry, asked: Visit) -> Response:
    """Ask who comes, with the address that the offer was mailed to, and take the place."""
    known = locked(entry.link) if entry.link is not None else {}
    known = {**known, "email": entry.email}
    asks = asking(BookingForm, found.bookable.item.questions)
    form = asks(request.form, locked=known, **{"name": entry.name, **known})
    outcome: Booked | Refusal | None = None
    if request.method == "POST":
        try:
            outcome = attempt(form, lambda: _book(form, token))
        except OfferGone as refusal:
            return _late(token, offered.read(token, now=now()), asked, refusal.status)
    if isinstance(outcome, Booked):
        return go(url_for("manage.show", token=outcome.token, **page_values(asked.carried)))
    return _ask(token, found, form, outcome, asked)


def _book(form: BookingForm, token: str) -> Booked:
    wish = Claim(
        token,
        form.name.data,
        form.phone.data or "",
        form.comment.data or "",
        current_locale(),
        answers_of(form),
        Once(_scope(token), form.key),
    )
    return claims.book(wish, now=now())


def _ask(token: str, found: OfferPage, form: BookingForm, refusal: Refusal | None, asked: Visit) -> Response:
    if found.used:
        raise LinkUnknown
    if not found.open:
        return _late(token, found, asked)
    form.sign()
    return page(
        "booking/offer_book.html",
        status=refusal.status if refusal is not None else 422 if form.errors else 200,
        form=form,
        chosen=chosen(found.bookable, found.start, asked.tz),
        until=_moment(found),
        alone=found.alone,
        asks=found.bookable.policy.validation != "none",
        what=named(found.bookable.item),
        action=_url("offers.offer", token, asked),
        stop_url=_url("offers.stop", token, asked),
    )


# Too late


def _late(token: str, found: OfferPage, asked: Visit, status: int = 0) -> Response:
    """Say that it is too late, and what else is free: 410 when its time is over, 409 when somebody was faster."""
    others, all_url = _others(found, asked)
    return page(
        "booking/offer_late.html",
        status=status or (410 if found.over else 409),
        start=found.start,
        zone=found.bookable.zone,
        others=others,
        all_url=all_url,
        appointment=found.appointment,
        movable=found.movable,
        entry=found.entry,
        view_url=_back_url(found, asked),
        phone=found.bookable.site.phone,
        stop_url=_url("offers.stop", token, asked),
    )


def _others(found: OfferPage, asked: Visit) -> tuple[Sequence[Other], str]:
    """Give the other free starts with their pages, and the page of all of them."""
    endpoint, page_endpoint, values = _pages(found)
    kept, zone = page_values(asked.carried), found.bookable.zone
    starts = [
        Other(start, url_for(endpoint, **values, **kept, start=rfc3339(start.start, zone))) for start in found.others
    ]
    first: dict[str, Any] = {"day": local_day(found.others[0].start, zone).isoformat()} if found.others else {}
    return starts, url_for(page_endpoint, **values, **kept, **first)


def _pages(found: OfferPage) -> tuple[str, str, dict[str, Any]]:
    """Name the pages by which another start is taken: of a move, of a link, of a guest."""
    site, key = found.bookable.site.key, found.bookable.item.key
    service = isinstance(found.bookable.item, ServiceCard)
    if found.appointment is not None:
        return "manage.reschedule", "manage.reschedule", {"token": found.appointment.token}
    if found.entry is not None and found.entry.link is not None:
        token = tokens.token(tokens.BOOK, found.entry.link.public_id, found.entry.link.generation)
        return "links.details", "links.order", {"token": token, "service" if service else "planning": key}
    if service:
        return "guest.service_details", "guest.service", {"site": site, "service": key}
    return "guest.details", "guest.planning", {"site": site, "key": key}


def _back_url(found: OfferPage, asked: Visit) -> str:
    kept = page_values(asked.carried)
    if found.appointment is not None:
        return url_for("manage.show", token=found.appointment.token, **kept)
    return url_for("waiting.entry", token=found.entry.token, **kept) if found.entry is not None else ""


# No more of these


@bp.route("/<token>/stop", methods=["GET", "POST"])
def stop(token: str) -> Response:
    """Ask once, then let the address get no more offers, or leave the waiting list."""
    asked, found = visit(), offered.stopping(token)
    speak(found.locale)
    if request.method == "POST":
        offer_stops.stop_by(token, now=now())
        return go(_url("offers.stop", token, asked))
    card = found.appointment
    return page(
        "booking/offer_stop.html",
        found=found,
        action=_url("offers.stop", token, asked),
        view_url=url_for("manage.show", token=card.token, **page_values(asked.carried)) if card is not None else "",
    )
