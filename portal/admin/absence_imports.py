"""Absences from a calendar file: sent, looked at, and taken over as a whole or not at all.

What was read travels with the page, signed, so that nothing is kept of a file that is never taken over.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime

from flask import Blueprint, Response, flash, request, url_for
from itsdangerous import BadData, URLSafeSerializer

from portal.admin.guard import EDIT, actor, needs
from portal.admin.resource_forms import CalendarForm
from portal.admin.resources import changeable
from portal.clock import now
from portal.domain.errors import Invalid, StateChanged
from portal.domain.zones import zone
from portal.extensions import settings
from portal.i18n import _
from portal.operations import absence_files, absences
from portal.operations.absence_files import LARGEST, Entry
from portal.operations.resources import Sheet
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("absence_imports", __name__)
SHOWN = 20  # lines of each list


@bp.route("/resources/<key>/import", methods=["GET", "POST"])
@needs(EDIT)
def ask(key: str) -> Response:
    """Ask for a file, and show what it would change."""
    sheet = changeable(key)
    form = CalendarForm(request.files)
    if request.method == "POST" and form.validate():
        try:
            with closing(form.file.data) as file:
                content = file.read(LARGEST + 1)
            entries = absence_files.read(content, zone(sheet.plan.timezone), now=now())
        except Invalid as refusal:
            form.refuse("file", _problem(refusal))
        else:
            return _preview(sheet, entries)
    return _ask(sheet, form)


def _ask(sheet: Sheet, form: CalendarForm) -> Response:
    return page("admin/resources/import.html", 422 if form.errors else 200, sheet=sheet, form=form)


@bp.post("/resources/<key>/import/save")
@needs(EDIT)
def save(key: str) -> Response:
    """Take over what was looked at. When somebody else saved meanwhile, show what it would change now."""
    sheet = changeable(key)
    entries = _unpacked(sheet, request.form.get("entries", ""))
    if entries is None:
        form = CalendarForm()
        form.refuse("file", _("This page is too old, or not complete. Send the file again."))
        return _ask(sheet, form)
    try:
        absences.save_import(key, request.form.get("revision", ""), entries, now=now(), by=actor())
    except StateChanged:
        return _preview(sheet, entries, 409)
    except Invalid as refusal:
        form = CalendarForm()
        form.refuse("file", _problem(refusal))
        return _ask(sheet, form)
    flash(_("The calendar file is taken over."))
    return go(url_for("admin.absences.index", key=key))


def _preview(sheet: Sheet, entries: Sequence[Entry], status: int = 200) -> Response:
    found = absences.compare(sheet, entries, now=now())
    return page(
        "admin/resources/import_preview.html",
        status,
        sheet=sheet,
        found=found,
        total=len(entries),
        effects=absences.preview_import(sheet, found, now=now()),
        packed=_packed(sheet, entries),
        shown=SHOWN,
        conflict=status == 409,
    )


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key, salt="creneau-absences")


def _packed(sheet: Sheet, entries: Sequence[Entry]) -> str:
    """Sign what was read, for one resource alone."""
    lines = [[one.uid, one.start.isoformat(), one.end.isoformat(), one.label] for one in entries]
    return str(_serializer().dumps([sheet.key, lines]))


def _unpacked(sheet: Sheet, packed: str) -> list[Entry] | None:
    """Read it again; None for what we did not sign, or signed for another resource."""
    try:
        key, lines = _serializer().loads(packed)
    except BadData:
        return None
    if key != sheet.key:
        return None
    moment = datetime.fromisoformat
    return [Entry(uid, moment(start), moment(end), label) for uid, start, end, label in lines]


def _problem(refusal: Invalid) -> str:
    """Say why a file is refused."""
    values = refusal.values
    about = values.get("value") or _("an event without a title")
    words = {
        "not_a_calendar": _("This is no calendar file. Export the calendar as iCalendar (.ics), then send it."),
        "too_large": _("This file is too large: 1 MB at most. Export a shorter time."),
        "too_many": _(
            "There are too many events: %(highest)s at most. Export a shorter time.", highest=values.get("highest", "")
        ),
        "too_many_series": _(
            "Too many events of this file repeat: %(highest)s at most.", highest=values.get("highest", "")
        ),
        "repeats_too_often": _(
            "“%(event)s” repeats in a way that no absence does. Take it out of the calendar, then export again.",
            event=about,
        ),
        "unknown_zone": _("The file names a time zone that is not known: %(zone)s.", zone=values.get("value", "")),
        "bad_event": _(
            "The dates of “%(event)s” cannot be read. Mend or delete it in the calendar, then export again.",
            event=about,
        ),
    }
    return words.get(str(values.get("problem"))) or explain(refusal)
