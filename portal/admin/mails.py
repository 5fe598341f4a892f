"""The mail log: what left, what waits, what failed and why; once more, one by one or all that were found."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import ngettext

from portal.admin.filters import asked_days, asked_filters, asked_number
from portal.admin.guard import EDIT, actor, needs, scope
from portal.admin.stories import mail_of, mail_title
from portal.clock import now
from portal.domain.errors import StateChanged
from portal.domain.zones import zone
from portal.i18n import _
from portal.operations import mail_log, organisation, outbox
from portal.operations.mail_log import STANDS, Search
from portal.web.responses import go, page

bp = Blueprint("mails", __name__)
SIZE = 50
FILTERS = ("q", "state", "kind", "from", "to")


@bp.get("/mails/")
@needs(EDIT)
def index() -> Response:
    """List mails, newest first, by the filters in the address."""
    asked, tz = asked_filters(FILTERS, request.args), zone(organisation.card().timezone)
    search, cursor = _search(asked, tz), asked_number(request.args.get("before"))
    found = mail_log.listing(search, scope=scope(), before=cursor, size=SIZE)
    condition = outbox.condition()
    return page(
        "admin/mails/index.html",
        mails=[(line, mail_of(line, line.zone or tz, now())) for line in found.lines],
        asked=asked,
        zone=tz,
        counts=_counts(),
        states=[(stand, stand_text(stand)) for stand in STANDS],
        kinds=[(kind, mail_title(kind)) for kind in mail_log.kinds()],
        may_repeat=search.stand in (None, *mail_log.AGAIN) and any(line.again for line in found.lines),
        more_url=url_for("admin.mails.index", **asked, before=found.next) if found.next else "",
        first_url=url_for("admin.mails.index", **asked) if cursor is not None else "",
        paused=condition.paused,
        paused_at=condition.paused_at,
    )


def _search(asked: Mapping[str, str], tz: ZoneInfo) -> Search:
    stand = asked.get("state")
    return Search(
        text=asked.get("q", ""),
        stand=stand if stand in STANDS else None,
        kind=asked.get("kind"),
        **asked_days(asked, tz),
    )


def stand_text(stand: str) -> str:
    """Name how mails stand."""
    return {
        "sent": _("Sent"),
        "waiting": _("Waiting"),
        "retrying": _("Tried in vain"),
        "failed": _("Refused"),
        "parked": _("Set aside"),
        "dropped": _("Not sent"),
    }[stand]


def _counts() -> list[tuple[str, str, int]]:
    """Count the mails that have not left: state, words, number."""
    return [(stand, stand_text(stand), number) for stand, number in mail_log.counts(scope=scope()).items()]


@bp.get("/mails/<row:number>")
@needs(EDIT)
def show(number: int) -> Response:
    """Show a mail: to whom, about what, how the tries went."""
    line = mail_log.read(number, scope=scope())
    tz = line.zone or zone(organisation.card().timezone)
    return page("admin/mails/show.html", line=line, mail=mail_of(line, tz, now()), zone=tz, advice=_advice(line.stand))


def _advice(stand: str) -> str:
    """Say what to do about a mail that did not leave."""
    return {
        "failed": _(
            "The server of the recipient refused the address, or two days of tries were in vain. Correct the address "
            "where it comes from, or telephone; send again once the cause is mended."
        ),
        "parked": _("The mail could not be written: tell those who run the portal, then send it again."),
        "retrying": _("Nothing needs to be done: it is tried again for two days, less and less often."),
    }.get(stand, "")


@bp.post("/mails/<row:number>/again")
@needs(EDIT)
def send_again(number: int) -> Response:
    """Send a mail again that failed."""
    try:
        mail_log.send_again(number, scope=scope(), now=now(), by=actor())
    except StateChanged:  # the second click of a double click
        flash(_("This mail is no longer among those that failed."))
    else:
        flash(_("The mail leaves again within a few seconds."))
    return go(url_for("admin.mails.show", number=number))


@bp.route("/mails/again", methods=["GET", "POST"])
@needs(EDIT)
def all_again() -> Response:
    """Ask once, then send all mails again that failed and that the filters find."""
    asked = asked_filters(FILTERS, request.values)
    search = _search(asked, zone(organisation.card().timezone))
    if request.method == "POST":
        number = mail_log.send_all_again(search, scope=scope(), now=now(), by=actor())
        flash(str(ngettext("%(num)s mail leaves again.", "%(num)s mails leave again.", number)))
        return go(url_for("admin.mails.index", **asked))
    return page("admin/mails/again.html", count=mail_log.failed(search, scope=scope()), asked=asked)


@bp.post("/mails/resume")
@needs(EDIT)
def resume() -> Response:
    """Let the queue go on that the mail server stopped."""
    mail_log.resume(now=now(), by=actor())
    flash(_("The queue goes on."))
    return go(url_for("admin.mails.index"))
