"""The editor of a week on its way to the screen: opened from what is kept, or read from what was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from flask import request, url_for

from portal.admin import week
from portal.admin.forms import NewPlanningForm, PlanningForm, only
from portal.admin.guard import scope, seen, theirs
from portal.admin.week import Days
from portal.clock import now
from portal.domain.fields import said
from portal.domain.openings import Opening
from portal.domain.zones import parse_day
from portal.extensions import settings
from portal.i18n import current_locale
from portal.operations import plannings, reserved_hours
from portal.operations.place_cards import SiteCard
from portal.operations.plannings import Plan, Sheet

WORKING_DAYS = range(1, 6)
HOURS = (Opening(8 * 60, 12 * 60, 1), Opening(14 * 60, 18 * 60, 1))
"""A new planning's week, until somebody says otherwise."""


@dataclass
class Editor:
    """The editor on its way to the screen: what is kept, what was typed, and what to say about it.

    ``services`` are the names of those that hours may be reserved to, by key. ``changed`` are weekdays to be shown
    anew; ``sheet`` is None for a planning that is being made.
    """

    form: PlanningForm
    days: Days
    sites: Sequence[SiteCard]
    services: Mapping[str, str]
    sheet: Sheet | None = None
    version: date | None = None
    revision: str = ""
    site: str = ""
    week: date | None = None
    changed: set[int] = field(default_factory=set)
    conflict: Sequence[str] | None = None
    confirm: bool = False

    @property
    def version_name(self) -> str:
        """The version that is edited, as addresses name it."""
        return self.version.isoformat() if self.version is not None else "first"

    @property
    def url(self) -> str:
        """Where the form is sent."""
        if self.sheet is None:
            return url_for("admin.plannings.add")
        return url_for("admin.plannings.edit", key=self.sheet.key)


def opened(key: str) -> Sheet:
    """Read a planning of which one site is theirs who are logged in; others are not there."""
    return seen(plannings.read(key))


def changeable(key: str) -> Sheet:
    """Read a planning that is theirs to change: all of its sites are."""
    return theirs(opened(key))


def stored(sheet: Sheet) -> Editor:
    """Open the version that is asked for, else the one in force."""
    wanted = parse_day(request.args.get("version"))
    version = sheet.version(wanted) if wanted is not None else None
    if request.args.get("version") == "first":
        version = sheet.version(None)
    shown = version or sheet.in_force(now())
    sites = plannings.all_sites(sheet.sites, scope=scope())
    services = services_at(sheet.sites, sheet)
    form, days = _form_of(sheet, sites), week.days_of(shown.week)
    editor = Editor(form, days, sites, services, sheet, shown.applies_from, sheet.revision)
    editor.site, editor.week = request.args.get("site", ""), parse_day(request.args.get("week"))
    return editor


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


def blank() -> Editor:
    """Begin a planning: like another one, or with the mornings and afternoons of a working week."""
    sites = plannings.all_sites(scope=scope())
    if (like := request.args.get("like", "")) and like.isprintable():
        model = opened(like)
        form = _form_of(model, sites, NewPlanningForm)
        form.name.data = ""
        return Editor(form, week.days_of(model.in_force(now()).week), sites, services_at(model.sites, model))
    form = NewPlanningForm(
        site_choices=_choices(sites),
        timezone=settings().default_timezone,
        sites=[site.key for site in sites] if len(sites) == 1 else [],
        kinds=["customer", "supplier"],
        active=True,
        slot_minutes=60,
        step_minutes=30,
    )
    services = services_at(form.sites.data, None)
    return Editor(form, week.days_of(dict.fromkeys(WORKING_DAYS, HOURS)), sites, services)


def services_at(sites: Sequence[str], sheet: Sheet | None) -> dict[str, str]:
    """Name the services that hours of a planning may be reserved to, by name: those at its sites, or reserved to now.

    ``sheet`` is None for a planning that is being made.
    """
    also = reserved_hours.of(sheet.schedule) if sheet is not None else ()
    found = reserved_hours.choices(sites, also)
    named = {key: said(words, current_locale()) for key, words in found.items()}
    return dict(sorted(named.items(), key=lambda item: (item[1].casefold(), item[0])))


def received(sheet: Sheet | None) -> Editor:
    """Read what was typed, and do what the pressed button says to the week on the screen."""
    given, sites = request.form, plannings.all_sites(sheet.sites if sheet is not None else (), scope=scope())
    form = (PlanningForm if sheet is not None else NewPlanningForm)(given, site_choices=_choices(sites))
    services = services_at(only(form.sites.data or (), form.sites.choices), sheet)
    version, revision = parse_day(given.get("version")), given.get("revision", "")
    editor = Editor(form, week.received(given), sites, services, sheet, version, revision)
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


def plan_of(editor: Editor) -> Plan:
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
