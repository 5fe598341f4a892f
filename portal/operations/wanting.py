"""What visitors ask of a service besides its time: with whom, which room, how much of it; and what of that can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy.orm import Session

from portal.domain import matching, modes
from portal.domain.matching import Requirement
from portal.domain.reservations import MOST_ITERATIONS
from portal.operations import resource_cards
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.place_cards import PlanningCard
from portal.operations.resource_cards import ResourceCard
from portal.operations.service_cards import ServiceCard

ANYBODY = "any"
"""Said in place of a person's key: whoever is free."""


class Question(StrEnum):
    """What a page asks before it shows times."""

    STAFF = "staff"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page's address asks of a service, as it says it; ``odd`` names what of that cannot be read.

    ``persons`` and ``features`` narrow the rooms that are proposed.
    """

    mode: str | None = None
    staff: str | None = None
    resource: str | None = None
    quantity: int = 1
    iterations: int = 1
    persons: int | None = None
    features: frozenset[str] = frozenset()
    odd: tuple[str, ...] = ()


NOTHING_WANTED = Wanted()


@dataclass(frozen=True, slots=True)
class Heard:
    """What can be done of what was asked. ``ignored`` names what cannot.

    ``question`` is what is asked first, of the ``choices``; ``known`` are all features that narrow these.
    """

    mode: str = modes.SERVICE
    person: ResourceCard | None = None
    resource: ResourceCard | None = None
    quantity: int = 1
    iterations: int = 1
    question: Question | None = None
    choices: tuple[ResourceCard, ...] = ()
    known: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def picked(self) -> tuple[ResourceCard, ...]:
        """Those who were picked by name."""
        return tuple(one for one in (self.person, self.resource) if one is not None)

    @property
    def keys(self) -> tuple[str, ...]:
        """Their keys, for a booking."""
        return tuple(one.key for one in self.picked)

    def asking(self, asking: Asking) -> Asking:
        """Ask for slots as somebody does, for what was heard."""
        ids = tuple(one.id for one in self.picked)
        return replace(asking, quantity=self.quantity, iterations=self.iterations, resources=ids)


NOTHING_HEARD = Heard()


def heed(session: Session, bookable: Bookable, wanted: Wanted) -> Heard:
    """Take what can be done of what is asked; whoever is not there is left out, so that a page always shows something.

    A planning is asked for nothing. Who works here is read only where somebody is named or can be.
    """
    if isinstance(bookable.item, PlanningCard):
        return NOTHING_HEARD
    heard = _amounts(bookable.item, wanted)
    if people_of(bookable.item):
        return _with_whom(session, bookable, wanted, heard)
    return _in_which(session, bookable, wanted, heard)


def people_of(card: ServiceCard) -> tuple[Requirement, ...]:
    """List the people that a service cannot do without."""
    return tuple(one for one in card.requires if one.kind == "staff" and not one.optional)


def serve(cards: Sequence[ResourceCard], requirements: Sequence[Requirement]) -> tuple[ResourceCard, ...]:
    """List those who fit any of some requirements, by name."""
    found = (card for card in cards if any(matching.fits(card.candidate, one) for one in requirements))
    return tuple(sorted(found, key=lambda card: (card.name, card.id)))


def _amounts(card: ServiceCard, wanted: Wanted) -> Heard:
    """Take a quantity and a number of lengths where these may be chosen."""
    choice, ignored = card.reservation, [one for one in wanted.odd if one not in ("persons", "features")]
    quantity, iterations = wanted.quantity, wanted.iterations
    if quantity != 1 and not choice.quantity:
        quantity = 1
        ignored.append("quantity")
    if iterations != 1 and (not choice.iterations or iterations > MOST_ITERATIONS):
        iterations = 1
        ignored.append("iterations")
    return Heard(quantity=quantity, iterations=iterations, ignored=tuple(dict.fromkeys(ignored)))


def _with_whom(session: Session, bookable: Bookable, wanted: Wanted, heard: Heard) -> Heard:
    """Find the person who is named, where people are chosen, else ask; rooms are given with them."""
    mode = modes.chosen(bookable.policy.modes, wanted.mode, named=wanted.staff not in (None, ANYBODY))
    heard = replace(_left_out(heard, "resource", wanted.resource), mode=mode)
    if mode == modes.SERVICE:
        return heard if wanted.staff == ANYBODY else _left_out(heard, "staff", wanted.staff)
    if wanted.staff == ANYBODY:
        return heard
    people = serve(at_site(session, bookable), people_of(bookable.service))
    person = next((one for one in people if one.key == wanted.staff), None)
    if person is not None:
        return replace(heard, person=person)
    return replace(_left_out(heard, "staff", wanted.staff), question=Question.STAFF, choices=people)


def _in_which(session: Session, bookable: Bookable, wanted: Wanted, heard: Heard) -> Heard:
    """Find the room or the asset that is named; else ask, where several fit."""
    heard = heard if wanted.staff == ANYBODY else _left_out(heard, "staff", wanted.staff)
    needed = next((one for one in bookable.service.requires if not one.optional), None)
    if needed is None:
        return _left_out(heard, "resource", wanted.resource)
    fitting = serve(at_site(session, bookable), (needed,))
    named = next((one for one in fitting if one.key == wanted.resource), None)
    if named is not None:
        return replace(heard, resource=named)
    if wanted.resource is None and len(fitting) <= needed.count:
        return heard
    heard = _left_out(heard, "resource", wanted.resource)
    narrowed = tuple(one for one in fitting if matching.fits(one.candidate, _narrowed(needed, wanted)))
    known = sorted({feature for one in fitting for feature in one.candidate.features} - needed.features)
    ordered = sorted(narrowed, key=lambda one: (one.candidate.persons or 0, one.name, one.id))
    return replace(heard, question=Question.RESOURCE, choices=tuple(ordered), known=tuple(known))


def _narrowed(needed: Requirement, wanted: Wanted) -> Requirement:
    persons = max(needed.persons or 0, wanted.persons or 0) or None
    return replace(needed, persons=persons, features=needed.features | wanted.features)


def _left_out(heard: Heard, name: str, value: str | None) -> Heard:
    """Note that something was asked that cannot be done here."""
    if value is None or name in heard.ignored:
        return heard
    return replace(heard, ignored=(*heard.ignored, name))


def at_site(session: Session, bookable: Bookable) -> list[ResourceCard]:
    """List the resources in use at the site."""
    return [one.card for one in resource_cards.at_site(session, bookable.site.id)]
