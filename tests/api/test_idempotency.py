"""The same request sent again gives the same answer, and is done once."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from portal.extensions import reading
from portal.models import Appointment, Link
from tests import sample
from tests.api.conftest import problem, wish, wrong

TEN, ELEVEN = "2026-12-08T10:00:00+01:00", "2026-12-08T11:00:00+01:00"


def rows(model):
    with reading() as session:
        return session.scalar(select(func.count()).select_from(model))


def same(first, second):
    """Check that the second answer is the first again, and says so."""
    assert (first.status_code, second.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json == first.json


@pytest.mark.parametrize("with_key", [True, False])
def test_a_booking_sent_twice_is_one(api, do, docks, key, with_key):
    shown = key if with_key else None
    same(api.post("/appointments", wish(), shown, once="a"), api.post("/appointments", wish(), shown, once="a"))
    assert do(rows, Appointment) == 1


def test_a_booking_for_an_order_sent_twice_is_one(api, do, link):
    path = f"/links/{link}/appointments"
    same(api.post(path, {"start": TEN}, once="a"), api.post(path, {"start": TEN}, once="a"))
    assert do(rows, Appointment) == 1


def test_a_link_asked_for_twice_is_one(api, do, docks, key):
    do(sample.order)
    path, scope = "/orders/CMD-1042/links", {"max_active": 1, "expires_at": "2026-12-24T12:00:00+01:00", "send": True}
    same(api.post(path, scope, key, once="a"), api.post(path, scope, key, once="a"))
    assert do(rows, Link) == 1


def test_an_answer_comes_again_even_when_the_place_is_gone(api, do, key):
    do(sample.docks, week={2: ((600, 660, 1),)})
    same(api.post("/appointments", wish(), once="a"), api.post("/appointments", wish(), once="a"))
    assert problem(api.post("/appointments", wish(), once="b")) == (409, "slot_taken")


def test_the_first_answer_knows_nothing_of_what_came_after(api, docks, key):
    first = api.post("/appointments", wish(), key, once="a")
    path = f"/appointments/{first.json['id']}"
    api.post(f"{path}/reschedule", {"start": ELEVEN}, key)
    api.post(f"{path}/cancel", key=key)
    again = api.post("/appointments", wish(), key, once="a").json
    assert [again[name] for name in ("id", "status", "start")] == [first.json["id"], "confirmed", TEN]


def test_a_late_repetition_of_a_move_does_not_move_back(api, docks, key):
    path = f"/appointments/{api.post('/appointments', wish(), key).json['id']}"
    api.post(f"{path}/reschedule", {"start": ELEVEN}, key, once="m")
    api.post(f"{path}/reschedule", {"start": "2026-12-09T08:00:00+01:00"}, key)
    again = api.post(f"{path}/reschedule", {"start": ELEVEN}, key, once="m")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json["start"] == "2026-12-09T08:00:00+01:00"


def test_the_same_key_with_another_request_is_refused(api, do, docks, key):
    do(sample.order)
    api.post("/appointments", wish(), key, once="a")
    for answer in (
        api.post("/appointments", wish(ELEVEN), key, once="a"),
        api.post("/appointments", wish(comment="autre"), key, once="a"),
        api.post("/orders/CMD-1042/links", {}, key, once="a"),
    ):
        assert wrong(answer) == {"Idempotency-Key": "idempotency"}
    assert do(rows, Appointment) == 1


def test_keys_of_others_are_no_business_of_ours(api, do, link, key, key_of):
    api.post("/appointments", wish(), key, once="a")
    api.post("/appointments", wish(), key_of("book", name="crm"), once="a")
    api.post("/appointments", wish(), once="a")
    api.post(f"/links/{link}/appointments", {"start": TEN}, once="a")
    elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}, "headers": {"Idempotency-Key": "a"}}
    api.call("POST", "/appointments", json=wish(), **elsewhere)
    assert do(rows, Appointment) == 5


def test_a_refusal_is_no_answer_to_keep(api, do, docks, key):
    night = wish("2026-12-08T22:00:00+01:00")
    assert problem(api.post("/appointments", night, key, once="a")) == (409, "slot_not_offered")
    assert api.post("/appointments", wish(), key, once="a").status_code == 201


@pytest.mark.parametrize("once", ["", "x" * 129, "é", "a\tb"])
def test_an_idempotency_key_is_printable_and_not_too_long(api, docks, key, once):
    assert wrong(api.post("/appointments", wish(), key, once=once)) == {"Idempotency-Key": "idempotency_key"}


def test_a_long_key_fits(api, docks, key):
    same(*(api.post("/appointments", wish(), key, once="x" * 128) for _ in range(2)))
