"""What everybody may see: the places that take guests, the way to lost links, and what the law asks for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.booking import guest, near, sites
from portal.booking.choices import Option
from portal.booking.forms import FindForm
from portal.booking.limits import each_address, each_mail
from portal.clock import now
from portal.domain.errors import NotFound
from portal.i18n import _, current_locale, named
from portal.operations import find, open_sites
from portal.operations.addresses import normal_address
from portal.operations.bookables import Bookable
from portal.operations.open_sites import OpenSite, People
from portal.operations.wanting import ANYBODY
from portal.web.responses import go, page
from portal.web.visit import KEY, Visit, visit

bp = Blueprint("booking", __name__)
each_address(bp)
FEW = 6  # things to book that are listed under their site; of more the site has a page
MOST = 10  # sites whose things are listed; of more only the sites are


@bp.get("/")
def home() -> Response:
    """List the places that take guests: the nearest first, where somebody says where they are."""
    asked, found = visit(), open_sites.open_sites()
    shown = [one for one in found if any(sites.of_way(item, sites.way()) for item in one.everything)]
    search = near.search(shown, asked)
    response = page(
        "booking/home.html",
        sites=search.sites,
        search=search,
        few=FEW,
        most=MOST,
        ways=sites.ways([item for one in found for item in one.everything], url_for("booking.home", **asked.carried)),
    )
    return near.allowed(response) if search.offered else response


@guest.bp.get("/<site>")
def choose(site: str) -> Response:
    """Ask what the appointment is for, or first with whom; go straight on where there is only one answer."""
    if not KEY.fullmatch(site):
        raise NotFound
    asked = visit()
    found = open_sites.open_site(site)
    if (direct := _named(found, asked)) is not None:
        return go(sites.guest_url(direct, asked))
    if asked.wanted.staff != ANYBODY and sites.first_people(found, asked):
        people = open_sites.people_at(site)
        if people.people:
            return _of_person(people, asked)
    return _what(found, asked)


def _named(found: OpenSite, asked: Visit) -> Bookable | None:
    """Find the service that the address names, or the only thing that can be booked."""
    service = next((one for one in found.services if one.item.key == asked.service), None)
    return service or (found.everything[0] if len(found.everything) == 1 else None)


def _what(found: OpenSite, asked: Visit, *, only: tuple[Bookable, ...] | None = None, person: str = "") -> Response:
    """List what can be booked, or what somebody can do."""
    unknown = asked.service is not None or (asked.wanted.staff not in (None, ANYBODY) and not person)
    return page(
        "booking/choose.html",
        site=found.site,
        links=sites.site_links(found, asked, only=only),
        person=person,
        unknown=unknown,
        again=_without_staff(found.site.key, asked) if asked.wanted.staff is not None else "",
        ways=sites.ways(only or found.everything, url_for("guest.choose", site=found.site.key, **asked.carried)),
    )


def _of_person(people: People, asked: Visit) -> Response:
    """List what the person that is named can do; the people, where none is."""
    person = next((one for one in people.people if one.key == asked.wanted.staff), None)
    if person is None:
        return _who(people, asked)
    serves = people.serves[person.key]
    if len(serves) == 1:
        return go(sites.guest_url(serves[0], asked))
    return _what(people.found, asked, only=serves, person=person.name)


def _who(people: People, asked: Visit) -> Response:
    """List the people of a site, with what each can do."""
    anybody = Option(_with_staff(people, asked, ANYBODY), _("Anybody"), _("Choose what the appointment is for first."))
    options = tuple(
        Option(_with_staff(people, asked, one.key), one.name, ", ".join(named(item.item) for item in serves))
        for one in people.people
        for serves in (people.serves[one.key],)
    )
    return page(
        "booking/who.html",
        site=people.found.site,
        options=(anybody, *options),
        unknown=asked.wanted.staff is not None,
    )


def _with_staff(people: People, asked: Visit, staff: str) -> str:
    values: dict[str, Any] = {**asked.carried, **asked.asks, "staff": staff}
    return url_for("guest.choose", site=people.found.site.key, **values)


def _without_staff(site: str, asked: Visit) -> str:
    kept = {name: value for name, value in asked.asks.items() if name != "staff"}
    return url_for("guest.choose", site=site, **asked.carried, **kept)


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
    return page(f"booking/about_{name}.html", sites=open_sites.open_sites())
