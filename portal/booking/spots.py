"""What a guest's page is about, and the addresses of its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.domain.errors import NotFound
from portal.operations.holds import Place
from portal.operations.wanting import Heard
from portal.web.paths import Paths
from portal.web.visit import KEY, Visit

RESERVED = "planning"
"""The word in the addresses of plannings: no service is called so."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A planning or a service at a site, by their keys."""

    site: str
    planning: str | None = None
    service: str | None = None

    @classmethod
    def of(cls, site: str, *, planning: str | None = None, service: str | None = None) -> Spot:
        """Take keys from an address. Raises NotFound for what cannot be one, before any database is asked."""
        key = planning or service or ""
        if not (KEY.fullmatch(site) and KEY.fullmatch(key)) or service == RESERVED:
            raise NotFound
        return cls(site, planning, service)

    @property
    def where(self) -> dict[str, Any]:
        """Say it as the operations take it."""
        return {"site": self.site, "planning": self.planning, "service": self.service}

    def paths(self, asked: Visit, *, keeps: bool = False, waits: bool = True) -> Paths:
        """Give the addresses of the steps of a visit.

        ``keeps``: choosing a start holds its place; ``waits``: full days may be waited for, whoever is free then.
        """
        if self.service is not None:
            values: dict[str, Any] = {"site": self.site, "service": self.service, **asked.carried, **asked.asks}
            pages = ("guest.service", "guest.service_details", "guest.service_hold", "waiting.service")
        else:
            values = {"site": self.site, "key": self.planning, **asked.carried}
            pages = ("guest.planning", "guest.details", "guest.hold", "waiting.guest")
        page, step, keep, wait = pages
        keeping, waiting = keep if keeps else None, wait if waits else None
        return Paths(page, step, {**values, **asked.tokens}, keep=keeping, wait=waiting)

    def place(self, asked: Visit, heard: Heard) -> Place:
        """Say what a form of this page holds."""
        return Place(
            **self.where,
            continuation=asked.c,
            resources=heard.keys,
            quantity=heard.quantity,
            iterations=heard.iterations,
        )
