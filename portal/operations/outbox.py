"""What waits to leave: written in the transaction that causes it, sent by the worker, never by a request.

A worker claims messages for a short while (a lease), sends them outside any transaction and settles each by itself:
a message leaves at least once, and twice only when a worker dies between the server's yes and the settling. When a
message may leave is the portal's time (``now``); leases and tries run on real time (``real_now``).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, bindparam, delete, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.retry import PAUSES, Failure, next_try
from portal.extensions import reading, retried, settings, transaction
from portal.models import Appointment, Heartbeat, Link, Order, OutboxMessage
from portal.operations.scopes import EVERYWHERE, Scope

log = logging.getLogger(__name__)

BATCH = 50
LEASE = timedelta(minutes=2)
"""How long a worker may hold what it claimed: much longer than a batch takes, for a dead worker's wait as long."""

PAUSED = "mail_paused"
PROBE_EVERY = PAUSES[-1]
"""How often one message tries whether the server that refused us has changed its mind."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to queue. ``payload`` holds ids and plain facts, never a token: links are derived when it is rendered.

    A second draft with the same ``dedupe`` is not queued. ``not_before`` is by the portal's time.
    """

    kind: str
    dedupe: str
    recipient: str
    locale: str
    not_before: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    appointment_id: int | None = None
    order_id: int | None = None
    link_id: int | None = None


QUEUE = {
    "postgresql": postgresql.insert(OutboxMessage).on_conflict_do_nothing(index_elements=["dedupe"]),
    "sqlite": sqlite.insert(OutboxMessage).on_conflict_do_nothing(index_elements=["dedupe"]),
}


def default_locale() -> str:
    """Name the language of somebody whose own is not known."""
    return settings().default_locale


def enqueue(session: Session, drafts: Sequence[Draft], now: datetime) -> None:
    """Queue messages within the caller's transaction, in one go."""
    if drafts:
        connection = session.connection()
        connection.execute(QUEUE[connection.dialect.name], [_row(draft, now) for draft in drafts])


def withdraw(session: Session, appointment_id: int, kinds: Sequence[str], now: datetime) -> None:
    """Take back the messages of an appointment whose time to leave has not come."""
    session.execute(
        delete(OutboxMessage).where(
            OutboxMessage.appointment_id == appointment_id,
            OutboxMessage.kind.in_(kinds),
            OutboxMessage.state == "waiting",
            OutboxMessage.not_before > now,
        )
    )


def _row(draft: Draft, now: datetime) -> dict[str, Any]:
    return {
        "kind": draft.kind,
        "dedupe": draft.dedupe,
        "recipient": draft.recipient,
        "locale": draft.locale,
        "payload": dict(draft.payload),
        "appointment_id": draft.appointment_id,
        "order_id": draft.order_id,
        "link_id": draft.link_id,
        "state": "waiting",
        "not_before": draft.not_before,
        "attempts": 0,
        "error": "",
        "created_at": now,
    }


# The worker's side


@dataclass(frozen=True, slots=True)
class Message:
    """A message that a worker holds until ``leased_until``; ``probe``: it tries whether a paused queue may go on."""

    id: int
    kind: str
    dedupe: str
    recipient: str
    locale: str
    payload: Mapping[str, Any]
    appointment_id: int | None
    attempts: int
    first_try_at: datetime | None
    lease: str
    leased_until: datetime
    link_id: int | None = None
    probe: bool = False

    @property
    def key(self) -> str:
        """Its name for good, which tells nothing: the Message-ID is the same at every try."""
        return f"outbox.{sha256(self.dedupe.encode()).hexdigest()[:32]}"


HELD = (
    OutboxMessage.id,
    OutboxMessage.kind,
    OutboxMessage.dedupe,
    OutboxMessage.recipient,
    OutboxMessage.locale,
    OutboxMessage.payload,
    OutboxMessage.appointment_id,
    OutboxMessage.link_id,
    OutboxMessage.attempts,
    OutboxMessage.first_try_at,
    OutboxMessage.lease,
    OutboxMessage.leased_until,
)


@retried
def claim(*, now: datetime, real_now: datetime, batch: int = BATCH) -> list[Message]:
    """Take the lease of messages that may leave, the longest waiting first. Empty: nothing to do, or the queue pauses.

    Any number of workers may ask: what one holds, the others step over.
    """
    due = _due(now, real_now)
    with reading() as session:  # most often there is nothing, and asking must not stop those who book
        if session.scalar(select(OutboxMessage.id).where(due).limit(1)) is None:
            return []
    with transaction(repeatable=True) as session:
        probing, most = _allowance(session, batch, real_now)
        waiting = select(OutboxMessage.id).where(due).order_by(OutboxMessage.not_before, OutboxMessage.id).limit(most)
        ids = session.scalars(waiting.with_for_update(skip_locked=True)).all() if most else []
        if not ids:
            return []
        rows = session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_(ids), due)
            .values(lease=secrets.token_hex(16), leased_until=real_now + LEASE)
            .returning(*HELD)
        ).all()
    return sorted((Message(**row._mapping, probe=probing) for row in rows), key=lambda message: message.id)


def _due(now: datetime, real_now: datetime) -> ColumnElement[bool]:
    """Say which messages may leave.

    A clock may be set back. What was never to wait does not begin to: it is due though it was written "later" than
    now; and a next try farther away than any pause is long was planned by a clock that was wrong.
    """
    message = OutboxMessage
    return and_(
        message.state == "waiting",
        or_(message.not_before <= now, message.not_before <= message.created_at),
        or_(message.retry_at.is_(None), message.retry_at <= real_now, message.retry_at > real_now + PAUSES[-1]),
        or_(message.leased_until.is_(None), message.leased_until <= real_now),
    )


def _allowance(session: Session, batch: int, real_now: datetime) -> tuple[bool, int]:
    """Say how many messages may be claimed, and whether they only probe a queue that pauses."""
    paused_at = session.scalar(select(Heartbeat.at).where(Heartbeat.name == PAUSED))
    if paused_at is None:
        return False, batch
    if paused_at <= real_now < paused_at + PROBE_EVERY:
        return True, 0
    mine = session.execute(
        update(Heartbeat)
        .where(Heartbeat.name == PAUSED, Heartbeat.at == paused_at)
        .values(at=real_now)
        .returning(Heartbeat.name)
    ).first()
    return True, 1 if mine else 0


@retried
def settle(
    message: Message,
    *,
    now: datetime,
    real_now: datetime,
    failure: Failure | None = None,
    reason: str = "",
) -> None:
    """Write down how a try went, unless the lease has passed to another worker meanwhile.

    Without a failure the message is sent. A temporary failure is tried again until two days have passed; a refused
    recipient is final; a broken template parks the message; a refusal of ourselves pauses the whole queue, and the
    message waits with it as if it had not been tried.
    """
    with transaction(repeatable=True) as session:
        if failure is Failure.SENDER_REFUSED:
            _let_go(session, [message])
            _pause(session, reason, real_now)
            return
        if message.probe:  # the server talks to us again, whatever it thinks of this one message
            session.execute(delete(Heartbeat).where(Heartbeat.name == PAUSED))
        _update_held(session, message, **_verdict(message, failure, reason, now, real_now))


def _verdict(
    message: Message, failure: Failure | None, reason: str, now: datetime, real_now: datetime
) -> dict[str, Any]:
    attempts, first_try = message.attempts + 1, message.first_try_at or real_now
    tried = {"attempts": attempts, "first_try_at": first_try, "error": reason}
    if failure is None:
        return {**tried, "state": "sent", "sent_at": now}
    if failure is Failure.RECIPIENT_REFUSED:
        return {**tried, "state": "failed"}
    if failure is Failure.TEMPLATE:
        return {**tried, "state": "parked"}
    retry_at = next_try(first_try, attempts, real_now)
    return {**tried, "retry_at": retry_at, "state": "waiting" if retry_at else "failed"}


@retried
def release(messages: Sequence[Message]) -> None:
    """Give messages back untried."""
    if messages:
        with transaction(repeatable=True) as session:
            _let_go(session, messages)


@retried
def drop(message: Message, why: str) -> None:
    """Lay aside a message that no longer says the truth; ``why`` is a word for the history."""
    with transaction(repeatable=True) as session:
        _update_held(session, message, state="dropped", error=why)


@retried
def postpone(message: Message, until: datetime) -> None:
    """Keep a message back until the portal's time is ``until``."""
    with transaction(repeatable=True) as session:
        _update_held(session, message, not_before=until)


def _update_held(session: Session, message: Message, **values: Any) -> None:
    """Change a message that is still ours, and let go of it."""
    held = {"held_id": message.id, "held_lease": message.lease, "lease": None, "leased_until": None}
    session.connection().execute(_update_of(tuple(values)), {**held, **values})


@cache
def _update_of(names: tuple[str, ...]) -> Update:
    """Build the statement that settles, once: it runs for every single mail."""
    table = OutboxMessage.__table__.c
    return (
        update(OutboxMessage)
        .where(
            table.id == bindparam("held_id"), table.lease == bindparam("held_lease"), table.state == text("'waiting'")
        )
        .values({name: bindparam(name) for name in ("lease", "leased_until", *names)})
    )


def _let_go(session: Session, messages: Sequence[Message]) -> None:
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id.in_([message.id for message in messages]),
            OutboxMessage.lease.in_({message.lease for message in messages}),
            OutboxMessage.state == "waiting",
        )
        .values(lease=None, leased_until=None)
    )


def _pause(session: Session, reason: str, real_now: datetime) -> None:
    log.error("the mail queue pauses: the server refuses us", extra={"code": PAUSED})
    _sign(session, PAUSED, real_now, reason)


@retried
def beat(name: str, real_now: datetime) -> None:
    """Leave a sign of life of a worker, and forget those that fell silent a day ago."""
    with transaction(repeatable=True) as session:
        session.execute(
            delete(Heartbeat).where(
                Heartbeat.name.startswith("worker:", autoescape=True),
                Heartbeat.at < real_now - timedelta(days=1),
            )
        )
        _sign(session, name, real_now, "")


def _sign(session: Session, name: str, at: datetime, detail: str) -> None:
    """Write a standing fact, new or known: two workers may do it in the same moment."""
    connection = session.connection()
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(Heartbeat)
    said = {"at": at, "detail": detail}
    connection.execute(insert.values(name=name, **said).on_conflict_do_update(index_elements=["name"], set_=said))


# The staff's side


@dataclass(frozen=True, slots=True)
class Condition:
    """How the queue stands. ``paused`` says why nothing leaves; ``worker_seen`` is any worker's last sign of life."""

    waiting: int
    retrying: int
    failed: int
    parked: int
    oldest: datetime | None
    paused: str | None
    paused_at: datetime | None
    worker_seen: datetime | None


def condition() -> Condition:
    """Look at the queue as a whole, for the staff's first page and for alarms."""
    message = OutboxMessage
    with reading() as session:
        counts = session.execute(
            select(
                func.count().filter(message.state == "waiting"),
                func.count().filter(message.state == "waiting", message.attempts > 0),
                func.count().filter(message.state == "failed"),
                func.count().filter(message.state == "parked"),
                func.min(message.not_before).filter(message.state == "waiting"),
            ).where(message.state.in_(("waiting", "failed", "parked")))
        ).one()
        signs = session.execute(select(Heartbeat.name, Heartbeat.at, Heartbeat.detail)).all()
    pause = next((sign for sign in signs if sign.name == PAUSED), None)
    seen = max((sign.at for sign in signs if sign.name.startswith("worker:")), default=None)
    return Condition(*counts, pause.detail if pause else None, pause.at if pause else None, seen)


@dataclass(frozen=True, slots=True)
class Sending:
    """A message as staff sees it: what, to whom, how it went."""

    id: int
    kind: str
    recipient: str
    state: str
    attempts: int
    created_at: datetime
    not_before: datetime
    retry_at: datetime | None
    sent_at: datetime | None
    error: str
    reference: str | None  # of its appointment
    order: str | None  # its reference, where it is about an order

    @property
    def troubled(self) -> bool:
        """Whether somebody should look at it."""
        return self.state in ("failed", "parked") or (self.state == "waiting" and self.attempts > 0)


SHOWN = (
    OutboxMessage.id,
    OutboxMessage.kind,
    OutboxMessage.recipient,
    OutboxMessage.state,
    OutboxMessage.attempts,
    OutboxMessage.created_at,
    OutboxMessage.not_before,
    OutboxMessage.retry_at,
    OutboxMessage.sent_at,
    OutboxMessage.error,
    Appointment.reference,
    select(Order.reference).where(Order.id == OutboxMessage.order_id).scalar_subquery().label("order"),
)
OF_APPOINTMENT = Appointment.id == OutboxMessage.appointment_id
TROUBLED = or_(
    OutboxMessage.state.in_(("failed", "parked")), and_(OutboxMessage.state == "waiting", OutboxMessage.attempts > 0)
)


def troubles(limit: int = 100, *, scope: Scope = EVERYWHERE) -> list[Sending]:
    """List the messages that somebody should look at, the newest first."""
    return _sendings(and_(TROUBLED, _seen_by(scope)), limit)


def count_troubles(*, scope: Scope = EVERYWHERE) -> int:
    """Count the messages that somebody should look at."""
    query = select(func.count()).select_from(OutboxMessage).outerjoin(Appointment, OF_APPOINTMENT)
    with reading() as session:
        return session.scalar(query.where(TROUBLED, _seen_by(scope))) or 0


def _seen_by(scope: Scope) -> ColumnElement[bool]:
    """Keep to what is about a site of theirs; what is about no site is for those who see all."""
    of_order = select(Order.site_id).where(Order.id == OutboxMessage.order_id).scalar_subquery()
    of_link = select(Link.site_id).where(Link.id == OutboxMessage.link_id).scalar_subquery()
    return scope.limits(func.coalesce(Appointment.site_id, of_order, of_link))


def of_appointment(public_id: str, limit: int = 100) -> list[Sending]:
    """List an appointment's messages, the newest first."""
    return _sendings(Appointment.public_id == public_id, limit)


def _sendings(condition: ColumnElement[bool], limit: int) -> list[Sending]:
    query = select(*SHOWN).outerjoin(Appointment, OF_APPOINTMENT).where(condition)
    with reading() as session:
        return [Sending(*row) for row in session.execute(query.order_by(OutboxMessage.id.desc()).limit(limit))]


@retried
def resume() -> None:
    """End the pause of the queue at once: somebody has mended what the server refused."""
    with transaction() as session:
        end_pause(session)


def end_pause(session: Session) -> str | None:
    """Let the queue go on within the caller's transaction; give the reason of the pause, None where there was none."""
    query = delete(Heartbeat).where(Heartbeat.name == PAUSED).returning(Heartbeat.detail)
    reason: str | None = session.scalar(query)
    return reason
