"""The demo's mailbox: what would have left by mail. Registered in demos without a mail server only."""

from __future__ import annotations

from flask import Blueprint, Response, request

from portal.delivery.mailbox import Kept, Mailbox, folder
from portal.domain.errors import NotFound
from portal.extensions import settings
from portal.web.mail_frame import framed
from portal.web.responses import page

bp = Blueprint("mailbox", __name__, url_prefix="/dev/mail")


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
    return framed(_found(name).html, opening=True)


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
