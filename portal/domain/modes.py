"""Who is asked for first: the modes of booking a service that needs people (semantics 7)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

SERVICE, SERVICE_STAFF, STAFF_SERVICE = "service", "service_staff", "staff_service"
"""The people are assigned, not named; chosen after the service; chosen before it."""


def chosen(modes: Sequence[str], asked: str | None, *, named: bool = False) -> str:
    """Give the mode that is asked for, where it is allowed, else the default: the first.

    Whoever comes with a person ``named`` already, and asks for no mode, gets the first in which people are chosen.

    >>> chosen(("service", "service_staff"), "service_staff"), chosen(("service", "service_staff"), "staff_service")
    ('service_staff', 'service')
    >>> chosen(("service", "service_staff"), None, named=True), chosen(("service",), None, named=True)
    ('service_staff', 'service')
    """
    if asked is not None and asked in modes:
        return asked
    if named and asked is None and people_chosen(modes):
        return next(mode for mode in modes if mode != SERVICE)
    return modes[0]


def people_chosen(modes: Collection[str]) -> bool:
    """Tell whether visitors may choose a person: where they may not, nobody is named to them."""
    return any(mode != SERVICE for mode in modes)
