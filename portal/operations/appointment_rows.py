"""The rows of an appointment: written by every use case in the same way, in the caller's transaction."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Update, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.domain.errors import NotFound
from portal.domain.lifecycle import Status
from portal.extensions import Transaction
from portal.models import Allocation, Appointment, Customer, Event
from portal.operations import assignments, bookables, notices, occupancy, outbox
from portal.operations.actors import Actor
from portal.operations.bookables import Bookable
from portal.operations.place_cards import PlanningCard

NOTICES = ("site_notice", "staff_notice")
"""The kinds of notices that a change queues: to the site, and to the people who serve."""

EXCHANGED = "reassigned"
"""The change of which only those hear of the people whom it concerns, each their own."""

NOT_WANTED: Mapping[str, None] = {"wanted_start": None, "wanted_end": None, "answer_by": None}
"""The columns of an appointment of which nothing waits for an answer."""

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is misread on paper or misheard on the telephone
REFERENCE_LENGTH = 8

_table = Appointment.__table__
_BY_ID = select(*_table.c).where(_table.c.public_id == bindparam("public_id"))
FOUND = _BY_ID.where(_table.c.status != Status.HELD.value)
HELD = _BY_ID.where(_table.c.status == Status.HELD.value)
LET_GO = delete(Appointment).where(_table.c.public_id == bindparam("name"), _table.c.status == Status.HELD.value)
_KNOWN = select(Customer.__table__.c.id).where(Customer.__table__.c.email == bindparam("known_as")).scalar_subquery()
_GIVEN: dict[str, Any] = {
    column.name: bindparam(column.name, type_=column.type)
    for column in _table.c
    if column.name not in ("id", "erased_at")
}
# The customer is the order's, else the one known by this address: found by the insert itself.
NEW = (
    insert(Appointment)
    .values({**_GIVEN, "customer_id": func.coalesce(_GIVEN["customer_id"], _KNOWN)})
    .returning(_table.c.id)
)

HAPPENED = insert(Event).inline()  # nobody asks for its id

_INTERVAL = (Allocation.pool_id, Allocation.starts_at, Allocation.ends_at)
_LIVE = Allocation.released_at.is_(None)


class Row:
    """The columns of an appointment that was just written, read as those of a row."""

    id: int

    def __init__(self, **columns: Any) -> None:
        self.__dict__.update(columns)


def found(session: Session, public_id: str, *, lock: bool = False) -> Any:
    """Read an appointment's columns. Raises NotFound, also for a place that is only held."""
    query = FOUND.with_for_update() if lock else FOUND
    if (row := session.connection().execute(query, {"public_id": public_id}).first()) is None:
        raise NotFound
    return row


def let_go(session: Session, name: str | None) -> None:
    """Let go of the place that is held under a name, if one is: nothing is left of it, and nothing is told."""
    if name is not None:
        session.connection().execute(LET_GO, {"name": name})


def bookable_of(session: Session, row: Any, *, lock: bool = False) -> Bookable:
    """Give the planning at the site where an appointment takes its place."""
    return bookables.of_ids(session, row.site_id, row.planning_id, row.service_id, lock=lock)


def keys_of(session: Session, bookable: Bookable, row: Any) -> list[str]:
    """Name the ledger rows of all that an appointment holds: its place, and the one that it wants to move to."""
    if row.service_id is not None:
        held = session.execute(select(*_INTERVAL).where(Allocation.appointment_id == row.id, _LIVE)).all()
        return [key for one in held for key in occupancy.keys(*one)]
    wanted = occupancy.keys(bookable.pool_id, row.wanted_start, row.wanted_end) if row.wanted_start else []
    return [*occupancy.keys(bookable.pool_id, row.starts_at, row.ends_at), *wanted]


def unmoved(row: Any, seen: Any) -> None:
    """Check that what was seen before the lock is what the lock covers. Raises StaleDataError."""
    before, after = ((one.starts_at, one.ends_at, one.wanted_start, one.wanted_end) for one in (seen, row))
    if before != after:
        raise StaleDataError("the appointment moved before it could be locked")


def covered(session: Transaction, needed: Iterable[str]) -> None:
    """Check that all that turns out to be needed is locked. Raises StaleDataError."""
    if not session.ledger.keys() >= set(needed):
        raise StaleDataError("what is booked, or its rules, changed before it could be locked")


def subject(bookable: Bookable) -> dict[str, int | None]:
    """Give the columns that say what is booked."""
    planning = isinstance(bookable.item, PlanningCard)
    return {"planning_id": bookable.item.id if planning else None, "service_id": None if planning else bookable.item.id}


def promise(bookable: Bookable, start: datetime) -> dict[str, str]:
    """Write down the local time that is promised: the tz database may move it, and nobody would know."""
    local = start.astimezone(bookable.zone)
    return {"timezone": bookable.zone.key, "local_start": local.strftime("%Y-%m-%dT%H:%M")}


def free(
    session: Transaction, row: Any, until: datetime | None, now: datetime, *, role: str = "visit"
) -> list[dict[str, Any]]:
    """Let go of what an appointment holds: at once, described for the history, or when its undo ends."""
    held = update(Allocation).where(Allocation.appointment_id == row.id, _LIVE, Allocation.role == role)
    if until is not None:
        session.execute(held.values(taken_until=until))
        return []
    return _released(session, held, now)


def free_one(session: Transaction, row: Any, pool_id: int, now: datetime) -> list[dict[str, Any]]:
    """Let go at once of what an appointment holds of one pool, described for the history."""
    its = and_(Allocation.appointment_id == row.id, Allocation.pool_id == pool_id, Allocation.role == "visit", _LIVE)
    return _released(session, update(Allocation).where(its), now)


def _released(session: Transaction, held: Update, now: datetime) -> list[dict[str, Any]]:
    released = session.execute(held.values(released_at=now).returning(*_INTERVAL, Allocation.units)).all()
    return [
        occupancy.hold(pool, occupancy.seqs(session, pool, start, end), start, end, -units)
        for pool, start, end, units in released
    ]


def drop_wanted(session: Transaction, row: Any, now: datetime) -> list[dict[str, Any]]:
    """Let go of the place that a move asked for, and describe it for the history: empty where there is none.

    The row itself is the caller's to write (``NOT_WANTED``).
    """
    return free(session, row, None, now, role="wanted") if row.wanted_start is not None else []


def write(session: Session, row: Any, now: datetime, **changed: Any) -> None:
    """Change an appointment that nobody changed since it was read. Raises StaleDataError otherwise."""
    written = session.execute(
        update(Appointment)
        .where(Appointment.id == row.id, Appointment.version == row.version)
        .values(version=row.version + 1, updated_at=now, **changed)
        .returning(Appointment.id)
    ).first()
    if written is None:
        raise StaleDataError("the appointment changed meanwhile")


def happened(
    session: Session,
    appointment_id: int,
    kind: str,
    actor: Actor,
    now: datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    holds: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write a change into the history, with what it took from the ledger or gave back."""
    session.connection().execute(
        HAPPENED,
        {
            "appointment_id": appointment_id,
            "kind": kind,
            "at": now,
            "actor": actor.name,
            "origin": actor.origin,
            "before": dict(before or {}),
            "after": dict(after or {}),
            "holds": list(holds),
        },
    )


def announce(
    session: Session,
    kind: str,
    change: str,
    row: Any,
    bookable: Bookable,
    now: datetime,
    *,
    not_before: datetime,
    apart: Collection[str] = (),
    **facts: Any,
) -> None:
    """Queue the mail to the one who comes and the notices to the site and to those who serve, where wanted.

    People whose keys are ``apart`` hear of it otherwise.
    """
    version = f"{change}:{row.public_id}:{row.version}:{now.timestamp()}"  # a cancellation reads the version it ends
    drafts = []
    if row.email:
        drafts.append(outbox.Draft(kind, f"{kind}:{version}", row.email, row.locale, not_before, facts, row.id))
    notice, locale = {"change": change, **facts}, outbox.default_locale()
    if bookable.site.email:
        drafts.append(
            outbox.Draft(
                "site_notice", f"site_notice:{version}", bookable.site.email, locale, not_before, notice, row.id
            )
        )
    if change != EXCHANGED and not isinstance(bookable.item, PlanningCard):
        people = assignments.people(session, row.id)
        told = [one for one in people if one.key not in apart]
        drafts += [to_person(one.key, one.email, version, row.id, notice, not_before) for one in told]
    outbox.enqueue(session, notices.chosen(bookable.site, drafts), now)


def to_person(
    key: str, email: str, version: str, appointment_id: int, notice: Mapping[str, Any], not_before: datetime
) -> outbox.Draft:
    """Write the notice to somebody who serves an appointment, or did."""
    told, name = {**notice, "resource": key}, f"staff_notice:{key}:{version}"
    return outbox.Draft("staff_notice", name, email, outbox.default_locale(), not_before, told, appointment_id)


def by_whom(actor: Actor) -> str:
    """Name the side that acted, as a mail tells it."""
    return "staff" if actor.staff else "customer"


def new_reference() -> str:
    """Draw a reference that can be said on the telephone.

    >>> len(new_reference())
    9
    """
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(REFERENCE_LENGTH))
    return f"{drawn[:4]}-{drawn[4:]}"
