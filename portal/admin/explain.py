"""Why a slot is not offered: every candidate start of a day with its reasons, by the rules that customers meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.admin.durations import written
from portal.admin.guard import scope
from portal.admin.week import minute_of
from portal.admin.words import closed_text, hours_text
from portal.clock import now
from portal.domain.errors import NotFound
from portal.domain.openings import openings_on
from portal.domain.slots import Start
from portal.domain.zones import DAY, local_day, parse_day, start_instant
from portal.i18n import _, hour
from portal.i18n import day as in_full
from portal.operations import calendars, staff_calendars
from portal.operations.availability import Availability, closed_because
from portal.operations.bookables import Bookable
from portal.operations.calendars import OpenSite
from portal.web.responses import go, page
from portal.web.texts import reason_text

bp = Blueprint("explain", __name__)


@dataclass(frozen=True, slots=True)
class StartLine:
    """A candidate start: when, how many places are left, and every reason why it is not offered."""

    at: str
    until: str
    machine: Start
    places: int
    reasons: tuple[str, ...]


@bp.get("/explain")
def day() -> Response:
    """List every candidate start of a day, and why it is not offered."""
    if place := request.args.get("place"):  # the one choice of the form, as two values that can be shared and read
        site, _slash, planning = place.partition("/")
        kept: dict[str, Any] = {name: request.args.get(name) or None for name in ("day", "at", "rules")}
        return go(url_for("admin.explain.day", site=site, planning=planning, **kept))
    sites = staff_calendars.plannings(scope=scope())
    bookable = _chosen(sites)
    if bookable is None:
        return page("admin/explain.html", sites=sites, bookable=None)
    return page("admin/explain.html", sites=sites, bookable=bookable, **_values(bookable))


def _chosen(sites: Sequence[OpenSite]) -> Bookable | None:
    """Find what the address names, or the first there is. Raises NotFound for a name that is none."""
    site, planning = request.args.get("site"), request.args.get("planning")
    fitting = [
        one
        for place in sites
        for one in place.plannings
        if site in (None, place.site.key) and planning in (None, one.planning.key)
    ]
    if not fitting and (site or planning):
        raise NotFound
    return fitting[0] if fitting else None


def _values(bookable: Bookable) -> dict[str, Any]:
    moment = now()
    today = local_day(moment, bookable.zone)
    wanted = parse_day(request.args.get("day")) or today
    staff = request.args.get("rules") == "staff"
    keys = (bookable.site.key, bookable.planning.key)
    found = calendars.explain(*keys, wanted, now=moment, staff=staff)
    lines = [_line(start, bookable) for start in found.of_day(wanted)]
    return {
        "wanted": wanted,
        "staff": staff,
        "lines": lines,
        "offered": len([line for line in lines if not line.reasons]),
        "summary": Counter(line.reasons[0] for line in lines if line.reasons).most_common(),
        "facts": _facts(bookable, wanted, found),
        "at": request.args.get("at", "")[:20],
        "one": _one(bookable, wanted, staff),
        "before": _url(keys, wanted - DAY, staff),
        "after": _url(keys, wanted + DAY, staff),
    }


def _url(keys: tuple[str, str], day: date, staff: bool) -> str:
    rules = "staff" if staff else None
    return url_for("admin.explain.day", site=keys[0], planning=keys[1], day=day.isoformat(), rules=rules)


def _line(start: Start, bookable: Bookable) -> StartLine:
    zone = bookable.zone
    reasons = tuple(reason_text(reason.value) for reason in start.reasons)
    return StartLine(hour(start.start, zone), hour(start.end, zone), start, start.places, reasons)


def _one(bookable: Bookable, day: date, staff: bool) -> StartLine | None:
    """Judge the one time that was asked for, on the grid or not."""
    minute = minute_of(request.args.get("at", "")[:20])
    if minute is None:
        return None
    start = start_instant(day, minute, bookable.zone)
    keys = (bookable.site.key, bookable.planning.key)
    return _line(calendars.explain_start(*keys, start, now=now(), staff=staff)[1], bookable)


def _facts(bookable: Bookable, day: date, found: Availability) -> list[tuple[str, str]]:
    """Say the rules that the reasons come from: the hours of the day, and the window of booking."""
    schedule, policy = bookable.planning.schedule, bookable.policy
    closed = closed_because(bookable, day)
    hours = closed_text(closed) if closed is not None else hours_text(openings_on(schedule, day))
    last = local_day(now(), bookable.zone) + timedelta(days=policy.max_days)
    counted = _("%(notice)s, open days only", notice=written(policy.min_notice))
    notice = counted if policy.business_days else written(policy.min_notice)
    return [
        (_("Hours of the day"), hours),
        (
            _("Length and step"),
            _("%(length)s min, a start every %(step)s min", length=schedule.slot_minutes, step=schedule.step_minutes),
        ),
        (
            _("Notice"),
            _("Nothing opens within a year.") if found.binding.window is not None and found.binding.window.never_open else notice if policy.min_notice else _("none"),
        ),
        (_("Last day that can be booked"), in_full(last)),
        (_("It is now"), f"{in_full(local_day(now(), bookable.zone))}, {hour(now(), bookable.zone)}"),
    ]
