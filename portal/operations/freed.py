"""Places that appointments give back: written down for those who wait, and kept for them during the cooling-off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from portal.models import Allocation, FreedPlace
from portal.operations.bookables import Bookable
from portal.operations.service_cards import ServiceCard

CANCELLED, DECLINED, EXPIRED, MOVED, CLAIMED = "cancelled", "declined", "expired", "moved", "claimed"
"""What gave a place back."""


def awaited(bookable: Bookable) -> bool:
    """Tell whether anybody is to hear of freed places here, or the public has to wait for them."""
    policy = bookable.policy
    wanted = policy.earlier_slots.enabled or policy.waiting_list or policy.cooling_off > 0
    return wanted and not _reserved(bookable)


def listed(bookable: Bookable) -> bool:
    """Tell whether there is a waiting list: not where the customer chooses how many, or how long (semantics 6)."""
    return bookable.policy.waiting_list and not _reserved(bookable)


def _reserved(bookable: Bookable) -> bool:
    return isinstance(bookable.item, ServiceCard) and bookable.item.reservation.chosen


def kept_until(bookable: Bookable, freed_at: datetime) -> datetime | None:
    """Tell until when a freed place is kept from the public; None: not at all."""
    minutes = bookable.policy.cooling_off
    return freed_at + timedelta(minutes=minutes) if minutes else None


def note(
    session: Session,
    bookable: Bookable,
    row: Any,
    cause: str,
    now: datetime,
    *,
    given: Sequence[Mapping[str, Any]] = (),
    not_before: datetime | None = None,
) -> None:
    """Write down that an appointment gives its place back, now or, where that can be undone, at ``not_before``.

    Call before the row changes, and after its own allocations were released: ``given`` describes them. With a
    cooling-off they are kept at once; those of an undo are kept already, and the worker goes on keeping them then.
    """
    if not awaited(bookable) or row.starts_at <= now:
        return
    until = kept_until(bookable, not_before or now)
    session.execute(
        insert(FreedPlace).values(
            pool_id=bookable.pool_id,
            appointment_id=row.id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            units=row.units,
            cause=cause,
            state="waiting",
            not_before=not_before or now,
            kept_until=until,
            created_at=now,
        )
    )
    if until is None or not_before is not None:
        return
    for one in given:
        start, end = datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])
        keep(session, one["pool"], row.id, start, end, -one["units"], until)


def keep(
    session: Session, pool_id: int, appointment_id: int, start: datetime, end: datetime, units: int, until: datetime
) -> int:
    """Keep a place for those who wait, under the pool's lock; gives the id of its allocation."""
    kept = insert(Allocation).values(
        appointment_id=appointment_id,
        pool_id=pool_id,
        starts_at=start,
        ends_at=end,
        units=units,
        role="kept",
        exclusive=False,
        taken_until=until,
    )
    return session.execute(kept.returning(Allocation.id)).scalar_one()


def forget(session: Session, appointment_id: int, now: datetime) -> None:
    """Take back what was written for the end of an undo that is undone itself."""
    session.execute(
        delete(FreedPlace).where(
            FreedPlace.appointment_id == appointment_id, FreedPlace.state == "waiting", FreedPlace.not_before > now
        )
    )
