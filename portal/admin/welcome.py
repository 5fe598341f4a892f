"""Pages that a link of a mail opens for those who cannot log in: a first password, a forgotten one."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_login import current_user

from portal.admin.entry_forms import ChosenPasswordForm, ForgottenForm
from portal.admin.guard import OPEN, needs, sign_off
from portal.admin.password_words import password_text
from portal.clock import now, real_now
from portal.domain.errors import Invalid, LinkExpired, LinkUnknown, RateLimited
from portal.i18n import current_locale
from portal.operations import staff_links, tokens
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("welcome", __name__)


@bp.route("/forgot", methods=["GET", "POST"])
@needs(OPEN)
def forgot() -> Response:
    """Mail a link to whoever forgot a password; the answer is the same for every address."""
    form, sent, status = ForgottenForm(request.form), False, 200
    if request.method == "POST" and form.accepted():
        try:
            address = request.remote_addr or ""
            staff_links.forgotten(form.email.data, address, current_locale(), now=now(), real_now=real_now())
            sent = True
        except RateLimited as refusal:
            form.form_errors.append(explain(refusal))
            status = refusal.status
    form.sign()
    return page("admin/login_forgot.html", 422 if form.errors and status == 200 else status, form=form, sent=sent)


@bp.route("/welcome/<token>", methods=["GET", "POST"])
@needs(OPEN)
def welcome(token: str) -> Response:
    """Let somebody who was invited choose a password."""
    return _choose(token, tokens.INVITE)


@bp.route("/reset/<token>", methods=["GET", "POST"])
@needs(OPEN)
def reset(token: str) -> Response:
    """Let somebody choose another password."""
    return _choose(token, tokens.RESET)


def _choose(token: str, purpose: str) -> Response:
    form = ChosenPasswordForm(request.form)
    try:
        user = staff_links.opened(token, purpose, now=now())
        if request.method == "POST" and form.accepted() and _chosen(token, purpose, form):
            return go(url_for("admin.entry.login", chosen=1, lang=request.args.get("lang")))
    except (LinkUnknown, LinkExpired) as refusal:
        return page("admin/login_over.html", refusal.status)
    form.sign()
    status = 422 if form.errors else 200
    return page("admin/login_choose.html", status, form=form, user=user, purpose=purpose, token=token)


def _chosen(token: str, purpose: str, form: ChosenPasswordForm) -> bool:
    """Save the password, and leave the browser to its owner: who was logged in here may be somebody else."""
    try:
        staff_links.choose_password(token, purpose, form.password.data, now=now(), real_now=real_now())
    except Invalid as refusal:
        form.password.errors = [password_text(refusal)]
        return False
    if current_user.is_authenticated:
        sign_off()
    return True
