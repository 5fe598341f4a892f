"""Keys of programs that call the API: made, looked over, revoked. A secret is shown once, on the page that made it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms.validators import InputRequired

from portal.admin.forms import StaffForm, Ticks, name_field
from portal.admin.guard import ADMIN, actor, needs
from portal.admin.paging import SIZE, page_number, pages_of
from portal.clock import now
from portal.i18n import _
from portal.operations import keys, organisation
from portal.web.responses import go, page

bp = Blueprint("api_keys", __name__)
LONGEST = 120  # characters of a filter


class KeyForm(StaffForm):
    """A new key."""

    name = name_field(_l("Name"))
    scopes = Ticks(_l("What it may do"), validators=[InputRequired(_l("Choose at least one thing."))])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scopes.choices = [(scope, scope_text(scope)) for scope in keys.SCOPES]


@bp.app_template_filter()
def scope_text(scope: str) -> str:
    """Say what a key with this scope may do."""
    return {
        "read": _("See appointments and events, and every site and planning"),
        "book": _("Book, move, correct, mark and cancel appointments, as staff does"),
        "orders": _("Make, change and see orders, customers and booking links"),
        "admin": _("Book beyond capacity and hours, with a reason (together with booking)"),
    }[scope]


@bp.get("/keys/")
@needs(ADMIN)
def index() -> Response:
    """List the keys, newest first."""
    text, revoked = (
        request.args.get("q", "").strip().replace("\0", "")[:LONGEST],
        request.args.get("state") == "revoked",
    )
    asked: dict[str, Any] = {
        name: value for name, value in (("q", text), ("state", "revoked" if revoked else "")) if value
    }
    number = page_number()
    found = keys.listing(text, revoked=revoked, page=number, size=SIZE)
    return page(
        "admin/keys/index.html",
        found=found,
        asked=asked,
        number=number,
        pages=pages_of(found.total),
        page_url=lambda other: url_for("admin.api_keys.index", **asked, page=other),
        zone=ZoneInfo(organisation.card().timezone),
    )


@bp.route("/add/key", methods=["GET", "POST"])
@needs(ADMIN)
def add() -> Response:
    """Make a key, and show its secret on this answer alone: no address, log or cookie ever holds it."""
    form = KeyForm(request.form)
    if request.method == "POST" and form.validate():
        secret = keys.add(form.name.data, form.scopes.data, by=actor(), now=now())
        return page("admin/keys/made.html", name=form.name.data, secret=secret)
    return page("admin/keys/add.html", 422 if form.errors else 200, form=form)


@bp.route("/keys/<row:number>/revoke", methods=["GET", "POST"])
@needs(ADMIN)
def revoke(number: int) -> Response:
    """Ask once, then make a key useless."""
    key = keys.read(number)
    if key.revoked_at is not None:  # the second click of a double click, or Back
        return go(url_for("admin.api_keys.index"))
    if request.method != "POST":
        return page("admin/keys/revoke.html", key=key)
    keys.revoke(number, by=actor(), now=now())
    flash(_("The key %(name)s is revoked: it opens nothing any more.", name=key.name))
    return go(url_for("admin.api_keys.index"))
