"""The editor's week ready to be shown: counts, strips of occupancy on one scale, and what no longer fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import ngettext

from portal.admin.week import Day, Days, Row
from portal.admin.words import closed_text, hours_text, possible_text, reserved_text
from portal.domain.openings import Why, possible
from portal.domain.preview import Capacity
from portal.i18n import _, clock_time
from portal.i18n import weekday as weekday_name
from portal.operations.impacts import Bar, DayUse, SiteImpact

MOST_WARNINGS = 3
HOUR = 60


@dataclass(frozen=True, slots=True)
class RowView:
    """An interval of the editor: its fields are named ``<id>-start`` and so on."""

    id: str
    row: Row
    index: int
    possible: str
    reserved: str  # the names of the services that it is reserved to


@dataclass(frozen=True, slots=True)
class Use:
    """A day's strip: in minutes after midnight, on the scale of the whole week; ``notes`` say what is special."""

    date: date
    bars: tuple[Bar, ...]
    most: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DayView:
    """A day of the editor. ``changed``: by the button just pressed, so that all of it is shown anew."""

    id: str
    weekday: int
    name: str
    day: Day
    rows: tuple[RowView, ...]
    summary: str
    possible: int
    use: Use | None
    changed: bool


@dataclass(frozen=True, slots=True)
class Axis:
    """The scale of a week's strips: minutes from and to, and the largest number."""

    first: int
    last: int
    top: int


def day_views(
    days: Days, slot_minutes: int, shown: SiteImpact | None, changed: set[int], services: Mapping[str, str]
) -> list[DayView]:
    """Prepare the days of the editor, with the occupancy of the site that is shown; ``services`` are names by key."""
    uses = {one.day.isoweekday(): _use(one) for one in shown.days} if shown is not None else {}
    return [_day_view(day, slot_minutes, uses.get(day.weekday), day.weekday in changed, services) for day in days]


def _day_view(day: Day, slot_minutes: int, use: Use | None, changed: bool, services: Mapping[str, str]) -> DayView:
    return DayView(
        id=f"d{day.weekday}",
        weekday=day.weekday,
        name=weekday_name(day.weekday),
        day=day,
        rows=_row_views(day, slot_minutes, services),
        summary=hours_text(day.openings(), services),
        possible=day.possible(slot_minutes),
        use=use,
        changed=changed,
    )


def _row_views(day: Day, slot_minutes: int, services: Mapping[str, str]) -> tuple[RowView, ...]:
    return tuple(
        RowView(
            f"d{day.weekday}-{index}",
            row,
            index,
            _possible(row, slot_minutes),
            reserved_text(row.services, services),
        )
        for index, row in enumerate(day.rows)
    )


def _possible(row: Row, slot_minutes: int) -> str:
    opening = row.opening()
    if row.error:
        return _("to correct")
    return possible_text(possible(opening, slot_minutes)) if opening is not None else "–"


def axis(views: Sequence[DayView]) -> Axis:
    """Find a scale that holds every day: whole hours, and the largest number."""
    bars = [bar for view in views if view.use is not None for bar in view.use.bars]
    first = min((bar.start for bar in bars), default=8 * HOUR) // HOUR * HOUR
    last = -(-max((bar.end for bar in bars), default=18 * HOUR) // HOUR) * HOUR
    return Axis(first, max(last, first + HOUR), max((max(bar.capacity, bar.used) for bar in bars), default=1))


def _use(found: DayUse) -> Use | None:
    if not found.bars:
        return None
    notes = []
    if found.closed is not None and found.closed.why is not Why.WEEK:
        notes.append(closed_text(found.closed))
    elif found.exceptional:
        notes.append(_("Exceptional day: it has hours of its own."))
    return Use(found.day, found.bars, found.taken, tuple(notes), tuple(_warnings(found.bars)))


def _warnings(bars: Sequence[Bar]) -> list[str]:
    over = [bar for bar in bars if bar.used > bar.capacity]
    return [_warning(bar) for bar in over[:MOST_WARNINGS]]


def _warning(bar: Bar) -> str:
    values = {"hour": clock_time(bar.start), "present": bar.used}
    if not bar.capacity:
        return _("%(hour)s: %(present)s outside the hours", **values)
    return str(
        ngettext(
            "%(hour)s: %(present)s present for %(num)s slot",
            "%(hour)s: %(present)s present for %(num)s slots",
            bar.capacity,
            **values,
        )
    )


@dataclass(frozen=True, slots=True)
class CapacityTable:
    """Appointments possible before and after, by weekday and in the week, at sites where it is the same."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, Capacity], ...]
    week: Capacity


def capacity_tables(found: Sequence[SiteImpact]) -> list[CapacityTable]:
    """Join the sites whose capacity changes alike; most plannings have one table."""
    alike: dict[tuple[tuple[int, Capacity], ...], list[SiteImpact]] = {}
    for one in found:
        alike.setdefault(tuple(sorted(one.weekdays.items(), key=lambda item: item[0])), []).append(one)
    return [
        CapacityTable(
            tuple(one.site.name for one in same),
            tuple(
                (weekday_name(number), capacity) for number, capacity in weekdays if capacity.before or capacity.after
            ),
            same[0].week,
        )
        for weekdays, same in alike.items()
    ]
