"""A mail's HTML for the frame of a page: no script, nothing from elsewhere, its own styles."""

from __future__ import annotations

from flask import Response

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'self'; form-action 'none'; "
    "sandbox"
)
OPENING = "allow-popups allow-popups-to-escape-sandbox"
"""What the sandbox of a frame allows whose links open beside it."""


def framed(html: str, *, opening: bool = False) -> Response:
    """Give a mail's HTML; its links open beside it, or nothing at all."""
    body = html.replace("<head>", '<head><base target="_blank">', 1)
    policy = f"{POLICY} {OPENING}" if opening else POLICY
    headers = {"Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN"}
    return Response(body, mimetype="text/html", headers=headers)
