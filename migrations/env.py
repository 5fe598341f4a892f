"""Run the migrations on the database of the application, in one transaction each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import Connection

import portal.models  # noqa: F401 - fills the metadata
from portal.extensions import Model, db


def run(connection: Connection) -> None:
    """Apply what is missing, in one transaction each."""
    if connection.dialect.name == "postgresql":
        # Pages give up after five seconds; building an index on a large table may take longer.
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
        compare_type=True,
        user_module_prefix="portal.models.types.",
    )
    with context.begin_transaction():
        context.run_migrations()


@contextmanager
def without_foreign_keys(connection: Connection) -> Iterator[None]:
    """Let SQLite copy a table that others refer to: dropping the old one would take their rows with it.

    The pragma does nothing within a transaction, so it goes past SQLAlchemy, which would begin one.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.connection.cursor().execute("PRAGMA foreign_keys=ON")


with current_app.app_context(), db.engine.connect() as opened, without_foreign_keys(opened):
    run(opened)
