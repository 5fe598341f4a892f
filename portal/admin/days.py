"""Exceptional days of a planning: a date whose own hours, or none, replace the week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for

from portal.admin import week
from portal.admin.editor import changeable, services_at
from portal.admin.effects import seen
from portal.admin.forms import DayForm, sensible
from portal.admin.guard import EDIT, actor, needs
from portal.admin.week import Day
from portal.admin.week_views import axis, day_views
from portal.admin.words import slots_label
from portal.clock import now
from portal.domain.errors import Invalid, StateChanged
from portal.domain.zones import parse_day
from portal.i18n import _
from portal.i18n import day as in_full
from portal.operations import planning_previews, plannings
from portal.operations.planning_previews import DayImpact
from portal.operations.plannings import Exceptional, Sheet
from portal.web.responses import go, page, show
from portal.web.texts import explain

bp = Blueprint("days", __name__)
ONE = 1  # the form has one day, named as if it were a Monday


@dataclass
class DayEditor:
    """An exceptional day on its way to the screen. ``old`` is the date that it had, None for a new one."""

    sheet: Sheet
    form: DayForm
    typed: Day
    revision: str
    old: date | None = None
    changed: bool = False
    confirm: bool = False
    conflict: bool = False

    @cached_property
    def services(self) -> Mapping[str, str]:
        """The names of the services that hours may be reserved to, by key."""
        return services_at(self.sheet.sites, self.sheet)

    @property
    def url(self) -> str:
        """Where the form is sent."""
        if self.old is None:
            return url_for("admin.days.add", key=self.sheet.key)
        return url_for("admin.days.edit", key=self.sheet.key, day=self.old.isoformat())


@bp.route("/plannings/<key>/add/day", methods=["GET", "POST"])
@needs(EDIT)
def add(key: str) -> Response:
    """Make a day exceptional."""
    sheet = changeable(key)
    if request.method == "POST":
        return _answer(_received(sheet, None))
    wanted = parse_day(request.args.get("day"))
    hours = sheet.in_force(now()).week.get(wanted.isoweekday(), ()) if wanted is not None else ()
    return _answer(DayEditor(sheet, DayForm(day=wanted), week.day_of(ONE, hours), sheet.revision))


@bp.route("/plannings/<key>/days/<day>", methods=["GET", "POST"])
@needs(EDIT)
def edit(key: str, day: str) -> Response:
    """Change an exceptional day."""
    sheet, found = _found(key, day)
    if request.method == "POST":
        return _answer(_received(sheet, found.day))
    form = DayForm(day=found.day, label=found.label)
    return _answer(DayEditor(sheet, form, week.day_of(ONE, found.openings), sheet.revision, found.day))


@bp.route("/plannings/<key>/days/<day>/delete", methods=["GET", "POST"])
@needs(EDIT)
def remove(key: str, day: str) -> Response:
    """Ask once, saying what it does, then give a date its week back."""
    sheet, found = _found(key, day)
    if request.method == "POST":
        plannings.drop_day(key, request.form.get("revision", ""), found.day, now=now(), by=actor())
        flash(_("%(day)s follows the week again.", day=in_full(found.day).capitalize()))
        return go(_home(sheet))
    impact = planning_previews.preview_days(key, now=now(), drop=found.day)
    return page("admin/plannings/remove_day.html", sheet=sheet, exceptional=found, **_effect(impact))


def _found(key: str, text: str) -> tuple[Sheet, Exceptional]:
    sheet = changeable(key)
    wanted = parse_day(text)
    found = sheet.exceptional(wanted) if wanted is not None else None
    if found is None:
        abort(404)
    return sheet, found


def _home(sheet: Sheet) -> str:
    return url_for("admin.plannings.edit", key=sheet.key, _anchor="days")


def _received(sheet: Sheet, old: date | None) -> DayEditor:
    """Read what was typed, and do what the pressed button says."""
    given = request.form
    before = week.received(given)
    days = before
    if "add" in given:
        days = week.with_row(days, ONE)
    _number, _dash, index = given.get("clear", "").partition("-")
    if index.isdigit():
        days = week.without_row(days, ONE, int(index))
    if "save" not in given:
        days = week.with_room(days)
    typed = days[0]
    return DayEditor(sheet, DayForm(given), typed, given.get("revision", ""), old, changed=typed != before[0])


def _answer(editor: DayEditor) -> Response:
    if request.method == "POST" and "save" in request.form:
        return _save(editor)
    return _show(editor)


def _save(editor: DayEditor) -> Response:
    fine = editor.form.validate()
    editor.typed = week.checked((editor.typed,), editor.services, strict=True)[0]
    if not fine or editor.typed.wrong:
        return _show(editor, 422)
    impact = _preview(editor)
    if impact is not None and request.form.get("seen") != seen(impact.sites):
        editor.confirm = True
        return _show(editor, 422)
    wanted = _wanted(editor)
    try:
        plannings.save_day(editor.sheet.key, editor.revision, wanted, instead_of=editor.old, now=now(), by=actor())
    except StateChanged:
        editor.conflict, editor.revision = True, plannings.read(editor.sheet.key).revision
        return _show(editor, 409)
    except Invalid as refusal:
        twice = refusal.values.get("problem") == "duplicate_date"
        editor.form.refuse("day", _("This date has its exceptional day already.") if twice else explain(refusal))
        return _show(editor, 422)
    flash(_("%(day)s is saved.", day=in_full(wanted.day).capitalize()))
    return go(_home(editor.sheet))


def _wanted(editor: DayEditor) -> Exceptional:
    return Exceptional(editor.form.day.data, editor.form.label.data or "", editor.typed.openings())


def _preview(editor: DayEditor) -> DayImpact | None:
    """Tell what it does, once the date is known."""
    if editor.form.day.data is None or not sensible(editor.form.day.data):
        return None
    return planning_previews.preview_days(editor.sheet.key, now=now(), put=_wanted(editor), drop=editor.old)


def _show(editor: DayEditor, status: int = 200) -> Response:
    if request.method == "POST" and status == 200:
        editor.typed = week.checked((editor.typed,), editor.services, strict=False)[0]
    impact = _preview(editor)
    length = editor.sheet.schedule.slot_minutes
    days = day_views((editor.typed,), length, None, {ONE} if editor.changed else set(), editor.services)
    values: dict[str, Any] = {
        "editor": editor,
        "sheet": editor.sheet,
        "form": editor.form,
        "day": days[0],
        "axis": axis(days),
        "shown": None,
        "slots_label": slots_label(length),
        "today": editor.sheet.today(now()),
        **_effect(impact),
    }
    return show("admin/plannings/day.html", "admin/plannings/_day_live.html", status=status, **values)


def _effect(impact: DayImpact | None) -> dict[str, Any]:
    sites = impact.sites if impact is not None else []
    return {
        "impacts": sites,
        "unfit": sum(one.count for one in sites),
        "seen": seen(sites),
        "capacity": impact.capacity if impact is not None else {},
    }
