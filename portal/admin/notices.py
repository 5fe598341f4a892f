"""Whom a site tells of what: a table of boxes, and the hour of the summary of its day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, TimeField
from wtforms.validators import Optional

from portal.admin.conflicts import differences
from portal.admin.forms import StaffForm
from portal.admin.guard import EDIT, actor, needs, only
from portal.clock import now
from portal.domain.errors import StateChanged
from portal.domain.notices import CELLS, NEVER, TOLD, Cell, Notices, Side, What
from portal.i18n import _
from portal.operations import notices, sites
from portal.operations.sites import Sheet
from portal.web.responses import go, page

bp = Blueprint("notices", __name__)
SIDES = {Side.CUSTOMER: _l("Customer"), Side.STAFF: _l("People"), Side.SITE: _l("Site")}
HAPPENINGS = {
    What.REQUESTED: _l("Request received"),
    What.CONFIRMED: _l("Appointment booked"),
    What.CHANGED: _l("Appointment moved"),
    What.CANCELLED: _l("Appointment cancelled"),
    What.DECLINED: _l("Request declined"),
    What.REMINDER: _l("Reminder"),
    What.NO_SHOW: _l("Did not come"),
    What.EARLIER_SLOT: _l("Earlier slot"),
}


def name_of(cell: Cell) -> str:
    """Name the field of a cell."""
    side, what = cell
    return f"{side.value}-{what.value}"


def _box(side: Side, what: What) -> BooleanField:
    return BooleanField(_l("%(side)s: %(what)s", side=SIDES[side], what=HAPPENINGS[what]))


class SummaryForm(StaffForm):
    """The hour of the summary of a day."""

    summary = TimeField(_l("Send the summary at"), validators=[Optional()])


# A box for each cell of the table, under the name that ``name_of`` gives it.
NoticesForm = type("NoticesForm", (SummaryForm,), {name_of(cell): _box(*cell) for cell in CELLS})


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: what happens, in more words, and its boxes, None where no mail stands."""

    what: What
    text: str
    hint: str
    boxes: Sequence[Any]


@bp.route("/sites/<key>/notices", methods=["GET", "POST"])
@needs(EDIT)
def edit(key: str) -> Response:
    """Show the table, say what nobody would be told any more, and save it."""
    sheet = sites.read(key)
    only(sheet.id)
    if request.method != "POST":
        return _show(_form_of(sheet.notices), sheet, sheet.revision)
    form, revision = NoticesForm(request.form), request.form.get("revision", "")
    if not form.validate():
        return _show(form, sheet, revision, 422)
    chosen = _understood(form)
    if _unheard(sheet, chosen) and request.form.get("seen") != "1":
        return _show(form, sheet, revision, 422, ask=True)
    try:
        sites.save_notices(key, revision, chosen, now=now(), by=actor())
    except StateChanged:
        return _show(form, sheet, sheet.revision, 409, conflict=differences(_form_of(sheet.notices), form))
    flash(_("The notifications are saved."))
    return go(url_for("admin.notices.edit", key=key))


def _form_of(saved: Notices) -> Any:
    cells = {name_of(cell): saved.wanted(*cell) for cell in CELLS}
    return NoticesForm(summary=saved.summary, **cells)


def _understood(form: Any) -> Notices:
    return Notices(frozenset(cell for cell in CELLS if form[name_of(cell)].data), form.summary.data)


def _unheard(sheet: Sheet, chosen: Notices) -> bool:
    """Tell whether bookings wait for an answer here, and no mail would tell the site of them."""
    site = bool(sheet.email) and chosen.wanted(Side.SITE, What.REQUESTED)
    if sheet.rules.validation == "manager" and not site:
        return True
    return notices.unheard(sheet.id, site=site, people=chosen.wanted(Side.STAFF, What.REQUESTED))


def _show(
    form: Any,
    sheet: Sheet,
    revision: str,
    status: int = 200,
    *,
    ask: bool = False,
    conflict: list[str] | None = None,
) -> Response:
    return page(
        "admin/sites/notices.html",
        status,
        form=form,
        sheet=sheet,
        revision=revision,
        ask=ask,
        unheard=_unheard(sheet, _understood(form)),
        conflict=conflict,
        sides=[(side, SIDES[side]) for side in TOLD],
        rows=[_row(form, what, sheet) for what in What],
    )


def _row(form: Any, what: What, sheet: Sheet) -> Row:
    boxes = [form[name_of((side, what))] if (side, what) not in NEVER else None for side in TOLD]
    return Row(what, HAPPENINGS[what], _hint(what, sheet), boxes)


def _hint(what: What, sheet: Sheet) -> str:
    """Say in more words when a mail leaves."""
    return {
        What.REQUESTED: _("Where bookings wait for an answer. The site is also told when nobody answered in time."),
        What.CONFIRMED: _("Also when a request is accepted."),
        What.CHANGED: _("By the customer or by the staff."),
        What.CANCELLED: _("When it can be undone no more."),
        What.DECLINED: _("The customer is also told when nobody answered in time."),
        What.REMINDER: _("How long before is a matter of the booking process."),
        What.NO_SHOW: _("%(minutes)s min after it was marked, unless that is undone.", minutes=sheet.rules.undo),
        What.EARLIER_SLOT: _("The customer: an offer of a freed place. The site: to how many it was offered."),
    }[what]
