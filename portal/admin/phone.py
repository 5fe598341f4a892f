"""Booking for somebody who is on the telephone: free places first, then who comes; the same engine as everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from portal.admin.appointment_forms import PhoneForm
from portal.admin.guard import BOOK, actor, needs, staff
from portal.admin.places import Step, staff_picker, typed_moment, wanted_start
from portal.clock import now
from portal.config import LOCALES
from portal.domain.errors import NotFound
from portal.domain.zones import local_day
from portal.i18n import _, current_locale
from portal.operations import appointments, order_pages, orders, staff_calendars
from portal.operations.addresses import normal_address
from portal.operations.appointments import Booked, Contact, Wish
from portal.operations.bookables import Bookable
from portal.operations.calendars import OpenSite
from portal.operations.once import Once
from portal.operations.orders import OrderCard
from portal.web.custom_fields import answers_of, asking
from portal.web.picker import Paths, day_view, length_text
from portal.web.responses import go, page, show, wants_fragment
from portal.web.visit import visit

bp = Blueprint("phone", __name__, url_prefix="/add/appointment")
LONGEST = 200  # characters of a reference in the address


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


def _reference() -> str:
    return request.args.get("order", "").strip().replace("\0", "")[:LONGEST]


def _order() -> OrderCard | None:
    """Read the order that is booked for. Raises NotFound for one that does not exist."""
    return orders.get(reference) if (reference := _reference()) else None


@bp.get("/")
@needs(BOOK)
def choose() -> Response:
    """Ask where and for what, or for which order; go straight on where there is only one answer."""
    reference, unknown = _reference(), False
    found = staff_calendars.plannings()
    order: OrderCard | None = None
    if reference:
        try:
            sheet = order_pages.sheet(reference, now=now())
        except NotFound:
            unknown = True
        else:
            order = sheet.order
            found = [OpenSite(order.site, sheet.plannings)] if sheet.plannings else []
    links = [_links(site, order) for site in found]
    if (only := _only(links)) and not unknown:
        return go(only.url)
    return page(
        "admin/appointments/choose.html",
        404 if unknown else 200,
        sites=links,
        order=order,
        reference=reference,
        unknown=unknown,
    )


def _only(sites: list[SiteLinks]) -> PlanningLink | None:
    links = [planning for site in sites for planning in site.plannings]
    return links[0] if len(links) == 1 else None


def _links(found: OpenSite, order: OrderCard | None) -> SiteLinks:
    named = {"order": order.reference} if order else {}
    links = tuple(_link(one, named) for one in found.plannings)
    return SiteLinks(found.site.key, found.site.name, links)


def _link(one: Bookable, named: dict[str, Any]) -> PlanningLink:
    url = url_for("admin.phone.pick", site=one.site.key, planning=one.planning.key, **named)
    return PlanningLink(one.planning.name, length_text(one.planning.schedule.slot_minutes), url)


def _paths(site: str, planning: str, order: OrderCard | None) -> Paths:
    named = {"order": order.reference} if order else {}
    return Paths("admin.phone.pick", "admin.phone.details", {"site": site, "planning": planning, **named})


@bp.get("/<site>/<planning>")
@needs(BOOK)
def pick(site: str, planning: str) -> Response:
    """Show a month of free places."""
    order, asked = _order(), visit()
    paths = _paths(site, planning, order)
    if wants_fragment() and asked.day is not None:
        found = staff_calendars.day(site, planning, asked.day, now=now())
        return show("admin/appointments/pick.html", "booking/_slots.html", day=day_view(found, asked, paths))
    calendar = staff_calendars.month(site, planning, now=now(), month=asked.month, day=asked.day)
    return show(
        "admin/appointments/pick.html",
        "booking/_pick.html",
        picker=staff_picker(calendar, asked, paths),
        bookable=calendar.bookable,
        order=order,
        moment=typed_moment(),
        moment_url=url_for("admin.phone.details", site=site, planning=planning),
        back_url=_back(order),
    )


def _back(order: OrderCard | None) -> str:
    if order is not None:
        return url_for("admin.orders.show", reference=order.reference)
    return url_for("admin.phone.choose")


@bp.route("/<site>/<planning>/details", methods=["GET", "POST"])
@needs(BOOK)
def details(site: str, planning: str) -> Response:
    """Ask who comes, with what the order knows filled in, and take the place."""
    order, place = _order(), staff_calendars.bookable(site, planning)
    paths = _paths(site, planning, order)
    start = wanted_start(place.zone)
    if start is None:
        return go(url_for(paths.page, **{**paths.values, **(typed_moment() or {})}))
    form = asking(PhoneForm, place.planning.questions, needed=False)(request.form, **_known(order))
    step = Step.open(form, lambda: staff_calendars.choice(site, planning, start, now=now()))
    if request.method == "POST" and (booked := step.take(lambda reason: _book(form, place, order, start, reason))):
        flash(_("The appointment is booked."))
        return go(url_for("admin.appointments.show", public_id=booked.public_id))
    return page(
        "admin/appointments/details.html",
        step.status,
        bookable=place,
        order=order,
        action=paths.to_send,
        back_url=paths.to_day(local_day(start, place.zone)),
        **step.values(),
    )


def _known(order: OrderCard | None) -> dict[str, Any]:
    if order is None:
        return {"locale": current_locale()}
    locale = order.locale if order.locale in LOCALES else current_locale()
    return {"name": order.name, "email": order.email or "", "phone": order.phone, "locale": locale}


def _book(form: PhoneForm, place: Bookable, order: OrderCard | None, start: datetime, reason: str) -> Booked:
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
        planning=place.planning.key,
        order=order.reference if order else None,
        overbook=reason,
        once=Once(f"staff-book:{staff().member.id}", form.key),
    )
    return appointments.book(wish, now=now())
