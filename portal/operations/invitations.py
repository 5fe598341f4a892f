"""The messages that bring customers their booking links: one, or one for each order of a whole file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.models import Link
from portal.operations import outbox, tokens


@dataclass(frozen=True, slots=True)
class Guest:
    """Whom to invite: the customer of an order, with an address and the language they read, if it is known."""

    order_id: int
    email: str
    locale: str | None


def invitation(guest: Guest, link_id: int, public_id: str, now: datetime) -> outbox.Draft:
    """Write the invitation to use a link; each one is sent, also when the same link was sent before."""
    return outbox.Draft(
        kind="booking_invitation",
        dedupe=f"invitation:{public_id}:{tokens.new_public_id()}",
        recipient=guest.email,
        locale=guest.locale or outbox.default_locale(),
        not_before=now,
        payload={"link_id": link_id},
        order_id=guest.order_id,
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
