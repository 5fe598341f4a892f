"""Ask the servers that tests start: by no proxy, with all patience, and with certificates that are read once."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

from tests.patience import PATIENCE

TLS = ssl.create_default_context()  # httpx reads it anew for every single request, for longer than most answers take


def get(url: str, **options: Any) -> httpx.Response:
    """Ask for a page. Raises httpx.TransportError where nobody answers."""
    return httpx.get(url, timeout=PATIENCE, trust_env=False, verify=TLS, **options)


def post(url: str, **options: Any) -> httpx.Response:
    """Send something. Raises httpx.TransportError where nobody answers."""
    return httpx.post(url, timeout=PATIENCE, trust_env=False, verify=TLS, **options)
