"""Book, look up, move, cancel, correct, by programs with and without a key."""

from __future__ import annotations

from itertools import pairwise

import pytest
from sqlalchemy import select

from portal.extensions import reading
from portal.models import Appointment, Event, OutboxMessage
from tests import sample
from tests.api.conftest import problem, wish, wrong

TEN = "2026-12-08T10:00:00+01:00"
ELEVEN = "2026-12-08T11:00:00+01:00"
NOBODY = "0" * 32


def column(*columns):
    with reading() as session:
        return session.execute(select(*columns).order_by(columns[0])).all()


@pytest.fixture
def made(api, docks, key):
    return api.post("/appointments", wish(), key).json


# Book


def test_anybody_books_where_guests_may(api, docks):
    answer = api.post("/appointments", wish(comment="Camion de 12 m"))
    assert answer.status_code == 201
    found = answer.json
    assert len(found["id"]) == 32
    assert found["manage_url"].startswith("http://localhost/a/")
    assert len(found["reference"]) == 9
    assert {name: found[name] for name in ("status", "start", "end", "timezone", "site", "planning", "order")} == {
        "status": "confirmed",
        "start": TEN,
        "end": ELEVEN,
        "timezone": "Europe/Paris",
        "site": "bordeaux",
        "planning": "quais",
        "order": None,
    }
    assert (found["staff"], found["resources"], found["comment"]) == ([], [], "Camion de 12 m")
    assert found["customer"] == {"email": "chauffeur@example.com", "name": "Jean Petit", "phone": "", "locale": "fr"}


def test_a_booking_takes_few_statements_and_is_answered_as_it_is_read(api, docks, key, statements):
    api.post("/appointments", wish())
    with statements(at_most=9):  # what is booked, the lock, it again, what lapsed, what is taken, and four that write
        made = api.post("/appointments", wish(comment="Camion de 12 m")).json
    assert made == api.get(f"/appointments/{made['id']}", key).json


def test_the_address_of_an_appointment_opens_its_page(api, client, docks):
    url = api.post("/appointments", wish()).json["manage_url"]
    assert client.get(url.removeprefix("http://localhost")).status_code == 200


def test_a_time_in_any_offset_is_the_same_time(api, docks):
    assert api.post("/appointments", wish("2026-12-08T09:00:00Z")).json["start"] == TEN
    assert api.post("/appointments", wish("2026-12-08T14:30:00+05:30")).json["start"] == TEN


def test_a_booking_queues_the_mails_of_a_booking(api, do, docks):
    api.post("/appointments", wish(customer={"email": "a@example.com", "name": "A", "locale": "en"}))
    mails = do(column, OutboxMessage.kind, OutboxMessage.recipient, OutboxMessage.locale)
    assert [tuple(mail) for mail in mails] == [
        ("confirmation", "a@example.com", "en"),
        ("site_notice", "quais@example.com", "fr"),
    ]


def test_the_history_names_who_booked(api, do, docks, key):
    api.post("/appointments", wish())
    api.post("/appointments", wish(), key)
    assert [tuple(row)[1:] for row in do(column, Event.id, Event.actor, Event.origin)] == [
        ("customer", "api"),
        ("key:erp", "api"),
    ]


def test_a_planning_without_guests_is_not_there_without_a_key(api, do, key_of):
    do(sample.docks, guests=False)
    assert problem(api.post("/appointments", wish())) == (404, "not_found")
    assert problem(api.post("/appointments", wish(policy="public"), key_of("book"))) == (404, "not_found")
    assert api.post("/appointments", wish(), key_of("book")).status_code == 201


@pytest.mark.parametrize(
    ("policy", "start", "refusal"),
    [
        ({}, "2026-12-01T08:30:00+01:00", (422, "outside_window")),
        ({"min_notice": "30d"}, TEN, (422, "outside_window")),
        ({"max_days": 2}, TEN, (422, "outside_window")),
    ],
)
def test_the_public_keeps_to_the_window_and_staff_does_not(api, do, key_of, policy, start, refusal):
    do(sample.docks, policy=policy)
    book = key_of("book")
    assert problem(api.post("/appointments", wish(start))) == refusal
    assert problem(api.post("/appointments", wish(start, policy="public"), book)) == refusal
    assert api.post("/appointments", wish(start), book).status_code == 201


@pytest.mark.parametrize(
    "start", ["2026-12-08T12:30:00+01:00", "2026-12-08T17:30:00+01:00", "2026-12-12T10:00:00+01:00"]
)
def test_nobody_books_outside_hours(api, docks, key, start):
    for answer in (api.post("/appointments", wish(start)), api.post("/appointments", wish(start), key)):
        assert problem(answer) == (409, "slot_not_offered")
        assert answer.json["reasons"][0] in ("closed", "break")


def test_a_full_slot_is_taken_for_all(api, do, key):
    do(sample.docks, week={2: ((600, 660, 1),)})
    assert api.post("/appointments", wish()).status_code == 201
    for answer in (api.post("/appointments", wish()), api.post("/appointments", wish(), key)):
        assert problem(answer) == (409, "slot_taken")
        assert answer.json["reasons"] == ["full"]


def test_overbooking_needs_a_reason_and_the_right(api, do, key, key_of):
    do(sample.docks, week={2: ((600, 660, 1),)})
    api.post("/appointments", wish())
    assert problem(api.post("/appointments", wish(overbook="VIP"), key_of("book"))) == (403, "forbidden")
    assert problem(api.post("/appointments", wish(overbook="VIP"))) == (401, "unauthorised")
    assert wrong(api.post("/appointments", wish(overbook=" "), key)) == {"overbook": "required"}
    assert api.post("/appointments", wish(overbook="Convoi exceptionnel"), key).status_code == 201
    assert do(column, Appointment.overbook_reason)[-1][0] == "Convoi exceptionnel"


def test_overbooking_by_the_public_rules_is_a_contradiction(api, docks, key):
    answer = api.post("/appointments", wish(overbook="VIP", policy="public"), key)
    assert wrong(answer) == {"overbook": "public_only"}


def test_a_key_books_for_an_order(api, do, docks, key):
    do(sample.order)
    made = api.post("/appointments", wish(order="CMD-1042"), key).json
    assert made["order"] == "CMD-1042"
    assert made == api.get(f"/appointments/{made['id']}", key).json
    assert wrong(api.post("/appointments", wish(order="CMD-0"), key)) == {"order": "unknown_order"}
    assert problem(api.post("/appointments", wish(order="CMD-1042"))) == (401, "unauthorised")


def test_only_staff_may_leave_out_the_address(api, docks, key):
    nameless = wish(customer={"name": "Jean Petit"})
    assert wrong(api.post("/appointments", nameless)) == {"customer.email": "required"}
    assert wrong(api.post("/appointments", wish(customer={"email": "a@example.com"}))) == {"customer.name": "required"}
    assert api.post("/appointments", nameless, key).json["customer"]["email"] is None


# Look up


def test_an_appointment_looks_the_same_in_every_answer(api, made, key):
    assert api.get(f"/appointments/{made['id']}", key).json == made
    assert api.get("/appointments", key).json == {"appointments": [made], "next": None}


@pytest.mark.on_both
@pytest.mark.parametrize("identity", [NOBODY, "x", "é", "%00", NOBODY[:-1], NOBODY + "0", NOBODY.replace("0", "A")])
def test_an_unknown_appointment_is_not_found(api, docks, key, identity):
    path = f"/appointments/{identity}"
    for answer in (
        api.get(path, key),
        api.patch(path, {}, key),
        api.post(f"{path}/cancel", key=key),
        api.post(f"{path}/reschedule", {"start": TEN}, key),
    ):
        assert problem(answer) == (404, "not_found")


@pytest.fixture
def four(api, do, docks, key, now):
    do(sample.order)
    first = api.post("/appointments", wish("2026-12-08T08:00:00+01:00"), key).json
    api.post("/appointments", wish("2026-12-08T23:00:00Z", overbook="nuit"), key)
    api.post("/appointments", wish("2026-12-10T08:00:00+01:00", order="CMD-1042"), key)
    api.post("/appointments", wish("2026-12-11T08:00:00+01:00", customer={"name": "B", "email": "b@example.com"}), key)
    api.post(f"/appointments/{first['id']}/cancel", key=key)


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ({}, ["08", "09", "10", "11"]),
        ({"from": "2026-12-09"}, ["09", "10", "11"]),
        ({"to": "2026-12-08"}, ["08"]),
        ({"from": "2026-12-09", "to": "2026-12-10", "site": "bordeaux"}, ["09", "10"]),
        ({"status": "cancelled"}, ["08"]),
        ({"status": "confirmed,cancelled", "to": "2026-12-09"}, ["08", "09"]),
        ({"order": "CMD-1042"}, ["10"]),
        ({"order": "CMD-0"}, []),
        ({"email": "B@example.com"}, ["11"]),
        ({"planning": "quais", "limit": "200"}, ["08", "09", "10", "11"]),
        ({"planning": "rampe"}, []),
    ],
)
def test_a_list_keeps_to_its_filters(api, four, key, query, days):
    found = api.call("GET", "/appointments", key, query_string=query).json["appointments"]
    assert [one["start"][8:10] for one in found] == days


def test_a_list_is_read_page_by_page(api, four, key):
    seen, after = [], None
    for _ in range(2):
        page = api.get("/appointments", key, limit=2, **({"after": after} if after else {})).json
        seen += [one["start"] for one in page["appointments"]]
        after = page["next"]
    assert after is None
    assert len(seen) == 4
    assert all(one < two for one, two in pairwise(seen))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "lost"}, {"status": "not_a_choice"}),
        ({"status": "confirmed,"}, {"status": "not_a_choice"}),
        ({"after": "é"}, {"after": "expected"}),
        ({"after": "AAAA"}, {"after": "expected"}),
        ({"limit": "0"}, {"limit": "out_of_range"}),
        ({"limit": "201"}, {"limit": "out_of_range"}),
        ({"limit": "-1"}, {"limit": "expected"}),
        ({"email": "nobody"}, {"email": "email"}),
        ({"from": "now"}, {"from": "not_a_day"}),
        ({"service": "X"}, {"service": "not_a_key"}),
        ({"staff": "jean,ryan"}, {"staff": "not_a_key"}),
    ],
)
def test_a_wrong_filter_is_told(api, docks, key, query, expected):
    assert wrong(api.call("GET", "/appointments", key, query_string=query)) == expected


def test_an_unknown_site_has_no_list(api, docks, key):
    assert problem(api.get("/appointments", key, site="lyon")) == (404, "not_found")


# Move, cancel, correct


def test_a_move_takes_the_new_place_and_frees_the_old(api, do, key):
    do(sample.docks, week={2: ((600, 720, 1),)})
    made = api.post("/appointments", wish(), key).json
    moved = api.post(f"/appointments/{made['id']}/reschedule", {"start": ELEVEN}, key)
    assert moved.status_code == 200
    assert (moved.json["id"], moved.json["start"]) == (made["id"], ELEVEN)
    assert api.post("/appointments", wish(TEN), key).status_code == 201
    assert problem(api.post(f"/appointments/{made['id']}/reschedule", {"start": TEN}, key)) == (409, "slot_taken")


def test_a_move_by_the_public_rules_keeps_the_deadline(api, do, key):
    do(sample.docks, policy={"change_notice": "30d"})
    path = f"/appointments/{api.post('/appointments', wish(), key).json['id']}"
    late = {"start": ELEVEN, "policy": "public"}
    assert problem(api.post(f"{path}/reschedule", late, key)) == (422, "change_too_late")
    assert problem(api.post(f"{path}/cancel", {"policy": "public"}, key)) == (422, "change_too_late")
    assert api.post(f"{path}/reschedule", {"start": ELEVEN}, key).status_code == 200
    assert api.post(f"{path}/cancel", {}, key).status_code == 200


def test_a_move_may_overbook_with_the_right(api, do, docks, made, key, key_of):
    night = {"start": "2026-12-08T22:00:00+01:00", "overbook": "Convoi"}
    path = f"/appointments/{made['id']}/reschedule"
    assert problem(api.post(path, night, key_of("book"))) == (403, "forbidden")
    assert api.post(path, night, key).json["start"] == night["start"]


def test_a_cancellation_frees_its_place_at_once(api, do, key):
    do(sample.docks, week={2: ((600, 660, 1),)})
    made = api.post("/appointments", wish(), key).json
    cancelled = api.post(f"/appointments/{made['id']}/cancel", key=key)
    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    assert api.post("/appointments", wish()).status_code == 201


def test_what_is_cancelled_does_not_change_any_more(api, made, key):
    path = f"/appointments/{made['id']}"
    api.post(f"{path}/cancel", key=key)
    for answer in (
        api.post(f"{path}/cancel", key=key),
        api.post(f"{path}/reschedule", {"start": ELEVEN}, key),
        api.patch(path, {"comment": "trop tard"}, key),
    ):
        assert problem(answer) == (409, "state_changed")


def test_details_are_corrected_one_by_one(api, made, key):
    path = f"/appointments/{made['id']}"
    corrected = api.patch(path, {"customer": {"phone": "05 56 00 10 42"}, "comment": "Quai 3\nsonner"}, key)
    assert corrected.status_code == 200
    assert corrected.json == {
        **made,
        "customer": {**made["customer"], "phone": "05 56 00 10 42"},
        "comment": "Quai 3\nsonner",
    }
    assert api.patch(path, {"customer": {"name": "Paul"}}, key).json["comment"] == "Quai 3\nsonner"
    assert api.patch(path, {"comment": ""}, key).json["comment"] == ""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"start": ELEVEN}, {"start": "unknown_key"}),
        ({"customer": {"email": "b@example.com"}}, {"customer.email": "unknown_key"}),
        ({"customer": {"name": ""}}, {"customer.name": "required"}),
        ({"comment": None}, {"comment": "expected"}),
        ({"tags": []}, {"tags": "not_supported_yet"}),
    ],
)
def test_a_correction_changes_details_only(api, made, key, body, expected):
    assert wrong(api.patch(f"/appointments/{made['id']}", body, key)) == expected


# Cost


def test_a_booking_takes_few_statements(api, link, key, statements):
    api.post("/appointments", wish())
    with statements(at_most=10):
        assert api.post("/appointments", wish()).status_code == 201
    with statements(at_most=13):
        assert api.post("/appointments", wish(), key, once="a").status_code == 201
    with statements(at_most=16):
        assert api.post(f"/links/{link}/appointments", {"start": TEN}, once="a").status_code == 201


def test_a_list_takes_few_statements_however_long_it_is(api, four, key, statements):
    api.get("/appointments", key)
    with statements(at_most=3):
        api.get("/appointments", key, from_="2026-12-01")
