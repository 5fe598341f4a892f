"""When people, rooms and equipment are away: listed, and written by hand."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, flash, request, url_for

from portal.admin.guard import EDIT, actor, needs
from portal.admin.paging import page_number
from portal.admin.resource_forms import AbsenceForm, absence_values
from portal.admin.resource_words import absence_text
from portal.admin.resources import changeable, may_change, opened
from portal.clock import now
from portal.domain.errors import Invalid, StateChanged
from portal.i18n import _
from portal.operations import absences
from portal.operations.absences import Line
from portal.operations.resource_effects import NONE, Effects
from portal.operations.resources import Sheet
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("absences", __name__)
bp.add_app_template_global(absence_text)


@bp.get("/resources/<key>/absences")
def index(key: str) -> Response:
    """List the absences that last or are to come, or those that are past."""
    sheet, past = opened(key), "past" in request.args
    found = absences.listing(sheet, now=now(), past=past, page=page_number())
    return page(
        "admin/resources/absences.html",
        sheet=sheet,
        found=found,
        past=past,
        url=_page_of(key, past),
        may_change=may_change(sheet),
    )


def _page_of(key: str, past: bool) -> Callable[[int], str]:
    """Give the address of a page of the list."""

    def url(number: int) -> str:
        return url_for("admin.absences.index", key=key, past="1" if past else None, page=number)

    return url


@bp.route("/resources/<key>/add/absence", methods=["GET", "POST"])
@needs(EDIT)
def add(key: str) -> Response:
    """Ask from when to when, say which appointments it falls upon, and save it."""
    sheet = changeable(key)
    return _answer(sheet, AbsenceForm(request.form), None)


@bp.route("/resources/<key>/absences/<row:number>", methods=["GET", "POST"])
@needs(EDIT)
def edit(key: str, number: int) -> Response:
    """Change an absence; one of a calendar file changes back when the file is sent again."""
    sheet = changeable(key)
    line = absences.find(sheet, number)
    return _answer(sheet, AbsenceForm(request.form, data=absence_values(line.start, line.end, line.label)), line)


def _answer(sheet: Sheet, form: AbsenceForm, line: Line | None) -> Response:
    if request.method != "POST":
        return _show(sheet, form, line, sheet.revision)
    revision = request.form.get("revision", "")
    if not form.validate():
        return _show(sheet, form, line, revision, status=422)
    effects = absences.preview(sheet, form.away, line.id if line is not None else None, now=now())
    if effects.count and request.form.get("seen") != effects.signature:
        return _show(sheet, form, line, revision, effects, 422)
    try:
        if line is None:
            absences.add(sheet.key, revision, form.away, now=now(), by=actor())
        else:
            absences.change(sheet.key, revision, line.id, form.away, now=now(), by=actor())
    except StateChanged:
        return _show(sheet, form, line, sheet.revision, effects, 409)
    except Invalid as refusal:
        form.form_errors.append(_refusal(refusal))
        return _show(sheet, form, line, revision, effects, 422)
    flash(_("The absence is saved."))
    return go(url_for("admin.absences.index", key=sheet.key))


def _refusal(refusal: Invalid) -> str:
    if refusal.values.get("problem") == "too_many":
        return _("There are too many absences: %(highest)s at most. Delete those that are past.", **_highest(refusal))
    return explain(refusal)


def _highest(refusal: Invalid) -> dict[str, object]:
    return {"highest": refusal.values.get("highest", "")}


def _show(
    sheet: Sheet, form: AbsenceForm, line: Line | None, revision: str, effects: Effects = NONE, status: int = 200
) -> Response:
    return page(
        "admin/resources/absence.html",
        status,
        sheet=sheet,
        form=form,
        line=line,
        revision=revision,
        effects=effects,
        conflict=status == 409,
    )


@bp.route("/resources/<key>/absences/<row:number>/delete", methods=["GET", "POST"])
@needs(EDIT)
def remove(key: str, number: int) -> Response:
    """Ask once, then let the resource be there after all."""
    sheet = changeable(key)
    line = absences.find(sheet, number)
    changed = False
    if request.method == "POST":
        try:
            absences.drop(key, request.form.get("revision", ""), number, now=now(), by=actor())
        except StateChanged:
            changed = True
        else:
            flash(_("The absence is deleted."))
            return go(url_for("admin.absences.index", key=key))
    return page("admin/resources/absence_delete.html", 409 if changed else 200, sheet=sheet, line=line, changed=changed)
