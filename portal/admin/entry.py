"""Logging in and out, and the language of the staff area."""

from __future__ import annotations

from math import ceil
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user, login_user
from wtforms import EmailField, Form, HiddenField, PasswordField
from wtforms.validators import InputRequired

from portal.admin.guard import OPEN, READ, forget, needs, own_path, sign_off, sign_on, staff
from portal.clock import real_now
from portal.config import LOCALES
from portal.domain.errors import NotEligible, RateLimited, Refusal
from portal.i18n import _
from portal.operations import sessions
from portal.web.forms import stripped
from portal.web.responses import go, page
from portal.web.security import form_token, read_form_token

bp = Blueprint("entry", __name__)
PURPOSE = "login"


class LoginForm(Form):
    """An account and its password. Nobody has a cookie yet, so the form is signed instead."""

    token = HiddenField()
    next = HiddenField()
    email = EmailField(_l("E-mail"), filters=[stripped], validators=[InputRequired(_l("Enter your e-mail address."))])
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Enter your password."))])

    def accepted(self) -> bool:
        """Validate the fields, then the signature."""
        if self.validate() and read_form_token(self.token.data, PURPOSE) is None:
            self.form_errors.append(_("This page was open for a long time. Please send the form again."))
        return not self.errors


@bp.route("/login", methods=["GET", "POST"])
@needs(OPEN)
def login() -> Response:
    """Ask who is there, and open a session."""
    form = LoginForm(request.form, next=request.args.get("next", ""))
    if current_user.is_authenticated:
        return go(_landing(form))
    if request.method == "POST" and form.accepted():
        return _enter(form)
    return _show(form, 422 if form.errors else 200)


def _enter(form: LoginForm) -> Response:
    try:
        token = sessions.enter(form.email.data, form.password.data, request.remote_addr or "", now=real_now())
    except NotEligible:
        form.form_errors.append(_("This address and this password do not fit together."))
        return _show(form, 422)
    except RateLimited as refusal:
        form.form_errors.append(wait_text(refusal))
        return _show(form, refusal.status, {"Retry-After": str(refusal.values["retry_after"])})
    login_user(sign_on(token))
    return go(_landing(form))


def wait_text(refusal: Refusal) -> str:
    """Say how long the next try has to wait."""
    seconds = int(refusal.values["retry_after"])
    if seconds < 60:
        return str(
            ngettext(
                "Too many failures. Wait %(num)s second, then try again.",
                "Too many failures. Wait %(num)s seconds, then try again.",
                seconds,
            )
        )
    return str(
        ngettext(
            "Too many failures. Wait %(num)s minute, then try again.",
            "Too many failures. Wait %(num)s minutes, then try again.",
            ceil(seconds / 60),
        )
    )


def _show(form: LoginForm, status: int, headers: dict[str, Any] | None = None) -> Response:
    form.token.data = form_token(PURPOSE)
    response = page("admin/login.html", status, form=form)
    response.headers.extend(headers or {})
    return response


def _landing(form: LoginForm) -> str:
    return own_path(form.next.data) or url_for("admin.today.day")


@bp.get("/account")
def account() -> Response:
    """Show who is logged in, and the way out."""
    return page("admin/account.html")


@bp.post("/logout")
@needs(READ)
def logout() -> Response:
    """End the session, here and in the database."""
    sign_off()
    return go(url_for("admin.entry.login"))


@bp.post("/logout/everywhere")
@needs(READ)
def logout_everywhere() -> Response:
    """End every session of this account, on all machines."""
    sessions.leave_everywhere(staff().member.id, now=real_now())
    forget()
    return go(url_for("admin.entry.login"))


@bp.post("/language")
@needs(READ)
def language() -> Response:
    """Remember the language of this account, and come back to the page."""
    if (locale := request.form.get("locale", "")) not in LOCALES:
        abort(422)
    sessions.speak(staff().member.id, locale)
    return go(own_path(request.form.get("next")) or url_for("admin.today.day"))
