"""Whether the system is well: the facts that the staff's page, its warnings and the metrics are made of.

Everything here is read, nothing judged: what is good and what is not, and what to do, is said by the page.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from portal.extensions import db, migrate, reading, settings
from portal.models import Event, Heartbeat, OutboxMessage
from portal.operations import health, integrity, outbox
from portal.operations.integrity import Report
from portal.operations.outbox import Condition

WORKER = "worker:"
CHECKED_AT_ONCE = 50_000
"""Events up to which ``check`` answers while somebody waits; a longer history is for the command."""


@dataclass(frozen=True, slots=True)
class Database:
    """The database: its kind, version and size in bytes, its migration and the newest there is.

    ``free`` is the room left for an embedded one, in bytes. ``ahead`` is how far the clock of a server is ahead of
    ours; an embedded one has none of its own.
    """

    kind: str
    version: str
    size: int
    migration: str
    newest: str
    free: int | None
    ahead: timedelta | None

    @property
    def current(self) -> bool:
        """Whether all migrations are applied."""
        return self.migration == self.newest


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that was seen: machine and process, and when."""

    name: str
    seen: datetime


@dataclass(frozen=True, slots=True)
class Mails:
    """The queue, and how many mails left lately; ``due`` is since when the oldest that may leave waits."""

    queue: Condition
    sent_hour: int
    sent_day: int
    due: datetime | None


@dataclass(frozen=True, slots=True)
class State:
    """All of it."""

    version: str
    database: Database
    workers: Sequence[Worker]
    mails: Mails


def state(*, now: datetime, real_now: datetime) -> State:
    """Look at the database, the workers and the queue, in a fixed number of statements."""
    return State(version("creneau"), database(real_now), workers(), mails(now))


def database(real_now: datetime) -> Database:
    """Look at the database."""
    file = settings().sqlite_file
    embedded = db.engine.dialect.name == "sqlite"
    with reading() as session:
        found = session.scalar(text("SELECT sqlite_version()" if embedded else "SHOW server_version"))
        migration = session.scalar(text("SELECT version_num FROM alembic_version"))
        size = _file_size(file) if embedded else session.scalar(text("SELECT pg_database_size(current_database())"))
        ahead = None if embedded else _ahead(session, real_now)
    return Database(
        kind="SQLite" if embedded else "PostgreSQL",
        version=str(found).split()[0],
        size=size or 0,
        migration=migration or "",
        newest=health.newest(str(migrate.directory)) or "",
        free=shutil.disk_usage(file.parent).free if file is not None else None,
        ahead=ahead,
    )


def _file_size(file: Path | None) -> int:
    """Add up an embedded database and what it has not yet written into its file."""
    if file is None:
        return 0
    parts = (file, file.with_name(f"{file.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def _ahead(session: Session, real_now: datetime) -> timedelta:
    theirs: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return theirs.astimezone(UTC) - real_now


def workers() -> list[Worker]:
    """List the workers that left a sign of life within a day, the latest first."""
    query = select(Heartbeat.name, Heartbeat.at).where(Heartbeat.name.startswith(WORKER, autoescape=True))
    with reading() as session:
        rows = session.execute(query.order_by(Heartbeat.at.desc())).all()
    return [Worker(row.name.removeprefix(WORKER), row.at) for row in rows]


def mails(now: datetime) -> Mails:
    """Look at the queue."""
    sent, since = OutboxMessage.sent_at, now - timedelta(days=1)
    lately = select(func.count().filter(sent > now - timedelta(hours=1)), func.count()).where(sent > since)
    waiting = text("outbox.state = 'waiting'")  # literally as in its index
    due = select(func.min(OutboxMessage.not_before)).where(waiting, OutboxMessage.not_before <= now)
    with reading() as session:
        hour, day = session.execute(lately).one()
        oldest = session.scalar(due)
    return Mails(outbox.condition(), hour, day, oldest)


def check(*, now: datetime) -> Report | None:
    """Look for what must never be; None where the history is too long to wait for it."""
    with reading() as session:
        longest = session.scalar(select(func.max(Event.id))) or 0
    return integrity.check(now) if longest <= CHECKED_AT_ONCE else None
