"""Confirming an address by the link that was mailed to it. A GET changes nothing: mail scanners follow every link."""

from __future__ import annotations

from flask import Response, request, url_for

from portal.booking import feeds
from portal.booking.keeping import until_text
from portal.booking.language import speak
from portal.clock import now
from portal.operations import confirmations
from portal.operations.confirmations import Waiting
from portal.web.responses import go, page
from portal.web.step import described, page_values
from portal.web.visit import Visit, visit

bp = feeds.bp


@bp.route("/<token>/confirm", methods=["GET", "POST"])
def confirm(token: str) -> Response:
    """Show what waits to be confirmed, and confirm it; what was confirmed before is shown as it is."""
    asked, waiting = visit(), confirmations.look(token, now=now())
    speak(waiting.locale)
    made = confirmations.confirm(token, now=now()) if request.method == "POST" else waiting.made
    if made:
        return go(url_for("manage.show", token=made, **page_values(asked.carried)))
    return _show(token, waiting, asked)


def _show(token: str, waiting: Waiting, asked: Visit) -> Response:
    zone, place = waiting.site.zone, f"{waiting.item.named(waiting.locale)}, {waiting.site.name}"
    return page(
        "booking/confirm.html",
        chosen=described(waiting.start, waiting.end, zone, place, asked.tz),
        until=until_text(waiting.until, zone) if waiting.until is not None else "",
        asks=waiting.asks,
        action=url_for("manage.confirm", token=token, **page_values(asked.carried)),
    )
