"""What is measured, on one kind of database: databases of several sizes, the portal's servers, the floors' server."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx

from bench import data, floors
from tests.backends import KEYS, NOW, QUIET, Backend
from tests.children import Child, descendants, free_port
from tests.postgres import Server
from tests.served import CRENEAU

WORKERS, THREADS = 2, 4
GUNICORN = (
    sys.executable,
    "-m",
    "gunicorn",
    "--worker-class",
    "gthread",
    "--workers",
    str(WORKERS),
    "--threads",
    str(THREADS),
)
ROOT = Path(__file__).parent.parent


class Running:
    """A server of several processes."""

    def __init__(self, child: Child, port: int) -> None:
        self.child = child
        self.port = port

    def megabytes(self) -> float:
        """Measure the largest worker's resident memory."""
        sizes = [_resident(pid) for pid in descendants(self.child.pid)]
        return max(sizes, default=0.0)


class Stage:
    """One kind of database with all that runs on it, each made when it is first asked for."""

    def __init__(self, name: str, folder: Path, postgres: Server | None) -> None:
        self.name = name
        self.folder = folder
        self.postgres = postgres
        self.running = ExitStack()
        self._backends: dict[str, Backend] = {}
        self._servers: dict[str, Running] = {}

    def backend(self, near: int, far: int = 0) -> Backend:
        """Give the portal on a database with that many appointments."""
        name = f"n{near}_{far}"
        if name not in self._backends:
            made = Backend(self._new(name))
            data.fill(made.app, near, far)
            self._backends[name] = made
        return self._backends[name]

    def empty(self, name: str) -> Backend:
        """Give the portal on a database of its own with nothing in it."""
        if name not in self._backends:
            self._backends[name] = Backend(self._new(name))
        return self._backends[name]

    def portal(self, near: int, far: int = 0, workers: int = WORKERS) -> Running:
        """Serve that portal as ``creneau serve`` does."""
        backend = self.backend(near, far)

        def start(port: int) -> list[str]:
            return [*CRENEAU, "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]

        return self._served(f"portal {near} {far} {workers}", start, backend.url, "/readyz")

    def floors(self) -> Running:
        """Serve the floors with the same settings of gunicorn."""
        url = self.backend(0).url

        def start(port: int) -> list[str]:
            return [*GUNICORN, "--bind", f"127.0.0.1:{port}", "bench.floors:application()"]

        if "floors" not in self._servers:
            app = floors.create_app(url)
            with app.app_context():
                floors.db.create_all()
                floors.db.engine.dispose()
        return self._served("floors", start, url, "/f1")

    def variant(self, near: int, name: str) -> Running:
        """Serve a variant of the portal that ``bench.variants`` makes, to see what a part of it costs."""

        def start(port: int) -> list[str]:
            return [*GUNICORN, "--bind", f"127.0.0.1:{port}", f"bench.variants:{name}()"]

        return self._served(f"variant {name}", start, self.backend(near).url, "/readyz")

    def close(self) -> None:
        """End every server, and close every connection."""
        self.running.close()
        for backend in self._backends.values():
            backend.close()

    def _new(self, name: str) -> str:
        if self.postgres is not None:
            return self.postgres.create(name)
        return f"sqlite:///{self.folder}/{name}.sqlite3"

    def _served(self, name: str, start: object, url: str, probe: str) -> Running:
        if name not in self._servers:
            port = free_port()
            assert callable(start)
            child = Child(
                start(port), log=self.folder / "log", farewell=signal.SIGTERM, cwd=ROOT, env=_environ(url, port)
            )
            self.running.callback(child.stop)
            self._servers[name] = Running(child, port)
            _await(f"http://127.0.0.1:{port}{probe}", child)
        return self._servers[name]


def _environ(url: str, port: int) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LC_ALL") if name in os.environ}
    return {
        **kept,
        **KEYS,
        **QUIET,
        "PYTHONTZPATH": "",
        "DATABASE_URL": url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "NOW": NOW.isoformat(),
        "ALLOW_FROZEN_CLOCK": "1",
    }


def _await(url: str, child: Child) -> None:
    last = time.monotonic() + 30
    while time.monotonic() < last and child.alive:
        try:
            if httpx.get(url, timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError(f"{url} does not answer:\n{child.said()}")


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
