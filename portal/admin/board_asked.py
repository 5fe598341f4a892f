"""What the address of a day board looks at, and the addresses that keep it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import request, url_for

from portal.admin.calendar_places import DAY, TEAM, WEEK
from portal.domain.zones import parse_day, parse_instant
from portal.operations.staff_boards import KINDS
from portal.web.visit import KEY


@dataclass(frozen=True, slots=True)
class Looked:
    """What the address looks at; what cannot be read is as if it were not there.

    ``who`` and ``at`` are somebody and a free start, before it is said what for.
    """

    view: str
    site: str | None
    resource: str | None
    service: str | None
    kinds: tuple[str, ...]
    day: date | None
    who: str | None
    at: datetime | None
    whole: bool

    @classmethod
    def read(cls) -> Looked:
        """Read the address."""
        given = request.args
        keys = {name: given.get(name, "") for name in ("site", "resource", "service", "who")}
        known = {name: key if KEY.fullmatch(key) else None for name, key in keys.items()}
        view = given.get("view")
        kinds = tuple(kind for kind in KINDS if kind in given.getlist("kind"))
        return cls(
            view=view if view in (DAY, TEAM) else WEEK,
            kinds=kinds,
            day=parse_day(given.get("day")),
            at=parse_instant(given.get("at")),
            whole="whole" in given,
            **known,
        )

    @property
    def team(self) -> bool:
        """Whether everybody at a site is looked at."""
        return self.view == TEAM and self.resource is None

    @property
    def kept(self) -> dict[str, Any]:
        """What addresses of other days carry."""
        view = None if self.view == WEEK else self.view
        return {
            "site": self.site,
            "resource": self.resource,
            "service": self.service,
            "view": view,
            "kind": list(self.kinds) or None,
            "whole": 1 if self.whole else None,
        }

    @property
    def filters(self) -> list[tuple[str, str]]:
        """What another choice of the form keeps."""
        service = [("service", self.service)] if self.service is not None and (self.team or self.resource) else []
        return [*service, *(("kind", kind) for kind in self.kinds), *([("whole", "1")] if self.whole else [])]

    def url(self, **other: Any) -> str:
        """Give the address with something else."""
        return url_for("admin.calendar.show", **{**self.kept, **other})
