"""Customers: found, kept, shown with all that is theirs; their data handed out, and erased."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import SelectField

from portal.admin.filters import asked_filters
from portal.admin.forms import StaffForm
from portal.admin.guard import ADMIN, EDIT, actor, needs, scope
from portal.admin.order_forms import KINDS, LANGUAGES, email_field, line_field, phone_field
from portal.admin.paging import page_number
from portal.clock import now
from portal.domain.errors import Invalid, StateChanged
from portal.domain.zones import zone
from portal.extensions import settings
from portal.i18n import _, current_locale
from portal.operations import customers, erasure
from portal.operations.customers import CustomerCard, Search
from portal.web.forms import NAME
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("customers", __name__)
FILTERS = ("q", "kind", "invitable", "sort")
INVITABLE = {"yes": True, "no": False}
ONE = "/customers/<row:number>"


class CustomerForm(StaffForm):
    """Somebody of the base."""

    kind = SelectField(_l("Kind"))
    name = line_field(_l("Name"), NAME)
    email = email_field()
    phone = phone_field()
    locale = SelectField(_l("Language of the e-mails"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices, self.locale.choices = KINDS, LANGUAGES

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate the fields; somebody must be called something."""
        super().validate(extra_validators)
        if not (self.name.data or self.email.data):
            self.refuse("name", _("Enter a name or an e-mail address."))
        return not self.errors


@bp.get("/customers/")
def index() -> Response:
    """List customers by the filters in the address."""
    asked = asked_filters(FILTERS, request.args)
    wanted = Search(
        text=asked.get("q", ""),
        kind=asked["kind"] if asked.get("kind") in ("customer", "supplier") else None,
        invitable=INVITABLE.get(asked.get("invitable", "")),
        sort=asked.get("sort", "name"),
    )
    found = customers.listing(wanted, now=now(), scope=scope(), page=page_number())
    return page(
        "admin/customers/index.html",
        found=found,
        asked=asked,
        filtered=any(name in asked for name in ("q", "kind", "invitable")),
        page_url=lambda wish: url_for("admin.customers.index", **{**asked, "page": wish}),
    )


@bp.get(ONE)
def show(number: int) -> Response:
    """Show everything about a customer."""
    found = customers.sheet(number, now=now(), scope=scope())
    return page("admin/customers/show.html", sheet=found, zone=zone(settings().default_timezone))


@bp.route("/add/customer", methods=["GET", "POST"])
@needs(EDIT)
def add() -> Response:
    """Add a customer."""
    form = CustomerForm(request.form, kind="customer", locale=current_locale())
    if request.method == "POST" and form.validate():
        try:
            card = customers.create(form.email.data or None, _values(form), now=now(), by=actor())
        except Invalid as refusal:
            _refuse(form, refusal)
        else:
            flash(_("The customer is saved."))
            return go(url_for("admin.customers.show", number=card.id))
    return _edit(form, None)


@bp.route(f"{ONE}/edit", methods=["GET", "POST"])
@needs(EDIT)
def edit(number: int) -> Response:
    """Change a customer."""
    card = customers.get(number, scope())
    form = CustomerForm(request.form, **_stored(card))
    if request.method == "POST" and form.validate():
        try:
            customers.change(number, {**_values(form), "email": form.email.data}, now=now(), by=actor())
        except Invalid as refusal:
            _refuse(form, refusal)
        else:
            flash(_("The customer is saved."))
            return go(url_for("admin.customers.show", number=number))
    return _edit(form, card)


def _edit(form: CustomerForm, card: CustomerCard | None) -> Response:
    back_url = url_for("admin.customers.show", number=card.id) if card else url_for("admin.customers.index")
    return page("admin/customers/edit.html", 422 if form.errors else 200, form=form, customer=card, back_url=back_url)


def _stored(card: CustomerCard) -> dict[str, Any]:
    return {
        "kind": card.kind,
        "name": card.name,
        "email": card.email or "",
        "phone": card.phone,
        "locale": card.locale or current_locale(),
    }


def _values(form: CustomerForm) -> dict[str, Any]:
    return {name: form[name].data or "" for name in ("kind", "name", "phone", "locale")}


def _refuse(form: CustomerForm, refusal: Invalid) -> None:
    taken = refusal.values.get("problem") == "exists"
    text = _("Another customer has this address.") if taken else explain(refusal)
    form.refuse(str(refusal.values.get("field", "")), text)


@bp.post(f"{ONE}/data")
@needs(ADMIN)
def data(number: int) -> Response:
    """Hand out all that is kept about a customer, as a file; that it was is written down."""
    document = json.dumps(customers.record(number, now=now(), by=actor()), ensure_ascii=False, indent=2)
    file = Response(document, mimetype="application/json")
    file.headers.set("Content-Disposition", "attachment", filename=f"customer-{number}.json")
    return file


@bp.route(f"{ONE}/erase", methods=["GET", "POST"])
@needs(ADMIN)
def erase(number: int) -> Response:
    """Ask once, then take a customer out of everything."""
    sheet = customers.sheet(number, now=now(), scope=scope())
    if request.method == "POST":
        try:
            count = erasure.erase(number, now=now(), by=actor())
        except StateChanged:
            return page("admin/customers/erase.html", 409, sheet=sheet)
        said = _("The customer is erased.")
        gone = ngettext("%(num)s appointment was made anonymous.", "%(num)s appointments were made anonymous.", count)
        flash(f"{said} {gone}" if count else said)
        return go(url_for("admin.customers.index"))
    return page("admin/customers/erase.html", sheet=sheet)
