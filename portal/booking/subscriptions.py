"""Calendars to subscribe to, by a secret link: of a site, of a person, a room or an asset."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, request
from flask_babel import lazy_gettext as _l

from portal.clock import now
from portal.delivery.ics import Entry
from portal.delivery.subscriptions import subscription
from portal.domain.fields import said
from portal.domain.lifecycle import Status
from portal.extensions import settings
from portal.i18n import _, current_locale
from portal.operations import feeds
from portal.operations.feeds import Away, Contents, Occasion
from portal.web.brand import company

bp = Blueprint("subscriptions", __name__, url_prefix="/feeds")
KEPT = "private, max-age=300"
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""When an absence was written, which nothing says: a calendar must not change by being read, and none ever changes."""
STATES = {
    Status.REQUESTED: _l("To be approved"),
    Status.CONFIRMED: _l("Confirmed"),
    Status.ARRIVED: _l("Arrived"),
    Status.COMPLETED: _l("Completed"),
    Status.NO_SHOW: _l("Did not come"),
}
WORDS = {
    "fact": _l("%(label)s: %(text)s"),
    "state": _l("Status"),
    "reference": _l("Reference"),
    "order": _l("Order"),
    "with": _l("With"),
}


@bp.get("/<token>.ics")
def calendar(token: str) -> Response:
    """Send the calendar in the language of the address, else of the company: programs ask, whose language is nobody's.

    A program that asks again sends the fingerprint of what it has, and is told in a few bytes when that still holds.
    """
    contents = feeds.opened(token, now=now())
    g.customer_locale = request.args.get("lang") or company().locale
    body = subscription(f"{contents.name} ({company().name})", _entries(contents))
    response = Response(body, mimetype="text/calendar", headers={"Cache-Control": KEPT})
    response.set_etag(sha256(body).hexdigest()[:32])
    response.make_conditional(request)
    return response


def _entries(contents: Contents) -> Iterator[tuple[Entry, datetime]]:
    locale = current_locale()
    states = {status: str(text) for status, text in STATES.items()}
    words = {name: str(text) for name, text in WORDS.items()}
    for one in contents.occasions:
        yield _visit(one, said(one.what, locale), states[one.status], words), one.updated_at
    for away in contents.absences:
        yield _absence(away), ALWAYS


def _visit(one: Occasion, what: str, state: str, words: dict[str, str]) -> Entry:
    asked = one.status is Status.REQUESTED
    titles = [state if asked else "", one.who, what]
    facts = [(words["state"], state), (words["reference"], one.reference), (words["order"], one.order or "")]
    facts.append((words["with"], ", ".join(one.beside)))
    return Entry(
        uid=one.public_id,
        sequence=one.sequence,
        start=one.start,
        end=one.end,
        summary=" · ".join(part for part in titles if part),
        status="TENTATIVE" if asked else "CONFIRMED",
        description="\n".join(words["fact"] % {"label": label, "text": text} for label, text in facts if text),
        location=", ".join(part for part in (one.place, one.address) if part),
        url=f"{settings().public_url}/admin/appointments/{one.public_id}",
    )


def _absence(away: Away) -> Entry:
    absent = _("Absent: %(label)s", label=away.label) if away.label else _("Absent")
    uid = f"{away.uid}@{urlsplit(settings().public_url).hostname}"  # another portal may have somebody of the same key
    return Entry(uid=uid, sequence=0, start=away.start, end=away.end, summary=absent, days=away.days)
