"""Booking without a link, where a planning takes guests: choose a time, say who comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.booking import booked, by_mail, keeping
from portal.booking.forms import BookingForm
from portal.booking.home import guest_url, site_links
from portal.booking.keeping import HoldForm
from portal.booking.limits import each_address, each_mail
from portal.clock import now
from portal.domain.errors import NotFound, Refusal
from portal.domain.lifecycle import Status
from portal.domain.zones import local_day
from portal.i18n import current_locale
from portal.operations import access, appointments, calendars, holds
from portal.operations.actors import GUEST
from portal.operations.addresses import normal_address
from portal.operations.appointments import Booked, Contact, Wish
from portal.operations.bookables import Bookable
from portal.operations.calendars import Carried, Choice, Met
from portal.operations.continuations import Introduced
from portal.operations.holds import Place
from portal.operations.once import Once
from portal.web.custom_fields import answers_of, asking
from portal.web.embedding import framed
from portal.web.picker import Paths, day_view, picker
from portal.web.responses import go, page, show, wants_fragment
from portal.web.step import asked_start, attempt, chosen, lost_text, page_values, status_of
from portal.web.visit import KEY, Visit, visit
from portal.web.visitors import somebody_looks

bp = Blueprint("guest", __name__, url_prefix="/book")
each_address(bp)


def _paths(site: str, key: str, asked: Visit, *, keeps: bool = False) -> Paths:
    values = {"site": site, "key": key, **asked.carried, **asked.tokens}
    keep = "guest.hold" if keeps else None
    return Paths("guest.planning", "guest.details", values, keep=keep, wait="waiting.guest")


def _by(asked: Visit, *, used: bool = False) -> Carried:
    return Carried(asked.c, asked.hold, used)


def _keeps(bookable: Bookable, asked: Visit) -> bool:
    return holds.offered(bookable, known=asked.c is not None)


def _checked(*keys: str) -> None:
    """Refuse what cannot be a key before any database is asked."""
    if not all(KEY.fullmatch(key) for key in keys):
        raise NotFound


@bp.get("/<site>")
def choose(site: str) -> Response:
    """Ask what the appointment is for; go straight on where there is only one answer."""
    _checked(site)
    asked = visit()
    found = calendars.open_site(site)
    if len(found.plannings) == 1:
        return go(guest_url(site, found.plannings[0].item.key, asked.carried))
    links = site_links(found, asked.carried)
    return page("booking/choose.html", site=found.site, plannings=links.plannings)


@bp.get("/<site>/planning/<key>")
def planning(site: str, key: str) -> Response:
    """Show a month, with the slots of one of its days."""
    _checked(site, key)
    asked, counted = visit(), somebody_looks()
    by = _by(asked)
    if wants_fragment() and asked.day is not None:
        day = calendars.guest_day(site, key, asked.day, now=now(), by=by, counted=counted)
        paths = _paths(site, key, asked, keeps=_keeps(day.bookable, asked))
        return show("booking/planning.html", "booking/_slots.html", day=day_view(day, asked, paths))
    found = calendars.guest_calendar(site, key, now=now(), month=asked.month, day=asked.day, by=by, counted=counted)
    paths = _paths(site, key, asked, keeps=_keeps(found.bookable, asked))
    return show(
        "booking/planning.html",
        "booking/_pick.html",
        picker=picker(found, asked, paths),
        keeping=keeping.signed() if paths.keep else None,
        introduced=asked.c is not None,
        customers_only=access.by_mail_only(found.bookable),
        planning=found.bookable.item,
        site=found.bookable.site,
        back_url=_back(found.bookable.site.key, asked),
    )


def _back(site: str, asked: Visit) -> str:
    """Give the page with what else can be booked: in a frame at this site, and nothing where that is all there is."""
    if not framed():
        return url_for("booking.home", **page_values(asked.carried))
    return url_for("guest.choose", site=site, **asked.carried) if len(calendars.open_site(site).plannings) > 1 else ""


@bp.post("/<site>/planning/<key>/hold")
def hold(site: str, key: str) -> Response:
    """Keep the place of the slot that is chosen, and go on to its form; without a place where it is lost."""
    _checked(site, key)
    asked, start = visit(), asked_start()
    if start is None:
        return go(_paths(site, key, asked).to_page)
    met = calendars.guest(site, key, now=now(), by=_by(asked))
    place = Place(site=site, planning=key, continuation=asked.c)
    kept = keeping.take(HoldForm(request.form), place, start, asked)
    return go(_paths(site, key, kept).to_start(start, met.bookable.zone))


@bp.route("/<site>/planning/<key>/details", methods=["GET", "POST"])
@each_mail
def details(site: str, key: str) -> Response:
    """Ask who comes, and take the slot."""
    _checked(site, key)
    asked = visit()
    start = asked_start()
    if start is None:
        return go(_paths(site, key, asked).to_page)
    met = calendars.guest(site, key, now=now(), by=_by(asked, used=request.method == "POST"))
    if met.by_mail:
        return by_mail.ask(met.bookable, start, asked, _paths(site, key, asked))
    known = {"email": met.introduced.email} if met.introduced is not None else {}
    asks = asking(BookingForm, met.bookable.item.questions)
    form = asks(request.form, locked=known, **{**_known_of(met.introduced), **prefilled(asked), **known})
    return _keep(form, met, start, asked) if "keep" in request.form else _take(form, met, start, asked)


def _keep(form: BookingForm, met: Met, start: datetime, asked: Visit) -> Response:
    """Keep the place of the open form, whose values stay as they are typed."""
    site, key = met.bookable.site.key, met.bookable.item.key
    place = Place(site=site, planning=key, continuation=asked.c)
    kept = keeping.take(form, place, start, asked)
    return _show(form, calendars.guest_choice(site, key, start, now=now(), by=_by(kept)), None, kept)


def _take(form: BookingForm, met: Met, start: datetime, asked: Visit) -> Response:
    """Take the slot when the form is right; show it again when it is not."""
    site, key = met.bookable.site.key, met.bookable.item.key
    outcome = attempt(form, lambda: _book(form, site, key, start, asked)) if request.method == "POST" else None
    if isinstance(outcome, Booked):
        return _done(outcome, met.bookable, form, start, asked)
    by = _by(asked, used=request.method == "POST")
    choice = calendars.guest_choice(site, key, start, now=now(), by=by)
    return _show(form, choice, outcome, asked)


def _done(made: Booked, bookable: Bookable, form: BookingForm, start: datetime, asked: Visit) -> Response:
    """Go on to the appointment, or to the mailbox when the address is to be confirmed first."""
    paths = _paths(bookable.site.key, bookable.item.key, replace(asked, hold=None))
    if made.status is not Status.HELD:
        return booked.shown(made, bookable.item.name, asked, paths.to_page)
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


def _book(form: BookingForm, site: str, key: str, start: datetime, asked: Visit) -> Booked:
    wish = Wish(
        start,
        contact(form),
        GUEST,
        answers_of(form),
        site=site,
        planning=key,
        continuation=asked.c,
        hold=holds.of_token(asked.hold),
        once=Once(f"guest:{site}/{key}", form.key),
    )
    return appointments.book(wish, now=now())


def _show(form: BookingForm, choice: Choice, refusal: Refusal | None, asked: Visit) -> Response:
    form.sign()
    start = choice.start.start
    paths = _paths(choice.bookable.site.key, choice.bookable.item.key, asked)
    return page(
        "booking/details.html",
        status=status_of(form, choice, refusal),
        form=form,
        chosen=chosen(choice.bookable, choice.start, asked.tz),
        lost=lost_text(choice),
        nearest=choice.nearest,
        typed=request.method == "POST",
        asks=choice.bookable.policy.validation != "none",
        introduced=asked.c is not None,
        confirms=choice.bookable.policy.confirm_by_mail > 0 and asked.c is None,
        keeping=keeping.said(choice, known=asked.c is not None),
        what=choice.bookable.item.name,
        action=paths.to_send,
        back_url=paths.to_day(local_day(start, choice.bookable.zone)),
    )
