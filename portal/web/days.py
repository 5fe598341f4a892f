"""The slots of a day, ready to be shown, and free starts named and linked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from flask_babel import ngettext

from portal.domain.slots import Reason, Start
from portal.domain.waitlist import is_full
from portal.domain.zones import local_day
from portal.i18n import _, clock_time, current_locale, day_short, hour, offset, rfc3339, zone_label
from portal.operations import freed
from portal.operations.asking import Asking, Binding
from portal.operations.availability import closed_because
from portal.operations.bookables import Bookable
from portal.operations.calendars import DayOfSlots
from portal.web.offering import length_of
from portal.web.paths import Paths
from portal.web.reasons import polite
from portal.web.texts import reason_text
from portal.web.visit import Visit

MORNING, AFTERNOON, EVENING = "morning", "afternoon", "evening"
NOON, SIX = 12, 18  # o'clock
MANY = 6  # hours named in a sentence
COUNTS = 4096  # of places, named in memory
TAKEN = ((Reason.FULL,), (Reason.RESOURCE_BUSY,))
"""The reasons of a start that only other bookings take away."""


@dataclass(frozen=True, slots=True)
class SlotLink:
    """A start to choose: its time for people and for machines, and the places left, where these are worth saying.

    ``own`` is the same moment on the visitor's own clock, where that differs.
    """

    url: str
    label: str
    machine: str
    places: str
    last: bool
    own: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day with its slots."""

    id: str
    text: str
    slots: tuple[SlotLink, ...]


@dataclass(frozen=True, slots=True)
class FirstFree:
    """A free start that is named and linked; ``machine`` is its time for the form that holds its place."""

    url: str
    text: str
    machine: str = ""


@dataclass(frozen=True, slots=True)
class DayView:
    """The slots of a day; ``why`` and ``following`` (the next free start) where it has none.

    ``keep`` is the address that holds the place of the slot that is chosen; empty where slots are links. ``wait`` is
    that of the waiting list, where everything is taken and there is one.
    """

    name: str
    zone: ZoneInfo
    zone_label: str
    length: str
    own_label: str
    parts: tuple[Part, ...]
    full: str
    why: str
    following: FirstFree | None
    keep: str
    wait: str


def day_view(found: DayOfSlots, visit: Visit, paths: Paths) -> DayView:
    """Prepare one day alone: what is swapped in when a day is chosen."""
    return of_day(found.bookable, found.day, found.slots, found.binding, None, visit, paths, found.asking)


def of_day(
    bookable: Bookable,
    day: date,
    starts: Sequence[Start],
    binding: Binding,
    following: Start | None,
    visit: Visit,
    paths: Paths,
    asking: Asking,
) -> DayView:
    """Prepare a day; ``following`` is the next free start, named where the day has none."""
    zone = bookable.zone
    offered = [start for start in starts if start.offered]
    noon = datetime.combine(day, time(NOON), zone)
    moment = offered[0].start if offered else noon
    return DayView(
        name=day_short(day),
        zone=zone,
        zone_label=zone_label(zone, moment),
        length=length_of(bookable.item, asking.iterations),
        own_label=_own_label(moment, zone, visit.tz),
        parts=parts_of_day(offered, zone, visit.tz, paths, several=_several(starts, asking)),
        full=_full_hours(starts, zone) if offered else "",
        why="" if offered else _why(bookable, day, starts, binding),
        following=first_free(following, zone, paths),
        keep=paths.to_keep,
        wait=paths.to_wait(day) if freed.listed(bookable) and is_full(starts) else "",
    )


def _several(starts: Sequence[Start], asking: Asking) -> bool:
    """Tell whether places are worth saying: not of somebody or something that was picked, which is free or is not."""
    return not asking.resources and any(start.places > 1 for start in starts)


def _own_label(moment: datetime, zone: ZoneInfo, tz: ZoneInfo | None) -> str:
    if tz is None or not own_time(moment, zone, tz):
        return ""
    return _("Last line of each slot: %(zone)s.", zone=zone_label(tz, moment))


def _full_hours(starts: Sequence[Start], zone: ZoneInfo) -> str:
    """Name the hours that only a full planning takes away; a long list would help nobody."""
    full = [hour(start.start, zone) for start in starts if start.reasons in TAKEN]
    return ", ".join(full) if len(full) <= MANY else ""


def _why(bookable: Bookable, day: date, starts: Sequence[Start], binding: Binding) -> str:
    """Say why a day has nothing free."""
    closed = closed_because(bookable, day)
    if closed is not None and closed.label:
        return _("Closed: %(label)s.", label=closed.label)
    if closed is not None or not starts:
        return reason_text(Reason.CLOSED)
    first = [start.reasons[0] for start in starts if start.reasons]
    if Reason.FULL in first or Reason.RESOURCE_BUSY in first:
        return _("Everything is taken that day.")
    return polite(Counter(first).most_common(1)[0][0], bookable, day, binding)


@lru_cache(COUNTS)
def _places(count: int, locale: str) -> str:  # noqa: ARG001 - the language in force, for the memory
    return _("last place") if count == 1 else str(ngettext("%(num)s place", "%(num)s places", count))


def parts_of_day(
    starts: Sequence[Start], zone: ZoneInfo, tz: ZoneInfo | None, paths: Paths, *, several: bool
) -> tuple[Part, ...]:
    """Split the offered starts of a day into morning, afternoon and evening, leaving out what is empty."""
    names = {MORNING: _("Morning"), AFTERNOON: _("Afternoon"), EVENING: _("Evening")}
    locale, local = current_locale(), [start.start.astimezone(zone) for start in starts]
    links: dict[str, list[SlotLink]] = {part: [] for part in names}
    for start, at, label in zip(starts, local, _labels(local, zone, locale), strict=True):
        machine = rfc3339(at)
        link = SlotLink(
            url=paths.to_written(machine),
            label=label,
            machine=machine,
            places=_places(start.places, locale) if several else "",
            last=several and start.places == 1,
            own=own_time(at, zone, tz),
        )
        links[_part(at)].append(link)
    return tuple(Part(part, names[part], tuple(found)) for part, found in links.items() if found)


def _part(local: datetime) -> str:
    return MORNING if local.hour < NOON else AFTERNOON if local.hour < SIX else EVENING


def _labels(local: Sequence[datetime], zone: ZoneInfo, locale: str) -> list[str]:
    """Write the times of a day; where the clock shows one twice, each with its distance from UTC."""
    written = [clock_time(at.hour * 60 + at.minute, locale) for at in local]
    shown = Counter(written)
    return [
        text if shown[text] == 1 else f"{text} ({offset(zone, at)})" for text, at in zip(written, local, strict=True)
    ]


def own_time(start: datetime, zone: ZoneInfo, tz: ZoneInfo | None) -> str:
    """Write a moment on the visitor's own clock, with the day where that differs too; empty when nothing differs."""
    if tz is None or start.astimezone(tz).utcoffset() == start.astimezone(zone).utcoffset():
        return ""
    same_day = start.astimezone(tz).date() == start.astimezone(zone).date()
    clock = hour(start, tz)
    return clock if same_day else f"{day_short(start.astimezone(tz))}, {clock}"


def first_free(start: Start | None, zone: ZoneInfo, paths: Paths) -> FirstFree | None:
    """Name and link the first free start."""
    if start is None:
        return None
    day = day_short(local_day(start.start, zone))
    text = _("%(day)s at %(hour)s", day=day, hour=hour(start.start, zone))
    return FirstFree(paths.to_start(start.start, zone), text, rfc3339(start.start, zone))
