"""A page about a customer speaks the customer's language, unless its address asks for another."""

from __future__ import annotations

import flask_babel
from flask import g


def speak(locale: str | None) -> None:
    """Prefer a customer's language for the rest of this request; the ``lang`` of the address still comes first."""
    g.customer_locale = locale
    flask_babel.refresh()
