"""Who would have had the appointments of the last 90 days by another rule: looked at before the rule is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.admin.assigned_views import minutes_text, rule_text
from portal.admin.charts import Pair, pairs
from portal.admin.filters import asked_filters, asked_number
from portal.admin.guard import EDIT, scope, staff
from portal.admin.numbers import percent
from portal.clock import now
from portal.domain.distribution import DAYS, Spread
from portal.domain.policy import MOST_DAYS, Distribution
from portal.i18n import _, named
from portal.operations import replays
from portal.operations.replays import Line, Replay, Wanted
from portal.web.responses import page

bp = Blueprint("distributions", __name__)
FILTERS = ("site", "service", "rule", "period", "days")
RULES = ("balanced", "history", "fair")
PERIODS = ("day", "week")
MINUTES = 60


@dataclass(frozen=True, slots=True)
class Share:
    """Somebody's part, as it was and as it would have been."""

    name: str
    before: str
    appointments: int
    after: str
    new_appointments: int
    change: str


@dataclass(frozen=True, slots=True)
class Measure:
    """How evenly time is spread: in words, before and after."""

    name: str
    before: str
    after: str


@bp.get("/reports/distribution")
def show() -> Response:
    """Replay the last 90 days of a site under a rule; nothing is written."""
    asked = asked_filters(FILTERS, request.args)
    found = replays.read(_wanted(asked), now=now(), scope=scope())
    if found is None:
        return page("admin/reports/distribution.html", found=None)
    return page(
        "admin/reports/distribution.html",
        found=found,
        asked=asked,
        days=found.rule.days or DAYS,
        sites=[(one.key, one.name) for one in found.sites],
        services=[(one.key, named(one)) for one in found.services],
        rules=[(rule, rule_text(rule)) for rule in RULES],
        current=said(found.current),
        tried=said(found.rule),
        shares=[_share(line) for line in found.lines],
        measures=_measures(found.before, found.after),
        chart=_chart(found.lines),
        moved=percent(found.moved / found.total) if found.total else "",
        change_url=_change_url(found),
    )


def _wanted(asked: dict[str, Any]) -> Wanted:
    """Read what is asked for; what cannot be read is as it is today."""
    rule = asked.get("rule")
    if rule not in RULES:
        return Wanted(asked.get("site"), asked.get("service"))
    period = asked["period"] if asked.get("period") in PERIODS else PERIODS[0]
    days = asked_number(asked.get("days"))
    tried = Distribution(rule, period, days if days is not None and 0 < days <= MOST_DAYS else None)
    return Wanted(asked.get("site"), asked.get("service"), tried)


def said(rule: Distribution) -> str:
    """Say a rule with its period and its days."""
    days = _("%(days)s days before and after", days=rule.days or DAYS)
    period = _("of a day") if rule.period == "day" else _("of seven days")
    details = {"balanced": period, "history": f"{days}, {period}", "fair": days}
    return f"{rule_text(rule.rule)} ({details[rule.rule]})"


def _share(line: Line) -> Share:
    change = line.new_minutes - line.minutes
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    return Share(
        line.name,
        minutes_text(line.minutes),
        line.appointments,
        minutes_text(line.new_minutes),
        line.new_appointments,
        f"{sign}{minutes_text(abs(change))}",
    )


def _measures(before: Spread, after: Spread) -> list[Measure]:
    rows = (
        (_("Least"), before.lowest, after.lowest),
        (_("Most"), before.highest, after.highest),
        (_("Average"), before.average, after.average),
        (_("Spread (standard deviation)"), before.deviation, after.deviation),
    )
    return [Measure(name, minutes_text(round(old)), minutes_text(round(new))) for name, old, new in rows]


def _chart(lines: Sequence[Line]) -> Sequence[Pair]:
    return pairs([(line.name, line.minutes / MINUTES, line.new_minutes / MINUTES) for line in lines])


def _change_url(found: Replay) -> str:
    """Give the page where the rule is changed, to those who may."""
    if not staff().may(EDIT):
        return ""
    if found.service is not None:
        return url_for("admin.rules.edit", owner="services", key=found.service.key)
    return url_for("admin.process.edit", key=found.site.key)
