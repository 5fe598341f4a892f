"""The tables: shapes and constraints, no behaviour."""

from portal.models.access import Continuation
from portal.models.appointments import Appointment, Event
from portal.models.audit import Audit
from portal.models.batches import Batch, BatchLine, ColumnName, Upload
from portal.models.customers import Customer
from portal.models.demand import Demand
from portal.models.links import Link
from portal.models.occupancy import Allocation, Idempotency, Ledger
from portal.models.orders import Order
from portal.models.outbox import Heartbeat, OutboxMessage
from portal.models.plannings import (
    ExceptionalDay,
    ExceptionalOpening,
    Planning,
    PlanningVersion,
    Pool,
    WeeklyOpening,
)
from portal.models.resources import Absence, Assignment, Resource, ResourcePlanning, ResourceSite, Skill
from portal.models.services import Region, Service, ServiceGroup
from portal.models.sites import Closure, Organisation, Site
from portal.models.texts import MailText
from portal.models.users import ApiKey, LoginFailure, User, UserSession, UserSite
from portal.models.waitlist import FreedPlace, Offer, OfferStop, WaitingEntry

__all__ = [
    "Absence",
    "Allocation",
    "ApiKey",
    "Appointment",
    "Assignment",
    "Audit",
    "Batch",
    "BatchLine",
    "Closure",
    "ColumnName",
    "Continuation",
    "Customer",
    "Demand",
    "Event",
    "ExceptionalDay",
    "ExceptionalOpening",
    "FreedPlace",
    "Heartbeat",
    "Idempotency",
    "Ledger",
    "Link",
    "LoginFailure",
    "MailText",
    "Offer",
    "OfferStop",
    "Order",
    "Organisation",
    "OutboxMessage",
    "Planning",
    "PlanningVersion",
    "Pool",
    "Region",
    "Resource",
    "ResourcePlanning",
    "ResourceSite",
    "Service",
    "ServiceGroup",
    "Site",
    "Skill",
    "Upload",
    "User",
    "UserSession",
    "UserSite",
    "WaitingEntry",
    "WeeklyOpening",
]
