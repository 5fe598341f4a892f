"""What a change of a service means for the appointments to come, before it is saved: all stay as they were booked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from portal.domain.lifecycle import ACTIVE
from portal.extensions import reading
from portal.models import Appointment, Site
from portal.operations.services import Plan, Sheet, plan_of

TIMES = ("minutes", "buffer_before", "buffer_after", "reservation")
NEEDS = ("requires", "planning")


@dataclass(frozen=True, slots=True)
class Left:
    """A site at which the service is offered no more, and how many appointments to come are there."""

    site: str
    count: int


@dataclass(frozen=True, slots=True)
class ServiceEffect:
    """How many appointments to come keep their old length, what they have, or their place where it is left."""

    times: int
    needs: int
    retired: int
    left: Sequence[Left]

    @property
    def count(self) -> int:
        """How many a person should know of."""
        return max(self.times, self.needs, self.retired, sum(one.count for one in self.left))


NO_EFFECT = ServiceEffect(0, 0, 0, ())


def preview(sheet: Sheet, plan: Plan, *, now: datetime) -> ServiceEffect:
    """Compare a service with what it is to be. Nothing is read where nothing concerns what is booked."""
    old = plan_of(sheet)
    times, needs = (any(getattr(old, name) != getattr(plan, name) for name in names) for names in (TIMES, NEEDS))
    left = set(old.sites) - set(plan.sites)
    retired = old.active and not plan.active
    if not (times or needs or left or retired):
        return NO_EFFECT
    counted = _coming(sheet.id, now)
    total = sum(count for _key, _name, count in counted)
    lost = [Left(name, count) for key, name, count in counted if key in left]
    return ServiceEffect(total if times else 0, total if needs else 0, total if retired else 0, lost)


def _coming(service_id: int, now: datetime) -> Sequence[tuple[str, str, int]]:
    """Count a service's appointments to come, by site."""
    coming = and_(Appointment.service_id == service_id, Appointment.status.in_(ACTIVE), Appointment.ends_at > now)
    query = (
        select(Site.key, Site.name, func.count())
        .join_from(Appointment, Site, Site.id == Appointment.site_id)
        .where(coming)
        .group_by(Site.key, Site.name)
        .order_by(Site.name)
    )
    with reading() as session:
        return [(key, name, count) for key, name, count in session.execute(query)]
