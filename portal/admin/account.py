"""One's own account: name and language, password, and where one is logged in. The second factor has its own pages."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import ngettext

from portal.admin.account_forms import PasswordForm, ProfileForm
from portal.admin.entry import wait_text
from portal.admin.guard import READ, actor, needs, staff
from portal.admin.machines import browser_text, machine
from portal.admin.password_words import password_hint, password_text
from portal.clock import now, real_now
from portal.domain.errors import Invalid, NotEligible, RateLimited
from portal.i18n import _, current_locale
from portal.operations import organisation, sessions, user_cards, users
from portal.web.responses import go, page

bp = Blueprint("account", __name__, url_prefix="/account")
bp.add_app_template_filter(browser_text)
bp.add_app_template_global(password_hint)


@bp.route("", methods=["GET", "POST"])
@needs(READ)
def show() -> Response:
    """Show one's account, and save name and language."""
    if request.method != "POST":
        return _shown()
    form = ProfileForm(request.form)
    if not form.validate():
        return _shown(profile=form)
    users.rename(staff().member.id, form.name.data, form.locale.data, by=actor(), now=now())
    flash(_("Your account is saved."))
    return go(url_for("admin.account.show"))


@bp.post("/password")
@needs(READ)
def password() -> Response:
    """Change one's password; every other session ends."""
    form = PasswordForm(request.form)
    if not (form.validate() and confirmed(form) and _changed(form)):
        return _shown(password=form)
    flash(_("Your password is changed. Everywhere else you are logged out."))
    return go(url_for("admin.account.show"))


def _changed(form: PasswordForm) -> bool:
    member = staff().member
    try:
        users.change_password(member.id, form.password.data, keeping=member.session_id, by=actor(), now=real_now())
    except Invalid as refusal:
        form.password.errors = [password_text(refusal)]
    return not form.errors


def confirmed(form: Any) -> bool:
    """Try the password that was typed once more in ``form.current``; what is wrong is said beside it."""
    try:
        sessions.confirm(staff().member.email, form.current.data, machine(), now=real_now())
    except NotEligible:
        form.current.errors = [_("This is not your password.")]
    except RateLimited as refusal:
        form.current.errors = [wait_text(refusal)]
    return not form.errors


def _shown(*, profile: ProfileForm | None = None, password: PasswordForm | None = None) -> Response:
    """Render the account, with the form that was sent; the others are fresh."""
    member = staff().member
    user = user_cards.read(member.id)
    return page(
        "admin/account.html",
        422 if profile or password else 200,
        user=user,
        profile=profile or ProfileForm(name=user.name, locale=user.locale or current_locale()),
        password=password or PasswordForm(),
        sessions=sessions.of(member.id, now=real_now()),
        this=member.session_id,
        zone=ZoneInfo(organisation.card().timezone),
    )


@bp.post("/sessions/<row:number>/end")
@needs(READ)
def end(number: int) -> Response:
    """End one of one's sessions, on a machine elsewhere."""
    sessions.end(staff().member.id, number, now=real_now())
    flash(_("The session is ended: that browser is logged out."))
    return go(url_for("admin.account.show", _anchor="sessions"))


@bp.post("/sessions/end")
@needs(READ)
def end_others() -> Response:
    """End all of one's sessions but this one."""
    ended = sessions.end_others(staff().member.id, staff().member.session_id, now=real_now())
    flash(ngettext("%(num)s session is ended.", "%(num)s sessions are ended.", ended))
    return go(url_for("admin.account.show", _anchor="sessions"))
