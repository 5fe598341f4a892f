"""Every refusal by name, with its stable code and HTTP status.

A refusal carries values, never sentences: ``portal.web.texts`` words it for people and the API puts the code in
its problem document.
"""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """Say no to what was asked, for a reason that a person can be told."""

    code = "invalid"
    status = 422

    def __init__(self, **values: Any) -> None:
        super().__init__(self.code, values)
        self.values = values

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{self.code}: {shown}" if shown else self.code


class Invalid(Refusal):
    """What was sent has the wrong shape or breaks a rule: ``field`` and ``problem`` say which."""


class SlotTaken(Refusal):
    """Somebody else took the last place of this slot."""

    code = "slot_taken"
    status = 409


class SlotNotOffered(Refusal):
    """This start is not offered: ``reasons`` says why."""

    code = "slot_not_offered"
    status = 409


class OutsideWindow(Refusal):
    """Too early, too late or in the past: ``reasons`` says which."""

    code = "outside_window"


class NotEligible(Refusal):
    """This person may not book here."""

    code = "not_eligible"
    status = 403


class LimitReached(Refusal):
    """The link or the customer already has as many appointments as allowed: ``limit``."""

    code = "limit_reached"


class LinkUnknown(Refusal):
    """No such link, or a revoked one: nothing is revealed about which."""

    code = "link_unknown"
    status = 404


class LinkExpired(Refusal):
    """An authentic link whose time is over."""

    code = "link_expired"
    status = 410


class NotFound(Refusal):
    """Nothing under this name, or nothing that may be seen from here."""

    code = "not_found"
    status = 404


class ChangeTooLate(Refusal):
    """Inside the cut-off for customers' changes: the site must be called."""

    code = "change_too_late"


class StateChanged(Refusal):
    """The record is no longer in the state that this action needs."""

    code = "state_changed"
    status = 409


class OfferGone(Refusal):
    """An earlier slot, or one of a waiting list, that somebody else took, or whose time is over."""

    code = "offer_gone"
    status = 409


class RateLimited(Refusal):
    """Too many requests; ``retry_after`` is in seconds."""

    code = "rate_limited"
    status = 429


class Busy(Refusal):
    """The database did not answer in time; the same request may be sent again."""

    code = "busy"
    status = 503


class NeverOpen(OutsideWindow):
    """Nothing opens within a year, so that no notice counted in working days can be kept."""
