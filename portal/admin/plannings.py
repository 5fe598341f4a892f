"""Plannings: the list, and the editor of the week. What was typed is never lost, whatever button is pressed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for

from portal.admin import week
from portal.admin.effects import seen
from portal.admin.forms import NewPlanningForm, PlanningForm, only
from portal.admin.guard import EDIT, needs
from portal.admin.week import Days
from portal.admin.week_views import axis, capacity_tables, day_views
from portal.admin.words import differences, slots_label
from portal.clock import now
from portal.domain.errors import Invalid, Refusal, StateChanged
from portal.domain.openings import Opening, possible_in_week
from portal.domain.zones import DAY, parse_day
from portal.extensions import settings
from portal.i18n import _, weekday
from portal.i18n import day as in_full
from portal.operations import plannings
from portal.operations.bookables import SiteCard
from portal.operations.impacts import SiteImpact
from portal.operations.plannings import Plan, Sheet
from portal.web.responses import go, page, show
from portal.web.texts import explain

bp = Blueprint("plannings", __name__)
WORKING_DAYS = range(1, 6)
HOURS = (Opening(8 * 60, 12 * 60, 1), Opening(14 * 60, 18 * 60, 1))
"""A new planning's week, until somebody says otherwise."""
ZONES = ("Europe/Paris", "Europe/London", "Europe/Berlin", "Europe/Madrid", "Europe/Brussels", "Europe/Zurich", "UTC")


@dataclass
class Editor:
    """The editor on its way to the screen: what is kept, what was typed, and what to say about it.

    ``changed`` are weekdays to be shown anew; ``sheet`` is None for a planning that is being made.
    """

    form: PlanningForm
    days: Days
    sites: Sequence[SiteCard]
    sheet: Sheet | None = None
    version: date | None = None
    revision: str = ""
    site: str = ""
    week: date | None = None
    changed: set[int] = field(default_factory=set)
    conflict: Sequence[str] | None = None
    confirm: bool = False

    @property
    def url(self) -> str:
        """Where the form is sent."""
        if self.sheet is None:
            return url_for("admin.plannings.add")
        return url_for("admin.plannings.edit", key=self.sheet.key)


@bp.get("/plannings/")
def index() -> Response:
    """List every planning."""
    return page("admin/plannings/index.html", plannings=plannings.overview(now=now()))


@bp.route("/plannings/<key>", methods=["GET", "POST"])
def edit(key: str) -> Response:
    """Show a planning's week, change what is on the screen, or save it."""
    sheet = plannings.read(key)
    editor = _stored(sheet) if request.method == "GET" else _received(sheet)
    return _answer(editor)


@bp.route("/add/planning", methods=["GET", "POST"])
@needs(EDIT)
def add() -> Response:
    """Make a planning, from nothing or like another one."""
    editor = _blank() if request.method == "GET" else _received(None)
    return _answer(editor)


def _answer(editor: Editor) -> Response:
    if request.method == "POST" and "save" in request.form:
        return _save(editor)
    return _show(editor)


def _stored(sheet: Sheet) -> Editor:
    """Open the version that is asked for, else the one in force."""
    wanted = parse_day(request.args.get("version"))
    version = sheet.version(wanted) if wanted is not None else None
    if request.args.get("version") == "first":
        version = sheet.version(None)
    shown = version or sheet.in_force(now())
    sites = plannings.all_sites(sheet.sites)
    return Editor(_form_of(sheet, sites), week.days_of(shown.week), sites, sheet, shown.applies_from, sheet.revision)


def _form_of(sheet: Sheet, sites: Sequence[SiteCard], form: type[PlanningForm] = PlanningForm) -> PlanningForm:
    return form(
        site_choices=_choices(sites),
        name=sheet.name,
        timezone=sheet.timezone,
        sites=list(sheet.sites),
        kinds=list(sheet.kinds),
        guests=sheet.guests,
        active=sheet.active,
        slot_minutes=sheet.schedule.slot_minutes,
        step_minutes=sheet.schedule.step_minutes,
    )


def _choices(sites: Sequence[SiteCard]) -> list[tuple[str, str]]:
    return [(site.key, site.name) for site in sites]


def _blank() -> Editor:
    """Begin a planning: like another one, or with the mornings and afternoons of a working week."""
    sites = plannings.all_sites()
    if like := request.args.get("like"):
        model = plannings.read(like)
        form = _form_of(model, sites, NewPlanningForm)
        form.name.data = ""
        return Editor(form, week.days_of(model.in_force(now()).week), sites)
    form = NewPlanningForm(
        site_choices=_choices(sites),
        timezone=settings().default_timezone,
        sites=[site.key for site in sites] if len(sites) == 1 else [],
        kinds=["customer", "supplier"],
        active=True,
        slot_minutes=60,
        step_minutes=30,
    )
    return Editor(form, week.days_of(dict.fromkeys(WORKING_DAYS, HOURS)), sites)


def _received(sheet: Sheet | None) -> Editor:
    """Read what was typed, and do what the pressed button says to the week on the screen."""
    given, sites = request.form, plannings.all_sites(sheet.sites if sheet is not None else ())
    form = (PlanningForm if sheet is not None else NewPlanningForm)(given, site_choices=_choices(sites))
    days = week.received(given, given.getlist("open"))
    editor = Editor(form, days, sites, sheet, parse_day(given.get("version")), given.get("revision", ""))
    editor.site = given.get("show") or given.get("site", "")
    editor.week = parse_day(given.get("turn") or given.get("week"))
    if "save" not in given:
        _press(editor)
    return editor


def _press(editor: Editor) -> None:
    """Do what the buttons of a day say: add an interval, clear one, copy the day; and give an open day room."""
    before = editor.days
    if (weekday := _weekday(request.form.get("add"))) is not None:
        editor.days = week.with_row(editor.days, weekday)
    number, _dash, index = request.form.get("clear", "").partition("-")
    if (weekday := _weekday(number)) is not None and index.isdigit():
        editor.days = week.without_row(editor.days, weekday, int(index))
    if (weekday := _weekday(request.form.get("copy"))) is not None:
        targets = (_weekday(text) for text in request.form.getlist(f"to-{weekday}"))
        editor.days = week.copied(editor.days, weekday, [target for target in targets if target])
    editor.days = week.with_room(editor.days)
    editor.changed = {new.weekday for old, new in zip(before, editor.days, strict=True) if old != new}


def _weekday(text: str | None) -> int | None:
    return int(text) if text is not None and text in "1234567" and len(text) == 1 else None


def _plan(editor: Editor) -> Plan:
    """Understand what was typed, as far as it can be; what cannot keeps its old value."""
    form, sheet = editor.form, editor.sheet
    length = sheet.schedule.slot_minutes if sheet is not None else 60
    step = sheet.schedule.step_minutes if sheet is not None else 30
    zone_name = sheet.timezone if sheet is not None else settings().default_timezone
    return Plan(
        name=form.name.data or "",
        timezone=form.timezone.data if not form.timezone.errors else zone_name,
        sites=tuple(only(form.sites.data or (), form.sites.choices)),
        kinds=tuple(only(form.kinds.data or (), form.kinds.choices)),
        guests=form.guests.data,
        active=form.active.data,
        slot_minutes=form.slot_minutes.data if not form.slot_minutes.errors and form.slot_minutes.data else length,
        step_minutes=form.step_minutes.data if not form.step_minutes.errors and form.step_minutes.data else step,
        week=week.understood(editor.days),
        version=editor.version,
        applies_from=form.applies_from.data if sheet is not None and not form.applies_from.errors else None,
    )


def _save(editor: Editor) -> Response:
    """Save the week when it is right and its effect was seen; else show it again with all that was typed."""
    fine = editor.form.validate()
    editor.days = week.checked(editor.days, strict=True)
    if not fine or not week.right(editor.days):
        return _show(editor, 422)
    plan = _plan(editor)
    found = _preview(editor, plan)
    if any(one.count for one in found) and request.form.get("seen") != seen(found):
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
        plannings.create(key, plan, now=now())
        return key
    plannings.save(editor.sheet.key, editor.revision, plan, now=now())
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
    assert editor.sheet is not None  # noqa: S101 - a planning that is being made has no revision to be out of date
    editor.sheet = plannings.read(editor.sheet.key)
    editor.revision = editor.sheet.revision
    editor.conflict = differences(editor.sheet, plan, editor.sites)
    return _show(editor, 409)


def _preview(editor: Editor, plan: Plan) -> list[SiteImpact]:
    return plannings.preview(editor.sheet, plan, editor.sites, now=now(), week=editor.week)


def _show(editor: Editor, status: int = 200) -> Response:
    """Render the editor: whole, or for htmx the days that changed with all that is computed."""
    if request.method == "POST" and status == 200:
        editor.form.validate()
        editor.days = week.checked(editor.days, strict=False)
    plan = _plan(editor)
    if status == 200:
        editor.form.forgive()
    return show("admin/plannings/edit.html", "admin/plannings/_live.html", status=status, **_values(editor, plan))


def _values(editor: Editor, plan: Plan) -> dict[str, Any]:
    found = _preview(editor, plan)
    shown = next((one for one in found if one.site.key == editor.site), found[0] if found else None)
    days = day_views(editor.days, plan.slot_minutes, shown, editor.changed)
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
        "seen": seen(found),
        "partial": not week.clear(editor.days),
        "week_errors": _week_errors(editor.days),
        "earlier": shown.days[0].day - 7 * DAY if shown is not None else None,
        "later": shown.days[0].day + 7 * DAY if shown is not None else None,
        "discard": request.url if request.method == "GET" else editor.url,
        "lead": _lead(editor),
        "versions": _versions(editor),
        "today": editor.sheet.today(now()) if editor.sheet is not None else None,
        "zones": sorted({*ZONES, *(site.zone.key for site in editor.sites)}),
    }


def _lead(editor: Editor) -> str:
    """Say which week is on the screen."""
    if editor.sheet is None:
        return _("Its week, its sites, and who may book it.")
    if editor.version is None:
        return _("The week that applies from the beginning.")
    return _("The week that applies from %(day)s.", day=in_full(editor.version))


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version in the list of versions."""

    applies_from: date | None
    possible: int
    in_force: bool
    to_come: bool
    shown: bool
    url: str
    about: str


def _versions(editor: Editor) -> list[VersionView]:
    sheet = editor.sheet
    if sheet is None:
        return []
    current, today = sheet.in_force(now()), sheet.today(now())
    return [
        VersionView(
            applies_from=one.applies_from,
            possible=possible_in_week(one.week, sheet.schedule.slot_minutes),
            in_force=one.applies_from == current.applies_from,
            to_come=one.applies_from is not None and one.applies_from > today,
            shown=one.applies_from == editor.version,
            url=url_for("admin.plannings.edit", key=sheet.key, version=_named(one.applies_from)),
            about=_("from %(day)s", day=in_full(one.applies_from)) if one.applies_from else _("from the beginning"),
        )
        for one in sheet.schedule.versions
    ]


def _named(applies_from: date | None) -> str:
    return applies_from.isoformat() if applies_from is not None else "first"


@bp.route("/plannings/<key>/versions/<day>/delete", methods=["GET", "POST"])
@needs(EDIT)
def remove_version(key: str, day: str) -> Response:
    """Ask once, saying what it does, then drop a version that does not apply yet."""
    sheet, applies_from = plannings.read(key), parse_day(day)
    if applies_from is None or sheet.version(applies_from) is None or applies_from <= sheet.today(now()):
        abort(404)
    if request.method == "POST":
        plannings.drop_version(key, request.form.get("revision", ""), applies_from, now=now())
        flash(_("The version is deleted."))
        return go(url_for("admin.plannings.edit", key=key))
    found = plannings.preview_without(key, applies_from, now=now())
    return page(
        "admin/plannings/remove_version.html",
        sheet=sheet,
        applies_from=applies_from,
        impacts=found,
        unfit=sum(one.count for one in found),
        tables=capacity_tables(found),
    )


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
