"""Booking a service for somebody: with whom and where, who and what else is needed, then when, and who comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import ngettext

from portal.admin.callers import Caller
from portal.admin.filters import asked_filters
from portal.admin.guard import BOOK, needs, scope
from portal.admin.moments import moment_text
from portal.admin.phone_steps import Booking, flat
from portal.clock import now
from portal.domain.nearness import Exactness
from portal.domain.reservations import MOST_ITERATIONS
from portal.domain.slots import Start
from portal.i18n import _
from portal.operations import staff_services
from portal.operations.bookables import Bookable
from portal.operations.choosing import Picked
from portal.operations.place_cards import SiteCard
from portal.operations.resource_cards import ResourceCard
from portal.operations.staff_calendars import Subject
from portal.operations.staff_services import Known, Place, Record, Search, Who
from portal.web.offering import detail_of, room_text
from portal.web.paths import Paths
from portal.web.responses import page

bp = Blueprint("service_phone", __name__, url_prefix="/add/service-appointment")
SEARCH = ("near", "name", "region", "site")
STEPS = 4
MOST_WITH, MOST_UNITS = 20, 1000


@dataclass(frozen=True, slots=True)
class Way:
    """A way to go on to the free times: with somebody at a site, or with whoever is free first."""

    title: str
    detail: str
    url: str


@dataclass(frozen=True, slots=True)
class SiteWays:
    """A site with its ways to go on; of those that are not looked into only its address."""

    key: str
    name: str
    detail: str
    near: str
    url: str
    ways: tuple[Way, ...]


@bp.get("/<service>")
@needs(BOOK)
def who(service: str) -> Response:
    """Ask with whom: as lately, by name, or at the nearest site; first whoever is free."""
    caller, asked = Caller.asked(), asked_filters(SEARCH, request.args)
    home = caller.order.site.key if caller.order else None
    found = staff_services.who(service, Search(**asked), _record(caller), now=now(), scope=scope(), home=home)
    kept = {name: value for name, value in asked.items() if name in ("near", "region")} | caller.named
    return page(
        "admin/appointments/who.html",
        service=found.service,
        detail=detail_of(found.service),
        caller=caller,
        asked=asked,
        carried=caller.named,
        topics_url=url_for("admin.phone.choose", **caller.named),
        recent=[_again(one, service, kept) for one in found.recent],
        sites=[_site(one, found, asked, kept) for one in found.places],
        regions=[(one.key, one.name) for one in found.regions],
        asks_address=found.service.mode == "in_person",
        nowhere=found.nowhere,
    )


def _record(caller: Caller) -> Record:
    return Record(
        order=caller.order.reference if caller.order else None, customer=caller.customer.id if caller.customer else None
    )


def _again(one: Known, service: str, kept: dict[str, Any]) -> Way:
    detail = _("%(site)s · last on %(moment)s", site=one.site.name, moment=moment_text(one.start, one.site.zone))
    return Way(one.card.name, detail, _pick_url(one.site.key, service, kept, one.card))


def _site(one: Place, found: Who, asked: dict[str, Any], kept: dict[str, Any]) -> SiteWays:
    service = found.service.key
    look = url_for("admin.service_phone.who", service=service, **{**asked, **kept, "site": one.site.key})
    return SiteWays(
        one.site.key,
        one.site.name,
        ngettext("%(num)s person", "%(num)s people", len(one.people)) if one.people else one.site.address,
        _near_text(one),
        look,
        _ways(found, kept) if found.chosen is not None and one.site.id == found.chosen.site.id else (),
    )


def _ways(found: Who, kept: dict[str, Any]) -> tuple[Way, ...]:
    """List whoever is free first, then each by name with the next free time."""
    place, proposals, service = found.chosen, found.proposals, found.service.key
    if place is None or proposals is None:
        return ()
    site = place.site
    anybody = Way(_("First available"), _free_text(proposals.soonest, site), _pick_url(site.key, service, kept))
    named = [
        Way(one.card.name, _free_text(next(iter(one.free), None), site), _pick_url(site.key, service, kept, one.card))
        for one in proposals.found
    ]
    return (anybody, *named)


def _free_text(start: Start | None, site: SiteCard) -> str:
    """Say when somebody is free next."""
    if start is None:
        return _("No free time soon")
    return _("Next free time: %(moment)s", moment=moment_text(start.start, site.zone))


def _near_text(place: Place) -> str:
    """Say how near a site is, or in what it is like what was typed."""
    if place.away is not None:
        return _("%(number)s km away", number=round(place.away))
    if place.how is None:
        return ""
    return _("Same département") if place.how is Exactness.DEPARTMENT else _("At this address")


def _pick_url(site: str, service: str, kept: dict[str, Any], card: ResourceCard | None = None) -> str:
    chosen: dict[str, Any] = {"with": [card.key]} if card is not None else {}
    return url_for("admin.service_phone.pick", **{"site": site, "service": service, **kept, **chosen})


@dataclass(frozen=True, slots=True)
class Chosen:
    """Somebody or something that was picked."""

    key: str
    kind: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Manage:
    """Who and what is picked, and what can be added: by kind, keys with names.

    ``hidden`` are the values that the form carries; a quantity or a number of lengths only where it may be chosen.
    """

    chosen: tuple[Chosen, ...]
    choices: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    hidden: Sequence[tuple[str, Any]]
    action: str
    quantity: int | None
    iterations: int | None
    nights: bool
    anybody: bool


@bp.get("/<service>/<site>")
@needs(BOOK)
def pick(service: str, site: str) -> Response:
    """Show a month of the times that are common to all who are picked, and let others be added."""
    booking, cards = _booking(service, site)
    return booking.pick(manage=_manage(booking, cards))


@bp.route("/<service>/<site>/details", methods=["GET", "POST"])
@needs(BOOK)
def details(service: str, site: str) -> Response:
    """Ask who comes, with what is known filled in, and take the place."""
    return _booking(service, site)[0].details()


def _booking(service: str, site: str) -> tuple[Booking, Sequence[ResourceCard]]:
    """Open a service for the caller with what was picked; who is not there any more is left out. Raises NotFound."""
    caller = Caller.asked()
    place, cards = staff_services.resources(site, service, scope=scope())
    picked, asked = _picked(place, cards), asked_filters(("near", "region"), request.args)
    back = url_for("admin.service_phone.who", service=service, **{**asked, "site": site, **caller.named})
    values = {"service": service, "site": site, **asked, **caller.named, **_written(picked)}
    paths = Paths("admin.service_phone.pick", "admin.service_phone.details", values)
    chosen = [one for key in picked.resources for one in cards if one.key == key]
    subject = Subject(site, service=service, picked=picked)
    return Booking(subject, place, caller, paths, STEPS, (back, _("Somebody else, or another site")), chosen), cards


def _picked(place: Bookable, cards: Sequence[ResourceCard]) -> Picked:
    """Read who and what is picked, and how much where that may be chosen; what cannot be is left out."""
    choice = place.service.reservation
    known = {one.key for one in cards} - {request.args.get("without")}
    keys = tuple(dict.fromkeys(key for key in request.args.getlist("with") if key in known))[:MOST_WITH]
    return Picked(
        resources=keys,
        quantity=_number("quantity", MOST_UNITS) if choice.quantity else 1,
        iterations=_number("iterations", MOST_ITERATIONS) if choice.iterations else 1,
    )


def _number(name: str, most: int) -> int:
    text = request.args.get(name, "")
    found = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(most)) else 1
    return min(max(found, 1), most)


def _written(picked: Picked) -> dict[str, Any]:
    """Say what is picked as an address does."""
    amounts = {"quantity": picked.quantity, "iterations": picked.iterations}
    return {"with": list(picked.resources)} | {name: amount for name, amount in amounts.items() if amount != 1}


def _manage(booking: Booking, cards: Sequence[ResourceCard]) -> Manage:
    picked, choice, values = booking.subject.picked, booking.place.service.reservation, dict(booking.paths.values)
    looked = {name: request.args[name] for name in ("day", "month") if name in request.args}
    carried = {name: value for name, value in values.items() if name not in ("service", "site")} | looked
    asked_here = {"quantity": choice.quantity, "iterations": choice.iterations}
    return Manage(
        chosen=tuple(Chosen(one.key, one.kind, one.name, _kind_text(one)) for one in booking.chosen),
        choices=_choices(cards, picked.resources),
        hidden=flat({name: value for name, value in carried.items() if not asked_here.get(name)}),
        action=url_for(booking.paths.page, service=values["service"], site=values["site"]),
        quantity=picked.quantity if choice.quantity else None,
        iterations=picked.iterations if choice.iterations else None,
        nights=choice.nights,
        anybody=not any(one.kind == "staff" for one in booking.chosen) and needs_people(booking.place),
    )


def needs_people(place: Bookable) -> bool:
    """Tell whether a service cannot do without a person."""
    return any(one.kind == "staff" and not one.optional for one in place.service.requires)


def _choices(cards: Sequence[ResourceCard], picked: Sequence[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """List what can be added, by kind."""
    titles = {"staff": _("People"), "room": _("Rooms"), "asset": _("Equipment")}
    found = {
        kind: [(one.key, _choice_text(one)) for one in cards if one.kind == kind and one.key not in picked]
        for kind in titles
    }
    return [(titles[kind], names) for kind, names in found.items() if names]


def _choice_text(card: ResourceCard) -> str:
    detail = room_text(card) if card.kind != "staff" else ""
    return f"{card.name} ({detail})" if detail else card.name


def _kind_text(card: ResourceCard) -> str:
    kinds = {"staff": _("Person"), "room": _("Room"), "asset": _("Equipment")}
    return " · ".join(part for part in (kinds[card.kind], room_text(card) if card.kind != "staff" else "") if part)
