"""Why a slot is not offered: every start of a day with its reasons, for a guest, a person, a booking link, or staff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.admin.guard import scope
from portal.admin.process_views import of_bookable
from portal.admin.week import minute_of
from portal.admin.words import closed_text, hours_text, kinds_text
from portal.clock import now
from portal.domain.errors import Invalid, LinkUnknown, NotFound
from portal.domain.openings import openings_on
from portal.domain.slots import Start
from portal.domain.zones import DAY, local_day, parse_day
from portal.i18n import _, hour, sentence
from portal.i18n import day as in_full
from portal.operations import explanations, staff_calendars
from portal.operations.addresses import normal_address
from portal.operations.bookables import Bookable
from portal.operations.calendars import OpenSite
from portal.operations.explanations import Explanation, Question
from portal.web.explained import facts, reasons_of
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("explain", __name__)
ASKED = ("site", "planning", "order", "link", "email", "day", "at", "rules")
LONGEST = 254  # characters of what is asked


@dataclass(frozen=True, slots=True)
class StartLine:
    """A candidate start: when, how many places are left, and every reason why it is not offered."""

    at: str
    until: str
    places: int
    reasons: tuple[str, ...]


@bp.get("/explain")
def day() -> Response:
    """List every candidate start of a day, and why it is not offered."""
    asked = {name: request.args.get(name, "").strip()[:LONGEST] for name in ASKED}
    if place := request.args.get("place"):  # the one choice of the form, as two values that can be shared and read
        site, _slash, planning = place.partition("/")
        return go(_url({**asked, "site": site, "planning": planning}))
    sites = staff_calendars.plannings(scope=scope())
    bookable = _chosen(sites, asked)
    if bookable is None:
        return page("admin/explain.html", sites=sites, bookable=None)
    try:
        found = _explained(asked, bookable)
    except (Invalid, LinkUnknown) as refusal:
        wrong = ("order", _no_link()) if isinstance(refusal, LinkUnknown) else ("email", explain(refusal))
        return page("admin/explain.html", 422, sites=sites, bookable=bookable, asked=asked, found=None, wrong=wrong)
    return page(
        "admin/explain.html", sites=sites, bookable=found.bookable, asked=asked, found=found, **_values(found, asked)
    )


def _chosen(sites: Sequence[OpenSite], asked: dict[str, str]) -> Bookable | None:
    """Find what the address names, or the first there is. Raises NotFound for a name that is none."""
    site, planning = asked["site"], asked["planning"]
    fitting = [
        one
        for place in sites
        for one in place.plannings
        if site in ("", place.site.key) and planning in ("", one.item.key)
    ]
    if not fitting and (site or planning):
        raise NotFound
    return fitting[0] if fitting else None


def _explained(asked: dict[str, str], bookable: Bookable) -> Explanation:
    """Explain what is asked. Raises Invalid for an address that is none, LinkUnknown for an order that has no link."""
    question = Question(
        day=parse_day(asked["day"]) or local_day(now(), bookable.zone),
        site=bookable.site.key,
        planning=bookable.item.key,
        minute=minute_of(asked["at"]),
        link=asked["order"] or None,
        number=int(asked["link"]) if asked["link"].isdecimal() else None,
        email=normal_address(asked["email"]) if asked["email"] else None,
        staff=asked["rules"] == "staff",
    )
    return _of_order(question) if question.link is not None else explanations.explain(question, now=now())


def _of_order(question: Question) -> Explanation:
    """Explain a link of an order: in the planning that is named, else in the first that serves the order.

    Raises LinkUnknown, also for an order of others' sites, and for one that no planning serves.
    """
    plannings = explanations.plannings(question, now=now())
    keys = [one.item.key for one in plannings if scope().sees(one.site.id)]
    if not keys:
        raise LinkUnknown
    key = question.planning if question.planning in keys else keys[0]
    return explanations.explain(replace(question, planning=key), now=now())


def _no_link() -> str:
    return _("No order with this reference has a booking link that can be used.")


def _values(found: Explanation, asked: dict[str, str]) -> dict[str, Any]:
    wanted = found.question.day
    keys = {"site": found.bookable.site.key, "planning": found.bookable.item.key}
    lines = [_line(found, start) for start in found.starts]
    told = [*_hours(found), *facts(found)]
    return {
        "wanted": wanted,
        "lines": lines,
        "offered": len([line for line in lines if not line.reasons]),
        "summary": Counter(line.reasons[0] for line in lines if line.reasons).most_common(),
        "facts": told,
        "process": [one for one in of_bookable(found.bookable) if one[0] not in dict(told)],
        "one": _line(found, found.one) if found.one is not None else None,
        "before": _url({**asked, **keys, "day": (wanted - DAY).isoformat()}),
        "after": _url({**asked, **keys, "day": (wanted + DAY).isoformat()}),
    }


def _url(asked: Mapping[str, str]) -> str:
    """Give the address of this page for what is asked, without what is not."""
    given: dict[str, Any] = {name: value or None for name, value in asked.items()}
    return url_for("admin.explain.day", **given)


def _line(found: Explanation, start: Start) -> StartLine:
    zone = found.bookable.zone
    return StartLine(hour(start.start, zone), hour(start.end, zone), start.places, reasons_of(found, start))


def _hours(found: Explanation) -> list[tuple[str, str]]:
    """Say the hours of the day, how starts are laid on them, and whom they are open to."""
    planning, zone = found.bookable.planning, found.bookable.zone
    schedule = planning.schedule
    hours = hours_text(openings_on(schedule, found.question.day)) if found.closed is None else closed_text(found.closed)
    length = _("%(length)s min, a start every %(step)s min", length=schedule.slot_minutes, step=schedule.step_minutes)
    return [
        (_("Hours of the day"), sentence(hours)),
        (_("Length and step"), length),
        (_("Open to"), sentence(kinds_text(planning.kinds, planning.guests))),
        (_("It is now"), sentence(f"{in_full(local_day(now(), zone))}, {hour(now(), zone)}")),
    ]
