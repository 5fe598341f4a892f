"""What a service asks before its times: with whom or in which room; and what can be changed beside its month."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from portal.domain import modes
from portal.domain.reservations import MOST_ITERATIONS
from portal.domain.slots import Start
from portal.domain.zones import local_day
from portal.i18n import _, day_short, hour, rfc3339
from portal.operations.bookables import Bookable
from portal.operations.proposals import Proposal, Proposals
from portal.operations.service_cards import ServiceCard
from portal.operations.wanting import ANYBODY, Heard, Question, Wanted
from portal.web.days import first_free
from portal.web.lengths import minutes_in_words
from portal.web.offering import room_text
from portal.web.paths import Paths
from portal.web.visit import Visit

MOST_QUANTITY = 999
HOUR = 60  # minutes


@dataclass(frozen=True, slots=True)
class Time:
    """A free time to take at once: the hour, the day, and both for machines."""

    url: str
    hour: str
    day: str
    machine: str


@dataclass(frozen=True, slots=True)
class Option:
    """Somebody or something to choose, in a line; ``times`` are proposed at once, ``url`` leads to all of them."""

    url: str
    name: str
    detail: str
    times: tuple[Time, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """A number to choose beside the month."""

    name: str
    label: str
    value: int
    most: int


@dataclass(frozen=True, slots=True)
class Amounts:
    """The form that chooses how many: it asks for the same page again, with all that its address says."""

    action: str
    hidden: tuple[tuple[str, str], ...]
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Narrow:
    """The form that says what a room must have: ``features`` with whether each is wanted."""

    action: str
    hidden: tuple[tuple[str, str], ...]
    persons: int | None
    features: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """The question that comes before the times; ``narrow`` where what is proposed can be narrowed."""

    title: str
    options: tuple[Option, ...]
    none: str
    narrow: Narrow | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands above a service's month: who was chosen, with the way to choose again, and how many are wanted."""

    notes: tuple[str, ...] = ()
    picked: str = ""
    person: bool = False
    again: str = ""
    amounts: Amounts | None = None


def asks(bookable: Bookable, heard: Heard, found: Proposals, asked: Visit, paths: Paths) -> Ask:
    """Put the question into words, with all that can be chosen."""
    if heard.question is Question.STAFF:
        return _with_whom(bookable, found, paths)
    options = tuple(_room(bookable, one, paths) for one in found.found)
    none = _("Nothing has all that you ask for. Ask for less.")
    return Ask(_("Choose what suits you"), options, none, _narrow(heard, asked.wanted, paths))


def asked_question(heard: Heard, wanted: Wanted) -> bool:
    """Tell whether choosing somebody or something is one of the steps."""
    chosen = bool(heard.picked) or heard.question is not None
    return chosen or (heard.mode != modes.SERVICE and wanted.staff == ANYBODY)


def beside(bookable: Bookable, heard: Heard, asked: Visit, paths: Paths) -> Beside:
    """Prepare what stands above the month of a service; nothing of a planning."""
    if not isinstance(bookable.item, ServiceCard):
        return Beside()
    picked, name = _picked(heard, asked.wanted)
    again = _address(paths, {name: None}) if name else ""
    amounts = _amounts(bookable.item, heard, asked, paths)
    return Beside(notes(heard, asked.wanted), picked, name == "staff", again, amounts)


def notes(heard: Heard, wanted: Wanted) -> tuple[str, ...]:
    """Say what of an address was left out."""
    words = {
        "staff": _("The person that this address names cannot be chosen here."),
        "resource": _("The room or the equipment that this address names cannot be chosen here."),
        "quantity": _("The number that this address asks for cannot be chosen here."),
        "iterations": _("The length that this address asks for cannot be chosen here."),
        "persons": _("The number of persons that this address gives cannot be read."),
    }
    odd = tuple(name for name in wanted.odd if name not in heard.ignored)
    return tuple(words[name] for name in dict.fromkeys((*heard.ignored, *odd)))


def _picked(heard: Heard, wanted: Wanted) -> tuple[str, str]:
    """Say who or what is chosen, and which parameter does it."""
    if heard.person is not None:
        return _("With %(name)s", name=heard.person.name), "staff"
    if heard.resource is not None:
        return heard.resource.name, "resource"
    if heard.mode != modes.SERVICE and wanted.staff == ANYBODY:
        return _("With whoever is free first"), "staff"
    return "", ""


def _with_whom(bookable: Bookable, found: Proposals, paths: Paths) -> Ask:
    """List the people, first of all whoever is free first, each with their next free time."""
    anybody = Option(_address(paths, {"staff": ANYBODY}), _("First available"), _next(found.soonest, bookable, paths))
    people = tuple(
        Option(_address(paths, {"staff": one.card.key}), one.card.name, _next(_first(one), bookable, paths))
        for one in found.found
    )
    none = _("Nobody can be booked for this at the moment.")
    return Ask(_("Who is to receive you?"), (anybody, *people) if people else (), none, None)


def _first(one: Proposal) -> Start | None:
    return next(iter(one.free), None)


def _next(start: Start | None, bookable: Bookable, paths: Paths) -> str:
    """Say when somebody is free next."""
    free = first_free(start, bookable.zone, paths)
    if free is None:
        return _("Nothing is free in the next month.")
    return _("Next free time: %(when)s", when=free.text)


def _room(bookable: Bookable, one: Proposal, paths: Paths) -> Option:
    """Tell of a room or an asset, with the next times to take at once."""
    named = replace(paths, values=_changed(paths, {"resource": one.card.key}), keep=None)
    times = tuple(_time(start, bookable.zone, named) for start in one.free)
    detail = room_text(one.card) if times else _("Nothing is free in the next month.")
    return Option(named.to_page, one.card.name, detail, times)


def _time(start: Start, zone: ZoneInfo, paths: Paths) -> Time:
    day = day_short(local_day(start.start, zone))
    return Time(paths.to_start(start.start, zone), hour(start.start, zone), day, rfc3339(start.start, zone))


def _narrow(heard: Heard, wanted: Wanted, paths: Paths) -> Narrow:
    features = tuple((one, one in wanted.features) for one in heard.known)
    hidden = _hidden(paths, ("persons", "features"))
    return Narrow(_bare(paths), hidden, wanted.persons, features)


def _amounts(card: ServiceCard, heard: Heard, asked: Visit, paths: Paths) -> Amounts | None:
    choice, numbers = card.reservation, []
    if choice.iterations:
        numbers.append(Number("iterations", _iterations_label(card), heard.iterations, MOST_ITERATIONS))
    if choice.quantity:
        numbers.append(Number("quantity", _("How many"), heard.quantity, MOST_QUANTITY))
    if not numbers:
        return None
    day = {"day": asked.day.isoformat()} if asked.day is not None else {}
    return Amounts(_bare(paths), (*_hidden(paths, ("iterations", "quantity")), *day.items()), tuple(numbers))


def _iterations_label(card: ServiceCard) -> str:
    """Name what is counted: nights, hours, or how often the service's own length."""
    if card.reservation.nights:
        return _("Number of nights")
    if card.minutes == HOUR:
        return _("Number of hours")
    return _("Number of times %(length)s", length=minutes_in_words(card.minutes))


def _address(paths: Paths, changes: dict[str, str | None]) -> str:
    """Give the address of the page with something else asked."""
    return replace(paths, values=_changed(paths, changes)).to_page


def _changed(paths: Paths, changes: dict[str, str | None]) -> dict[str, Any]:
    merged = {**paths.values, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def _bare(paths: Paths) -> str:
    """Give the address of the page without what its query says, for a form that says it itself."""
    return urlsplit(paths.to_page).path


def _hidden(paths: Paths, without: Collection[str]) -> tuple[tuple[str, str], ...]:
    """List what the query of the page says, but for what the form asks."""
    return tuple((name, value) for name, value in parse_qsl(urlsplit(paths.to_page).query) if name not in without)
