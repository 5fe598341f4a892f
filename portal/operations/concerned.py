"""Appointments to come that a change of what is set up concerns, for pages and for a file that is loaded.

What is to change is given as the configuration file writes it. Nothing is cancelled by it: whoever makes the change
has to know of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

Values = Mapping[str, Any]
Objects = Mapping[str, Values]
"""Objects of a section as they are to be, by key."""

Changed = Mapping[str, Objects]
"""Objects that were there before and are to be others, by section and key."""

SECTIONS = ("sites", "plannings", "resources", "services")
"""Whose changes can concern appointments."""


class Why(StrEnum):
    """How a change concerns an appointment."""

    UNFIT = "unfit"  # the hours, the closed days, or whom it has no longer hold it
    LEFT = "left"  # where it is, nothing more can be booked
    CLOCK = "clock"  # another time zone shows it at another hour
    LENGTH = "length"  # it keeps its length and the time around it
    NEEDS = "needs"  # it keeps whom and what it has
    MEETING = "meeting"  # those concerned meet in another way than they were told


@dataclass(frozen=True, slots=True)
class Concerned:
    """An appointment that a change concerns: of what (``where``) at which site, and its local start."""

    where: str
    site: str
    id: int
    reference: str
    start: datetime
    why: tuple[Why, ...]


def changed(**sections: Objects) -> Changed:
    """Name what is to change in some sections.

    >>> changed(sites={"lyon": {"holidays": "FR"}})["sites"]["lyon"], changed()["services"]
    ({'holidays': 'FR'}, {})
    """
    return {name: sections.get(name, {}) for name in SECTIONS}


def ids_of(found: Iterable[Concerned], why: Why) -> list[int]:
    """Give the ids of the appointments that are concerned in one way, each once, in order."""
    return list(dict.fromkeys(one.id for one in found if why in one.why))
