"""The day to which appointments of services move together: searched once for each service and the people that stay."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from portal.domain.slots import Reason, Start
from portal.operations import availability, bookables, requests
from portal.operations.asking import Asking
from portal.operations.cards import AppointmentCard

Key = tuple[int, tuple[int, ...], int, int]
"""What is looked for: a service, the people and things that stay, how many, and for how many lengths."""


class ServiceDay:
    """The free starts of services on one day, of which some are given to others of the same plan."""

    def __init__(self, session: Session, day: date, now: datetime) -> None:
        self._session, self._day, self._now = session, day, now
        self._searched: dict[Key, list[Start]] = {}
        self._asked: dict[int, Asking] = {}
        self._given: list[tuple[frozenset[int], datetime, datetime]] = []

    def at(self, card: AppointmentCard, wanted: datetime) -> Start | Reason:
        """Give the start at an hour where the appointment can have it, else why not."""
        asking = self._asking(card)
        found = next((start for start in self._starts(card, asking) if start.start == wanted), None)
        if found is None:
            return Reason.CLOSED
        if not found.offered:
            return found.reasons[0]
        return found if self._free(asking, found) else Reason.RESOURCE_BUSY

    def nearest(self, card: AppointmentCard, wanted: datetime) -> Start | None:
        """Find the free start of the day that is closest to a wanted one."""
        asking = self._asking(card)
        coming = [start for start in self._starts(card, asking) if start.offered and start.start >= self._now]
        free = [start for start in coming if self._free(asking, start)]
        return min(free, key=lambda start: (abs(start.start - wanted), start.start), default=None)

    def give(self, card: AppointmentCard, start: Start) -> datetime:
        """Take the time of those who stay away from appointments that are judged later."""
        self._given.append((frozenset(self._asking(card).resources), start.start, start.end))
        return start.start

    def _free(self, asking: Asking, start: Start) -> bool:
        staying = frozenset(asking.resources)
        given = ((begin, end) for others, begin, end in self._given if staying & others)
        return not any(start.start < end and begin < start.end for begin, end in given)

    def _asking(self, card: AppointmentCard) -> Asking:
        if card.id not in self._asked:
            self._asked[card.id] = requests.asking(self._session, card)
        return self._asked[card.id]

    def _starts(self, card: AppointmentCard, asking: Asking) -> list[Start]:
        key = (card.service_id or 0, asking.resources, asking.quantity, asking.iterations)
        if key not in self._searched and card.item is not None:
            bookable = bookables.of_item(self._session, card.site.id, card.item)
            found = availability.search(self._session, bookable, self._day, self._day, now=self._now, asking=asking)
            self._searched[key] = list(found.of_day(self._day))
        return self._searched.get(key, [])
