"""The two databases of the tests: one application each for the whole run, its tables emptied before every test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, has_app_context
from flask.testing import FlaskClient
from flask_migrate import upgrade
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import event
from werkzeug.test import TestResponse

from portal.app import create_app
from portal.config import Settings
from portal.extensions import Model, db

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)  # a Tuesday, 9:00 in Paris
KEYS = {
    "SECRET_KEY": "0b7c41f6a93d4e28b5d0c6179e82fa34",
    "LINK_KEY": "e4a9170c5db84f2396c8b1d27f03a65e",
}
QUIET = {"RATELIMIT_PUBLIC": "", "RATELIMIT_KEY": ""}  # every test comes from one address
CHEAP: dict[str, Any] = {"password_memory": 32, "password_rounds": 1}  # argon2id all the same, in no time
ROOM = 512 * 1024 * 1024  # bytes
SITE = "http://localhost"  # where Flask's test client pretends to be


class CarefulClient(FlaskClient):
    """Flask's test client, refusing the mistake that lets a stranger in.

    Called inside an application context, every request would share its ``g`` and so the login kept there.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request."""
        assert not has_app_context(), "never call the test client inside an application context"
        kwargs.setdefault("buffered", True)  # reads and closes: a static file would stay open
        return super().open(*args, **kwargs)


class Compiled(BytecodeCache):
    """Keeps templates that one application has compiled for the others: each would take seconds for all of them."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what is kept."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


class Backend:
    """One application on one migrated database, used again by test after test."""

    def __init__(self, url: str) -> None:
        environ = {**KEYS, **QUIET, "DATABASE_URL": url, "PUBLIC_URL": SITE}
        self.url = url
        self.settings = replace(Settings.from_env(environ), now=NOW, testing=True, **CHEAP)
        self._others: list[Flask] = []
        self.app = self._build(self.settings)
        with self.app.app_context():
            upgrade()

    def build(self, **changes: Any) -> Flask:
        """Build an application on this database; ``changes`` are settings that differ."""
        self._others.append(self._build(replace(self.settings, **changes)))
        return self._others[-1]

    def close_others(self) -> None:
        """Close the connections of the applications that a test built."""
        while self._others:
            close(self._others.pop())

    def close(self) -> None:
        """Close every connection."""
        self.close_others()
        close(self.app)

    def clean(self) -> None:
        """Empty every table and set the clock right."""
        self.app.config["SETTINGS"] = self.settings
        with self.app.app_context(), db.engine.execution_options(immediate=True).begin() as connection:
            cursor = connection.connection.cursor()  # SQLAlchemy would take longer than the database
            for statement in _emptying(connection.dialect.name):
                cursor.execute(statement)
            cursor.close()

    @staticmethod
    def _build(settings: Settings) -> Flask:
        app = create_app(settings)
        app.test_client_class = CarefulClient
        app.jinja_env.bytecode_cache = COMPILED
        with app.app_context():
            if db.engine.dialect.name == "sqlite":
                event.listen(db.engine, "connect", _disorder)
        return app


def _disorder(connection: Any, _entry: object) -> None:
    """Give rows in the other direction wherever no order is asked for: who counts on one is found out here."""
    connection.execute("PRAGMA reverse_unordered_selects=ON")


@cache
def _emptying(dialect: str) -> list[str]:
    """Write what empties every table; a server is asked once for all of it."""
    each = [f"DELETE FROM {table.name}" for table in reversed(Model.metadata.sorted_tables)]  # noqa: S608 - our names
    return each if dialect == "sqlite" else ["; ".join(each)]


def close(app: Flask) -> None:
    """Close an application's connections; it may open others."""
    with app.app_context():
        db.engine.dispose()


def memory() -> Path | None:
    """Find a folder in memory, with room in it: the tests' SQLite waits for its disk thousands of times otherwise.

    The product writes as ever, with ``synchronous=FULL``; no test cuts the power, and those that fill the disk or kill
    an embedded database's processes make databases of their own.
    """
    folder = Path("/dev/shm")  # noqa: S108 - TemporaryDirectory follows
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        return None
    return folder if shutil.disk_usage(folder).free > ROOM else None


class Backends:
    """Makes each backend when it is first asked for, so that a run without databases starts none."""

    def __init__(self, folder: Path, new_database: Callable[[], str]) -> None:
        self._urls = {"sqlite": lambda: f"sqlite:///{folder}/portal.sqlite3", "postgresql": new_database}
        self._made: dict[str, Backend] = {}

    def __getitem__(self, name: str) -> Backend:
        if name not in self._made:
            self._made[name] = Backend(self._urls[name]())
        return self._made[name]

    def close(self) -> None:
        """Close every connection of every backend that was made."""
        for backend in self._made.values():
            backend.close()
