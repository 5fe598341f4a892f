"""Everything from one database into another: how a portal grows from the embedded one to a server, or comes back."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, Table, func, insert, select, text

from portal.domain.errors import StateChanged
from portal.extensions import Model, db

CHUNK = 1000  # rows written in one statement


def copy(target: Engine) -> int:
    """Copy every row of the portal's database into another that has the same tables, and count them.

    One transaction reads and one writes, so that the copy is whole and of one moment, or nothing. Raises StateChanged
    when the other database is not empty, or when it holds another number of rows at the end.
    """
    with db.engine.connect() as source, target.connect() as copied:
        _see_one_moment(source)
        with copied.begin():
            _refuse_unless_empty(copied)
            rows = sum(_copy_table(source, copied, table) for table in Model.metadata.sorted_tables)
            _go_on_counting(copied)
    return rows


def _see_one_moment(source: Connection) -> None:
    """Read what is committed now, whatever others write meanwhile; a large table may take long."""
    if source.dialect.name == "postgresql":
        source.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        source.exec_driver_sql("SET LOCAL statement_timeout = 0")


def _refuse_unless_empty(copied: Connection) -> None:
    if copied.dialect.name == "postgresql":
        copied.exec_driver_sql("SET LOCAL statement_timeout = 0")
    for table in Model.metadata.sorted_tables:
        if copied.execute(select(table).limit(1)).first() is not None:
            raise StateChanged(problem="not_empty", table=table.name)


def _copy_table(source: Connection, copied: Connection, table: Table) -> int:
    rows = source.execution_options(yield_per=CHUNK).execute(select(table))
    for some in rows.mappings().partitions():
        copied.execute(insert(table), [dict(row) for row in some])
    expected, found = _count(source, table), _count(copied, table)
    if expected != found:
        raise StateChanged(problem="incomplete", table=table.name)
    return found


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _go_on_counting(copied: Connection) -> None:
    """Let PostgreSQL number new rows from where the copied ones end; SQLite does so by itself."""
    if copied.dialect.name != "postgresql":
        return
    for table in Model.metadata.sorted_tables:
        if "id" in table.c and (sequence := _sequence(copied, table)):
            highest = copied.execute(select(func.max(table.c.id))).scalar()
            if highest is not None:
                copied.execute(select(func.setval(sequence, highest)))


def _sequence(copied: Connection, table: Table) -> str | None:
    name = copied.dialect.identifier_preparer.format_table(table)
    found: str | None = copied.execute(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": name}).scalar()
    return found
