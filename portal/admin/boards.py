"""Calendars of people, rooms, equipment and services: a week or a day of one, a day of everybody at a site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from flask import Response, url_for
from flask_babel import ngettext

from portal.admin.board_asked import Looked
from portal.admin.board_parts import ColumnView
from portal.admin.board_views import Timeline, idle
from portal.admin.calendar_places import DAY, WEEK, Choice, choices, months
from portal.admin.guard import BOOK, scope, staff
from portal.clock import now
from portal.i18n import _, dates, day_short, hour, month, named, rfc3339, zone_label
from portal.i18n import day as in_full
from portal.operations import staff_boards
from portal.operations.staff_boards import KINDS, Board, Column, Wanted
from portal.web import responses
from portal.web.lengths import minutes_in_words

WORKING_DAYS = 5  # the days after these are left out while nothing is on them


def show(looked: Looked) -> Response:
    """Show what the address asks for."""
    moment = now()
    wanted = Wanted(moment, scope(), looked.day, looked.service)
    found = _board(looked, wanted)
    if found is None:
        return responses.page("admin/calendar/empty.html")
    return responses.show(
        "admin/calendar/board.html", "admin/calendar/_board.html", **_values(Shown(found, looked, moment))
    )


def _board(looked: Looked, wanted: Wanted) -> Board | None:
    if looked.resource is not None:
        return staff_boards.of_resource(wanted, looked.resource, site=looked.site)
    if looked.team:
        return staff_boards.of_site(wanted, looked.site, looked.kinds or KINDS)
    return staff_boards.of_service(wanted, looked.site, looked.service or "")


@dataclass(frozen=True)
class Shown:
    """A board that is shown, and by which address."""

    board: Board
    looked: Looked
    moment: datetime
    bases: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def timeline(self) -> Timeline:
        """Lay it out."""
        return Timeline(self.board, self.moment, staff().may(BOOK), self.looked.whole, self.book)

    def book(self, column: Column, start: datetime) -> str:
        """Give the address that books a start: the form of the chosen service, else the page that asks which."""
        place = self.board.place
        service = place.service or (place.services[0] if len(place.services) == 1 else None)
        who = column.card.key if column.card is not None else None
        if service is None or place.site is None:
            asking = self._base("admin.calendar.show", **self.looked.kept, who=who, day=column.day.day.isoformat())
            return f"{self._at(asking, 'at', start)}#which"
        return self.book_service(service.site.key, service.item.key, who, start)

    def book_service(self, site: str, service: str, who: str | None, start: datetime) -> str:
        """Give the address of the form that books a start of a service with somebody or something."""
        chosen: dict[str, Any] = {"with": who}
        form = self._base("admin.service_phone.details", service=service, site=site, **chosen)
        return self._at(form, "start", start)

    def _base(self, endpoint: str, **values: Any) -> str:
        """Give an address that is continued by an instant: it is built once, for a page has hundreds of them."""
        key = (endpoint, str(values))
        if key not in self.bases:
            self.bases[key] = url_for(endpoint, **values)
        return self.bases[key]

    def _at(self, base: str, name: str, start: datetime) -> str:
        return f"{base}{'&' if '?' in base else '?'}{name}={quote(rfc3339(start, self.board.zone), safe=':')}"

    def columns(self) -> list[Column]:
        """Choose the days that are shown: those of a weekend only while something is on them."""
        found = self.board.columns
        if self.looked.team or len(found) == 1:
            return list(found)
        if self.looked.view == DAY:
            return [one for one in found if one.day.day == self.board.day]
        return [
            one
            for number, one in enumerate(found)
            if number < WORKING_DAYS or one.day.day == self.board.day or not idle(one)
        ]


def _values(shown: Shown) -> dict[str, Any]:
    board, looked = shown.board, shown.looked
    timeline = shown.timeline
    columns = [_column(shown, timeline, number, one) for number, one in enumerate(shown.columns())]
    return {
        "board": board,
        "looked": looked,
        "swapped": responses.wants_fragment(),
        "title": _title(shown),
        "lead": _lead(shown),
        "columns": columns,
        "nothing": bool(columns) and all(idle(one) for one in shown.columns()),
        "carried": looked.filters,
        "hours": timeline.hours(),
        "strip": () if looked.team else tuple(_strip(shown)),
        "choice": choices(_chosen(shown)),
        "which": _which(shown),
        "kinds": _kinds(looked) if looked.team else (),
        "services": [(one.item.key, named(one.item)) for one in _services(board)],
        "by_service": looked.team or looked.resource is not None,
        **_ways(shown),
    }


def _services(board: Board) -> Sequence[Any]:
    """List the services to choose from, each once however many sites have it."""
    return list({one.item.key: one for one in board.place.services}.values())


def _title(shown: Shown) -> str:
    board = shown.board
    if shown.looked.team or shown.looked.view == DAY:
        return in_full(board.day)
    days = board.columns
    return _("Week of %(dates)s", dates=dates(days[0].day.day, days[-1].day.day))


def _lead(shown: Shown) -> str:
    """Say who or what is shown, and whose clock."""
    board, looked = shown.board, shown.looked
    parts = [_subject(shown)]
    if looked.resource is not None:
        parts += [one.name for one in board.place.sites]
    elif board.place.site is not None:
        parts.append(board.place.site.name)
    noon = board.columns[0].day.start + timedelta(hours=12) if board.columns else shown.moment
    return f"{', '.join(dict.fromkeys(part for part in parts if part))}, {zone_label(board.zone, noon)}."


def _subject(shown: Shown) -> str:
    board = shown.board
    if shown.looked.resource is not None and board.columns[0].card is not None:
        return board.columns[0].card.name
    if shown.looked.team:
        return _("Team, rooms and equipment")
    return named(board.place.service.item) if board.place.service is not None else ""


def _chosen(shown: Shown) -> Choice:
    looked, site = shown.looked, shown.board.place.site
    key = site.key if site is not None else ""
    if looked.resource is not None:
        return Choice.resource(looked.resource)
    return Choice.team(key) if looked.team else Choice.service(key, looked.service or "")


def _column(shown: Shown, timeline: Timeline, number: int, column: Column) -> ColumnView:
    team, board, day = shown.looked.team, shown.board, column.day
    card = column.card
    listed: dict[str, Any] = {"from": day.day.isoformat(), "to": day.day.isoformat()}
    if board.place.site is not None:
        listed["site"] = board.place.site.key
    return ColumnView(
        id=f"column-{number}",
        lane=card.key if team and card is not None else "",
        title=card.name if team and card is not None else day_short(day.day),
        who=card.name if team and card is not None else "",
        url=url_for("admin.calendar.show", resource=card.key, view=DAY, day=day.day)
        if team and card is not None
        else shown.looked.url(view=DAY, day=day.day),
        detail=_count(day.booked),
        colour=card.colour if team and card is not None else "",
        entries=timeline.entries(column),
        now=timeline.present(column),
        lanes=timeline.lanes(column),
        more=day.more,
        more_url=url_for("admin.appointment_list.index", **listed),
        today=not team and day.day == board.today,
        other=not team and day.day != board.day,
    )


def _count(number: int) -> str:
    return str(ngettext("%(num)s appointment", "%(num)s appointments", number)) if number else ""


def _strip(shown: Shown) -> Iterator[tuple[Column, str, str, bool, bool]]:
    """List the days of the week for a phone: where each leads, what it is called, whether it is chosen and today."""
    for one in shown.board.columns:
        day = one.day.day
        name = ", ".join(part for part in (day_short(day), _count(one.day.booked) or _("nobody")) if part)
        yield one, shown.looked.url(day=day), name, day == shown.board.day, day == shown.board.today


def _which(shown: Shown) -> dict[str, Any] | None:
    """Ask for which service a free start is to be booked."""
    looked, board = shown.looked, shown.board
    if looked.at is None or not staff().may(BOOK):
        return None
    column = next((one for one in board.columns if one.card is not None and looked.who in (None, one.card.key)), None)
    at = looked.at
    title = _("%(day)s at %(hour)s", day=in_full(at.astimezone(board.zone)), hour=hour(at, board.zone))
    links = [
        (
            named(one.item),
            " · ".join((minutes_in_words(one.item.minutes), one.site.name)),
            shown.book_service(one.site.key, one.item.key, looked.who, at),
        )
        for one in board.place.services
    ]
    name = column.card.name if column is not None and column.card is not None and looked.who is not None else ""
    return {"title": title, "name": name, "links": links}


def _kinds(looked: Looked) -> list[tuple[str, str, bool]]:
    texts = {"staff": _("People"), "room": _("Rooms"), "asset": _("Equipment")}
    return [(kind, texts[kind], kind in (looked.kinds or KINDS)) for kind in KINDS]


def _ways(shown: Shown) -> dict[str, Any]:
    """Give the ways to other days, months and views."""
    looked, day = shown.looked, shown.board.day
    step = timedelta(days=7 if looked.view == WEEK else 1)
    views = [(DAY, _("Day"), looked.url(view=DAY, day=day)), (WEEK, _("Week"), looked.url(view=None, day=day))]
    return {
        "before": looked.url(day=day - step),
        "today_url": looked.url(),
        "after": looked.url(day=day + step),
        "views": [] if looked.team else views,
        "months": [(first == day.replace(day=1), month(first), looked.url(day=first)) for first in months(day)],
        "month_name": month(day),
        "by_day": looked.view != WEEK,
        "whole_url": looked.url(day=day, whole=None if looked.whole else 1),
    }
