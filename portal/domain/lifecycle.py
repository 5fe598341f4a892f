"""The states of an appointment and the legal moves between them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from portal.domain.errors import StateChanged


class Status(StrEnum):
    """Where an appointment stands."""

    HELD = "held"
    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


ENDED = frozenset({Status.CANCELLED, Status.DECLINED, Status.EXPIRED})
"""States in which nobody comes and no place is taken."""

MOVES: dict[Status, frozenset[Status]] = {
    Status.HELD: frozenset({Status.REQUESTED, Status.CONFIRMED, Status.EXPIRED}),
    Status.REQUESTED: frozenset({Status.CONFIRMED, Status.DECLINED, Status.CANCELLED, Status.EXPIRED}),
    Status.CONFIRMED: frozenset({Status.ARRIVED, Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED}),
    Status.ARRIVED: frozenset({Status.COMPLETED, Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.NO_SHOW: frozenset(),
    Status.DECLINED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.EXPIRED: frozenset(),
}
"""What may follow each state."""

UNDO: dict[Status, frozenset[Status]] = {
    Status.ARRIVED: frozenset({Status.CONFIRMED}),
    Status.COMPLETED: frozenset({Status.CONFIRMED, Status.ARRIVED}),
    Status.NO_SHOW: frozenset({Status.CONFIRMED}),
    Status.CANCELLED: frozenset({Status.REQUESTED, Status.CONFIRMED, Status.ARRIVED}),
}
"""What each state goes back to when it was a mistake: to whatever of these it came from."""

OCCUPYING = frozenset(
    {Status.HELD, Status.REQUESTED, Status.CONFIRMED, Status.ARRIVED, Status.COMPLETED, Status.NO_SHOW}
)
"""States that take a place; a cancelled appointment keeps its own until the undo ends, which its allocation knows."""

ACTIVE = frozenset({Status.REQUESTED, Status.CONFIRMED, Status.ARRIVED})
"""States in which the appointment is still to be kept: these count against the limit of a link."""

COUNTED = frozenset({*ACTIVE, Status.COMPLETED, Status.NO_SHOW})
"""States that count against what a customer may have in a day or a week; so does a cancellation until its undo ends."""


def move_allowed(before: Status, after: Status) -> bool:
    """Tell whether one state may follow another.

    >>> move_allowed(Status.CONFIRMED, Status.COMPLETED), move_allowed(Status.CANCELLED, Status.CONFIRMED)
    (True, False)
    """
    return after in MOVES[before]


def undo_allowed(before: Status, after: Status) -> bool:
    """Tell whether a state may be taken back to the one it came from."""
    return after in UNDO.get(before, frozenset())


def check_move(before: Status, after: Status, *, starts_at: datetime, now: datetime) -> None:
    """Accept a move. Raises StateChanged: it is not legal, or nobody can be missing before the start."""
    if not move_allowed(before, after):
        raise StateChanged(status=before, wanted=after)
    if after is Status.NO_SHOW and now <= starts_at:
        raise StateChanged(status=before, wanted=after, problem="not_started")


def check_undo(before: Status, after: Status) -> None:
    """Accept taking a state back. Raises StateChanged."""
    if not undo_allowed(before, after):
        raise StateChanged(status=before, wanted=after)
