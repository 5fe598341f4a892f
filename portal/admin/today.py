"""The first page: the appointments of a day, and what somebody should look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.admin.moments import length_text
from portal.admin.words import closed_text
from portal.clock import now, real_now
from portal.domain.zones import DAY, parse_day
from portal.i18n import _, hour, zone_label
from portal.i18n import day as in_full
from portal.operations import outbox, today
from portal.operations.cards import AppointmentCard
from portal.operations.outbox import Condition
from portal.operations.today import Day, Part, expected_at
from portal.web.responses import page

bp = Blueprint("today", __name__)
SOON = timedelta(hours=1)
SILENT = timedelta(minutes=10)  # without a sign of any worker, somebody has to look
MOST_TROUBLES = 5


@dataclass(frozen=True, slots=True)
class PlanningView:
    """A planning on the day: how many are expected, how many could be; ``site`` is said where there are several."""

    name: str
    place: str
    site: str
    counts: Counter[str]
    total: int
    possible: int
    note: str


@dataclass(frozen=True, slots=True)
class Line:
    """An appointment of the day. ``when`` says how far away it is, where that is soon."""

    card: AppointmentCard
    about: str
    when: str


@dataclass(frozen=True, slots=True)
class Group:
    """Appointments that stand alike: those to come, those whose hour has begun, those over, those cancelled."""

    id: str
    title: str
    lines: tuple[Line, ...]
    folded: bool


@bp.get("/")
def day() -> Response:
    """List a day's appointments of a site, or of all."""
    moment = now()
    asked = request.args
    found = today.read(now=moment, day=parse_day(asked.get("day")), site=asked.get("site"))
    return page("admin/today.html", **_values(found, moment), **_machinery())


def _values(found: Day, moment: datetime) -> dict[str, Any]:
    several = len(found.sites) > 1 and found.site is None
    return {
        "found": found,
        "title": _("Today") if found.day == found.today else in_full(found.day),
        "lead": _lead(found, moment),
        "plannings": [_planning(part, moment, several) for part in found.parts],
        "groups": _groups(found.appointments, moment, found.day == found.today, several),
        "before": _url(found, found.day - DAY),
        "after": _url(found, found.day + DAY),
        "current": _url(found, None),
        "site_urls": [
            (site, _url(found, None if found.day == found.today else found.day, site.key)) for site in found.sites
        ],
        "all_url": _url(found, None if found.day == found.today else found.day, ""),
    }


def _url(found: Day, day: date | None, site: str | None = None) -> str:
    """Give the address of a day, with the site that is looked at or another."""
    kept = found.site.key if found.site is not None else ""
    key = kept if site is None else site
    return url_for("admin.today.day", site=key or None, day=day.isoformat() if day is not None else None)


def _lead(found: Day, moment: datetime) -> str:
    """Say what time it is there."""
    if not found.sites:
        return _("No site yet: begin with one.")
    zone = (found.site or found.sites[0]).zone
    if found.day != found.today:
        return ""
    return _(
        "%(day)s, %(hour)s, %(zone)s.", day=in_full(found.day), hour=hour(moment, zone), zone=zone_label(zone, moment)
    )


def _planning(part: Part, moment: datetime, several: bool) -> PlanningView:
    counts = Counter(expected_at(card, moment) for card in part.appointments)
    return PlanningView(
        name=part.bookable.planning.name,
        place=part.bookable.site.name,
        site=part.bookable.site.name if several else "",
        counts=counts,
        total=sum(counts.values()) - counts["gone"],
        possible=part.possible,
        note=closed_text(part.closed) if part.closed is not None else "",
    )


def _groups(found: Sequence[AppointmentCard], moment: datetime, live: bool, several: bool) -> list[Group]:
    titles = {
        "here": _("At the moment"),
        "coming": _("To come"),
        "past": _("Over"),
        "gone": _("Called off"),
    }
    stands: dict[str, list[Line]] = {name: [] for name in titles}
    for card in found:
        stands[expected_at(card, moment)].append(_line(card, moment, several))
    return [
        Group(name, titles[name], tuple(lines), folded=name == "gone" or (name == "past" and live))
        for name, lines in stands.items()
        if lines
    ]


def _line(card: AppointmentCard, moment: datetime, several: bool) -> Line:
    kinds = {"customer": _("Collection"), "supplier": _("Delivery")}
    order = f"{kinds.get(card.order_kind or '', '')} {card.order}" if card.order else ""
    place = [card.planning.name] if card.planning is not None else []
    parts = [order, card.order_units, *place, card.site.name if several else ""]
    soon = timedelta() < card.start - moment <= SOON and expected_at(card, moment) == "coming"
    when = _("in %(length)s", length=length_text(card.start - moment)) if soon else ""
    return Line(card, "\u00a0· ".join(part for part in parts if part), when)


def _machinery() -> dict[str, Any]:
    """Say what of the mails somebody should look at."""
    condition = outbox.condition()
    wrong = condition.failed + condition.parked + condition.retrying
    return {
        "condition": condition,
        "silent": _silent(condition),
        "troubles": outbox.troubles(MOST_TROUBLES) if wrong else [],
        "troubles_count": wrong,
    }


def _silent(condition: Condition) -> bool:
    """Tell whether mails wait and no worker has been seen for a while."""
    seen = condition.worker_seen
    return condition.waiting > 0 and (seen is None or real_now() - seen > SILENT)
