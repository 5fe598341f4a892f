"""Orders: found, made, changed; their links are in ``order_links``."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, request, url_for

from portal.admin import order_lists
from portal.admin.guard import EDIT, actor, needs, scope
from portal.admin.moments import moment_text
from portal.admin.order_forms import LinkForm, NewOrderForm, OrderForm
from portal.admin.paging import page_number
from portal.admin.stories import Mail, mail_of
from portal.clock import now
from portal.domain.errors import Invalid
from portal.domain.zones import local_day
from portal.extensions import settings
from portal.i18n import _, current_locale
from portal.operations import order_pages, orders, plannings
from portal.operations.order_pages import OrderSheet, Search
from portal.operations.orders import KINDS, OrderCard, OrderDraft
from portal.operations.outbox import Sending
from portal.operations.place_cards import SiteCard
from portal.web.exports import table_response
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("orders", __name__)
bp.add_app_template_filter(moment_text)
EXPORTS = (("CSV", "csv"), ("Excel", "xlsx"))


@bp.get("/orders/")
def index() -> Response:
    """List orders by the filters in the address, the newest first unless sorted."""
    asked = order_lists.asked()
    wanted = order_lists.wanted(asked)
    found = order_pages.listing(wanted, now=now(), scope=scope(), page=page_number())
    return page(
        "admin/orders/index.html",
        found=found,
        asked=asked,
        columns=order_lists.columns(asked, wanted),
        sorts=order_lists.SORTED.items(),
        kinds=KINDS,
        sites=site_choices(),
        statuses=[(status, status) for status in orders.statuses(scope())],
        uninvitable=order_pages.count(Search(invitable=False), scope()),
        filtered=any(value for name, value in asked.items() if name != "sort"),
        page_url=lambda number: order_lists.url("admin.orders.index", asked, page=number),
        exports=[(text, order_lists.url("admin.orders.export", asked, format=form)) for text, form in EXPORTS],
    )


@bp.get("/export/orders/<any(csv, xlsx):format>")
def export(format: str) -> Response:  # noqa: A002 - the name in the address
    """Send the orders of the same address as a file, all pages of them."""
    lines = order_pages.every_line(order_lists.wanted(order_lists.asked()), now=now(), scope=scope())
    return table_response(_("orders"), order_lists.heads(), order_lists.rows(lines), format)


@bp.get("/not-invitable/")
def uninvitable() -> Response:
    """List the orders whose customer has no address, with what can be done for each."""
    asked = order_lists.asked()
    wanted = Search(text=asked["q"], site=asked["site"] or None, invitable=False)
    found = order_pages.listing(wanted, now=now(), scope=scope(), page=page_number())
    return page(
        "admin/orders/uninvitable.html",
        found=found,
        asked=asked,
        sites=site_choices(),
        filtered=bool(asked["q"] or asked["site"]),
        page_url=lambda number: order_lists.url("admin.orders.uninvitable", asked, page=number),
    )


@bp.get("/orders/<reference:reference>")
def show(reference: str) -> Response:
    """Show an order with its links and appointments."""
    return show_sheet(order_pages.sheet(reference, now=now(), scope=scope()))


def show_sheet(sheet: OrderSheet, form: LinkForm | None = None, status: int = 200) -> Response:
    """Render an order's page, with the form of a new link as it was sent."""
    form = form or LinkForm()
    form.sign()
    return page("admin/orders/show.html", status, sheet=sheet, order=sheet.order, form=form, now=now())


@bp.route("/add/order", methods=["GET", "POST"])
@needs(EDIT)
def add() -> Response:
    """Make an order."""
    form = NewOrderForm(request.form, site_choices=site_choices(), locale=current_locale())
    if request.method == "POST" and form.validate():
        try:
            draft = OrderDraft(reference=form.reference.data, **form.values(_zone(form)))
            card = orders.create(draft, now=now(), by=actor())
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
    card = orders.get(reference, scope())
    form = OrderForm(request.form, site_choices=site_choices(card), **OrderForm.stored(card))
    if request.method == "POST" and form.validate():
        try:
            orders.patch(reference, form.values(_zone(form)), now=now(), by=actor())
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
        statuses=orders.statuses(scope()),
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


def my_sites() -> list[SiteCard]:
    """List the sites in use of those who are logged in."""
    return [site for site in plannings.all_sites() if scope().sees(site.id)]


def site_choices(card: OrderCard | None = None) -> list[tuple[str, str]]:
    """Offer the sites in use, and the order's own even when it no longer is."""
    choices = {site.key: site.name for site in my_sites()}
    if card is not None:
        choices.setdefault(card.site.key, card.site.name)
    return list(choices.items())


def _zone(form: OrderForm) -> ZoneInfo:
    """Give the clock by which the form's dates are meant: the chosen site's."""
    return next(site.zone for site in plannings.all_sites([form.site.data]) if site.key == form.site.data)


def _refuse(form: OrderForm, refusal: Invalid) -> None:
    """Put what the operation refused beside its field."""
    taken = refusal.values.get("problem") == "exists"
    text = _("Another order has this reference.") if taken else explain(refusal)
    form.refuse(str(refusal.values.get("field", "")), text)
