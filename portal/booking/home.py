"""What everybody may see: the places that take guests, the way to lost links, and what the law asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.booking.forms import FindForm
from portal.booking.limits import each_address, each_mail
from portal.clock import now
from portal.i18n import current_locale
from portal.operations import calendars, find
from portal.operations.addresses import normal_address
from portal.operations.bookables import Bookable
from portal.operations.calendars import OpenSite
from portal.web.picker import length_text
from portal.web.responses import page
from portal.web.visit import visit

bp = Blueprint("booking", __name__)
each_address(bp)


@dataclass(frozen=True, slots=True)
class PlanningLink:
    """A planning to choose."""

    url: str
    name: str
    length: str


@dataclass(frozen=True, slots=True)
class SiteLinks:
    """A site with the plannings that take guests."""

    key: str
    name: str
    address: str
    plannings: tuple[PlanningLink, ...]


def planning_link(bookable: Bookable, url: str) -> PlanningLink:
    """Name a planning, how long it keeps a visitor, and where it leads."""
    return PlanningLink(url, bookable.item.name, length_text(bookable.item.minutes))


def site_links(open_site: OpenSite, carried: dict[str, Any]) -> SiteLinks:
    """Prepare a site for the list of places."""
    site = open_site.site
    links = tuple(planning_link(one, guest_url(site.key, one.item.key, carried)) for one in open_site.plannings)
    return SiteLinks(site.key, site.name, site.address, links)


def guest_url(site: str, planning: str, carried: dict[str, Any]) -> str:
    """Give the address at which guests book a planning."""
    return url_for("guest.planning", site=site, key=planning, **carried)


@bp.get("/")
def home() -> Response:
    """List the places that take guests."""
    carried = visit().carried
    return page("booking/home.html", sites=[site_links(one, carried) for one in calendars.open_sites()])


@bp.route("/find", methods=["GET", "POST"])
@each_mail
def find_links() -> Response:
    """Mail the links of an address's appointments to come; the answer is the same for every address."""
    form = FindForm(request.form)
    sent = request.method == "POST" and form.accepted()
    if sent:
        find.ask(normal_address(form.email.data), current_locale(), now=now())
    form.sign()
    return page("booking/find.html", status=422 if form.errors else 200, form=form, sent=sent)


@bp.get("/about/<any(accessibility, privacy, legal):name>")
def about(name: str) -> Response:
    """Say what the law asks for, and what visitors may expect."""
    return page(f"booking/about_{name}.html", sites=calendars.open_sites())
