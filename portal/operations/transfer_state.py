"""What the database holds, in the form of the configuration file, and the way back: every section.

Each section is read for some keys, or for all (None), and gives its objects by their key.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from portal.operations import (
    transfer_orders,
    transfer_places,
    transfer_plannings,
    transfer_resources,
    transfer_services,
)
from portal.operations.transfer_places import ORGANISATION
from portal.operations.transfer_rows import Values

Reader = Callable[..., dict[str, Values]]
SECTIONS: dict[str, Reader] = {
    ORGANISATION: transfer_places.organisation,
    "regions": transfer_places.regions,
    "sites": transfer_places.sites,
    "plannings": transfer_plannings.plannings,
    "skills": transfer_services.skills,
    "resources": transfer_resources.resources,
    "groups": transfer_services.groups,
    "services": transfer_services.services,
    "customers": transfer_orders.customers,
    "orders": transfer_orders.orders,
}
"""Every section, in the order in which they are written: what one refers to by its id comes before it."""

DEFAULTS: dict[str, Callable[[str], Values]] = {
    ORGANISATION: transfer_places.organisation_defaults,
    "regions": transfer_places.region_defaults,
    "sites": transfer_places.site_defaults,
    "plannings": transfer_plannings.planning_defaults,
    "skills": transfer_services.skill_defaults,
    "resources": transfer_resources.resource_defaults,
    "groups": transfer_services.group_defaults,
    "services": transfer_services.service_defaults,
    "customers": transfer_orders.customer_defaults,
    "orders": transfer_orders.order_defaults,
}
"""What a new object has where its file says nothing, in a time zone."""

Writer = Callable[[Session, Values, datetime], None]
WRITERS: dict[str, Writer] = {
    ORGANISATION: transfer_places.write_organisation,
    "regions": transfer_places.write_region,
    "sites": transfer_places.write_site,
    "plannings": transfer_plannings.write_planning,
    "skills": transfer_services.write_skill,
    "resources": transfer_resources.write_resource,
    "groups": transfer_services.write_group,
    "services": transfer_services.write_service,
    "customers": transfer_orders.write_customer,
    "orders": transfer_orders.write_order,
}
