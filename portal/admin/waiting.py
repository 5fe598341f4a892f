"""The waiting list: who waits for which days, and taking somebody off it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from portal.admin.filters import asked_filters, asked_number
from portal.admin.guard import EDIT, actor, needs, scope
from portal.clock import now
from portal.domain.errors import StateChanged
from portal.domain.zones import parse_day
from portal.i18n import _, day
from portal.operations import appointment_search, waiting_lists
from portal.operations.waiting_lists import STATES, EntryLine, Search
from portal.web.responses import go, page

bp = Blueprint("waiting", __name__)
SIZE = 50
FILTERS = ("q", "state", "site", "day")
ALL = "all"


@bp.get("/waiting/")
def index() -> Response:
    """List who waits, the longest waiting first, by the filters in the address; without any, those who wait still."""
    asked = asked_filters(FILTERS, request.args)
    cursor = asked_number(request.args.get("after"))
    found = waiting_lists.listing(_search(asked), scope=scope(), after=cursor, size=SIZE)
    return page(
        "admin/waiting/index.html",
        entries=[(line, days_text(line), *state_text(line.state)) for line in found.lines],
        total=found.waiting,
        asked=asked,
        states=[(ALL, _("All")), *((state, state_text(state)[0]) for state in STATES)],
        sites=appointment_search.choices(scope=scope()).sites,
        more_url=url_for("admin.waiting.index", **asked, after=found.next) if found.next else "",
        first_url=url_for("admin.waiting.index", **asked) if cursor is not None else "",
    )


def _search(asked: Mapping[str, Any]) -> Search:
    return Search(
        text=asked.get("q", ""),
        state=asked.get("state", STATES[0]),
        site=asked.get("site"),
        day=parse_day(asked.get("day")),
    )


def state_text(state: str) -> tuple[str, str]:
    """Name how an entry stands, with its colour."""
    words = {
        "waiting": (_("Waiting"), "wait"),
        "served": (_("Has got a place"), "ok"),
        "left": (_("Has left the list"), ""),
        "over": (_("Days have passed"), ""),
    }
    return words.get(state) or (state, "")


def days_text(line: EntryLine) -> str:
    """Name the days that somebody waits for."""
    if line.first_day == line.last_day:
        return day(line.first_day)
    return _("%(first)s to %(last)s", first=day(line.first_day), last=day(line.last_day))


@bp.route("/waiting/<row:number>/remove", methods=["GET", "POST"])
@needs(EDIT)
def remove(number: int) -> Response:
    """Ask once, then take somebody off the list."""
    line = waiting_lists.read(number, scope=scope())
    if request.method == "POST":
        try:
            waiting_lists.remove(number, scope=scope(), now=now(), by=actor())
        except StateChanged:  # the second click of a double click
            flash(_("This entry is no longer on the waiting list."))
        else:
            flash(_("%(email)s is no longer on the waiting list.", email=line.email))
        return go(url_for("admin.waiting.index"))
    return page("admin/waiting/remove.html", line=line, days=days_text(line), back_url=url_for("admin.waiting.index"))
