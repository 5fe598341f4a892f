"""Booking for somebody who is on the telephone: free places first, then who comes; the same engine as everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.admin import service_topics
from portal.admin.callers import Caller, asked_reference
from portal.admin.guard import BOOK, needs, only, scope
from portal.admin.phone_steps import Booking
from portal.admin.service_topics import TopicList
from portal.clock import now
from portal.domain.errors import NotFound
from portal.operations import order_pages, staff_calendars
from portal.operations.bookables import Bookable
from portal.operations.place_cards import PlanningCard
from portal.operations.staff_calendars import SitePlannings, Subject
from portal.web.offering import length_text
from portal.web.paths import Paths
from portal.web.responses import go, page
from portal.web.visit import KEY

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
    links, topics = [_links(site, caller) for site in _offered(caller)], service_topics.asked(caller, _site())
    if (url := _only(links, topics)) and not unknown:
        return go(url)
    return page(
        "admin/appointments/choose.html",
        404 if unknown else 200,
        sites=links,
        topics=topics,
        order=caller.order,
        caller=caller,
        reference=reference,
        unknown=unknown,
    )


def _site() -> str | None:
    """Read the site to which the address narrows what there is."""
    site = request.args.get("site", "")
    return site if KEY.fullmatch(site) else None


def _offered(caller: Caller) -> list[SitePlannings]:
    """List the plannings for the caller: those that serve an order, else all."""
    if caller.order is not None:
        serving = order_pages.sheet(caller.order.reference, now=now()).plannings
        plannings = [one for one in serving if isinstance(one.item, PlanningCard)]
        return [SitePlannings(caller.order.site, plannings)] if plannings else []
    return staff_calendars.plannings(_site(), scope=scope())


def _only(sites: list[SiteLinks], topics: TopicList) -> str:
    """Give the address of the only thing there is; nothing where there are others, or where services were narrowed."""
    urls = [planning.url for site in sites for planning in site.plannings] + topics.urls
    return urls[0] if len(urls) == 1 and not topics.narrowed else ""


def _links(found: SitePlannings, caller: Caller) -> SiteLinks:
    links = tuple(_link(one, caller.named) for one in found.plannings)
    return SiteLinks(found.site.key, found.site.name, links)


def _link(one: Bookable, named: dict[str, Any]) -> PlanningLink:
    url = url_for("admin.phone.pick", site=one.site.key, planning=one.item.key, **named)
    return PlanningLink(one.item.name, length_text(one.item.minutes), url)


def _booking(site: str, planning: str) -> Booking:
    """Open a planning for the caller, within the sites of the one who is logged in. Raises NotFound."""
    caller, place = Caller.asked(), staff_calendars.bookable(site, planning)
    only(place.site.id)
    paths = Paths("admin.phone.pick", "admin.phone.details", {"site": site, "planning": planning, **caller.named})
    return Booking(Subject(site, planning), place, caller, paths, 2, caller.back)


@bp.get("/<site>/<planning>")
@needs(BOOK)
def pick(site: str, planning: str) -> Response:
    """Show a month of free places."""
    return _booking(site, planning).pick()


@bp.route("/<site>/<planning>/details", methods=["GET", "POST"])
@needs(BOOK)
def details(site: str, planning: str) -> Response:
    """Ask who comes, with what is known filled in, and take the place."""
    return _booking(site, planning).details()
