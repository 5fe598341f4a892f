"""The worker's side of changing a day: one worker at a time holds a batch and does its lines, each by itself.

A worker that dies leaves its lease to run out; who comes next looks at each appointment before it touches it, so that
what was done and not yet written down is not done again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.lifecycle import Status
from portal.domain.slots import Reason
from portal.domain.zones import local_day, parse_instant
from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Batch, BatchLine, Site
from portal.operations import availability, bookables, requests
from portal.operations.actors import Actor
from portal.operations.batch_plans import EXPECTED, Plan, wanted_start
from portal.operations.cards import AppointmentCard
from portal.operations.wishes import Because

LEASE = timedelta(minutes=1)
"""How long a worker holds a batch between two lines: much longer than a line takes."""


@dataclass(frozen=True, slots=True)
class Line:
    """An appointment to change: by its public id, to ``start`` if the preview found a place for it."""

    id: int
    appointment: str
    result: Mapping[str, Any]

    @property
    def start(self) -> datetime | None:
        """Where the preview would put it."""
        return parse_instant(self.result.get("start"))


@dataclass(frozen=True, slots=True)
class Turn:
    """A batch that a worker holds, with the lines that are left of it."""

    id: int
    plan: Plan
    by: Actor
    because: Because
    lease: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line."""

    state: str
    result: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def done(cls, start: datetime | None = None) -> Outcome:
        """Say that it is done, and where it moved."""
        return cls("done", {"start": start.isoformat()} if start else {})

    @classmethod
    def refused(cls, code: str, reasons: Sequence[str] = ()) -> Outcome:
        """Say why it stays as it was."""
        return cls("refused", {"code": code, "reasons": list(reasons)})

    @classmethod
    def of(cls, refusal: Refusal) -> Outcome:
        """Keep a refusal."""
        return cls.refused(refusal.code, [str(reason) for reason in refusal.values.get("reasons", ())])


@retried
def claim(*, real_now: datetime) -> Turn | None:
    """Take the oldest batch that nobody holds, or None when there is none."""
    due = _due(real_now)
    with reading() as session:  # most often there is nothing, and asking must not stop those who book
        if session.scalar(select(Batch.id).where(due).limit(1)) is None:
            return None
    with transaction(repeatable=True) as session:
        oldest = select(Batch.id).where(due).order_by(Batch.id).limit(1).with_for_update(skip_locked=True)
        number = session.scalar(oldest)
        if number is None:
            return None
        lease = secrets.token_hex(16)
        session.execute(update(Batch).where(Batch.id == number).values(lease=lease, leased_until=real_now + LEASE))
        return _turn(session, number, lease)


def _due(real_now: datetime) -> ColumnElement[bool]:
    """Say which batches may be taken; a lease farther away than any lasts was given by a clock that was wrong."""
    until = Batch.leased_until
    free = or_(until.is_(None), until <= real_now, until > real_now + LEASE)
    return and_(Batch.state == "waiting", free)


def _turn(session: Session, number: int, lease: str) -> Turn:
    query = select(Batch.public_id, Batch.wish, Batch.actor, Site.key).join(Site, Site.id == Batch.site_id)
    row = session.execute(query.where(Batch.id == number)).one()
    plan = Plan.of(row.key, row.wish)
    left = (
        select(BatchLine.id, Appointment.public_id, BatchLine.result)
        .join(Appointment, Appointment.id == BatchLine.appointment_id)
        .where(BatchLine.batch_id == number, BatchLine.state == "waiting")
        .order_by(BatchLine.id)
    )
    lines = [Line(*line) for line in session.execute(left)]
    by = Actor(row.actor, "staff", staff=True)
    return Turn(number, plan, by, Because(plan.words, row.public_id), lease, lines)


@retried
def settle(turn: Turn, line: Line, outcome: Outcome, *, now: datetime, real_now: datetime) -> bool:
    """Write down what became of a line, and hold the batch for the next; False when it is stopped, or another's."""
    mine = and_(Batch.id == turn.id, Batch.lease == turn.lease, Batch.state == "waiting")
    written = and_(BatchLine.id == line.id, BatchLine.state == "waiting")
    result = {"was": line.result["was"], **outcome.result}
    left = select(BatchLine.id).where(BatchLine.batch_id == turn.id, BatchLine.state == "waiting")
    with transaction(repeatable=True) as session:
        held = update(Batch).where(mine).values(leased_until=real_now + LEASE).returning(Batch.id)
        goes_on = session.execute(held).first() is not None
        session.execute(update(BatchLine).where(written).values(state=outcome.state, result=result))
        if goes_on and session.scalar(left.limit(1)) is None:
            session.execute(update(Batch).where(mine).values(state="done", ended_at=now, lease=None, leased_until=None))
        return goes_on


@retried
def release(turn: Turn) -> None:
    """Let another worker go on at once."""
    with transaction(repeatable=True) as session:
        mine = and_(Batch.id == turn.id, Batch.lease == turn.lease)
        session.execute(update(Batch).where(mine).values(lease=None, leased_until=None))


def known(plan: Plan, card: AppointmentCard) -> Outcome | None:
    """Say what became of an appointment already: by us before a worker died, or by somebody else meanwhile."""
    day = local_day(card.start, card.zone)
    if card.status is Status.CANCELLED:
        return Outcome.done() if plan.to is None else Outcome.refused("cancelled")
    if card.status not in EXPECTED:
        return Outcome.refused(card.status.value)
    if plan.to is not None and day == plan.to:
        return Outcome.done(card.start)
    return Outcome.refused("moved") if day != plan.day else None


def starts(plan: Plan, line: Line, card: AppointmentCard, *, now: datetime) -> Iterator[datetime]:
    """Give the starts to try, the best first: what the preview promised, its own hour, then the nearest."""
    wanted = wanted_start(plan, card)
    tried = list(dict.fromkeys(start for start in (line.start, wanted) if start is not None and start >= now))
    yield from tried
    if plan.nearest:
        yield from (start for start in _nearest(plan, card, wanted, now) if start not in tried)


def _nearest(plan: Plan, card: AppointmentCard, wanted: datetime, now: datetime) -> list[datetime]:
    if card.item is None or plan.to is None:
        return []
    with reading() as session:
        bookable, asking = bookables.of_item(session, card.site.id, card.item), requests.asking(session, card)
        found = availability.search(session, bookable, plan.to, plan.to, now=now, asking=asking).offered
    coming = [start.start for start in found if start.start >= now]
    return sorted(coming, key=lambda start: (abs(start - wanted), start))


def too_late() -> Outcome:
    """Say that the hour to which it was to move is over."""
    return Outcome.refused("outside_window", [Reason.PAST.value])
