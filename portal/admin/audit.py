"""The audit log: who changed what and when, searched, paged, and as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request, url_for

from portal.admin.audit_words import ACTIONS, KINDS, Fact, action_text, facts, kind_text, origin_text, url_of
from portal.admin.filters import asked_days, asked_filters
from portal.admin.guard import ADMIN, needs, scope
from portal.domain.zones import zone
from portal.i18n import _
from portal.operations import audit_log, organisation
from portal.operations.audit_log import Line, Search
from portal.web.exports import CSV, Cell, table_response
from portal.web.responses import page

bp = Blueprint("audit", __name__)
SIZE = 50
FILTERS = ("q", "who", "kind", "action", "from", "to")


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of the log in words; ``url`` leads to what was changed, where it has a page."""

    line: Line
    who: str
    action: str
    kind: str
    name: str
    url: str
    zone: ZoneInfo
    facts: Sequence[Fact]


@bp.get("/audit/")
@needs(ADMIN)
def index() -> Response:
    """List changes, newest first, by the filters in the address."""
    asked, tz = asked_filters(FILTERS, request.args), _zone()
    cursor = request.args.get("after")
    found = audit_log.listing(_search(asked, tz), scope=scope(), after=cursor, size=SIZE)
    return page(
        "admin/audit/index.html",
        lines=[_shown(line, tz) for line in found.lines],
        asked=asked,
        kinds=[(kind, kind_text(kind)) for kind in KINDS],
        actions=[(action, action_text(action)) for action in ACTIONS],
        more_url=url_for("admin.audit.index", **asked, after=found.next) if found.next else "",
        first_url=url_for("admin.audit.index", **asked) if audit_log.place_of(cursor) else "",
    )


@bp.get("/audit/export")
@needs(ADMIN)
def export() -> Response:
    """Send the changes that the filters find as a CSV file."""
    asked, tz = asked_filters(FILTERS, request.args), _zone()
    headers = (_("When"), _("Who"), _("What was done"), _("Kind"), _("Object"), _("Field"), _("Before"), _("After"))
    found = audit_log.everything(_search(asked, tz), scope=scope())
    rows = (row for line in found for row in _rows(_shown(line, tz), tz))
    return table_response("audit", headers, rows, CSV)


def _zone() -> ZoneInfo:
    return zone(organisation.card().timezone)


def _search(asked: Mapping[str, Any], tz: ZoneInfo) -> Search:
    return Search(
        text=asked.get("q", ""),
        who=asked.get("who", ""),
        kind=asked.get("kind"),
        action=asked.get("action"),
        **asked_days(asked, tz),
    )


def _shown(line: Line, tz: ZoneInfo) -> Shown:
    own = line.zone or tz
    return Shown(
        line=line,
        who=origin_text(line.actor, line.origin),
        action=action_text(line.action),
        kind=kind_text(line.kind),
        name=line.label or line.key,
        url=url_of(line),
        zone=own,
        facts=facts(line, own),
    )


def _rows(shown: Shown, tz: ZoneInfo) -> Iterator[Sequence[Cell]]:
    """Write a change as rows: one for each field that changed, at least one."""
    head = (shown.line.at.astimezone(tz), shown.who, shown.action, shown.kind, shown.name)
    for fact in shown.facts or (Fact("", "", ""),):
        yield (*head, fact.name, fact.before, fact.after)
