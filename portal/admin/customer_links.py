"""A booking link to a service, sent to a customer from their own page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from portal.admin.guard import EDIT, actor, needs, scope, staff
from portal.admin.order_forms import LinkForm
from portal.admin.order_links import limits_of, refused_words, said, still_to_come
from portal.clock import now
from portal.domain.errors import Invalid, NotFound
from portal.i18n import named
from portal.operations import customers, service_links, staff_services
from portal.operations.customers import CustomerCard
from portal.operations.invitations import Guest
from portal.operations.links import MadeLink
from portal.operations.once import Once
from portal.operations.place_cards import SiteCard
from portal.web.responses import go, page

bp = Blueprint("customer_links", __name__, url_prefix="/customers/<row:number>/link")


class CustomerLinkForm(LinkForm):
    """Which service at which site a link books, and what it allows."""

    where = SelectField(_l("Service"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        found = staff_services.topics(staff_services.Filter(), scope=scope()).found
        offered = [(topic.service, site) for topic in found for site in topic.sites]
        self.sites = {f"{site.key}/{service.key}": site for service, site in offered}
        super().__init__(*args, where=next(iter(self.sites), None), **kwargs)
        self.where.choices = [
            (f"{site.key}/{service.key}", f"{named(service)}, {site.name}") for service, site in offered
        ]


@bp.route("/", methods=["GET", "POST"])
@needs(EDIT)
def send(number: int) -> Response:
    """Ask for what, then make a link and mail it. Raises NotFound for a customer without address."""
    customer = customers.get(number, scope())
    if customer.email is None:
        raise NotFound
    form = CustomerLinkForm(request.form)
    if request.method == "POST" and form.accepted() and still_to_come(form, form.sites[form.where.data]):
        try:
            made = _make(form, customer, customer.email)
        except Invalid as refusal:
            form.renew()
            form.refuse(*refused_words(refusal))
        else:
            flash(said(made))
            return go(url_for("admin.customers.show", number=number))
    form.sign()
    return page("admin/customers/link.html", 422 if form.errors else 200, form=form, customer=customer)


def _make(form: CustomerLinkForm, customer: CustomerCard, email: str) -> MadeLink:
    once = Once(f"staff-link:{staff().member.id}", form.key)
    site: SiteCard = form.sites[form.where.data]
    return service_links.create(
        form.where.data.partition("/")[2],
        site.key,
        now=now(),
        scope=limits_of(form, site),
        to=Guest(None, email, customer.locale),
        once=once,
        by=actor(),
    )
