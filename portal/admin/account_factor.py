"""One's own second factor: set up with a telephone, its recovery codes, and off again."""

from __future__ import annotations

import segno
from flask import Blueprint, Response, flash, request, url_for
from markupsafe import Markup

from portal.admin.account import confirmed
from portal.admin.account_forms import ConfirmForm, SetupForm
from portal.admin.guard import READ, actor, needs, staff
from portal.clock import now, real_now
from portal.domain.errors import Invalid
from portal.i18n import _
from portal.operations import second_factor, user_cards
from portal.web.responses import go, page

bp = Blueprint("account_factor", __name__, url_prefix="/account/second-factor")


@bp.route("", methods=["GET", "POST"])
@needs(READ)
def setup() -> Response:
    """Show what a telephone is set up with; a code that it makes of it turns the second factor on."""
    if _is_on():  # set up meanwhile, in another window or by a double click
        return go(url_for("admin.account.show"))
    form = SetupForm(request.form)
    if request.method == "POST" and form.validate() and (codes := _turned_on(form)):
        return page("admin/account_codes.html", codes=codes)
    prepared = second_factor.prepare(staff().member.id, form.nonce.data or "")
    form.nonce.data = prepared.nonce
    return page("admin/account_factor.html", 422 if form.errors else 200, form=form, prepared=prepared)


def _is_on() -> bool:
    return user_cards.read(staff().member.id).second_factor


def _turned_on(form: SetupForm) -> list[str]:
    try:
        return second_factor.turn_on(
            staff().member.id, form.nonce.data or "", form.code.data, by=actor(), now=real_now()
        )
    except Invalid:
        form.code.errors = [
            _("This code does not fit. Wait for the next one, and see that the telephone’s clock is right.")
        ]
        return []


@bp.route("/codes", methods=["GET", "POST"])
@needs(READ)
def codes() -> Response:
    """Ask for the password, then show new recovery codes, this once; those before are worth nothing."""
    if not _is_on():
        return go(url_for("admin.account.show"))
    form = ConfirmForm(request.form)
    if request.method == "POST" and form.validate() and confirmed(form):
        drawn = second_factor.renew_recovery(staff().member.id, by=actor(), now=now())
        return page("admin/account_codes.html", codes=drawn)
    return page("admin/account_confirm.html", 422 if form.errors else 200, form=form, wanted="codes")


@bp.route("/off", methods=["GET", "POST"])
@needs(READ)
def off() -> Response:
    """Ask for the password, then turn the second factor off."""
    if not _is_on():
        return go(url_for("admin.account.show"))
    form = ConfirmForm(request.form)
    if request.method == "POST" and form.validate() and confirmed(form):
        second_factor.turn_off(staff().member.id, by=actor(), now=now())
        flash(_("The second factor is off. Your password alone opens your account."))
        return go(url_for("admin.account.show"))
    return page("admin/account_confirm.html", 422 if form.errors else 200, form=form, wanted="off")


@bp.app_template_filter()
def setup_code(uri: str) -> Markup:
    """Draw what the camera of a telephone reads."""
    named = Markup('<svg role="img" aria-label="{}" ').format(_("QR code for the app of the second factor"))
    drawn = segno.make(uri, error="m", micro=False).svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None)
    return Markup(drawn.replace("<svg ", str(named), 1))  # noqa: S704 - made of numbers by the library


@bp.app_template_filter()
def in_fours(text: str) -> str:
    """Write a long key in groups that people can copy."""
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))
