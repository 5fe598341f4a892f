"""Shape of the configuration file: its sections, each with its own keys and types."""

from __future__ import annotations

from typing import Any

from portal.domain.errors import Invalid
from portal.operations.schema_fields import Read, Rows, Strict, nested, once
from portal.operations.schema_orders import CustomerSchema, OrderSchema
from portal.operations.schema_places import OrganisationSchema, RegionSchema, SiteSchema
from portal.operations.schema_plannings import PlanningSchema
from portal.operations.schema_services import GroupSchema, ResourceSchema, ServiceSchema, SkillSchema


def later(value: Any) -> None:
    """Refuse what a later version will know, unless it is empty."""
    if value not in (None, [], {}):
        raise Invalid(field="", problem="later")


class ConfigurationSchema(Strict):
    """A whole configuration file."""

    organisation = nested(OrganisationSchema, allow_none=True)
    regions = Rows(nested(RegionSchema), validate=once("key"), allow_none=True)
    sites = Rows(nested(SiteSchema), validate=once("key"), allow_none=True)
    plannings = Rows(nested(PlanningSchema), validate=once("key"), allow_none=True)
    skills = Rows(nested(SkillSchema), validate=once("key"), allow_none=True)
    resources = Rows(nested(ResourceSchema), validate=once("key"), allow_none=True)
    groups = Rows(nested(GroupSchema), validate=once("key"), allow_none=True)
    services = Rows(nested(ServiceSchema), validate=once("key"), allow_none=True)
    customers = Rows(nested(CustomerSchema), validate=once("email"), allow_none=True)
    orders = Rows(nested(OrderSchema), validate=once("reference"), allow_none=True)
    processes = Read(later, allow_none=True)
    queues = Read(later, allow_none=True)
    skill_mappings = Read(later, allow_none=True)
