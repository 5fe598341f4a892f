"""Waiting for a place on a full day: joining the list, seeing one's entry, leaving it.

Who joins is told alike whether or not we know the address; the mail that follows has the link to the entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import ngettext

from portal.booking.forms import JoinForm
from portal.booking.language import speak
from portal.booking.limits import each_address, each_mail
from portal.clock import now
from portal.domain.errors import Invalid, NotEligible, NotFound, Refusal
from portal.domain.zones import parse_day
from portal.i18n import _, current_locale, day, named
from portal.operations import waiting
from portal.operations.addresses import normal_address
from portal.operations.waiting import Joining, JoinPage, Place
from portal.web.responses import go, page
from portal.web.step import page_values
from portal.web.texts import explain
from portal.web.visit import KEY, Visit, visit

bp = Blueprint("waiting", __name__)
each_address(bp)


@bp.route("/book/<site>/planning/<key>/wait", methods=["GET", "POST"])
@each_mail
def guest(site: str, key: str) -> Response:
    """Join the list of a full day as a guest."""
    if not (KEY.fullmatch(site) and KEY.fullmatch(key)):
        raise NotFound
    asked, values = visit(), {"site": site, "key": key}
    return _join(Place(site=site, planning=key), asked, ("guest.planning", "waiting.guest", values))


@bp.route("/book/<site>/<service>/wait", methods=["GET", "POST"])
@each_mail
def service(site: str, service: str) -> Response:
    """Join the list of a full day of a service as a guest: for whoever is free then."""
    if not (KEY.fullmatch(site) and KEY.fullmatch(service)):
        raise NotFound
    asked, values = visit(), {"site": site, "service": service}
    return _join(Place(site=site, service=service), asked, ("guest.service", "waiting.service", values))


@bp.route("/b/<token>/wait", methods=["GET", "POST"])
@each_mail
def link(token: str) -> Response:
    """Join the list of a full day by an order's link."""
    asked = visit()
    service = asked.service
    place = Place(token=token, planning=asked.planning if service is None else None, service=service)
    names = {"planning": place.planning, "service": service}
    said = {name: key for name, key in names.items() if key is not None}
    return _join(place, asked, ("links.order", "waiting.link", {"token": token, **said}))


Pages = tuple[str, str, Mapping[str, Any]]
"""The page of days, that of the list, and what names both."""


def _join(place: Place, asked: Visit, pages: Pages) -> Response:
    """Show what joining needs, and join; where there is no list, or no day is named, the days are shown instead."""
    found = waiting.look(place, _day(asked), now=now())
    if found.link is not None:
        speak(found.link.locale)
    on_day: dict[str, Any] = {"day": asked.day.isoformat()} if asked.day else {}
    to_page = url_for(pages[0], **pages[2], **asked.carried, **on_day)
    if not found.wanted or (asked.day is None and request.method != "POST"):
        return go(to_page)
    known = {"email": found.link.email} if found.link is not None and found.link.email is not None else {}
    first = {"first_day": found.day.isoformat(), "last_day": _until(found).isoformat()}
    form = JoinForm(request.form, locked=known, **{**first, "email": asked.carried.get("email")})
    refusal: Refusal | None = None
    if request.method == "POST" and form.accepted():
        refusal = _attempt(form, place, found)
        if refusal is None:
            return _joined(form, found, to_page)
    return _show(form, found, refusal, pages, asked, to_page)


def _day(asked: Visit) -> date:
    return asked.day or now().date()


def _until(found: JoinPage) -> date:
    """Give the last day that the address asks for, at most what may be waited for."""
    return max(found.day, min(parse_day(request.args.get("until")) or found.day, found.latest))


def _attempt(form: JoinForm, place: Place, found: JoinPage) -> Refusal | None:
    first, last = form.days
    name = found.link.name if found.link is not None else ""
    wish = Joining(place, first, last, normal_address(form.email.data), name, current_locale())
    try:
        waiting.join(wish, now=now())
    except Invalid as refusal:
        field = form[str(refusal.values.get("field"))] if refusal.values.get("field") in form else form.last_day
        field.errors = [_problem(refusal)]
        return refusal
    except NotEligible as refusal:
        form.email.errors = [explain(refusal)]
        return refusal
    return None


def _problem(refusal: Invalid) -> str:
    """Say why these days cannot be waited for."""
    values = refusal.values
    free = date.fromisoformat(values["day"]) if "day" in values else None
    return {
        "day_free": _("A time is still free on %(day)s: book it now.", day=day(free) if free else ""),
        "never_open": _("On these days nothing could be booked anyway: choose others."),
        "outside_days": _("Choose days that can be booked."),
        "days_order": _("The last day must not come before the first."),
        "too_many_days": _("Choose %(number)s days at most.", number=values.get("limit", "")),
        "locked": _("This value is given by the order and cannot be changed."),
    }.get(str(values.get("problem")), explain(refusal))


def _joined(form: JoinForm, found: JoinPage, to_page: str) -> Response:
    """Say that the mail is on its way, whoever asked."""
    return page(
        "booking/wait_joined.html",
        days=days_text(*form.days),
        email=normal_address(form.email.data),
        what=named(found.bookable.item),
        phone=found.bookable.site.phone,
        back_url=to_page,
    )


def _show(
    form: JoinForm, found: JoinPage, refusal: Refusal | None, pages: Pages, asked: Visit, to_page: str
) -> Response:
    form.sign()
    status = refusal.status if refusal is not None else 422 if form.errors else 200
    return page(
        "booking/wait_join.html",
        status=status,
        form=form,
        full=found.full,
        day=day(found.day),
        what=f"{named(found.bookable.item)}, {found.bookable.site.name}",
        already=_already(found.waiting),
        latest=found.latest.isoformat(),
        only_customers=found.bookable.policy.who == "existing" and found.link is None,
        action=url_for(pages[1], **pages[2], **page_values(asked.carried), day=found.day.isoformat()),
        back_url=to_page,
    )


def _already(number: int) -> str:
    if not number:
        return _("Nobody is waiting for this day yet.")
    return str(ngettext("%(num)s person is waiting for this day.", "%(num)s people are waiting for this day.", number))


def days_text(first: date, last: date) -> str:
    """Name days: one, or from one to another."""
    return day(first) if first == last else _("%(first)s to %(last)s", first=day(first), last=day(last))


# The one who waits


@bp.route("/wait/<token>", methods=["GET", "POST"])
def entry(token: str) -> Response:
    """Show for which days somebody waits, and leave the list."""
    asked, found = visit(), waiting.read(token)
    speak(found.entry.locale)
    here = url_for("waiting.entry", token=token, **page_values(asked.carried))
    if request.method == "POST":
        waiting.leave(token, now=now())
        return go(here)
    mine = found.entry
    return page(
        "booking/wait.html",
        entry=mine,
        days=days_text(mine.first_day, mine.last_day),
        place=f"{named(found.bookable.item)}, {found.bookable.site.name}",
        zone=found.bookable.zone,
        phone=found.bookable.site.phone,
        action=here,
    )
