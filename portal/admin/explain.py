"""Why a slot is not offered."""

from __future__ import annotations

from flask import Blueprint, Response

from portal.web.responses import page

bp = Blueprint("explain", __name__)


@bp.get("/explain")
def day() -> Response:
    """List every candidate start of a day, and why it is not offered."""
    return page("admin/explain.html")
