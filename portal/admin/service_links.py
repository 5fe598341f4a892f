"""A service's booking links: made, copied, shown as a code, revoked."""

from __future__ import annotations

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from portal.admin.guard import BOOK, EDIT, actor, needs, scope, staff
from portal.admin.order_forms import LinkForm
from portal.admin.order_links import limits_of, refused_words, still_to_come
from portal.admin.orders import link_url
from portal.admin.service_pages import opened
from portal.clock import now
from portal.domain.errors import Invalid, NotFound
from portal.i18n import _, named
from portal.operations import service_links
from portal.operations.once import Once
from portal.operations.place_cards import SiteCard
from portal.operations.services import Sheet
from portal.web.codes import code as draw
from portal.web.responses import go, page

bp = Blueprint("service_links", __name__, url_prefix="/services/<key>/links")
ALL = "admin.service_links.index"


class ServiceLinkForm(LinkForm):
    """Where a link books, and what it allows."""

    site = SelectField(_l("Site"))


def _form(sites: list[SiteCard], *given: object) -> ServiceLinkForm:
    form = ServiceLinkForm(*given, site=sites[0].key if sites else None)
    form.site.choices = [(one.key, one.name) for one in sites]
    return form


@bp.get("/")
def index(key: str) -> Response:
    """List the links of a service, with what makes another."""
    sheet = opened(key)
    return _show(sheet, _form(list(service_links.sites_of(sheet, scope()))))


def _show(sheet: Sheet, form: ServiceLinkForm, status: int = 200) -> Response:
    form.sign()
    return page(
        "admin/services/links.html",
        status,
        sheet=sheet,
        form=form,
        links=service_links.of_service(sheet, now=now(), scope=scope()),
        now=now(),
    )


@bp.post("/")
@needs(EDIT)
def create(key: str) -> Response:
    """Make a link."""
    sheet = opened(key)
    sites = list(service_links.sites_of(sheet, scope()))
    form = _form(sites, request.form)
    site = next((one for one in sites if one.key == form.site.data), None)
    if form.accepted() and site is not None and still_to_come(form, site):
        once = Once(f"staff-link:{staff().member.id}", form.key)
        try:
            service_links.create(key, site.key, now=now(), scope=limits_of(form, site), once=once, by=actor())
        except Invalid as refusal:
            form.renew()
            form.refuse(*refused_words(refusal))
        else:
            flash(_("The link is made."))
            return go(url_for(ALL, key=key))
    return _show(sheet, form, 422)


@bp.route("/<row:number>/revoke", methods=["GET", "POST"])
@needs(EDIT)
def revoke(key: str, number: int) -> Response:
    """Ask once, then make a link lead nowhere."""
    sheet = opened(key)
    line = service_links.read(sheet, number, now=now(), scope=scope())
    back = url_for(ALL, key=key)
    if line.link.revoked_at is not None:  # the second click of a double click, or Back
        return go(back)
    if request.method == "POST":
        service_links.revoke(key, number, now=now(), by=actor())
        flash(_("The link is revoked: it opens nothing any more."))
        return go(back)
    return page("admin/services/revoke_link.html", sheet=sheet, line=line, back_url=back)


@bp.get("/<row:number>/code")
@needs(BOOK)
def code(key: str, number: int) -> Response:
    """Show a link as a code that a telephone scans, to be printed or held up. Raises NotFound for one that is over."""
    sheet = opened(key)
    line = service_links.read(sheet, number, now=now(), scope=scope())
    if line.link.token is None or not line.opens(now()):
        raise NotFound
    address = link_url(line.link.token)
    drawn = draw(address, _("QR code of a booking link of %(name)s", name=named(sheet)))
    return page("admin/services/link_code.html", sheet=sheet, line=line, address=address, drawn=drawn)
