"""Calendars to subscribe to: the secret link of each site, person, room and asset, and a new one where it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from portal.admin.guard import EDIT, actor, needs, scope
from portal.clock import now
from portal.domain.errors import NotFound
from portal.extensions import settings
from portal.i18n import _, current_locale
from portal.operations import feeds
from portal.operations.feeds import RESOURCE, SITE, Feed
from portal.web.responses import go, page

bp = Blueprint("feeds", __name__, url_prefix="/feeds")


@dataclass(frozen=True, slots=True)
class Line:
    """A calendar in the list; ``url`` is empty for those who may not have its link."""

    feed: Feed
    id: str
    url: str
    calendar_url: str
    renew_url: str


def kind_words() -> dict[str, str]:
    """Name the kinds of what has a calendar, in the order in which they are listed."""
    return {SITE: _("Sites"), "staff": _("People"), "room": _("Rooms"), "asset": _("Equipment")}


@bp.get("/")
@needs(EDIT)
def index() -> Response:
    """List the links."""
    found = [_line(one) for one in feeds.listing(scope())]
    groups = [(text, [one for one in found if one.feed.kind == kind]) for kind, text in kind_words().items()]
    return page("admin/feeds/index.html", groups=[(text, lines) for text, lines in groups if lines])


def _line(feed: Feed) -> Line:
    of_site = feed.kind == SITE
    seen: dict[str, Any] = {"site": feed.key} if of_site else {"resource": feed.key}
    return Line(
        feed,
        id=f"{feed.kind}-{feed.key}",
        url=_address(feed.token) if feed.token else "",
        calendar_url=url_for("admin.calendar.show", **seen),
        renew_url=url_for("admin.feeds.renew_site" if of_site else "admin.feeds.renew_resource", key=feed.key),
    )


def _address(token: str) -> str:
    """Write a link as a program is given it: in the language of the one who copies it."""
    path = url_for("subscriptions.calendar", token=token, lang=current_locale())
    return f"{settings().public_url}{path}"


@bp.route("/sites/<key>/renew", methods=["GET", "POST"])
@needs(EDIT)
def renew_site(key: str) -> Response:
    """Ask once, then replace the link of a site's calendar."""
    return _renew(SITE, key)


@bp.route("/resources/<key>/renew", methods=["GET", "POST"])
@needs(EDIT)
def renew_resource(key: str) -> Response:
    """Ask once, then replace the link of the calendar of a person, a room or an asset."""
    return _renew(RESOURCE, key)


def _renew(kind: str, key: str) -> Response:
    if request.method != "POST":
        return page("admin/feeds/renew.html", feed=_asked(kind, key))
    name = feeds.renew(kind, key, actor(), now=now(), scope=scope())
    flash(_("%(name)s has a new link: the one before opens nothing any more.", name=name))
    return go(url_for("admin.feeds.index"))


def _asked(kind: str, key: str) -> Feed:
    """Find the calendar whose link is to be replaced. Raises NotFound."""
    for one in feeds.listing(scope()):
        if one.key == key and (one.kind == SITE) == (kind == SITE) and one.token:
            return one
    raise NotFound
