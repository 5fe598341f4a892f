"""The rules of booking as the staff types them: those of a site, and what differs from them in a planning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from portal.admin.conflicts import differences
from portal.admin.durations import all_written, several, typed, written
from portal.admin.editor import changeable
from portal.admin.forms import NO, YES, OwnRulesForm, SiteForm
from portal.admin.guard import EDIT, actor, needs
from portal.clock import now
from portal.domain.durations import Duration
from portal.domain.errors import StateChanged
from portal.domain.policy import Policy
from portal.i18n import _
from portal.operations import plannings
from portal.operations.bookables import SiteCard
from portal.operations.plannings import Sheet
from portal.operations.sites import RULES
from portal.web.responses import go, page

bp = Blueprint("rules", __name__)
NONE = "0"
"""What is typed for no reminder at all, where nothing typed means: as the site."""


def rules_of(policy: Policy) -> dict[str, Any]:
    """Write the rules of a policy as they are typed in the form of a site."""
    return {
        "min_notice": written(policy.min_notice),
        "business_days": policy.business_days,
        "max_days": policy.max_days,
        "change_notice": written(policy.change_notice),
        "undo": policy.undo,
        "reminders": all_written(policy.reminders),
    }


def understood(form: SiteForm) -> dict[str, Any]:
    """Understand the rules of a site's form that is right, as the configuration file writes them."""
    return {
        "min_notice": _setting(form.min_notice.data or NONE),
        "business_days": form.business_days.data,
        "max_days": form.max_days.data,
        "change_notice": _setting(form.change_notice.data or NONE),
        "undo": form.undo.data,
        "reminders": _settings(form.reminders.data or ""),
    }


def _setting(text: str) -> int | str:
    return (typed(text) or Duration(0)).setting


def _settings(text: str) -> list[int | str]:
    return [one.setting for one in several(text) or () if one]


# A planning's own


@bp.route("/plannings/<key>/rules", methods=["GET", "POST"])
@needs(EDIT)
def edit(key: str) -> Response:
    """Show the rules that are a planning's own, and save them; what is left empty follows the site."""
    sheet = changeable(key)
    if request.method != "POST":
        return _show(_form_of(sheet), sheet, sheet.revision)
    form, revision = OwnRulesForm(request.form), request.form.get("revision", "")
    if not form.validate():
        return _show(form, sheet, revision, 422)
    try:
        plannings.save_rules(key, revision, own_rules(form), now=now(), by=actor())
    except StateChanged:
        return _show(form, sheet, sheet.revision, 409, differences(_form_of(sheet), form))
    flash(_("The rules are saved."))
    return go(url_for("admin.plannings.edit", key=key, _anchor="rules"))


def _show(
    form: OwnRulesForm, sheet: Sheet, revision: str, status: int = 200, conflict: list[str] | None = None
) -> Response:
    hints = site_rules(plannings.all_sites(sheet.sites), sheet)
    return page(
        "admin/plannings/rules.html", status, form=form, sheet=sheet, revision=revision, hints=hints, conflict=conflict
    )


def _form_of(sheet: Sheet) -> OwnRulesForm:
    return OwnRulesForm(**own_typed(sheet.rules))


def own_typed(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Write a planning's own rules as they are typed; those that it has not stay empty."""
    typed_ones = rules_of(Policy.of(rules))
    found = {name: typed_ones[name] for name in RULES if name in rules}
    if "business_days" in found:
        found["business_days"] = YES if found["business_days"] else NO
    if "reminders" in found:
        found["reminders"] = found["reminders"] or NONE
    return found


def own_rules(form: OwnRulesForm) -> dict[str, Any]:
    """Understand a planning's own rules, of a form that is right, as the configuration file writes them."""
    readers: dict[str, Callable[[Any], Any]] = {
        "min_notice": _setting,
        "business_days": lambda chosen: chosen == YES,
        "max_days": int,
        "change_notice": _setting,
        "undo": int,
        "reminders": _settings,
    }
    return {name: read(form[name].data) for name, read in readers.items() if form[name].data not in (None, "")}


def told(sheet: Sheet) -> list[tuple[str, str]]:
    """Name the rules that are a planning's own, with their values."""
    form, values = OwnRulesForm(), said(Policy.of(sheet.rules))
    return [(str(form[name].label.text), values[name]) for name in RULES if name in sheet.rules]


def said(policy: Policy) -> dict[str, str]:
    """Say the rules of a policy."""
    return {
        "min_notice": written(policy.min_notice),
        "business_days": _("yes") if policy.business_days else _("no"),
        "max_days": _("%(number)s d", number=policy.max_days),
        "change_notice": written(policy.change_notice),
        "undo": _("%(number)s min", number=policy.undo),
        "reminders": all_written(policy.reminders) or _("none"),
    }


def site_rules(sites: Sequence[SiteCard], sheet: Sheet) -> dict[str, str]:
    """Say of each rule what the sites of a planning say, each where they differ."""
    serving = [(site.name, said(Policy.of(site.policy))) for site in sites if site.key in sheet.sites]
    return {name: _joined((site, rules[name]) for site, rules in serving) for name in RULES}


def _joined(values: Iterable[tuple[str, str]]) -> str:
    by_value: dict[str, list[str]] = {}
    for site, value in values:
        by_value.setdefault(value, []).append(site)
    return "; ".join(f"{', '.join(names)}\u00a0: {value}" for value, names in by_value.items())
