"""What a booking link opens: an order's appointments, and booking another. No login, no cookie."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.booking import choices, keeping
from portal.booking.forms import BookingForm, called_at
from portal.booking.guest import contact, prefilled
from portal.booking.keeping import HoldForm
from portal.booking.language import speak
from portal.booking.limits import each_address, each_mail
from portal.booking.manage import Urls, urls_of
from portal.booking.sites import ItemLink, item_link
from portal.clock import now
from portal.domain.errors import Invalid, Refusal
from portal.domain.zones import local_day
from portal.i18n import _, named
from portal.operations import appointments, holds, link_calendars, usage
from portal.operations.actors import CUSTOMER
from portal.operations.bookables import Bookable
from portal.operations.calendars import Choice
from portal.operations.cards import AppointmentCard
from portal.operations.holds import Place
from portal.operations.link_calendars import LinkPage
from portal.operations.links import OpenLink
from portal.operations.once import Once, recall
from portal.operations.service_cards import ServiceCard
from portal.operations.wanting import Heard
from portal.operations.wishes import Booked, Wish
from portal.web.custom_fields import answers_of, asking
from portal.web.days import day_view
from portal.web.offering import calls
from portal.web.paths import Paths
from portal.web.picker import picker
from portal.web.responses import go, page, show, wants_fragment
from portal.web.step import asked_start, attempt, chosen, lost_text, page_values, status_of, step_text
from portal.web.visit import Visit, visit
from portal.web.visitors import somebody_looks

bp = Blueprint("links", __name__, url_prefix="/b")
each_address(bp)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a link books, in words: "Order CMD-1042", "Delivery · Bordeaux", "Emballages Vidal · 36 pallets"."""

    title: str
    purpose: str
    lead: str
    nothing: str  # what is said when it cannot be booked at the moment


@dataclass(frozen=True, slots=True)
class Shown:
    """An appointment of the order's list."""

    appointment: AppointmentCard
    urls: Urls
    detail: str


def _paths(token: str, asked: Visit, *, keeps: bool = False) -> Paths:
    """Give the addresses of a link's pages, with what of its plannings and services is named in this one."""
    held = {"hold": asked.hold} if asked.hold else {}
    values = {"token": token, **_chosen_in(asked), **asked.carried, **held}
    keep = "links.hold" if keeps else None
    wait = "waiting.link" if asked.service is None or not {"staff", "resource"} & asked.asks.keys() else None
    return Paths("links.order", "links.details", values, chosen_from=secrets.token_urlsafe(8), keep=keep, wait=wait)


def _chosen_in(asked: Visit) -> dict[str, Any]:
    """Say in an address which planning or service is booked, and what is asked of it."""
    if asked.service is not None:
        return {"service": asked.service, **asked.asks}
    return {"planning": asked.planning} if asked.planning is not None else dict(asked.asks)


def _for(asked: Visit) -> dict[str, Any]:
    """Say it as the operations take it."""
    planning = asked.planning if asked.service is None else None
    return {"planning": planning, "service": asked.service, "wanted": asked.wanted}


@bp.get("/<token>")
def order(token: str) -> Response:
    """Show the order's appointments, and the month to book another in."""
    asked = visit()
    if wants_fragment() and asked.day is not None:
        return _slots(token, asked.day, asked)
    found = link_calendars.page(
        token,
        now=now(),
        **_for(asked),
        month=asked.month,
        day=asked.day,
        hold=asked.hold,
        counted=somebody_looks(),
    )
    _greet(found.link)
    return show("booking/link.html", "booking/_pick.html", **_order_page(token, found, asked))


def _slots(token: str, day: date, asked: Visit) -> Response:
    """Send the slots of one day alone."""
    link, found = link_calendars.day(token, day, now=now(), **_for(asked), hold=asked.hold, counted=somebody_looks())
    _greet(link)
    paths = _paths(token, asked, keeps=holds.offered(found.bookable, known=True))
    return show("booking/link.html", "booking/_slots.html", day=day_view(found, asked, paths))


def _greet(link: OpenLink) -> None:
    """Speak the customer's language, and note that somebody opened the link."""
    speak(link.locale)
    if somebody_looks():
        usage.note_use("link", link.id, now())


def _order_page(token: str, found: LinkPage, asked: Visit) -> dict[str, Any]:
    several = len(found.plannings) > 1
    keeps = found.calendar is not None and holds.offered(found.calendar.bookable, known=True)
    paths = _paths(token, asked, keeps=keeps)
    bookable = found.chosen
    proposals = found.proposals if not found.full else None
    return {
        "subject": subject_of(found.link),
        "coming": [_shown(card, asked) for card in found.upcoming],
        "past": [_shown(card, asked) for card in found.past],
        "plannings": [] if bookable else _plannings(token, found, asked),
        "several": several,
        "ask": choices.asks(bookable, found.heard, proposals, asked, paths) if bookable and proposals else None,
        "beside": choices.beside(bookable, found.heard, asked, paths) if bookable else None,
        "picker": picker(found.calendar, asked, paths) if found.calendar and not found.full else None,
        "keeping": keeping.signed() if keeps else None,
        "what": named(bookable.item) if bookable else "",
        "other_url": _paths(token, replace(asked, planning=None, service=None, asks={})).to_page,
        "full": _full(found) if found.full else "",
        "site": found.link.site,
        "phone": found.link.site.phone,
    }


def _plannings(token: str, found: LinkPage, asked: Visit) -> Sequence[ItemLink]:
    return [item_link(one, _paths(token, _of(one, asked)).to_page) for one in found.plannings]


def _of(bookable: Bookable, asked: Visit) -> Visit:
    """Name a planning or a service in the addresses of a visit."""
    if isinstance(bookable.item, ServiceCard):
        return replace(asked, planning=None, service=bookable.item.key)
    return replace(asked, planning=bookable.item.key, service=None)


def subject_of(link: OpenLink) -> Subject:
    """Word what a link is about: an order, or a service at a site."""
    if link.reference is None:
        return Subject(named(link), link.site.name, "", _("This cannot be booked online at the moment."))
    purpose = _("Delivery") if link.kind == "supplier" else _("Collection")
    lead = " · ".join(part for part in (link.name, link.units) if part)
    nothing = _("This order cannot be booked online at the moment.")
    return Subject(title_of(link), f"{purpose} · {link.site.name}", lead, nothing)


def title_of(link: OpenLink) -> str:
    """Name what a link is about in a few words."""
    return _("Order %(reference)s", reference=link.reference) if link.reference is not None else named(link)


def _shown(card: AppointmentCard, asked: Visit) -> Shown:
    what = f"{named(card.item)} · " if card.item else ""
    reference = _("ref. %(reference)s", reference=card.reference)
    return Shown(card, urls_of(card, asked), f"{what}{reference}")


def _full(found: LinkPage) -> str:
    return _(
        "This link allows %(number)s appointments to come, and that is what you have. Cancel or move one of them.",
        number=found.link.max_active,
    )


@bp.post("/<token>/hold")
def hold(token: str) -> Response:
    """Keep the place of the slot that is chosen, and go on to its form; without a place where it is lost."""
    asked, start = visit(), asked_start()
    if start is None:
        return go(_paths(token, asked).to_page)
    _link, heard, choice = link_calendars.choice(token, start, now=now(), **_for(asked))
    if heard.question is not None:
        return go(_paths(token, asked).to_page)
    kept = keeping.take(HoldForm(request.form), _place(token, asked, heard), start, asked)
    paths = replace(_paths(token, kept), chosen_from=asked.nonce)
    return go(paths.to_start(start, choice.bookable.zone))


@bp.route("/<token>/details", methods=["GET", "POST"])
@each_mail
def details(token: str) -> Response:
    """Ask who comes, with what the order knows filled in and locked, and take the slot."""
    asked = visit()
    start = asked_start()
    if start is None:
        return go(_paths(token, asked).to_page)
    link, heard, choice = _looked(token, asked, start)
    if heard.question is not None:
        return go(_paths(token, asked).to_page)
    _greet(link)
    if not choice.start.offered and (made := _made(link, asked, start)) is not None:
        return go(url_for("manage.show", token=made.token, **page_values(asked.carried)))
    asks = asking(BookingForm, choice.bookable.item.questions)
    form = asks(request.form, locked=locked(link), **{**prefilled(asked), **locked(link)})
    if calls(choice.bookable.item):
        called_at(form)
    if "keep" in request.form:
        asked = keeping.take(form, _place(token, asked, heard), start, asked)
        return _show(form, _looked(token, asked, start), None, asked, token)
    outcome = attempt(form, lambda: _book(form, token, link, heard, asked, start)) if request.method == "POST" else None
    if isinstance(outcome, Booked):
        return go(url_for("manage.show", token=outcome.token, **page_values(asked.carried)))
    looked = link, heard, choice
    if outcome is not None:  # the place went while the form was on its way: look again
        looked = _looked(token, asked, start)
    return _show(form, looked, outcome, asked, token)


Looked = tuple[OpenLink, Heard, Choice]
"""A link, what was heard of what is asked by it, and the start that was chosen as it stands now."""


def _looked(token: str, asked: Visit, start: datetime) -> Looked:
    return link_calendars.choice(token, start, now=now(), **_for(asked), hold=asked.hold)


def _place(token: str, asked: Visit, heard: Heard) -> Place:
    """Say what a form of the link holds."""
    planning = asked.planning if asked.service is None else None
    chosen_too: dict[str, Any] = {"resources": heard.keys, "quantity": heard.quantity, "iterations": heard.iterations}
    return Place(token=token, planning=planning, service=asked.service, **chosen_too)


def locked(link: OpenLink) -> dict[str, str]:
    """Give the details that the order knows, which nobody may change here."""
    known = {"email": link.email, "name": link.name, "phone": link.phone}
    return {name: value for name, value in known.items() if value}


def _named_by_page(link: OpenLink, asked: Visit, start: datetime) -> Once | None:
    """Give the key of a booking that is made from a page with a name."""
    return Once(f"link:{link.public_id}", f"{asked.nonce}:{start.isoformat()}") if asked.nonce else None


def _made(link: OpenLink, asked: Visit, start: datetime) -> Booked | None:
    """Find what was booked by this very form, to which somebody comes back: nobody else has taken the place."""
    once = _named_by_page(link, asked, start) if request.method == "GET" else None
    first = recall(once) if once is not None else None
    return appointments.again(first) if first is not None else None


def _book(form: BookingForm, token: str, link: OpenLink, heard: Heard, asked: Visit, start: datetime) -> Booked:
    once = _named_by_page(link, asked, start) or Once(f"link:{link.public_id}", form.key)
    wish = Wish(
        start,
        contact(form),
        CUSTOMER,
        answers_of(form),
        token=token,
        planning=asked.planning if asked.service is None else None,
        service=asked.service,
        resources=heard.keys,
        quantity=heard.quantity,
        iterations=heard.iterations,
        hold=holds.of_token(asked.hold),
        once=once,
    )
    return appointments.book(wish, now=now())


def _chosen_from(asked: Visit, refusal: Refusal | None) -> str | None:
    """Keep the page's name as the key of the request, but not after it was used for another one.

    These pages are kept by no browser, so that Back brings a fresh form: the key must come from the address.
    """
    return None if isinstance(refusal, Invalid) else asked.nonce


def _show(form: BookingForm, looked: Looked, refusal: Refusal | None, asked: Visit, token: str) -> Response:
    form.sign()
    link, heard, choice = looked
    start, paths, what = choice.start.start, _paths(token, asked), title_of(link)
    return page(
        "booking/details.html",
        status=status_of(form, choice, refusal),
        form=form,
        chosen=chosen(choice.bookable, choice.start, asked.tz, heard),
        lost=lost_text(choice),
        nearest=choice.nearest,
        typed=request.method == "POST",
        asks=choice.bookable.policy.validation != "none",
        keeping=keeping.said(choice, known=True),
        what=what,
        eyebrow=step_text(2, 2, what),
        action=replace(paths, chosen_from=_chosen_from(asked, refusal)).to_send,
        back_url=paths.to_day(local_day(start, choice.bookable.zone)),
    )
