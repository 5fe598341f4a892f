"""The first page: the appointments of a day."""

from __future__ import annotations

from flask import Blueprint, Response

from portal.web.responses import page

bp = Blueprint("today", __name__)


@bp.get("/")
def day() -> Response:
    """List a day's appointments."""
    return page("admin/today.html")
