"""The rows of an appointment: written by every use case in the same way, in the caller's transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.domain.errors import NotFound
from portal.domain.lifecycle import Status
from portal.domain.slots import Start
from portal.domain.steps import Piece
from portal.extensions import Transaction
from portal.models import Allocation, Appointment, Customer, Event
from portal.operations import bookables, notices, occupancy, outbox
from portal.operations.actors import Actor
from portal.operations.bookables import Bookable

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
    return bookables.of_pool(session, row.site_id, row.planning_id, lock=lock)


def keys_of(pool_id: int, row: Any) -> list[str]:
    """Name the ledger rows of all that an appointment holds: its place, and the one that it wants to move to."""
    wanted = occupancy.keys(pool_id, row.wanted_start, row.wanted_end) if row.wanted_start else []
    return [*occupancy.keys(pool_id, row.starts_at, row.ends_at), *wanted]


def unmoved(row: Any, seen: Any) -> None:
    """Check that what was seen before the lock is what the lock covers. Raises StaleDataError."""
    before, after = ((one.starts_at, one.ends_at, one.wanted_start, one.wanted_end) for one in (seen, row))
    if before != after:
        raise StaleDataError("the appointment moved before it could be locked")


def promise(bookable: Bookable, start: datetime) -> dict[str, str]:
    """Write down the local time that is promised: the tz database may move it, and nobody would know."""
    local = start.astimezone(bookable.zone)
    return {"timezone": bookable.zone.key, "local_start": local.strftime("%Y-%m-%dT%H:%M")}


def allocate(
    session: Transaction,
    bookable: Bookable,
    appointment_id: int,
    start: Start,
    units: int,
    *,
    overbook: bool,
    role: str = "visit",
    until: datetime | None = None,
) -> dict[str, Any]:
    """Hold the place, for good or ``until`` then, and describe it for the history.

    A place that an appointment wants beside its own may overlap that: it counts twice until it is answered, so it
    excludes nobody by itself.
    """
    pool = bookable.pool_id
    found = occupancy.capacity(bookable, start.start, start.end)
    session.connection().execute(
        insert(Allocation),
        {
            "appointment_id": appointment_id,
            "pool_id": pool,
            "starts_at": start.start,
            "ends_at": start.end,
            "units": units,
            "role": role,
            "exclusive": role != "wanted" and not overbook and all(slots == 1 for _, _, slots in found),
            "taken_until": until,
        },
    )
    occupancy.remember_length(session, pool, bookable.longest, bookable.planning.schedule.slot_minutes)
    return _taken(session, pool, start.start, start.end, units, found, overbook=overbook or role == "wanted")


def keep(session: Transaction, bookable: Bookable, row: Any) -> dict[str, Any]:
    """Let the place that is held for an appointment be its own, and describe it for the history."""
    held = Allocation.appointment_id == row.id, Allocation.role == "held"
    session.execute(update(Allocation).where(*held).values(role="visit", taken_until=None))
    found = occupancy.capacity(bookable, row.starts_at, row.ends_at)
    return _taken(session, bookable.pool_id, row.starts_at, row.ends_at, row.units, found)


def _taken(
    session: Transaction,
    pool: int,
    start: datetime,
    end: datetime,
    units: int,
    found: Sequence[Piece],
    *,
    overbook: bool = False,
) -> dict[str, Any]:
    seqs = {key: session.ledger[key] for key in occupancy.keys(pool, start, end)}
    return occupancy.hold(pool, seqs, start, end, units, overbook=overbook, capacity=found)


def free(session: Session, row: Any, until: datetime | None, now: datetime, *, role: str = "visit") -> None:
    """Let go of an appointment's place: at once, or when its undo ends."""
    session.execute(
        update(Allocation)
        .where(Allocation.appointment_id == row.id, Allocation.released_at.is_(None), Allocation.role == role)
        .values({"taken_until": until} if until else {"released_at": now})
    )


def drop_wanted(session: Transaction, pool_id: int, row: Any, now: datetime) -> list[dict[str, Any]]:
    """Let go of the place that a move asked for, and describe it for the history: empty where there is none.

    The row itself is the caller's to write (``NOT_WANTED``).
    """
    if row.wanted_start is None:
        return []
    free(session, row, None, now, role="wanted")
    seqs = {key: session.ledger[key] for key in occupancy.keys(pool_id, row.wanted_start, row.wanted_end)}
    return [occupancy.hold(pool_id, seqs, row.wanted_start, row.wanted_end, -row.units)]


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
        insert(Event),
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
    **facts: Any,
) -> None:
    """Queue the mail to the one who comes and the notice to the site, where the site wants them."""
    version = f"{change}:{row.public_id}:{row.version}:{now.timestamp()}"  # a cancellation reads the version it ends
    drafts = []
    if row.email:
        drafts.append(outbox.Draft(kind, f"{kind}:{version}", row.email, row.locale, not_before, facts, row.id))
    if bookable.site.email:
        notice = {"change": change, **facts}
        locale = outbox.default_locale()
        drafts.append(
            outbox.Draft(
                "site_notice", f"site_notice:{version}", bookable.site.email, locale, not_before, notice, row.id
            )
        )
    outbox.enqueue(session, notices.chosen(bookable.site, drafts), now)


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
