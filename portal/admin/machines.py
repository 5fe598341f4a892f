"""From where somebody is logged in: read from the request, and told in words."""

from __future__ import annotations

from flask import request

from portal.i18n import _
from portal.operations.sessions import Machine

# The first that is found counts: most browsers name the others, too.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def machine() -> Machine:
    """Give from where this request comes."""
    return Machine(request.remote_addr or "", request.headers.get("User-Agent", ""))


def browser_text(named: str) -> str:
    """Say which browser names itself so: "Firefox, Windows"."""
    found = [next((text for sign, text in signs if sign in named), "") for signs in (BROWSERS, SYSTEMS)]
    return ", ".join(text for text in found if text) or _("Unknown browser")
