"""Those whom somebody picks by name, for a service at a site."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from portal.domain import matching
from portal.domain.errors import Invalid
from portal.operations import resource_cards
from portal.operations.bookables import Bookable, PlanningCard


def named(session: Session, bookable: Bookable, keys: Sequence[str], *, staff: bool) -> tuple[int, ...]:
    """Give the ids of resources in use at the site by their keys, in the order in which they were picked.

    Staff may add anybody there; others only those whom the service needs. Raises Invalid for any other, and where a
    planning is booked, which has none.
    """
    if not keys:
        return ()
    if isinstance(bookable.item, PlanningCard):
        raise Invalid(field="resources", problem="unknown_resource", value=keys[0])
    found = {one.card.key: one.card for one in resource_cards.at_site(session, bookable.site.id)}
    for key in keys:
        fits = key in found and any(matching.fits(found[key].candidate, one) for one in bookable.item.requires)
        if key not in found or not (staff or fits):
            raise Invalid(field="resources", problem="unknown_resource", value=key)
    return tuple(dict.fromkeys(found[key].id for key in keys))
