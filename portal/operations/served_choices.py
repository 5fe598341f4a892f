"""What lists of appointments may be filtered by beside sites and plannings: services, and the people who serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.domain.fields import Words
from portal.extensions import reading
from portal.models import Pool, Resource, ResourceSite, Service
from portal.operations.scopes import EVERYWHERE, Scope


@dataclass(frozen=True, slots=True)
class Choices:
    """Services with their names by language, and people with their names: by their keys."""

    services: Sequence[tuple[str, Words]]
    people: Sequence[tuple[str, str]]


def choices(*, scope: Scope = EVERYWHERE) -> Choices:
    """List the services that are or were offered at the sites somebody works for, and the people there."""
    offered = select(Pool.service_id).where(Pool.service_id.is_not(None), scope.limits(Pool.site_id))
    there = select(ResourceSite.resource_id).where(scope.limits(ResourceSite.site_id))
    services = select(Service.key, Service.name).where(Service.id.in_(offered)).order_by(Service.key)
    people = select(Resource.key, Resource.name).where(Resource.kind == "staff", Resource.id.in_(there))
    with reading() as session:
        return Choices(
            [(row.key, row.name) for row in session.execute(services)],
            [(row.key, row.name) for row in session.execute(people.order_by(Resource.name, Resource.key))],
        )
