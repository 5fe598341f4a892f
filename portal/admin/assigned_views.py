"""Who and what an appointment has, and why, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from portal.admin.guard import scope
from portal.admin.moments import length_text, moment_text
from portal.admin.numbers import NOTHING, percent
from portal.domain.errors import Invalid
from portal.domain.zones import parse_instant
from portal.i18n import _
from portal.operations import assignments
from portal.operations.assignments import Assigned
from portal.operations.cards import AppointmentCard
from portal.web.texts import explain


@dataclass(frozen=True, slots=True)
class Score:
    """What one who could have been chosen had to do: a line of a table."""

    name: str
    chosen: bool
    booked: str
    opened: str
    share: str
    appointments: int
    last: str
    served: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Somebody or something that an appointment has: how it came to that, and why."""

    key: str
    name: str
    kind: str
    how: str
    rule: str
    because: str
    scores: tuple[Score, ...]

    @property
    def served(self) -> bool:
        """Whether any of them served the customer before."""
        return any(line.served != NOTHING for line in self.scores)


def shown(card: AppointmentCard) -> list[Shown]:
    """Prepare what an appointment has for its page."""
    told = assignments.told(card.id)
    return [_shown(one, told.names, card.zone) for one in told.assigned]


def _shown(one: Assigned, names: Mapping[str, str], zone: ZoneInfo) -> Shown:
    choice = one.choice or {}
    because = str(choice.get("because", ""))
    scores = tuple(_score(line, one.key, names, zone) for line in choice.get("candidates", ()))
    return Shown(one.key, one.name, one.kind, _how(one), rule_text(str(choice.get("rule", ""))), _why(because), scores)


def _how(one: Assigned) -> str:
    """Say in a few words how it came to the appointment."""
    if one.choice is not None and one.choice["because"] == "reassigned":
        return _("taken over")
    if one.requirement is None:
        return _("added by the staff")
    return _("chosen by name") if one.named else _("chosen by the rule")


def rule_text(rule: str) -> str:
    """Name a rule of distribution."""
    words = {
        "balanced": _("Whose time is booked least"),
        "history": _("Who served the customer last, else whose time is booked least"),
        "fair": _("Who has the fewest appointments"),
    }
    return words.get(rule, rule)


def _why(because: str) -> str:
    """Say what told the first from the second."""
    return {
        "only_one": _("Nobody else was free and fit for it."),
        "chosen": _("Picked by name: no rule was asked."),
        "history": _("Served this customer last."),
        "utilisation": _("Had the smallest share of the open time booked."),
        "fewest": _("Had the fewest appointments."),
        "never": _("Had never been given an appointment."),
        "least_recent": _("Had waited longest for the next appointment."),
        "lowest_id": _("Was equal to others in everything, and is first in the list."),
        "reassigned": _("Took it over from somebody else."),
    }.get(because, because)


def _score(line: Mapping[str, Any], chosen: str, names: Mapping[str, str], zone: ZoneInfo) -> Score:
    booked, opening = int(line["booked"]), int(line["open"])
    return Score(
        names.get(line["resource"], line["resource"]),
        line["resource"] == chosen,
        minutes_text(booked),
        minutes_text(opening),
        share_text(booked, opening),
        int(line["appointments"]),
        _moment(line.get("last"), zone),
        _moment(line.get("served"), zone),
    )


def at_this_time(name: str, reason: str) -> str:
    """Say why somebody or something cannot be had at the time that is looked at."""
    return _("%(name)s, at this time: %(reason)s", name=name, reason=reason)


def unfit_text(refusal: Invalid, card: AppointmentCard) -> str:
    """Say why somebody or something cannot have an appointment in the place of another.

    Who is at no site of those of the one who asks is called as they were typed.
    """
    key = str(refusal.values.get("value", ""))
    name = assignments.names_within(scope(), [key]).get(key, key)
    why = str(refusal.values.get("because") or refusal.values.get("problem"))
    words = {
        "has_it": _("%(name)s has this appointment already.", name=name),
        "another_kind": _(
            "%(name)s is of another kind: people take over from people, rooms from rooms, equipment from equipment.",
            name=name,
        ),
        "cannot_serve": _("%(name)s does not have all that the service asks for.", name=name),
        "unknown_resource": _("%(name)s is not at the site “%(site)s”.", name=name, site=card.site.name),
        "not_assigned": _("%(name)s does not have this appointment any more.", name=name),
    }
    return words.get(why) or explain(refusal)


def minutes_text(minutes: int) -> str:
    """Write minutes in their largest units."""
    return length_text(timedelta(minutes=minutes))


def share_text(booked: int, opening: int) -> str:
    """Say how much of an open time is booked."""
    return percent(booked / opening) if opening else NOTHING


def _moment(text: Any, zone: ZoneInfo) -> str:
    moment = parse_instant(text) if text else None
    return moment_text(moment, zone) if moment else NOTHING
