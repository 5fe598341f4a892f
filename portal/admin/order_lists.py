"""What the lists of orders are asked for, and how they are laid out in heads and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext as _l

from portal.i18n import _
from portal.operations.order_pages import SORTS, OrderLine, Search
from portal.operations.orders import KINDS
from portal.web.exports import Row

FILTERS = ("q", "site", "kind", "status", "invitable", "sort")
LONGEST = 254  # characters of a filter
INVITABLE = {"yes": True, "no": False}
COLUMNS = (
    ("reference", _l("Reference")),
    ("customer", _l("Customer")),
    ("", _l("Kind")),
    ("site", _l("Site")),
    ("status", _l("Status")),
    ("delivery", _l("Dates")),
    ("next", _l("Next appointment")),
)
SORTED = {
    "": _l("Newest first"),
    "reference.up": _l("Reference, A to Z"),
    "customer.up": _l("Customer, A to Z"),
    "site.up": _l("Site, A to Z"),
    "status.up": _l("Status, A to Z"),
    "ship.up": _l("Shipping date, soonest first"),
    "delivery.up": _l("Delivery date, soonest first"),
    "delivery.down": _l("Delivery date, latest first"),
    "next.up": _l("Next appointment, soonest first"),
}
"""What the form offers, for a phone shows no heads to press."""


@dataclass(frozen=True, slots=True)
class Column:
    """A head of the table: a link that sorts by it, if one can; ``sorted`` is "ascending", "descending" or nothing."""

    text: Any
    url: str
    sorted: str


def asked() -> dict[str, str]:
    """Read the filters of the address."""
    return {name: request.args.get(name, "").strip().replace("\0", "")[:LONGEST] for name in FILTERS}


def wanted(filters: Mapping[str, str]) -> Search:
    """Read what is asked for; an unknown value filters nothing."""
    sort, _dot, direction = filters["sort"].partition(".")
    return Search(
        text=filters["q"],
        site=filters["site"] or None,
        kind=filters["kind"] if filters["kind"] in KINDS else None,
        status=filters["status"] or None,
        invitable=INVITABLE.get(filters["invitable"]),
        sort=sort if sort in SORTS else "",
        descending=direction == "down",
    )


def columns(filters: Mapping[str, str], search: Search) -> list[Column]:
    """Give the heads: pressing the one that sorts already turns the order round."""
    return [_column(name, text, filters, search) for name, text in COLUMNS]


def _column(name: str, text: Any, filters: Mapping[str, str], search: Search) -> Column:
    if not name:
        return Column(text, "", "")
    sorts = search.sort == name
    turned = "down" if sorts and not search.descending else "up"
    direction = ("descending" if search.descending else "ascending") if sorts else ""
    return Column(text, url("admin.orders.index", filters, sort=f"{name}.{turned}"), direction)


def url(endpoint: str, filters: Mapping[str, str], **changed: Any) -> str:
    """Give the address of a list with something changed."""
    return url_for(endpoint, **{name: value for name, value in {**filters, **changed}.items() if value})


def heads() -> list[str]:
    """Name the columns of a file; an import knows them again."""
    return [
        *(_("Reference"), _("Kind"), _("Site"), _("Status"), _("Quantity"), _("Shipping date"), _("Delivery date")),
        *(_("Customer’s name"), _("E-mail"), _("Telephone"), _("Language"), _("Next appointment"), _("Made on")),
    ]


def rows(lines: Iterable[OrderLine]) -> Iterator[Row]:
    """Lay orders out for a file, their moments by the clock of their site."""
    kinds = {"customer": _("Collection"), "supplier": _("Delivery")}
    for line in lines:
        order, zone = line.order, line.order.site.zone
        moments = (order.ship_date, order.delivery_date, line.next_start, order.created_at)
        ship, delivery, coming, made = (moment.astimezone(zone) if moment else None for moment in moments)
        yield [
            *(order.reference, kinds[order.kind], order.site.name, order.status, order.units, ship, delivery),
            *(order.name, order.email, order.phone, order.locale, coming, made),
        ]
