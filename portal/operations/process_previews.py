"""What rules of booking come to before they are saved: from when on and until when can be booked, asked now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.openings import is_open
from portal.domain.policy import Policy
from portal.domain.window import Window, window
from portal.extensions import reading
from portal.models import Planning, Pool, Site
from portal.operations import bookables
from portal.operations.bookables import Bookable


@dataclass(frozen=True, slots=True)
class Effect:
    """The window of a planning at a site, under the rules as they are and as they are to be (``bookable``'s)."""

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
    """Compare the rules of a site with others, for each planning there; a planning's own stay over both."""
    with reading() as session:
        found = _at_sites(session, Site.key == key)
    return [_effect(one, Policy.of({**one.site.policy, **rules}, one.item.policy), found, now) for one in found]


def of_planning(key: str, rules: Mapping[str, Any], *, now: datetime) -> list[Effect]:
    """Compare the rules of a planning with others, at each of its sites."""
    serving = select(Pool.site_id).join(Planning).where(Planning.key == key, Pool.active)
    with reading() as session:
        found = _at_sites(session, Site.id.in_(serving))
    own = [one for one in found if one.item.key == key]
    return [_effect(one, Policy.of(one.site.policy, rules), found, now) for one in own]


def _at_sites(session: Session, sites: Any) -> list[Bookable]:
    """List what can be booked at some sites, by name: whether a day is open goes by all plannings of its site."""
    rows = session.execute(bookables.joined().where(sites).order_by(Site.name, Planning.name)).all()
    return bookables.from_rows(session, rows)


def _effect(one: Bookable, policy: Policy, found: Sequence[Bookable], now: datetime) -> Effect:
    schedules = [other.planning.schedule for other in found if other.site.id == one.site.id]

    def window_of(rules: Policy) -> Window:
        return window(rules, now, one.zone, lambda day: not is_open(schedules, one.site.calendar, day))

    return Effect(replace(one, policy=policy), window_of(one.policy), window_of(policy))
