"""An order's links: made, sent, sent again, revoked."""

from __future__ import annotations

from flask import Blueprint, Response, flash, request, url_for

from portal.admin.guard import BOOK, EDIT, actor, needs, scope, staff
from portal.admin.order_forms import LinkForm
from portal.admin.orders import link_url, show_sheet
from portal.clock import now
from portal.domain.errors import Invalid, NotFound
from portal.domain.zones import day_bounds, local_day
from portal.i18n import _
from portal.operations import links, order_pages
from portal.operations.links import MadeLink, Scope
from portal.operations.once import Once
from portal.operations.place_cards import SiteCard
from portal.web.codes import code as draw
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("order_links", __name__, url_prefix="/orders/<reference:reference>/links")


@bp.post("/")
@needs(EDIT)
def create(reference: str) -> Response:
    """Make a link; the button that was pressed says whether it is mailed too."""
    sheet = order_pages.sheet(reference, now=now(), scope=scope())
    form = LinkForm(request.form)
    if form.accepted() and still_to_come(form, sheet.order.site):
        try:
            made = _make(form, reference, sheet.order.site)
        except Invalid as refusal:
            form.renew()
            form.refuse(*refused_words(refusal))
        else:
            flash(said(made))
            return go(url_for("admin.orders.show", reference=reference, _anchor="links"))
    return show_sheet(sheet, form, 422)


def still_to_come(form: LinkForm, site: SiteCard) -> bool:
    """Refuse days that are over: such a link would open nothing."""
    today = local_day(now(), site.zone)
    for field in (form.last_day, form.expires):
        if field.data is not None and field.data < today:
            form.refuse(field.name, _("This day is over."))
    return not form.errors


def _make(form: LinkForm, reference: str, site: SiteCard) -> MadeLink:
    once = Once(f"staff-link:{staff().member.id}", form.key)
    limits = limits_of(form, site)
    return links.create(reference, now=now(), scope=limits, send="send" in request.form, once=once, by=actor())


def limits_of(form: LinkForm, site: SiteCard) -> Scope:
    """Read what the link allows; its last day of use counts to its end, on the site's clock."""
    expires = form.expires.data
    return Scope(
        first_day=form.first_day.data,
        last_day=form.last_day.data,
        expires_at=day_bounds(expires, site.zone)[1] if expires else None,
        max_active=form.max_active.data,
    )


def refused_words(refusal: Invalid) -> tuple[str, str]:
    """Name the field that an operation refuses, and say why."""
    field = str(refusal.values.get("field", ""))
    return {"expires_at": "expires"}.get(field, field), _words(refusal)


def _words(refusal: Invalid) -> str:
    if refusal.values.get("problem") == "no_email":
        return _("There is no e-mail address to send the link to. Add it to the order first.")
    return explain(refusal)


def said(made: MadeLink) -> str:
    """Say what became of a link that was asked for."""
    if made.sent_to:
        return _("The link is on its way to %(address)s.", address=made.sent_to)
    return _("The link is made.")


@bp.post("/<row:number>/send")
@needs(EDIT)
def send(reference: str, number: int) -> Response:
    """Mail a link once more."""
    order, _line = order_pages.link_of(reference, number, now=now(), scope=scope())
    try:
        flash(_("The link is on its way to %(address)s.", address=links.resend(number, now=now(), by=actor())))
    except Invalid as refusal:
        sheet, form = order_pages.sheet(order.reference, now=now(), scope=scope()), LinkForm()
        form.refuse("", _words(refusal))
        return show_sheet(sheet, form, 422)
    return go(url_for("admin.orders.show", reference=reference, _anchor="links"))


@bp.route("/<row:number>/revoke", methods=["GET", "POST"])
@needs(EDIT)
def revoke(reference: str, number: int) -> Response:
    """Ask once, then make a link lead nowhere."""
    order, line = order_pages.link_of(reference, number, now=now(), scope=scope())
    back = url_for("admin.orders.show", reference=reference, _anchor="links")
    if line.link.revoked_at is not None:  # the second click of a double click, or Back
        return go(back)
    if request.method == "POST":
        links.revoke(number, now=now(), by=actor())
        flash(_("The link is revoked: it opens nothing any more."))
        return go(back)
    action = url_for("admin.order_links.revoke", reference=reference, number=number)
    return page("admin/orders/revoke.html", order=order, line=line, action=action, back_url=back)


@bp.get("/<row:number>/code")
@needs(BOOK)
def code(reference: str, number: int) -> Response:
    """Show a link as a code that a telephone scans, to be printed or held up. Raises NotFound for one that is over."""
    order, line = order_pages.link_of(reference, number, now=now(), scope=scope())
    if line.link.token is None or not line.opens(now()):
        raise NotFound
    address = link_url(line.link.token)
    drawn = draw(address, _("QR code of the booking link of order %(reference)s", reference=order.reference))
    return page("admin/orders/code.html", order=order, line=line, address=address, drawn=drawn)
