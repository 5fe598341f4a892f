"""What is asked of an appointment: to be booked, moved, edited; and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from portal.domain.lifecycle import Status
from portal.operations.actors import Actor
from portal.operations.cards import AppointmentCard
from portal.operations.once import Once, digest


@dataclass(frozen=True, slots=True)
class Contact:
    """Who comes. ``email`` is trimmed and case-folded (``normal_address``); only staff may leave it out."""

    email: str | None
    name: str
    phone: str = ""
    comment: str = ""
    locale: str = "fr"


@dataclass(frozen=True, slots=True)
class Wish:
    """A booking asked for: by a link's token, or at a site and a planning or a service by their keys.

    ``resources`` are the keys of those picked by name, ``people`` of those who must be people. ``fields`` are the
    answers to what is asked; staff may leave any out. ``order`` is the reference that staff books for, ``customer`` the
    id of theirs; ``overbook`` a manager's reason, which lifts hours and capacity.
    """

    start: datetime
    contact: Contact
    actor: Actor
    fields: Mapping[str, Any] = field(default_factory=dict)
    token: str | None = None
    site: str | None = None
    planning: str | None = None
    service: str | None = None
    people: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    order: str | None = None
    customer: int | None = None
    quantity: int = 1
    iterations: int = 1
    overbook: str = ""
    continuation: str | None = None
    hold: str | None = None
    once: Once | None = None

    def fingerprint(self) -> str:
        """Identify the request, to recognise it when it comes again, whatever was held for its form meanwhile.

        Empty for one that has no key to come again under.
        """
        if self.once is None:
            return ""
        told = {name: getattr(self, name) for name in self.__slots__}
        who = {"contact": asdict(self.contact), "actor": asdict(self.actor)}
        return digest({**told, **who, "once": None, "hold": None})


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking made, or the same one again (``replayed``); a ``held`` one waits for its address to be confirmed.

    ``card``: what was written of a new one, which nobody need read again.
    """

    public_id: str
    token: str
    start: datetime
    end: datetime
    status: Status = Status.CONFIRMED
    replayed: bool = False
    card: AppointmentCard | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Because:
    """Why staff changes many at once: words for the customers, for the mail; the batch, for the history."""

    words: str = ""
    batch: str = ""

    @property
    def told(self) -> dict[str, str]:
        """What the mails say."""
        return {"words": self.words} if self.words else {}

    @property
    def kept(self) -> dict[str, str]:
        """What the history says."""
        return {"batch": self.batch} if self.batch else {}


NOTHING_SAID = Because()


@dataclass(frozen=True, slots=True)
class Exchange:
    """Who or what takes an appointment over (``to``), by keys, and from whom: None is the only one of that kind."""

    to: str
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """An appointment moved to another start of its own planning or service; somebody else may take it over there."""

    public_id: str
    start: datetime
    actor: Actor
    once: Once | None = None
    overbook: str = ""
    because: Because = NOTHING_SAID
    exchange: Exchange | None = None

    def fingerprint(self) -> str:
        """Identify the request, to recognise it when it comes again."""
        return digest({**asdict(self), "once": None})


@dataclass(frozen=True, slots=True)
class Details:
    """What an edit may change: never the time. None leaves a value as it is, but in ``fields`` takes an answer away."""

    name: str | None = None
    phone: str | None = None
    comment: str | None = None
    fields: Mapping[str, Any] | None = None
