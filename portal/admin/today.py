"""The first page: who is expected on a day, who is here, who is late; and what somebody should look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.admin.guard import EDIT, scope, staff
from portal.admin.mark_buttons import Button, buttons_of, undo_of
from portal.admin.moments import length_text
from portal.admin.words import closed_text
from portal.clock import now, real_now
from portal.domain.zones import DAY, parse_day
from portal.i18n import _, hour, zone_label
from portal.i18n import day as in_full
from portal.operations import first_steps, outbox, today
from portal.operations.cards import AppointmentCard
from portal.operations.first_steps import FirstSteps
from portal.operations.outbox import Condition
from portal.operations.stands import Asked, Frame, Stand
from portal.operations.today import Day, Group, Part, Visit
from portal.web.responses import show

bp = Blueprint("today", __name__)
SOON = timedelta(hours=1)
SILENT = timedelta(minutes=10)  # without a sign of any worker, somebody has to look
MOST_TROUBLES = 5
LONGEST = 9  # digits of a page's number
TITLES: Mapping[Stand, Any] = {
    Stand.EXPECTED: _l("Next arrivals"),
    Stand.LATE: _l("Late"),
    Stand.ARRIVED: _l("On site"),
    Stand.REQUESTED: _l("To be approved"),
    Stand.COMPLETED: _l("Done"),
    Stand.NO_SHOW: _l("Missing"),
    Stand.GONE: _l("Called off"),
}
OTHER_DAYS: Mapping[Stand, Any] = {Stand.EXPECTED: _l("Expected"), Stand.LATE: _l("Nothing noted")}
"""What these are called on a day that is not today: nobody is on the way."""

FOLDED = (Stand.COMPLETED, Stand.NO_SHOW, Stand.GONE)


@dataclass(frozen=True, slots=True)
class Count:
    """How many stand somewhere: a figure under its word, with the colour of the bar."""

    text: Any
    number: int
    fill: str


@dataclass(frozen=True, slots=True)
class PlanningView:
    """A planning on the day; ``site`` is said where there are several. ``url`` looks at it alone."""

    name: str
    place: str
    site: str
    url: str
    counts: tuple[Count, ...]
    free: int
    possible: int
    total: int
    note: str


@dataclass(frozen=True, slots=True)
class Line:
    """An appointment of the day. ``tag`` says how soon, how late or since when, in a tone."""

    card: AppointmentCard
    about: str
    tag: str
    tone: str
    buttons: tuple[Button, ...]
    undo: Button | None


@dataclass(frozen=True, slots=True)
class GroupView:
    """Some who stand alike; ``url`` shows them all."""

    id: str
    title: Any
    count: int
    lines: tuple[Line, ...]
    folded: bool
    url: str


@bp.get("/")
def day() -> Response:
    """Show a day of a site or a planning, or of all."""
    moment, asked = now(), request.args
    wanted = Asked(parse_day(asked.get("day")), asked.get("site"), asked.get("planning"))
    stand = next((one for one in Stand if one == asked.get("stand")), None)
    found = today.read(wanted, now=moment, scope=scope(), stand=stand, page=page_number())
    values = {**_values(found, moment, stand), **_machinery(moment), "steps": _steps(found)}
    return show("admin/today.html", "admin/_today.html", "admin/_today_lead.html", **values)


def _steps(found: Day) -> FirstSteps | None:
    """Look how far the portal is set up, for those who set it up, while nothing shows that it is in use."""
    if any(group.count for group in found.groups) or not staff().may(EDIT):
        return None
    steps = first_steps.read()
    return None if steps.taken else steps


def page_number() -> int:
    """Read which page is asked for; anything odd is the first."""
    text = request.args.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST else 1


def _values(found: Day, moment: datetime, stand: Stand | None) -> dict[str, Any]:
    frame = found.frame
    live, url = frame.day == frame.today, url_of(frame, "admin.today.day")
    return {
        "frame": frame,
        "live": live,
        "stand": stand,
        "title": _("Today") if live else in_full(frame.day),
        "lead": _lead(found, moment),
        "plannings": [_planning(part, frame, live, url) for part in found.parts],
        "groups": [_group(group, frame, moment, url, alone=stand is not None) for group in found.groups],
        "before": url(day=frame.day - DAY),
        "after": url(day=frame.day + DAY),
        "current": url(day=None),
        "sites": [(site, url(site=site.key, planning=None)) for site in frame.sites],
        "all_sites": url(site=None, planning=None),
        "all_plannings": url(planning=None) if frame.planning else "",
        "whole": url() if stand else "",
        "sheet": url_of(frame, "admin.sheet.show")(),
        "pager": (found.page, found.pages, lambda number: url(stand=stand, page=number)),
    }


def url_of(frame: Frame, endpoint: str) -> Callable[..., str]:
    """Give the address of what is looked at; names that are given are looked at instead."""
    kept = {
        "day": frame.day if frame.day != frame.today else None,
        "site": frame.site.key if frame.site else None,
        "planning": frame.planning.planning.key if frame.planning else None,
    }
    return lambda **other: url_for(endpoint, **{**kept, **other})


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


def _planning(part: Part, frame: Frame, live: bool, url: Callable[..., str]) -> PlanningView:
    one, counts = part.bookable, {stand: part.counts.get(stand, 0) for stand in Stand}
    shown = (
        Count(_("Expected"), counts[Stand.EXPECTED], "fill-used"),
        Count(_("On site"), counts[Stand.ARRIVED], "fill-ok"),
        Count(_("Late") if live else _("Nothing noted"), counts[Stand.LATE], "fill-over"),
        Count(_("Done"), counts[Stand.COMPLETED], "fill-done"),
        *_rare(counts),
    )
    total = sum(counts.values()) - counts[Stand.GONE]
    return PlanningView(
        name=one.planning.name,
        place=one.site.name,
        site=one.site.name if len(frame.sites) > 1 and frame.site is None else "",
        url=url(site=one.site.key, planning=one.planning.key),
        counts=shown,
        free=max(part.possible - total, 0),
        possible=part.possible,
        total=total,
        note=closed_text(part.closed) if part.closed is not None else "",
    )


def _rare(counts: Mapping[Stand, int]) -> list[Count]:
    """Count what is only said where there is any."""
    rare = (
        (_("To be approved"), Stand.REQUESTED, "fill-free"),
        (_("Missing"), Stand.NO_SHOW, "fill-missed"),
        (_("Called off"), Stand.GONE, ""),
    )
    return [Count(text, counts[stand], fill) for text, stand, fill in rare if counts[stand]]


def _group(group: Group, frame: Frame, moment: datetime, url: Callable[..., str], *, alone: bool) -> GroupView:
    titles = TITLES if frame.day == frame.today else {**TITLES, **OTHER_DAYS}
    return GroupView(
        group.stand.value,
        titles[group.stand],
        group.count,
        tuple(_line(visit, group.stand, frame, moment) for visit in group.visits),
        group.stand in FOLDED and not alone,
        url(stand=group.stand.value) if len(group.visits) < group.count and not alone else "",
    )


def _line(visit: Visit, stand: Stand, frame: Frame, moment: datetime) -> Line:
    card = visit.card
    tag, tone = _tag(visit, stand, moment)
    buttons = buttons_of(card, moment) if frame.day <= frame.today else ()
    if stand is Stand.EXPECTED:
        buttons = buttons[:1]  # nobody is done before the start, nor missing in its first minutes
    return Line(card, _about(card, frame), tag, tone, buttons, undo_of(card, moment))


def _about(card: AppointmentCard, frame: Frame) -> str:
    kinds = {"customer": _("Collection"), "supplier": _("Delivery")}
    order = f"{kinds.get(card.order_kind or '', '')} {card.order}" if card.order else ""
    place = [card.planning.name] if card.planning is not None and frame.planning is None else []
    site = card.site.name if len(frame.sites) > 1 and frame.site is None else ""
    parts = [order, card.order_units, *place, site]
    return "\u00a0· ".join(part for part in parts if part)


def _tag(visit: Visit, stand: Stand, moment: datetime) -> tuple[str, str]:
    """Say how soon, how late, or since when."""
    card, since = visit.card, visit.since
    if stand is Stand.EXPECTED:
        away = card.start - moment
        soon = timedelta() < away <= SOON
        return (_("in %(length)s", length=length_text(away)), "info") if soon else ("", "")
    if stand is Stand.LATE:
        return _("Late by %(length)s", length=length_text(moment - card.start)), "bad"
    if since is None:
        return "", ""
    if stand is Stand.ARRIVED:
        return _("since %(hour)s", hour=hour(since, card.zone)), "ok"
    return _("noted at %(hour)s", hour=hour(since, card.zone)), ""


def _machinery(moment: datetime) -> dict[str, Any]:
    """Say what somebody should look at: requests to answer, mails that do not arrive."""
    condition = outbox.condition()
    return {
        "condition": condition,
        "silent": _silent(condition),
        "requests": today.requests(now=moment, scope=scope()),
        "troubles": outbox.troubles(MOST_TROUBLES, scope=scope()),
        "troubles_count": outbox.count_troubles(scope=scope()),
    }


def _silent(condition: Condition) -> bool:
    """Tell whether mails wait and no worker has been seen for a while."""
    seen = condition.worker_seen
    return condition.waiting > 0 and (seen is None or real_now() - seen > SILENT)
