"""The calendar file that an appointment's page offers: the same entry as in its mails."""

from __future__ import annotations

from flask import Response

from portal.booking import manage
from portal.clock import now
from portal.delivery import ics, letters
from portal.extensions import settings
from portal.i18n import current_locale
from portal.web.brand import company_name
from portal.web.letters import visit_of

bp = manage.bp


@bp.get("/<token>/invite.ics")
def invite(token: str) -> Response:
    """Send the appointment as a calendar file."""
    card = manage.opened(token)
    entry = letters.calendar_entry(visit_of(card, current_locale()), current_locale(), company_name(), settings())
    name = f'attachment; filename="{card.reference}.ics"'
    body = ics.calendar(entry, "PUBLISH", stamp=now())
    return Response(body, mimetype="text/calendar", headers={"Content-Disposition": name})
