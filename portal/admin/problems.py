"""Refusals and errors inside the staff area: in words, with the way back into it."""

from __future__ import annotations

from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException

from portal.domain.errors import Refusal, StateChanged
from portal.i18n import _
from portal.web import texts
from portal.web.responses import page, wants_fragment


def refused(refusal: Refusal) -> Response:
    """Turn a refusal that no page answered in place into its own page."""
    words = texts.page(refusal)
    if isinstance(refusal, StateChanged) and "revision" in refusal.values:
        words["text"] = _("Somebody else saved this meanwhile, and nothing of yours was. Go back and look at it again.")
    return _shown(words, refusal.values.get("retry_after"))


def failed(error: HTTPException) -> Response | HTTPException:
    """Show an HTTP error in words."""
    status = error.code or 500
    if status < 400:
        return error
    response = _shown(texts.http_page(status), getattr(error, "retry_after", None))
    if status == 405:
        response.headers.extend([header for header in error.get_headers(None) if header[0] == "Allow"])
    return response


def _shown(words: dict[str, Any], retry_after: object) -> Response:
    response = page("admin/error.html", **words)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if wants_fragment():
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "innerHTML"
    return response
