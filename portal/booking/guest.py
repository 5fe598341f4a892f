"""Booking without a link, where a planning or a service takes guests: choose a time, say who comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from portal.booking import booked, by_mail, choices, keeping, sites
from portal.booking.forms import BookingForm, called_at
from portal.booking.keeping import HoldForm
from portal.booking.limits import each_address, each_mail
from portal.booking.spots import Spot
from portal.clock import now
from portal.domain.errors import Refusal
from portal.domain.lifecycle import Status
from portal.domain.zones import local_day
from portal.i18n import _, current_locale, named
from portal.operations import access, appointments, guest_calendars, holds
from portal.operations.actors import GUEST
from portal.operations.addresses import normal_address
from portal.operations.bookables import Bookable
from portal.operations.calendars import Calendar, Choice
from portal.operations.continuations import Introduced
from portal.operations.guest_calendars import Carried, Met
from portal.operations.once import Once
from portal.operations.proposals import Proposals
from portal.operations.service_cards import ServiceCard
from portal.operations.wishes import Booked, Contact, Wish
from portal.web.custom_fields import answers_of, asking
from portal.web.days import day_view
from portal.web.offering import calls, description_of, detail_of
from portal.web.picker import picker
from portal.web.responses import go, page, show, wants_fragment
from portal.web.step import asked_start, attempt, chosen, lost_text, status_of, step_text
from portal.web.visit import Visit, visit
from portal.web.visitors import somebody_looks

bp = Blueprint("guest", __name__, url_prefix="/book")
each_address(bp)


def _by(asked: Visit, *, used: bool = False) -> Carried:
    return Carried(asked.c, asked.hold, used)


def _keeps(bookable: Bookable, asked: Visit) -> bool:
    return holds.offered(bookable, known=asked.c is not None)


@bp.get("/<site>/planning/<key>")
def planning(site: str, key: str) -> Response:
    """Show a month of a planning, with the slots of one of its days."""
    return _pick(Spot.of(site, planning=key))


@bp.get("/<site>/<service>")
def service(site: str, service: str) -> Response:
    """Ask with whom or in which room where that is a choice, then show a month of a service."""
    return _pick(Spot.of(site, service=service))


def _pick(spot: Spot) -> Response:
    asked, counted = visit(), somebody_looks()
    by = _by(asked)
    if wants_fragment() and asked.day is not None:
        day = guest_calendars.day(**spot.where, day=asked.day, wanted=asked.wanted, now=now(), by=by, counted=counted)
        paths = spot.paths(asked, keeps=_keeps(day.bookable, asked), waits=not day.asking.resources)
        return show("booking/planning.html", "booking/_slots.html", day=day_view(day, asked, paths))
    found = guest_calendars.page(
        **spot.where, wanted=asked.wanted, now=now(), month=asked.month, day=asked.day, by=by, counted=counted
    )
    if isinstance(found.shown, Proposals):
        return _ask(spot, found.met, found.shown, asked)
    return _month(spot, found.met, found.shown, asked)


def _ask(spot: Spot, met: Met, found: Proposals, asked: Visit) -> Response:
    """Put the question that comes before the times."""
    return page(
        "booking/ask.html",
        ask=choices.asks(met.bookable, met.heard, found, asked, spot.paths(asked)),
        notes=choices.notes(met.heard, asked.wanted),
        **_head(met, asked, 1, _("Your choice")),
    )


def _month(spot: Spot, met: Met, found: Calendar, asked: Visit) -> Response:
    paths = spot.paths(asked, keeps=_keeps(met.bookable, asked), waits=not met.heard.picked)
    return show(
        "booking/planning.html",
        "booking/_pick.html",
        picker=picker(found, asked, paths),
        keeping=keeping.signed() if paths.keep else None,
        beside=choices.beside(met.bookable, met.heard, asked, paths),
        mail_first=met.by_mail,
        **_head(met, asked, 2 if choices.asked_question(met.heard, asked.wanted) else 1, _("Choose a time")),
    )


def _head(met: Met, asked: Visit, number: int, what: str) -> dict[str, Any]:
    """Give what stands on top of a page that chooses."""
    item, site = met.bookable.item, met.bookable.site
    return {
        "eyebrow": step_text(number, _count(met, asked), what),
        "what": named(item),
        "about": detail_of(item) if isinstance(item, ServiceCard) else "",
        "description": description_of(item),
        "site": site,
        "back_url": sites.back_url(site.key, asked),
    }


def _count(met: Met, asked: Visit) -> int:
    """Count the steps: to choose somebody or something, a time, by mail who it is, and to say who comes."""
    return 2 + choices.asked_question(met.heard, asked.wanted) + access.by_mail_only(met.bookable)


@bp.post("/<site>/planning/<key>/hold")
def hold(site: str, key: str) -> Response:
    """Keep the place of the slot that is chosen, and go on to its form; without a place where it is lost."""
    return _hold(Spot.of(site, planning=key))


@bp.post("/<site>/<service>/hold")
def service_hold(site: str, service: str) -> Response:
    """Keep all that the slot of a service takes, as ``hold``."""
    return _hold(Spot.of(site, service=service))


def _hold(spot: Spot) -> Response:
    asked, start = visit(), asked_start()
    if start is None:
        return go(spot.paths(asked).to_page)
    met = guest_calendars.meet(**spot.where, wanted=asked.wanted, now=now(), by=_by(asked))
    if met.heard.question is not None:
        return go(spot.paths(asked).to_page)
    kept = keeping.take(HoldForm(request.form), spot.place(asked, met.heard), start, asked)
    return go(spot.paths(kept).to_start(start, met.bookable.zone))


@bp.route("/<site>/planning/<key>/details", methods=["GET", "POST"])
@each_mail
def details(site: str, key: str) -> Response:
    """Ask who comes, and take the slot."""
    return _details(Spot.of(site, planning=key))


@bp.route("/<site>/<service>/details", methods=["GET", "POST"])
@each_mail
def service_details(site: str, service: str) -> Response:
    """Ask who comes, and take the slot of a service with all that it needs."""
    return _details(Spot.of(site, service=service))


def _details(spot: Spot) -> Response:
    asked, start = visit(), asked_start()
    if start is None:
        return go(spot.paths(asked).to_page)
    met = guest_calendars.meet(
        **spot.where, wanted=asked.wanted, now=now(), by=_by(asked, used=request.method == "POST")
    )
    if met.heard.question is not None:  # whoever was chosen is there no more, or nobody was: nobody else is taken
        return go(spot.paths(asked).to_day(local_day(start, met.bookable.zone)))
    if met.by_mail:
        step = step_text(_count(met, asked) - 1, _count(met, asked), named(met.bookable.item))
        return by_mail.ask(spot, met, start, asked, step)
    known = {"email": met.introduced.email} if met.introduced is not None else {}
    asks = asking(BookingForm, met.bookable.item.questions)
    form = asks(request.form, locked=known, **{**_known_of(met.introduced), **prefilled(asked), **known})
    if calls(met.bookable.item):
        called_at(form)
    return (_keep if "keep" in request.form else _take)(form, spot, met, start, asked)


def _keep(form: BookingForm, spot: Spot, met: Met, start: datetime, asked: Visit) -> Response:
    """Keep the place of the open form, whose values stay as they are typed."""
    kept = keeping.take(form, spot.place(asked, met.heard), start, asked)
    choice = guest_calendars.choice(**spot.where, start=start, wanted=asked.wanted, now=now(), by=_by(kept))
    return _show(form, spot, met, choice, None, kept)


def _take(form: BookingForm, spot: Spot, met: Met, start: datetime, asked: Visit) -> Response:
    """Take the slot when the form is right; show it again when it is not."""
    outcome = attempt(form, lambda: _book(form, spot, met, start, asked)) if request.method == "POST" else None
    if isinstance(outcome, Booked):
        return _done(outcome, spot, met.bookable, form, start, asked)
    by = _by(asked, used=request.method == "POST")
    choice = guest_calendars.choice(**spot.where, start=start, wanted=asked.wanted, now=now(), by=by)
    return _show(form, spot, met, choice, outcome, asked)


def _done(made: Booked, spot: Spot, bookable: Bookable, form: BookingForm, start: datetime, asked: Visit) -> Response:
    """Go on to the appointment, or to the mailbox when the address is to be confirmed first."""
    paths = spot.paths(replace(asked, hold=None))
    if made.status is not Status.HELD:
        return booked.shown(made, named(bookable.item), asked, paths.to_page)
    back_url = paths.to_day(local_day(start, bookable.zone))
    return by_mail.sent(by_mail.to_confirm(bookable, normal_address(form.email.data), back_url))


def _known_of(introduced: Introduced | None) -> dict[str, Any]:
    """Give what is known of a customer, who may correct it."""
    return {"name": introduced.name, "phone": introduced.phone} if introduced is not None else {}


def prefilled(asked: Visit) -> dict[str, Any]:
    """Give the details that the address of the page brings along."""
    return {name: asked.carried[name] for name in ("email", "name", "phone") if name in asked.carried}


def contact(form: BookingForm) -> Contact:
    """Say who comes, in the language of this page."""
    return Contact(
        email=normal_address(form.email.data),
        name=form.name.data,
        phone=form.phone.data or "",
        comment=form.comment.data or "",
        locale=current_locale(),
    )


def _book(form: BookingForm, spot: Spot, met: Met, start: datetime, asked: Visit) -> Booked:
    wish = Wish(
        start,
        contact(form),
        GUEST,
        answers_of(form),
        **spot.where,
        resources=met.heard.keys,
        quantity=met.heard.quantity,
        iterations=met.heard.iterations,
        continuation=asked.c,
        hold=holds.of_token(asked.hold),
        once=Once(f"guest:{met.bookable.pool_id}", form.key),
    )
    return appointments.book(wish, now=now())


def _show(form: BookingForm, spot: Spot, met: Met, choice: Choice, refusal: Refusal | None, asked: Visit) -> Response:
    form.sign()
    start, paths, count = choice.start.start, spot.paths(asked), _count(met, asked)
    return page(
        "booking/details.html",
        status=status_of(form, choice, refusal),
        form=form,
        chosen=chosen(choice.bookable, choice.start, asked.tz, met.heard),
        lost=lost_text(choice),
        nearest=choice.nearest,
        typed=request.method == "POST",
        asks=choice.bookable.policy.validation != "none",
        confirms=choice.bookable.policy.confirm_by_mail > 0 and asked.c is None,
        keeping=keeping.said(choice, known=asked.c is not None),
        what=named(choice.bookable.item),
        eyebrow=step_text(count, count, named(choice.bookable.item)),
        action=paths.to_send,
        back_url=paths.to_day(local_day(start, choice.bookable.zone)),
    )
