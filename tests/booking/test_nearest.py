"""The nearest site comes first: by what is typed, by a position; nobody else is asked where that is."""

from __future__ import annotations

import pytest

from tests import sample

# The nearest site


@pytest.fixture
def two_sites(do):
    do(sample.site, key="lyon")
    do(sample.agency, sites=("bordeaux", "lyon"))
    do(sample.lies, "bordeaux", 44.84, -0.58, "12 quai des Chartrons, 33000 Bordeaux")
    do(sample.lies, "lyon", 45.76, 4.84, "1 rue de la République, 69001 Lyon")
    do(sample.resource, "zoe", sites=("lyon",), plannings=("bureau",))


def test_the_nearest_site_comes_first_by_what_is_typed(portal, two_sites):
    page = portal.open("/?lang=fr&near=69003")
    assert page.source.index('id="site-lyon"') < page.source.index('id="site-bordeaux"')
    assert page.form.values["near"] == "69003"


def test_a_region_finds_the_sites_in_it_and_in_those_within(portal, do, two_sites):
    do(sample.regions, {"Auvergne-Rhône-Alpes": (), "Rhône": ("lyon",)})
    for typed in ("Rhone", "auvergne rhône alpes"):
        page = portal.open(f"/?lang=fr&near={typed}")
        assert page.source.index('id="site-lyon"') < page.source.index('id="site-bordeaux"')


def test_the_nearest_site_comes_first_by_a_position(portal, two_sites):
    page = portal.open("/?lang=fr&lat=45.7&lon=4.8")
    assert page.source.index('id="site-lyon"') < page.source.index('id="site-bordeaux"')
    assert "à 7 km" in page.text
    assert page.response.headers["Permissions-Policy"].endswith("geolocation=(self)")


def test_of_very_many_sites_each_is_one_link(portal, do):
    for number in range(11):
        do(sample.site, key=f"site-{number}")
        do(sample.planning, key=f"zone-{number}", sites=(f"site-{number}",))
    source = portal.open("/?lang=fr").source
    assert 'href="/book/site-10?lang=fr"' in source
    assert "Planning zone" not in source


@pytest.mark.on_both
@pytest.mark.parametrize("where", ["near=Atlantis", "lat=x&lon=y", "lat=nan&lon=0", "lat=1e9&lon=0", "near=%00"])
def test_a_place_that_nobody_knows_loses_no_site(portal, two_sites, where):
    page = portal.open(f"/?lang=fr&{where}")
    assert page.status == 200
    assert 'id="site-lyon"' in page.source


def test_calls_need_no_nearest_site(portal, do, two_sites):
    do(sample.service, "conseil", name={"fr": "Conseil"}, mode="phone", sites=("bordeaux", "lyon"))
    assert "Trouver le plus proche" in portal.open("/?lang=fr").text
    assert "Trouver le plus proche" not in portal.open("/?lang=fr&type=phone").text
