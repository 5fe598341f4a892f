"""Logging in, by a password and where it is on by a second factor, and out; the language of the staff area."""

from __future__ import annotations

from math import ceil
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from flask_babel import ngettext
from flask_login import current_user, login_user

from portal.admin.entry_forms import CodeForm, LoginForm
from portal.admin.guard import OPEN, READ, needs, own_path, sign_off, sign_on, staff
from portal.admin.machines import machine
from portal.clock import real_now
from portal.config import LOCALES
from portal.domain.errors import NotEligible, RateLimited, Refusal
from portal.i18n import _
from portal.operations import sessions
from portal.operations.sessions import HalfWay
from portal.web.responses import go, page

bp = Blueprint("entry", __name__)


@bp.route("/login", methods=["GET", "POST"])
@needs(OPEN)
def login() -> Response:
    """Ask who is there, and open a session, or ask for the second factor."""
    form = LoginForm(request.form, next=request.args.get("next", ""))
    if current_user.is_authenticated:
        return go(_landing(form.next.data))
    if request.method == "POST" and form.accepted():
        return _enter(form)
    return _show(form, 422 if form.errors else 200)


def _enter(form: LoginForm) -> Response:
    try:
        entered = sessions.enter(form.email.data, form.password.data, machine(), now=real_now())
    except NotEligible:
        form.form_errors.append(_("This address and this password do not fit together."))
        return _show(form, 422)
    except RateLimited as refusal:
        form.form_errors.append(wait_text(refusal))
        return _show(form, refusal.status, {"Retry-After": str(refusal.values["retry_after"])})
    if isinstance(entered, HalfWay):
        asked = CodeForm()
        asked.begin(entered, form.next.data or "")
        return page("admin/login_code.html", form=asked)
    return _welcome(entered, form.next.data)


@bp.route("/login/code", methods=["GET", "POST"])
@needs(OPEN)
def code() -> Response:
    """Try the code of the second factor, and open the session; who comes without a password begins with that."""
    form = CodeForm(request.form)
    if current_user.is_authenticated or request.method != "POST":
        return go(_landing(form.next.data) if current_user.is_authenticated else url_for("admin.entry.login"))
    if (half := form.half()) is None:
        late = LoginForm(next=form.next.data or "")
        late.form_errors.append(_("That took too long. Please log in again."))
        return _show(late, 422)
    return _finish(form, half)


def _finish(form: CodeForm, half: HalfWay) -> Response:
    if not form.accepted():
        return page("admin/login_code.html", 422, form=form)
    try:
        token = sessions.finish(half, form.code.data or form.recovery.data, machine(), now=real_now())
    except NotEligible:
        form.refuse(_("This code does not fit, or was used already. Wait for the next one."))
        return page("admin/login_code.html", 422, form=form)
    except RateLimited as refusal:
        form.refuse(wait_text(refusal))
        response = page("admin/login_code.html", refusal.status, form=form)
        response.headers["Retry-After"] = str(refusal.values["retry_after"])
        return response
    return _welcome(token, form.next.data)


def _welcome(token: str, wanted: str | None) -> Response:
    login_user(sign_on(token))
    return go(_landing(wanted))


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
    form.sign()
    response = page("admin/login.html", status, form=form, chosen="chosen" in request.args)
    response.headers.extend(headers or {})
    return response


def _landing(wanted: str | None) -> str:
    return own_path(wanted) or url_for("admin.today.day")


@bp.post("/logout")
@needs(READ)
def logout() -> Response:
    """End the session, here and in the database."""
    sign_off()
    return go(url_for("admin.entry.login"))


@bp.post("/language")
@needs(READ)
def language() -> Response:
    """Remember the language of this account, and come back to the page."""
    if (locale := request.form.get("locale", "")) not in LOCALES:
        abort(422)
    sessions.speak(staff().member.id, locale)
    return go(own_path(request.form.get("next")) or url_for("admin.today.day"))
