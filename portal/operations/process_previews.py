"""What rules of booking come to before they are saved: from when on and until when can be booked, asked now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.openings import Schedule, is_open
from portal.domain.policy import Policy
from portal.domain.window import Window, window
from portal.extensions import reading
from portal.models import Planning, Pool, Resource, ResourcePlanning, ResourceSite, Service, Site
from portal.operations import bookables, place_cards
from portal.operations.bookables import Bookable
from portal.operations.place_cards import PlanningCard
from portal.operations.service_cards import ServiceCard


@dataclass(frozen=True, slots=True)
class Effect:
    """The window of what is booked at a site, under the rules as they are and as they are to be (``bookable``'s)."""

    bookable: Bookable
    before: Window
    after: Window

    @property
    def narrower(self) -> bool:
        """Whether less can be booked than before."""
        return _first(self.after) > _first(self.before) or self.after.last_day < self.before.last_day


def _first(bounds: Window) -> datetime:
    return bounds.earliest if bounds.earliest is not None else datetime.max.replace(tzinfo=UTC)


def of_site(key: str, rules: Mapping[str, Any], *, now: datetime) -> list[Effect]:
    """Compare the rules of a site with others, for all that is booked there; its own rules stay over both."""
    with reading() as session:
        found = _at_sites(session, Site.key == key)
        opened = _opened(session, found)
    return [_effect(one, Policy.of({**one.site.policy, **rules}, one.item.policy), opened, now) for one in found]


def of_planning(key: str, rules: Mapping[str, Any], *, now: datetime) -> list[Effect]:
    """Compare the rules of a planning with others, at each of its sites."""
    return _of_item(Planning, PlanningCard, key, rules, now)


def of_service(key: str, rules: Mapping[str, Any], *, now: datetime) -> list[Effect]:
    """Compare the rules of a service with others, at each of its sites."""
    return _of_item(Service, ServiceCard, key, rules, now)


def _of_item(model: Any, card: type, key: str, rules: Mapping[str, Any], now: datetime) -> list[Effect]:
    serving = select(Pool.site_id).join(model).where(model.key == key, Pool.active)
    with reading() as session:
        found = _at_sites(session, Site.id.in_(serving))
        opened = _opened(session, found)
    own = [one for one in found if isinstance(one.item, card) and one.item.key == key]
    return [_effect(one, Policy.of(one.site.policy, rules), opened, now) for one in own]


def _at_sites(session: Session, sites: Any) -> list[Bookable]:
    """List what can be booked at some sites, by their name: plannings, then services."""
    return sorted(bookables.all_of(session, sites), key=lambda one: one.site.name)


def _opened(session: Session, found: Sequence[Bookable]) -> Mapping[int, list[Schedule]]:
    """Give by site the hours that count for whether it is open: its plannings', and those that its resources use."""
    schedules: dict[int, list[Schedule]] = {one.site.id: [] for one in found}
    for one in found:
        if isinstance(one.item, PlanningCard):
            schedules[one.site.id].append(one.item.schedule)
    rows = session.execute(
        select(ResourceSite.site_id, Planning.id, Planning.revision)
        .join(ResourcePlanning, ResourcePlanning.resource_id == ResourceSite.resource_id)
        .join(Resource, Resource.id == ResourceSite.resource_id)
        .join(Planning, Planning.id == ResourcePlanning.planning_id)
        .where(ResourceSite.site_id.in_(schedules), Resource.active, Planning.active)
        .distinct()
    ).all()
    cards = place_cards.planning_cards(session, {row.id: row.revision for row in rows})
    for row in rows:
        schedules[row.site_id].append(cards[row.id].schedule)
    return schedules


def _effect(one: Bookable, policy: Policy, opened: Mapping[int, Sequence[Schedule]], now: datetime) -> Effect:
    def window_of(rules: Policy) -> Window:
        return window(rules, now, one.zone, lambda day: not is_open(opened[one.site.id], one.site.calendar, day))

    return Effect(replace(one, policy=policy), window_of(one.policy), window_of(policy))
