"""The sites that take guests as pages list them: plannings, and services by topic, of one way to meet or of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from portal.domain import modes
from portal.i18n import _, current_locale, named
from portal.operations import open_sites
from portal.operations.bookables import Bookable
from portal.operations.open_sites import OpenSite
from portal.operations.service_cards import ServiceCard
from portal.web.embedding import framed
from portal.web.offering import detail_of
from portal.web.step import page_values
from portal.web.visit import Visit

WAYS = ("in_person", "phone", "video")


@dataclass(frozen=True, slots=True)
class ItemLink:
    """Something to book: where that leads, and how long it takes."""

    url: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under a topic; the first has no title where it is not about one."""

    title: str
    links: tuple[ItemLink, ...]


@dataclass(frozen=True, slots=True)
class SiteLinks:
    """A site with what can be booked there; ``distance`` says how far away it is, where that is asked."""

    key: str
    name: str
    address: str
    url: str
    sections: tuple[Section, ...]
    count: int
    distance: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to meet, to show nothing else."""

    url: str
    text: str
    chosen: bool


def item_link(bookable: Bookable, url: str) -> ItemLink:
    """Name what can be booked, how long it takes, and where it leads."""
    return ItemLink(url, named(bookable.item), detail_of(bookable.item))


def guest_url(bookable: Bookable, asked: Visit) -> str:
    """Give the address at which guests book something."""
    site, key = bookable.site.key, bookable.item.key
    if isinstance(bookable.item, ServiceCard):
        return url_for("guest.service", site=site, service=key, **asked.carried, **asked.asks)
    return url_for("guest.planning", site=site, key=key, **asked.carried)


def site_url(key: str, asked: Visit) -> str:
    """Give the address of all that can be booked at a site."""
    kept: dict[str, Any] = {"type": way()} if way() else {}
    return url_for("guest.choose", site=key, **asked.carried, **asked.asks, **kept)


def back_url(key: str, asked: Visit) -> str:
    """Give the page with what else can be booked: in a frame at this site, and nothing where that is all there is."""
    if not framed():
        return url_for("booking.home", **page_values(asked.carried))
    return site_url(key, asked) if len(open_sites.open_site(key).everything) > 1 else ""


def site_links(
    found: OpenSite, asked: Visit, *, only: Sequence[Bookable] | None = None, distance: str = ""
) -> SiteLinks:
    """Prepare a site for a list: everything there, or ``only`` some of it, of the way to meet that is asked for."""
    shown = [one for one in (found.everything if only is None else only) if of_way(one, way())]
    sections = tuple(_sections(found, shown, asked))
    url = site_url(found.site.key, asked)
    return SiteLinks(found.site.key, found.site.name, found.site.address, url, sections, len(shown), distance)


def _sections(found: OpenSite, shown: Sequence[Bookable], asked: Visit) -> Iterable[Section]:
    """Part what can be booked by topic: first what has none, then topic by topic in their order."""
    names = {group.key: group.named(current_locale()) for group in found.groups}
    parts: dict[str, list[ItemLink]] = {key: [] for key in ("", *names)}
    for one in shown:
        group = one.item.group if isinstance(one.item, ServiceCard) else None
        parts[group or ""].append(item_link(one, guest_url(one, asked)))
    return (Section(names.get(key, ""), tuple(links)) for key, links in parts.items() if links)


def way() -> str:
    """Read which way to meet is asked for; nothing means all."""
    asked = request.args.get("type", "")
    return asked if asked in WAYS else ""


def of_way(bookable: Bookable, wanted: str) -> bool:
    """Tell whether something is held in a way; to a planning people come."""
    return wanted in ("", _way_of(bookable))


def ways(shown: Iterable[Bookable], url: str) -> tuple[Way, ...]:
    """List the ways to meet that there are, where there are several; ``url`` is the page that shows them all."""
    there = {_way_of(one) for one in shown}
    if len(there) < 2:
        return ()
    names: Mapping[str, Any] = {"in_person": _("In person"), "phone": _("By telephone"), "video": _("By video")}
    mark = "&" if "?" in url else "?"
    found = [Way(f"{url}{mark}type={one}", names[one], one == way()) for one in WAYS if one in there]
    return (Way(url, _("All of them"), not way()), *found)


def _way_of(bookable: Bookable) -> str:
    return bookable.item.mode if isinstance(bookable.item, ServiceCard) else "in_person"


def first_people(found: OpenSite, asked: Visit) -> bool:
    """Tell whether a visitor of a site chooses a person before the service."""
    named_one = asked.wanted.staff is not None
    return modes.chosen(found.modes, asked.wanted.mode, named=named_one) == modes.STAFF_SERVICE
