"""People, rooms and equipment: the list, each of them, and taking them out of use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for

from portal.admin.conflicts import differences
from portal.admin.guard import EDIT, actor, needs, scope, seen, staff, theirs
from portal.admin.paging import page_number
from portal.admin.resource_forms import SKILL, ResourceForm, form_class, plan_of, values_of
from portal.admin.resource_words import KINDS, absent_until, misfit_text
from portal.admin.sites import ZONES
from portal.clock import now
from portal.domain.errors import Invalid, StateChanged
from portal.i18n import _
from portal.operations import absences, organisation, plannings, resource_effects, resource_list, resources, skills
from portal.operations.resource_effects import NONE, Effects
from portal.operations.resource_list import Wanted
from portal.operations.resources import Plan, Sheet
from portal.web.forms import NAME
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("resources", __name__)
bp.add_app_template_filter(misfit_text)
bp.add_app_template_global(absent_until)


@bp.get("/resources/")
def index() -> Response:
    """List those that are theirs who are logged in."""
    given = request.args
    text, kind, site = (given.get(name, "").strip().replace("\0", "")[:NAME] for name in ("q", "kind", "site"))
    wanted = Wanted(text, kind if kind in dict(KINDS) else None, site or None, "retired" in given, page_number())
    found = resource_list.overview(now=now(), scope=scope(), wanted=wanted)
    return page("admin/resources/index.html", found=found, wanted=wanted, kinds=KINDS, url=_page_of(wanted))


def _page_of(wanted: Wanted) -> Callable[[int], str]:
    """Give the address of a page of the list, with its filters."""

    def url(number: int) -> str:
        return url_for(
            "admin.resources.index",
            q=wanted.text or None,
            kind=wanted.kind,
            site=wanted.site,
            retired="1" if wanted.retired else None,
            page=number,
        )

    return url


def opened(key: str) -> Sheet:
    """Read a resource of which one site is theirs who are logged in; others are not there."""
    return seen(resources.read(key))


def changeable(key: str) -> Sheet:
    """Read a resource that is theirs to change: all of its sites are."""
    return theirs(opened(key))


def may_change(sheet: Sheet) -> bool:
    """Tell whether whoever looks may change it."""
    return staff().may(EDIT) and sheet.changed_by(scope())


@dataclass
class Editor:
    """A resource on its way to the screen: ``sheet`` is None for one that is being made."""

    form: ResourceForm
    kind: str
    sheet: Sheet | None = None
    revision: str = ""
    effects: Effects = NONE
    conflict: Sequence[str] | None = None


@bp.route("/resources/<key>", methods=["GET", "POST"])
def edit(key: str) -> Response:
    """Show a resource, say whom a change meets, and save it."""
    if request.method != "POST":
        sheet = opened(key)
        return _show(Editor(_stored(sheet), sheet.kind, sheet, sheet.revision))
    sheet = changeable(key)
    editor = Editor(_form(sheet.kind, sheet, given=request.form), sheet.kind, sheet, request.form.get("revision", ""))
    return _save(editor, sheet)


def _save(editor: Editor, sheet: Sheet) -> Response:
    """Save what is right and whose effect was seen; else show it again with all that was typed."""
    if not editor.form.validate():
        return _show(editor, 422)
    plan = plan_of(editor.form, sheet.plan)
    try:
        resources.checked(plan)
        editor.effects = resource_effects.of_plan(sheet, plan, now=now())
        if editor.effects.count and request.form.get("seen") != editor.effects.signature:
            return _show(editor, 422)
        resources.save(sheet.key, editor.revision, plan, now=now(), by=actor())
    except StateChanged:
        editor.revision, editor.conflict = sheet.revision, differences(_stored(sheet), editor.form)
        return _show(editor, 409)
    except Invalid as refusal:
        _refuse(editor.form, refusal)
        return _show(editor, 422)
    flash(_("%(name)s is saved.", name=plan.name))
    return go(url_for("admin.resources.edit", key=sheet.key))


@bp.route("/add/resource", methods=["GET", "POST"])
@needs(EDIT)
def add() -> Response:
    """Make a resource of the kind that the address says."""
    kind = request.args.get("kind", "staff")
    if kind not in dict(KINDS):
        abort(404)
    if request.method != "POST":
        return _show(Editor(_blank(kind), kind))
    editor = Editor(_form(kind, None, given=request.form), kind)
    if not editor.form.validate():
        return _show(editor, 422)
    key, plan = str(editor.form["key"].data), plan_of(editor.form, None)
    try:
        resources.create(key, kind, plan, now=now(), by=actor())
    except Invalid as refusal:
        _refuse(editor.form, refusal)
        return _show(editor, 422)
    flash(_("%(name)s is made and can be booked.", name=plan.name))
    return go(url_for("admin.resources.edit", key=key))


def _form(kind: str, sheet: Sheet | None, *, given: Any = None, **values: Any) -> ResourceForm:
    """Make the form with its choices: those of the sites that are theirs who are logged in."""
    held = sheet.plan if sheet is not None else Plan("", "")
    form = form_class(kind, skills.listed() if kind == "staff" else (), new=sheet is None)(given, data=values)
    sites = [(one.key, one.name) for one in plannings.all_sites(held.sites, scope=scope())]
    form.offer(sites, resource_list.hours(scope=scope(), also=held.plannings), held.colour)
    return form


def _stored(sheet: Sheet) -> ResourceForm:
    return _form(sheet.kind, sheet, **values_of(sheet.plan))


def _blank(kind: str) -> ResourceForm:
    form = _form(kind, None, timezone=organisation.card().timezone, colour="")
    if len(form.sites.choices) == 1:
        form.sites.data = [key for key, _name in form.sites.choices]
    return form


def _refuse(form: ResourceForm, refusal: Invalid) -> None:
    """Put what the operation refused beside its field."""
    name, problem = str(refusal.values.get("field", "")), refusal.values.get("problem")
    words = {
        ("key", "exists"): _("Somebody or something else has this key."),
        ("sites", "unknown"): _("This site is no longer there. Choose again."),
        ("plannings", "unknown"): _("This planning is no longer there. Choose again."),
        ("skills", "unknown"): _("This skill is no longer there. Look again."),
        ("features", "too_many"): _(
            "There are too many: %(highest)s at most.", highest=refusal.values.get("highest", "")
        ),
    }
    field = "features" if name.startswith("features") else name.replace("skills.", SKILL)
    if field == "features" and problem == "too_long":
        form.refuse(field, _("Shorten each of them: 80 characters at most."))
        return
    form.refuse(field, words.get((name, str(problem))) or explain(refusal))


def _show(editor: Editor, status: int = 200) -> Response:
    sheet = editor.sheet
    away = absences.listing(sheet, now=now()) if sheet is not None else None
    return page(
        "admin/resources/edit.html",
        status,
        editor=editor,
        form=editor.form,
        sheet=sheet,
        away=away,
        zones=ZONES,
        may_change=staff().may(EDIT) if sheet is None else may_change(sheet),
    )


@bp.route("/resources/<key>/use", methods=["GET", "POST"])
@needs(EDIT)
def use(key: str) -> Response:
    """Ask once, naming the appointments that stay, then retire a resource; or take it back."""
    sheet = changeable(key)
    changed = False
    if request.method == "POST":
        try:
            resources.activate(sheet, request.form.get("revision", ""), not sheet.active, now=now(), by=actor())
        except StateChanged:
            changed = True
        else:
            flash(
                _("%(name)s is retired.", name=sheet.name)
                if sheet.active
                else _("%(name)s can be booked again.", name=sheet.name)
            )
            return go(url_for("admin.resources.edit", key=key))
    left = resource_effects.coming(sheet, now=now()) if sheet.active else NONE
    return page("admin/resources/use.html", 409 if changed else 200, sheet=sheet, left=left, changed=changed)
