"""Who is told of what: sides and happenings, on or off, with their defaults; what a site keeps is what differs.

Mails that somebody has just asked for (a link to go on with, to confirm an address, to find appointments, to book an
order) stand in no cell of the table: they always leave.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from portal.domain.errors import Invalid
from portal.domain.shapes import flag


class Side(StrEnum):
    """Whom a mail is for."""

    CUSTOMER = "customer"
    STAFF = "staff"
    SITE = "site"


class What(StrEnum):
    """What happened to an appointment, or is about to."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    REMINDER = "reminder"
    NO_SHOW = "no_show"
    EARLIER_SLOT = "earlier_slot"


Cell = tuple[Side, What]

TOLD = (Side.CUSTOMER, Side.STAFF, Side.SITE)
"""The sides that can be chosen, as the table shows them: who comes, the people who serve them, and the site."""

NEVER: frozenset[Cell] = frozenset({(Side.STAFF, What.EARLIER_SLOT)})
"""The cells that no mail stands in."""

CELLS: tuple[Cell, ...] = tuple((side, what) for side in TOLD for what in What if (side, what) not in NEVER)
"""The cells of the table."""

_SITE = (What.REQUESTED, What.CONFIRMED, What.CHANGED, What.CANCELLED)
DEFAULTS: frozenset[Cell] = frozenset(
    {
        *((Side.CUSTOMER, what) for what in What if what is not What.NO_SHOW),
        *((Side.STAFF, what) for what in (*_SITE, What.DECLINED)),
        *((Side.SITE, what) for what in _SITE),
    }
)
"""The cells that are on where a site says nothing."""

MAILS: Mapping[str, Cell] = {
    "request_received": (Side.CUSTOMER, What.REQUESTED),
    "move_received": (Side.CUSTOMER, What.REQUESTED),
    "confirmation": (Side.CUSTOMER, What.CONFIRMED),
    "change": (Side.CUSTOMER, What.CHANGED),
    "reassigned": (Side.CUSTOMER, What.CHANGED),
    "cancellation": (Side.CUSTOMER, What.CANCELLED),
    "declined": (Side.CUSTOMER, What.DECLINED),
    "move_declined": (Side.CUSTOMER, What.DECLINED),
    "expired": (Side.CUSTOMER, What.DECLINED),
    "move_expired": (Side.CUSTOMER, What.DECLINED),
    "reminder": (Side.CUSTOMER, What.REMINDER),
    "no_show": (Side.CUSTOMER, What.NO_SHOW),
    "earlier_slot": (Side.CUSTOMER, What.EARLIER_SLOT),
    "staff_reminder": (Side.STAFF, What.REMINDER),
    "site_reminder": (Side.SITE, What.REMINDER),
    "site_offers": (Side.SITE, What.EARLIER_SLOT),
}
"""The cell that each kind of mail stands in; others always leave."""

CHANGES: Mapping[str, What] = {
    "requested": What.REQUESTED,
    "move_requested": What.REQUESTED,
    "expired": What.REQUESTED,  # nobody answered: who is told of requests is told of that
    "move_expired": What.REQUESTED,
    "new": What.CONFIRMED,
    "accepted": What.CONFIRMED,
    "moved": What.CHANGED,
    "reassigned": What.CHANGED,
    "assigned": What.CHANGED,  # to the one who has it now
    "removed": What.CHANGED,  # to the one who has it no more
    "cancelled": What.CANCELLED,
    "declined": What.DECLINED,
    "move_declined": What.DECLINED,
    "no_show": What.NO_SHOW,
}
"""The cell of a notice to the site or to those who serve, by the change that it tells."""

NOTICES: Mapping[str, Side] = {"site_notice": Side.SITE, "staff_notice": Side.STAFF}
"""The kinds of notices, and whom they are for."""

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def cell_of(kind: str, change: str = "") -> Cell | None:
    """Find the cell of a kind of mail, of a notice by its change; None: it always leaves.

    >>> cell_of("site_notice", "moved") == (Side.SITE, What.CHANGED), cell_of("find")
    (True, None)
    """
    if kind in NOTICES:
        return (NOTICES[kind], CHANGES[change]) if change in CHANGES else None
    return MAILS.get(kind)


@dataclass(frozen=True, slots=True)
class Notices:
    """Whom a site tells of what: the cells that are on, and when the summary of its day leaves, by its own clock.

    >>> Notices.of({"site": {"reminder": True}}).wanted(Side.SITE, What.REMINDER)
    True
    """

    on: frozenset[Cell] = DEFAULTS
    summary: time | None = None

    @classmethod
    def of(cls, given: object) -> Notices:
        """Read what differs from the defaults. Raises Invalid naming the first that is wrong by its path."""
        if not isinstance(given, Mapping):
            raise Invalid(field="", problem="not_a_mapping", value=given)
        for name in given:
            if name not in (*Side, "summary"):
                raise Invalid(field=str(name), problem="unknown_key")
        cells = {cell: wanted for side in Side if side in given for cell, wanted in _cells(side, given[side])}
        on = {cell for cell in DEFAULTS if cells.get(cell, True)} | {cell for cell, wanted in cells.items() if wanted}
        return cls(frozenset(on), _clock(given.get("summary")))

    def wanted(self, side: Side, what: What) -> bool:
        """Tell whether a side is told of something."""
        return (side, what) in self.on

    @property
    def kept(self) -> dict[str, object]:
        """Write what differs from the defaults, as the database and the configuration file hold it.

        >>> Notices.of({"customer": {"reminder": True, "no_show": True}, "summary": "07:00"}).kept
        {'customer': {'no_show': True}, 'summary': '07:00'}
        """
        sides = {side.value: self._differing(side) for side in TOLD}
        summary = {"summary": f"{self.summary:%H:%M}"} if self.summary is not None else {}
        return {**{side: cells for side, cells in sides.items() if cells}, **summary}

    @property
    def told(self) -> dict[str, object]:
        """Write every cell by itself, as the audit log compares them."""
        cells = {f"{side.value}.{what.value}": self.wanted(side, what) for side, what in CELLS}
        return {**cells, "summary": f"{self.summary:%H:%M}" if self.summary is not None else None}

    def _differing(self, side: Side) -> dict[str, bool]:
        return {
            what.value: self.wanted(side, what)
            for what in What
            if (side, what) not in NEVER and self.wanted(side, what) != ((side, what) in DEFAULTS)
        }


def _cells(side: Side, given: object) -> Iterator[tuple[Cell, bool]]:
    """Read one side."""
    if not isinstance(given, Mapping):
        raise Invalid(field=side.value, problem="not_a_mapping", value=given)
    for name, wanted in given.items():
        path = f"{side.value}.{name}"
        if name not in list(What) or (side, What(name)) in NEVER:
            raise Invalid(field=path, problem="unknown_key")
        yield (side, What(name)), flag(path, wanted)


def _clock(given: object) -> time | None:
    """Read a time of day; None: no summary."""
    if given is None:
        return None
    if not isinstance(given, str) or (found := _CLOCK.fullmatch(given)) is None:
        raise Invalid(field="summary", problem="not_a_clock_time", value=given)
    return time(int(found[1]), int(found[2]))
