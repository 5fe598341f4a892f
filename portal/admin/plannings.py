"""Plannings: the list, and the editor of the week. What was typed is never lost, whatever button is pressed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from portal.admin import rules, week
from portal.admin.editor import Editor, blank, changeable, opened, plan_of, received, stored
from portal.admin.effects import seen
from portal.admin.forms import PlanningForm
from portal.admin.guard import EDIT, actor, needs, scope, staff
from portal.admin.paging import page_number
from portal.admin.versions import version_views
from portal.admin.week import Days
from portal.admin.week_views import axis, capacity_tables, day_views
from portal.admin.words import differences, slots_label
from portal.clock import now
from portal.domain.errors import Invalid, Refusal, StateChanged
from portal.domain.zones import DAY
from portal.i18n import _, weekday
from portal.i18n import day as in_full
from portal.operations import planning_list, planning_previews, plannings
from portal.operations.impacts import SiteImpact
from portal.operations.planning_list import Wanted
from portal.operations.planning_previews import Kept
from portal.operations.plannings import Plan
from portal.web.forms import NAME
from portal.web.responses import go, page, show
from portal.web.texts import explain

bp = Blueprint("plannings", __name__)
ZONES = ("Europe/Paris", "Europe/London", "Europe/Berlin", "Europe/Madrid", "Europe/Brussels", "Europe/Zurich", "UTC")


@bp.get("/plannings/")
def index() -> Response:
    """List the plannings that are theirs who are logged in."""
    given = request.args
    text, site = (given.get(name, "").strip().replace("\0", "")[:NAME] for name in ("q", "site"))
    wanted = Wanted(text, site or None, page_number())
    found = planning_list.overview(now=now(), scope=scope(), wanted=wanted)
    return page("admin/plannings/index.html", found=found, wanted=wanted, url=_page_of(wanted))


def _page_of(wanted: Wanted) -> Callable[[int], str]:
    """Give the address of a page of the list, with its filters."""

    def url(number: int) -> str:
        return url_for("admin.plannings.index", q=wanted.text or None, site=wanted.site, page=number)

    return url


@bp.route("/plannings/<key>", methods=["GET", "POST"])
def edit(key: str) -> Response:
    """Show a planning's week, change what is on the screen, or save it."""
    if request.method == "POST":
        return _answer(received(changeable(key)))
    return _answer(stored(opened(key)))


@bp.route("/add/planning", methods=["GET", "POST"])
@needs(EDIT)
def add() -> Response:
    """Make a planning, from nothing or like another one."""
    editor = received(None) if request.method == "POST" else blank()
    return _answer(editor)


def _answer(editor: Editor) -> Response:
    if request.method == "POST" and "save" in request.form:
        return _save(editor)
    return _show(editor)


def _save(editor: Editor) -> Response:
    """Save the week when it is right and its effect was seen; else show it again with all that was typed."""
    fine = editor.form.validate()
    editor.days = week.checked(editor.days, editor.services, strict=True)
    if not fine or not week.right(editor.days):
        return _show(editor, 422)
    plan = plan_of(editor)
    found, kept = _preview(editor, plan), _keeping(editor, plan)
    if (kept.count or any(one.count for one in found)) and request.form.get("seen") != seen(found, kept.count):
        editor.confirm = True
        return _show(editor, 422)
    try:
        key = _write(editor, plan)
    except StateChanged:
        return _conflict(editor, plan)
    except Invalid as refusal:
        _refuse(editor.form, refusal)
        return _show(editor, 422)
    flash(_saved_text(plan))
    version = plan.applies_from.isoformat() if plan.applies_from is not None else None
    return go(url_for("admin.plannings.edit", key=key, version=version))


def _write(editor: Editor, plan: Plan) -> str:
    if editor.sheet is None:
        key = str(editor.form["key"].data)
        plannings.create(key, plan, now=now(), by=actor())
        return key
    plannings.save(editor.sheet.key, editor.revision, plan, now=now(), by=actor())
    return editor.sheet.key


def _saved_text(plan: Plan) -> str:
    if plan.target is None:
        return _("The week is saved.")
    return _("The week is saved. It applies from %(day)s.", day=in_full(plan.target))


def _refuse(form: PlanningForm, refusal: Refusal) -> None:
    """Put what the operation refused beside its field."""
    problem = (str(refusal.values.get("field", "")), str(refusal.values.get("problem", "")))
    words = {
        ("key", "exists"): _("Another planning has this key."),
        ("applies_from", "past"): _("What is past stays: choose today or a later date."),
        ("sites", "unknown_site"): _("This site is no longer in use."),
    }
    form.refuse(problem[0], words.get(problem) or explain(refusal))


def _conflict(editor: Editor, plan: Plan) -> Response:
    """Say what somebody else saved meanwhile, and let the one who typed decide."""
    if editor.sheet is not None:
        editor.sheet = plannings.read(editor.sheet.key)
        editor.revision = editor.sheet.revision
        editor.conflict = differences(editor.sheet, plan, editor.sites)
    return _show(editor, 409)


def _preview(editor: Editor, plan: Plan) -> list[SiteImpact]:
    return planning_previews.preview(editor.sheet, plan, editor.sites, now=now(), week=editor.week)


def _keeping(editor: Editor, plan: Plan) -> Kept:
    return planning_previews.keeping(editor.sheet, plan, now=now())


def _show(editor: Editor, status: int = 200) -> Response:
    """Render the editor: whole, or for htmx the days that changed with all that is computed."""
    if request.method == "POST" and status == 200:
        editor.form.validate()
        editor.days = week.checked(editor.days, editor.services, strict=False)
    plan = plan_of(editor)
    if status == 200:
        editor.form.forgive()
    return show("admin/plannings/edit.html", "admin/plannings/_live.html", status=status, **_values(editor, plan))


def _values(editor: Editor, plan: Plan) -> dict[str, Any]:
    found, kept = _preview(editor, plan), _keeping(editor, plan)
    shown = next((one for one in found if one.site.key == editor.site), found[0] if found else None)
    days = day_views(editor.days, plan.slot_minutes, shown, editor.changed, editor.services)
    return {
        "editor": editor,
        "form": editor.form,
        "sheet": editor.sheet,
        "plan": plan,
        "days": days,
        "axis": axis(days),
        "week_possible": sum(one.possible for one in days),
        "slots_label": slots_label(plan.slot_minutes),
        "impacts": found,
        "shown": shown,
        "unfit": sum(one.count for one in found),
        "tables": capacity_tables(found),
        "seen": seen(found, kept.count),
        "keeping": kept,
        "partial": not week.clear(editor.days),
        "week_errors": _week_errors(editor.days),
        "earlier": shown.days[0].day - 7 * DAY if shown is not None else None,
        "later": shown.days[0].day + 7 * DAY if shown is not None else None,
        "discard": request.url if request.method != "POST" else editor.url,
        "lead": _lead(editor),
        "versions": version_views(editor),
        "today": editor.sheet.today(now()) if editor.sheet is not None else None,
        "may_edit": _may_edit(editor),
        "own_rules": rules.told(editor.sheet) if editor.sheet is not None else [],
        "zones": sorted({*ZONES, *(site.zone.key for site in editor.sites)}),
    }


def _may_edit(editor: Editor) -> bool:
    """Tell whether the week may be changed by whoever looks: a planning of others' sites is shown only."""
    return staff().may(EDIT) and (editor.sheet is None or editor.sheet.changed_by(scope()))


def _lead(editor: Editor) -> str:
    """Say which week is on the screen."""
    if editor.sheet is None:
        return _("Its week, its sites, and who may book it.")
    if editor.version is None:
        return _("The week that applies from the beginning.")
    return _("The week that applies from %(day)s.", day=in_full(editor.version))


def _week_errors(days: Days) -> list[tuple[str, str]]:
    """List what is wrong with the week, with the field where to mend it."""
    found = [(f"d{one.weekday}", one.error, one.weekday) for one in days if one.error]
    for one in days:
        for index, row in enumerate(one.rows):
            if row.error:
                found.append((f"d{one.weekday}-{index}-{row.wrong[0]}", row.error, one.weekday))
    return [
        (target, _("%(day)s: %(text)s", day=weekday(number).capitalize(), text=text)) for target, text, number in found
    ]
