"""Regions: the tree of territories, in which sites lie."""

from __future__ import annotations

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import SelectField

from portal.admin.conflicts import differences
from portal.admin.forms import StaffForm, key_field, name_field
from portal.admin.guard import EDIT, actor, needs, scope
from portal.admin.skills import everywhere
from portal.clock import now
from portal.domain.errors import Invalid, StateChanged
from portal.i18n import _
from portal.operations import regions
from portal.operations.regions import Line
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("regions", __name__)


class RegionForm(StaffForm):
    """A region: its name, and in which other one it lies."""

    name = name_field(_l("Name"))
    parent = SelectField(_l("Lies in"))

    def offer(self, key: str | None) -> None:
        """Say in which regions it may lie."""
        self.parent.choices = [("", _("None: it stands alone")), *region_choices(regions.possible_parents(key))]


class NewRegionForm(RegionForm):
    """A region to be made: it needs a key."""

    key = key_field()


def region_choices(lines: list[Line]) -> list[tuple[str, str]]:
    """List regions to choose from, each with those above it."""
    return [(one.key, one.path) for one in lines]


@bp.get("/regions/")
def index() -> Response:
    """Show the tree; the sites in it are those that are theirs who are logged in."""
    return page("admin/regions/index.html", lines=regions.listed(scope=scope()), may_change=scope().sites is None)


@bp.route("/add/region", methods=["GET", "POST"])
@needs(EDIT)
def add() -> Response:
    """Make a region."""
    everywhere()
    form = NewRegionForm(request.form, parent=request.args.get("in", ""))
    form.offer(None)
    if request.method != "POST":
        return _show(form, None)
    try:
        if form.validate():
            regions.add(form.key.data, form.name.data, form.parent.data or None, now=now(), by=actor())
            flash(_("The region is made."))
            return go(url_for("admin.regions.index"))
    except Invalid as refusal:
        _refuse(form, refusal)
    return _show(form, None, 422)


@bp.route("/regions/<key>", methods=["GET", "POST"])
@needs(EDIT)
def edit(key: str) -> Response:
    """Rename a region, and move it with all that is in it."""
    everywhere()
    line = regions.find(key)
    form, revision = _form_of(line, request.form), request.form.get("revision", "")
    if request.method != "POST":
        return _show(form, line, revision=line.revision)
    try:
        if form.validate():
            regions.change(key, revision, form.name.data, form.parent.data or None, now=now(), by=actor())
            flash(_("The region is saved."))
            return go(url_for("admin.regions.index"))
    except StateChanged:
        saved = regions.find(key)
        conflict = differences(_form_of(saved), form)
        return _show(form, saved, 409, revision=saved.revision, conflict=conflict)
    except Invalid as refusal:
        _refuse(form, refusal)
    return _show(form, line, 422, revision=revision)


def _form_of(line: Line, given: MultiDict[str, str] | None = None) -> RegionForm:
    form = RegionForm(given, name=line.name, parent=line.parent or "")
    form.offer(line.key)
    return form


def _refuse(form: RegionForm, refusal: Invalid) -> None:
    """Put what the operation refused beside its field."""
    problem = (str(refusal.values.get("field")), str(refusal.values.get("problem")))
    words = {
        ("key", "exists"): _("Another region has this key."),
        ("parent", "not_a_choice"): _("It cannot lie there. Choose again."),
        ("parent", "too_deep"): _("Regions lie %(highest)s deep at most.", highest=refusal.values.get("highest", "")),
    }
    form.refuse(problem[0], words.get(problem) or explain(refusal))


def _show(
    form: RegionForm, line: Line | None, status: int = 200, *, revision: str = "", conflict: list[str] | None = None
) -> Response:
    return page("admin/regions/edit.html", status, form=form, line=line, revision=revision, conflict=conflict)


@bp.route("/regions/<key>/delete", methods=["GET", "POST"])
@needs(EDIT)
def remove(key: str) -> Response:
    """Ask once, then delete a region in which nothing is left."""
    everywhere()
    line = regions.find(key)
    if request.method == "POST" and not line.taken:
        try:
            regions.drop(key, now=now(), by=actor())
        except Invalid:  # something was put into it meanwhile
            line = regions.find(key)
        else:
            flash(_("The region is deleted."))
            return go(url_for("admin.regions.index"))
    return page("admin/regions/delete.html", 422 if request.method == "POST" else 200, line=line)
