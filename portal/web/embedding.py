"""Booking pages in a frame of the company's own site: which may stand there, and for whom.

Only guests' pages, asked for with ``embed=1``, where an origin is allowed. A page that a token opens never does: nobody
can be made to press its buttons unseen. What leads to one leaves the frame.
"""

from __future__ import annotations

from flask import request
from markupsafe import Markup

from portal.extensions import settings

GUESTS = "/book/"


def framed() -> bool:
    """Tell whether the page being asked for may stand in a frame. One with a continuation was opened from a mail."""
    if not settings().embed_origins or not request.path.startswith(GUESTS):
        return False
    return request.args.get("embed") == "1" and "c" not in request.args


def origins() -> str:
    """Give the origins that may show us, as the script inside the frame reads them."""
    return " ".join(settings().embed_origins)


def leaving() -> Markup:
    """Write the attribute of a link to a page that stands in no frame: it takes the whole window."""
    return Markup(' target="_top"') if framed() else Markup("")
