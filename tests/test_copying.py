"""A portal moves from the embedded database to a server and back, with everything it holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text

from portal.extensions import Model, db, transaction
from portal.models import Region
from tests import sample
from tests.postgres import Server
from tests.served import Commands


@pytest.fixture
def elsewhere(database: str, postgres: Server, tmp_path: Path) -> Iterator[str]:
    """Give an empty database of the other kind."""
    if "postgresql" in database:
        tmp_path.chmod(0o700)
        yield f"sqlite:///{tmp_path}/other.sqlite3"
        return
    name = "copied"
    with postgres.connect() as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
    yield postgres.create(name)


@pytest.fixture
def busy(do, now) -> None:
    """Fill the portal with what a working one holds."""
    do(sample.docks)
    do(sample.order)
    do(sample.link)
    for number, hour in enumerate(("09:00", "10:00", "10:30")):
        do(sample.booked, f"2026-12-07 {hour}", now=now, number=number)
    do(sample.resource, "jean", plannings=("quais",), absences=[("2026-12-24T12:00", "2026-12-26T00:00")])
    do(sample.service)
    do(sample.booked, "2026-12-08 09:00", now=now, number=9, service="evaluation")
    do(part_before_its_whole)


def part_before_its_whole() -> None:
    """Make a region that lies in one that was made after it."""
    with transaction() as session:
        part, whole = Region(key="gironde", name="Gironde"), Region(key="sud-ouest", name="Sud-Ouest")
        session.add(part)
        session.flush()
        session.add(whole)
        session.flush()
        part.parent_id = whole.id


def content(url: str | None = None) -> dict[str, list[tuple[object, ...]]]:
    """Read every row of every table, as the portal reads them."""
    engine = db.engine if url is None else create_engine(url)
    with engine.connect() as connection:
        tables = {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in Model.metadata.sorted_tables
        }
    if url is not None:
        engine.dispose()
    return tables


def test_everything_arrives_as_it_was(creneau, do, busy, elsewhere):
    done = creneau("copy", elsewhere)
    assert done.returncode == 0, done.stderr
    found = do(content)
    assert done.stdout == f"rows copied: {sum(map(len, found.values()))}\n"
    assert content(elsewhere) == found


def test_the_copy_is_a_portal_that_goes_on(creneau, busy, elsewhere, tmp_path):
    assert creneau("copy", elsewhere).returncode == 0
    other = Commands(elsewhere, tmp_path)
    assert other("check").returncode == 0
    assert other("key", "add", "erp", "--scope", "read").returncode == 0
    assert other("link", "CMD-1042").returncode == 0


def test_what_is_in_use_is_not_written_over(creneau, busy, elsewhere):
    assert creneau("copy", elsewhere).returncode == 0
    again = creneau("copy", elsewhere)
    assert again.returncode == 1
    assert "the other database is not empty" in again.stderr


def test_a_database_that_is_not_there_is_said_in_a_line(creneau, busy):
    done = creneau("copy", "postgresql://nobody@127.0.0.1:1/nothing")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_its_numbers_go_on_after_the_highest(creneau, do, busy, elsewhere):
    if "postgresql" not in elsewhere:
        return
    assert creneau("copy", elsewhere).returncode == 0
    engine = create_engine(elsewhere)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT nextval(pg_get_serial_sequence('appointment', 'id'))")) == 5
    engine.dispose()
