"""The portal on a real port, for a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.backends import Backend
from tests.children import free_port
from tests.clock import Clock


class Site:
    """Where a browser finds the portal: its address, its application, its clock."""

    def __init__(self, url: str, app: Flask) -> None:
        self.url = url
        self.app = app
        self.clock = Clock(app)
        self._settings = app.config["SETTINGS"]

    def begin(self) -> None:
        """Set the clock right for the next test."""
        self.app.config["SETTINGS"] = self._settings


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Leave pytest's output to pytest."""


@contextmanager
def live(backend: Backend) -> Iterator[Site]:
    """Serve an application on the test's database until the block ends."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    app = backend.build(public_url=url, testing=False)
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Silent)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Site(url, app)
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
