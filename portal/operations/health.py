"""Whether the portal is able to work: the database answers, and its schema is the one this version needs."""

from __future__ import annotations

from functools import cache

from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.extensions import migrate, reading


def missing() -> str:
    """Say what stands in the way of serving, or nothing."""
    try:
        with reading() as session:
            found = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError as error:
        return f"database: {type(error).__name__}"
    if found != newest(str(migrate.directory)):
        return "migrations: run creneau db upgrade"
    return ""


@cache
def newest(directory: str) -> str | None:
    """Name the newest migration of the folder."""
    return ScriptDirectory(directory).get_current_head()
