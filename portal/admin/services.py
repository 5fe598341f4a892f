"""Services: the list, and how each takes its time, what it needs, and where it is offered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from portal.admin import rules
from portal.admin.conflicts import differences
from portal.admin.guard import EDIT, actor, needs, scope, staff
from portal.admin.paging import page_number
from portal.admin.service_forms import NewServiceForm, ServiceForm, plan_of, typed
from portal.admin.service_pages import changeable, opened
from portal.admin.service_words import effect_texts, length_text, meeting_text, need_text, needs_text, warnings
from portal.clock import now
from portal.domain.errors import Invalid, Refusal, StateChanged
from portal.i18n import _, current_locale
from portal.operations import service_choices, service_fits, service_list, service_previews, services
from portal.operations.service_choices import Choices
from portal.operations.service_list import Wanted
from portal.operations.service_previews import NO_EFFECT, ServiceEffect
from portal.operations.services import Plan, Sheet
from portal.web.forms import NAME
from portal.web.frame import NAMES
from portal.web.responses import go, page, show
from portal.web.texts import explain

bp = Blueprint("services", __name__)
USE = {"yes": True, "no": False}


@bp.get("/services/")
def index() -> Response:
    """List the services that are theirs who are logged in."""
    wanted = _wanted()
    found = service_list.overview(current_locale(), now=now(), scope=scope(), wanted=wanted)
    lines = [
        (line, length_text(line.minutes, line.buffers), needs_text(line.requires, found.skills)) for line in found.lines
    ]
    return page(
        "admin/services/index.html",
        found=found,
        lines=lines,
        wanted=wanted,
        meeting_text=meeting_text,
        locale=current_locale(),
        url=_page_of(wanted),
    )


def _wanted() -> Wanted:
    given = {name: request.args.get(name, "").strip().replace("\0", "")[:NAME] for name in ("q", "site", "group")}
    active = USE.get(request.args.get("active", ""))
    return Wanted(given["q"], given["site"] or None, given["group"] or None, active, page_number())


def _page_of(wanted: Wanted) -> Callable[[int], str]:
    """Give the address of a page of the list, with its filters."""
    active = next((name for name, value in USE.items() if value is wanted.active), None)
    filters: dict[str, Any] = {"q": wanted.text or None, "site": wanted.site, "group": wanted.group, "active": active}
    return lambda number: url_for("admin.services.index", **filters, page=number)


@bp.route("/services/<key>", methods=["GET", "POST"])
def edit(key: str) -> Response:
    """Show a service, add and clear rows of what it needs, say what a change means, and save it."""
    if request.method != "POST":
        sheet = opened(key)
        offered = _offered(sheet)
        form = ServiceForm(offered=offered, data=typed(services.plan_of(sheet)))
        return _show(form, services.plan_of(sheet), sheet, sheet.revision)
    sheet = changeable(key)
    return _answer(ServiceForm(request.form, offered=_offered(sheet)), sheet)


@bp.route("/add/service", methods=["GET", "POST"])
@needs(EDIT)
def add() -> Response:
    """Make a service, from nothing or like another one."""
    if request.method == "POST":
        return _answer(NewServiceForm(request.form, offered=_offered(None)), None)
    offered, plan = _offered(None), _blank()
    if len(offered.sites) == 1 and not plan.sites:
        plan = Plan(name={}, sites=tuple(offered.sites))
    form = NewServiceForm(offered=offered, data=typed(plan))
    return _show(form, plan_of(form), None)


def _blank() -> Plan:
    like = request.args.get("like", "")
    if not like or not like.isprintable():
        return Plan(name={}, sites=())
    return services.plan_of(opened(like))


def _offered(sheet: Sheet | None) -> Choices:
    return service_choices.choices(sheet, scope=scope())


def _answer(form: ServiceForm, sheet: Sheet | None) -> Response:
    """Do what the pressed button says: change the rows on the screen, or save."""
    if "save" in request.form:
        return _save(form, sheet)
    form.press(request.form.get("press", ""))
    plan = plan_of(form, services.plan_of(sheet) if sheet is not None else None)
    form.forgive()
    return _show(form, plan, sheet, request.form.get("revision", ""))


def _save(form: ServiceForm, sheet: Sheet | None) -> Response:
    """Save a service when it is right, and what the change means was seen."""
    fine, revision = form.validate(), request.form.get("revision", "")
    plan = plan_of(form, services.plan_of(sheet) if sheet is not None else None)
    if not fine or form.needs.errors:
        return _show(form, plan, sheet, revision, 422)
    effect = _effect(sheet, plan)
    if effect.count and request.form.get("seen") != effect.signature:
        return _show(form, plan, sheet, revision, 422, confirm=True)
    try:
        key = _write(form, plan, sheet, revision)
    except StateChanged:
        return _conflict(form, plan, services.read(sheet.key if sheet is not None else ""))
    except Invalid as refusal:
        _refuse(form, refusal)
        return _show(form, plan, sheet, revision, 422)
    flash(_("The service is saved."))
    return go(url_for("admin.services.edit", key=key))


def _write(form: ServiceForm, plan: Plan, sheet: Sheet | None, revision: str) -> str:
    if sheet is None:
        key = str(form["key"].data)
        services.create(key, plan, now=now(), by=actor())
        return key
    services.save(sheet.key, revision, plan, now=now(), by=actor())
    return sheet.key


def _conflict(form: ServiceForm, plan: Plan, sheet: Sheet) -> Response:
    """Say what somebody else saved meanwhile, and let the one who typed decide."""
    saved = services.plan_of(sheet)
    found = differences(ServiceForm(offered=form.offered, data=typed(saved)), form)
    if saved.requires != plan.requires:
        said = {
            "saved": needs_text(saved.requires, form.offered.skills) or _("nothing"),
            "yours": needs_text(plan.requires, form.offered.skills) or _("nothing"),
        }
        what = form.needs.label.text
        found.append(_("%(what)s: saved is “%(saved)s”, yours is “%(yours)s”.", what=what, **said))
    return _show(form, plan, sheet, sheet.revision, 409, conflict=found)


def _refuse(form: ServiceForm, refusal: Refusal) -> None:
    """Put what the operation refused beside its field."""
    field, problem = str(refusal.values.get("field", "")), str(refusal.values.get("problem", ""))
    language = str(refusal.values.get("language", ""))
    words = {
        ("key", "exists"): _("Another service has this key."),
        ("sites", "unknown_site"): _("This site is no longer in use."),
        ("planning", "unknown_planning"): _("This planning is no longer in use."),
        ("group", "unknown_group"): _("This group is there no more."),
        ("requires", "needs_nothing"): _("Say what it needs: somebody, a room, equipment, or a place in a planning."),
    }
    if problem == "unsaid":
        form.refuse(f"name_{language}", _("Enter a name."))
    else:
        target = {"requires": "needs"}.get(field, field.replace(".", "_"))
        form.refuse(target, words.get((field, problem)) or explain(refusal))


def _effect(sheet: Sheet | None, plan: Plan) -> ServiceEffect:
    return service_previews.preview(sheet, plan, now=now()) if sheet is not None else NO_EFFECT


def _show(
    form: ServiceForm,
    plan: Plan,
    sheet: Sheet | None,
    revision: str = "",
    status: int = 200,
    *,
    conflict: list[str] | None = None,
    confirm: bool = False,
) -> Response:
    """Render the page whole, or for htmx what is computed beside the form."""
    effect = _effect(sheet, plan)
    return show(
        "admin/services/edit.html",
        "admin/services/_panel.html",
        status=status,
        form=form,
        sheet=sheet,
        plan=plan,
        revision=revision,
        conflict=conflict,
        confirm=confirm,
        effect=effect,
        effect_texts=effect_texts(effect, plan.mode),
        fits=_fits(form, plan),
        may_edit=staff().may(EDIT) and (sheet is None or sheet.changed_by(scope())),
        own_rules=rules.told(sheet) if sheet is not None else [],
        languages=_languages(),
        features=form.offered.features,
    )


def _fits(form: ServiceForm, plan: Plan) -> list[dict[str, Any]]:
    """Say of each site who and what fits each need, and why nobody could book."""
    planning = form.offered.plannings.get(plan.planning or "", plan.planning or "")
    return [
        {
            "site": fit.site,
            "needs": [(need_text(one.requirement, form.offered.skills), one) for one in fit.needs],
            "warnings": warnings(fit, planning),
        }
        for fit in (service_fits.at_sites(plan) if plan.sites else [])
    ]


def _languages() -> list[tuple[str, str]]:
    """List the languages with their names, the one in force first."""
    return sorted(NAMES.items(), key=lambda one: one[0] != current_locale())
