"""What a calendar can be of, as one choice of its form: a planning, a service, everybody at a site, one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.admin.guard import scope
from portal.i18n import _, named
from portal.operations import calendar_subjects
from portal.operations.calendar_subjects import Subjects
from portal.web.months import first_of_last, first_of_next

WEEK, DAY, TEAM = "week", "day", "team"
MONTHS_BACK, MONTHS = 3, 12  # months to jump to


@dataclass(frozen=True, slots=True)
class Choice:
    """What is looked at, as the form says it."""

    value: str

    @classmethod
    def planning(cls, site: str, key: str) -> Choice:
        """Look at a planning at a site."""
        return cls(f"{site}/{key}")

    @classmethod
    def service(cls, site: str, key: str) -> Choice:
        """Look at a service at a site."""
        return cls(f"service:{site}/{key}")

    @classmethod
    def team(cls, site: str) -> Choice:
        """Look at everybody and everything at a site."""
        return cls(f"team:{site}")

    @classmethod
    def resource(cls, key: str) -> Choice:
        """Look at a person, a room or an asset."""
        return cls(f"resource:{key}")

    @property
    def narrowed(self) -> bool:
        """Whether kinds and the free times of a service narrow it."""
        return self.value.startswith(("team:", "resource:"))

    @property
    def address(self) -> dict[str, Any]:
        """Give what the address of the calendar says of it."""
        kind, found, rest = self.value.partition(":")
        if not found:
            site, _slash, planning = self.value.partition("/")
            return {"site": site, "planning": planning}
        if kind == "resource":
            return {"resource": rest}
        if kind == "team":
            return {"site": rest, "view": TEAM}
        site, _slash, service = rest.partition("/")
        return {"site": site, "service": service}


@dataclass(frozen=True, slots=True)
class Group:
    """Choices of a site under a heading: values with their words, and whether each is chosen."""

    title: str
    options: tuple[tuple[str, str, bool], ...]


def choices(chosen: Choice) -> list[Group]:
    """List what can be looked at, site by site: everybody, plannings, services, people, rooms and equipment."""
    sites = calendar_subjects.listing(scope())
    found = [_group(one, chosen, several=len(sites) > 1) for one in sites]
    return [one for one in found if one.options]


def _group(found: Subjects, chosen: Choice, *, several: bool) -> Group:
    site = found.site.key
    options = [(Choice.team(site), _("Team, rooms and equipment"))] if found.resources else []
    options += [(Choice.planning(site, one.item.key), named(one.item)) for one in found.plannings]
    options += [(Choice.service(site, one.item.key), named(one.item)) for one in found.services]
    options += [(Choice.resource(one.key), one.name) for one in found.resources]
    where = f", {found.site.name}" if several else ""
    return Group(found.site.name, tuple((one.value, f"{text}{where}", one == chosen) for one, text in options))


def months(day: date) -> Sequence[date]:
    """List the first days of the months around a day."""
    first = day.replace(day=1)
    for _number in range(MONTHS_BACK):
        first = first_of_last(first)
    found = [first]
    while len(found) < MONTHS:
        found.append(first_of_next(found[-1]))
    return found
