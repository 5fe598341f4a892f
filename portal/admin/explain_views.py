"""What the page of an explanation shows: the starts, the rules, and of a service all who could serve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import ngettext

from portal.admin.process_words import sentences
from portal.admin.resource_words import resource_kind
from portal.admin.service_words import length_text, needs_text
from portal.admin.words import closed_text, hours_text, kinds_text
from portal.clock import now
from portal.domain.matching import KINDS
from portal.domain.openings import openings_on
from portal.domain.slots import Start
from portal.domain.zones import local_day
from portal.i18n import _, hour, sentence
from portal.i18n import day as in_full
from portal.operations.explanations import Explanation
from portal.operations.place_cards import PlanningCard
from portal.operations.resource_cards import ResourceCard
from portal.operations.scopes import Scope
from portal.operations.service_cards import ServiceCard
from portal.web.explained import facts, hindrance_text, reasons_of

NAMED = 5  # people who are named at a start; the others are counted


@dataclass(frozen=True, slots=True)
class StartLine:
    """A candidate start: when, how many places are left, who could have it, and every reason why it is not offered."""

    at: str
    until: str
    places: int
    people: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContenderLine:
    """Somebody or something that fits, and what is in the way."""

    key: str
    name: str
    kind: str
    free: bool
    picked: bool
    optional: bool
    why: str


def told(found: Explanation, scope: Scope) -> dict[str, Any]:
    """Word an explanation; appointments are named only of sites that the reader sees."""
    lines = [_line(found, one, there) for one, there in zip(found.starts, found.people, strict=True)]
    rules = [*_hours(found), *facts(found)]
    return {
        "wanted": found.question.day,
        "lines": lines,
        "offered": len([line for line in lines if not line.reasons]),
        "summary": Counter(line.reasons[0] for line in lines if line.reasons).most_common(),
        "facts": rules,
        "process": [one for one in _process(found) if one[0] not in dict(rules)],
        "one": _line(found, found.one, found.its_people) if found.one is not None else None,
        "contenders": _contenders(found, scope),
    }


def _process(found: Explanation) -> list[tuple[str, list[str]]]:
    item = found.bookable.item
    people = isinstance(item, ServiceCard) and any(one.kind == "staff" for one in item.requires)
    return sentences(found.bookable.policy, people=people)


def _line(found: Explanation, start: Start, people: Sequence[ResourceCard]) -> StartLine:
    zone = found.bookable.zone
    at, until = hour(start.start, zone), hour(start.end, zone)
    return StartLine(at, until, start.places, _people(people), reasons_of(found, start))


def _people(people: Sequence[ResourceCard]) -> str:
    named, more = ", ".join(one.name for one in people[:NAMED]), len(people) - NAMED
    if more <= 0:
        return named
    return str(ngettext("%(names)s and %(num)s more", "%(names)s and %(num)s more", more, names=named))


def _contenders(found: Explanation, scope: Scope) -> list[ContenderLine]:
    """List who could serve: people, then rooms, then equipment, those who are free first."""
    order = sorted(found.contenders, key=lambda one: (KINDS.index(one.card.kind), not one.free, one.card.name))
    return [
        ContenderLine(
            key=one.card.key,
            name=one.card.name,
            kind=resource_kind(one.card.kind),
            free=one.free,
            picked=one.picked,
            optional=one.optional,
            why="" if one.free else hindrance_text(one, scope.sees),
        )
        for one in order
    ]


def _hours(found: Explanation) -> list[tuple[str, str]]:
    """Say the hours of the day, how starts are laid on them, and whom they are open to."""
    item, zone = found.bookable.item, found.bookable.zone
    return [
        *(_of_planning(found, item) if isinstance(item, PlanningCard) else _of_service(found, item)),
        (_("Open to"), sentence(kinds_text(item.kinds, item.guests))),
        (_("It is now"), sentence(f"{in_full(local_day(now(), zone))}, {hour(now(), zone)}")),
    ]


def _of_planning(found: Explanation, card: PlanningCard) -> list[tuple[str, str]]:
    schedule = card.schedule
    hours = hours_text(openings_on(schedule, found.question.day)) if found.closed is None else closed_text(found.closed)
    length = _("%(length)s min, a start every %(step)s min", length=schedule.slot_minutes, step=schedule.step_minutes)
    return [(_("Hours of the day"), sentence(hours)), (_("Length and step"), length)]


def _of_service(found: Explanation, card: ServiceCard) -> list[tuple[str, str]]:
    closed = [(_("Hours of the day"), sentence(closed_text(found.closed)))] if found.closed is not None else []
    length = length_text(card.minutes, card.buffer_before + card.buffer_after)
    step = _("%(length)s; a start every %(step)s min", length=length, step=card.step)
    return [
        *closed,
        (_("Length and step"), sentence(step)),
        (_("Needs"), sentence(needs_text(card.requires, found.skills))),
    ]
