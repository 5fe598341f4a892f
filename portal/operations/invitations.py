"""The messages that bring customers their booking links: one, or one for each order of a whole file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portal.models import Appointment, Link, OutboxMessage
from portal.operations import outbox, tokens
from portal.operations.outbox import Sending

TO_ORDER, TO_SERVICE = "booking_invitation", "service_invitation"
KINDS = (TO_ORDER, TO_SERVICE)
"""The mails that bring a booking link: an order's, and a service's at a site."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Whom to invite, and the language they read, if it is known; ``order_id`` where the link is an order's."""

    order_id: int | None
    email: str
    locale: str | None


def invitation(guest: Guest, link_id: int, public_id: str, now: datetime) -> outbox.Draft:
    """Write the invitation to use a link; each one is sent, also when the same link was sent before."""
    return outbox.Draft(
        kind=TO_SERVICE if guest.order_id is None else TO_ORDER,
        dedupe=f"invitation:{public_id}:{tokens.new_public_id()}",
        recipient=guest.email,
        locale=guest.locale or outbox.default_locale(),
        not_before=now,
        order_id=guest.order_id,
        link_id=link_id,
    )


def invite_all(session: Session, guests: Sequence[Guest], now: datetime) -> None:
    """Make a link for each order and queue its invitation, in two statements, within the caller's transaction."""
    if not guests:
        return
    rows = [
        {"public_id": tokens.new_public_id(), "generation": 1, "order_id": guest.order_id, "created_at": now}
        for guest in guests
    ]
    query = insert(Link).returning(Link.id, Link.order_id, Link.public_id)
    made = {row.order_id: row for row in session.connection().execute(query, rows)}
    drafts = [invitation(guest, made[guest.order_id].id, made[guest.order_id].public_id, now) for guest in guests]
    outbox.enqueue(session, drafts, now)


def newest(session: Session, link_ids: Sequence[int]) -> dict[int, Sending]:
    """Find the newest invitation of each of some links, by their ids."""
    if not link_ids:
        return {}
    rows = session.execute(
        select(OutboxMessage.link_id, *outbox.SHOWN)
        .outerjoin(Appointment, outbox.OF_APPOINTMENT)
        .where(OutboxMessage.link_id.in_(link_ids), OutboxMessage.kind.in_(KINDS))
        .order_by(OutboxMessage.id)
    ).all()
    return {row[0]: Sending(*row[1:]) for row in rows}
