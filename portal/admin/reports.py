"""Reports: figures of a period with charts, their tables and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.admin.charts import Chart, Column, Part, columns
from portal.admin.guard import scope
from portal.admin.numbers import decimal, percent
from portal.clock import now
from portal.domain.fields import said
from portal.domain.zones import DAY, parse_day
from portal.i18n import _, current_locale, day, month, named, sentence
from portal.operations import organisation, reports
from portal.operations.figures import Figures
from portal.operations.periods import WEEK, Period, monday_of
from portal.operations.reports import Report, Wanted
from portal.web.exports import Row, table_response
from portal.web.responses import page

bp = Blueprint("reports", __name__)
MINUTE = 60  # seconds
PERCENT = 0.01


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the large figures: its name, its number, and how it stands to the period before."""

    name: str
    number: str
    earlier: str


@bp.get("/reports/")
def index() -> Response:
    """Show the figures of a period."""
    wanted = _wanted()
    return page("admin/reports/index.html", **_values(_read(wanted), wanted))


@bp.get("/reports/export.<any(csv, xlsx):format>")
def export(format: str) -> Response:  # noqa: A002 - as the address says it
    """Send the figures of every planning at every site in every part of the period."""
    found = _read(_wanted())
    return table_response(_("report"), _heads(), _rows(found), format)


@bp.get("/reports/people.<any(csv, xlsx):format>")
def export_people(format: str) -> Response:  # noqa: A002 - as the address says it
    """Send who served how much in the period."""
    found = _read(_wanted())
    return table_response(_("report by person"), _heads_of_people(), _rows_of_people(found), format)


def _wanted() -> Wanted:
    """Read what is asked for; what cannot be read is left out."""
    given = request.args
    step = given.get("step", "")
    return Wanted(
        first=parse_day(given.get("from")),
        last=parse_day(given.get("to")),
        step=step if step in reports.STEPS else reports.STEPS[0],
        site=given.get("site") or None,
        planning=given.get("planning") or None,
        service=given.get("service") or None,
    )


def _read(wanted: Wanted) -> Report:
    return reports.read(now=now(), today=organisation.today(now()), scope=scope(), wanted=wanted)


def _values(found: Report, wanted: Wanted) -> dict[str, Any]:
    return {
        "found": found,
        "wanted": wanted,
        "presets": _presets(found),
        "kept": _kept(wanted),
        "services": [(key, said(names, current_locale())) for key, names in found.services.items()],
        "exports": _exports("admin.reports.export", found, wanted),
        "people_exports": _exports("admin.reports.export_people", found, wanted),
        "figures": _figures(found.whole, found.earlier),
        "names": [_name(one, wanted.step) for one in found.parts],
        "charts": _charts(found),
    }


def _presets(found: Report) -> list[tuple[str, Period, bool]]:
    """Offer periods that people mean: whole weeks, and the year so far."""
    last = monday_of(organisation.today(now())) - DAY
    offered = [
        (_("4 weeks"), Period(last - 4 * WEEK + DAY, last)),
        (_("8 weeks"), Period(last - 8 * WEEK + DAY, last)),
        (_("26 weeks"), Period(last - 26 * WEEK + DAY, last)),
        (_("This week and the next three"), Period(last + DAY, last + 4 * WEEK)),
    ]
    return [(text, period, period == found.period) for text, period in offered]


def _exports(endpoint: str, found: Report, wanted: Wanted) -> list[tuple[str, str]]:
    """Give the addresses of the files of a table, by their names."""
    asked: dict[str, Any] = {
        "from": found.period.first.isoformat(),
        "to": found.period.last.isoformat(),
        **_kept(wanted),
    }
    return [(text, url_for(endpoint, format=form, **asked)) for text, form in (("CSV", "csv"), ("Excel", "xlsx"))]


def _kept(wanted: Wanted) -> dict[str, str | None]:
    """Name what is asked for beside the period, as an address does."""
    return {"step": wanted.step, "site": wanted.site, "planning": wanted.planning, "service": wanted.service}


def _figures(whole: Figures, earlier: Figures) -> list[Figure]:
    return [
        Figure(_("Fill rate"), percent(whole.fill), _before(percent(earlier.fill))),
        Figure(_("Bookings"), decimal(whole.bookings), _grown(whole.bookings, earlier.bookings)),
        Figure(_("Cancellations"), decimal(whole.cancelled), _grown(whole.cancelled, earlier.cancelled)),
        Figure(_("No-shows"), decimal(whole.no_shows), _grown(whole.no_shows, earlier.no_shows)),
        Figure(_("Lead time (days)"), decimal(whole.lead), _before(decimal(earlier.lead))),
        Figure(_("Refused demand"), decimal(whole.refused), _grown(whole.refused, earlier.refused)),
    ]


def _grown(number: int, earlier: int) -> str:
    """Say how a number stands to the one before: "before: 40 (+12 %)"."""
    if not earlier:
        return _before(decimal(earlier))
    change = percent((number - earlier) / earlier, signed=True)
    return _("before: %(number)s (%(change)s)", number=decimal(earlier), change=change)


def _before(text: str) -> str:
    return _("before: %(number)s", number=text)


def _name(part: Period, step: str) -> str:
    """Name a part of the period: a month, or the week by the date of its Monday; the first may begin later."""
    return sentence(month(part.first)) if step == "month" else day(part.first).partition(" ")[2]


# Charts


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart with its words: ``key`` names the looks of its bars; ``write`` writes the numbers of its scale."""

    name: str
    chart: Chart
    key: Sequence[tuple[str, str]]
    write: Callable[[float], str]


def _charts(found: Report) -> list[Drawing]:
    return [
        _drawing(found, _("Fill rate"), _filled, [("fill-used", _("booked"))], percent),
        _drawing(
            found,
            _("Appointments"),
            _happened,
            [("fill-used", _("kept")), ("fill-over", _("no-show")), ("fill-done", _("cancelled"))],
            decimal,
        ),
        _drawing(found, _("Refused demand"), _refused, [("fill-over", _("looks that found nothing"))], decimal),
    ]


def _drawing(
    found: Report,
    name: str,
    bars: Callable[[Figures], tuple[Part, ...]],
    key: Sequence[tuple[str, str]],
    write: Callable[[float], str],
) -> Drawing:
    given = [Column(part.first, bars(one)) for part, one in zip(found.parts, found.by_part, strict=True)]
    unit = PERCENT if write is percent else 1
    return Drawing(name, columns(given, stacked=True, unit=unit), key, write)


def _filled(one: Figures) -> tuple[Part, ...]:
    return (Part(one.fill or 0.0, "fill-used"),)


def _happened(one: Figures) -> tuple[Part, ...]:
    kept = one.bookings - one.no_shows
    return Part(kept, "fill-used"), Part(one.no_shows, "fill-over"), Part(one.cancelled, "fill-done")


def _refused(one: Figures) -> tuple[Part, ...]:
    return (Part(one.refused, "fill-over"),)


# Files


def _heads() -> list[str]:
    return [
        _("From"),
        _("Until"),
        _("Site"),
        _("Planning"),
        _("Service"),
        _("Open minutes (times slots)"),
        _("Booked minutes"),
        _("Fill rate"),
        _("Bookings"),
        _("Cancellations"),
        _("No-shows"),
        _("Lead time (days)"),
        _("Refused demand"),
    ]


def _rows(found: Report) -> Iterator[Row]:
    for line in found.lines:
        for part, one in zip(found.parts, line.parts, strict=True):
            yield (
                part.first,
                part.last,
                line.pool.site.name,
                named(line.pool.item) if line.planned else "",
                "" if line.planned else named(line.pool.item),
                one.open_seconds // MINUTE if line.planned else None,
                one.booked_seconds // MINUTE if line.planned else None,
                None if one.fill is None else round(one.fill, 4),
                one.bookings,
                one.cancelled,
                one.no_shows,
                one.lead,
                one.refused,
            )


def _heads_of_people() -> list[str]:
    return [
        _("From"),
        _("Until"),
        _("Person"),
        _("Appointments"),
        _("Booked minutes"),
        _("Booked minutes, everything"),
        _("Open minutes"),
        _("Fill rate"),
    ]


def _rows_of_people(found: Report) -> Iterator[Row]:
    for one in found.people:
        fill = None if one.fill is None else round(one.fill, 4)
        minutes = (one.booked_minutes, one.all_minutes, one.open_minutes)
        yield found.period.first, found.period.last, one.name, one.appointments, *minutes, fill
