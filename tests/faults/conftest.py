"""What the fault tests share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from portal.extensions import db
from portal.operations import integrity
from tests.faults import dock
from tests.faults.replay import replay


@pytest.fixture
def open_dock(do: Callable[..., Any], now: datetime) -> Callable[..., None]:
    """Open a dock: ``open_dock(slots=6)``, every day from 8 to 12, an hour each, every half hour."""
    return lambda **options: do(dock.build, now, **options)


@pytest.fixture
def sound(do: Callable[..., Any], now: datetime) -> Callable[[int], None]:
    """Check the whole history: ``sound(6)`` fails when more than 6 were ever present at once, or ``check`` objects."""

    def check(capacity: int) -> None:
        assert do(replay, capacity) == []
        assert do(integrity.check, now).breaches == ()

    return check


@pytest.fixture
def deadlocks(do: Callable[..., Any]) -> Callable[[], int]:
    """Count the deadlocks that the server has seen in this database; an embedded one cannot have any."""

    def count() -> int:
        with db.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                return 0
            connection.execute(text("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()"))
            query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            return int(connection.execute(text(query)).scalar_one())

    return lambda: do(count)
