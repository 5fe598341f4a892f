"""What somebody chooses beside the start: those whom they pick by name, for a service at a site, and how much of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from portal.domain import matching, modes
from portal.domain.errors import Invalid
from portal.operations import resource_cards
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.place_cards import PlanningCard
from portal.operations.resource_cards import ResourceCard


@dataclass(frozen=True, slots=True)
class Picked:
    """A choice: keys of ``people`` and of any ``resources``, how many units, how many lengths in a row."""

    people: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    quantity: int = 1
    iterations: int = 1


NOTHING_PICKED = Picked()


def asked(session: Session, bookable: Bookable, asking: Asking, picked: Picked) -> Asking:
    """Ask for what was picked. Raises Invalid for what cannot be picked here."""
    check_amount(bookable, picked.quantity, picked.iterations, staff=asking.staff)
    ids = named(session, bookable, picked.resources, staff=asking.staff, people=picked.people)
    return replace(asking, quantity=picked.quantity, iterations=picked.iterations, resources=ids)


def check_amount(bookable: Bookable, quantity: int, iterations: int, *, staff: bool) -> None:
    """Accept more than one where it may be chosen: of a service by its reservation, of a planning by staff.

    Raises Invalid.
    """
    planning = isinstance(bookable.item, PlanningCard)
    many, often = (staff, False) if planning else _choices(bookable)
    if quantity < 1 or (quantity > 1 and not many):
        raise Invalid(field="quantity", problem="one_only")
    if iterations < 1 or (iterations > 1 and not often):
        raise Invalid(field="iterations", problem="one_only")


def _choices(bookable: Bookable) -> tuple[bool, bool]:
    choice = bookable.service.reservation
    return choice.quantity, choice.iterations


def named(
    session: Session, bookable: Bookable, keys: Sequence[str], *, staff: bool, people: Sequence[str] = ()
) -> tuple[int, ...]:
    """Give the ids of resources in use at the site by their keys, in the order in which they were picked.

    Staff may add anybody there; others only those whom the service needs, and people where its modes let them choose.
    Those of ``people`` come first, and are people. Raises Invalid for any other, and where a planning is booked, which
    has none.
    """
    every = tuple(dict.fromkeys((*people, *keys)))
    if not every:
        return ()
    if isinstance(bookable.item, PlanningCard):
        raise _unknown(people, every[0])
    found = {one.card.key: one.card for one in resource_cards.at_site(session, bookable.site.id)}
    for key in every:
        card = found.get(key)
        person = card is not None and card.kind == "staff"
        if card is None or not (staff or _open_to_all(bookable, card)) or (key in people and not person):
            raise _unknown(people, key)
    return tuple(found[key].id for key in every)


def _open_to_all(bookable: Bookable, card: ResourceCard) -> bool:
    """Tell whether anybody may pick it: what the service needs, but people only where they may be chosen."""
    needed = any(matching.fits(card.candidate, one) for one in bookable.service.requires)
    return needed and (card.kind != "staff" or modes.people_chosen(bookable.policy.modes))


def _unknown(people: Sequence[str], key: str) -> Invalid:
    return Invalid(field="staff" if key in people else "resources", problem="unknown_resource", value=key)
