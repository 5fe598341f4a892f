"""Sites and plannings: the public ones to anybody, all of them to a key."""

from __future__ import annotations

import pytest

from portal.extensions import transaction
from portal.models import Planning, Site
from tests import sample


@pytest.fixture
def two_sites(do):
    do(sample.docks)
    do(sample.site, key="agen")
    do(sample.planning, key="rampe", sites=("agen",), guests=False, kinds=("supplier",))


def keys(answer, name):
    return [one["key"] for one in answer.json[name]]


def retire(table, key):
    with transaction() as session:
        session.query(table).filter_by(key=key).one().active = False


def test_anybody_sees_what_takes_guests(api, two_sites):
    assert keys(api.get("/sites"), "sites") == ["bordeaux"]
    assert keys(api.get("/plannings"), "plannings") == ["quais"]


def test_a_key_that_reads_sees_all(api, two_sites, key_of):
    read = key_of("read")
    assert keys(api.get("/sites", read), "sites") == ["agen", "bordeaux"]
    assert keys(api.get("/plannings", read), "plannings") == ["quais", "rampe"]


def test_another_key_sees_what_anybody_sees(api, two_sites, key_of):
    assert keys(api.get("/plannings", key_of("orders")), "plannings") == ["quais"]


def test_a_site_says_where_it_is_and_what_can_be_booked_there(api, two_sites):
    assert api.get("/sites").json["sites"] == [
        {
            "key": "bordeaux",
            "name": "Bordeaux",
            "address": "12 quai des Chartrons, 33000 Bordeaux",
            "timezone": "Europe/Paris",
            "latitude": None,
            "longitude": None,
            "phone": "05 56 00 10 42",
            "region": None,
            "modes": ["service", "service_staff", "staff_service"],
            "plannings": ["quais"],
            "services": [],
        }
    ]


def test_a_planning_says_how_it_is_booked(api, two_sites):
    assert api.get("/plannings").json["plannings"] == [
        {
            "key": "quais",
            "name": "Planning quais",
            "timezone": "Europe/Paris",
            "sites": ["bordeaux"],
            "kinds": ["customer", "supplier"],
            "guests": True,
            "slot_minutes": 60,
            "step_minutes": 30,
            "fields": [],
        }
    ]


def test_what_is_retired_is_not_listed(api, two_sites, do, key):
    do(retire, Planning, "quais")
    assert keys(api.get("/plannings", key), "plannings") == ["rampe"]
    assert [site["plannings"] for site in api.get("/sites", key).json["sites"]] == [["rampe"], []]
    do(retire, Site, "agen")
    assert keys(api.get("/sites", key), "sites") == ["bordeaux"]
    assert api.get("/plannings", key).json["plannings"] == []


@pytest.mark.parametrize("path", ["/sites", "/plannings"])
def test_a_list_takes_few_statements_however_long_it_is(api, two_sites, key, statements, path):
    api.get(path, key)
    with statements(at_most=3):
        api.get(path, key)
