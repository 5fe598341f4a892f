"""The rules of booking as the staff types them, and those of a planning or a service that differ from its sites'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from portal.admin.conflicts import differences
from portal.admin.durations import all_written, written
from portal.admin.guard import EDIT, actor, needs
from portal.admin.owners import OWNERS, PATH, Owner
from portal.admin.process_forms import OwnRulesForm, ServiceRulesForm
from portal.admin.process_views import panel, tried
from portal.admin.process_words import said
from portal.admin.rule_fields import NO, YES, flat
from portal.clock import now
from portal.domain.durations import Duration
from portal.domain.errors import StateChanged
from portal.domain.policy import Policy
from portal.i18n import _
from portal.operations import plannings
from portal.operations.place_cards import SiteCard
from portal.operations.questions import Sheet
from portal.web.lengths import of_minutes
from portal.web.responses import go, show

bp = Blueprint("rules", __name__)
NONE = "0"
"""What is typed for no reminder and no limit at all, where nothing typed means: as the site."""
ALL = "*"
"""The pattern that fits every address."""


def typed_rules(policy: Policy) -> dict[str, Any]:
    """Write the rules of a policy as they are typed in the form of a site."""
    earlier = policy.earlier_slots
    return {
        "min_notice": written(policy.min_notice),
        "business_days": policy.business_days,
        "max_days": str(policy.max_days),
        "change_notice": written(policy.change_notice),
        "undo": _minutes(policy.undo),
        "who": policy.who,
        "email_patterns": "\n".join(policy.email_patterns),
        "max_per_day": str(policy.max_per_day or ""),
        "max_per_week": str(policy.max_per_week or ""),
        "validation": policy.validation,
        "answer_within": written(policy.answer_within),
        "hold": _minutes(policy.hold),
        "confirm_by_mail": _minutes(policy.confirm_by_mail),
        "earlier_enabled": earlier.enabled,
        "earlier_hours": written(Duration(earlier.hours, "h")),
        "earlier_mode": earlier.mode,
        "earlier_turn": _minutes(earlier.turn),
        "waiting_list": policy.waiting_list,
        "cooling_off": _minutes(policy.cooling_off),
        "reminders": all_written(policy.reminders),
        "modes_first": policy.modes[0],
        "modes_others": list(policy.modes[1:]),
        "distribution_rule": policy.distribution.rule,
        "distribution_period": policy.distribution.period,
        "distribution_days": str(policy.distribution.days or ""),
    }


def _minutes(minutes: int) -> str:
    return written(of_minutes(minutes))


def own_typed(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Write the rules that are something's own as they are typed; those that it has not stay empty."""
    typed_ones, own = typed_rules(Policy.of(rules)), flat(rules)
    return {name: _own(name, value) for name, value in typed_ones.items() if name in own}


def _own(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, list):
        return value
    return value or (ALL if name == "email_patterns" else NONE)


FORMS: Mapping[str, type[OwnRulesForm]] = {"plannings": OwnRulesForm, "services": ServiceRulesForm}


@bp.route(f"{PATH}/rules", methods=["GET", "POST"])
@needs(EDIT)
def edit(owner: str, key: str) -> Response:
    """Show the rules that are its own, what they come to, and save them; what is empty follows the site."""
    whose = OWNERS[owner]
    sheet = whose.changeable(key)
    if request.method != "POST":
        return _show(whose, _form_of(whose, sheet), sheet, sheet.revision)
    form, revision = FORMS[owner](request.form), request.form.get("revision", "")
    if not form.validate():
        return _show(whose, form, sheet, revision, 422)
    if "save" not in request.form:
        return _show(whose, form, sheet, revision)
    shown = panel(whose.effects(key, form.settings(), now()))
    if shown.seen != request.form.get("seen", ""):
        return _show(whose, form, sheet, revision, 422, confirm=True)
    try:
        whose.save_rules(key, revision, form.settings(), now=now(), by=actor())
    except StateChanged:
        return _show(whose, form, sheet, sheet.revision, 409, differences(_form_of(whose, sheet), form))
    flash(_("The rules are saved."))
    return go(url_for(whose.page, key=key, _anchor="rules"))


def _show(
    whose: Owner,
    form: OwnRulesForm,
    sheet: Sheet,
    revision: str,
    status: int = 200,
    conflict: list[str] | None = None,
    *,
    confirm: bool = False,
) -> Response:
    effects = whose.effects(sheet.key, form.settings(sheet.rules), now())
    return show(
        "admin/process/own.html",
        "admin/process/_result.html",
        "admin/process/_tried.html",
        status=status,
        owner=whose,
        form=form,
        sheet=sheet,
        revision=revision,
        hints=site_rules(plannings.all_sites(sheet.sites), sheet),
        conflict=conflict,
        confirm=confirm,
        panel=panel(effects),
        tried=tried(form.email_patterns),
    )


def _form_of(whose: Owner, sheet: Sheet) -> OwnRulesForm:
    return FORMS[whose.name](**own_typed(sheet.rules))


def told(sheet: Sheet) -> list[tuple[str, str]]:
    """Name the rules that are a planning's or a service's own, with their values."""
    form, values, own = ServiceRulesForm(), said(Policy.of(sheet.rules)), flat(sheet.rules)
    return [(str(form[name].label.text), value) for name, value in values.items() if name in own]


def site_rules(sites: Sequence[SiteCard], sheet: Sheet) -> dict[str, str]:
    """Say of each rule what its sites say, each where they differ."""
    serving = [(site.name, said(Policy.of(site.policy))) for site in sites if site.key in sheet.sites]
    names = serving[0][1] if serving else ()
    return {name: _joined((site, rules[name]) for site, rules in serving) for name in names}


def _joined(values: Iterable[tuple[str, str]]) -> str:
    by_value: dict[str, list[str]] = {}
    for site, value in values:
        by_value.setdefault(value, []).append(site)
    return " · ".join(f"{', '.join(names)}\u00a0: {value}" for value, names in by_value.items())
