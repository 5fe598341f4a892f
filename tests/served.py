"""The command line in processes of its own: short commands, the real web server, the real worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests import asking, forked
from tests.backends import KEYS, NOW, QUIET
from tests.children import Child, free_port
from tests.patience import until

CRENEAU = (sys.executable, "-c", "from portal.cli import main; main()")


class Served:
    """A web server that a test started: where it is, and the process."""

    def __init__(self, url: str, child: Child) -> None:
        self.url = url
        self.child = child

    def wait(self) -> None:
        """Wait until it answers that it is ready; fail with what it wrote when it does not."""
        until(self._ready_or_ended, self.child.said)
        assert self.child.alive, f"the server ended:\n{self.child.said()}"

    def _ready_or_ended(self) -> bool:
        return not self.child.alive or self.ready()

    def ready(self) -> bool:
        """Tell whether ``/readyz`` says so."""
        try:
            return asking.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False


class Commands:
    """Runs ``creneau`` on one database, in an otherwise empty environment and folder."""

    def __init__(self, database: str, folder: Path, *, most_blocks: int | None = None) -> None:
        self.folder = folder
        self.most_blocks = most_blocks  # of 512 bytes, that any file may have: a full disk
        self.environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "PYTHONTZPATH": "",
            "DATABASE_URL": database,
            "PUBLIC_URL": "http://127.0.0.1",
            "NOW": NOW.isoformat(),
            "ALLOW_FROZEN_CLOCK": "1",
            **KEYS,
            **QUIET,
        }

    def __call__(self, *words: str, told: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; ``told`` is its standard input. The caller looks at ``returncode``."""
        return forked.run(words, told=told, folder=self.folder, environ={**self.environ, **environ})

    @contextmanager
    def serve(self, workers: int = 2, **environ: str) -> Iterator[Served]:
        """Run ``creneau serve`` on a free port until the block ends."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        words = ["serve", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
        with self.running(*words, PUBLIC_URL=url, **environ) as child:
            served = Served(url, child)
            served.wait()
            yield served

    @contextmanager
    def running(self, *words: str, **environ: str) -> Iterator[Child]:
        """Run a command that does not end by itself, such as ``worker``, until the block ends."""
        child = self.start(words, environ)
        try:
            yield child
        except Exception as error:
            error.add_note(f"{' '.join(words)} wrote:\n{child.said()}")
            raise
        finally:
            child.stop()

    def start(self, words: tuple[str, ...], environ: Mapping[str, str]) -> Child:
        """Start a command and leave its end to the caller."""
        log = self.folder / f"{words[0]}-{time.monotonic_ns()}.log"
        environment = {**self.environ, **environ}
        limit = ["sh", "-c", f'ulimit -f {self.most_blocks}; exec "$@"', "limited"] if self.most_blocks else []
        return Child([*limit, *CRENEAU, *words], log=log, farewell=signal.SIGTERM, cwd=self.folder, env=environment)
