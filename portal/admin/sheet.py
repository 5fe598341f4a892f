"""The day on paper: a sheet for the gate, planning by planning, with a box to tick and the code of each appointment."""

from __future__ import annotations

from flask import Blueprint, Response, request

from portal.admin.appointment_list import people_text, things_text
from portal.admin.guard import scope
from portal.admin.paging import page_number
from portal.admin.today import asked_of, url_of
from portal.clock import now
from portal.operations import day_sheets
from portal.web.codes import gate_code
from portal.web.responses import page

bp = Blueprint("sheet", __name__)


@bp.get("/sheet")
def show() -> Response:
    """Show a day's sheet, to be printed."""
    moment, asked = now(), request.args
    found = day_sheets.read(asked_of(asked), now=moment, scope=scope(), page=page_number())
    url = url_of(found.frame, "admin.sheet.show")
    return page(
        "admin/today_sheet.html",
        sheet=found,
        frame=found.frame,
        moment=moment,
        codes={card.public_id: gate_code(card.reference) for part in found.parts for card in part.appointments},
        having={
            number: ", ".join(part for part in (people_text(one), things_text(one)) if part)
            for number, one in found.having.items()
        },
        several=len(found.frame.sites) > 1 and found.frame.site is None,
        back_url=url_of(found.frame, "admin.today.day")(),
        page_url=lambda number: url(page=number),
    )
