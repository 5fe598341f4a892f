"""What one booking of a service is: how long it takes, its buffers, quantity, consecutive lengths, nights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from portal.domain.clocks import clock, minutes
from portal.domain.errors import Invalid
from portal.domain.shapes import Reader, flag, one_of

MOST_ITERATIONS = 60
"""Lengths, or nights, of one appointment."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What the customer may choose of a service: how many, how often in a row; by nights, in wall time.

    ``since`` and ``until`` are minutes after midnight: nights begin at the one on their first evening, and end at the
    other on the morning after the last.
    """

    quantity: bool = False
    iterations: bool = False
    unit: str = "length"
    since: int = 15 * 60
    until: int = 11 * 60

    @property
    def nights(self) -> bool:
        """Whether nights are booked."""
        return self.unit == "night"

    @property
    def chosen(self) -> bool:
        """Whether the customer chooses anything: resources are reserved, not people's time."""
        return self.quantity or self.iterations or self.nights

    @classmethod
    def of(cls, mapping: object, path: str = "reservation") -> Reservation:
        """Read it as the configuration file or a form says it. Raises Invalid whose ``field`` begins with ``path``."""
        if not isinstance(mapping, Mapping):
            raise Invalid(field=path, problem="not_a_mapping", value=mapping)
        for name in mapping:
            if name not in _READERS:
                raise Invalid(field=f"{path}.{name}", problem="unknown_key")
        given: dict[str, Any] = {}
        for name, value in mapping.items():
            given[_NAMES.get(str(name), str(name))] = _READERS[name](f"{path}.{name}", value)
        return replace(cls(), **given)

    def as_mapping(self) -> dict[str, Any]:
        """Say it as a configuration file does, without what goes without saying.

        >>> Reservation.of({"unit": "night", "from": "16:00", "quantity": True}).as_mapping()
        {'quantity': True, 'unit': 'night', 'from': '16:00'}
        """
        plain, said = Reservation(), {one.name: getattr(self, one.name) for one in fields(self)}
        differs = {name: value for name, value in said.items() if value != getattr(plain, name)}
        return {_KEYS.get(name, name): clock(value) if name in _KEYS else value for name, value in differs.items()}


def _time(name: str, value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII):
        raise Invalid(field=name, problem="not_a_time", value=value)
    return minutes(value)


_READERS: dict[str, Reader] = {
    "quantity": flag,
    "iterations": flag,
    "unit": one_of("length", "night"),
    "from": _time,
    "until": _time,
}
_NAMES = {"from": "since"}
_KEYS = {"since": "from", "until": "until"}
