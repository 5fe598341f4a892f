"""Hours of a planning that are reserved to some services: to which they may be, and whether these are there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid
from portal.domain.fields import Words
from portal.domain.openings import Opening, Schedule
from portal.extensions import reading
from portal.models import Pool, Service, Site


def of(schedule: Schedule) -> frozenset[str]:
    """Give the keys of the services that any hours of a planning are reserved to."""
    weeks = (openings for version in schedule.versions for openings in version.week.values())
    every = chain(chain.from_iterable(weeks), chain.from_iterable(schedule.exceptions.values()))
    return frozenset(key for opening in every for key in opening.services)


def choices(sites: Collection[str], also: Collection[str] = ()) -> dict[str, Words]:
    """Give the names of the services in use at these sites, and ``also`` of those with these keys, by key."""
    in_use = and_(Site.key.in_(sites), Pool.active, Service.active)
    here = select(Pool.service_id).join(Site, Site.id == Pool.site_id).join(Service, Service.id == Pool.service_id)
    wanted = or_(Service.id.in_(here.where(in_use)), Service.key.in_(also))
    with reading() as session:
        rows = session.execute(select(Service.key, Service.name).where(wanted).order_by(Service.key)).all()
    return {row.key: row.name for row in rows}


def check(session: Session, openings: Iterable[Opening]) -> None:
    """Refuse hours that are reserved to a service that there is not. Raises Invalid."""
    keys = {key for opening in openings for key in opening.services}
    if not keys:
        return
    unknown = keys - set(session.scalars(select(Service.key).where(Service.key.in_(keys))))
    if unknown:
        raise Invalid(field="services", problem="unknown_service", value=min(unknown))
