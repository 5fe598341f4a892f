"""What a person at the screen does not see, and a test must: errors of scripts, of the policy, of requests."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

# Chromium reports every answer of 400 and more as an error; refusals in words are answers like others.
REFUSAL = re.compile(
    r"Failed to load resource: the server responded with a status of 4\d\d|htmx:(responseError|afterRequest)"
)
PAGES = ("document", "xhr", "fetch")


class Watch:
    """Collects in ``wrongs`` what went wrong behind the pages of a browser context."""

    def __init__(self, context: BrowserContext, *homes: str) -> None:
        self.homes = homes
        self.wrongs: list[str] = []
        context.on("console", self._console)
        context.on("weberror", self._script)
        context.on("requestfailed", self._failed)
        context.on("request", self._request)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # Violations of the content security policy arrive here too.
        if message.type in ("error", "warning") and not REFUSAL.search(message.text):
            self.wrongs.append(f"console {message.type}: {message.text}")

    def _script(self, error: WebError) -> None:
        self.wrongs.append(f"script error: {error.error}")

    def _failed(self, request: Request) -> None:
        # A download, or a page left while it loads, is an aborted request.
        if request.failure != "net::ERR_ABORTED":
            self.wrongs.append(f"request failed: {request.method} {request.url}: {request.failure}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((*self.homes, "data:", "blob:", "about:")):
            self.wrongs.append(f"another host: {request.url}")

    def _response(self, response: Response) -> None:
        broken = response.status >= 500
        missing = response.status >= 400 and response.request.resource_type not in PAGES
        if broken or missing:
            self.wrongs.append(f"{response.status}: {response.request.method} {response.url}")
