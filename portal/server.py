"""The web server: gunicorn with threads, in this very process and its children."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from prometheus_client import multiprocess, values

from portal import jobs
from portal.app import create_app
from portal.config import Settings
from portal.operations import usage

THREADS = 4
PATIENCE = 30  # seconds: for a request, and for those in hand when the server ends
WRITING = 60.0  # seconds between two writings of what was noted in the memory of a process

log = logging.getLogger(__name__)


class QuietLogger(Logger):
    """Sends gunicorn's messages the way of all others, without what could be an address or a token."""

    def setup(self, cfg: Any) -> None:
        """Prepare logging, in the master and again when it is reloaded."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.filters.clear()
        self.error_log.addFilter(_discreet)
        self.error_log.propagate = True


def _discreet(record: logging.LogRecord) -> bool:
    """Keep what went wrong and drop where: from a warning on, gunicorn names paths and addresses."""
    if record.levelno >= logging.WARNING:
        record.msg, record.args = str(record.msg).replace("%s", "..."), ()
    return True


class Server(BaseApplication):
    """Gunicorn with our settings; every worker builds an application of its own, and so shares no connection."""

    def __init__(self, given: Settings, **options: Any) -> None:
        self._given = given
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Take our settings; gunicorn's own files and variables are not read."""
        common = {
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": PATIENCE,
            "graceful_timeout": PATIENCE,
            "accesslog": None,
            "logger_class": QuietLogger,
            "proc_name": "creneau",
            "control_socket_disable": True,
        }
        for name, value in {**common, **self._options}.items():
            if name in self.cfg.settings:  # the last one came with gunicorn 25
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application of a worker."""
        return create_app(self._given)


class Scribe:
    """Writes down what a web process noted while pages were looked at: every minute, and once when it ends.

    A thread of its own, for a GET writes nothing. What cannot be written stays noted for the next time.
    """

    def __init__(self, app: Flask, seconds: float = WRITING) -> None:
        self._app = app
        self._seconds = seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="scribe", daemon=True)

    def begin(self) -> None:
        """Start writing."""
        self._thread.start()

    def end(self) -> None:
        """Write once more, and end."""
        self._ended.set()
        self._thread.join(PATIENCE)

    def _work(self) -> None:
        while not self._ended.wait(self._seconds):
            self._write()
        self._write()

    def _write(self) -> None:
        try:
            with self._app.app_context():
                usage.write()
        except Exception as error:  # noqa: BLE001 - whatever the database says, the next minute is another try
            log.warning("what was noted could not be written down", extra={"error": type(error).__name__})


def serve(given: Settings, *, host: str, port: int, workers: int, threads: int) -> None:
    """Serve until SIGTERM, then finish what is in hand."""
    counted = _count_together()
    scribes: list[Scribe] = []  # each process has its own copy, with its own scribe

    def begin(worker: Any) -> None:
        scribes.append(Scribe(worker.app.wsgi()))
        scribes[-1].begin()

    def end(_server: Any, _worker: Any) -> None:
        for scribe in scribes:
            scribe.end()

    def forget(_server: Any, worker: Any) -> None:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # as below

    def clean(_server: Any) -> None:
        shutil.rmtree(counted, ignore_errors=True)

    hooks = {"post_worker_init": begin, "worker_exit": end, "child_exit": forget, "on_exit": clean}
    Server(given, bind=_bind(host, port), workers=workers, threads=threads, **hooks).run()


def serve_with_jobs(given: Settings, *, host: str, port: int) -> None:
    """Serve, and do the worker's jobs in the same process."""
    stopping = threading.Event()
    running: list[Callable[[], None]] = []

    def begin(worker: Any) -> None:
        scheduler, scribe = jobs.start(worker.app.wsgi(), stopping), Scribe(worker.app.wsgi())
        scribe.begin()
        running.extend((scheduler.shutdown, scribe.end))

    def end(_server: Any, _worker: Any) -> None:
        stopping.set()
        for shutdown in running:
            shutdown()

    quiet = {"loglevel": "warning", "workers": 1, "threads": 8}
    Server(given, bind=_bind(host, port), post_worker_init=begin, worker_exit=end, **quiet).run()


def check_free(host: str, port: int) -> None:
    """Refuse a port on which somebody listens already: gunicorn would try for five seconds first. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _bind(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _count_together() -> Path:
    """Let the workers count into one folder of files, which ``/metrics`` of any of them adds up."""
    folder = Path(tempfile.mkdtemp(prefix="creneau-metrics-"))
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    # The library chose when it was imported; counters get their values at the first request, which is yet to come.
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
    return folder
