"""The calendar file that an appointment's page offers: the same entry as in its mails."""

from __future__ import annotations

from flask import Response

from portal.booking import manage
from portal.clock import now
from portal.delivery import ics, letters
from portal.domain.lifecycle import Status
from portal.domain.window import change_cutoff
from portal.extensions import settings
from portal.i18n import current_locale
from portal.operations.bookables import SiteCard
from portal.operations.cards import AppointmentCard
from portal.web.frame import organisation

bp = manage.bp


@bp.get("/<token>/invite.ics")
def invite(token: str) -> Response:
    """Send the appointment as a calendar file."""
    card = manage.opened(token)
    entry = letters.calendar_entry(_told(card), current_locale(), organisation(), settings())
    name = f'attachment; filename="{card.reference}.ics"'
    body = ics.calendar(entry, "PUBLISH", stamp=now())
    return Response(body, mimetype="text/calendar", headers={"Content-Disposition": name})


def _told(card: AppointmentCard) -> letters.Visit:
    return letters.Visit(
        public_id=card.public_id,
        token=card.token,
        sequence=card.sequence,
        reference=card.reference,
        start=card.start,
        end=card.end,
        place=_place(card.site),
        planning=card.planning.name if card.planning else "",
        order=card.order,
        kind=card.order_kind,
        units=card.order_units,
        cancelled=card.status is Status.CANCELLED,
        change_until=change_cutoff(card.start, card.policy, card.zone),
        email=card.email or "",
    )


def _place(site: SiteCard) -> letters.Place:
    known = site.latitude is not None and site.longitude is not None
    return letters.Place(
        name=site.name,
        zone=site.zone,
        address=site.address,
        email=site.email,
        phone=site.phone,
        geo=(site.latitude or 0.0, site.longitude or 0.0) if known else None,
    )
