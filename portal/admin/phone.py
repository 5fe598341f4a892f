"""Booking for somebody who is on the telephone: free places first, then who comes; the same engine as everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from portal.admin.appointment_forms import PhoneForm
from portal.admin.callers import Caller, asked_reference
from portal.admin.guard import BOOK, actor, needs, only, scope, staff
from portal.admin.places import Step, staff_picker, typed_moment, wanted_start
from portal.clock import now
from portal.domain.errors import NotFound
from portal.domain.zones import local_day
from portal.i18n import _
from portal.operations import appointments, order_pages, staff_calendars
from portal.operations.addresses import normal_address
from portal.operations.appointments import Booked, Contact, Wish
from portal.operations.bookables import Bookable
from portal.operations.calendars import OpenSite
from portal.operations.once import Once
from portal.web.custom_fields import answers_of, asking
from portal.web.picker import Paths, day_view, length_text
from portal.web.responses import go, page, show, wants_fragment
from portal.web.visit import KEY, visit

bp = Blueprint("phone", __name__, url_prefix="/add/appointment")


@dataclass(frozen=True, slots=True)
class PlanningLink:
    """A planning to choose."""

    name: str
    length: str
    url: str


@dataclass(frozen=True, slots=True)
class SiteLinks:
    """A site with its plannings to choose from."""

    key: str
    name: str
    plannings: tuple[PlanningLink, ...]


@bp.get("/")
@needs(BOOK)
def choose() -> Response:
    """Ask where and for what, or for which order; go straight on where there is only one answer."""
    reference, unknown = asked_reference(), False
    caller = Caller()
    try:
        caller = Caller.asked()
    except NotFound:
        if not reference:
            raise
        unknown = True
    links = [_links(site, caller) for site in _offered(caller)]
    if (only_one := _only(links)) and not unknown:
        return go(only_one.url)
    return page(
        "admin/appointments/choose.html",
        404 if unknown else 200,
        sites=links,
        order=caller.order,
        caller=caller,
        reference=reference,
        unknown=unknown,
    )


def _offered(caller: Caller) -> list[OpenSite]:
    """List what may be booked for the caller: an order's plannings, else all; ``site`` in the address narrows it."""
    if caller.order is not None:
        serving = order_pages.sheet(caller.order.reference, now=now()).plannings
        return [OpenSite(caller.order.site, serving)] if serving else []
    site = request.args.get("site", "")
    return staff_calendars.plannings(site if KEY.fullmatch(site) else None, scope=scope())


def _only(sites: list[SiteLinks]) -> PlanningLink | None:
    links = [planning for site in sites for planning in site.plannings]
    return links[0] if len(links) == 1 else None


def _links(found: OpenSite, caller: Caller) -> SiteLinks:
    links = tuple(_link(one, caller.named) for one in found.plannings)
    return SiteLinks(found.site.key, found.site.name, links)


def _link(one: Bookable, named: dict[str, Any]) -> PlanningLink:
    url = url_for("admin.phone.pick", site=one.site.key, planning=one.item.key, **named)
    return PlanningLink(one.item.name, length_text(one.item.minutes), url)


def _paths(place: Bookable, caller: Caller) -> Paths:
    keys = {"site": place.site.key, "planning": place.item.key}
    return Paths("admin.phone.pick", "admin.phone.details", {**keys, **caller.named})


def _place(site: str, planning: str) -> Bookable:
    """Find what is booked, within the sites of the one who is logged in. Raises NotFound."""
    place = staff_calendars.bookable(site, planning)
    only(place.site.id)
    return place


@bp.get("/<site>/<planning>")
@needs(BOOK)
def pick(site: str, planning: str) -> Response:
    """Show a month of free places."""
    caller, place, asked = Caller.asked(), _place(site, planning), visit()
    paths = _paths(place, caller)
    if wants_fragment() and asked.day is not None:
        found = staff_calendars.day(site, planning, asked.day, now=now())
        return show("admin/appointments/pick.html", "booking/_slots.html", day=day_view(found, asked, paths))
    calendar = staff_calendars.month(site, planning, now=now(), month=asked.month, day=asked.day)
    return show(
        "admin/appointments/pick.html",
        "booking/_pick.html",
        picker=staff_picker(calendar, asked, paths),
        bookable=calendar.bookable,
        caller=caller,
        moment=typed_moment(),
        moment_url=url_for("admin.phone.details", site=site, planning=planning),
    )


@bp.route("/<site>/<planning>/details", methods=["GET", "POST"])
@needs(BOOK)
def details(site: str, planning: str) -> Response:
    """Ask who comes, with what is known filled in, and take the place."""
    caller, place = Caller.asked(), _place(site, planning)
    paths = _paths(place, caller)
    start = wanted_start(place.zone)
    if start is None:
        return go(url_for(paths.page, **{**paths.values, **(typed_moment() or {})}))
    form = asking(PhoneForm, place.item.questions, needed=False)(request.form, **caller.known)
    step = Step.open(form, lambda: staff_calendars.choice(site, planning, start, now=now()))
    if request.method == "POST" and (booked := step.take(lambda reason: _book(form, place, caller, start, reason))):
        flash(_("The appointment is booked."))
        return go(url_for("admin.appointments.show", public_id=booked.public_id))
    return page(
        "admin/appointments/details.html",
        step.status,
        bookable=place,
        caller=caller,
        action=paths.to_send,
        back_url=paths.to_day(local_day(start, place.zone)),
        **step.values(),
    )


def _book(form: PhoneForm, place: Bookable, caller: Caller, start: datetime, reason: str) -> Booked:
    contact = Contact(
        email=normal_address(form.email.data) if form.email.data else None,
        name=form.name.data,
        phone=form.phone.data or "",
        comment=form.comment.data or "",
        locale=form.locale.data,
    )
    wish = Wish(
        start=start,
        contact=contact,
        fields=answers_of(form),
        actor=actor(),
        site=place.site.key,
        planning=place.item.key,
        order=caller.order.reference if caller.order else None,
        customer=caller.customer.id if caller.customer else None,
        overbook=reason,
        once=Once(f"staff-book:{staff().member.id}", form.key),
    )
    return appointments.book(wish, now=now())
