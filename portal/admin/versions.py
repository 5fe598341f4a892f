"""The versions of a planning's week: listed beside the editor; one that does not apply yet can be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response, abort, flash, request, url_for

from portal.admin.editor import Editor, changeable
from portal.admin.guard import EDIT, actor, needs
from portal.admin.week_views import capacity_tables
from portal.clock import now
from portal.domain.openings import possible_in_week
from portal.domain.zones import parse_day
from portal.i18n import _
from portal.i18n import day as in_full
from portal.operations import planning_previews, plannings
from portal.web.responses import go, page

bp = Blueprint("versions", __name__)


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version in the list of versions."""

    applies_from: date | None
    possible: int
    in_force: bool
    to_come: bool
    shown: bool
    url: str
    about: str


def version_views(editor: Editor) -> list[VersionView]:
    """List the versions of the planning in the editor, oldest first."""
    sheet = editor.sheet
    if sheet is None:
        return []
    current, today = sheet.in_force(now()), sheet.today(now())
    return [
        VersionView(
            applies_from=one.applies_from,
            possible=possible_in_week(one.week, sheet.schedule.slot_minutes),
            in_force=one.applies_from == current.applies_from,
            to_come=one.applies_from is not None and one.applies_from > today,
            shown=one.applies_from == editor.version,
            url=url_for("admin.plannings.edit", key=sheet.key, version=_named(one.applies_from)),
            about=_("from %(day)s", day=in_full(one.applies_from)) if one.applies_from else _("from the beginning"),
        )
        for one in sheet.schedule.versions
    ]


def _named(applies_from: date | None) -> str:
    return applies_from.isoformat() if applies_from is not None else "first"


@bp.route("/plannings/<key>/versions/<day>/delete", methods=["GET", "POST"])
@needs(EDIT)
def remove(key: str, day: str) -> Response:
    """Ask once, saying what it does, then drop a version that does not apply yet."""
    sheet, applies_from = changeable(key), parse_day(day)
    if applies_from is None or sheet.version(applies_from) is None or applies_from <= sheet.today(now()):
        abort(404)
    if request.method == "POST":
        plannings.drop_version(key, request.form.get("revision", ""), applies_from, now=now(), by=actor())
        flash(_("The version is deleted."))
        return go(url_for("admin.plannings.edit", key=key))
    found = planning_previews.preview_without(key, applies_from, now=now())
    return page(
        "admin/plannings/remove_version.html",
        sheet=sheet,
        applies_from=applies_from,
        impacts=found,
        unfit=sum(one.count for one in found),
        tables=capacity_tables(found),
    )
