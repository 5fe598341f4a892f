"""The first step of booking a service for somebody: about what, narrowed by topic, kind and region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import ngettext

from portal.admin.callers import Caller
from portal.admin.filters import asked_filters
from portal.admin.guard import scope
from portal.i18n import _, named, sentence
from portal.operations import staff_services
from portal.operations.staff_services import Filter, Topic
from portal.web.offering import detail_of, way_of

FILTERS = ("group", "mode", "region")


@dataclass(frozen=True, slots=True)
class TopicLink:
    """A service to choose."""

    name: str
    detail: str
    url: str


@dataclass(frozen=True, slots=True)
class TopicGroup:
    """A topic with its services; without a name, those of no topic."""

    key: str
    name: str
    services: tuple[TopicLink, ...]


@dataclass(frozen=True, slots=True)
class TopicList:
    """The services to choose from, and what they may be narrowed by: values with their words."""

    groups: tuple[TopicGroup, ...]
    topics: Sequence[tuple[str, str]]
    modes: Sequence[tuple[str, str]]
    regions: Sequence[tuple[str, str]]
    chosen: dict[str, Any]

    @property
    def urls(self) -> list[str]:
        """The addresses of all of them."""
        return [service.url for group in self.groups for service in group.services]

    @property
    def narrowed(self) -> bool:
        """Whether any is left out."""
        return bool(self.chosen)

    @property
    def filters(self) -> bool:
        """Whether there is anything to narrow them by."""
        return max(len(self.topics), len(self.modes), len(self.regions) + 1) > 1


def asked(caller: Caller, site: str | None) -> TopicList:
    """List the services for the caller by the filters in the address."""
    chosen = asked_filters(FILTERS, request.args)
    found = staff_services.topics(Filter(**chosen), scope=scope(), site=site)
    kept = {name: value for name, value in chosen.items() if name == "region"} | ({"site": site} if site else {})
    groups = [(one.key, named(one)) for one in found.groups]
    sections = [*groups, ("", _("Other services") if groups else "")]
    return TopicList(
        tuple(
            TopicGroup(key, name, links)
            for key, name in sections
            if (links := tuple(_link(one, caller, kept) for one in found.found if (one.service.group or "") == key))
        ),
        groups,
        [(mode, sentence(way_of(mode))) for mode in found.modes],
        [(one.key, one.name) for one in found.regions],
        chosen,
    )


def _link(topic: Topic, caller: Caller, kept: dict[str, Any]) -> TopicLink:
    where = topic.sites[0].name if len(topic.sites) == 1 else _sites(len(topic.sites))
    url = url_for("admin.service_phone.who", service=topic.service.key, **caller.named, **kept)
    return TopicLink(named(topic.service), f"{detail_of(topic.service)} · {where}", url)


def _sites(number: int) -> str:
    return str(ngettext("%(num)s site", "%(num)s sites", number))
