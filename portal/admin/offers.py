"""Offers of freed places: who was offered what, when and why, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, request, url_for
from flask_babel import ngettext

from portal.admin.filters import asked_days, asked_filters, asked_number
from portal.admin.guard import scope
from portal.admin.moments import moment_text
from portal.admin.stories import Story
from portal.clock import now
from portal.domain.zones import local_day, parse_instant, zone
from portal.i18n import _, day_short, sentence
from portal.operations import appointment_search, offer_lists, organisation
from portal.operations.offer_lists import HOLDERS, LISTED, STATES, WHOM, GivenBack, OfferLine, Search
from portal.web.responses import page

bp = Blueprint("offers", __name__)
SIZE = 50
FILTERS = ("q", "state", "whom", "site", "from", "to")


@dataclass(frozen=True, slots=True)
class Shown:
    """An offer in words: how it stands, why it was their turn, and where the place came from."""

    line: OfferLine
    state: str
    tone: str
    until: str
    why: str
    source: str


@bp.get("/offers/")
def index() -> Response:
    """List offers, newest first, by the filters in the address."""
    asked, tz = asked_filters(FILTERS, request.args), zone(organisation.card().timezone)
    cursor = asked_number(request.args.get("before"))
    search = Search(
        text=asked.get("q", ""),
        state=asked.get("state"),
        whom=asked.get("whom"),
        site=asked.get("site"),
        **asked_days(asked, tz),
    )
    found = offer_lists.listing(search, scope=scope(), before=cursor, size=SIZE)
    return page(
        "admin/offers/index.html",
        offers=[shown(line) for line in found.lines],
        asked=asked,
        states=[(state, state_text(state)[0]) for state in STATES],
        whoms=[(whom, whom_text(whom)) for whom in WHOM],
        sites=appointment_search.choices(scope=scope()).sites,
        more_url=url_for("admin.offers.index", **asked, before=found.next) if found.next else "",
        first_url=url_for("admin.offers.index", **asked) if cursor is not None else "",
    )


def shown(line: OfferLine) -> Shown:
    """Word an offer."""
    state, tone = state_text("lapsed" if line.state == "open" and line.expires_at <= now() else line.state)
    settled = line.settled_at if line.settled_at is not None else line.expires_at
    until = moment_text(settled, line.zone)
    told = _("until %(moment)s", moment=until) if tone == "wait" else until
    return Shown(line, state, tone, told, _why(line), _source(line))


def state_text(state: str) -> tuple[str, str]:
    """Name how an offer stands, with its colour."""
    words = {
        "open": (_("Open"), "wait"),
        "claimed": (_("Taken"), "ok"),
        "lapsed": (_("Not answered in time"), ""),
        "withdrawn": (_("No longer free or wanted"), ""),
    }
    return words.get(state) or (state, "")


def whom_text(whom: str) -> str:
    """Name the two kinds of people who are asked."""
    return {HOLDERS: _("Holders of later appointments"), LISTED: _("The waiting list")}[whom]


def _why(line: OfferLine) -> str:
    """Say why it was their turn: their place in the order, and since when they have waited."""
    rank = _("no. %(rank)s in line", rank=line.reason.get("rank", "–"))
    since = parse_instant(str(line.reason.get("since")))
    told = day_short(local_day(since, line.zone)) if since is not None else "–"
    if line.waiting_id is not None:
        return _("%(rank)s, on the waiting list since %(day)s", rank=rank, day=told)
    return _("%(rank)s, appointment made on %(day)s", rank=rank, day=told)


def _source(line: OfferLine) -> str:
    """Say what freed the place, and how it was offered."""
    causes: Mapping[str, str] = {
        "cancelled": _("a cancellation"),
        "declined": _("a request declined"),
        "expired": _("a request expired"),
        "moved": _("a move"),
        "claimed": _("a move to an earlier time"),
    }
    mode = _("one by one, place kept") if line.alone else _("to all at once")
    return f"{causes.get(line.cause, line.cause)}, {mode}"


# In the history of an appointment


def story_of_offer(line: OfferLine) -> Story:
    """Tell an offer that an appointment got."""
    one = shown(line)
    details = (moment_text(line.start, line.zone), sentence(one.why), f"{one.state}, {one.until}")
    return Story(_("Earlier time offered"), details, line.created_at, _("the portal"))


def story_of_place(place: GivenBack) -> Story:
    """Tell to whom a place was offered that an appointment gave back."""
    count = str(ngettext("to %(num)s who waited", "to %(num)s who waited", place.count))
    taken = _("taken by %(who)s", who=place.taker) if place.taker else _("taken by nobody yet")
    details = (moment_text(place.start, place.zone), count, taken)
    return Story(_("Place offered to others"), details, place.at, _("the portal"))
