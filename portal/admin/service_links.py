"""A service's booking links: made, mailed, copied, shown as a code, revoked."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from portal.admin.guard import BOOK, EDIT, actor, needs, scope, staff
from portal.admin.order_forms import LANGUAGES, LinkForm, OnceForm, email_field, locale_field
from portal.admin.order_links import limits_of, refused_words, said, still_to_come
from portal.admin.orders import link_url
from portal.admin.service_pages import opened
from portal.clock import now
from portal.domain.errors import Invalid, NotFound
from portal.i18n import _, current_locale, named
from portal.operations import service_links
from portal.operations.addresses import normal_address
from portal.operations.invitations import Guest
from portal.operations.links import MadeLink
from portal.operations.once import Once
from portal.operations.place_cards import SiteCard
from portal.operations.services import Sheet
from portal.web.codes import code as draw
from portal.web.responses import go, page

bp = Blueprint("service_links", __name__, url_prefix="/services/<key>/links")
ALL = "admin.service_links.index"


class RecipientForm(OnceForm):
    """To whom a link is mailed."""

    email = email_field()
    locale = locale_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"locale": current_locale(), **kwargs})
        self.locale.choices = LANGUAGES

    def addressed(self) -> bool:
        """Validate a form that is to send something: an address is needed."""
        valid = self.accepted()
        if not self.email.data and not self.email.errors:
            self.refuse("email", _("Enter the e-mail address to which the link is sent."))
        return valid and not self.errors

    @property
    def guest(self) -> Guest:
        """Whom it names, once it is right."""
        return Guest(None, normal_address(self.email.data), self.locale.data)


class ServiceLinkForm(RecipientForm, LinkForm):
    """Where a link books, what it allows, and to whom it is mailed, if to anybody."""

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
    """Make a link; the button that was pressed says whether it is mailed too."""
    sheet = opened(key)
    sites = list(service_links.sites_of(sheet, scope()))
    form = _form(sites, request.form)
    site = next((one for one in sites if one.key == form.site.data), None)
    right = form.addressed() if "send" in request.form else form.accepted()
    if right and site is not None and still_to_come(form, site):
        try:
            made = _make(form, key, site)
        except Invalid as refusal:
            form.renew()
            form.refuse(*refused_words(refusal))
        else:
            flash(said(made))
            return go(url_for(ALL, key=key))
    return _show(sheet, form, 422)


def _make(form: ServiceLinkForm, key: str, site: SiteCard) -> MadeLink:
    once = Once(f"staff-link:{staff().member.id}", form.key)
    to = form.guest if "send" in request.form else None
    return service_links.create(key, site.key, now=now(), scope=limits_of(form, site), to=to, once=once, by=actor())


@bp.route("/<row:number>/send", methods=["GET", "POST"])
@needs(EDIT)
def send(key: str, number: int) -> Response:
    """Ask for an address, then mail a link to it. Raises NotFound for one that is over."""
    sheet = opened(key)
    line = service_links.read(sheet, number, now=now(), scope=scope())
    if not line.opens(now()):
        raise NotFound
    form = RecipientForm(request.form, email=line.invitation.recipient if line.invitation else "")
    if request.method == "POST" and form.addressed() and _sent(form, key, number):
        flash(_("The link is on its way to %(address)s.", address=form.guest.email))
        return go(url_for(ALL, key=key, _anchor="links"))
    form.sign()
    return page("admin/services/send_link.html", 422 if form.errors else 200, sheet=sheet, line=line, form=form)


def _sent(form: RecipientForm, key: str, number: int) -> bool:
    """Mail a link; what is refused is said in the form."""
    once = Once(f"staff-link:{staff().member.id}", form.key)
    try:
        service_links.send(key, number, form.guest, now=now(), once=once, by=actor())
    except Invalid as refusal:
        form.renew()
        form.refuse(*refused_words(refusal))
    return not form.errors


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
