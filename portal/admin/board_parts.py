"""What a day board shows: columns, the entries of a day, the visits among them, each with its words and addresses."""

from __future__ import annotations

from dataclasses import dataclass

from portal.operations.cards import AppointmentCard


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody or something that an appointment has, with its colour."""

    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment on a day; ``move`` is empty where it cannot be moved, or not by the one who looks.

    ``plain``: there is nothing to say of its state. ``give`` is where it is given to another than the one whose day it
    is, which is a ``thing`` or a person; empty where that cannot be.
    """

    card: AppointmentCard
    title: str
    about: str
    others: tuple[Named, ...]
    ended: bool
    wanted: bool
    plain: bool
    url: str
    move: str
    give: str
    thing: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A stretch of a day. ``place`` are the classes that say where it stands, ``time`` and ``text`` its words.

    ``url`` and ``drop`` are those of a start: where it is booked, and the instant at which a move to it begins.
    """

    kind: str
    place: str
    time: str
    text: str = ""
    url: str = ""
    drop: str = ""
    visit: Visit | None = None


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A day in its column; ``who`` is whose, where it stands among those of others.

    ``lane`` is their key: what is dropped there is given to them. ``now`` are the classes that say where the present
    stands, on its day. ``other``: a phone leaves it out, for it is not the day that is looked at.
    """

    id: str
    lane: str
    title: str
    who: str
    url: str
    detail: str
    colour: str
    entries: tuple[Entry, ...]
    now: str
    lanes: int
    more: int
    more_url: str
    today: bool
    other: bool


@dataclass(frozen=True, slots=True)
class Hour:
    """A line of the clock beside the columns."""

    place: str
    label: str
