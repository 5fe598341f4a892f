"""The plannings and the lines of a day, as the first page shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.admin.appointment_list import people_text, things_text
from portal.admin.mark_buttons import Button, buttons_of, undo_of
from portal.admin.moments import length_text
from portal.admin.request_buttons import Answering, answering
from portal.admin.words import closed_text
from portal.i18n import _, hour, named
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard
from portal.operations.place_cards import PlanningCard
from portal.operations.stands import Frame, Stand
from portal.operations.today import Group, Part, Visit

SOON = timedelta(hours=1)
TITLES: Mapping[Stand, Any] = {
    Stand.EXPECTED: _l("Next arrivals"),
    Stand.LATE: _l("Late"),
    Stand.ARRIVED: _l("On site"),
    Stand.REQUESTED: _l("To be approved"),
    Stand.COMPLETED: _l("Done"),
    Stand.NO_SHOW: _l("Missing"),
    Stand.GONE: _l("Called off"),
}
OTHER_DAYS: Mapping[Stand, Any] = {Stand.EXPECTED: _l("Expected"), Stand.LATE: _l("Nothing noted")}
"""What these are called on a day that is not today: nobody is on the way."""

FOLDED = (Stand.COMPLETED, Stand.NO_SHOW, Stand.GONE)


@dataclass(frozen=True, slots=True)
class Count:
    """How many stand somewhere: a figure under its word, with the colour of the bar."""

    text: Any
    number: int
    fill: str


@dataclass(frozen=True, slots=True)
class PlanningView:
    """A planning or a service on the day; ``site`` is said where there are several. ``url`` looks at it alone."""

    name: str
    place: str
    site: str
    url: str
    counts: tuple[Count, ...]
    free: int
    possible: int
    total: int
    note: str


@dataclass(frozen=True, slots=True)
class Line:
    """An appointment of the day. ``tag`` says how soon, how late or since when, in a tone."""

    card: AppointmentCard
    about: str
    tag: str
    tone: str
    buttons: tuple[Button, ...]
    undo: Button | None
    answers: Answering | None


@dataclass(frozen=True, slots=True)
class GroupView:
    """Some who stand alike; ``url`` shows them all."""

    id: str
    title: Any
    count: int
    lines: tuple[Line, ...]
    folded: bool
    url: str


def planning_view(part: Part, frame: Frame, live: bool, url: Callable[..., str]) -> PlanningView:
    """Count who stands where in a planning or a service; ``url`` gives the address of what is looked at, changed."""
    one, counts = part.bookable, {stand: part.counts.get(stand, 0) for stand in Stand}
    shown = (
        Count(_("Expected"), counts[Stand.EXPECTED], "fill-used"),
        Count(_("On site"), counts[Stand.ARRIVED], "fill-ok"),
        Count(_("Late") if live else _("Nothing noted"), counts[Stand.LATE], "fill-over"),
        Count(_("Done"), counts[Stand.COMPLETED], "fill-done"),
        *_rare(counts),
    )
    total = sum(counts.values()) - counts[Stand.GONE]
    return PlanningView(
        name=named(one.item),
        place=one.site.name,
        site=one.site.name if len(frame.sites) > 1 and frame.site is None else "",
        url=url(site=one.site.key, **_only(one)),
        counts=shown,
        free=max(part.possible - total, 0),
        possible=part.possible,
        total=total,
        note=closed_text(part.closed) if part.closed is not None else "",
    )


def _only(one: Bookable) -> dict[str, str | None]:
    """Name a planning or a service as an address does."""
    planning = isinstance(one.item, PlanningCard)
    return {"planning": one.item.key if planning else None, "service": None if planning else one.item.key}


def _rare(counts: Mapping[Stand, int]) -> list[Count]:
    """Count what is only said where there is any."""
    rare = (
        (_("To be approved"), Stand.REQUESTED, "fill-free"),
        (_("Missing"), Stand.NO_SHOW, "fill-missed"),
        (_("Called off"), Stand.GONE, ""),
    )
    return [Count(text, counts[stand], fill) for text, stand, fill in rare if counts[stand]]


def group_view(group: Group, frame: Frame, moment: datetime, url: Callable[..., str], *, alone: bool) -> GroupView:
    """Show some who stand alike, folded where nobody waits for them; ``alone``: they are the whole page."""
    titles = TITLES if frame.day == frame.today else {**TITLES, **OTHER_DAYS}
    return GroupView(
        group.stand.value,
        titles[group.stand],
        group.count,
        tuple(_line(visit, group.stand, frame, moment) for visit in group.visits),
        group.stand in FOLDED and not alone,
        url(stand=group.stand.value) if len(group.visits) < group.count and not alone else "",
    )


def _line(visit: Visit, stand: Stand, frame: Frame, moment: datetime) -> Line:
    card = visit.card
    tag, tone = _tag(visit, stand, moment)
    buttons = buttons_of(card, moment) if frame.day <= frame.today else ()
    if stand is Stand.EXPECTED:
        buttons = buttons[:1]  # nobody is done before the start, nor missing in its first minutes
    return Line(card, _about(visit, frame), tag, tone, buttons, undo_of(card, moment), answering(card, moment))


def _about(visit: Visit, frame: Frame) -> str:
    card = visit.card
    kinds = {"customer": _("Collection"), "supplier": _("Delivery")}
    order = f"{kinds.get(card.order_kind or '', '')} {card.order}" if card.order else ""
    place = [named(card.item)] if card.item is not None and frame.chosen is None else []
    site = card.site.name if len(frame.sites) > 1 and frame.site is None else ""
    parts = [order, card.order_units, *place, people_text(visit.assigned), things_text(visit.assigned), site]
    return "\u00a0· ".join(part for part in parts if part)


def _tag(visit: Visit, stand: Stand, moment: datetime) -> tuple[str, str]:
    """Say how soon, how late, or since when."""
    card, since = visit.card, visit.since
    if stand is Stand.EXPECTED:
        away = card.start - moment
        soon = timedelta() < away <= SOON
        return (_("in %(length)s", length=length_text(away)), "info") if soon else ("", "")
    if stand is Stand.LATE:
        return _("Late by %(length)s", length=length_text(moment - card.start)), "bad"
    if since is None:
        return "", ""
    if stand is Stand.ARRIVED:
        return _("since %(hour)s", hour=hour(since, card.zone)), "ok"
    return _("noted at %(hour)s", hour=hour(since, card.zone)), ""
