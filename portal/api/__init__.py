"""The JSON API under /api/v1, its specification at /api/openapi.json and a page to read it at /api/docs."""

from __future__ import annotations

from flask import Flask

from portal.api import (
    appointments,
    customers,
    events,
    links,
    marks,
    orders,
    reference,
    requests,
    service_links,
    slots,
)
from portal.api.room import register

__all__ = [
    "appointments",
    "customers",
    "events",
    "init_app",
    "links",
    "marks",
    "orders",
    "requests",
    "service_links",
    "slots",
]


def init_app(app: Flask) -> None:
    """Register the API: importing the modules above has registered their calls with its blueprint."""
    register(app)
    reference.init_app(app)
