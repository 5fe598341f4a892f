"""Who asks for a place, and what binds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from portal.domain.slots import BookingDays, Rules
from portal.domain.window import Window
from portal.operations.limits import Count
from portal.operations.place_cards import SiteCard


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, and for what: ``staff`` is bound by hours and capacity only.

    ``first_day`` and ``last_day`` are those of a booking link; ``leaving_out`` is the id of the appointment that is
    being moved; ``customer`` is the address of who asks, once it is known, for limits go by it. ``spared`` are the ids
    of allocations that are kept for them, and free to them alone. ``resources`` are the ids of those picked by name,
    ``iterations`` how many lengths of a service are wanted in a row.
    """

    staff: bool = False
    quantity: int = 1
    iterations: int = 1
    resources: tuple[int, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    leaving_out: int | None = None
    customer: str | None = None
    spared: tuple[int, ...] = ()

    @property
    def booking_days(self) -> BookingDays | None:
        """The days of the link, both included, or None for any day."""
        if self.first_day is None and self.last_day is None:
            return None
        return self.first_day, self.last_day


PUBLIC = Asking()


@dataclass(frozen=True, slots=True)
class Binding:
    """What binds who asks: the window, None for staff; the days of a link.

    ``spent`` are the dates on which the customer has had enough, with what was counted.
    """

    window: Window | None
    spent: Mapping[date, Count]
    days: BookingDays | None

    def rules(self, site: SiteCard) -> Rules:
        """Take it down as the search reads it."""
        return Rules.of(self.window, self.days, self.spent, site.calendar)
