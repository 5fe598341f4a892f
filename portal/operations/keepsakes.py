"""What is read from the tables once per revision.

Every edit of a site, a planning, a service or a resource gives it a new random revision, so what is kept here under
one can never be stale, in any process, on any database.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

V = TypeVar("V")


class Kept:
    """A bounded memory of values by revision."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Hashable, Any] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def put(self, key: Hashable, value: object) -> None:
        """Keep a value, and let go of the oldest when there are too many."""
        self._values[key] = value
        while len(self._values) > self._size:
            self._values.popitem(last=False)

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Give the value kept under ``key``, or make and keep it."""
        if key not in self._values:
            self.put(key, make())
        value: V = self._values[key]
        return value

    def many(self, revisions: Mapping[int, str], read: Callable[[Mapping[int, str]], Mapping[int, V]]) -> dict[int, V]:
        """Give the values of ids at their revisions; those that are not known are read together, and kept."""
        held = ((one, self._values.get(revision)) for one, revision in revisions.items())
        found: dict[int, V] = {one: value for one, value in held if value is not None}
        if missing := {one: revision for one, revision in revisions.items() if one not in found}:
            for one, value in read(missing).items():
                self.put(revisions[one], value)
                found[one] = value
        return found


kept = Kept(2048)
"""The cards of this process."""


def new_revision() -> str:
    """Name a new state of what is edited."""
    return secrets.token_hex(16)
