"""The libraries wired once, and the only two doors to the database: ``reading()`` and ``transaction()``."""

from __future__ import annotations

import fcntl
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from pathlib import Path
from typing import IO, Any, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

from flask import Flask, current_app
from flask_babel import Babel
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Connection, Engine, MetaData, TextClause, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import ConnectionPoolEntry

from portal.config import BadSetting, Settings
from portal.domain.errors import Busy

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

TRIES = 5
BACKOFF = 0.010  # seconds, doubled at each try
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Model(DeclarativeBase):
    """The base of every table, with constraint names that migrations can rely on."""

    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Model, disable_autonaming=True)
migrate = Migrate()
babel = Babel()
login = LoginManager()
csrf = CSRFProtect()


def settings() -> Settings:
    """Give the settings of the running application."""
    return cast(Settings, current_app.config["SETTINGS"])


def connect(app: Flask, migrations: Path) -> None:
    """Bind the database of the settings to the application, and prepare both kinds of transaction."""
    given: Settings = app.config["SETTINGS"]
    app.config["SQLALCHEMY_DATABASE_URI"] = given.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _sqlite_options() if _is_sqlite(given) else _postgresql_options()
    if (file := given.sqlite_file) is not None:
        _keep_private(file)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(migrations), render_as_batch=True)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _prepare_sqlite)
            event.listen(db.engine, "begin", _begin_sqlite)


def _is_sqlite(given: Settings) -> bool:
    return given.database_url.startswith("sqlite")


def _sqlite_options() -> dict[str, Any]:
    # isolation_level None stops pysqlite from opening transactions of its own, behind our BEGIN IMMEDIATE.
    return {
        "hide_parameters": True,
        "connect_args": {"isolation_level": None, "timeout": 10, "check_same_thread": False},
    }


def _postgresql_options() -> dict[str, Any]:
    options = (
        "-c TimeZone=UTC -c statement_timeout=5s -c lock_timeout=3s -c default_transaction_isolation=read\\ committed"
    )
    return {
        "hide_parameters": True,  # a message of the database would put addresses into the log
        "pool_pre_ping": False,
        "pool_recycle": 1800,
        "pool_size": 8,
        "max_overflow": 8,
        "pool_timeout": 3,
        "connect_args": {"options": options, "connect_timeout": 5},
    }


def _keep_private(file: Path) -> None:
    """Make an embedded database ours alone; a customer's address is nobody else's business.

    Raises BadSetting when others of this machine can read the file that is there, or its folder.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600, exist_ok=True)
    for path, wanted in ((file.parent, "700"), (file, "600")):
        if path.stat().st_mode & 0o077:
            raise BadSetting(
                f"DATABASE_URL: others of this machine can open {path}. Make it yours: chmod {wanted} {path}"
            )


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=10000",
        "foreign_keys=ON",
        "cache_size=-16000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("reads") or options.get("isolation_level") == "AUTOCOMMIT":
        return
    _set_durability(connection, "NORMAL" if options.get("repeatable") else "FULL")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("immediate") else "BEGIN")


def _set_durability(connection: Connection, wanted: str) -> None:
    """Choose whether a commit waits for the disk; a killed process loses nothing either way, a power cut may."""
    if connection.info.get("synchronous", "FULL") != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
        connection.info["synchronous"] = wanted


_engines: WeakKeyDictionary[Engine, dict[str, Engine]] = WeakKeyDictionary()


def _engine(**options: Any) -> Engine:
    """Give the database's engine with these options, made once."""
    engine = db.engine
    known = _engines.setdefault(engine, {})
    name = repr(options)
    if name not in known:
        known[name] = engine.execution_options(**options)
    return known[name]


def _reader() -> Engine:
    # An embedded database is in no transaction until it is told to begin one; to be told so costs it a statement.
    embedded = db.engine.dialect.name == "sqlite"
    return _engine(reads=True) if embedded else _engine(isolation_level="AUTOCOMMIT")


class Line(Session):
    """A session that asks for its connection once: to ask for each statement costs as much as a small one."""

    _line: Connection | None = None

    def connection(self, *asked: Any, **options: Any) -> Connection:
        """Give the connection of all its life."""
        if self._line is None:
            self._line = super().connection(*asked, **options)
        return self._line


@contextmanager
def reading() -> Iterator[Session]:
    """Open a session that only reads: each statement sees what is committed, and nothing is locked or begun.

    READ COMMITTED gives every statement its own snapshot anyway, so autocommit loses nothing and saves two round
    trips a page.
    """
    with Line(_reader(), autoflush=False, expire_on_commit=False) as session:
        yield session


_open: ContextVar[bool] = ContextVar("creneau_transaction_open", default=False)

UPSERT = (
    "INSERT INTO ledger (key, seq) VALUES {rows} "
    "ON CONFLICT (key) DO UPDATE SET seq = ledger.seq + 1 RETURNING key, seq"
)


class Transaction(Line):
    """A session that writes; ``ledger`` gives the sequence number that each of its keys reached."""

    ledger: Mapping[str, int]


@contextmanager
def transaction(keys: Sequence[str] = (), *, repeatable: bool = False) -> Iterator[Transaction]:
    """Write in one transaction: take ``keys`` first, sorted, then yield; commit at the end or roll all back.

    The keys are rows of the ledger. Taking them by an upsert, in one order, is what serialises the bookings that
    could collide: nobody else can pass their first statement until this transaction ends. Transactions do not nest.

    ``repeatable``: what is written may be done again without harm, so an embedded database need not wait for its disk.
    """
    if _open.get():
        raise RuntimeError("transactions do not nest: one use case owns the whole write")
    mark = _open.set(True)
    try:
        with ExitStack() as stack:
            stack.enter_context(_fair_turn())
            writer = _engine(immediate=True, repeatable=repeatable)
            session = stack.enter_context(Transaction(writer, expire_on_commit=False))
            with session.begin():
                session.ledger = take(session, keys)
                yield session
    finally:
        _open.reset(mark)


def take(session: Session, keys: Sequence[str]) -> Mapping[str, int]:
    """Lock the ledger rows of ``keys`` in sorted order and give each one's new sequence number."""
    if not (ordered := sorted(set(keys))):
        return {}
    values = {f"k{place}": key for place, key in enumerate(ordered)}
    return {row.key: row.seq for row in session.connection().execute(_upsert(len(ordered)), values)}


@cache
def _upsert(number: int) -> TextClause:
    return text(UPSERT.format(rows=", ".join(f"(:k{place}, 1)" for place in range(number))))


@contextmanager
def _fair_turn() -> Iterator[None]:
    """Queue the writers of an embedded database at a file: SQLite's own waiting is not fair under load."""
    if (file := settings().sqlite_file) is None:
        yield
        return
    with _turn_file(file.with_name(file.name + ".turn")) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _turn_file(path: Path) -> Iterator[IO[str]]:
    with path.open("a") as handle:
        path.chmod(0o600)
        yield handle


RETRIED_STATES = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock timeout
RETRIED_KEYS = ("idempotency", "appointment.reference", "uq_appointment_reference", "uq_appointment_public_id")
"""Unique keys whose violation is a race or bad luck in drawing: the second run finds the row, or draws again.

The public id is drawn by a place that is held for a form, after which it is named: two holds of it may race.
"""


def retried(function: Callable[P, R]) -> Callable[P, R]:
    """Run a whole use case again when the database asks for it; after five tries raise ``Busy``."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(TRIES):
            try:
                return function(*args, **kwargs)
            except (DBAPIError, StaleDataError) as error:
                if not worth_retrying(error):
                    raise
                log.info("database asked to try again", extra={"attempt": attempt + 1, "error": type(error).__name__})
                time.sleep(random.uniform(0, BACKOFF * 2**attempt))  # noqa: S311 - spreads retries, guards nothing
        raise Busy(retry_after=2)

    return run


def worth_retrying(error: Exception) -> bool:
    """Tell whether the same work may succeed when done again."""
    if isinstance(error, StaleDataError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if getattr(error.orig, "sqlstate", None) in RETRIED_STATES:
        return True
    if isinstance(error, IntegrityError):
        return any(key in str(error.orig) for key in RETRIED_KEYS)
    return "database is locked" in str(error.orig) or "database table is locked" in str(error.orig)
