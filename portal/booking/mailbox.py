"""The demo's mailbox: what would have left by mail. Registered in demos without a mail server only."""

from __future__ import annotations

from flask import Blueprint, Response, request

from portal.delivery.mailbox import Kept, Mailbox, folder
from portal.domain.errors import NotFound
from portal.extensions import settings
from portal.web.responses import page

bp = Blueprint("mailbox", __name__, url_prefix="/dev/mail")

# A mail is a stranger's page: no script, nothing from elsewhere, its own styles, and links that open beside it.
FRAMED = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'self'; form-action 'none'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}


@bp.get("")
def listing() -> Response:
    """List the mails, the newest first."""
    return page("booking/mailbox.html", mails=_mailbox().listing())


@bp.get("/<name>")
def show(name: str) -> Response:
    """Show one mail as its reader sees it, or its text."""
    as_text = request.args.get("view") == "text"
    return page("booking/mailbox_mail.html", mail=_found(name), as_text=as_text)


@bp.get("/<name>/html")
def html(name: str) -> Response:
    """Give a mail's HTML for the frame."""
    body = _found(name).html.replace("<head>", '<head><base target="_blank">', 1)
    return Response(body, mimetype="text/html", headers=FRAMED)


@bp.get("/<name>/invite.ics")
def calendar(name: str) -> Response:
    """Give the calendar file that a mail carries."""
    if not (file := _found(name).calendar):
        raise NotFound
    return Response(
        file, mimetype="text/calendar", headers={"Content-Disposition": 'attachment; filename="invite.ics"'}
    )


def _mailbox() -> Mailbox:
    return Mailbox(folder(settings()))


def _found(name: str) -> Kept:
    if (mail := _mailbox().find(name)) is None:
        raise NotFound
    return mail
