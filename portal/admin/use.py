"""How a planning is used: a heat map of its half hours, and the demand of the last weeks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.admin.charts import Column, Part, columns
from portal.admin.guard import scope
from portal.admin.numbers import decimal, percent
from portal.clock import now
from portal.domain.zones import DAY, parse_day
from portal.i18n import _, clock_time, day_short, sentence, weekday
from portal.operations import heat
from portal.operations.heat import Cell, HeatMap, Use, WeekOfDemand
from portal.operations.periods import WEEK
from portal.web.responses import page

bp = Blueprint("use", __name__)
bp.add_app_template_filter(decimal)
bp.add_app_template_filter(percent)

LEVELS = (0.0, 0.25, 0.5, 0.75)
"""Shares up to which a half hour has the levels 0 to 3; below full it has 4, full 5, and beyond ``OVER``."""
FULL, OVER = 5, 6


@dataclass(frozen=True, slots=True)
class CellView:
    """A half hour of the map: "4" of "6"; ``level`` is None where it is closed. ``words`` say the same to listeners."""

    booked: str = ""
    slots: str = ""
    level: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A day of the map; ``date`` is None for the mean of several weeks."""

    short: str
    name: str
    date: str


@bp.get("/plannings/<key>/use")
def show(key: str) -> Response:
    """Show how a planning is used at one of its sites, in a week or on average."""
    mean = request.args.get("span") == "mean"
    week = parse_day(request.args.get("week"))
    found = heat.use(key, now=now(), scope=scope(), site=request.args.get("site"), week=week, mean=mean)
    return page("admin/plannings/use.html", **_values(found, mean))


def _values(found: Use, mean: bool) -> dict[str, Any]:
    return {
        "found": found,
        "mean": mean,
        "url": lambda **changed: _url(found, mean, **changed),
        "earlier": found.week.first - WEEK,
        "later": found.week.first + WEEK,
        "headings": _headings(found.map, mean),
        "rows": _rows(found.map),
        "levels": _levels(),
        "chart": columns([_column(one) for one in found.weeks]),
        "write": decimal,
    }


def _url(found: Use, mean: bool, **changed: Any) -> str:
    asked = {"week": found.week.first.isoformat(), "site": found.site.key, "span": "mean" if mean else None, **changed}
    return url_for("admin.use.show", key=found.key, **asked)


def _headings(map_: HeatMap, mean: bool) -> list[Heading]:
    return [
        Heading(
            short=weekday(number, "abbreviated"),
            name=sentence(weekday(number)),
            date="" if mean else day_short(map_.period.first + (number - 1) * DAY),
        )
        for number in map_.weekdays
    ]


def _rows(map_: HeatMap) -> list[tuple[str, list[CellView]]]:
    return [
        (clock_time(minute), [_cell(map_.cell(minute, number)) for number in map_.weekdays]) for minute in map_.minutes
    ]


def _cell(cell: Cell) -> CellView:
    if cell.nothing:
        return CellView()
    booked, slots = decimal(cell.booked), decimal(cell.slots)
    level = level_of(cell)
    words = {FULL: _("full"), OVER: _("too many")}.get(level, "")
    return CellView(booked, slots, level, words)


def level_of(cell: Cell) -> int:
    """Give the level of a half hour that is open or taken: 0 for nothing booked, ``FULL``, ``OVER``."""
    share = cell.share
    if share is None or share > 1:
        return OVER
    if share == 1:
        return FULL
    return next((level for level, most in enumerate(LEVELS) if share <= most), len(LEVELS))


def _levels() -> list[tuple[int, str]]:
    """Name the levels for the key of the map."""
    return [
        (0, _("nothing booked")),
        *((level, _("up to %(share)s", share=percent(most))) for level, most in enumerate(LEVELS) if most),
        (len(LEVELS), _("more than %(share)s", share=percent(LEVELS[-1]))),
        (FULL, _("full")),
        (OVER, _("too many")),
    ]


def _column(one: WeekOfDemand) -> Column:
    return Column(
        one.week.first,
        (Part(one.figures.bookings, "fill-used"), Part(one.figures.refused, "fill-over")),
    )
