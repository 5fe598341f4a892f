"""Which database a case of a test runs on: the test runs on both, its cases take turns.

A test with one case runs on both databases. What many cases tell apart is what is typed, asked or set; what the
databases might tell apart is in the statements, the same for all of them. Where the values themselves may matter to a
database, as do zero bytes and numbers without end, a test is marked with ``on_both``. ``--every-case`` leaves none out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from itertools import cycle
from typing import Any, TypeVar

import pytest

FOLDERS = ("admin", "api", "booking", "web")  # what speaks to a database itself runs on both, case by case
DATABASES = ("sqlite", "postgresql")

T = TypeVar("T")


def spread(items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Part tests into those that run and those left out; a case that was asked for on one database only runs."""
    tests: dict[Hashable, dict[str, dict[str, pytest.Item]]] = defaultdict(lambda: defaultdict(dict))
    for item in filter(_has_cases, items):
        one: Any = item
        database = one.callspec.params["backend"]
        tests[one.path, one.originalname][one.callspec.id.replace(database, "", 1)][database] = item
    out = {item for cases in tests.values() for item in left_out(cases)}
    return [item for item in items if item not in out], [item for item in items if item in out]


def _has_cases(item: Any) -> bool:
    parameters = getattr(item, "callspec", None) and item.callspec.params
    several = parameters and "backend" in parameters and len(parameters) > 1
    return bool(several and item.path.parent.name in FOLDERS and not item.get_closest_marker("on_both"))


def left_out(cases: Mapping[str, Mapping[str, T]]) -> list[T]:
    """List what is left out of a test's cases by database: of each that is there for both, one in turn."""
    pairs = [pair for _, pair in sorted(cases.items()) if len(pair) == len(DATABASES)]
    return [pair[database] for pair, database in zip(pairs, cycle(DATABASES), strict=False)]
