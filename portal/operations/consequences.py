"""What a change of what is set up means for the appointments to come: all that it concerns, judged in one place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from portal.operations.concerned import Changed, Concerned, Why
from portal.operations.transfer_effects import of_places
from portal.operations.transfer_resource_effects import of_resources
from portal.operations.transfer_service_effects import of_plannings, of_services, of_sites

MOST_NAMED = 20
SAID = {
    Why.UNFIT: "no longer fits",
    Why.LEFT: "stays, and no other can be booked there",
    Why.CLOCK: "keeps its instant, and is shown on another clock",
    Why.LENGTH: "keeps its length and the time around it",
    Why.NEEDS: "keeps the people, rooms and equipment that it has",
    Why.MEETING: "is held in another way than was said",
}


def of(session: Session, changed: Changed, *, now: datetime) -> list[Concerned]:
    """List the appointments to come that a change concerns, by what changes. Nothing is read where nothing does."""
    if not any(changed.values()):
        return []
    judges = (of_places, of_plannings, of_resources, of_services, of_sites)
    return [one for judge in judges for one in judge(session, changed, now)]


def lines(found: Sequence[Concerned]) -> Iterator[str]:
    """Yield a line for each of the first appointments of everything that changes, and how many more there are."""
    for (where, site), group in groupby(found, key=lambda one: (one.where, one.site)):
        place, listed = where if where == site else f"{where} at {site}", list(group)
        for one in listed[:MOST_NAMED]:
            said = " and ".join(SAID[why] for why in one.why)
            yield f"! {place}, {one.start:%Y-%m-%d %H:%M}: appointment {one.reference} {said}"
        if len(listed) > MOST_NAMED:
            yield f"! {place}: and {len(listed) - MOST_NAMED} more"
