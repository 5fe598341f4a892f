"""What the audit log says, in words: actions, kinds of objects, and what changed field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for

from portal.admin.conflicts import said
from portal.admin.moments import moment_text
from portal.admin.process_forms import CHOICES, SERVICE_CHOICES
from portal.admin.resource_words import KINDS as RESOURCE_KINDS
from portal.admin.resource_words import resource_kind
from portal.admin.roles import role_name
from portal.admin.service_words import MEETINGS
from portal.admin.stories import mail_title, staff_text
from portal.domain.zones import parse_day, parse_instant
from portal.i18n import _, day
from portal.operations.audit_log import Line

LONGEST = 300  # characters of a value that is shown
ACTIONS = (
    *("created", "changed", "removed", "revoked", "renewed", "closed", "reopened", "sent", "sent_again", "resumed"),
    *("loaded", "imported", "exported", "erased", "invited", "activated", "deactivated", "stopped"),
    *("reset_sent", "password_chosen", "password_changed", "sessions_ended"),
    *("second_factor_on", "second_factor_off", "recovery_renewed"),
    *("scheduled", "rescheduled", "cancelled", "undone", "edited", "arrived", "completed", "no_show", "noted"),
    *("requested", "accepted", "declined", "move_requested", "move_declined"),
)
KINDS = (
    *("appointment", "planning", "site", "order", "customer", "link", "batch", "import", "user", "key"),
    *("organisation", "configuration", "mail", "mail_text", "waiting", "feed"),
    *("service", "service_group", "service_link"),
    *("resource", "skill", "region"),
)
RULES = {
    "who": CHOICES["who"],
    "validation": CHOICES["validation"],
    "earlier_slots.mode": CHOICES["earlier_mode"],
    "meeting": MEETINGS,
    "modes": SERVICE_CHOICES["modes_first"],
    "distribution.rule": SERVICE_CHOICES["distribution_rule"],
    "distribution.period": SERVICE_CHOICES["distribution_period"],
}
"""Rules of booking whose value is one of a few."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A field that changed: its name, and its value before and after, empty where there was none."""

    name: str
    before: str
    after: str


def action_text(action: str) -> str:
    """Name what was done."""
    words = {
        "created": _("Created"),
        "changed": _("Changed"),
        "removed": _("Removed"),
        "revoked": _("Revoked"),
        "renewed": _("Renewed"),
        "closed": _("Closed"),
        "reopened": _("Opened again"),
        "sent": _("Sent"),
        "sent_again": _("Sent again"),
        "resumed": _("Set going again"),
        "loaded": _("Loaded"),
        "imported": _("Imported"),
        "exported": _("Handed out"),
        "erased": _("Erased"),
        "invited": _("Invited"),
        "activated": _("Let in again"),
        "deactivated": _("Shut out"),
        "stopped": _("Stopped"),
        "reset_sent": _("Link for a new password sent"),
        "password_chosen": _("Password chosen by a link"),
        "password_changed": _("Password changed"),
        "sessions_ended": _("Logged out everywhere"),
        "second_factor_on": _("Second factor turned on"),
        "second_factor_off": _("Second factor turned off"),
        "recovery_renewed": _("New recovery codes"),
        "scheduled": _("Booked"),
        "rescheduled": _("Moved"),
        "cancelled": _("Cancelled"),
        "undone": _("Taken back"),
        "edited": _("Details changed"),
        "arrived": _("Arrived"),
        "completed": _("Completed"),
        "no_show": _("Did not come"),
        "noted": _("Note"),
        "requested": _("Requested"),
        "accepted": _("Accepted"),
        "declined": _("Declined"),
        "move_requested": _("Move asked for"),
        "move_declined": _("Move declined"),
    }
    return words.get(action) or action.replace("_", " ")


def kind_text(kind: str) -> str:
    """Name a kind of object."""
    words = {
        "appointment": _("Appointment"),
        "planning": _("Planning"),
        "site": _("Site"),
        "service": _("Service"),
        "service_group": _("Group of services"),
        "service_link": _("Booking link"),
        "order": _("Order"),
        "customer": _("Customer"),
        "link": _("Booking link"),
        "batch": _("Whole day"),
        "import": _("Import"),
        "user": _("User"),
        "key": _("API key"),
        "organisation": _("Organisation"),
        "configuration": _("Configuration file"),
        "mail": _("Mail"),
        "mail_text": _("Words of a mail"),
        "waiting": _("Waiting list"),
        "feed": _("Calendar link"),
        "resource": _("Person, room or equipment"),
        "skill": _("Skill"),
        "region": _("Region"),
    }
    return words.get(kind) or kind


def origin_text(actor: str, origin: str) -> str:
    """Name who did it, and from where."""
    if origin == "api":
        return _("a program (%(name)s)", name=actor.removeprefix("key:"))
    return staff_text(actor) if origin == "staff" else _("a command of the operator")


def url_of(line: Line) -> str:
    """Give the page of what was changed, where there is one."""
    if line.action == "removed" and line.kind != "mail_text":
        return ""
    match line.kind:
        case "appointment":
            return url_for("admin.appointments.show", public_id=line.key)
        case "planning":
            return url_for("admin.plannings.edit", key=line.key)
        case "site":
            return url_for("admin.sites.edit", key=line.key)
        case "service":
            return url_for("admin.services.edit", key=line.key)
        case "resource":
            return url_for("admin.resources.edit", key=line.key)
        case "skill":
            return url_for("admin.skills.edit", key=line.key)
        case "region":
            return url_for("admin.regions.edit", key=line.key)
        case "service_link":
            return url_for("admin.service_links.index", key=line.key)
        case "service_group":
            return url_for("admin.service_groups.index")
        case "order" | "link":
            return url_for("admin.orders.show", reference=line.key)
        case "organisation":
            return url_for("admin.organisation.edit")
        case "mail_text":
            kind, _dot, locale = line.key.rpartition(".")
            return url_for("admin.mail_texts.edit", kind=kind, locale=locale)
        case "user":
            return url_for("admin.people.show", number=line.key)
        case "key":
            return url_for("admin.api_keys.index")
    return ""


def facts(line: Line, tz: ZoneInfo) -> list[Fact]:
    """List what changed, field by field, in words."""
    before, after = (dict(_flat(values)) for values in (line.before, line.after))
    names = [*before, *(name for name in after if name not in before)]
    return [
        Fact(field_text(name), _value(name, before.get(name), tz), _value(name, after.get(name), tz)) for name in names
    ]


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def field_text(name: str) -> str:
    """Name a field of any object; what has no word of its own is called as it is kept."""
    parts = name.split(".")
    return " – ".join(_names().get(part) or part.replace("_", " ") for part in parts)


def _names() -> dict[str, str]:
    return {
        "name": _("Name"),
        "label": _("Label"),
        "address": _("Address"),
        "timezone": _("Time zone"),
        "email": _("E-mail"),
        "phone": _("Telephone"),
        "comment": _("Message"),
        "text": _("Note"),
        "region": _("Region"),
        "parent": _("Lies in"),
        "skills": _("Skills"),
        "persons": _("Persons"),
        "features": _("Features"),
        "colour": _("Colour in calendars"),
        "absence": _("Absence"),
        "absences": _("Absences"),
        "new": _("New"),
        "gone": _("Gone"),
        "latitude": _("Latitude"),
        "longitude": _("Longitude"),
        "holidays": _("Public holidays"),
        "active": _("In use"),
        "locale": _("Language"),
        "sender_name": _("Sender’s name of mails"),
        "accent": _("Colour"),
        "logo": _("Logo"),
        "retention_months": _("Months until appointments are made anonymous"),
        "legal": _("Legal notice"),
        "privacy": _("Personal data"),
        "accessibility": _("Accessibility"),
        "fr": _("in French"),
        "en": _("in English"),
        "first": _("First day"),
        "last": _("Last day"),
        "first_day": _("First day"),
        "last_day": _("Last day"),
        "start": _("Start"),
        "end": _("End"),
        "status": _("Status"),
        "site": _("Site"),
        "sites": _("Sites"),
        "planning": _("Planning"),
        "plannings": _("Plannings"),
        "kind": _("Kind"),
        "kinds": _("Booking links of"),
        "guests": _("Also for guests, without a link"),
        "slot_minutes": _("Length of a slot (minutes)"),
        "step_minutes": _("A start every (minutes)"),
        "units": _("Quantity"),
        "customer": _("Customer"),
        "customers": _("Customers"),
        "orders": _("Orders"),
        "reference": _("Reference"),
        "ship_date": _("Date of shipping"),
        "delivery_date": _("Date of delivery"),
        "fields": _("Questions"),
        "group": _("Group"),
        "description": _("Description"),
        "instructions": _("What to know"),
        "price": _("Price"),
        "minutes": _("Length (minutes)"),
        "step": _("A start every (minutes)"),
        "buffer_before": _("Kept free before (minutes)"),
        "buffer_after": _("Kept free after (minutes)"),
        "meeting": _("How people meet"),
        "needs": _("What it needs"),
        "reservation": _("Chosen by customers"),
        "quantity": _("how many"),
        "iterations": _("how many in a row"),
        "unit": _("booked by"),
        "from": _("from"),
        "until": _("until"),
        "position": _("Place in the list"),
        "modes": _("Customers choose first"),
        "distribution": _("Who is given an appointment"),
        "rule": _("rule"),
        "period": _("period"),
        "days": _("days"),
        "role": _("Role"),
        "scopes": _("What it may do"),
        "every_site": _("Every site"),
        "sessions": _("Sessions"),
        "recipient": _("To"),
        "count": _("Number"),
        "appointments": _("Appointments"),
        "error": _("Reason"),
        "overbook": _("Overbooked"),
        "reason": _("Reason"),
        "accepted": _("Accepted"),
        "wanted_start": _("Start asked for"),
        "wanted_end": _("End asked for"),
        "organisation": _("Organisation"),
        "min_notice": _("Notice before a booking"),
        "business_days": _("Count open days only"),
        "max_days": _("How far ahead (days)"),
        "change_notice": _("Notice before a change"),
        "undo": _("Time to undo a cancellation (minutes)"),
        "who": _("Who may book"),
        "email_patterns": _("Addresses that are admitted"),
        "max_per_day": _("Appointments a day"),
        "max_per_week": _("Appointments a week"),
        "validation": _("Bookings are confirmed"),
        "answer_within": _("Time to answer"),
        "hold": _("Chosen time kept while the form is open (minutes)"),
        "confirm_by_mail": _("Time to confirm by e-mail (minutes)"),
        "earlier_slots": _("Offers of freed places"),
        "enabled": _("in use"),
        "hours": _("time left before their appointment (hours)"),
        "mode": _("they are asked"),
        "turn": _("time for each (minutes)"),
        "waiting_list": _("Waiting list for days that are full"),
        "cooling_off": _("A freed place is kept for (minutes)"),
        "reminders": _("Reminders before the appointment"),
        "expires_at": _("Valid until"),
        "subject": _("Subject"),
        "opening": _("Opening words"),
        "requested": _("Request received"),
        "confirmed": _("Appointment booked"),
        "changed": _("Appointment moved"),
        "cancelled": _("Appointment cancelled"),
        "declined": _("Request declined"),
        "reminder": _("Reminder"),
        "no_show": _("Did not come"),
        "earlier_slot": _("Earlier slot"),
        "summary": _("Summary of the day"),
    }


def _value(name: str, value: Any, tz: ZoneInfo) -> str:
    """Say a value: dates and instants as people write them, lists apart by commas."""
    if isinstance(value, list):
        return ", ".join(_value(name, one, tz) for one in value)
    if name == "role" and isinstance(value, str):
        return role_name(value)
    if (choices := RULES.get(name)) and value in dict(choices):
        return str(dict(choices)[value])
    if name == "kind" and value in dict(RESOURCE_KINDS):
        return resource_kind(value)
    if name in ("kind", "kinds") and isinstance(value, str):
        return {"customer": _("Customers (collection)"), "supplier": _("Suppliers (delivery)")}.get(
            value
        ) or mail_title(value)
    return _moment(value, tz) or value[:LONGEST] if isinstance(value, str) else said(value)


def _moment(value: str, tz: ZoneInfo) -> str:
    if (instant := parse_instant(value)) is not None:
        return moment_text(instant, tz)
    found: date | None = parse_day(value)
    return day(found) if found is not None else ""
