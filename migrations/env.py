"""Run the migrations on the database of the application, in one transaction each."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection

import portal.models  # noqa: F401 - fills the metadata
from portal.extensions import Model, db


def run(connection: Connection) -> None:
    """Apply what is missing; SQLite alters tables by copying them, so foreign keys rest meanwhile."""
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


with current_app.app_context(), db.engine.connect() as opened:
    run(opened)
