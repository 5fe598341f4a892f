"""What every test may ask for: applications on both databases, a clock, counters, real processes, a mail server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.operations import transfer
from tests import sql
from tests.backends import NOW, Backend, Backends, memory
from tests.clock import Clock
from tests.crowd import crowd
from tests.mailbox import Mailbox, mail_server
from tests.postgres import Server, server
from tests.served import Commands, Served
from tests.spreading import spread

hypothesis.settings.register_profile(
    "ci", deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)  # no clock decides: the machine may be busy
hypothesis.settings.register_profile("thorough", parent=hypothesis.settings.get_profile("ci"), max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run ask for more than everyday's."""
    parser.addoption("--every-case", action="store_true", help="each case of a test on both databases, not in turns")


@pytest.hookimpl(trylast=True)  # of what -k and -m leave
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spread the cases of a test over both databases."""
    if not config.getoption("every_case"):
        items[:], left_out = spread(items)
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Run one PostgreSQL server for all the tests of this process; its databases are thrown away with it."""
    with server() as running:
        yield running


@pytest.fixture(scope="session")
def backends(request: pytest.FixtureRequest) -> Iterator[Backends]:
    """Make the applications of both databases, each when it is first used."""
    with TemporaryDirectory(prefix="creneau-sqlite-", dir=memory()) as folder:
        made = Backends(Path(folder), lambda: request.getfixturevalue("postgres").create("portal"))
        yield made
        made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest, backends: Backends) -> Iterator[Backend]:
    """Give one database after the other, with a clean slate: a test that asks for it runs on both."""
    chosen = backends[request.param]
    chosen.clean()
    yield chosen
    chosen.close_others()


@pytest.fixture
def database(backend: Backend) -> str:
    """Give the address of the test's database, empty but for its tables."""
    return backend.url


@pytest.fixture
def app(backend: Backend) -> Flask:
    """Give the application on the test's database, its clock at ``now``."""
    return backend.app


@pytest.fixture
def make_app(backend: Backend) -> Callable[..., Flask]:
    """Build applications with other settings on the same database.

    ``make_app(ratelimit_public="3 per minute")``
    """
    return backend.build


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Give a browser without a login; never call it inside an application context."""
    return app.test_client()


@pytest.fixture
def do(app: Flask) -> Callable[..., Any]:
    """Call operations, each in an application context of its own.

    ``do(appointments.book, wish, now=now)``
    """

    def call(operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with app.app_context():
            return operation(*args, **kwargs)

    return call


@pytest.fixture
def now() -> datetime:
    """Give the instant at which every test begins: Tuesday 1 December 2026, 9:00 in Paris."""
    return NOW


@pytest.fixture
def load(do: Callable[..., Any], now: datetime) -> Callable[[str], Any]:
    """Load a configuration into the test's database, as ``creneau load`` does."""
    return lambda configuration: do(transfer.load, configuration, now=now)


@pytest.fixture
def clock(app: Flask) -> Clock:
    """Move the portal's clock: ``clock.ahead(hours=2)``, ``clock.set(instant)``, ``clock.now``."""
    return Clock(app)


@pytest.fixture
def statements() -> Callable[..., AbstractContextManager[list[str]]]:
    """Count what a block asks of the database.

    ``with statements(at_most=4) as seen:``
    """
    return sql.counted


@pytest.fixture
def no_writes() -> Callable[[], AbstractContextManager[None]]:
    """Fail a block that writes to the database.

    ``with no_writes():``
    """
    return sql.read_only


@pytest.fixture
def processes(app: Flask) -> Callable[..., list[Any]]:
    """Race real processes: in each one, its number comes first.

    ``processes(50, book_one, start="...")`` calls ``book_one(number, start="...")`` and gives the answers by number.
    """
    return partial(crowd, app.config["SETTINGS"])


@pytest.fixture
def creneau(database: str, tmp_path: Path) -> Commands:
    """Run the command line in a process of its own: ``creneau("check").stdout``."""
    return Commands(database, tmp_path)


@pytest.fixture
def serve(creneau: Commands) -> Iterator[Callable[..., Served]]:
    """Start the real web server: ``serve(workers=2, MAIL_SERVER="127.0.0.1").url``."""
    with ExitStack() as running:
        yield lambda **options: running.enter_context(creneau.serve(**options))


@pytest.fixture
def smtp() -> Iterator[Mailbox]:
    """Run a mail server that keeps what it is sent in ``smtp.letters``; its port is ``smtp.port``."""
    with mail_server() as mailbox:
        yield mailbox
