"""The script that puts the booking pages into a page of the company's own site."""

from __future__ import annotations

from flask import Blueprint, Response, send_file

from portal.web.frame import STATIC, fingerprint

bp = Blueprint("embed", __name__)
KEPT = 3600  # seconds: its address does not change with its content


@bp.get("/embed.js")
def script() -> Response:
    """Give the script to whoever asks: it holds nothing, and who may show a page is said by the page."""
    name = "embed.js"
    response = send_file(STATIC / name, "text/javascript", max_age=KEPT, etag=fingerprint(name))
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
