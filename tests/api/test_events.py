"""The event log: each thing once, none left out, however often and late somebody comes to read."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from portal.extensions import transaction
from portal.models import Event
from portal.operations import events
from tests import sample
from tests.api.conftest import problem, wish, wrong


@pytest.fixture
def history(api, docks, key):
    """Book, move, correct and cancel an appointment, and give its id."""
    made = api.post("/appointments", wish(), key).json["id"]
    api.post(f"/appointments/{made}/reschedule", {"start": "2026-12-08T11:00:00+01:00"}, key)
    api.patch(f"/appointments/{made}", {"comment": "Quai 3"}, key)
    api.post(f"/appointments/{made}/cancel", key=key)
    return made


def test_the_log_tells_what_happened_in_order(api, history, key):
    told = api.get("/events", key).json
    assert [event["kind"] for event in told["events"]] == ["scheduled", "rescheduled", "edited", "cancelled"]
    assert {event["appointment"] for event in told["events"]} == {history}
    assert {event["actor"] for event in told["events"]} == {"key:erp"}
    assert told["more"] is False
    assert told["next"] == told["events"][-1]["id"]


def test_an_event_tells_what_changed_in_the_zone_of_the_site(api, history, key):
    moved = api.get("/events", key).json["events"][1]
    assert moved["before"] == {"start": "2026-12-08T10:00:00+01:00", "end": "2026-12-08T11:00:00+01:00"}
    assert moved["after"] == {"start": "2026-12-08T11:00:00+01:00", "end": "2026-12-08T12:00:00+01:00"}
    assert moved["at"] == "2026-12-01T09:00:00+01:00"
    assert api.get("/events", key).json["events"][2]["after"] == {"comment": "Quai 3"}


def test_a_reader_goes_on_where_it_stopped(api, history, key):
    first = api.get("/events", key, limit=3).json
    assert (len(first["events"]), first["more"]) == (3, True)
    second = api.get("/events", key, limit=3, after=first["next"]).json
    assert ([event["kind"] for event in second["events"]], second["more"]) == (["cancelled"], False)
    nothing = api.get("/events", key, after=second["next"]).json
    assert nothing == {"events": [], "next": second["next"], "more": False}
    api.post("/appointments", wish(), key)
    assert [event["kind"] for event in api.get("/events", key, after=nothing["next"]).json["events"]] == ["scheduled"]


def test_an_empty_log_has_nowhere_to_go_on_from(api, docks, key):
    assert api.get("/events", key).json == {"events": [], "next": None, "more": False}


@pytest.mark.on_both
@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "١", "9" * 19])
def test_a_cursor_is_one_of_ours(api, docks, key, cursor):
    assert wrong(api.get("/events", key, after=cursor)) == {"after": "expected"}


def test_a_page_has_a_length(api, docks, key):
    assert wrong(api.get("/events", key, limit=201)) == {"limit": "out_of_range"}
    assert problem(api.get("/events")) == (401, "unauthorised")


def lose_second(number):
    with transaction() as session:
        session.execute(delete(Event).where(Event.id == number))


def test_a_fresh_gap_is_waited_for_and_an_old_one_passed(api, do, clock, history, key):
    # What is missing here looks like a transaction that drew its number and has not committed yet.
    ids = [int(event["id"]) for event in api.get("/events", key).json["events"]]
    do(lose_second, ids[1])
    seen = api.get("/events", key).json
    assert [int(event["id"]) for event in seen["events"]] == ids[:1]
    assert seen["more"] is False
    clock.ahead(seconds=events.SETTLING.total_seconds())
    assert [int(event["id"]) for event in api.get("/events", key, after=seen["next"]).json["events"]] == ids[2:]


def test_the_log_takes_three_statements(api, do, history, key, now, statements):
    for number in range(5):
        do(sample.booked, "2026-12-09 08:00", now=now, number=number)
    with statements(at_most=3):  # the key, the page, whose places were taken
        assert len(api.get("/events", key).json["events"]) == 9


def test_an_event_names_whom_and_what_it_took(api, do, key):
    do(sample.agency, people=("jean", "ryan"), requires=[{"kind": "staff"}, {"kind": "room"}])
    do(sample.resource, "salon", "room")
    wish = {
        "site": "bordeaux",
        "service": "evaluation",
        "start": "2026-12-08T10:00:00+01:00",
        "staff": "ryan",
        "customer": {"name": "Camille"},
    }
    made = api.post("/appointments", wish, key).json["id"]
    assert api.post(f"/appointments/{made}/reassign", {"staff": "jean"}, key).status_code == 200
    assert api.post(f"/appointments/{made}/cancel", {}, key).status_code == 200
    told = [(event["kind"], event["after"]) for event in api.get("/events", key).json["events"]]
    (_booked, first), (_given, second), *others = [one for one in told if one[0] != "freed"]
    assert (first["staff"], first["resources"]) == (["ryan"], ["salon"])
    assert second == {"resource": "jean", "staff": ["jean"], "resources": []}
    assert not any("staff" in after for _kind, after in others)
