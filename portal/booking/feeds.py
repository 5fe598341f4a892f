"""The calendar file that an appointment's page offers: the same entry as in its mails."""

from __future__ import annotations

from flask import Response

from portal.booking import manage
from portal.clock import now
from portal.delivery import ics, letters
from portal.domain.errors import StateChanged
from portal.domain.lifecycle import Status
from portal.extensions import settings
from portal.i18n import current_locale
from portal.operations.having import having_of
from portal.web.brand import company_name
from portal.web.letters import visit_of

bp = manage.bp
UNCONFIRMED = (Status.HELD, Status.REQUESTED, Status.DECLINED, Status.EXPIRED)
"""What belongs in no calendar."""


@bp.get("/<token>/invite.ics")
def invite(token: str) -> Response:
    """Send the appointment as a calendar file, once it is confirmed."""
    card = manage.opened(token)
    if card.status in UNCONFIRMED:
        raise StateChanged(status=card.status)
    told = visit_of(card, current_locale(), having_of(card).get(card.id, ()))
    entry = letters.calendar_entry(told, current_locale(), company_name(), settings())
    name = f'attachment; filename="{card.reference}.ics"'
    body = ics.calendar(entry, "PUBLISH", stamp=now())
    return Response(body, mimetype="text/calendar", headers={"Content-Disposition": name})
