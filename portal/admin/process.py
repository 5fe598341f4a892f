"""The booking process of a site: every rule in one place, what it comes to, and a trial of the patterns."""

from __future__ import annotations

from flask import Blueprint, Response, flash, request, url_for

from portal.admin.conflicts import differences
from portal.admin.guard import actor, only
from portal.admin.process_forms import ProcessForm
from portal.admin.process_views import panel, tried
from portal.admin.rules import typed_rules
from portal.clock import now
from portal.domain.errors import StateChanged
from portal.domain.policy import Policy
from portal.i18n import _
from portal.operations import process_previews, sites
from portal.operations.sites import Sheet
from portal.web.responses import go, show

bp = Blueprint("process", __name__)


@bp.route("/sites/<key>/process", methods=["GET", "POST"])
def edit(key: str) -> Response:
    """Show the rules of booking at a site and what they come to, try patterns, and save them."""
    sheet = sites.read(key)
    only(sheet.id)
    if request.method != "POST":
        return _show(_form_of(sheet), sheet, sheet.revision)
    form, revision = ProcessForm(request.form), request.form.get("revision", "")
    if not form.validate():
        return _show(form, sheet, revision, 422)
    if "save" not in request.form:
        return _show(form, sheet, revision)
    return _save(form, sheet, revision)


def _save(form: ProcessForm, sheet: Sheet, revision: str) -> Response:
    """Save the rules when what they take away was seen."""
    rules = form.settings()
    if panel(process_previews.of_site(sheet.key, rules, now=now())).seen != request.form.get("seen", ""):
        return _show(form, sheet, revision, 422, confirm=True)
    try:
        sites.save_rules(sheet.key, revision, rules, now=now(), by=actor())
    except StateChanged:
        return _show(form, sheet, sheet.revision, 409, conflict=differences(_form_of(sheet), form))
    flash(_("The booking process is saved."))
    return go(url_for("admin.process.edit", key=sheet.key))


def _form_of(sheet: Sheet) -> ProcessForm:
    return ProcessForm(**typed_rules(sheet.rules))


def _show(
    form: ProcessForm,
    sheet: Sheet,
    revision: str,
    status: int = 200,
    *,
    conflict: list[str] | None = None,
    confirm: bool = False,
) -> Response:
    """Render the page whole, or for htmx what is computed beside the rules."""
    rules = form.settings(sheet.policy)
    effects = process_previews.of_site(sheet.key, rules, now=now())
    return show(
        "admin/sites/process.html",
        "admin/process/_result.html",
        "admin/process/_tried.html",
        status=status,
        form=form,
        sheet=sheet,
        revision=revision,
        hints={},
        conflict=conflict,
        confirm=confirm,
        panel=panel(effects, Policy.of({**sheet.policy, **rules})),
        tried=tried(form.email_patterns),
    )
