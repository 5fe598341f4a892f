"""Orders: found, made, changed; their links are in ``order_links``."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, request, url_for

from portal.admin import references
from portal.admin.guard import EDIT, needs
from portal.admin.order_forms import LinkForm, NewOrderForm, OrderForm
from portal.admin.stories import Mail, mail_of
from portal.clock import now
from portal.config import LOCALES
from portal.domain.errors import Invalid
from portal.domain.zones import local_day
from portal.extensions import settings
from portal.i18n import _, current_locale
from portal.operations import order_pages, orders, plannings
from portal.operations.bookables import SiteCard
from portal.operations.order_pages import OrderSheet, Search
from portal.operations.orders import KINDS, OrderCard, OrderDraft
from portal.operations.outbox import Sending
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("orders", __name__)
bp.record(references.register)
SIZE = 50
FILTERS = ("q", "site", "kind", "status", "invitable", "cursor")
LONGEST = 254  # characters of a filter
INVITABLE = {"yes": True, "no": False}


@bp.get("/orders/")
def index() -> Response:
    """List orders, newest first, by the filters in the address."""
    asked = {name: value for name in FILTERS if (value := request.args.get(name, "").strip()[:LONGEST])}
    found = order_pages.listing(_search(asked), now=now(), cursor=_cursor(asked), size=SIZE)
    kept: dict[str, Any] = {name: value for name, value in asked.items() if name != "cursor"}
    return page(
        "admin/orders/index.html",
        found=found,
        asked=asked,
        kinds=KINDS,
        sites=_site_choices(),
        statuses=[(status, status) for status in orders.statuses()],
        filtered=bool(kept),
        more_url=url_for("admin.orders.index", **{**kept, "cursor": found.next}) if found.next else "",
        first_url=url_for("admin.orders.index", **kept) if "cursor" in asked else "",
    )


def _search(asked: dict[str, str]) -> Search:
    kind = asked.get("kind")
    return Search(
        text=asked.get("q", "").replace("\0", ""),
        site=_plain(asked.get("site")),
        kind=kind if kind in KINDS else None,
        status=_plain(asked.get("status")),
        invitable=INVITABLE.get(asked.get("invitable", "")),
    )


def _plain(text: str | None) -> str | None:
    return text.replace("\0", "") if text else None


def _cursor(asked: dict[str, str]) -> str | None:
    """Read where to go on; an address that was cut begins the list again."""
    cursor = asked.get("cursor", "")
    return cursor if cursor.isascii() and cursor.isdigit() and len(cursor) <= 18 else None


@bp.get("/orders/<reference:reference>")
def show(reference: str) -> Response:
    """Show an order with its links and appointments."""
    return show_sheet(order_pages.sheet(reference, now=now()))


def show_sheet(sheet: OrderSheet, form: LinkForm | None = None, status: int = 200) -> Response:
    """Render an order's page, with the form of a new link as it was sent."""
    form = form or LinkForm()
    form.sign()
    return page("admin/orders/show.html", status, sheet=sheet, order=sheet.order, form=form, now=now())


@bp.route("/add/order", methods=["GET", "POST"])
@needs(EDIT)
def add() -> Response:
    """Make an order."""
    form = NewOrderForm(request.form, site_choices=_site_choices(), locale=current_locale())
    if request.method == "POST" and form.validate():
        try:
            card = orders.create(OrderDraft(reference=form.reference.data, **_values(form)), now=now())
        except Invalid as refusal:
            _refuse(form, refusal)
        else:
            flash(_("The order is saved."))
            return go(url_for("admin.orders.show", reference=card.reference))
    return _edit(form, None)


@bp.route("/orders/<reference:reference>/edit", methods=["GET", "POST"])
@needs(EDIT)
def edit(reference: str) -> Response:
    """Change an order and its customer."""
    card = orders.get(reference)
    form = OrderForm(request.form, site_choices=_site_choices(card), **_stored(card))
    if request.method == "POST" and form.validate():
        try:
            orders.patch(reference, _values(form), now=now())
        except Invalid as refusal:
            _refuse(form, refusal)
        else:
            flash(_("The order is saved."))
            return go(url_for("admin.orders.show", reference=reference))
    return _edit(form, card)


def _edit(form: OrderForm, card: OrderCard | None) -> Response:
    here = url_for("admin.orders.edit", reference=card.reference) if card else url_for("admin.orders.add")
    return page(
        "admin/orders/edit.html",
        422 if form.errors else 200,
        form=form,
        order=card,
        action=here,
        statuses=orders.statuses(),
        back_url=url_for("admin.orders.show", reference=card.reference) if card else url_for("admin.orders.index"),
    )


@bp.app_template_filter()
def link_url(token: str) -> str:
    """Give the address that a link's customer opens."""
    return f"{settings().public_url}{url_for('links.order', token=token)}"


@bp.app_template_filter()
def last_day_of_use(expires_at: datetime, site: SiteCard) -> date:
    """Give the last day on which a link opens, on the site's clock."""
    return local_day(expires_at - timedelta(seconds=1), site.zone)


@bp.app_template_filter()
def as_mail(sending: Sending, zone: ZoneInfo, at: datetime) -> Mail:
    """Word the state of a mail."""
    return mail_of(sending, zone, at)


def _site_choices(card: OrderCard | None = None) -> list[tuple[str, str]]:
    """List the sites in use, and the order's own even when it no longer is."""
    choices = {site.key: site.name for site in plannings.all_sites()}
    if card is not None:
        choices.setdefault(card.site.key, card.site.name)
    return list(choices.items())


def _stored(card: OrderCard) -> dict[str, Any]:
    return {
        "kind": card.kind,
        "site": card.site.key,
        "status": card.status,
        "units": card.units,
        "name": card.name,
        "email": card.email or "",
        "phone": card.phone,
        "locale": card.locale if card.locale in LOCALES else current_locale(),
    }


def _values(form: OrderForm) -> dict[str, Any]:
    names = ("kind", "site", "status", "units", "name", "email", "phone", "locale")
    return {name: form[name].data or "" for name in names}


def _refuse(form: OrderForm, refusal: Invalid) -> None:
    """Put what the operation refused beside its field."""
    taken = refusal.values.get("problem") == "exists"
    text = _("Another order has this reference.") if taken else explain(refusal)
    form.refuse(str(refusal.values.get("field", "")), text)
