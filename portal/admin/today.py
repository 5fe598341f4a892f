"""The first page: who is expected on a day, who is here, who is late; and what somebody should look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import ngettext

from portal.admin.filters import asked_filters
from portal.admin.guard import EDIT, scope, staff
from portal.admin.paging import page_number
from portal.admin.request_buttons import answering
from portal.admin.today_views import group_view, planning_view
from portal.clock import now, real_now
from portal.domain.zones import DAY, parse_day
from portal.i18n import _, hour, zone_label
from portal.i18n import day as in_full
from portal.operations import first_steps, outbox, requests, today
from portal.operations.first_steps import FirstSteps
from portal.operations.outbox import Condition
from portal.operations.requests import Wanted
from portal.operations.stands import Asked, Frame, Stand
from portal.operations.today import Day
from portal.web.responses import show

bp = Blueprint("today", __name__)
SILENT = timedelta(minutes=10)  # without a sign of any worker, somebody has to look
MOST_TROUBLES = 5
FIRST_REQUESTS = 5  # on the page of any day
LONGEST = 9  # digits of a page's number


@bp.get("/")
def day() -> Response:
    """Show a day of a site or a planning, or of all."""
    moment, asked = now(), request.args
    wanted = asked_of(asked)
    stand = next((one for one in Stand if one == asked.get("stand")), None)
    found = today.read(wanted, now=moment, scope=scope(), stand=stand, page=page_number())
    values = {**_values(found, moment, stand), **_machinery(moment), "steps": _steps(found)}
    return show("admin/today.html", "admin/_today.html", "admin/_today_lead.html", **values)


def asked_of(given: Mapping[str, str]) -> Asked:
    """Read which day is looked at, and what of it."""
    return Asked(parse_day(given.get("day")), **asked_filters(("site", "planning", "service", "staff"), given))


def _steps(found: Day) -> FirstSteps | None:
    """Look how far the portal is set up, for those who set it up, while nothing shows that it is in use."""
    if any(group.count for group in found.groups) or not staff().may(EDIT):
        return None
    steps = first_steps.read()
    return None if steps.taken else steps


def _values(found: Day, moment: datetime, stand: Stand | None) -> dict[str, Any]:
    frame = found.frame
    live, url = frame.day == frame.today, url_of(frame, "admin.today.day")
    return {
        "frame": frame,
        "live": live,
        "stand": stand,
        "title": _("Today") if live else in_full(frame.day),
        "lead": _lead(found, moment),
        "plannings": [planning_view(part, frame, live, url) for part in found.parts],
        "groups": [group_view(group, frame, moment, url, alone=stand is not None) for group in found.groups],
        "before": url(day=frame.day - DAY),
        "after": url(day=frame.day + DAY),
        "current": url(day=None),
        "sites": [(site, url(site=site.key, planning=None, service=None)) for site in frame.sites],
        "all_sites": url(site=None, planning=None, service=None),
        "all_plannings": url(planning=None, service=None) if frame.chosen else "",
        "people": [(one, url(staff=one.key)) for one in found.people],
        "everybody": url(staff=None),
        "kept": {name: key for name, key in kept_of(frame).items() if name != "day" and key},
        "whole": url() if stand else "",
        "sheet": url_of(frame, "admin.sheet.show")(),
        "pager": (found.page, found.pages, lambda number: url(stand=stand, page=number)),
    }


def url_of(frame: Frame, endpoint: str) -> Callable[..., str]:
    """Give the address of what is looked at; names that are given are looked at instead."""
    return lambda **other: url_for(endpoint, **{**kept_of(frame), **other})


def kept_of(frame: Frame) -> dict[str, Any]:
    """Name what is looked at as an address does."""
    return {
        "day": frame.day if frame.day != frame.today else None,
        "site": frame.site.key if frame.site else None,
        "planning": frame.planning.item.key if frame.planning else None,
        "service": frame.service.item.key if frame.service else None,
        "staff": frame.person,
    }


def _lead(found: Day, moment: datetime) -> str:
    """Say what time it is there, and how many come."""
    frame = found.frame
    if not frame.sites:
        return _("No site yet: begin with one.")
    zone = (frame.site or frame.sites[0]).zone
    count = str(ngettext("%(num)s appointment", "%(num)s appointments", found.count))
    if frame.day != frame.today:
        return f"{count}."
    values = {"hour": hour(moment, zone), "zone": zone_label(zone, moment), "count": count}
    return _("%(day)s, %(hour)s, %(zone)s. %(count)s.", day=in_full(frame.day), **values)


def _machinery(moment: datetime) -> dict[str, Any]:
    """Say what somebody should look at: requests to answer, mails that do not arrive."""
    condition = outbox.condition()
    return {
        "condition": condition,
        "silent": _silent(condition),
        **_requests(moment),
        "troubles": outbox.troubles(MOST_TROUBLES, scope=scope()),
        "troubles_count": outbox.count_troubles(scope=scope()),
    }


def _requests(moment: datetime) -> dict[str, Any]:
    """Give the requests that must be answered soonest, with how many there are of them."""
    found = requests.search(Wanted(), now=moment, scope=scope(), size=FIRST_REQUESTS)
    lines = [(card, answering(card, moment)) for card in found.requests]
    return {"requests": lines, "requests_count": found.total}


def _silent(condition: Condition) -> bool:
    """Tell whether mails wait and no worker has been seen for a while."""
    seen = condition.worker_seen
    return condition.waiting > 0 and (seen is None or real_now() - seen > SILENT)
