"""The menu of the staff area: groups of rooms, of which each member of the staff sees those that open for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for
from flask_babel import lazy_gettext as _l

from portal.admin.guard import ADMIN, EDIT, READ, staff

Text = Any  # a lazy text, of a library without types


@dataclass(frozen=True, slots=True)
class Room:
    """A page of the menu. Its templates say ``{% set room = "orders" %}``; ``right`` is what its view needs."""

    name: str
    endpoint: str
    text: Text
    right: str = READ


GROUPS: Sequence[tuple[str, Text, Sequence[Room]]] = (
    (
        "today",
        _l("Today"),
        (Room("today", "admin.today.day", _l("The day")), Room("gate", "admin.gate.ask", _l("Gate"))),
    ),
    (
        "calendar",
        _l("Calendar"),
        (
            Room("calendar", "admin.calendar.show", _l("Calendar")),
            Room("feeds", "admin.feeds.index", _l("Calendar links"), EDIT),
        ),
    ),
    (
        "appointments",
        _l("Appointments"),
        (
            Room("appointments", "admin.appointment_list.index", _l("All appointments")),
            Room("requests", "admin.requests.index", _l("Requests")),
            Room("offers", "admin.offers.index", _l("Offers")),
            Room("waiting", "admin.waiting.index", _l("Waiting list")),
            Room("batches", "admin.batches.index", _l("Whole days"), EDIT),
        ),
    ),
    (
        "orders",
        _l("Orders"),
        (
            Room("orders", "admin.orders.index", _l("All orders")),
            Room("imports", "admin.imports.index", _l("Import a file"), EDIT),
        ),
    ),
    ("customers", _l("Customers"), (Room("customers", "admin.customers.index", _l("Customers")),)),
    (
        "plannings",
        _l("Plannings"),
        (
            Room("plannings", "admin.plannings.index", _l("All plannings")),
            Room("services", "admin.services.index", _l("Services")),
            Room("sites", "admin.sites.index", _l("Sites")),
            Room("resources", "admin.resources.index", _l("People and rooms")),
            Room("skills", "admin.skills.index", _l("Skills")),
            Room("regions", "admin.regions.index", _l("Regions")),
            Room("explain", "admin.explain.day", _l("Why?")),
        ),
    ),
    (
        "reports",
        _l("Reports"),
        (
            Room("reports", "admin.reports.index", _l("Reports")),
            Room("distribution", "admin.distributions.show", _l("Distribution")),
        ),
    ),
    (
        "settings",
        _l("Settings"),
        (
            Room("organisation", "admin.organisation.edit", _l("Organisation"), ADMIN),
            Room("users", "admin.people.index", _l("Users"), ADMIN),
            Room("keys", "admin.api_keys.index", _l("API keys"), ADMIN),
            Room("mails", "admin.mails.index", _l("E-mails"), EDIT),
            Room("mail_texts", "admin.mail_texts.index", _l("Words of the mails"), ADMIN),
            Room("embedding", "admin.embedding.show", _l("Your website"), EDIT),
            Room("audit", "admin.audit.index", _l("Audit log"), ADMIN),
            Room("system", "admin.system.show", _l("System"), EDIT),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu, or of the smaller one of its group."""

    name: str
    url: str
    text: Text


@dataclass(frozen=True, slots=True)
class Group:
    """A line of the menu with the rooms behind it; ``here``: the page belongs to one of them."""

    url: str
    text: Text
    rooms: Sequence[Entry]
    here: bool


def menu(room: str) -> list[Group]:
    """List what opens for the one who is logged in; ``room`` is where they are."""
    groups = [(text, _open(rooms)) for _name, text, rooms in GROUPS]
    return [
        Group(rooms[0].url, text, rooms, any(entry.name == room for entry in rooms)) for text, rooms in groups if rooms
    ]


def _open(rooms: Sequence[Room]) -> list[Entry]:
    return [
        Entry(room.name, url_for(room.endpoint), room.text)
        for room in rooms
        if staff().may(room.right) and room.endpoint in current_app.view_functions
    ]
