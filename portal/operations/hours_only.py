"""Plannings that nobody books: they only give people, rooms and equipment their hours, and have no places to fill."""

from __future__ import annotations

from sqlalchemy import and_, exists, func, select

from portal.models import Planning, ResourcePlanning, Service

ONLY_HOURS = and_(
    exists().where(ResourcePlanning.planning_id == Planning.id).correlate(Planning),
    ~exists().where(Service.planning_id == Planning.id).correlate(Planning),
    ~Planning.guests,
    func.json_array_length(Planning.kinds) == 0,
)
"""Whether a row of the table is one of them: somebody has its hours, and neither guests, links nor services book it."""

WHOSE = (
    select(func.count())
    .select_from(ResourcePlanning)
    .where(ResourcePlanning.planning_id == Planning.id)
    .correlate(Planning)
    .scalar_subquery()
)
"""How many people, rooms and pieces of equipment have the hours of a row of the table."""
