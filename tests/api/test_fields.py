"""Custom fields for programs: described, asked for, answered, corrected, and named when they are wrong."""

from __future__ import annotations

import pytest

from tests import sample

START = "2026-12-08T08:30:00+01:00"
GIVEN = {"plate": "AB-123-CD", "pallets": 12, "lorry": "semi", "lift": True, "loaded": "2026-12-07"}


@pytest.fixture
def docks(do) -> None:
    do(sample.docks, fields=sample.QUESTIONS)


@pytest.fixture
def link(docks, do) -> str:
    do(sample.order)
    return do(sample.link)


def wish(**more) -> dict:
    customer = {"email": "camille@example.com", "name": "Camille Roy"}
    return {"site": "bordeaux", "planning": "quais", "start": START, "customer": customer, **more}


def wrong(answer) -> dict[str, str]:
    assert answer.status_code == 422, answer.json
    assert all(one["detail"] for one in answer.json["errors"])
    return {one["pointer"]: one["code"] for one in answer.json["errors"]}


def test_a_planning_shows_what_it_asks(api, docks):
    assert api.get("/plannings").json["plannings"][0]["fields"] == [dict(one) for one in sample.QUESTIONS]


def test_a_link_shows_what_its_plannings_ask(api, link):
    assert api.get(f"/links/{link}").json["plannings"][0]["fields"][0] == sample.PLATE


def test_a_booking_is_answered_with_its_answers(api, docks, key):
    made = api.post("/appointments", wish(fields={**GIVEN, "carrier": "", "notes": None}))
    assert (made.status_code, made.json["fields"]) == (201, GIVEN)
    assert api.get(f"/appointments/{made.json['id']}", key).json["fields"] == GIVEN
    assert api.get("/appointments", key).json["appointments"][0]["fields"] == GIVEN


def test_what_is_missing_or_wrong_is_named(api, docks):
    sent = {"pallets": "12", "lorry": "boat", "lift": "yes", "loaded": "tomorrow", "carrier": ["x"], "a/b": 1}
    assert wrong(api.post("/appointments", wish(fields=sent))) == {
        "#/fields/a~1b": "unknown_key",
        "#/fields/plate": "required",
        "#/fields/pallets": "not_a_number",
        "#/fields/carrier": "not_a_text",
        "#/fields/lorry": "not_a_choice",
        "#/fields/lift": "not_a_boolean",
        "#/fields/loaded": "not_a_day",
    }


@pytest.mark.parametrize("sent", [[], "x", 3, None])
def test_fields_are_an_object(api, docks, sent):
    assert wrong(api.post("/appointments", wish(fields=sent))) == {"#/fields": "expected"}


def test_without_a_key_what_is_required_is_asked_for(api, docks):
    assert wrong(api.post("/appointments", wish())) == {"#/fields/plate": "required"}


def test_a_key_books_as_staff_and_may_leave_it_out(api, docks, key):
    assert api.post("/appointments", wish(), key).json["fields"] == {}
    assert wrong(api.post("/appointments", wish(fields={"plate": "?"}), key)) == {"#/fields/plate": "pattern"}


def test_a_key_by_the_public_policy_may_not(api, docks, key):
    assert wrong(api.post("/appointments", wish(policy="public"), key)) == {"#/fields/plate": "required"}


def test_a_link_asks_too(api, link):
    url = f"/links/{link}/appointments"
    assert wrong(api.post(url, {"start": START})) == {"#/fields/plate": "required"}
    assert api.post(url, {"start": START, "fields": {"plate": "AB-123-CD"}}).json["fields"] == {"plate": "AB-123-CD"}


def test_a_correction_changes_what_it_names(api, docks, key):
    made = api.post("/appointments", wish(fields=GIVEN)).json["id"]
    answer = api.patch(f"/appointments/{made}", {"fields": {"pallets": 14, "lift": None}}, key)
    assert answer.json["fields"] == {**{name: GIVEN[name] for name in GIVEN if name != "lift"}, "pallets": 14}
    assert wrong(api.patch(f"/appointments/{made}", {"fields": {"pallets": 0}}, key)) == {
        "#/fields/pallets": "out_of_range"
    }
    assert api.patch(f"/appointments/{made}", {"comment": "Quai 3"}, key).json["fields"]["pallets"] == 14


def test_a_correction_tells_the_log_what_it_changed(api, docks, key):
    made = api.post("/appointments", wish(fields=GIVEN)).json["id"]
    api.patch(f"/appointments/{made}", {"fields": {"pallets": 14}}, key)
    edited = api.get("/events", key).json["events"][-1]
    assert (edited["before"], edited["after"]) == ({"fields": {"pallets": 12}}, {"fields": {"pallets": 14}})


def test_the_same_key_with_other_answers_is_refused(api, docks):
    assert api.post("/appointments", wish(fields=GIVEN), once="one").status_code == 201
    assert api.post("/appointments", wish(fields=GIVEN), once="one").headers["Idempotency-Replayed"] == "true"
    assert api.post("/appointments", wish(fields={**GIVEN, "pallets": 13}), once="one").status_code == 422


def test_the_specification_describes_them(api, client):
    spec = client.get("/api/openapi.json").json["components"]["schemas"]
    assert spec["Booking"]["properties"]["fields"]["additionalProperties"]["type"] == [
        "string",
        "integer",
        "boolean",
        "null",
    ]
    assert "pattern" in spec["Question"]["properties"]
