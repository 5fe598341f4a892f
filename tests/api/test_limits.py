"""How often somebody may call."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.clock import real_now
from tests.api.conftest import Api, problem, wish


@pytest.fixture
def limited(make_app, docks):
    """Give callers of an application that allows few calls."""
    apps = [make_app(ratelimit_public="3 per minute", ratelimit_key="5 per minute")]
    return lambda: Api(apps[0].test_client())


def statuses(number, call):
    return [call().status_code for _ in range(number)]


def test_an_address_may_call_so_often(limited):
    api = limited()
    assert statuses(4, lambda: api.get("/sites")) == [200, 200, 200, 429]
    answer = api.get("/plannings")
    assert problem(answer) == (429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.json["retry_after"] == int(answer.headers["Retry-After"])


def test_another_address_has_calls_of_its_own(limited):
    api = limited()
    elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
    assert statuses(4, lambda: api.get("/sites"))[-1] == 429
    assert api.call("GET", "/sites", **elsewhere).status_code == 200


def test_all_addresses_of_a_network_have_the_same_calls(limited):
    api = limited()

    def call(address):
        return api.call("GET", "/sites", environ_base={"REMOTE_ADDR": address}).status_code

    assert [call(f"2001:db8:1:2::{number}") for number in range(1, 5)] == [200, 200, 200, 429]
    assert call("2001:db8:1:3::1") == 200


def test_a_key_has_calls_of_its_own(limited, key_of):
    api, one, two = limited(), key_of("read"), key_of("read", name="crm")
    assert statuses(4, lambda: api.get("/sites"))[-1] == 429
    assert statuses(6, lambda: api.get("/events", one)) == [200, 200, 200, 200, 200, 429]
    assert api.get("/events", two).status_code == 200


def test_guessing_keys_counts_for_the_address(limited):
    api = limited()
    assert statuses(4, lambda: api.get("/events", "creneau_guess")) == [401, 401, 401, 429]


def test_an_empty_limit_is_none(api, docks, key):
    assert set(statuses(30, lambda: api.get("/sites"))) == {200}
    assert set(statuses(30, lambda: api.get("/events", key))) == {200}


def test_a_mail_address_is_booked_for_so_often(make_app, docks, key):
    api = Api(make_app(ratelimit_public="1000 per minute", ratelimit_key="").test_client())
    later = [
        wish(f"2026-12-{day:02d}T{hour:02d}:00:00+01:00") for day in (8, 9, 10, 11) for hour in (8, 9, 10, 11, 14, 15)
    ]
    answers = [api.post("/appointments", body).status_code for body in later]
    assert answers == [201] * 20 + [429] * 4
    assert api.post("/appointments", wish(), key).status_code == 201
    other = wish(customer={"email": "autre@example.com", "name": "Autre"})
    assert api.post("/appointments", other).status_code == 201


def test_the_wait_ends_with_the_minute(limited):
    api = limited()
    started = real_now()
    assert statuses(4, lambda: api.get("/sites"))[-1] == 429
    wait = timedelta(seconds=int(api.get("/sites").headers["Retry-After"]))
    assert started + wait <= real_now() + timedelta(seconds=61)
