"""What can be booked, and why the rest cannot."""

from __future__ import annotations

from datetime import date

import pytest

from tests import sample
from tests.api.conftest import problem, wish, wrong

TUESDAY = {"site": "bordeaux", "planning": "quais", "from_": "2026-12-08", "to": "2026-12-08"}


def starts(answer) -> list[str]:
    return [slot["start"][11:16] for slot in answer.json["slots"]]


def refused(answer) -> dict[str, str]:
    return {start["start"][11:16]: start["code"] for start in answer.json["refused"]}


def test_a_day_lists_its_slots_in_the_zone_of_the_site(api, docks):
    answer = api.get("/slots", **TUESDAY)
    assert answer.status_code == 200
    assert answer.json["timezone"] == "Europe/Paris"
    assert answer.json["slots"][0] == {
        "start": "2026-12-08T08:00:00+01:00",
        "end": "2026-12-08T09:00:00+01:00",
        "places": 6,
        "staff": [],
    }
    assert starts(answer)[-1] == "17:00"
    assert answer.json["next"] == "2026-12-09"
    assert "refused" not in answer.json


def test_places_shrink_with_bookings(api, booked):
    places = {slot["start"][11:16]: slot["places"] for slot in api.get("/slots", **TUESDAY).json["slots"]}
    assert (places["08:00"], places["08:30"], places["09:00"], places["09:30"]) == (5, 5, 5, 6)


def test_the_next_day_skips_the_weekend_and_full_days(api, do, now):
    do(sample.docks, week={1: ((480, 540, 1),), 5: ((480, 540, 1),)})
    friday = {**TUESDAY, "from_": "2026-12-04", "to": "2026-12-04"}
    assert api.get("/slots", **friday).json["next"] == "2026-12-07"
    do(sample.booked, "2026-12-07 08:00", now=now)
    assert api.get("/slots", **friday).json["next"] == "2026-12-11"


def test_nothing_ahead_is_no_next_day(api, docks):
    assert api.get("/slots", **{**TUESDAY, "from_": "2027-02-26", "to": "2027-03-30"}).json["next"] is None


def test_a_range_has_sixty_two_days_at_most(api, docks):
    assert api.get("/slots", **{**TUESDAY, "to": "2027-02-07"}).status_code == 200
    assert wrong(api.get("/slots", **{**TUESDAY, "to": "2027-02-08"})) == {"to": "too_many_days"}
    assert wrong(api.get("/slots", **{**TUESDAY, "to": "2026-12-07"})) == {"to": "before_from"}


@pytest.mark.parametrize("day", ["1970-01-01", "2999-12-31"])
def test_the_ends_of_the_calendar_are_answered_at_once(api, docks, statements, day):
    api.get("/slots", **TUESDAY)
    with statements(at_most=3):
        assert api.get("/slots", **{**TUESDAY, "from_": day, "to": day}).json["slots"] == []


def test_reasons_need_a_key(api, docks):
    answer = api.get("/slots", **TUESDAY, reasons=1)
    assert problem(answer) == (401, "unauthorised")


def test_reasons_are_told_to_a_key(api, do, now, key_of):
    do(sample.docks, policy={"min_notice": "3h"})
    answer = api.get("/slots", key_of("read"), **{**TUESDAY, "from_": "2026-12-01", "to": "2026-12-01"}, reasons=1)
    told = refused(answer)
    assert (told["08:30"], told["10:00"], told["11:30"], told["17:30"]) == ("past", "notice", "break", "break")
    assert all(start["text"] for start in answer.json["refused"])


def test_full_and_closed_starts_say_so(api, do, now, key_of):
    do(sample.site, closures=[(date(2026, 12, 9), date(2026, 12, 9))])
    do(sample.planning, week=dict.fromkeys(range(1, 8), ((480, 600, 1),)), step_minutes=60)
    do(sample.booked, "2026-12-08 08:00", now=now)
    told = api.get("/slots", key_of("orders"), **{**TUESDAY, "to": "2026-12-09"}, reasons=1).json["refused"]
    assert [(start["start"][:13], start["code"]) for start in told] == [
        ("2026-12-08T08", "full"),
        ("2026-12-09T08", "closed"),
        ("2026-12-09T09", "closed"),
    ]


def test_reasons_speak_the_language_of_the_caller(api, docks, key):
    words = [
        api.call("GET", "/slots", key, query_string={**DAY, "reasons": 1}, headers={"Accept-Language": language})
        for language in ("fr", "en")
    ]
    assert [answer.json["refused"][0]["text"][:4] for answer in words] == ["Hors", "Outs"]


DAY = {"site": "bordeaux", "planning": "quais", "from": "2026-12-08", "to": "2026-12-08"}


def test_a_planning_without_guests_is_there_for_a_key_only(api, do, key_of):
    do(sample.docks, guests=False)
    assert problem(api.get("/slots", **TUESDAY)) == (404, "not_found")
    assert problem(api.get("/slots", key_of("orders"), **TUESDAY)) == (404, "not_found")
    assert starts(api.get("/slots", key_of("read"), **TUESDAY))[0] == "08:00"
    assert starts(api.get("/slots", key_of("book"), **TUESDAY))[0] == "08:00"


def test_the_policy_of_staff_leaves_capacity_and_hours(api, do, key_of):
    do(sample.docks, policy={"min_notice": "30d"})
    assert starts(api.get("/slots", key_of("book"), **TUESDAY)) == []
    assert starts(api.get("/slots", key_of("book"), **TUESDAY, policy="staff"))[0] == "08:00"
    assert problem(api.get("/slots", key_of("read"), **TUESDAY, policy="staff")) == (403, "forbidden")
    assert problem(api.get("/slots", **TUESDAY, policy="staff")) == (401, "unauthorised")


def test_what_is_shown_to_staff_is_what_staff_can_book(api, docks, key):
    for slot in api.get("/slots", key, **TUESDAY, policy="staff").json["slots"]:
        assert api.post("/appointments", wish(slot["start"]), key).status_code == 201


@pytest.mark.on_both
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"site": "required", "planning": "planning_or_service", "from": "required", "to": "required"}),
        ({**DAY, "service": "evaluation"}, {"service": "not_both"}),
        ({**DAY, "planning": "Quais!"}, {"planning": "not_a_key"}),
        ({**DAY, "staff": "jean,Léa"}, {"staff": "not_a_key"}),
        ({**DAY, "staff": ",".join(["jean"] * 21)}, {"staff": "too_many"}),
        ({**DAY, "staff": "jean"}, {"staff": "unknown_resource"}),
        ({**DAY, "quantity": "2"}, {"quantity": "one_only"}),
        ({**DAY, "quantity": "0", "iterations": "61"}, {"quantity": "out_of_range", "iterations": "out_of_range"}),
        ({**DAY, "from": "08/12/2026"}, {"from": "not_a_day"}),
        ({**DAY, "to": "2026-02-30"}, {"to": "not_a_day"}),
        ({**DAY, "site": "Bordeaux!"}, {"site": "not_a_key"}),
        ({**DAY, "site": "a\x00b"}, {"site": "not_a_key"}),
        ({**DAY, "reasons": "yes"}, {"reasons": "expected"}),
        ({**DAY, "reasons": "2"}, {"reasons": "out_of_range"}),
        ({**DAY, "policy": "none"}, {"policy": "not_a_choice"}),
        ({**DAY, "colour": "red"}, {"colour": "unknown_key"}),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(api, docks, query, expected):
    assert wrong(api.call("GET", "/slots", query_string=query)) == expected


def test_a_value_given_twice_is_refused(api, docks):
    assert wrong(api.call("GET", "/slots?site=a&site=b")) == {"site": "twice"}


@pytest.mark.parametrize("unknown", [{"site": "lyon"}, {"planning": "rampe"}])
def test_an_unknown_site_or_planning_is_not_found(api, docks, unknown):
    assert problem(api.get("/slots", **{**TUESDAY, **unknown})) == (404, "not_found")


def test_a_day_of_slots_takes_two_statements_and_three_with_a_key(api, docks, booked, key, statements):
    api.get("/slots", **TUESDAY)
    with statements(at_most=2):
        api.get("/slots", **TUESDAY)
    with statements(at_most=3):
        api.get("/slots", key, **TUESDAY, reasons=1)


def test_a_search_over_full_weeks_still_takes_few_statements(api, do, now, statements):
    do(sample.docks, week={1: ((480, 540, 1),)})
    for monday in ("07", "14", "21", "28"):
        do(sample.booked, f"2026-12-{monday} 08:00", now=now)
    api.get("/slots", **TUESDAY)
    with statements(at_most=5):
        assert api.get("/slots", **{**TUESDAY, "from_": "2026-12-07", "to": "2026-12-07"}).json["next"] == "2027-01-04"
