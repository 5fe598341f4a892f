"""The portal on a real port, for a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.backends import Backend, close
from tests.children import free_port
from tests.clock import Clock

PATIENCE = 30  # seconds, for the last answers of a machine that is busy with other tests


class Site:
    """Where a browser finds the portal: its address, its application, its clock."""

    def __init__(self, url: str, app: Flask) -> None:
        self.url = url
        self.app = app
        self.clock = Clock(app)
        self.answering = Answering()
        self._settings = app.config["SETTINGS"]

    def begin(self) -> None:
        """Set the clock right for the next test."""
        self.app.config["SETTINGS"] = self._settings

    def rest(self) -> None:
        """Close every connection, once the last answers are given: one in use then would be closed by nobody."""
        with self.answering.none():
            close(self.app)


class Answering:
    """How many requests are being answered: a browser that is closed waits for none of them."""

    def __init__(self) -> None:
        self._number = 0
        self._changed = Condition()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count a request while it is answered."""
        with self._changed:
            self._number += 1
        try:
            yield
        finally:
            with self._changed:
                self._number -= 1
                self._changed.notify_all()

    @contextmanager
    def none(self) -> Iterator[None]:
        """Wait until no request is being answered, and let none begin during the block."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._number, PATIENCE), f"{self._number} requests hang"
            yield


class _Counting(WSGIRequestHandler):
    answering: Answering

    def run_wsgi(self) -> None:
        """Answer one request."""
        with self.answering.one():
            super().run_wsgi()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Leave pytest's output to pytest."""


@contextmanager
def live(backend: Backend) -> Iterator[Site]:
    """Serve an application on the test's database until the block ends."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    app = backend.build(public_url=url, testing=False)
    site = Site(url, app)
    handler = type("Handler", (_Counting,), {"answering": site.answering})
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
