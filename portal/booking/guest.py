"""Booking without a link, where a planning takes guests: choose a time, say who comes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.booking.forms import BookingForm
from portal.booking.home import guest_url, site_links
from portal.booking.limits import each_address, each_mail
from portal.clock import now
from portal.domain.errors import NotFound, Refusal
from portal.domain.zones import local_day
from portal.i18n import current_locale
from portal.operations import appointments, calendars
from portal.operations.actors import GUEST
from portal.operations.addresses import normal_address
from portal.operations.appointments import Booked, Contact, Wish
from portal.operations.calendars import Choice
from portal.operations.once import Once
from portal.web.custom_fields import answers_of, asking
from portal.web.picker import Paths, day_view, picker
from portal.web.responses import go, page, show, wants_fragment
from portal.web.step import asked_start, attempt, chosen, lost_text, page_values, status_of
from portal.web.visit import KEY, Visit, visit
from portal.web.visitors import somebody_looks

bp = Blueprint("guest", __name__, url_prefix="/book")
each_address(bp)


def _paths(site: str, key: str, asked: Visit) -> Paths:
    return Paths("guest.planning", "guest.details", {"site": site, "key": key, **asked.carried})


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
        return go(guest_url(site, found.plannings[0].planning.key, asked.carried))
    links = site_links(found, asked.carried)
    return page("booking/choose.html", site=found.site, plannings=links.plannings)


@bp.get("/<site>/planning/<key>")
def planning(site: str, key: str) -> Response:
    """Show a month, with the slots of one of its days."""
    _checked(site, key)
    asked = visit()
    paths = _paths(site, key, asked)
    if wants_fragment() and asked.day is not None:
        day = calendars.guest_day(site, key, asked.day, now=now(), counted=somebody_looks())
        return show("booking/planning.html", "booking/_slots.html", day=day_view(day, asked, paths))
    found = calendars.guest_calendar(site, key, now=now(), month=asked.month, day=asked.day, counted=somebody_looks())
    return show(
        "booking/planning.html",
        "booking/_pick.html",
        picker=picker(found, asked, paths),
        planning=found.bookable.planning,
        site=found.bookable.site,
        back_url=url_for("booking.home", **page_values(asked.carried)),
    )


@bp.route("/<site>/planning/<key>/details", methods=["GET", "POST"])
@each_mail
def details(site: str, key: str) -> Response:
    """Ask who comes, and take the slot."""
    _checked(site, key)
    asked = visit()
    start = asked_start()
    if start is None:
        return go(_paths(site, key, asked).to_page)
    asks = asking(BookingForm, calendars.guest_questions(site, key))
    form = asks(request.form, **prefilled(asked))
    outcome = attempt(form, lambda: _book(form, site, key, start)) if request.method == "POST" else None
    if isinstance(outcome, Booked):
        return go(url_for("manage.show", token=outcome.token, **page_values(asked.carried)))
    choice = calendars.guest_choice(site, key, start, now=now())
    return _show(form, choice, outcome, asked, _paths(site, key, asked))


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


def _book(form: BookingForm, site: str, key: str, start: datetime) -> Booked:
    once = Once(f"guest:{site}/{key}", form.key)
    wish = Wish(start, contact(form), GUEST, answers_of(form), site=site, planning=key, once=once)
    return appointments.book(wish, now=now())


def _show(form: BookingForm, choice: Choice, refusal: Refusal | None, asked: Visit, paths: Paths) -> Response:
    form.sign()
    start = choice.start.start
    return page(
        "booking/details.html",
        status=status_of(form, choice, refusal),
        form=form,
        chosen=chosen(choice.bookable, choice.start, asked.tz),
        lost=lost_text(choice),
        nearest=choice.nearest,
        typed=request.method == "POST",
        asks=choice.bookable.policy.validation != "none",
        what=choice.bookable.planning.name,
        action=paths.to_send,
        back_url=paths.to_day(local_day(start, choice.bookable.zone)),
    )
