"""Orders from a file, in three steps: send it, name its columns, look at what it does and import it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import format_decimal

from portal.admin import order_lists
from portal.admin.guard import EDIT, actor, needs, scope, staff
from portal.admin.import_forms import ColumnsForm, UploadForm, columns_form
from portal.admin.import_words import (
    TONES,
    changed_text,
    choice_problem,
    file_problem,
    mistakes,
    outcome_text,
    report,
    report_heads,
)
from portal.admin.orders import EXPORTS, site_choices
from portal.admin.paging import page_number
from portal.clock import now
from portal.domain.errors import Invalid, StateChanged
from portal.domain.zones import zone
from portal.extensions import settings
from portal.i18n import _, current_locale
from portal.operations import import_plans, imports
from portal.operations.import_plans import Outcome
from portal.operations.imports import Opened, Preview
from portal.operations.workbooks import MOST_LINES
from portal.web.exports import Row, table_response
from portal.web.responses import go, page

bp = Blueprint("imports", __name__, url_prefix="/import")
FIRST = 10  # lines of a preview
MISTAKES = 50  # on a page
SAMPLES = 3  # values shown of a column
SAMPLE = 40  # characters of one


@bp.errorhandler(StateChanged)
def already_done(_refusal: StateChanged) -> Response:
    """Show the result of a file that is imported already: the second click, or Back."""
    return go(url_for("admin.imports.done", public_id=(request.view_args or {})["public_id"]))


@bp.get("/")
@needs(EDIT)
def index() -> Response:
    """Ask for a file, and list those of the last day."""
    return _index(UploadForm())


def _index(form: UploadForm) -> Response:
    waiting = imports.of_user(staff().member.id)
    return page(
        "admin/imports/index.html",
        422 if form.errors else 200,
        form=form,
        waiting=waiting,
        most=format_decimal(MOST_LINES),
        templates=EXPORTS,
        zone=zone(settings().default_timezone),
    )


@bp.post("/")
@needs(EDIT)
def send() -> Response:
    """Keep a file, and go on to its columns."""
    form = UploadForm(request.files)
    if form.validate():
        try:
            file = form.file.data
            public_id = imports.keep(file.filename or "", file.read(), staff().member.id, now=now())
        except Invalid as refusal:
            form.refuse("file", file_problem(refusal))
        else:
            return go(url_for("admin.imports.columns", public_id=public_id))
    return _index(form)


@bp.get("/template/<any(csv, xlsx):format>")
@needs(EDIT)
def template(format: str) -> Response:  # noqa: A002 - the name in the address
    """Send a file to fill in, with two examples."""
    site = next((name for _key, name in site_choices()), "")
    language = current_locale()
    rows: list[Row] = [
        ["CMD-1042", _("Collection"), site, _("ready"), _("36 pallets"), "2026-12-15", "", "Emballages Vidal",
         "achats@example.com", "05 56 00 10 42", language],
        ["CMD-1043", _("Delivery"), site, "", "", "", "2026-12-16 14:30", "Scierie Lafon", "", "", language],
    ]  # fmt: skip
    return table_response(_("orders-to-fill-in"), order_lists.heads()[:11], rows, format)


@bp.route("/<public_id>", methods=["GET", "POST"])
@needs(EDIT)
def columns(public_id: str) -> Response:
    """Ask which column is what."""
    opened = imports.get(public_id, staff().member.id)
    form = columns_form(opened, site_choices(), request.form)
    if request.method == "POST" and form.validate():
        try:
            imports.choose(public_id, staff().member.id, form.choices())
        except Invalid as refusal:
            form.refuse(str(refusal.values["field"]), choice_problem(refusal))
        else:
            return go(url_for("admin.imports.show", public_id=public_id))
    return _columns(opened, form)


def _columns(opened: Opened, form: ColumnsForm) -> Response:
    lines = opened.table.lines
    samples = [
        [_sample(line.cells[place]) for line in lines if line.cells[place] != ""][:SAMPLES]
        for place in range(len(opened.table.head))
    ]
    status = 422 if form.errors else 200
    listed = list(zip(form.columns(), samples, strict=True))
    return page("admin/imports/columns.html", status, opened=opened, form=form, columns=listed)


def _sample(cell: Any) -> str:
    text = str(cell) if isinstance(cell, str) else cell.strftime("%d/%m/%Y %H:%M") if hasattr(cell, "strftime") else "?"
    return text if len(text) <= SAMPLE else f"{text[: SAMPLE - 1]}…"


@bp.get("/<public_id>/preview")
@needs(EDIT)
def show(public_id: str) -> Response:
    """Show what the import would do, before anything is done."""
    opened = imports.get(public_id, staff().member.id)
    if not opened.chosen:
        return go(url_for("admin.imports.columns", public_id=public_id))
    return _preview(_read(public_id))


def _read(public_id: str) -> Preview:
    return imports.preview(public_id, staff().member.id, scope=scope(), now=now())


def _preview(found: Preview, status: int = 200, error: str = "", seen: str = "") -> Response:
    wrong = mistakes(found.opened, found.plan)
    pages = max(-(-len(wrong) // MISTAKES), 1)
    number = min(page_number(), pages)
    public_id = found.opened.file.public_id
    return page(
        "admin/imports/preview.html",
        status,
        opened=found.opened,
        plan=found.plan,
        counts=found.plan.counts,
        first=[line for line in found.plan.lines if line.outcome is not Outcome.WRONG][:FIRST],
        mistakes=wrong[(number - 1) * MISTAKES : number * MISTAKES],
        page=number,
        pages=pages,
        page_url=lambda wished: url_for("admin.imports.show", public_id=public_id, page=wished, _anchor="wrong"),
        error=error,
        other=import_plans.differing(found.plan, seen) if seen else [],
        outcome_text=outcome_text,
        changed_text=changed_text,
        tones=TONES,
    )


@bp.post("/<public_id>/preview")
@needs(EDIT)
def confirm(public_id: str) -> Response:
    """Import the file as it was shown."""
    seen, skip = request.form.get("seen", ""), "skip" in request.form
    try:
        imports.confirm(public_id, staff().member.id, seen, by=actor(), scope=scope(), now=now(), skip=skip)
    except Invalid as refusal:
        return _refused(public_id, str(refusal.values["problem"]), seen)
    return go(url_for("admin.imports.done", public_id=public_id))


def _refused(public_id: str, problem: str, seen: str) -> Response:
    if problem == "required":
        return go(url_for("admin.imports.columns", public_id=public_id))
    if problem == "wrong_lines":
        return _preview(
            _read(public_id), 422, _("Say whether the wrong lines are to be left out, or correct the file.")
        )
    text = _("The orders have changed since you looked. Nothing was imported: look again, then import.")
    return _preview(_read(public_id), 409, text, seen)


@bp.get("/<public_id>/report/<any(csv, xlsx):format>")
@needs(EDIT)
def line_report(public_id: str, format: str) -> Response:  # noqa: A002 - the name in the address
    """Send what becomes of each line as a file."""
    found = _read(public_id)
    return table_response(_("import-report"), report_heads(), report(found.opened, found.plan), format)


@bp.get("/<public_id>/done")
@needs(EDIT)
def done(public_id: str) -> Response:
    """Show what an import has done."""
    return page("admin/imports/done.html", file=imports.result(public_id, staff().member.id))


@bp.post("/<public_id>/discard")
@needs(EDIT)
def discard(public_id: str) -> Response:
    """Throw a file away."""
    imports.discard(public_id, staff().member.id)
    flash(_("The file is deleted. Nothing was imported."))
    return go(url_for("admin.imports.index"))
