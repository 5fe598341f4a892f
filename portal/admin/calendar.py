"""The calendar of the staff: a week or a day of one planning at one site, half hour by half hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.admin import boards
from portal.admin.board_asked import Looked
from portal.admin.calendar_places import DAY, TEAM, WEEK, Choice, choices, months
from portal.admin.calendar_views import Addresses, AgendaRow, Layout, Visit, places_text
from portal.admin.guard import BOOK, EDIT, scope, staff
from portal.clock import now
from portal.domain.openings import Why
from portal.domain.zones import parse_day, parse_instant
from portal.i18n import _, dates, hour, month, zone_label
from portal.i18n import day as in_full
from portal.operations import staff_visits, staff_weeks
from portal.operations.staff_visits import Present
from portal.operations.staff_weeks import Half, StaffWeek, WeekDay
from portal.web import responses

bp = Blueprint("calendar", __name__)
LONGEST = 60  # characters of a key in the address
WORKING_DAYS = 5  # the days after these are left out of the table while nothing is there


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; what cannot be read is as if it were not there."""

    view: str
    site: str | None
    planning: str | None
    day: date | None
    at: datetime | None
    page: int
    whole: bool

    @classmethod
    def read(cls) -> Asked:
        """Read the address."""
        given = request.args
        return cls(
            view=DAY if given.get("view") == DAY else WEEK,
            site=given.get("site", "")[:LONGEST].replace("\0", "") or None,
            planning=given.get("planning", "")[:LONGEST].replace("\0", "") or None,
            day=parse_day(given.get("day")),
            at=parse_instant(given.get("at")),
            page=given.get("page", 1, type=int),
            whole="whole" in given,
        )


@dataclass(frozen=True, slots=True)
class MomentView:
    """Who is there during the half hour that is looked at, and what can be booked in it or after it.

    ``books``: words and address of each free start; ``overbook`` the address to book all the same, for managers.
    """

    present: Present
    title: str
    places: str
    visits: tuple[Visit, ...]
    books: tuple[tuple[str, str], ...]
    later: tuple[str, str] | None
    overbook: str


@bp.get("/calendar")
def show() -> Response:
    """Show the week of a planning beside one of its days, or beside one half hour."""
    if place := request.args.get("place"):
        return _chosen(Choice(place))
    looked = Looked.read()
    if looked.team or looked.resource is not None or looked.service is not None:
        return boards.show(looked)
    asked, moment = Asked.read(), now()
    found = staff_weeks.week(
        now=moment, scope=scope(), site=asked.site, planning=asked.planning, day=asked.day, at=asked.at
    )
    if found is None:  # no planning: perhaps there are people
        return boards.show(replace(looked, view=TEAM))
    return responses.show("admin/calendar/show.html", "admin/calendar/_calendar.html", **_values(found, asked, moment))


def _chosen(choice: Choice) -> Response:
    """Go to what the form chose, as values that can be shared and read; what narrows it stays where it can."""
    kept: dict[str, Any] = {name: request.args.get(name) or None for name in ("view", "day", "whole")}
    if choice.narrowed:
        kept |= {"service": request.args.get("service") or None, "kind": request.args.getlist("kind")}
    return responses.go(url_for("admin.calendar.show", **{**choice.address, **kept, **choice.address}))


def _values(found: StaffWeek, asked: Asked, moment: datetime) -> dict[str, Any]:
    addresses = Addresses(found.bookable, asked.view, asked.whole)
    layout = Layout(found, addresses, moment, asked.at, staff().may(BOOK))
    heads = layout.heads()
    shown = _columns(found, asked.whole)
    looked_at = _moment(layout, asked, moment)
    return {
        "found": found,
        "bookable": found.bookable,
        "view": asked.view,
        "choice": choices(Choice.planning(found.bookable.site.key, found.bookable.item.key)),
        "swapped": responses.wants_fragment(),
        "title": in_full(found.chosen.day) if asked.view == DAY else _week_title(found),
        "lead": _lead(found),
        "heads": heads,
        "columns": [head for head in heads if head.shown in shown],
        "hidden": [head for head in heads if head.shown not in shown],
        "rows": layout.rows(shown) if asked.view == WEEK else [],
        "chosen": next(head for head in heads if head.chosen),
        "agenda": _agenda(layout, moment) if looked_at is None or asked.view == DAY else None,
        "looked_at": looked_at,
        "carried": [("whole", "1")] if asked.whole else [],
        "addresses": addresses,
        **_ways(found, asked, addresses),
    }


def _week_title(found: StaffWeek) -> str:
    return _("Week of %(dates)s", dates=dates(found.days[0].day, found.days[-1].day))


def _lead(found: StaffWeek) -> str:
    """Say what is shown, and whose clock."""
    noon = found.chosen.halves[len(found.chosen.halves) // 2].start
    bookable = found.bookable
    return f"{bookable.item.name}, {bookable.site.name}, {zone_label(bookable.zone, noon)}."


def _agenda(layout: Layout, moment: datetime) -> Sequence[AgendaRow]:
    week = layout.week
    return layout.agenda(staff_visits.arrivals(week.bookable, week.chosen, now=moment))


def _columns(found: StaffWeek, whole: bool) -> list[WeekDay]:
    """Leave out the days of a weekend on which the planning never opens, while nobody is there."""
    return [
        one
        for number, one in enumerate(found.days)
        if number < WORKING_DAYS or whole or one is found.chosen or not _idle(one)
    ]


def _idle(one: WeekDay) -> bool:
    never = one.closed is not None and one.closed.why is Why.WEEK
    return never and all(half.shut for half in one.halves)


def _moment(layout: Layout, asked: Asked, moment: datetime) -> MomentView | None:
    """Prepare the half hour that is looked at; an instant of another day is none."""
    day = layout.week.chosen
    half = day.half_at(asked.at) if asked.at is not None else None
    if half is None:
        return None
    bookable, zone, addresses = layout.week.bookable, layout.zone, layout.addresses
    present = staff_visits.present(bookable, half, now=moment, page=asked.page)
    free = half.free if layout.may_book else ()
    later = day.next_free(half.end) if layout.may_book and not free else None
    return MomentView(
        present=present,
        title=f"{in_full(day.day)}, {layout.clock(day, half)}",
        places=places_text(half),
        visits=tuple(layout.visit(card) for card in present.visits),
        books=tuple((hour(one.start, zone), addresses.book(one.start)) for one in free),
        later=(hour(later.start, zone), addresses.book(later.start)) if later is not None else None,
        overbook=_overbook(half, addresses, moment),
    )


def _overbook(half: Half, addresses: Addresses, moment: datetime) -> str:
    """Give managers the way to book where nothing is free: the form asks for a reason."""
    possible = staff().may(EDIT) and not half.free and half.end > moment
    return addresses.book(half.target or half.start) if possible else ""


def _ways(found: StaffWeek, asked: Asked, addresses: Addresses) -> dict[str, Any]:
    """Give the ways to other days, months and pages."""
    day, bookable = found.chosen.day, found.bookable
    step = timedelta(days=1 if asked.view == DAY else 7)
    named = {"day": day.isoformat(), **addresses.keys}
    listed = {"from": day.isoformat(), "to": day.isoformat(), **addresses.keys}
    return {
        "before": addresses.day(day - step),
        "after": addresses.day(day + step),
        "views": [(DAY, _("Day"), addresses.day(day, DAY)), (WEEK, _("Week"), addresses.day(day, WEEK))],
        "months": [(first == day.replace(day=1), month(first), addresses.day(first)) for first in months(day)],
        "month_name": month(day),
        "sheet_url": url_for("admin.sheet.show", **named),
        "why_url": url_for("admin.explain.day", **named, rules="staff"),
        "list_url": url_for("admin.appointment_list.index", **listed),
        "planning_url": url_for("admin.plannings.edit", key=bookable.item.key),
        "exceptional_url": url_for(
            "admin.days.add" if found.chosen.exceptional is None else "admin.days.edit",
            key=bookable.item.key,
            day=day.isoformat(),
        ),
        "closure_url": url_for("admin.sites.close", key=bookable.site.key),
    }
