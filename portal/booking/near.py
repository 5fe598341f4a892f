"""The site that is nearest to an address, a town, a postcode, or a position: nobody else is asked where that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from flask import Response, request, url_for

from portal.booking.sites import SiteLinks, site_links, way
from portal.domain import nearness
from portal.domain.nearness import Position
from portal.i18n import _
from portal.operations import gazetteer, open_sites
from portal.operations.open_sites import OpenSite
from portal.web.visit import LONGEST, Visit


@dataclass(frozen=True, slots=True)
class Search:
    """The sites in the order that was asked for; ``said`` tells what that is, ``lost`` that the place is not known.

    ``offered``: there is a choice of sites that people come to.
    """

    sites: tuple[SiteLinks, ...]
    offered: bool
    typed: str
    said: str
    lost: bool
    action: str
    hidden: tuple[tuple[str, str], ...]


def search(found: Sequence[OpenSite], asked: Visit) -> Search:
    """Put the sites in order: by distance, by what was typed, or as they are; what nobody comes to stays behind."""
    typed = request.args.get("near", "")[:LONGEST].strip()
    there = [one for one in found if one.received] if way() in ("", "in_person") else []
    offered = len(there) > 1
    ranked = _ranked(there, typed) if offered else None
    order = dict(ranked or ())
    first = {one.site.id: one for one in found}
    links = [site_links(first[site], asked, distance=text) for site, text in order.items()]
    links += [site_links(one, asked) for one in found if one.site.id not in order]
    kept = {**asked.carried, **asked.asks, **({"type": way()} if way() else {})}
    hidden = tuple((name, str(value)) for name, value in kept.items() if not isinstance(value, list))
    said = _("The nearest places come first.") if ranked else ""
    lost = offered and bool(typed) and ranked is None
    return Search(tuple(links), offered, typed, said, lost, url_for("booking.home"), hidden)


def allowed(response: Response) -> Response:
    """Let the page ask the browser where it is, at the press of a button."""
    response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(self)"
    return response


def _ranked(found: Sequence[OpenSite], typed: str) -> list[tuple[int, str]] | None:
    """Give the ids of sites with how far away they are, the nearest first; None where nobody knows where that is."""
    position = _position() or (gazetteer.locate(typed) if typed else None)
    places = {one.site.id: _place(one) for one in found}
    if position is not None and any(places.values()):
        return [(site, _away(distance)) for site, distance in nearness.nearest(places, position)]
    if not typed:
        return None
    regions = open_sites.regions()
    texts = {one.site.id: (one.site.name, one.site.address, *regions.get(one.site.id, ())) for one in found}
    return [(match.site, "") for match in nearness.matches(typed, texts)] or None


def _place(one: OpenSite) -> Position | None:
    latitude, longitude = one.site.latitude, one.site.longitude
    return (latitude, longitude) if latitude is not None and longitude is not None else None


def _position() -> Position | None:
    """Read a position that a browser gave."""
    try:
        latitude, longitude = float(request.args.get("lat", "")), float(request.args.get("lon", ""))
    except ValueError:
        return None
    fine = isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180
    return (latitude, longitude) if fine else None


def _away(kilometres: float | None) -> str:
    """Say how far away something is, as the crow flies."""
    if kilometres is None:
        return ""
    if kilometres < 1:
        return _("less than 1 km away")
    return _("%(number)s km away", number=round(kilometres))
